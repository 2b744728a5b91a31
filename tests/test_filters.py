"""Filters hang where they should, on any head, and say in a sentence what is wrong with a file."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from synthetic import face_shape

from helpers.filters import __main__ as shell
from helpers.filters import filter_names, load_filter, wear
from helpers.filters.files import GALLERY
from helpers.filters.hang import (
    Sheet,
    areas,
    flat,
    mesh_3d,
    on_head,
    over_face,
    similarity,
    template_points,
)
from helpers.filters.head import Pose, camera_distance, face_3d, find_pose
from helpers.filters.layers import hung, lay_over, shown
from helpers.landmarks import MIRROR
from helpers.people import View, draw_person, sample_person
from helpers.people.face_model import FACE_WIDTH, MIDDLE, depth_at, face_model
from helpers.people.labels import labelled, places
from helpers.people.mesh import CAMERA, posed
from helpers.predict import Landmarker
from helpers.video import Report, Tracker
from helpers.video.scenes import turning

GREY = np.full((480, 640, 3), 128, np.uint8)
TURNING = [View(yaw=yaw) for yaw in range(-40, 41)]
TILTING = [View(roll=roll) for roll in range(-45, 46)]
BOTH = [
    View(40 * np.sin(t), 10 * np.sin(2.3 * t), 45 * np.sin(1.7 * t), mouth_open=np.sin(t) ** 2)
    for t in np.arange(0, 6.3, 0.04)
]


def face_of(view=None, seed=1, width=150.0, centre=(320.0, 260.0)):
    """The landmarks [68, 2] of a demo person, of a face so wide around a centre."""
    person = sample_person(np.random.default_rng(seed))
    marks = labelled(posed(person, view or View())[0]) * width / FACE_WIDTH
    return marks - marks.mean(0) + centre


def true_pose(view):
    """How the generator itself turns a head, in pixels of its frame about its own middle."""
    uv = face_model()["uv"]
    eyes = places()[[36, 45]] + (face_model()["shape_mean"][[36, 45]])
    unit, (x, y) = np.linalg.norm(eyes[1] - eyes[0]), eyes.mean(0)
    depth = depth_at(uv[[36, 45]]).mean()
    yaw, pitch, roll = np.radians([view.yaw, view.pitch, view.roll])

    def seen(point):
        a, b, c = np.multiply(point, (1, 1, -1)) * unit + (x - MIDDLE, y - 400, depth + 20)
        b, c = b * np.cos(pitch) - c * np.sin(pitch), b * np.sin(pitch) + c * np.cos(pitch)
        a, c = a * np.cos(yaw) + c * np.sin(yaw), c * np.cos(yaw) - a * np.sin(yaw)
        a, b = a * np.cos(roll) - b * np.sin(roll), a * np.sin(roll) + b * np.cos(roll)
        return np.array([a, b + 85, CAMERA - c]) / unit

    origin = seen((0, 0, 0))
    rotation = np.column_stack([seen(axis) - origin for axis in np.eye(3)])
    return Pose(rotation, origin, CAMERA, np.zeros(2))


def from_the_line_of_sight(pose):
    """The rotation [3, 3] of a head as a camera sees it that is turned to look at the head's 0."""
    way = pose.translation / np.linalg.norm(pose.translation)
    axis = np.cross(way, (0, 0, 1))
    turn = np.arccos(way[2]) * axis / max(np.linalg.norm(axis), 1e-12)
    return cv2.Rodrigues(turn)[0] @ pose.rotation


def angle_between(one, other):
    return np.degrees(np.arccos(np.clip((np.trace(one.T @ other) - 1) / 2, -1, 1)))


def changed(before, after):
    """Where two pictures differ: bool [H, W]."""
    return (before != after).any(2)


def steps(path):
    """The largest step from frame to frame of any point of a path [t, n, 2]."""
    return np.linalg.norm(np.diff(path, axis=0), axis=2).max()


