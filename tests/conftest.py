"""Made-up faces in dlib's layout, and a web server that can misbehave."""

import _thread
import signal
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageOps
from synthetic import MIRRORED, schematic_face

# The kinds of names in dlib's archive. The first kind shows two faces of one photograph.
NAMES = (
    "afw/{pair}_{which}.jpg",
    "afw/{pair}_{which}.jpg",
    "helen/trainset/{number}_1.jpg",
    "lfpw/trainset/image_{number:04d}.png",
    "ibug/image_{number:03d}.jpg",
)


def write_faces(folder, train=8, test=4, size=96):
    """Writes `train` and `test` entries, half of them mirrored twins, in dlib's layout."""
    rng = np.random.default_rng(0)
    for part, count, first in (("train", train, 100), ("test", test, 500)):
        entries = []
        for i in range(count // 2):
            number = first + i
            kind = NAMES[i % len(NAMES)]
            name = kind.format(
                pair=number - i % len(NAMES), which=i % len(NAMES) + 1, number=number
            )
            coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
            points = np.rint(schematic_face() * rng.uniform(0.5, 0.6) * size + size / 2)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            picture.save(folder / name)
            counted_from_1 = "\n".join(f"{x:.6f} {y:.6f}" for x, y in points + 1)
            pts = f"version: 1\nn_points: 68\n{{\n{counted_from_1}\n}}\n"
            (folder / name).with_suffix(".pts").write_text(pts)
            entries.append(entry(name, points, size))
            twin = str(Path(name).with_name(Path(name).stem + "_mirror.jpg").as_posix())
            ImageOps.mirror(picture).save(folder / twin)
            entries.append(entry(twin, ([size - 1, 0] + points * [-1, 1])[MIRRORED], size))
        write_labels(folder / f"labels_ibug_300W_{part}.xml", entries)
    return folder


def entry(name, points, size, box=None):
    """One `<image>` of a label file, as text."""
    left, top, width, height = box or (size // 5, size // 5, size * 3 // 5, size * 3 // 5)
    parts = "".join(
        f"<part name='{i:02d}' x='{x:g}' y='{y:g}'/>\n" for i, (x, y) in enumerate(points)
    )
    return (
        f"<image file='{name}' width='{size}' height='{size}'>\n"
        f"<box top='{top}' left='{left}' width='{width}' height='{height}'>\n{parts}</box>\n"
        "</image>\n"
    )


def write_labels(path, entries):
    """A label file with dlib's head, in its encoding."""
    head = (
        "<?xml version='1.0' encoding='ISO-8859-1'?>\n"
        "<?xml-stylesheet type='text/xsl' href='image_metadata_stylesheet.xsl'?>\n"
        "<dataset>\n<name>made-up faces</name>\n<comment>caf\xe9</comment>\n<images>\n"
    )
    path.write_text(head + "".join(entries) + "</images>\n</dataset>\n", encoding="ISO-8859-1")
    return path


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_works():
    """A shell that runs tests in the background makes them ignore Ctrl-C, and some press it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def archive_folder(tmp_path_factory):
    """A folder in dlib's layout: 20 train and 8 test entries of 96 x 96 pixels. Only to read."""
    return write_faces(tmp_path_factory.mktemp("faces") / "faces", train=20, test=8)


@pytest.fixture
def make_folder(tmp_path):
    """Makes a folder in dlib's layout that the test may change: make_folder(train=8, test=4)."""
    return lambda name="faces", **sizes: write_faces(tmp_path / name, **sizes)


@pytest.fixture
def make_archive(make_folder, tmp_path):
    """Makes a .tar.gz in dlib's layout: make_archive(train=8, test=4, noise=0, change=None).

    noise: bytes that do not compress, to make it larger. change(folder) is called before packing.
    """

    def make(name="faces", noise=0, change=None, **sizes):
        folder = make_folder(name, **sizes)
        if noise:
            (folder / "noise.bin").write_bytes(np.random.default_rng(1).bytes(noise))
        if change:
            change(folder)
        path = tmp_path / f"{name}.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            tar.add(folder, arcname=name)
        return path

    return make


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty place for the data of this test."""
    monkeypatch.setenv("FACES_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("FACES", raising=False)
    return tmp_path / "data"


@pytest.fixture
def web():
    """A server of one file, `web.body` at `web.url`. `web.plan` says how it treats each request:

    "well", "drop" half-way, know "no ranges", announce "more" bytes than it sends or "less",
    name "no length", "interrupt" this process half-way, "wait" half-way for `web.go_on`, or a
    status such as 404. After the plan's end all goes well. `web.requests` holds their headers.
    """
    site = SimpleNamespace(body=b"", tag='"1"', plan=[], requests=[], go_on=threading.Event())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            way = site.plan.pop(0) if site.plan else "well"
            site.requests.append(dict(self.headers))
            if isinstance(way, int):
                return self.send_error(way)
            start = 0
            if way != "no ranges" and self.headers.get("If-Range", "") == site.tag:
                start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(site.body):
                return self.send_error(416)
            rest = site.body[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(site.body) - 1}/*")
            if site.tag:
                self.send_header("ETag", site.tag)
            if way != "no length":
                length = len(rest) + {"more": 1000, "less": -1000}.get(way, 0)
                self.send_header("Content-Length", str(length))
            self.end_headers()
            half = len(rest) // 2
            self.wfile.write(rest[:half])
            if way == "interrupt":
                time.sleep(0.1)  # until the half has been read
                _thread.interrupt_main()
                for value in rest[
                    half : half + 500
                ]:  # a waiting read notices it with the next byte
                    self.wfile.write(bytes([value]))
                    time.sleep(0.01)
            if way == "wait":
                site.go_on.wait(10)
            if way != "drop":
                self.wfile.write(rest[half:])

        def log_message(self, *_):
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *where):
            if not isinstance(sys.exception(), ConnectionError):  # some tests do hang up
                super().handle_error(*where)

    with Quiet(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/files/faces.tar.gz"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield site
        server.shutdown()
