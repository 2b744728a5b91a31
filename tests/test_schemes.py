"""Any set of points: a scheme is read, written, guessed and checked, and everything follows it."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from synthetic import MIRRORED, make_faces, schematic_face

from helpers import guess_scheme as guessing
from helpers.augment import Augment
from helpers.boxes import upright
from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.crop import crop_matrix, move
from helpers.dataset import FaceLandmarksDataset
from helpers.draw import paint, paint_pair, paint_scheme
from helpers.filters import __main__ as filters_shell
from helpers.formats import numbered
from helpers.guess_scheme import doubtful_partners, guess_scheme, scheme_for
from helpers.heatmap import HeatmapNet, heatmap_loss
from helpers.landmarks import (
    IBUG,
    NO_PARTNER,
    PALETTE,
    Scheme,
    laid_on,
    load_scheme,
    mirrored,
    scheme_from,
    write_scheme,
)
from helpers.metrics import mean_face, nme, part_errors, point_errors
from helpers.model import LandmarkNet
from helpers.people import View, draw_person, sample_person
from helpers.people.extra import EXTRA, HAIRLINE, extra_points
from helpers.pose import yaw
from helpers.predict import Landmarker
from helpers.train import LOSSES, Recipe
from helpers.train.__main__ import main as train_shell
from helpers.train.losses import of_known_points
from helpers.train.recipe import go_on
from helpers.video import Tracker

FIVE = load_scheme("5")
EARED = scheme_from(  # two eyes, a nose, and an ear that the other side lacks
    {
        "name": "eared",
        "points": ["right eye", "nose", "ear", "left eye"],
        "mirror": [["right eye", "left eye"]],
        "one_sided": ["ear"],
        "normaliser": {"name": "eye distance", "right": "right eye", "left": "left eye"},
        "parts": {"eyes": {"points": [0, 3]}},
    }
)


@some.composite
def schemes(draw):
    """Any scheme: names of any letters, partners at random, some without."""
    count = draw(some.integers(1, 9))
    text = some.text(some.characters(exclude_categories=["Cs"]), max_size=8)
    names = draw(some.lists(text, min_size=count, max_size=count, unique=True))
    order = draw(some.permutations(range(count)))
    mirror = list(range(count))
    for one, other in zip(order[::2], order[1::2], strict=False):
        kind = draw(some.sampled_from(["pair", "alone", "midline"]))
        if kind == "pair":
            mirror[one], mirror[other] = other, one
        elif kind == "alone":
            mirror[one] = NO_PARTNER
    group = some.lists(some.integers(0, count - 1), min_size=1, max_size=4).map(tuple)
    parts = draw(some.dictionaries(text, group, max_size=3))
    number = some.floats(-2, 2)
    sides = ((order[0],), (order[-1],)) if count > 1 and draw(some.booleans()) else None
    return Scheme(
        name=draw(text),
        points=tuple(names),
        mirror=tuple(mirror),
        parts=parts,
        colours=dict.fromkeys(parts, draw(some.sampled_from(PALETTE))),
        lines=tuple(draw(some.lists(group, max_size=2))),
        normaliser=sides,
        unit=draw(text) if sides else Scheme.unit,
        box=draw(some.none() | some.tuples(some.floats(0.5, 3), number)),
        shape=draw(some.none() | some.just(((0.25, -1.5),) * count)),
    )


@given(schemes())
def test_a_scheme_comes_back_from_its_file_unchanged(tmp_path_factory, scheme):
    path = tmp_path_factory.mktemp("scheme") / "any.toml"
    write_scheme(scheme, path)
    assert load_scheme(path) == scheme
    assert scheme_from(scheme.data()) == scheme


@given(schemes(), some.integers(0, 2**32 - 1))
def test_a_face_flipped_twice_is_the_face_but_for_points_without_partner(scheme, seed):
    face = np.random.default_rng(seed).uniform(0, 63, (len(scheme), 2)).astype(np.float32)
    kept = face.copy()
    kept[scheme.one_sided] = np.nan
    twice = mirrored(mirrored(face, 64, scheme), 64, scheme)
    np.testing.assert_allclose(twice, kept, atol=1e-4)

    flip = Augment(64, partners=scheme.mirror)
    pictures, points = torch.zeros(1, 1, 64, 64, dtype=torch.uint8), torch.from_numpy(face)[None]
    _, once = flip.apply(pictures, points, flip=True)
    np.testing.assert_allclose(once[0], mirrored(face, 64, scheme), atol=1e-3)
    _, back = flip.apply(pictures, once, flip=True)
    np.testing.assert_allclose(back[0], kept, atol=1e-3)


def test_the_68_are_those_of_ibug_and_the_others_are_some_of_them():
    assert list(IBUG.mirror) == MIRRORED
    assert IBUG.normaliser == ((36,), (45,))
    assert sorted(i for part in IBUG.parts.values() for i in part) == list(range(68))
    assert IBUG.indices(load_scheme("51").points) == list(range(17, 68))
    assert IBUG.indices(FIVE.points) == [45, 42, 36, 39, 33]
    for name in ("51", "5"):
        small = load_scheme(name)
        there = IBUG.indices(small.points)
        partners = [there.index(IBUG.mirror[i]) for i in there]
        assert list(small.mirror) == partners


def test_the_five_are_in_the_order_of_dlibs_small_model():
    """The places of its parts 0 to 4 in dlib's face chips (`get_face_chip_details`)."""
    chip = [(0.860, 0.213), (0.646, 0.229), (0.121, 0.214), (0.334, 0.229), (0.490, 0.628)]
    assert guess_scheme([chip]) == FIVE