@pytest.fixture(params=filter_names())
def filter_(request):
    return load_filter(request.param)


# The three ways.


def test_a_similarity_puts_two_points_on_two_others_and_keeps_angles():
    source, target = np.array([[10.0, 20], [50, 20]]), np.array([[7.0, 3], [7, 83]])
    matrix = similarity(source, target)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-9)
    np.testing.assert_allclose(matrix[:, :2] @ matrix[:, :2].T, 4 * np.eye(2), atol=1e-9)
    assert np.linalg.det(matrix[:, :2]) > 0  # turned, not mirrored
    with pytest.raises(ValueError, match="Two different points"):
        similarity(np.ones((2, 2)), target)


def test_the_3d_face_looks_straight_ahead_and_its_nose_stands_out():
    face = face_3d()
    np.testing.assert_allclose(face[[36, 45], :2], [[-0.5, 0], [0.5, 0]], atol=0.02)
    assert face[:, 2].argmin() in (29, 30, 33)
    np.testing.assert_allclose((face * (-1, 1, 1))[MIRROR], face, atol=0.08)
    opened = face_3d(1.0)
    assert opened[66, 1] - opened[62, 1] > face[66, 1] - face[62, 1] + 0.1


@pytest.mark.parametrize(
    "view",
    [View(yaw=y, pitch=p, roll=r) for y in (-40, 0, 40) for p in (-15, 15) for r in (-45, 0, 45)],
    ids=lambda view: f"{view.yaw} {view.pitch} {view.roll}",
)
def test_the_pose_is_that_of_the_generator_on_average_and_some_degrees_off_on_each_face(view):
    true, people = from_the_line_of_sight(true_pose(view)), range(80)
    off = [true.T @ find_pose(face_of(view, seed)).rotation for seed in people]
    axes = np.degrees([(m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]) for m in off]) / 2
    assert (np.abs(axes.mean(0)) < (2, 1, 1)).all()
    # Who has a long nose seems to look down a little, as everyone is taken for the mean face.
    assert (axes.std(0) < (6, 3, 2)).all()


@pytest.mark.parametrize("aside, degrees, pixels", [((0, 0), 0.1, 0.1), ((3, 0), 2, 4)])
def test_the_pose_of_points_projected_from_the_head_is_found_again(aside, degrees, pixels):
    """Told from the line of sight; a picture is stretched a little towards its side, besides."""
    rotation = true_pose(View(yaw=25, pitch=-10, roll=30)).rotation
    pose = Pose(rotation, np.array([*aside, camera_distance()]), 1400, np.array([300.0, 200]))
    found = find_pose(pose.project(face_3d()))
    assert angle_between(found.rotation, from_the_line_of_sight(pose)) < degrees
    np.testing.assert_allclose(found.project(face_3d()), pose.project(face_3d()), atol=pixels)


@pytest.mark.parametrize("yaw", [-30, 0, 30])
def test_a_blink_moves_nothing_that_hangs_by_pose(filter_, yaw):
    for seed in range(4):
        person, opened = sample_person(np.random.default_rng(seed)), View(yaw=yaw)
        still, *blink = (
            labelled(posed(person, replace(opened, eyes_closed=share))[0])
            for share in (0, 0.3, 0.6, 1)
        )
        scale = find_pose(still).eye_distance
        for piece in filter_.pieces:
            if piece.hang == "pose":
                rest = hung(piece, still, find_pose(still)).target
                moved = [hung(piece, face, find_pose(face)).target - rest for face in blink]
                assert np.linalg.norm(moved, axis=2).max() < 0.02 * scale


def test_the_pose_does_not_depend_on_place_and_size():
    here = find_pose(face_of(View(yaw=20)))
    there = find_pose(face_of(View(yaw=20), width=30, centre=(-500, 40)))
    assert angle_between(here.rotation, there.rotation) < 0.1
    assert here.eye_distance == pytest.approx(5 * there.eye_distance, rel=1e-3)


