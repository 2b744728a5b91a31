"""Faces to a dataset: photographs stay whole, pictures are decoded once."""

import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic import face_picture, make_faces, write_labels

from helpers.annotations import Face, photograph_of
from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset, load_faces, split_by_photograph


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    """Where the caches of a test are made: a folder of its own."""
    monkeypatch.setenv("FACES_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


NO_LANDMARKS = np.zeros((68, 2), np.float32)


def entry(name, photograph=None):
    """An entry of a label file of which only the name matters."""
    return Face(Path(name), (0, 0, 9, 9), NO_LANDMARKS, photograph or photograph_of(name))


def names_like_dlibs():
    """6,666 names of pictures in dlib's manner, each with the photograph that it shows."""
    random = np.random.default_rng(0)
    names = []
    for number in range(337 - 58):
        name = f"afw/{815038 + 7919 * number}"
        faces = random.choice([1, 2, 3, 12], p=[0.7, 0.2, 0.08, 0.02])
        names += [(f"{name}_{face}.jpg", name) for face in range(1, faces + 1)]
    for number in range(90):
        names.append((f"ibug/image_{number:03d}.jpg", f"ibug/image_{number:03d}"))
    for number in range(100, 120):
        name = f"ibug/image_{number:03d}"
        names += [(f"{name}_{face}.jpg", name) for face in (1, 2)]
    for number in range(900):
        for folder in ("trainset", "testset"):
            name = f"lfpw/{folder}/image_{number:04d}"
            names.append((f"{name}.png", name))
    number = 0
    while len(names) < 3333:
        name = f"helen/trainset/{2965035072 + 104729 * number}"
        faces = min(1 + (number % 9 == 0), 3333 - len(names))
        names += [(f"{name}_{face}.jpg", name) for face in range(1, faces + 1)]
        number += 1
    twins = [(re.sub(r"\.\w+$", "_mirror.jpg", name), photo) for name, photo in names]
    return names + twins


def test_names_in_dlibs_manner_say_which_photograph_they_show():
    names = names_like_dlibs()
    assert len(names) == len({name for name, _ in names}) == 6666
    found, known = {}, {}
    for name, photograph in names:
        found.setdefault(photograph_of(name), set()).add(name)
        known.setdefault(photograph, set()).add(name)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, known.values()))


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("afw/815038_1.jpg", "afw/815038_2_mirror.jpg", True),
        ("afw/815038_1.jpg", "afw/815038_12.jpg", True),
        ("helen/trainset/2965035072_1.jpg", "helen/trainset/2965035072_1_mirror.jpg", True),
        ("helen/trainset/2965035072_1.jpg", "helen/trainset/2965035073_1.jpg", False),
        ("lfpw/trainset/image_0457.png", "lfpw/trainset/image_0457_mirror.jpg", True),
        ("lfpw/trainset/image_0457.png", "lfpw/trainset/image_0458.png", False),
        ("lfpw/trainset/image_0457.png", "lfpw/testset/image_0457.png", False),
        ("ibug/image_003_1.jpg", "ibug/image_003_2.jpg", True),
        ("ibug/image_003_1.jpg", "ibug/image_084.jpg", False),
        ("ytf/Al_Gore/0_12.jpg", "ytf/Al_Gore/3_140.jpg", True),
        ("ytf/Al_Gore/0_12.jpg", "ytf/Al_Pacino/0_12.jpg", False),
    ],
)
def test_two_names_are_of_one_photograph_or_not(one, other, same):
    assert (photograph_of(one) == photograph_of(other)) == same


def test_dlibs_6666_entries_split_into_6000_and_666_and_no_photograph_is_on_both_sides():
    names = names_like_dlibs()
    faces = [entry(name) for name, _ in names]
    parts = set()
    for seed in range(12):
        train, validation = split_by_photograph(faces, seed)
        assert (len(train), len(validation)) == (6000, 666)
        assert sorted(train + validation) == list(range(6666))
        assert not {names[i][1] for i in train} & {names[i][1] for i in validation}
        parts.add(tuple(validation))
    assert len(parts) == 12  # each seed chooses other photographs


def test_the_random_split_would_leak():
    names = names_like_dlibs()
    order = np.random.default_rng(0).permutation(6666)
    train = {names[i][1] for i in order[:6000]}
    assert np.mean([names[i][1] in train for i in order[6000:]]) > 0.8