def test_points_may_be_counted_instead_of_named():
    scheme = scheme_from({"points": 3, "mirror": [[0, 2]], "parts": {"all": {"points": [0, 1, 2]}}})
    assert (scheme.points, scheme.mirror) == (("00", "01", "02"), (2, 1, 0))
    assert scheme.length(np.array([[[0.0, 0], [4, 0], [4, 9]]])) == pytest.approx(6)  # of the box


BROKEN = {
    "points = [": "not a TOML file",
    "points = ['a', 'a']": "points, each with a name of its own",
    "points = 2\nmirror = [[0, 5]]": "no point 5|a point 5",
    "points = 2\nmirror = [[0, -2]]": "a point -2",
    "points = ['a', 'b']\nmirror = [['a', 'c']]": "'c' is missing",
    "points = 3\nmirror = [[0, 1], [1, 2]]": "each point in one at most",
    "points = 3\nmirror = [[0, 1, 2]]": "needs pairs",
    "points = 2\none_sided = [1]\nmirror = [[0, 1]]": "each point in one at most",
    "points = 2\nnormaliser = { right = [0], left = [0] }": "on each side",
    "points = 2\nnormaliser = { right = [0] }": "'left' is missing",
    "points = 2\nlines = [[0, 2]]": "no point 2",
    "points = 2\nlines = [[0, true]]": "names or whole numbers",
    "points = 2\n[parts.eyes]\npoints = [0]\ncolour = [0, 0, 256]": "three whole numbers",
    "points = 2\nshape = [[0, 0]]": "shape needs 2 points",
    "points = 2\nmirrors = []": "has no 'mirrors'",
    "points = 'ab'": "a list of names",
    "points = 2\nparts = 5": "not of its kind",
}


@pytest.mark.parametrize("text, told", BROKEN.items(), ids=range(len(BROKEN)))
def test_a_file_that_is_no_scheme_is_refused_in_one_sentence_that_names_it(tmp_path, text, told):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=told) as error:
        load_scheme(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value).strip()


