"""Executes the notebooks of the course on the data that FACES names.

python tools/run_notebooks.py            executed notebooks and HTML pages under build/, and the
                                         solutions as they are stored
python tools/run_notebooks.py --store    on the demo people, outputs kept in notebooks/

Two run at a time, the networks of each on half of the cores, and the long ones first: a small
network or a single picture keeps no more cores than that busy. With --store one runs after the
other, in order, since what they print of times is kept.
"""

import argparse
import html
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import TagRemovePreprocessor
from nbformat import NotebookNode

from stamp import (
    ROOT,
    as_text,
    notebook_metadata,
    numbered,
    read_address,
    read_notebook,
    stamp,
    write_whole,
)

AT_ONCE = 2
MAX_BYTES = 1_000_000  # a larger notebook is slow to show on GitHub
WIDGET = "application/vnd.jupyter.widget-view+json"
NO_TEXT = 'alt="No description has been provided for this image"'  # what nbconvert writes
PICTURES = ("image/svg+xml", "image/png", "image/jpeg")  # in the order in which it prefers them
PROGRESS = re.compile(r"\d+%\|")  # what tqdm draws
# These take longest; begun last, one of them would run alone while a core has nothing to do.
LONG = ("04_train", "07b_heatmaps", "09_own_faces", "07_improve")
# Which notebooks look at the network that another one trains, and so come after it.
AFTER = {"05_predict": "04_train", "06_evaluate": "04_train"}


def absolute(faces: str) -> str:
    """FACES as a notebook needs it, which runs in another folder than `make`."""
    if faces in ("demo", "ibug") or "://" in faces:
        return faces
    return str(Path(faces).expanduser().absolute())


def execute(
    notebook: NotebookNode, folder: Path, tick: Callable[[str], object] = lambda text: None
) -> str | None:
    """Runs a notebook (in place) in a folder; the error in short, or None.

    tick: called with a short text before each cell.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    running = [0]

    def on_cell_start(cell: NotebookNode, cell_index: int) -> None:
        running[0] = cell_index
        tick(f"cell {cell_index + 1} of {len(notebook.cells)}")

    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # it warns of an unencrypted port of this machine
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,
        shutdown_kernel="immediate",  # a second less each: it has nothing left to save
        store_widget_state=False,  # GitHub refuses to show a notebook with widget state
        record_timing=False,
        on_cell_start=on_cell_start,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        told = f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, RuntimeError) as error:  # a kernel that died is a RuntimeError
        told = f"{type(error).__name__}: {error}"
    else:
        return None
    return f"cell {running[0] + 1} of {len(notebook.cells)}: {told}"


def clean(notebook: NotebookNode, name: str) -> None:
    """Takes out (in place) what no reader can use or what only this machine knows.

    Progress bars and live widgets go: without their state they are a line of noise. What stays is
    the picture beside a widget, or the one that its output holds for where none is. Paths inside
    the repository become relative.
    """
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [_neutral(output) for output in cell.outputs if not _is_noise(output)]
    notebook.metadata = notebook_metadata(name)


def _is_noise(output: NotebookNode) -> bool:
    """Whether an output is a live widget, a progress bar or nothing but white space.

    Takes the widget out (in place) of an output that holds a picture besides.
    """
    if output.output_type == "stream":
        if output.name == "stderr":  # a warning between two progress bars has to stay
            lines = re.split(r"[\r\n]+", output.text)
            output.text = "\n".join(line for line in lines if not PROGRESS.search(line))
        return not output.text.strip()
    data = output.get("data", {})
    return data.pop(WIDGET, None) is not None and not any(
        kind.startswith("image/") for kind in data
    )


def _neutral(output: NotebookNode) -> NotebookNode:
    """The output without paths of this machine; pictures, which are base64, stay as they are."""
    if output.output_type == "stream":
        output.text = _relative(output.text)
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(value, str):
            output.data[kind] = _relative(value)
    if output.output_type == "error":
        output.traceback = [_relative(line) for line in output.traceback]
    return output


def _relative(text: str) -> str:
    """A text with every path inside the repository relative to it."""
    plain, escaped = str(ROOT), str(ROOT).replace("\\", "\\\\")  # as Windows paths are in a repr
    for root, separator in ((plain, os.sep), (escaped, "\\\\")):
        text = text.replace(root + separator, "").replace(root, ".")
    return text


def score(notebook: NotebookNode) -> str | None:
    """What the cell tagged `score` printed, or None: the test NME beside the mean face's."""
    for cell in notebook.cells:
        if "score" in cell.metadata.get("tags", []):
            texts = [output.get("text", "") for output in cell.get("outputs", [])]
            return "".join(texts).strip() or None
    return None