def test_validation_takes_whole_photographs_while_they_fit():
    random = np.random.default_rng(0)
    not_filled = 0
    for trial in range(300):
        sizes = random.integers(1 + trial % 3, 12, random.integers(1, 60))
        shown = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
        faces = [entry("some.jpg", f"photograph {number}") for number in shown]
        train, validation = split_by_photograph(faces, seed=trial)
        assert sorted(train + validation) == list(range(len(faces)))
        here, there = ({int(shown[i]) for i in part} for part in (train, validation))
        assert not here & there
        most = len(faces) * 666 // 6666 // 2 * 2
        if min(sizes) > most:  # none fits
            assert len(validation) == (min(sizes) if len(sizes) > 1 else 0)
            continue
        room = most - len(validation)
        assert room >= 0
        assert min(sizes[list(here)]) > room  # else it had been taken
        not_filled += room > 0
    assert not_filled > 30  # so that whole photographs did matter


def test_the_same_seed_splits_the_same_way_whatever_the_order_of_other_things():
    faces = [entry(f"{i // 2}_{1 + i % 2}.jpg") for i in range(400)]
    first = split_by_photograph(faces, 3)
    np.random.seed(99)  # noqa: NPY002 - whatever a reader does with the global one
    torch.manual_seed(99)
    assert split_by_photograph(faces, 3) == first
    assert split_by_photograph(faces, 4) != first
    assert split_by_photograph(faces) == split_by_photograph(faces, 0)


def test_over_many_seeds_every_photograph_is_chosen_about_equally_often():
    faces = [entry(f"{i // 2}_{1 + i % 2}.jpg") for i in range(100)]
    seen = Counter(i for seed in range(400) for i in split_by_photograph(faces, seed)[1])
    assert len(seen) == 100
    assert max(seen.values()) < 2.5 * 400 * 8 / 100


def test_an_item_is_a_crop_with_room_around_it_and_its_points(tmp_path):
    faces = make_faces(tmp_path, 3)
    dataset = FaceLandmarksDataset(faces, size=64)
    assert len(dataset) == 3
    image, landmarks = dataset[1]
    assert (image.shape, image.dtype) == (torch.Size([1, 96, 96]), torch.uint8)
    assert (landmarks.shape, landmarks.dtype) == (torch.Size([68, 2]), torch.float32)
    # The middle 64 pixels show the box with its margin of 1.5.
    left, top, side, _ = faces[1].box
    expected = (faces[1].landmarks - (left, top) + 0.5) * 64 / (1.5 * side) + (96 - 64 / 1.5) / 2
    np.testing.assert_allclose(landmarks, expected - 0.5, atol=1e-3)


def test_the_crop_shows_the_face_bright_under_its_landmarks(tmp_path):
    images, landmarks = zip(*FaceLandmarksDataset(make_faces(tmp_path, 4), size=64), strict=True)
    canvas, points = Augment(64).eval()(torch.stack(images), torch.stack(landmarks))
    columns, rows = points.round().long().unbind(-1)
    lit = canvas[torch.arange(4)[:, None], 0, rows, columns]
    assert lit.mean() > canvas.mean() + 0.5


def test_an_item_may_be_changed_without_changing_the_cache(tmp_path):
    dataset = FaceLandmarksDataset(make_faces(tmp_path, 1), size=64)
    before = dataset[0][0].clone()
    dataset[0][0].zero_()
    assert torch.equal(dataset[0][0], before)


def crops_of(dataset):
    return torch.stack([image for image, _ in dataset])


def test_a_second_use_reads_no_picture(tmp_path):
    faces = make_faces(tmp_path, 5)
    first = crops_of(FaceLandmarksDataset(faces, size=64))
    for face in faces:  # were one opened again, it would be no picture
        file = face.image.stat()
        face.image.write_bytes(b"x" * file.st_size)
        os.utime(face.image, ns=(file.st_atime_ns, file.st_mtime_ns))
    assert torch.equal(crops_of(FaceLandmarksDataset(faces, size=64)), first)


def changed_picture(faces):
    file = faces[0].image.stat()
    Image.fromarray(face_picture(seed=77)[0]).save(faces[0].image, compress_level=0)
    assert faces[0].image.stat().st_size == file.st_size
    os.utime(faces[0].image, ns=(file.st_atime_ns, file.st_mtime_ns + 1_000_000))
    return faces


