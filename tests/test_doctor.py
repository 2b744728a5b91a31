"""The doctor: one line for each thing, advice where it is missing, and no traceback ever."""

import re
import subprocess
import sys
from collections import namedtuple
from types import SimpleNamespace

import pytest
import torch

import helpers.checkpoint
import helpers.model
import helpers.sources
from helpers import doctor
from helpers.doctor import Finding, as_text, guarded, main, needed_versions
from stamp import ROOT, read_notebook

# Runs the doctor where none of the packages named on the command line can be found.
REFUSING = """
import runpy, sys
from importlib.machinery import PathFinder

class Refusing(PathFinder):
    @classmethod
    def find_spec(cls, name, *where):
        return None if name.split(".")[0] in refused else super().find_spec(name, *where)

refused, sys.argv[1:] = set(sys.argv[1:]), []
sys.meta_path = [Refusing if finder is PathFinder else finder for finder in sys.meta_path]
runpy.run_module("helpers.doctor", run_name="__main__")
"""


def without(*modules):
    """The doctor's exit code and its lines, in a process where these cannot be imported."""
    command = [sys.executable, "-c", REFUSING, *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def names_and_modules():
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in needed_versions()[1]]
    return {name: doctor.MODULES.get(name, name) for name in names}


@pytest.fixture
def small(monkeypatch):
    """Training steps of two faces, which take no time."""
    monkeypatch.setattr(doctor, "BATCH", 2)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, but for what a test adds to `clock.now`."""
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(doctor, "perf_counter", lambda: clock.now)
    return clock


@pytest.fixture(scope="module")
def nothing():
    return without(*names_and_modules().values())


def test_where_every_package_is_missing_each_is_named_with_its_advice(nothing):
    code, lines = nothing
    assert code == 1
    for name in names_and_modules():
        mark = "may " if name in doctor.GAINS else "must"
        at = next(i for i, line in enumerate(lines) if line.split()[1:2] == [name])
        assert lines[at].startswith(mark) and lines[at].endswith("not installed")
        assert f'-> pip install "{name}' in lines[at + 1]
    assert lines[-1].strip(".").endswith("ipywidgets, anywidget")


def test_where_every_package_is_missing_the_rest_is_looked_at_all_the_same(nothing):
    _, lines = nothing
    known = {line.split()[1] for line in lines if line.startswith("ok ")}
    assert {"Python", "CPU", "memory", "weights"} <= known
    assert "may   training      not known without torch" in lines


def test_where_two_packages_are_missing_only_what_needs_them_is_named():
    code, lines = without("torch", "tqdm")
    assert code == 1
    assert lines[-1] == "To mend first: torch, torchvision, tqdm."
    assert "must  torchvision   does not load without torch" in lines
    assert "may   disk          not known without tqdm" in lines


def test_an_optional_package_says_what_is_gained_and_fails_nothing(small, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # `import` fails as if it were not there
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "may   onnxruntime   not installed\n" in said and "half the time a face" in said


def test_here_and_now_nothing_is_missing(small, capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "All that the course needs is here."
    assert not [line for line in lines if len(line) > 90 or line.startswith("must")]
    assert not [line for line in lines if "not known" in line]


def test_in_a_notebook_it_prints_the_same_and_returns_nothing(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "all_checks", lambda: [("memory", lambda: Finding("memory", "x"))])
    assert doctor.doctor() is None
    assert capsys.readouterr().out.splitlines() == [
        "ok    memory        x",
        "All that the course needs is here.",
    ]


def test_every_line_has_at_most_90_characters_whatever_is_found(nothing):
    word = "x" * 200
    texts = [as_text(Finding("demo people", word, f"pip install {word} " * 3, must=True))]
    texts += [doctor.verdict([Finding(word, "", must=True)] * 2), *nothing[1]]
    assert max(len(line) for text in texts for line in text.splitlines()) == 90


# -- versions


@pytest.mark.parametrize(
    ("version", "needed", "good"),
    [
        ("2.14.1+cu130", ">=2.4", True),
        ("2.3.9", ">=2.4", False),
        ("2.4", ">=2.4", True),
        ("2.15.0a0+git1", ">=2.4", True),
        ("3.11.3", ">=3.11.4", False),
        ("3.13.0rc1", ">=3.11.4", True),
        ("4.13.0.92", "<5,>=4.8", True),
        ("5.0.0.93", ">=4.8,<5", False),
    ],
)
def test_a_version_is_compared_as_numbers(version, needed, good):
    assert doctor.fits(version, needed) is good


def test_a_package_that_is_too_old_is_named_with_the_floor(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(__version__="1.9.5"))
    advice = '1.26 or newer is needed: pip install "numpy>=1.26"'
    assert doctor.package("numpy>=1.26") == Finding("numpy", "1.9.5", advice, must=True)


def test_a_package_that_is_too_new_is_named_with_both_ends(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(__version__="5.0.0"))
    assert "4.8 or newer, below 5 is needed" in doctor.package("opencv-python>=4.8,<5").advice


def test_a_python_that_is_too_old_is_named_with_the_floor(monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.11.2")
    found = doctor.python(">=3.11.4")
    assert found.must and found.advice.startswith("3.11.4 or newer")


def test_a_python_without_tomllib_is_told_that_it_is_too_old(monkeypatch):
    monkeypatch.setitem(sys.modules, "tomllib", None)
    assert needed_versions() == (">=3.11", [])


def test_without_a_checkout_the_installed_package_says_what_is_needed(monkeypatch, tmp_path):
    lines = ["Requires-Dist: torch>=2.4", 'Requires-Dist: pytest>=8; extra == "dev"']
    installed = tmp_path / "face_landmarks_course-9.dist-info"
    installed.mkdir()
    head = ["Metadata-Version: 2.1", "Name: face-landmarks-course", "Requires-Python: >=3.12"]
    (installed / "METADATA").write_text("\n".join(head + lines) + "\n")
    monkeypatch.setattr(doctor, "PROJECT", tmp_path / "pyproject.toml")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert needed_versions() == (">=3.12", ["torch>=2.4"])
    (installed / "METADATA").unlink()
    installed.rmdir()
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SystemExit, match="is not installed"):
        main([])


@pytest.mark.parametrize(
    ("error", "value", "advice"),
    [
        (ImportError("libGL.so.1: cannot open"), "does not load: libGL.so.1", "apt install libgl1"),
        (RuntimeError("bad build"), "does not load: bad build", "pip install"),
        (ModuleNotFoundError("no", name="numpy"), "does not load without numpy", "pip install"),
    ],
)
def test_a_package_that_is_there_and_does_not_load(monkeypatch, error, value, advice):
    def fail(name):
        raise error

    monkeypatch.setattr(doctor.importlib, "import_module", fail)
    found = doctor.package("opencv-python>=4.8")
    assert found.must and found.value.startswith(value) and advice in found.advice


# -- the machine


def test_a_check_that_fails_becomes_a_line():
    found = guarded("GPU", lambda: [].pop())
    assert found.value == "not known: IndexError: pop from empty list"
    assert found.advice and not found.must


def test_a_gpu_is_named_with_its_memory(monkeypatch):
    card = SimpleNamespace(name="Tesla T4", total_memory=15_800_000_000)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda which: card)
    assert doctor.gpu().value == "Tesla T4, 15.8 GB, by CUDA"


def test_a_driver_without_pytorch_s_cuda_build_gets_advice(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert doctor.gpu() == Finding("GPU", "none, and none needed")
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "CUDA build" in doctor.gpu().advice


@pytest.mark.parametrize(("has", "said"), [(True, "half the time"), (False, "do not multiply")])
def test_it_says_whether_the_processor_multiplies_bfloat16(monkeypatch, has, said):
    monkeypatch.setattr(helpers.model, "CPU_HAS_BF16", has)
    assert said in doctor.cpu().value


def test_memory_is_read_from_linux_and_little_of_it_gets_advice(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "MEMINFO", tmp_path / "meminfo")
    text = "MemTotal:       16000000 kB\nMemFree:  5 kB\nMemAvailable:    {free} kB\n"
    doctor.MEMINFO.write_text(text.format(free=8_000_000))
    assert doctor.memory() == Finding("memory", "16.4 GB, free: 8.2 GB")
    doctor.MEMINFO.write_text(text.format(free=500_000))
    found = doctor.memory()
    assert found.value == "16.4 GB, free: 512 MB" and "2.0 GB" in found.advice and not found.must


def test_what_a_system_does_not_tell_of_its_memory_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "MEMINFO", tmp_path / "none")
    monkeypatch.setattr(doctor.os, "sysconf", lambda name: 2_000_000, raising=False)
    assert doctor.memory() == Finding("memory", "4000.0 GB, free: unknown")
    monkeypatch.delattr(doctor.os, "sysconf")  # as on Windows
    assert doctor.memory() == Finding("memory", "unknown")


def test_a_full_disk_is_something_to_mend(data, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(9e9, 8.9e9, 1e8))
    found = doctor.disk()
    assert found.must and found.value.startswith("100 MB free") and "make room" in found.advice
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(9e9, 1e9, 8e9))
    assert not doctor.disk().must and not doctor.disk().advice


def test_a_folder_of_the_checkout_is_named_without_the_machine_s_path(monkeypatch):
    monkeypatch.delenv("FACES_DATA", raising=False)
    assert doctor.disk().value.endswith("free in data")


# -- what lies here


def test_demo_people_are_found_where_get_dataset_makes_them(data, monkeypatch):
    assert doctor.demo_people().advice.startswith("get_dataset() makes them")

    def make_people(folder, **sizes):
        (folder / "labels_people_train.xml").write_bytes(bytes(3_000_000))
        (folder / "labels_people_test.xml").write_bytes(b"")

    monkeypatch.setattr(helpers.sources, "make_people", make_people)
    helpers.sources.get_dataset("demo")
    assert doctor.demo_people() == Finding("demo people", "made, 3 MB")


def test_archives_that_are_unpacked_are_named_with_their_sizes(data):
    assert doctor.archives().value == "none, and none needed"
    for place in ("ibug-1/inner", "flat-2", "demo-3", "crops"):
        (data / place).mkdir(parents=True)
    for place in ("ibug-1/inner", "flat-2", "demo-3"):
        (data / place / "labels_ibug_300W_train.xml").write_bytes(bytes(2_000_000))
    (data / "ibug-1" / "SOURCE.json").write_bytes(bytes(1_000_000))
    assert doctor.archives().value == "flat-2, 2 MB; ibug-1, 3 MB"


def test_weights_that_are_missing_or_empty_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "ASSETS", tmp_path)
    assert doctor.weights().value == "missing: README.md"
    (tmp_path / "README.md").write_text("# Here\n## a.pt\n## b.pt\n## c.onnx\n## How good\n")
    (tmp_path / "a.pt").write_bytes(b"1")
    (tmp_path / "b.pt").write_bytes(b"")
    found = doctor.weights()
    assert found.must and found.value == "missing: b.pt, c.onnx" and "git checkout" in found.advice


def test_the_weights_that_are_looked_for_are_all_that_can_be_loaded_by_name():
    found = doctor.weights()
    assert not found.advice
    shipped = {path.name for path in helpers.checkpoint.SHIPPED.values()}
    assert shipped | {"people.npz"} <= set(found.value.split(", "))


# -- the training


@pytest.mark.parametrize(
    ("each", "measured"),
    [
        (0.9, "about 2 minutes for the 110 steps of notebook 04 (measured: 4 steps of 32"),
        (0.01, "less than a minute for the 110 steps of notebook 04 (measured: 12 steps of 32"),
        (26.0, "about 48 minutes for the 110 steps of notebook 04 (measured: 2 steps of 32"),
    ],
)
def test_the_training_s_time_follows_from_the_steps_measured(clock, monkeypatch, each, measured):
    taken = iter([1000.0])  # the first step, which is not counted

    def step():
        clock.now += next(taken, each)

    monkeypatch.setattr(helpers.model, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(doctor, "training_step", lambda device, size: step)
    assert doctor.training().value.startswith(measured)


def test_a_gpu_trains_longer_on_larger_pictures(clock, monkeypatch):
    def training_step(device, size):
        assert (device, size) == ("cuda", 224)
        return lambda: setattr(clock, "now", clock.now + 0.125)

    monkeypatch.setattr(helpers.model, "pick_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(doctor, "training_step", training_step)
    assert doctor.training().value == (
        "about 2 minutes for the 880 steps of notebook 04"
        " (measured: 12 steps of 32 faces at 224 pixels in 1.5 s)"
    )


def test_a_step_changes_the_network_as_a_training_does(small):
    torch.manual_seed(0)
    step = doctor.training_step("cpu", 32)
    losses = [step() for _ in range(4)]
    assert len(set(losses)) == 4


def test_the_training_is_notebook_04_s():
    cells = read_notebook(ROOT / "notebooks" / "04_train.ipynb").cells
    sources = "\n".join(cell.source for cell in cells)
    sizes, epochs = doctor.SIZES, doctor.EPOCHS
    assert f'{sizes["cpu"]} if device.type == "cpu" else {sizes["gpu"]}' in sources
    assert f'epochs = {epochs["gpu"]} if device.type != "cpu" else {epochs["cpu"]}' in sources
    assert f'"batch_size": {doctor.BATCH},' in sources
    printed = [o.get("text", "") for cell in cells for o in cell.get("outputs", [])]
    assert f"{epochs['cpu']} epochs of {doctor.BATCHES} batches\n" in printed
