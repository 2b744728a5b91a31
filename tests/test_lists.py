"""The weights that ship on all test lists: whose errors are counted, and which heads are turned."""

import numpy as np
import pytest

from bench import lists
from bench.contenders import Contender
from bench.pages import all_lists
from bench.tables import lists_table
from helpers.annotations import read_faces
from helpers.pose import yaw
from helpers.sources import label_file


def test_turned_heads_are_counted_apart_on_each_list(make_folder, monkeypatch):
    folder = make_folder("one", train=8, test=40)
    faces = read_faces(label_file(folder, "test"))
    truth = np.stack([face.landmarks for face in faces])
    monkeypatch.setattr(lists, "TURNED", float(np.median(abs(yaw(truth)))))
    turned = abs(yaw(truth)) >= lists.TURNED
    order = iter(range(len(faces)))

    def predict(_image, _box):  # off by a fifth of the eyes' distance where the head is turned
        k = next(order)
        eyes = np.linalg.norm(truth[k, 45] - truth[k, 36])
        return truth[k] + np.float32([0.2 * eyes * turned[k], 0])

    values = lists.measure([str(folder)], [Contender("made", predict)])
    board = values["rows"]["one"]
    assert board["faces"] == 40
    row = board["contenders"]["made"]
    assert row["nme"][0] == pytest.approx(20 * turned.mean(), abs=0.01)
    assert row["failure_8"][0] == pytest.approx(100 * turned.mean(), abs=0.01)
    assert row["turned"] == [int(turned.sum()), 100, 100, 100]
    table = lists_table(values)
    assert f"| one (40) | made | **{row['nme'][0]:.2f}** " in table
    assert table.splitlines()[2].endswith(f"| 100 % of {turned.sum()} |")
    machine = {"machine": "a machine", "gpu": None, "torch": "2", "date": "2026-11-30"}
    assert table in all_lists(values | machine)
