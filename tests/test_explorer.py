"""What the explorer takes into a page, and what the kernel answers it."""

import base64
import io
import json
import re
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic import make_faces
from torch import nn

from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset
from helpers.draw import COLOURS, PREDICTION, TRUTH
from helpers.landmarks import MIRROR
from helpers.model import Network, to_target
from helpers.widgets.explorer import PLAIN, SLIDERS, Link, answer, augmented, explorer, needs_view
from helpers.widgets.frontend import script, style
from stamp import ROOT, read_notebook

SIZE = 64


class Knowing(Network):
    """Answers the same landmarks, whatever it is shown, and keeps what it was shown."""

    def __init__(self, landmarks, size):
        super().__init__(None, size)
        self.landmarks, self.seen = landmarks, []
        self.weights = nn.Linear(1, 1)

    def forward(self, images):
        self.seen.append(images)
        return to_target(self.landmarks[None], self.size)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACES_DATA", str(folder / "data"))
        return FaceLandmarksDataset(make_faces(folder, 3), size=SIZE)


def data_of(html):
    """What a page of HTML holds for its script."""
    return json.loads(re.search(r'^wake\("\w+", (.*)\);$', html, re.MULTILINE)[1])


def test_a_page_holds_the_faces_without_loss(dataset):
    data = data_of(explorer(dataset, faces=[2, 0]).html())
    assert [face["index"] for face in data["faces"]] == [2, 0]
    for face in data["faces"]:
        image, landmarks = dataset[face["index"]]
        stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(face["png"]))))
        np.testing.assert_array_equal(stored, image[0].numpy())
        assert np.abs(np.array(face["landmarks"]) - landmarks.numpy()).max() < 0.001