def test_a_face_that_is_no_face_has_no_pose():
    assert find_pose(np.zeros((68, 2))) is None
    assert find_pose(np.linspace(0, 100, 68)[:, None] * (1, 2)) is None


def test_what_hangs_by_pose_narrows_as_the_head_turns():
    anchors, at = face_3d()[[36, 45]], np.array([[30.0, 50], [70, 50]])

    def width(yaw, **way):
        target = on_head((100, 60), at, anchors, true_pose(View(yaw=yaw)), **way).target
        return np.ptp(target[:, 0])

    assert width(0) > width(20) > width(40) > width(60)
    assert width(40) == pytest.approx(width(0) * np.cos(np.radians(40)), rel=0.1)
    round_narrows = width(40, bend=180) / width(0, bend=180)
    assert round_narrows > 0.9 > width(40) / width(0)  # a round thing shows its side


def test_bent_artwork_hides_its_own_back():
    anchors, at = face_3d()[[36, 45]], np.array([[30.0, 50], [70, 50]])
    front = on_head((100, 60), at, anchors, true_pose(View()), bend=150)
    turned = on_head((100, 60), at, anchors, true_pose(View(yaw=40)), bend=150)
    assert len(turned.triangles) < len(front.triangles) == 2 * 4 * 16
    for sheet in (front, turned):
        assert (areas(sheet.target[sheet.triangles]) > 0).all()


def test_flat_artwork_seen_from_behind_is_not_drawn():
    picture = GREY.copy()
    piece = load_filter("glasses").pieces[0]
    mirroring = np.array([[-1.0, 0, 400], [0, 1, 100]])
    lay_over(picture, piece, flat(piece.size, mirroring))
    assert (picture == GREY).all()


def test_a_mesh_carries_each_landmark_of_the_template_onto_the_faces_own():
    landmarks, at = face_of(View(yaw=15, mouth_open=1)), np.array([[176.0, 232], [336, 232]])
    sheet = over_face(at, face_3d()[[36, 45]], landmarks, find_pose(landmarks))
    np.testing.assert_allclose(sheet.source[:68], template_points(at), atol=1e-6)
    np.testing.assert_allclose(sheet.target[:68], landmarks)
    np.testing.assert_allclose(template_points(at)[[36, 45]], at, atol=6)


def test_the_mesh_leaves_eyes_and_mouth_open_and_covers_the_rest_once():
    points, triangles = mesh_3d()
    flat_points = points[:, :2].astype(np.float32)
    covered = areas(points[triangles][..., :2])
    holes = [range(36, 42), range(42, 48), range(60, 68)]
    gaps = sum(cv2.contourArea(flat_points[list(hole)]) for hole in holes)
    assert (covered > 0).all() or (covered < 0).all()  # none lies over another
    whole = cv2.contourArea(cv2.convexHull(flat_points)) - gaps
    assert abs(covered).sum() == pytest.approx(whole, rel=1e-3)
    for hole in holes:
        assert not np.isin(triangles, hole).all(1).any()
    assert len(np.unique(np.sort(triangles, 1), axis=0)) == len(triangles)


# What is worn.


def test_there_are_at_least_six_filters_by_each_way_of_hanging():
    assert len(filter_names()) >= 6
    ways = {piece.hang for name in filter_names() for piece in load_filter(name).pieces}
    assert ways == {"similarity", "pose", "mesh"}


def test_a_filter_changes_the_face_and_nothing_far_from_it(filter_):
    landmarks = face_of(View(mouth_open=1), width=60, centre=(320, 240))
    worn = wear(GREY, landmarks, filter_)
    where = np.argwhere(changed(GREY, worn))
    assert worn.shape == GREY.shape and worn.dtype == np.uint8 and len(where) > 50
    assert (np.abs(where - (240, 320)) < 150).all()
    assert (GREY == 128).all()  # the picture itself is left alone


