"""From a picture to landmarks: the peers see what they should, and are scored on the same faces."""

import json

import numpy as np
import pytest

from bench import RESULTS, peers, trees
from bench.pages import docs
from bench.tables import peers_table
from bench.words import DATA
from helpers.annotations import read_faces, read_image
from helpers.crop import crop_matrix, warp
from helpers.metrics import nme
from helpers.people import make_people
from helpers.sources import label_file


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = make_people(tmp_path_factory.mktemp("people"), train=20, test=4, seed=5)
    return read_faces(label_file(folder, "train"))


def test_a_scene_shows_the_face_its_box_and_its_points_in_one_place(faces):
    face = faces[0]
    seen = peers.scene(face)
    assert seen.image.shape == (peers.PIXELS, peers.PIXELS, 3)
    larger = max(face.box[2:])
    assert max(seen.box[2:]) == pytest.approx(peers.PIXELS / peers.AROUND)
    zoom = peers.PIXELS / (peers.AROUND * larger)
    centre = np.array(face.box[:2]) + (np.array(face.box[2:]) - 1) / 2
    expected = (face.landmarks - centre) * zoom + (peers.PIXELS - 1) / 2
    np.testing.assert_allclose(seen.landmarks, expected, atol=1e-3)
    # The same box cut out of the scene and out of the photograph is the same picture.
    once = warp(read_image(face.image), crop_matrix(face.box, 64), 64).astype(float)
    again = warp(seen.image, crop_matrix(seen.box, 64), 64).astype(float)
    assert np.abs(once - again).mean() < 4


def test_each_of_the_68_stands_for_points_of_the_mesh_and_left_for_right():
    assert len(peers.MESH) == 68
    mesh = np.random.default_rng(0).uniform(size=(468, 2))
    found = peers.to_68(mesh)
    np.testing.assert_allclose(found[36], mesh[33], rtol=1e-6)  # right eye's outer corner
    np.testing.assert_allclose(found[45], mesh[263], rtol=1e-6)
    np.testing.assert_allclose(found[27], (mesh[168] + mesh[6]) / 2, rtol=1e-6)
    assert all(0 <= point < 468 for points in peers.MESH for point in points)


def made(scenes, name, off, missed=(), trained=True):
    """A contender whose points are off by a part of the eyes' distance, who misses some scenes."""
    known = {seen.image.tobytes(): k for k, seen in enumerate(scenes)}

    def whole(image):
        truth = known[image.tobytes()]
        if truth in missed:
            return np.zeros((0, 68, 2), np.float32)
        points = scenes[truth].landmarks
        eyes = np.linalg.norm(points[45] - points[36])
        elsewhere = points + 10_000  # another face of the picture
        moved = points + np.float32([off * eyes, 0])
        return np.stack([elsewhere, moved])

    return peers.Peer(name, whole, lambda seen: seen.landmarks[None], trained=trained)


def test_contenders_are_scored_on_the_faces_that_all_of_them_found(faces):
    some = faces[:8:2]
    scenes = [peers.scene(face) for face in some]
    one, other = made(scenes, "one", 0.02), made(scenes, "other", 0.05, missed=(1,))
    values = peers.measure(some, [one, other, made(scenes, "no", 0, (0,), trained=False)])
    assert (values["faces"], values["common"]) == (4, 3)
    one, other, quick = (values["rows"][name] for name in ("one", "other", "no"))
    assert (one["found"], other["found"], quick["found"]) == (100, 75, 75)
    assert one["nme"] == pytest.approx(2, abs=0.01) and other["nme"] == pytest.approx(5, abs=0.01)
    assert "nme" not in quick  # trained on a handful of faces, for the clock
    table = peers_table(values, {"one": 1.25}).splitlines()
    assert (
        table[2].startswith("| one | ")
        and " | 1.2 | 100.0 |" in table[2]
        and table[2].endswith(" | 100.0 | 2.00 | 2.00 |")
    )
    assert table[4].endswith("| 75.0 | - | - |")


def test_the_page_of_figures_says_what_the_peers_were_given():
    row = {"whole": 4.04, "alone": 1.86, "box_from": "its last landmarks", "found": 99.2}
    values = {"rows": {"mesh": row}, "faces": 120, "common": 116, "pixels": 480}
    results = json.loads(RESULTS.read_text("utf-8"))
    assert "## Detector included" not in docs(results) or "peers" in results[f"latency {DATA}"]
    results[f"latency {DATA}"]["peers"] = values
    text = docs(results)
    assert f"## Detector included, on {DATA}" in text
    assert "the 116 faces that all with an NME found" in text and 'where "-" stands' in text
    assert "| mesh | 4.0 | 1.9 | 99.2 | - | - |" in text
    row |= {"nme": 5.0, "nme_51": 4.0}
    assert 'where "-" stands' not in docs(results)


def test_a_face_that_lies_elsewhere_is_not_taken_for_the_one_that_is_looked_for(faces):
    some = faces[:2:2]
    values = peers.measure(some, [made([peers.scene(some[0])], "astray", 3.0)])
    assert values["rows"]["astray"]["found"] == 0 and values["common"] == 0


def test_the_weights_that_ship_find_their_face_by_themselves(faces):
    values = peers.measure(faces[:8:2], [peers.ours("fast", 1), peers.ours("fast", 2)])
    for row in values["rows"].values():
        assert row["found"] == 100 and row["nme"] < 15
        assert row["whole"] > 0 and row["alone"] > 0


def test_what_is_not_installed_is_left_out_with_a_word(monkeypatch, capsys):
    monkeypatch.setattr(peers, "mediapipes", lambda: None)
    names = [one.name for one in peers.peers(None, False)]
    mirrored = [f"`{name}`, two passes, mirrored" for name in ("research", "free")]
    assert names == [*mirrored, "`fast`, two passes", "`fast`, one pass"]
    told = capsys.readouterr().out
    assert "dlib: not measured" in told and "MediaPipe's face mesh: not measured" in told


def test_mediapipe_lies_on_the_face(faces):
    mesh = peers.mediapipes()
    if mesh is None:
        pytest.skip("MediaPipe is an extra of the benchmark")
    found = 0
    for face in faces[::2]:
        seen = peers.scene(face)
        points = mesh.whole(seen.image)
        if len(points):
            found += 1
            assert nme(points, seen.landmarks[None])[0] < 20
    assert found >= 0.8 * len(faces[::2])


def test_dlibs_trees_answer_in_the_scene(faces, tmp_path):
    pytest.importorskip("dlib", reason="the peer is an extra of the benchmark")
    path = tmp_path / "trees.dat"
    trees.grow(faces, trees.FIRST | {"oversampling_amount": 1}, path, 1)
    peer, seen = peers.dlibs(path, trained=False), peers.scene(faces[0])
    assert nme(peer.alone(seen), seen.landmarks[None])[0] < 15
    assert peer.whole(seen.image).shape[1:] == (68, 2)