def test_a_page_needs_nothing_from_elsewhere(dataset):
    html = explorer(dataset).html()
    addresses = set(re.findall(r"\w+://[\w./]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, which nothing is loaded from
    assert not re.search(r"^\s*import\b", html, re.MULTILINE)


def test_where_no_script_runs_there_is_a_picture_with_a_description(dataset):
    html = explorer(dataset).html()
    visible = re.sub(r"<(style|script).*?</\1>", "", html, flags=re.DOTALL)
    still = re.search(r'<img src="data:image/jpeg;base64,([^"]+)"[^>]* alt="A face', visible)[1]
    size = Image.open(io.BytesIO(base64.b64decode(still))).size
    assert size == (960, 480)
    assert "make run" in visible


def test_beside_a_networks_points_no_part_has_a_colour_of_its_own(dataset):
    def shares(picture):
        near = [np.abs(picture.astype(int) - colour).max(2) < 8 for colour in colours]
        return [round(10_000 * where.mean()) for where in near]

    colours = [TRUTH, PREDICTION, COLOURS["right brow"], COLOURS["left brow"]]
    alone = shares(explorer(dataset).still())
    both = shares(explorer(dataset, Knowing(dataset.mean_face() + 9, SIZE)).still())
    assert min(alone[2:]) > 0 and alone[0] == 0
    assert min(both[:2]) > 0 and max(both[2:]) == 0


def test_the_shaded_ranges_are_those_that_training_draws_from(dataset):
    data = data_of(explorer(dataset).html())
    augment = Augment(SIZE)
    for name, largest in augment.ranges.items():
        assert data["ranges"][name] == [0 if name == "erasing" else -largest, largest]
    assert data["chance"] == augment.flip
    assert data["partners"] == MIRROR


def test_there_is_a_slider_for_every_setting_and_it_reaches_beyond_training(dataset):
    data = data_of(explorer(dataset).html())
    assert Augment(SIZE).ranges.keys() < SLIDERS.keys() == data["ranges"].keys()
    for name, (least, largest, *_) in SLIDERS.items():
        low, high = data["ranges"][name]
        assert least <= low < high <= largest
        assert least <= PLAIN[name] <= largest


def test_an_output_is_the_same_at_each_run(dataset):
    assert explorer(dataset).html() == explorer(dataset).html()
    assert explorer(dataset, faces=[0])._key() != explorer(dataset, faces=[1])._key()


def test_faces_that_a_small_data_set_lacks_are_left_out(dataset):
    assert explorer(dataset).indices == [0, 2]
    for none in ([], [7]):
        with pytest.raises(ValueError, match="needs a face at least"):
            explorer(dataset, faces=none)


def test_the_settings_go_to_augment_by_their_names(dataset):
    image, landmarks = dataset[1]
    settings = {"angle": 20, "scale": -0.1, "flip": True, "erasing": 0.3}
    expected = Augment(SIZE).apply(
        image[None], landmarks[None], erase_at=(0.25, 0.75), brightness=0.2, **settings
    )
    given = settings | {"erase_x": 0.25, "erase_y": 0.75, "brightness": 0.2}
    for found, wanted in zip(augmented(dataset, 1, given), expected, strict=True):
        assert torch.equal(found, wanted)
    with pytest.raises(ValueError, match="no setting 'blur'"):
        augmented(dataset, 1, {"blur": 1})


def test_a_wrong_flip_moves_the_points_and_leaves_them_their_names(dataset):
    image, right = augmented(dataset, 0, {"flip": True})
    same, wrong = augmented(dataset, 0, {"flip": True, "wrong": True})
    assert torch.equal(image, same)
    assert torch.equal(wrong[:, MIRROR], right)


@pytest.mark.parametrize("size", [SIZE, 32])
def test_the_answer_is_the_networks_in_pixels_of_the_canvas(dataset, size):
    _, truth = augmented(dataset, 1, {"angle": 10})
    network = Knowing((truth[0] + 0.5) * size / SIZE - 0.5, size)
    found = answer(dataset, network, 1, {"angle": 10})
    assert np.abs(np.array(found["landmarks"]) - truth[0].numpy()).max() < 0.01
    assert found["nme"] < 0.05
    assert network.seen[0].shape == (1, 1, size, size)
    assert answer(dataset, network, 1, {"angle": 40})["nme"] > 5
    assert json.loads(json.dumps(found)) == found


def test_a_wrong_flip_counts_as_an_error_of_the_network(dataset):
    _, truth = augmented(dataset, 0, {"flip": True})
    network = Knowing(truth[0], SIZE)
    assert answer(dataset, network, 0, {"flip": True})["nme"] < 0.05
    assert answer(dataset, network, 0, {"flip": True, "wrong": True})["nme"] > 20


@pytest.fixture
def asked(dataset, monkeypatch):
    """Asks the kernel's half, and returns what it sends."""
    sent = []
    monkeypatch.setattr(Link, "send", lambda self, content: sent.append(content))
    link = Link(explorer(dataset, Knowing(dataset.mean_face(), SIZE)), key="x")

    def asking(question):
        link._on_question(link, {"question": question, "number": 3, "view": "v"}, [])
        return sent[-1]

    return asking


def test_an_answer_names_its_question(asked):
    found = asked({"face": 0, "settings": {"angle": 5}})
    assert (found["number"], found["view"]) == (3, "v")
    assert len(found["landmarks"]) == 68


def test_what_goes_wrong_in_the_kernel_is_told(asked):
    found = asked({"face": 0, "settings": {"blur": 5}})
    assert found["error"] == "ValueError: Augment has no setting 'blur'."
    assert found["number"] == 3


def test_the_page_is_displayed_and_with_a_network_its_link(dataset, monkeypatch):
    shown = []
    monkeypatch.setattr("helpers.widgets.explorer.display", lambda what, **_: shown.append(what))
    explorer(dataset)._ipython_display_()
    assert [set(bundle) for bundle in shown] == [{"text/html", "image/jpeg", "text/plain"}]
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    explorer(dataset, Knowing(dataset.mean_face(), SIZE))._ipython_display_()
    assert isinstance(shown[-1], Link)


def test_on_colab_the_page_has_no_picture_beside_it_to_choose(dataset, monkeypatch):
    shown = []
    monkeypatch.setattr("helpers.widgets.explorer.display", lambda what, **_: shown.append(what))
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    explorer(dataset, Knowing(dataset.mean_face(), SIZE))._ipython_display_()
    assert set(shown[0]) == {"text/html", "text/plain"} and isinstance(shown[1], Link)


def test_the_link_is_shown_only_where_the_page_would_not_load_it_otherwise(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "03b.ipynb")
    monkeypatch.delenv("VSCODE_PID", raising=False)
    assert not needs_view()
    monkeypatch.setenv("VSCODE_PID", "1")
    assert needs_view()


def test_the_explorer_that_notebook_03b_stores_is_the_one_that_is_committed():
    cells = read_notebook(ROOT / "notebooks" / "03b_augment.ipynb").cells
    pages = [
        o.data.get("text/html", "") for c in cells for o in c.get("outputs", []) if "data" in o
    ]
    (page,) = [page for page in pages if "face-explorer" in page]
    for part in (script("explorer"), style("explorer")):
        assert part in page, "run the notebook again: python tools/run_notebooks.py --store"
    stored = data_of(page)
    assert stored["sliders"] == json.loads(json.dumps(SLIDERS)) and stored["plain"] == PLAIN
    most = Augment(stored["size"]).ranges
    assert {name: stored["ranges"][name][1] for name in most} == most
