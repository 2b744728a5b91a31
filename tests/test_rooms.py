"""The house: imports go down only, and who needs little imports little."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "onnxruntime", "ipywidgets"}


def modules_after(command):
    """The names of the modules that are loaded after a piece of code, in a process of its own."""
    code = f"{command}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


LIGHT = [
    "import helpers.people.__main__",
    "import helpers.annotations, helpers.metrics, helpers.boxes, helpers.sources",
    "import helpers.filters",
    "import bench.tables, bench.results",
]


@pytest.mark.parametrize("command", LIGHT)
def test_who_needs_no_network_does_not_wait_for_pytorch(command):
    assert not modules_after(command) & HEAVY


def test_the_generator_knows_nothing_of_sources_networks_and_training():
    loaded = {name for name in modules_after("import helpers.people") if name.startswith("helpers")}
    rooms = {".".join(name.split(".")[:2]) for name in loaded}
    assert rooms == {
        "helpers",
        "helpers.annotations",
        "helpers.boxes",
        "helpers.crop",
        "helpers.formats",
        "helpers.landmarks",
        "helpers.people",
        "helpers.pictures",
        "helpers.storage",
        "helpers.triangles",
    }
