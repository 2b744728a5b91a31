"""What the rebuilt environments of Colab and others rest on."""

import json
import sys

import pytest

import elsewhere
import requirements


def test_colabs_list_has_a_version_that_is_admitted_for_all_that_the_course_imports():
    ours = dict(line.split("==") for line in elsewhere.pinned(elsewhere.COLAB_LIST.read_text()))
    course = requirements.read_groups()["what the course imports"]
    lacking = {"onnx", "onnxscript", "onnxruntime"}  # Colab has none of them, and needs none
    for package in course:
        name, floor = package.split(">=")
        if name not in lacking:
            numbers = [[int(n) for n in v.split(".")] for v in (ours[name], floor)]
            assert numbers[0] >= numbers[1], name


def test_a_newer_list_is_told_apart_by_what_differs(tmp_path, capsys):
    newer = tmp_path / "pip-freeze.gpu.txt"
    text = elsewhere.COLAB_LIST.read_text("utf-8").replace("numpy==2.1.3", "numpy==2.9.0")
    newer.write_text(text.replace("torch==2.11.0\n", "torch==2.11.0+cu128\n"), "utf-8")
    elsewhere.compare(newer)
    assert capsys.readouterr().out == "numpy: 2.1.3 here, 2.9.0 there\n"


def test_a_notebook_that_is_not_there_is_refused_before_anything_is_made(monkeypatch, capsys):
    monkeypatch.setattr(elsewhere, "colab", None)  # would fail
    monkeypatch.setattr(sys, "argv", ["elsewhere.py", "colab", "05_predict", "05_predikt"])
    with pytest.raises(SystemExit) as stop:
        elsewhere.main()
    assert stop.value.code == 2 and "no notebook 05_predikt" in capsys.readouterr().err


PROGRESS = "50%|#####     | 1/2 [00:00<00:00]\r100%|##########| 2/2"
WARNING = "a.py:3: FutureWarning: soon"


@pytest.mark.parametrize("text, told", [(PROGRESS, []), (f"{PROGRESS}\n{WARNING}\n", [WARNING])])
def test_a_warning_between_progress_bars_is_seen(tmp_path, text, told):
    cell = {"outputs": [{"name": "stderr", "output_type": "stream", "text": [text]}]}
    notebook = tmp_path / "run.ipynb"
    notebook.write_text(json.dumps({"cells": [cell]}))
    assert list(elsewhere.warnings_in(notebook)) == told