def as_page(notebook: NotebookNode, name: str) -> str:
    """A notebook as one HTML page whose links to other notebooks lead to their pages."""
    exporter = HTMLExporter()
    remover = TagRemovePreprocessor(remove_cell_tags=["badge", "colab"])  # no use in a page
    exporter.register_preprocessor(remover, enabled=True)
    page = exporter.from_notebook_node(notebook, resources={"metadata": {"name": name}})[0]
    texts = iter(alternative_texts(notebook))
    page = re.sub(NO_TEXT, lambda _: f'alt="{html.escape(next(texts))}"', page)
    return re.sub(r'href="(\w+)\.ipynb', r'href="\1.html', page)


def alternative_texts(notebook: NotebookNode) -> Iterator[str]:
    """What each picture of a notebook's outputs shows, in their order, for who cannot see it.

    Its own text, or else the last sentence before its cell, which a reader has just read.
    """
    before = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            sentences = re.split(r"(?<=[.?:!])\s|\n\n", cell.source.strip())
            before = " ".join(sentences[-1].split())
        for output in cell.get("outputs", []):
            for kind in [kind for kind in PICTURES if kind in output.get("data", {})][:1]:
                own = output.metadata.get(kind, {}).get("alt")
                yield own or f"A figure. The text before it: {before}"


def write_pages(notebook: NotebookNode, name: str, build: Path) -> None:
    """Writes a notebook and its HTML page."""
    write_whole(build / f"{name}.ipynb", as_text(notebook))
    write_whole(build / f"{name}.html", as_page(notebook, name))


def get_faces(faces: str) -> None:
    """Gets or makes the data that the notebooks are run on, and says how long it took."""
    from helpers.sources import get_dataset

    began = time.monotonic()
    get_dataset(faces)
    print(f"{Path(faces).name}: ready after {time.monotonic() - began:.0f} s", flush=True)


def run(path: Path, build: Path, store: bool) -> tuple[float, str | None, str | None]:
    """Executes a notebook and writes what came out: (seconds, error or None, score or None).

    With `store` the outputs are kept in the notebook itself, and only if it ran to its end.
    """
    notebook = stamp(read_notebook(path), path.stem, read_address())
    began = time.monotonic()
    error = execute(notebook, path.parent, _tick(path.stem))
    seconds = time.monotonic() - began
    clean(notebook, path.stem)
    text = as_text(notebook)
    if store and not error:
        error = _unfit(notebook, text)
        if not error:
            write_whole(path, text)
    if not store:
        write_pages(notebook, path.stem, build)
    return seconds, error, score(notebook)


def _unfit(notebook: NotebookNode, text: str) -> str | None:
    """Why a notebook must not be stored with these outputs, or None."""
    if (size := len(text.encode())) > MAX_BYTES:
        return f"not stored: {size / 1e6:.2f} MB with its outputs, over 1 MB"
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                return f"not stored: [{cell.execution_count}] wrote to stderr: {output.text[:200]}"
    return None


def _tick(name: str) -> Callable[[str], object]:
    """Shows, on a terminal, which cell of a notebook is running."""
    return lambda text: (
        sys.stdout.isatty() and print(f"\r{f'{name}: {text}':<40}", end="", flush=True)
    )


def record_score(faces: str, result: str, store: bool, seconds: int) -> None:
    """Keeps the score for docs/results.md, and what all took; notebook 05 printed it so.

    On half of the cores sums are taken in another order, so a stored run has its own record.
    """
    sys.path.insert(0, str(ROOT))  # `bench` is no installed package
    from bench.record import record, set_name

    said = re.search(r"test NME ([\d.]+) %, mean face ([\d.]+) % \((\d+) test faces", result)
    if not said:
        sys.exit(f"Not recorded: {result!r} is not the score in notebook 05's words.")
    test_nme, mean_face, count = said.groups()
    name = set_name(faces)
    values = {"test_nme": float(test_nme), "mean_face": float(mean_face), "faces": int(count)}
    values["seconds"] = seconds
    command = {"demo": "make run", "ibug": "make run FACES=ibug"}.get(name, "make run FACES=PATH")
    command = "python tools/run_notebooks.py --store --record" if store else f"{command} RECORD=1"
    beside = "" if store or name != "demo" else ", two notebooks at a time"
    record(f"run {name}{beside}", values | {"command": command})