def changed_box(faces):
    left, top, width, height = faces[0].box
    moved = Face(faces[0].image, (left + 1, top, width, height), faces[0].landmarks, "")
    return [moved, *faces[1:]]


CHANGES = {
    "picture": (changed_picture, {}),
    "box": (changed_box, {}),
    "order": (lambda faces: faces[::-1], {}),
    "number": (lambda faces: faces[:-1], {}),
    "size": (lambda faces: faces, {"size": 72}),
    "margin": (lambda faces: faces, {"margin": 1.4}),
}


@pytest.mark.parametrize("change, settings", CHANGES.values(), ids=CHANGES)
def test_a_changed_one_of_these_is_seen(tmp_path, change, settings):
    faces = make_faces(tmp_path, 3)
    settings = {"size": 64, "margin": 1.5} | settings
    before = crops_of(FaceLandmarksDataset(faces, size=64, margin=1.5))
    faces = change(faces)
    after = crops_of(FaceLandmarksDataset(faces, **settings))
    assert after.shape != before.shape or not torch.equal(after, before)
    # Nothing of the first cache is in the second: the same as if there had been no first.
    os.environ["FACES_DATA"] += "-fresh"  # the fixture puts it back
    assert torch.equal(crops_of(FaceLandmarksDataset(faces, **settings)), after)


def test_a_cache_that_another_process_made_meanwhile_is_taken(tmp_path, monkeypatch):
    """As on Windows, which replaces no file that somebody reads."""
    faces, there = make_faces(tmp_path, 5), []

    def replace(partial, path):
        if not there:
            raise PermissionError("in use")
        Path(path).write_bytes(Path(partial).read_bytes())
        raise PermissionError("in use")

    monkeypatch.setattr("helpers.storage.files.os.replace", replace)
    with pytest.raises(OSError, match="could not be written"):
        FaceLandmarksDataset(faces, size=64)
    there.append("another's")
    assert len(FaceLandmarksDataset(faces, size=64).crops) == len(faces)


def test_going_back_to_earlier_settings_finds_the_earlier_cache(tmp_path, data_folder):
    faces = make_faces(tmp_path, 2)
    for size in (64, 72, 64, 72):
        FaceLandmarksDataset(faces, size)
    assert len(list(data_folder.rglob("*.npy"))) == 2


def test_an_unreadable_picture_is_named_and_leaves_nothing_behind(tmp_path, data_folder):
    faces = make_faces(tmp_path, 6)
    whole = faces[4].image.read_bytes()
    faces[4].image.write_bytes(whole[: len(whole) // 2])  # its header can still be read
    with pytest.raises(ValueError, match=re.escape(str(faces[4].image))) as error:
        FaceLandmarksDataset(faces, size=64)
    assert "\n" not in str(error.value)
    assert not [path for path in data_folder.rglob("*") if path.is_file()]
    faces[4].image.write_bytes(whole)
    assert len(FaceLandmarksDataset(faces, size=64)) == 6


@pytest.fixture
def archive(tmp_path):
    """A folder in dlib's layout with 100 training and 40 test entries, all of one picture."""
    folder = tmp_path / "archive"
    face = make_faces(folder, 1)[0]
    for part, count in (("train", 100), ("test", 40)):
        entries = [(face.image.name, face.box, face.landmarks + i / 8) for i in range(count)]
        write_labels(folder / f"labels_some_{part}.xml", entries)
    return folder


@pytest.mark.parametrize(
    "limit, train, test",
    [("96,32", 96, 32), ("7", 7, 7), ("1000,1000", 100, 40), ("", 100, 40), (None, 100, 40)],
)
def test_faces_limit_says_how_many_entries_of_each_list_are_used(
    archive, monkeypatch, limit, train, test
):
    monkeypatch.delenv("FACES_LIMIT", raising=False)
    if limit is not None:
        monkeypatch.setenv("FACES_LIMIT", limit)
    faces = {part: load_faces(part, archive) for part in ("train", "test")}
    assert [len(faces["train"]), len(faces["test"])] == [train, test]
    np.testing.assert_allclose(  # the first ones, in the order of the list
        faces["test"][-1].landmarks - faces["test"][0].landmarks, (test - 1) / 8, atol=1e-3
    )


def test_faces_says_which_data_are_loaded(archive, monkeypatch):
    monkeypatch.setenv("FACES", str(archive))
    monkeypatch.setenv("FACES_LIMIT", "5,2")
    assert {face.image.parent for face in load_faces("train")} == {archive}