def test_the_edges_of_a_mesh_are_soft_and_within_them_it_is_whole():
    (piece,) = load_filter("tiger").pieces
    white = replace(piece, levels=tuple(np.full_like(level, 255) for level in piece.levels))
    landmarks, picture = face_of(width=200, centre=(200, 200)), np.zeros((400, 400, 3), np.uint8)
    lay_over(picture, white, hung(white, landmarks, find_pose(landmarks)))
    eye, cheek = (np.zeros((400, 400), np.uint8) for _ in range(2))
    cv2.polylines(eye, [landmarks[36:42].astype(np.int32)], True, 1, 3)
    cv2.circle(cheek, landmarks[[31, 2]].mean(0).astype(int), 12, 1, -1)
    shades = picture[eye > 0, 0].astype(int)
    assert ((shades > 40) & (shades < 215)).mean() > 0.1
    assert (picture[cheek > 0] == 255).all()
    assert (picture[tuple(landmarks[36:42].mean(0).astype(int)[::-1])] == 0).all()


def test_artwork_lands_on_the_pixels_that_its_matrix_says():
    face, (piece,) = face_of(width=300), load_filter("glasses").pieces
    sheet, artwork = hung(piece, face, find_pose(face)), piece.levels[0]
    whole = cv2.warpPerspective(artwork, sheet.matrix, GREY.shape[1::-1]).astype(float)
    expected = GREY * (1 - whole[..., 3:] / 255) + whole[..., :3]
    assert np.abs(wear(GREY, face, load_filter("glasses")) - expected).max() < 3


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_mesh_that_moves_nothing_shows_the_artwork_itself_at_any_size(level):
    (piece,) = load_filter("tiger").pieces
    corners = np.array([[-0.5, -0.5], [511.5, -0.5], [511.5, 511.5], [-0.5, 511.5]])
    target = (corners + 0.5) / 2**level - 0.5
    expected = piece.levels[level][..., :3]
    picture = np.zeros_like(expected)
    lay_over(picture, piece, Sheet(corners, target, np.array([[0, 1, 2], [0, 2, 3]])))
    assert np.abs(picture.astype(int) - expected).max() < 3


def test_what_hangs_by_pose_still_lies_on_the_landmarks_of_this_face():
    nose = load_filter("dog").pieces[-1]
    flat_nose = replace(nose, forward=0.0)
    face = face_of(View(yaw=15))
    face[[30, 31, 35]] += (0, 12)  # a long nose
    sheet = hung(flat_nose, face, find_pose(face))
    middle = cv2.perspectiveTransform(nose.at.mean(0)[None, None], sheet.matrix)[0, 0]
    np.testing.assert_allclose(middle, nose.anchors(face).mean(0), atol=1.0)


def test_sunglasses_hide_the_eyes_a_tiger_the_cheeks_but_not_the_eyes():
    face = face_of()
    eyes = np.rint([face[36:42].mean(0), face[42:48].mean(0)]).astype(int)
    for x, y in eyes:
        assert wear(GREY, face, load_filter("sunglasses"))[y, x].max() < 90
        assert (wear(GREY, face, load_filter("tiger"))[y, x] == 128).all()
    x, y = np.rint((face[1] + face[31]) / 2).astype(int)
    assert np.ptp(wear(GREY, face, load_filter("tiger"))[y, x].astype(int)) > 60


def test_the_tongue_comes_out_as_the_mouth_opens():
    dog = load_filter("dog")
    (tongue,) = [piece for piece in dog.pieces if piece.mouth_open]
    faces = [face_of(View(mouth_open=share)) for share in (0, 0.3, 0.5, 1)]
    opacity = [shown(tongue, face, find_pose(face)) for face in faces]
    assert opacity == sorted(opacity) and opacity[0] == 0 and opacity[-1] == 1