def test_a_missing_file_is_told_with_the_schemes_that_ship(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.toml: no such scheme; .* 5, 51, 68"):
        load_scheme(tmp_path / "gone.toml")


def test_partners_that_are_not_mutual_are_refused():
    with pytest.raises(ValueError, match="'b' mirrors 'a', but not the other way round"):
        Scheme("wrong", ("a", "b", "c"), (1, 2, 0))


def crowd(points, count=40, missing=0.0, seed=0):
    """Faces [count, k, 2] alike but for noise, size, place and a tilt of the head."""
    rng = np.random.default_rng(seed)
    faces = []
    for _ in range(count):
        angle, size = np.radians(rng.normal(0, 10)), rng.uniform(40, 90)
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        faces.append((points + rng.normal(0, 0.01, points.shape)) @ turn.T + rng.uniform(0, 200, 2))
    found = np.array(faces)
    found[rng.random(found.shape[:2]) < missing] = np.nan
    return found


@pytest.mark.parametrize("missing", [0, 0.3])
def test_mirror_partners_are_found_in_any_order(missing):
    order = np.random.default_rng(1).permutation(68)
    faces = crowd(schematic_face()[order], missing=missing)
    found = guess_scheme(faces, points=[str(i) for i in order])
    at = {point: k for k, point in enumerate(order)}
    assert list(found.mirror) == [at[MIRRORED[point]] for point in order]
    right, left = (side[0] for side in found.normaliser)
    assert np.nanmean(faces[:, right, 0]) < np.nanmean(faces[:, left, 0])  # as one looks at a face
    assert found.mirror[right] == left


def test_errors_are_divided_by_a_distance_that_most_faces_have():
    shape = schematic_face()
    faces = crowd(shape)
    steady = guess_scheme(faces, points=[f"p{i}" for i in range(68)]).normaliser
    faces[3:, steady[0][0]] = np.nan
    guessed = guess_scheme(faces, points=[f"p{i}" for i in range(68)]).normaliser
    pair = [side[0] for side in guessed]
    assert guessed != steady and np.isfinite(faces[:, pair]).all()


def test_a_point_that_the_other_side_lacks_has_no_partner():
    points = np.array([[-0.2, -0.2], [0, 0.1], [-0.45, 0.0], [0.2, -0.2]])
    assert guess_scheme(crowd(points)).mirror == EARED.mirror


def test_faces_of_a_scheme_that_ships_are_known():
    shape = np.array(load_scheme("51").shape)
    assert guess_scheme(crowd(shape)).name == "51"
    assert guess_scheme(crowd(shape[::-1])).name == "guessed"


def test_a_wrong_table_of_partners_is_noticed():
    faces = crowd(np.array(FIVE.shape))
    assert doubtful_partners(FIVE, faces) == []
    swapped = replace(FIVE, mirror=(1, 0, 3, 2, 4))
    assert doubtful_partners(swapped, faces)


def test_guessing_from_what_are_no_faces_is_refused():
    with pytest.raises(ValueError, match=r"\[n, k, 2\]"):
        guess_scheme(np.zeros((3, 2)))
    nowhere = crowd(np.array(FIVE.shape))
    nowhere[:, 3] = np.nan
    with pytest.raises(ValueError, match="point 3 is missing in every face"):
        guess_scheme(nowhere)


def test_missing_points_are_left_out_of_the_error():
    truth = np.array([[[0.0, 0], [5, 5], [9, 9], [10, 0]]] * 3)
    predicted = truth + np.array([1, 0])
    predicted[0, 1] += (90, 0)
    truth[0, 1] = np.nan
    truth[2, 0] = np.nan  # of the normaliser
    errors = point_errors(predicted, truth, scheme=EARED)
    np.testing.assert_allclose(errors[0], [10, np.nan, 10, 10])
    np.testing.assert_allclose(nme(predicted, truth, scheme=EARED), [10, 10, np.nan])
    assert part_errors(errors, EARED) == {"eyes": pytest.approx(10)}


def test_what_is_broken_rather_than_missing_is_refused():
    truth = np.array([[[0.0, 0], [5, 5], [9, 9], [10, 0]]] * 2)
    for value, told in (((np.nan, 3), "truth landmarks of face 1"), ((np.inf, 3), "face 1")):
        wrong = truth.copy()
        wrong[1, 2] = value
        with pytest.raises(ValueError, match=told):
            nme(truth, wrong, scheme=EARED)
    with pytest.raises(ValueError, match="predicted landmarks of face 0"):
        nme(truth * np.nan, truth, scheme=EARED)
    with pytest.raises(ValueError, match="All points of face 0 are missing"):
        nme(truth, truth * np.nan, scheme=EARED)
    with pytest.raises(ValueError, match="inter-pupil distances need the 68 points"):
        nme(truth, truth, "inter-pupil", EARED)


@pytest.mark.parametrize("name", [*LOSSES, "maps"])
def test_the_loss_is_that_of_the_known_points_and_their_gradient_is_finite(name):
    torch.manual_seed(0)
    targets = torch.rand(3, 8) - 0.5
    answers = (torch.rand(3, 8) - 0.5).requires_grad_()
    maps = torch.rand(3, 4, 8, 8)
    loss = LOSSES.get(name, heatmap_loss)
    outputs = (answers, maps) if name == "maps" else answers
    whole = of_known_points(loss, outputs, targets)
    assert whole == loss(outputs, targets)
    for row in range(3):
        targets[row, 2 * row : 2 * row + 2] = torch.nan
    known = of_known_points(loss, outputs, targets)
    known.backward()
    assert known.isfinite() and answers.grad.isfinite().all()
    assert ((answers.grad == 0) == targets.isnan()).all()
    kept = ~targets.isnan()
    some_points = answers.detach()[kept][None]
    some_maps = maps[kept[:, ::2]][None]
    expected = loss(
        (some_points, some_maps) if name == "maps" else some_points, targets[kept][None]
    )
    torch.testing.assert_close(known.detach(), expected)


@pytest.fixture(scope="module")
def five_faces(tmp_path_factory):
    """Cartoon faces with dlib's five points, one of which is missing here and there."""
    found = []
    for index, face in enumerate(make_faces(tmp_path_factory.mktemp("faces"), 44)):
        points = face.landmarks[IBUG.indices(FIVE.points)]
        if index % 4 == 0:
            points[index % 5] = np.nan
        found.append(replace(face, landmarks=points))
    return found


def test_a_face_without_points_or_with_others_is_refused_by_its_picture(five_faces, data):
    gone = replace(five_faces[1], landmarks=np.full((5, 2), np.nan, np.float32))
    other = replace(five_faces[2], landmarks=np.zeros((6, 2), np.float32))
    with pytest.raises(ValueError, match=r"face_0001\.png: all points of a face are missing"):
        FaceLandmarksDataset([five_faces[0], gone], 32)
    with pytest.raises(ValueError, match=r"face_0002\.png: has 6 points, others of its list 5"):
        FaceLandmarksDataset([five_faces[0], other], 32)


def test_the_mean_face_is_that_of_known_points(five_faces, data):
    dataset = FaceLandmarksDataset(five_faces, 32)
    assert dataset.mean_face().isfinite().all()
    assert torch.isnan(dataset.landmarks).any()
    in_boxes = mean_face(five_faces)
    canvas = (in_boxes / 1.5 + 0.5) * 32 - 0.5
    np.testing.assert_allclose(dataset.mean_face(), canvas, atol=0.01)


@pytest.mark.parametrize("network", ["LandmarkNet", "HeatmapNet"])
def test_a_network_learns_five_points_and_its_checkpoint_says_which(
    five_faces, data, tmp_path, network
):
    out = tmp_path / "five.pt"
    recipe = Recipe(network, width=8, size=32, batch_size=8, loss="L1")
    history = recipe.train(five_faces, 2, out, device="cpu")
    assert np.isfinite([list(line.values()) for line in history]).all()
    landmarker = Landmarker.load(out, "cpu")
    assert landmarker.scheme.points == FIVE.points
    np.testing.assert_allclose(landmarker.scheme.shape, mean_face(five_faces[:40]), atol=0.02)
    picture = np.zeros((100, 120, 3), np.uint8)
    assert landmarker.landmarks(picture, [(30, 20, 50, 50)], mirror=True).shape == (1, 5, 2)
    assert landmarker.landmarks(picture, []).shape == (0, 5, 2)
    trust = landmarker.trust(picture, landmarker.landmarks(picture, [(30, 20, 50, 50)]))
    assert trust.shape == (1,)


def test_crops_are_wide_enough_for_points_outside_the_box(five_faces, data, tmp_path):
    recipe = Recipe(width=8, size=32, batch_size=8)
    recipe.train(five_faces, 1, tmp_path / "in.pt", device="cpu")
    high = [
        replace(face, landmarks=face.landmarks - np.float32([0, 0.6 * face.box[3]]))
        for face in five_faces
    ]
    recipe.train(high, 1, tmp_path / "out.pt", device="cpu", scheme=FIVE)
    inside, outside = (load_checkpoint(tmp_path / f"{name}.pt") for name in ("in", "out"))
    assert inside[1]["margin"] == 1.5
    network, about = outside
    assert about["margin"] > 2 * np.abs(network.scheme.shape).max()


def test_a_recipe_refuses_faces_with_other_points_than_the_schemes(five_faces, data, tmp_path):
    with pytest.raises(ValueError, match=r"\.png: has 5 points, the scheme 'eared' 4\."):
        Recipe(width=8, size=32).train(five_faces, 1, tmp_path / "x.pt", scheme=EARED)


def test_a_checkpoint_without_a_scheme_is_of_the_68(tmp_path):
    path = tmp_path / "old.pt"
    save_checkpoint(LandmarkNet(8, 32), path)
    saved = torch.load(path, weights_only=True)
    del saved["scheme"]
    torch.save(saved, path)
    assert load_checkpoint(path)[0].scheme == IBUG
    assert Landmarker.load("free", "cpu").scheme == IBUG


def test_an_exported_network_carries_its_scheme(tmp_path):
    from helpers.export import export

    save_checkpoint(LandmarkNet(8, 32, EARED), tmp_path / "eared.pt")
    export(tmp_path / "eared.pt", tmp_path / "eared.onnx")
    landmarker = Landmarker.load(tmp_path / "eared.onnx")
    assert landmarker.scheme == EARED
    picture = np.zeros((60, 60, 3), np.uint8)
    assert landmarker.landmarks(picture, [(10, 10, 40, 40)], passes=1).shape == (1, 4, 2)


@pytest.mark.parametrize("kind", [LandmarkNet, HeatmapNet])
def test_going_on_keeps_the_backbone_and_the_rows_of_points_with_the_same_name(tmp_path, kind):
    torch.manual_seed(1)
    old = kind(8, 32).eval()
    save_checkpoint(old, tmp_path / "68.pt")
    mine = Scheme("mine", ("pupil", "nose 6", "left eye 3"), (0, 1, 2))
    new = kind(8, 32, mine).eval()
    go_on(tmp_path / "68.pt", new, torch.full((3, 2), 16.0))
    pictures = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        there, here = old(pictures).view(2, 68, 2), new(pictures).view(2, 3, 2)
    torch.testing.assert_close(here[:, 1:], there[:, IBUG.indices(["nose 6", "left eye 3"])])
    torch.testing.assert_close(new.stem[0].weight, old.stem[0].weight)
    if kind is LandmarkNet:
        assert here[:, 0].abs().max() < 0.2  # near the middle of the canvas, as on the mean face


@given(
    arrays(float, (5, 2), elements=some.floats(-0.4, 0.4)),
    *(some.floats(5, 300), some.floats(-170, 170), some.tuples(*[some.floats(-50, 400)] * 2)),
)
@settings(deadline=None)
def test_the_box_goes_with_the_mean_face_however_the_face_lies(shape, side, angle, centre):
    """Where the landmarks are the mean face in a turned box, that box and angle are found."""
    if np.ptp(shape, axis=0).max() < 0.05:
        return
    scheme = replace(FIVE, shape=tuple(map(tuple, shape)))
    corner = np.asarray(centre) - (side - 1) / 2
    level = crop_matrix((*corner, side, side), 1, 1, angle)
    inverse = np.linalg.inv(np.vstack([level, [0, 0, 1]]))[:2]
    box, found = upright(move(shape, inverse), scheme)
    np.testing.assert_allclose(box, [*corner, side, side], atol=0.02)
    np.testing.assert_allclose((found - angle + 180) % 360 - 180, 0, atol=0.05)


def test_where_faces_cannot_be_levelled_one_pass_is_made_and_a_sentence_says_so(tmp_path, capsys):
    save_checkpoint(LandmarkNet(8, 32, Scheme("nose", ("nose",), (0,))), tmp_path / "nose.pt")
    landmarker = Landmarker.load(tmp_path / "nose.pt", "cpu")
    assert "nose.pt: its scheme 'nose' has neither" in capsys.readouterr().out
    picture = np.zeros((60, 60, 3), np.uint8)
    found = landmarker.landmarks(picture, [(10, 10, 40, 40)])
    assert found.shape == (1, 1, 2) and landmarker.trust(picture, found) == pytest.approx(1)


def test_a_mirror_image_tells_nothing_of_a_point_without_partner():
    torch.manual_seed(0)
    landmarker = Landmarker(LandmarkNet(8, 32, EARED), device="cpu")
    grey = np.random.default_rng(0).integers(0, 256, (60, 60), dtype=np.uint8)
    one, other = landmarker.predict_both(grey, np.array([(10, 10, 40, 40)]), mirror=True)
    same = np.isclose(one, other).all(2)[0]
    assert same.tolist() == [False, False, True, False]


def test_missing_points_are_not_drawn_and_lines_are():
    picture = np.zeros((80, 80, 3), np.uint8)
    points = np.array([[20.0, 20], [40, 40], [60, 60], [60, 20]])
    scheme = replace(EARED, lines=((0, 3),))
    whole = paint(picture, points, scheme=scheme)
    assert whole[40, 40].any() and not whole[20, 40].any()
    assert paint(picture, points, scheme=scheme, lines=True)[20, 40].any()
    points[1] = np.nan
    assert not paint(picture, points, scheme=scheme)[40, 40].any()
    assert paint_pair(picture, points, points + 3).any()
    assert not paint(picture, np.zeros((0, 68, 2))).any()
    with pytest.raises(ValueError, match="4 landmarks are not the 5 of '5'"):
        paint(picture, points, scheme=FIVE)


def test_a_scheme_can_be_looked_at():
    picture = paint_scheme(FIVE, 200)
    assert picture.shape == (200, 200, 3)
    for part, colour in FIVE.colours.items():
        assert (picture == colour).all(2).any(), part
    with pytest.raises(ValueError, match="'eared' has no mean face"):
        paint_scheme(EARED)


def test_the_shell_trains_some_of_the_68_and_refuses_what_does_not_fit(
    make_folder, data, tmp_path, capsys
):
    folder = str(make_folder("one", train=40, test=8))
    words = ["--faces", folder, "--epochs", "1", "--size", "32", "--width", "8"]
    words += ["--batch-size", "8", "--out", str(tmp_path / "5.pt")]
    train_shell([*words, "--scheme", "5"])
    assert "of inter-ocular distance" in capsys.readouterr().out
    assert load_checkpoint(tmp_path / "5.pt")[0].scheme.points == FIVE.points
    write_scheme(EARED, tmp_path / "eared.toml")
    with pytest.raises(SystemExit, match=r"has 68 points, the scheme 'eared' 4"):
        train_shell([*words, "--scheme", str(tmp_path / "eared.toml")])


def test_the_shell_prints_what_it_guesses_and_its_guess_can_be_written(
    five_faces, data, tmp_path, capsys, monkeypatch
):
    four = [replace(face, landmarks=face.landmarks[[4, 1, 0, 3]]) for face in five_faces]
    monkeypatch.setattr("helpers.train.__main__.load_faces", lambda *_: four)
    monkeypatch.setattr(guessing, "load_faces", lambda *_: four)
    words = ["--faces", "mine", "--epochs", "1", "--size", "32", "--width", "8"]
    train_shell([*words, "--batch-size", "8", "--out", str(tmp_path / "4.pt")])
    told = capsys.readouterr().out
    assert "Scheme guessed: 4 points; mirror partners 01 - 03;" in told
    assert "distance of 03 and 01" in told
    guessing.main(["mine", str(tmp_path / "mine.toml")])
    assert load_scheme(tmp_path / "mine.toml").mirror == (0, 3, NO_PARTNER, 1)
    assert (tmp_path / "mine.png").exists()
    assert tomllib.loads((tmp_path / "mine.toml").read_text())["one_sided"] == [2]
    (tmp_path / "photo.png").write_bytes(b"a photograph")
    for name, told in [
        ("photo.toml", "photo.png: is there already"),
        ("x.png", "must end in .toml"),
    ]:
        with pytest.raises(SystemExit, match=told):
            guessing.main(["mine", str(tmp_path / name)])
    assert (tmp_path / "photo.png").read_bytes() == b"a photograph"


def test_what_needs_the_68_says_so(tmp_path):
    picture = tmp_path / "one.png"
    draw = np.zeros((40, 40, 3), np.uint8)
    from PIL import Image

    Image.fromarray(draw).save(picture)
    save_checkpoint(LandmarkNet(8, 32, FIVE), tmp_path / "five.pt")
    words = [str(picture), str(tmp_path / "out.png"), "--weights", str(tmp_path / "five.pt")]
    with pytest.raises(SystemExit, match=r"filters need the 68 points .* the 5 of '5'"):
        filters_shell.main([*words, "--filter", "dog"])
    with pytest.raises(ValueError, match="faces that are followed need the 68"):
        Tracker(Landmarker.load(tmp_path / "five.pt", "cpu"))
    with pytest.raises(ValueError, match=r"A yaw needs the 68 points"):
        yaw(np.zeros((2, 5, 2)))


@pytest.mark.parametrize("seed", range(3))
def test_a_generated_pupil_is_within_its_eye_and_an_ear_beside_the_face(seed):
    person = replace(sample_person(np.random.default_rng(seed)), long=0.0)
    settings = {"view": View(roll=10), "seed": seed, "shape": (240, 240), "face_width": 120}
    _, marks = draw_person(person, **settings)
    found = dict(zip((*EXTRA, HAIRLINE), extra_points(person, **settings), strict=True))
    for side in ("right", "left"):
        eye = marks[list(IBUG.parts[f"{side} eye"])]
        assert np.linalg.norm(found[f"{side} pupil"] - eye.mean(0)) < 5
    across = marks[45] - marks[36]
    for side, edge in (("right", marks[:5]), ("left", marks[12:17])):
        away = np.linalg.norm(found[f"{side} ear lobe"] - edge, axis=1).min()
        assert away < 0.3 * np.linalg.norm(across)
    down = np.array([-across[1], across[0]])
    assert found[HAIRLINE] @ down < min(marks[17:27] @ down)


def test_generated_points_that_are_not_seen_are_missing():
    person = replace(sample_person(np.random.default_rng(0)), long=0.0)
    turned = extra_points(person, list(EXTRA), View(yaw=50), shape=(240, 240), face_width=120)
    assert np.isnan(turned).any(1).sum() in (1, 2)
    assert not np.isnan(turned[[0, 1]]).all()
    asleep = extra_points(person, list(EXTRA), View(eyes_closed=1), shape=(240, 240))
    assert np.isnan(asleep).any(1).tolist() == [True, True, False, False]
    long = extra_points(replace(person, long=1.0), list(EXTRA), View(), shape=(240, 240))
    assert np.isnan(long).any(1).tolist() == [False, False, True, True]


def test_points_are_laid_on_others_by_those_that_are_known_in_both():
    here = np.random.default_rng(0).normal(size=(6, 2))
    turned = np.column_stack([-here[:, 1], here[:, 0]])
    expected = 3 * turned + np.array([20, -7])
    there = expected.copy()
    there[0] = here[5] = expected[5] = np.nan
    np.testing.assert_allclose(laid_on(here, there), expected, atol=1e-9)
    there[2:] = np.nan  # one alone: shifted, neither turned nor scaled
    np.testing.assert_allclose(laid_on(here, there), here + there[1] - here[1], atol=1e-9)
    np.testing.assert_array_equal(laid_on(here, there * np.nan), here)


def test_a_guessed_scheme_is_written_with_few_digits(tmp_path):
    faces = make_faces(tmp_path, 3)
    own = [replace(face, landmarks=face.landmarks[:7], names=numbered(7)) for face in faces]
    assert all(len(str(abs(value))) <= 6 for point in scheme_for(own).shape for value in point)
