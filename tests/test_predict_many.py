"""Many photographs to one label file: nothing is lost, nothing is done twice, memory stays flat."""

import gc
import json
import os
import shutil
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import predict_many as module
from helpers.annotations import read_faces
from helpers.formats import numbered
from helpers.landmarks import IBUG, Scheme, load_scheme
from helpers.pictures import read_photograph, to_stored
from helpers.predict_many import pictures_in, predict_many

STATM = Path("/proc/self/statm")


class Fake:
    """Finds one face where a picture's first pixel is bright: points at known places."""

    scheme = IBUG

    def __init__(self):
        self.looks = 0

    def landmarks(self, image):
        self.looks += 1
        height, width = image.shape[:2]
        grid = np.column_stack([np.arange(68) % 9, np.arange(68) // 9]) / 9
        points = (0.25 + 0.5 * grid) * [width, height]
        return points[None].astype(np.float32) if image[0, 0, 0] > 99 else np.zeros((0, 68, 2))

    def trust(self, image, landmarks):
        return np.full(len(landmarks), 0.75)


@pytest.fixture
def folder(tmp_path):
    """Nested folders, letters beyond ASCII: four faces, one picture without, one broken."""
    place = tmp_path / "my pictures" / "Übung"
    place.mkdir(parents=True)
    for index, shade in enumerate([200, 200, 0, 200]):
        Image.new("RGB", (60, 40), (shade,) * 3).save(place / f"{index} é.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 40), (200,) * 3).save(place.parent / "phone.jpg", exif=exif)
    (tmp_path / "my pictures/broken.jpg").write_bytes(b"no picture")
    return tmp_path / "my pictures"


def test_a_picture_is_taken_once_however_it_is_named(folder):
    out, one = folder.parent / "out.json", folder / "phone.jpg"
    report = predict_many([folder, folder / "Übung" / ".." / "phone.jpg", one], out, Fake())
    assert "in 6 pictures" in report
    images = json.loads(out.read_text("utf-8"))["images"]
    assert len({image["id"] for image in images}) == len(images) == 5


def test_a_picture_that_is_gone_is_named(folder):
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    assert "gone.jpg" in predict_many([folder], folder.parent / "out.csv", Fake())


def test_a_picture_that_changes_while_it_is_looked_at_is_in_the_file(folder):
    class Touches(Fake):
        def landmarks(self, image):
            for path in pictures_in([folder]):
                os.utime(path, (self.looks, self.looks))
            return super().landmarks(image)

    assert "4 faces in 6 pictures" in predict_many([folder], folder.parent / "a.csv", Touches())


def test_pictures_on_another_drive_are_named_in_full_and_their_points_stay_in_the_folder(
    folder, monkeypatch
):
    def other_drive(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    predict_many([folder], folder.parent / "a.csv", Fake())
    assert (folder / "phone.jpg").as_posix() in (folder.parent / "a.csv").read_text("utf-8")
    predict_many([folder], folder.parent / "all.pts", Fake())
    assert len([*(folder.parent / "all.pts").rglob("*.pts")]) == 4
    assert not [*folder.rglob("*.pts")]


def test_two_names_of_one_picture_on_another_drive_are_one_image_of_coco(folder, monkeypatch):
    monkeypatch.setattr(module, "seen_from", lambda file, path: str(Path(path).resolve()))
    (folder / "again.jpg").symlink_to(folder / "phone.jpg")
    out = folder.parent / "out.json"
    predict_many([folder], out, Fake())
    images = json.loads(out.read_text("utf-8"))["images"]
    assert len({image["id"] for image in images}) == len(images) == 5


def test_pictures_that_would_share_a_pts_file_are_refused_before_any_is_looked_at(folder):
    Image.new("RGB", (60, 40)).save(folder / "phone.png")
    fake = Fake()
    with pytest.raises(ValueError, match=r"phone\.pts: is the name .*\.jpg and of .*\.png"):
        predict_many([folder], folder.parent / "all.pts", fake)
    assert not fake.looks and not [*folder.parent.glob("all.pts*")]


@pytest.mark.parametrize("ending", ["csv", "xml", "json"])
def test_the_file_has_every_face_and_read_faces_takes_it(folder, ending):
    out = folder.parent / f"out/landmarks.{ending}"
    report = predict_many([folder], out, Fake())
    faces = read_faces(out)
    assert len(faces) == 4 and {face.image.name for face in faces} >= {"0 é.png", "phone.jpg"}
    one = next(face for face in faces if face.image.name == "0 é.png")
    expected = Fake().landmarks(read_photograph(one.image))[0]
    np.testing.assert_allclose(one.landmarks, expected, atol=0.006)
    assert "4 faces in 6 pictures" in report and "No face was found in 1" in report
    assert "1 could not be read" in report and "broken.jpg" in report
    assert (out.parent / f"landmarks.{ending}.report.txt").read_text("utf-8").strip() == report


def test_pts_become_a_folder_with_a_file_for_each_face(folder):
    predict_many([folder], folder.parent / "all.pts", Fake())
    assert len([*(folder.parent / "all.pts").rglob("*.pts")]) == 4


@pytest.mark.parametrize("held", range(1, 9))
def test_points_of_an_upright_photograph_find_back_to_the_stored_picture(tmp_path, held):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = held
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    upright = read_photograph(tmp_path / "a.png")
    y, x = np.mgrid[: upright.shape[0], : upright.shape[1]]
    back = to_stored(tmp_path / "a.png", np.column_stack([x.ravel(), y.ravel()])).astype(int)
    assert (pixels[back[:, 1], back[:, 0]] == upright.reshape(-1, 3)).all()


def test_after_an_interrupt_it_goes_on_where_it_was(folder, capsys):
    class Stops(Fake):
        def landmarks(self, image):
            if self.looks == 2:
                raise KeyboardInterrupt
            return super().landmarks(image)

    out = folder.parent / "landmarks.csv"
    with pytest.raises(KeyboardInterrupt):
        predict_many([folder], out, Stops())
    assert not out.exists()
    with open(f"{out}.journal", "a") as file:
        file.write('{"image": "cut o')  # as a power cut leaves it
    second = Fake()
    predict_many([folder], out, second)
    assert second.looks == 3  # of five that can be read
    assert "it goes on behind them" in capsys.readouterr().out
    whole = Fake()
    predict_many([folder], folder.parent / "again.csv", whole)
    assert out.read_text() == (folder.parent / "again.csv").read_text() and whole.looks == 5
    assert not [*folder.parent.glob("*.journal")]


def test_a_picture_that_changed_and_another_checkpoint_are_looked_at_anew(folder):
    out = folder.parent / "landmarks.json"
    journal = folder.parent / "landmarks.json.journal"
    paths = list(pictures_in([folder]))
    head = {"checkpoint": "mine", "weights": None}
    head |= {"largest": module.LARGEST, "points": list(numbered(68))}
    done = [
        {"image": path, "version": module._version(path), "faces": [], "size": [60, 40]}
        for path in paths
    ]
    done[-1]["version"] = [1, 1]
    for checkpoint, looks in [("mine", 1), ("other", 5)]:
        journal.write_text("\n".join(map(json.dumps, [head, *done])) + "\n")
        fake = Fake()
        predict_many([folder], out, fake, checkpoint)
        assert fake.looks == looks


def test_a_picture_that_came_back_as_it_was_is_in_the_file_once(folder, monkeypatch):
    out = folder.parent / "a.csv"
    for time in (1, 2, 1):
        os.utime(folder / "phone.jpg", (time, time))
        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(module, "_write", lambda *_: 1 / 0)  # the journal stays
            predict_many([folder], out, Fake())
    predict_many([folder], out, Fake())
    assert len(read_faces(out)) == 4


def test_other_weights_under_the_same_name_are_noticed(folder, monkeypatch, capsys):
    out, file = folder.parent / "a.csv", folder.parent / "mine.pt"
    looks = []
    for weights in (b"first", b"first", b"trained anew"):
        file.write_bytes(weights)
        fake = Fake()
        monkeypatch.setattr(module, "_write", lambda *_: 1 / 0)  # the journal stays
        with pytest.raises(ZeroDivisionError):
            predict_many([folder], out, fake, str(file))
        looks.append(fake.looks)
    assert looks == [5, 0, 5]
    assert "is of other weights or settings" in capsys.readouterr().out


def test_the_sheet_shows_the_pictures_with_their_points(folder):
    sheet = folder.parent / "sheet.jpg"
    predict_many([folder], folder.parent / "a.csv", Fake(), sheet=sheet)
    pixels = np.asarray(Image.open(sheet)).astype(int)
    assert pixels.shape == (2 * 586, 3 * 586, 3)  # few pictures are drawn large
    assert np.ptp(pixels, axis=2).max() > 60  # coloured points on grey pictures


def test_memory_stays_flat_however_many_pictures_there_are(tmp_path):
    """What a run allocates at most grows by the names of the pictures, not by what is found."""
    peaks = []
    for count in (40, 240):
        place = tmp_path / str(count)
        place.mkdir()
        for index in range(count):
            Image.new("L", (32, 32), 200).save(place / f"{index}.png")
        tracemalloc.start()
        predict_many([place], tmp_path / f"{count}.xml", Fake())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 200 * 1500  # bytes a picture; 68 points as numbers take 5,000


@pytest.mark.skipif(not STATM.exists(), reason="only Linux says how much memory is in use")
def test_a_process_grows_by_little_between_200_and_1000_pictures(tmp_path):
    """As `python -m helpers.predict` does it, decoders and all: the memory of the whole process."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    noise[0, 0] = 255
    for index in range(1000):
        Image.fromarray(noise).save(tmp_path / f"{index:04d}.jpg")
    paths = sorted(map(str, tmp_path.glob("*.jpg")))
    used = []
    for some in (paths[:200], paths):
        predict_many(some, tmp_path / "found.xml", Fake())
        gc.collect()
        used.append(int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    assert used[1] - used[0] < 10e6  # bytes; the pixels of 800 pictures are 46 million


@pytest.mark.parametrize(
    ("sources", "out", "sentence"),
    [
        (["nowhere.jpg"], "a.csv", r"nowhere\.jpg: there is no such file or folder"),
        (["."], "a.txt", r"a\.txt: must end in \.csv"),
        (["."], "a.csv", "no pictures there"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path, monkeypatch, sources, out, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=sentence):
        predict_many(sources, out, Fake())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_that_is_no_text_is_named_and_costs_no_other_picture(folder):
    shutil.copy(folder / "phone.jpg", os.fsencode(folder) + b"/caf\xe9.jpg")
    out = folder.parent / "a.csv"
    report = predict_many([folder], out, Fake())
    assert "caf?.jpg: where ? stands its name is not UTF-8" in report
    assert len(read_faces(out)) == 4


def test_a_file_of_a_face_that_is_no_more_is_named_in_the_report(folder):
    out = folder.parent / "all.pts"
    predict_many([folder], out, Fake())
    one = next(out.rglob("phone.pts"))
    old = one.with_name("phone_2.pts")
    shutil.copy(one, old)
    report = predict_many([folder], out, Fake())
    assert report.endswith(f"not of these faces: {old}. Remove what is of a face no more.")
    assert old.exists()


@pytest.mark.parametrize(
    "scheme, points, side",
    [
        (Scheme("nose", ("nose",), (0,)), [(20, 15)], 1),
        (load_scheme("5"), 20 * np.array(load_scheme("5").shape) + (20, 15), 20),
    ],
)
def test_a_predicted_face_has_the_box_of_its_scheme(folder, scheme, points, side):
    landmarker = Fake()
    landmarker.scheme = scheme
    landmarker.landmarks = lambda image: np.float32([points])
    predict_many([folder / "Übung" / "0 é.png"], folder / "out.xml", landmarker)
    [face] = read_faces(folder / "out.xml")
    assert face.box[2:] == pytest.approx((side, side), abs=0.1)


def test_a_sheet_is_a_jpeg_and_none_of_the_pictures(folder):
    out, photograph = folder.parent / "out.csv", folder / "phone.jpg"
    before = photograph.read_bytes()
    with pytest.raises(ValueError, match=r"phone\.jpg: is the file to read"):
        predict_many([photograph], out, Fake(), sheet=photograph)
    with pytest.raises(ValueError, match=r"sheet\.jpg: would lie among the pictures"):
        predict_many([folder], out, Fake(), sheet=folder / "sheet.jpg")
    with pytest.raises(ValueError, match=r"out\.csv: must end in \.jpg"):
        predict_many([folder], out, Fake(), sheet=out)
    assert photograph.read_bytes() == before and not out.exists()


def test_a_long_thin_jpeg_does_not_stop_the_others(folder):
    Image.new("RGB", (2, 12_000), (200,) * 3).save(folder / "thin.jpg")
    out = folder.parent / "out.csv"
    assert "5 faces in 7 pictures" in predict_many(
        [folder], out, Fake(), sheet=out.with_name("s.jpg")
    )


def test_a_name_with_a_control_character_is_told_and_the_file_stays_readable(folder):
    shutil.copy(folder / "phone.jpg", folder / "a\x01b.jpg")
    out = folder / "out.xml"
    report = predict_many([folder], out, Fake())
    assert r"a\x01b.jpg': its name has a character that no text has" in report
    assert len(read_faces(out)) == 4


def test_a_further_face_never_takes_the_name_of_another_picture(folder):
    class Two(Fake):
        def landmarks(self, image):
            return np.concatenate([super().landmarks(image)] * 2)

    for name in ("party.png", "party_2.png"):
        shutil.copy(folder / "Übung" / "0 é.png", folder / name)
    out = folder.parent / "all.pts"
    predict_many([folder / "party.png", folder / "party_2.png"], out, Two())
    names = {"party.pts", "party_3.pts", "party_2.pts", "party_2_2.pts"}
    assert {path.name for path in out.rglob("*.pts")} == names