def true_path(piece, faces, views):
    """Where a piece's vertices would lie if it were part of the head: [t, v, 2].

    faces: the true landmarks [t, 68, 2]. By the generator's own pose; what does not hang by pose
    hangs on points of the picture itself, and on the true ones.
    """
    if piece.hang != "pose":
        return np.array([hung(piece, face, find_pose(face)).target for face in faces])
    anchors, way = piece.anchors(face_3d()), (piece.forward, piece.lean, piece.bend)
    poses = [true_pose(view) for view in views]
    scale = np.median([find_pose(face).eye_distance for face in faces]) / poses[0].eye_distance
    sheets = [on_head(piece.size, piece.at, anchors, pose, *way).target for pose in poses]
    middles = np.array([pose.project(anchors).mean(0) for pose in poses])
    places = np.array([piece.anchors(face).mean(0) for face in faces])
    return scale * (np.array(sheets) - middles[:, None]) + places[:, None]


@pytest.mark.parametrize("seed", [1, 3])
def test_a_sequence_of_small_steps_has_no_jump(filter_, seed):
    """Filters go along with the true points of the same artwork, and lie where they do."""
    for views in (TURNING, TILTING, BOTH):
        faces = [face_of(view, seed) for view in views]
        scale = np.median([find_pose(face).eye_distance for face in faces])
        for piece in filter_.pieces:
            path = np.array([hung(piece, face, find_pose(face)).target for face in faces])
            true = true_path(piece, faces, views)
            assert steps(path) < 1.25 * steps(true) + 0.01 * scale
            assert steps(path - true) < 0.02 * scale
            assert np.linalg.norm(path - true, axis=2).max() < 0.35 * scale


@pytest.fixture(scope="module")
def turning_clip():
    """A clip of a head that turns by 40 degrees and tilts by 45, as followed: landmarks, views."""
    scene = turning()
    frames, truth = scene.film()
    tracker = Tracker(Landmarker.load("fast", "cpu"), fps=scene.fps)
    followed = np.array([tracker.step(frame)[0].landmarks for frame in frames], float)
    ((_, acts),) = scene.actors
    return (
        followed,
        truth[:, 0].astype(float),
        [acts(k / scene.fps).view for k in range(len(frames))],
    )


def test_on_a_clip_of_a_head_that_turns_and_tilts_no_filter_jumps(turning_clip, filter_):
    """The largest step of a corner against that of the true point, both from frame to frame."""
    followed, truth, views = turning_clip
    assert max(view.yaw for view in views) > 39 and max(view.roll for view in views) > 44
    scale = np.median([find_pose(face).eye_distance for face in truth])
    for piece in filter_.pieces:
        path = np.array([hung(piece, face, find_pose(face)).target for face in followed])
        true = true_path(piece, truth, views)
        assert steps(path) < 1.5 * steps(true) + 0.02 * scale


def test_a_little_noise_moves_a_filter_little(filter_):
    face, rng = face_of(View(yaw=20)), np.random.default_rng(0)
    noise = 0.01 * find_pose(face).eye_distance
    noisy = face + rng.normal(0, noise, (40, 68, 2))
    for piece in filter_.pieces:
        targets = np.array([hung(piece, points, find_pose(points)).target for points in noisy])
        assert targets.std(0).mean() < 3.5 * noise


def test_a_filter_moves_and_grows_with_its_face(filter_):
    one, other = face_of(width=80, centre=(100, 200)), face_of(width=160, centre=(300, 250))
    for piece in filter_.pieces:
        here, there = (hung(piece, face, find_pose(face)).target for face in (one, other))
        np.testing.assert_allclose(2 * (here - (100, 200)) + (300, 250), there, atol=0.2)


def test_each_of_several_faces_wears_it_and_the_larger_one_in_front():
    small, large = face_of(width=60, centre=(300, 240)), face_of(width=140, centre=(340, 240))
    tiger = load_filter("tiger")
    both = wear(GREY, np.stack([large, small]), tiger)
    assert (both == wear(wear(GREY, small, tiger), large, tiger)).all()
    assert (both != wear(wear(GREY, large, tiger), small, tiger)).any()