def run_all(paths: list[Path], build: Path) -> tuple[bool, str | None]:
    """Executes notebooks, `AT_ONCE` at a time, until one fails: whether all ran, and the score."""
    lines = skipped(paths)
    waiting, running, result, failed = list(paths), dict[Future, Path](), None, False
    # Processes, not threads: Ctrl-C reaches each, and ends its kernel.
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
        while waiting or running:
            for path in next_in(waiting, running.values()):
                print(f"{path.stem} ...", flush=True)
                waiting.remove(path)
                running[pool.submit(run, path, build, False)] = path
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future).stem
                seconds, error, said = future.result()
                failed, result = failed or bool(error), said or result
                lines[name] = ended(name, seconds, error)
            if failed:
                waiting.clear()
    print("", *lines.values(), sep="\n")
    return not failed, result


def next_in(waiting: list[Path], running: Iterable[Path]) -> list[Path]:
    """The notebooks to begin now: as many as there is room for, none before its time."""
    begun = list(running)
    ahead = {path.stem for path in [*waiting, *begun]}  # of those that are not done
    ready = [path for path in waiting if AFTER.get(path.stem) not in ahead]
    ready.sort(key=lambda path: LONG.index(path.stem) if path.stem in LONG else len(LONG))
    return ready[: AT_ONCE - len(begun)]


def store_all(paths: list[Path]) -> tuple[bool, str | None]:
    """Executes notebooks one after the other, and keeps their outputs; as `run_all`."""
    lines, result, error = skipped(paths), None, None
    for path in paths:
        print(f"{path.stem} ...", flush=True)
        seconds, error, said = run(path, path.parent, store=True)
        result = said or result
        lines[path.stem] = ended(path.stem, seconds, error)
        if error:
            break
    print("", *lines.values(), sep="\n")
    return not error, result


def skipped(paths: list[Path]) -> dict[str, str]:
    """The line of each notebook as long as it was not executed."""
    return {path.stem: f"{path.stem:<14}      -    skipped" for path in paths}


def ended(name: str, seconds: float, error: str | None) -> str:
    """The line that says how a notebook ended; it is printed, with the error."""
    line = f"{name:<14} {seconds:6.0f} s  {'failed' if error else 'ok'}"
    print(f"\r{line:<40}", f"\n    {error}" if error else "", sep="", flush=True)
    return line


def share_cores() -> None:
    """Gives each of those that run at a time its part of the cores, unless OMP_NUM_THREADS is set.

    Two that use all of them are many times as slow: their threads wait for each other at each step.
    """
    known = hasattr(os, "sched_getaffinity")  # on Linux, where fewer than all may be lent
    cores = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // AT_ONCE)))


def set_environment(faces: str, whole: bool) -> None:
    """What the notebooks' kernels inherit: their data, all of it or as FACES_LIMIT says."""
    if whole:
        os.environ.pop("FACES_LIMIT", None)
    os.environ["FACES"] = faces
    os.environ.pop("MPLBACKEND", None)  # pictures belong into the notebook
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # no warning of the debugger in a page


def read_arguments() -> argparse.Namespace:
    """What was asked for in the shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks", metavar="DIR")
    parser.add_argument("--build", type=Path, default=ROOT / "build", metavar="DIR")
    store, record = "outputs on the demo people in DIR", "the score in bench/results.json"
    parser.add_argument("--store", action="store_true", help=f"keep {store}")
    parser.add_argument("--record", action="store_true", help=f"keep {record}")
    return parser.parse_args()


def main() -> int:
    arguments = read_arguments()
    paths = numbered(arguments.notebooks)
    as_stored = []
    if not arguments.store:  # the solutions are no part of the way through
        as_stored = [path for path in paths if not path.stem[0].isdigit()]
        paths = [path for path in paths if path not in as_stored]
    if not paths:
        sys.exit(f"{arguments.notebooks} holds no notebooks.")
    faces = "demo" if arguments.store else absolute(os.environ.get("FACES") or "demo")
    set_environment(faces, whole=arguments.store or arguments.record)
    arguments.build.mkdir(parents=True, exist_ok=True)

    began = time.monotonic()
    try:
        get_faces(faces)
    except (ValueError, OSError) as error:
        sys.exit(f"FACES={faces}: {error}")
    for path in as_stored:
        write_pages(read_notebook(path), path.stem, arguments.build)
    if arguments.store:
        ran, result = store_all(paths)
    else:
        share_cores()
        ran, result = run_all(paths, arguments.build)
    took = round(time.monotonic() - began)
    print(f"All in {took // 60} min {took % 60} s.")
    if ran:
        print(result or "No score: no cell tagged `score` printed the test NME.")
    if ran and result and arguments.record:
        record_score(faces, result, arguments.store, took)
    return int(not ran or result is None)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped.")