def test_no_face_is_a_copy():
    for none in (np.zeros((0, 68, 2), np.float32), []):
        worn = wear(GREY, none, load_filter("hat"))
        assert (worn == GREY).all() and worn is not GREY


@pytest.mark.parametrize("centre", [(0, 240), (640, 240), (320, 0), (320, 480), (-60, -60)])
def test_a_face_cut_by_the_border_wears_what_is_left(filter_, centre):
    face = face_of(View(mouth_open=1), width=200, centre=centre)
    wide = np.full((1480, 1640, 3), 128, np.uint8)
    expected = wear(wide, face + 500, filter_)[500:980, 500:1140]
    worn = wear(GREY, face, filter_)
    assert np.abs(worn.astype(int) - expected).mean() < 0.05


@pytest.mark.parametrize("width", [0.5, 2, 5, 12])
@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (33, 101)])
def test_tiny_faces_and_odd_pictures_are_no_trouble(filter_, width, shape):
    picture = np.full((*shape, 3), 128, np.uint8)
    face = face_of(View(yaw=30), width=width, centre=(shape[1] / 2, shape[0] / 2))
    assert wear(picture, face, filter_).shape == picture.shape


def test_a_tiny_face_wears_a_smooth_small_copy_of_what_a_large_one_wears(filter_):
    large = face_of(View(mouth_open=1), width=320, centre=(319.5, 319.5))
    small = (large + 0.5) / 8 - 0.5
    worn = wear(np.full((640, 640, 3), 128, np.uint8), large, filter_).astype(float)
    averaged = worn.reshape(80, 8, 80, 8, 3).mean((1, 3))
    tiny = wear(np.full((80, 80, 3), 128, np.uint8), small, filter_)
    assert np.abs(tiny - averaged).mean() < 2.0


def test_landmarks_far_outside_and_huge_faces_leave_a_picture_of_the_same_shape(filter_):
    for face in (face_of(centre=(1e7, -1e7)), 1e5 * face_shape(), 1e-5 * face_shape()):
        assert wear(GREY, face, filter_).shape == GREY.shape


def test_any_68_points_are_worn_without_an_error(filter_):
    rng = np.random.default_rng(0)
    for scale in (1, 30, 300):
        for _ in range(5):
            wear(GREY, rng.normal(300, scale, (68, 2)), filter_)


@pytest.mark.parametrize(
    "image, landmarks, said",
    [
        (GREY[..., 0], face_of(), "RGB uint8"),
        (GREY.astype(float), face_of(), "RGB uint8"),
        (GREY, face_of()[:5], r"\[68, 2\]"),
        (GREY, np.full((68, 2), np.nan), "finite"),
    ],
)
def test_other_shapes_and_types_are_refused(image, landmarks, said):
    with pytest.raises(ValueError, match=said):
        wear(image, landmarks, load_filter("hat"))


# The files.


@pytest.fixture
def own(tmp_path):
    """A reader's own filter in a folder of its own: own(change) writes it and gives its path."""
    shutil.copy(GALLERY / "glasses.png", tmp_path / "mine.png")
    text = (
        '[[piece]]\nartwork = "mine.png"\nhang = "similarity"\n'
        "landmarks = [36, 45]\nat = [[134, 104], [378, 104]]\n"
    )

    def write(before="", after=""):
        assert before in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(before, after, 1) if before else text + after, "utf-8")
        return path

    return write


def test_a_readers_own_filter_needs_a_toml_file_and_a_picture_alone(own):
    mine = load_filter(own())
    assert mine.name == "mine"
    assert (wear(GREY, face_of(), mine) == wear(GREY, face_of(), load_filter("glasses"))).all()


@pytest.mark.parametrize("way", ["similarity", "pose", "mesh"])
def test_artwork_that_was_painted_anew_is_worn_from_the_next_load_on(own, way):
    path = own('"similarity"', f'"{way}"')
    before = changed(GREY, wear(GREY, face_of(), load_filter(path)))
    Image.new("RGBA", (512, 208), "red").save(path.with_name("mine.png"))
    after = changed(GREY, wear(GREY, face_of(), load_filter(path)))
    assert (after & ~before).sum() > before.sum() / 4


def test_a_filter_put_beside_the_others_has_a_name(own, tmp_path, monkeypatch):
    own()
    monkeypatch.setattr("helpers.filters.files.GALLERY", tmp_path)
    assert filter_names() == ["mine"] and load_filter("mine").name == "mine"


@pytest.mark.parametrize(
    "before, after, said",
    [
        ('"similarity"', '"pse"', "piece 1: hang must be one of similarity, pose, mesh, not pse"),
        ("landmarks = [36, 45]\n", "", "landmarks is missing"),
        ("[36, 45]", "[36, 99]", "landmarks must be two landmarks from 0 to 67"),
        ("[36, 45]", "[36, 36]", "landmarks must be"),
        ("[36, 45]", "[36]", "landmarks must be"),
        ("[36, 45]", "[[36, 45], [45, 36]]", "landmarks must be"),
        ("[36, 45]", "[true, 45]", "landmarks must be"),
        ("[36, 45]", "36", "landmarks must be"),
        ("[36, 45]", "[[], 45]", "landmarks must be"),
        ("[378, 104]", "[134, 104]", "at must be two points"),
        ("[378, 104]", "[378]", "at must be two points"),
        ("[378, 104]", '["a", 104]', "at must be two points"),
        ("[378, 104]", "[nan, 104]", "at must be two points"),
        ("mine.png", "other.png", "other.png: there is no such file"),
        ("mine.png", "mine.toml", "mine.toml: not a picture"),
        ("[[piece]]", "[piece]", r"needs at least one \[\[piece\]\]"),
        ("[[piece]]", "colour = 3\n[[piece]]", "does not know colour"),
        ("", "bend = 20\n", 'bend is nothing that hang = "similarity" knows'),
        ("", "mouth_open = [0.2, 0.1]\n", "mouth_open must be two numbers, the smaller first"),
        ("", "mouth_open = 3\n", "mouth_open must be"),
        ("[36, 45]", "[36, 45", "not a TOML file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_sentence(own, before, after, said):
    with pytest.raises(ValueError, match=said) as caught:
        load_filter(own(before, after))
    assert "mine.toml: " in str(caught.value) and "\n" not in str(caught.value)


def test_a_number_that_is_none_is_said(own):
    text = own('"similarity"', '"pose"').read_text("utf-8")
    path = own()
    path.write_text(text + 'lean = "much"\n', "utf-8")
    with pytest.raises(ValueError, match=r"lean must be a number, not much"):
        load_filter(path)


def test_an_unknown_name_is_answered_with_those_that_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"no filter monocle: there are .*glasses"):
        load_filter("monocle")
    with pytest.raises(ValueError, match=r"mine\.toml: cannot be read"):
        load_filter(tmp_path / "mine.toml")


def test_every_file_of_the_gallery_belongs_to_a_filter_and_has_clear_ground():
    named = {
        line.split('"')[1]
        for path in GALLERY.glob("*.toml")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("artwork")
    }
    assert named == {path.name for path in GALLERY.glob("*.png")}
    for name in named:
        assert (GALLERY / name).stat().st_size < 120_000
        with Image.open(GALLERY / name) as opened:
            opacity = np.asarray(opened.convert("RGBA"))[..., 3]
        assert opacity.max() > 200
        assert (opacity == 0).mean() > 0.1


# The shell.


@pytest.fixture
def photograph(tmp_path):
    person = sample_person(np.random.default_rng(3))
    picture, marks = draw_person(person, View(), shape=(300, 320), face_width=110)
    path = tmp_path / "in.png"
    Image.fromarray(picture).save(path)
    return path, picture, marks


def test_the_shell_puts_a_filter_on_the_faces_of_a_picture(photograph, tmp_path, capsys):
    path, picture, marks = photograph
    out = tmp_path / "out.png"
    shell.main([str(path), str(out), "--filter", "sunglasses", "--weights", "free"])
    assert "out.png: 1 face\n" in capsys.readouterr().out
    worn = np.asarray(Image.open(out))
    x, y = np.rint(marks[36:42].mean(0)).astype(int)
    assert worn.shape == picture.shape and worn[y, x].max() < 90
    expected = changed(picture, wear(picture, marks, load_filter("sunglasses")))
    assert (changed(picture, worn) & expected).sum() > 0.8 * expected.sum()


def test_the_shell_lists_the_filters(capsys):
    shell.main(["--list"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == filter_names()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["none.png", "out.png", "--filter", "hat"], r"none\.png: there is no such file"),
        (["in.png", "out.png", "--filter", "monocle"], "no filter monocle"),
        (["in.png", "in.png", "--filter", "hat"], r"in\.png: is the file to read"),
        (["in.png", "out.what", "--filter", "hat"], r"out\.what: must end as a picture does"),
        (["in.png", "out.psd", "--filter", "hat"], r"out\.psd: must end as a picture does"),
        (["text.png", "out.png", "--filter", "hat"], r"text\.png: not a picture"),
        (["cut.jpg", "out.jpg", "--filter", "hat"], r"cut\.jpg: not a picture"),
        (["text.png", "out.mp4", "--filter", "hat"], r"text\.png: .*clip"),
    ],
)
def test_the_shell_says_in_one_sentence_what_is_wrong(
    photograph, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("no picture")
    Image.fromarray(photograph[1]).save("cut.jpg")
    Path("cut.jpg").write_bytes(Path("cut.jpg").read_bytes()[:2000])
    with pytest.raises(SystemExit, match=said):
        shell.main(arguments)
    assert not Path("out.png").exists()


def test_a_clip_is_handed_on_to_the_room_for_video(tmp_path, monkeypatch, capsys):
    clip, calls = tmp_path / "clip.mp4", []
    clip.write_bytes(b"a clip")

    def filtered(source, target, draw, landmarker):
        calls.append((source, target, draw(GREY, [])))
        return Report(frames=3, faces=1, fps=25.0)

    monkeypatch.setattr(shell, "filtered", filtered)
    out = tmp_path / "out.mp4"
    shell.main([str(clip), str(out), "--filter", "hat", "--weights", "free"])
    assert calls[0][:2] == (clip, out) and (calls[0][2] == GREY).all()
    assert "3 frames" in capsys.readouterr().out


def test_no_triangle_of_the_mesh_crosses_the_rim_of_an_eye_or_of_the_mouth():
    """One that did would show as specks in a dark mouth."""
    _, triangles = mesh_3d()
    edges = {frozenset(pair) for t in triangles.tolist() for pair in itertools.combinations(t, 2)}
    for ring in (range(36, 42), range(42, 48), range(60, 68)):
        sides = itertools.pairwise([*ring, ring[0]])
        assert [side for side in sides if frozenset(side) not in edges] == []


def test_a_jpeg_with_a_second_picture_in_it_is_a_picture_and_no_clip(tmp_path, capsys):
    """Telephones store a second one, of the same scene in other tones (MPO)."""
    picture = Image.fromarray(draw_person(sample_person(np.random.default_rng(1)), seed=1)[0])
    picture.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[picture])
    with Image.open(tmp_path / "a.jpg") as opened:
        assert opened.format == "MPO" and opened.n_frames == 2
    out = tmp_path / "b.jpg"
    shell.main([str(tmp_path / "a.jpg"), str(out), "--filter", "sunglasses", "--weights", "free"])
    assert "1 face" in capsys.readouterr().out
