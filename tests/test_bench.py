"""The benchmark: its figures repeat, its switches do what they say, its tables are its figures."""

import itertools
import json
import shutil
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
import torch

import bench.__main__ as shell
from bench import TRAININGS, customary, improve, london, scoreboard, trees
from bench.__main__ import Run
from bench.contenders import course, mean_face
from bench.kept import Trainings
from bench.record import record, this_machine
from helpers.annotations import read_faces, read_image
from helpers.dataset import load_faces
from helpers.metrics import auc, bootstrap, box_size, inter_ocular, inter_pupil, nme
from helpers.people import make_people
from helpers.pose import yaw
from helpers.sources import label_file
from helpers.train import TRIALS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_people(tmp_path_factory.mktemp("people"), train=50, test=6, seed=5)


@pytest.fixture(scope="module")
def lists(folder):
    """A training and a test list of a few demo people."""
    return tuple(read_faces(label_file(folder, part)) for part in ("train", "test"))


def figures(contender, lists):
    predicted, _ = contender.on(lists[1])
    return scoreboard.figures(predicted, lists[1], lists[0])


def test_the_customary_network_trained_twice_has_the_same_figures(lists, tmp_path):
    found = []
    for folder in ("one", "other"):
        told, path = customary.trained(
            *lists, customary.Defects(), tmp_path / folder, 0, size=32, steps=1
        )
        found.append((told | {"seconds": 0}, figures(customary.contender(path), lists)))
    assert found[0] == found[1]


def test_the_network_of_the_course_trained_twice_has_the_same_figures(lists, tmp_path):
    one, other = (course(lists[0], tmp_path / folder, 1, 32) for folder in ("one", "other"))
    assert [figures(c, lists) for c in one] == [figures(c, lists) for c in other]
    assert figures(one[0], lists) != figures(one[1], lists)  # the second pass does something


def test_the_trees_trained_twice_have_the_same_figures(lists, tmp_path):
    pytest.importorskip("dlib", reason="the peer is an extra of the benchmark")
    search = [trees.FIRST | {"cascade_depth": depth} for depth in (1, 2)]
    found = [trees.best(lists[0], tmp_path / folder, search) for folder in ("one", "other")]
    assert figures(found[0][0], lists) == figures(found[1][0], lists)
    assert found[0][1] == found[1][1]
    assert len(found[0][1]) == 2


def test_the_trees_with_more_photographs_learn_from_all_and_are_kept_apart(lists, tmp_path):
    pytest.importorskip("dlib")
    settings = trees.FIRST | {"cascade_depth": 1, "oversampling_amount": 2}
    few, rest = lists[0][:4], lists[0][4:]
    alone, _ = trees.best(few, tmp_path, [settings])
    together = trees.with_more(few, rest, tmp_path, settings)
    assert (alone.name, together.name) == (trees.NAME, f"{trees.NAME}, more photographs")
    assert alone.file != together.file
    errors = [figures(one, lists)["nme"][0] for one in (alone, together)]
    assert errors[1] < errors[0]  # as who has seen more of the same people


def test_a_data_set_named_twice_is_learned_from_twice_and_counted_once(lists, tmp_path):
    faces = lists[0]
    run = Run("one", faces, lists[1], tmp_path, tmp_path / "r.json", True, "demo", ["demo", "demo"])
    once = len(load_faces("train", "demo"))
    assert run.learn_from == ["demo"] * 4 and run.entries == 4 * once
    assert len(run.others) == once and run.data_sets == ["demo"]


def test_what_was_trained_is_not_trained_again(lists, tmp_path, monkeypatch):
    told, _ = customary.trained(*lists, customary.Defects(), tmp_path, 0, size=32, steps=1)
    course(lists[0], tmp_path, 1, 32)
    monkeypatch.setattr(customary, "train", None)
    monkeypatch.setattr("helpers.train.recipe.fit", None)
    again, _ = customary.trained(*lists, customary.Defects(), tmp_path, 0, size=32, steps=1)
    assert again == told
    course(lists[0], tmp_path, 1, 32)


def test_figures_of_the_customary_network_outlive_its_weights(lists, tmp_path, monkeypatch):
    kept = Trainings(tmp_path / "weights", tmp_path / "trainings.json", "lists")
    stands, wider = customary.Defects(), customary.Defects(raw_box=False)
    monkeypatch.setattr(customary, "on_haar_boxes", lambda predict, faces: {"found": len(faces)})

    def figures_of(defects):
        return customary.measured(*lists, defects, kept, 0, size=32, steps=1)

    once = [figures_of(defects) for defects in (stands, wider)]
    assert once[0]["haar"] == {"found": len(lists[1])} and "haar" not in once[1]
    shutil.rmtree(kept.weights)
    monkeypatch.setattr(customary, "train", None)  # would fail
    assert [figures_of(defects) for defects in (stands, wider)] == once


def test_a_customary_training_that_was_stopped_comes_to_the_same_figures(
    lists, tmp_path, monkeypatch
):
    def figures_of(folder):
        told, _ = customary.trained(*lists, customary.Defects(), tmp_path / folder, 0, 32, steps=7)
        return told | {"seconds": 0}

    monkeypatch.setattr(customary, "SAVED", 2)
    whole, steps = figures_of("whole"), customary._epoch
    assert (whole["steps"], whole["epochs"], len(whole["curve"])) == (8, 4, 4)  # of two steps each
    done = []

    def stopped(*settings):
        done.append(1)
        if len(done) == 4:
            raise KeyboardInterrupt
        steps(*settings)

    monkeypatch.setattr(customary, "_epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        figures_of("stopped")
    assert figures_of("stopped") == whole
    assert len(done) == 4 + 2  # the third epoch was not saved


def test_a_longer_customary_training_goes_on_where_a_shorter_one_ended(
    lists, tmp_path, monkeypatch
):
    def figures_of(folder, *lengths):
        for steps in lengths:
            told, _ = customary.trained(
                *lists, customary.Defects(), tmp_path / folder, 0, size=32, steps=steps
            )
        return told | {"seconds": 0}

    longer, epoch, done = figures_of("longer", 6), customary._epoch, []
    monkeypatch.setattr(customary, "_epoch", lambda *settings: done.append(1) or epoch(*settings))
    assert figures_of("both", 2, 6) == longer and len(done) == 3
    shorter = figures_of("both", 4)  # which has gone too far: it begins anew
    assert shorter == figures_of("shorter", 4) and len(shorter["curve"]) == 2


def test_a_leaking_split_leaks_and_the_other_does_not(lists):
    faces = lists[0]
    for leaking in (True, False):
        here, held = customary.split(faces, leaking, seed=0)
        shown = {faces[i].photograph for i in here}
        assert sorted([*here, *held]) == list(range(len(faces)))
        assert any(faces[i].photograph in shown for i in held) == leaking


@pytest.mark.parametrize("angle", [-10, 10])
@pytest.mark.parametrize("landmark", [0, 8, 16])
def test_landmarks_stay_under_the_picture_in_the_customary_rotation(
    angle, landmark, lists, tmp_path, monkeypatch
):
    """A white picture with a black dot at an end or the middle of the jaw: it moves along."""
    asked = []
    monkeypatch.setattr("random.uniform", lambda *ends: asked.append(ends) or angle)
    face = lists[0][0]
    picture = np.full_like(read_image(face.image), 255)
    centre = (16 * face.landmarks[landmark]).round().astype(int).tolist()  # in 16ths of a pixel
    cv2.circle(picture, centre, 4 * 16, (0, 0, 0), -1, cv2.LINE_AA, shift=4)
    face = replace(face, image=tmp_path / "dot.png")
    cv2.imwrite(str(face.image), picture)
    image, landmarks = customary.CustomaryDataset([face], 128, margin=1.5)[0]
    dark = np.argwhere((image[0] < -0.2).numpy() & inside_turned(128))
    expected = (landmarks[landmark].numpy() + 0.5) * 128
    # So far from the centre, a turn the wrong way is more than ten pixels off.
    assert np.abs(dark.mean(0)[::-1] - expected).max() < 0.6
    assert asked == [(-10, 10)]


def inside_turned(size):
    """Where a square turned by 10 degrees still covers itself: bool [size, size]."""
    at = np.abs(np.arange(size) - size / 2)
    return (at[:, None] < 0.42 * size) & (at < 0.42 * size)


@pytest.mark.parametrize("raw_box", [True, False])
def test_contenders_answer_in_pixels_of_the_photograph(raw_box, lists, tmp_path, monkeypatch):
    """A network that gives the data set's answer sees the data set's crop, and is exactly right."""
    face, defects = lists[1][0], customary.Defects(raw_box=raw_box)
    image, answer = customary.CustomaryDataset([face], 32, defects.margin, change=False)[0]
    seen = []

    class Knows(torch.nn.Module):
        def forward(self, images):
            seen.append(images)
            return answer.flatten()[None]

    monkeypatch.setattr(customary, "network", Knows)
    path = tmp_path / "knows.pt"
    figures = {"size": 32, "defects": asdict(defects), "seconds": 0}
    torch.save({"weights": {}, "figures": figures}, path)
    predicted, _ = customary.contender(path).on([face])
    np.testing.assert_allclose(predicted[0], face.landmarks, atol=1e-3)
    # OpenCV decodes to grey, Pillow to colours: half a grey level on average is far too much.
    assert float((seen[0][0] - image).abs().mean()) < 1 / 255


def test_a_contender_has_the_weights_that_its_figures_are_of(lists, tmp_path):
    told, path = customary.trained(*lists, customary.Defects(), tmp_path, 0, size=32, steps=1)
    predicted, _ = customary.contender(path).on(lists[1])
    errors = nme(predicted, [face.landmarks for face in lists[1]])
    assert errors.mean() == pytest.approx(told["test"], abs=0.01)


@pytest.mark.parametrize("partial", [True, False])
def test_a_partial_epoch_misses_faces_and_a_full_one_none(lists, tmp_path, monkeypatch, partial):
    train = lists[0]
    seen = []

    class Watched(customary.CustomaryDataset):
        def __getitem__(self, index):
            if self.change and len(self) > len(train) // 2:
                seen.append(index)
            return super().__getitem__(index)

    monkeypatch.setattr(customary, "CustomaryDataset", Watched)
    monkeypatch.setattr(customary, "BATCH", 8)
    defects = customary.Defects(partial_epochs=partial)
    customary.train(*lists, defects, tmp_path / "net.pt", tmp_path / "net.state", 0, 32, 1)
    shown = len(customary.split(train, True, 0)[0])
    assert len(seen) >= shown
    assert (len(set(seen)) == shown) != partial


def test_a_box_elsewhere_or_of_another_size_is_not_taken_for_the_face(lists, monkeypatch):
    face = lists[1][0]
    left, top, width, height = face.box
    right = [left + 2, top + 2, width, height]
    aside = [left - 3 * width, top, width, height]
    wrong = [aside, [left - width, top - width, 3 * width, 3 * width]]
    given = []

    def predict(_, box):
        given.append([float(value) for value in box])
        return face.landmarks

    monkeypatch.setattr(customary, "haar_boxes", lambda _: np.float32([*wrong, right]))
    assert customary.on_haar_boxes(predict, [face]) == {"label": 0, "haar": 0, "found": 1}
    assert given == [pytest.approx(face.box), pytest.approx(right)]
    monkeypatch.setattr(customary, "haar_boxes", lambda _: np.float32(wrong))
    assert customary.on_haar_boxes(predict, [face])["found"] == 0


def test_the_mean_face_is_the_mean_in_the_crop(lists):
    train = lists[0]
    predicted, _ = mean_face(train[:1]).on(train[:1])
    np.testing.assert_allclose(predicted[0], train[0].landmarks, atol=1e-3)


def test_figures_of_a_perfect_contender(lists):
    truth = np.stack([face.landmarks for face in lists[1]])
    perfect = scoreboard.figures(truth, lists[1], lists[0])
    assert perfect["nme"] == [0, 0, 0]
    assert perfect["auc_8"] == [100, 100, 100]
    assert perfect["failure_8"] == [0, 0, 0]
    assert perfect["nme_disjoint"][0] == len(lists[1])
    assert scoreboard.figures(truth, lists[1], lists[1])["nme_disjoint"] is None


def test_each_figure_of_a_contender_is_what_its_name_says(lists):
    """Errors made by hand: every face off by its own share of its inter-ocular distance."""
    test, train = lists[1][:6], [lists[1][0], *lists[0]]  # the first photograph is in both lists
    truth = np.stack([face.landmarks for face in test])
    eyes = inter_ocular(truth)
    off = np.array([1, 3, 5, 7, 9, 12])  # per cent
    predicted = truth.copy()
    predicted[..., 0] += (off / 100 * eyes)[:, None]
    predicted[:, 36:48, 0] += (0.04 * eyes)[:, None]  # the eyes are worse by 4 points
    errors = off + 4 * 12 / 68
    found = scoreboard.figures(predicted, test, train)
    near = {"abs": 0.011}  # figures have two decimals
    assert found["nme"][0] == pytest.approx(errors.mean(), **near)
    groups = [face.photograph for face in test]
    assert found["nme"][1:] == pytest.approx(list(bootstrap(errors, groups=groups)), **near)
    assert found["auc_8"][0] == pytest.approx(auc(errors, 8), **near)
    assert found["auc_10"][0] == pytest.approx(auc(errors, 10), **near) != found["auc_8"][0]
    assert found["failure_8"][0] == pytest.approx(100 * np.mean(errors > 8), **near)
    assert found["failure_10"][0] == pytest.approx(100 / 6, **near)
    pixels = errors / 100 * eyes
    for name, length in (("inter-pupil", inter_pupil(truth)), ("box", box_size(truth))):
        assert found[f"nme_{name}"][0] == pytest.approx(100 * np.mean(pixels / length), **near)
    assert found["parts"]["jaw"][0] == pytest.approx(off.mean(), **near)
    assert found["parts"]["left eye"][0] == pytest.approx(off.mean() + 4, **near)
    apart = np.array([face.photograph != test[0].photograph for face in test])
    assert found["nme_disjoint"][:2] == [apart.sum(), pytest.approx(errors[apart].mean(), **near)]
    binned = (("yaw", abs(yaw(truth)), scoreboard.YAWS), ("eyes", eyes, scoreboard.SIZES))
    for key, values, edges in binned:
        for low, high in itertools.pairwise(edges):
            name = f"{low}+" if high == edges[-1] else f"{low}-{high}"
            chosen = (values >= low) & (values < high)
            assert (name in found[key]) == chosen.any()
            if chosen.any():
                expected = [chosen.sum(), pytest.approx(errors[chosen].mean(), **near)]
                assert found[key][name][:2] == expected


def test_bins_are_named_and_open_at_the_end():
    found, names = scoreboard.bins(np.array([0, 9.9, 10, 25, 80]), (0, 10, 20, 90))
    assert found.tolist() == ["0-10", "0-10", "10-20", "20+", "20+"]
    assert names == ["0-10", "10-20", "20+"]


def test_a_record_is_replaced_and_the_others_stay(tmp_path):
    file = tmp_path / "results.json"
    record("b", {"list": [1, 2.5, 3], "deep": {"z": 1, "a": [[1], [2]]}}, file)
    record("a", {"x": 1}, file)
    record("b", {"list": [4, 5], "deep": {}}, file)
    read = json.loads(file.read_text("utf-8"))
    assert list(read) == ["a", "b"]
    assert read["b"]["list"] == [4, 5]
    assert read["b"]["torch"] == torch.__version__
    assert '"list": [4, 5]' in file.read_text("utf-8")  # a list is one line to read


def test_versions_are_those_of_the_packages_that_brought_the_modules(monkeypatch):
    brought = {"onnxruntime": ["onnxruntime-gpu"], "_dlib_pybind11": ["dlib"]}
    monkeypatch.setattr("bench.record.packages_distributions", lambda: brought)
    monkeypatch.setattr("bench.record.version", lambda package: f"of {package}")
    machine = this_machine()
    assert (machine["onnxruntime"], machine["dlib-bin"]) == ("of onnxruntime-gpu", "of dlib")
    assert "mediapipe" not in machine


@pytest.fixture
def run(lists, tmp_path):
    return Run("one", *lists, tmp_path, tmp_path / "r.json", True, "demo", ["lfpw", "lfpw"])


def test_a_data_set_named_twice_is_looked_at_once(run, monkeypatch):
    asked = []
    monkeypatch.setattr(shell.trust, "measure", lambda names, most: asked.append(names) or {})
    monkeypatch.setattr(shell.detector, "measure", lambda names, count: asked.append(names) or {})
    shell.measure_trust(run)
    shell.measure_detector(run)
    assert asked == 2 * [["demo", "lfpw"]]


def test_the_trials_record_says_which_photographs_came_in_besides(run, monkeypatch):
    monkeypatch.setattr(Run, "others", [])
    monkeypatch.setattr(shell.improve, "measure", lambda *_: {})
    monkeypatch.setattr(shell, "improve_table", lambda values: "")
    shell.measure_improve(run)
    assert json.loads(run.file.read_text("utf-8"))["improve one"]["more"] == ["lfpw"]


def test_a_training_is_known_by_the_lists_it_learned_from_and_no_others(run, lists):
    alone = replace(run, more=[])
    assert alone.kept == run.kept and run.kept.file.name == "bench-quick-trainings.json"
    assert replace(run, quick=False).kept.file == TRAININGS
    moved = replace(lists[0][0], landmarks=lists[0][0].landmarks + 1)
    assert replace(run, train=[moved, *lists[0][1:]]).kept.lists != run.kept.lists
    recipe = TRIALS["L1"].recipe
    titles = {
        improve.Training("L1", recipe, 100, 0, more).title
        for more in ((), (lists[0],), (lists[1],), ([moved],))
    }
    assert len(titles) == 4


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--only", "budget", "--trials", "L1"], "those of the part improve"),
        (["--only", "improve", "--longest", "1"], "about the part customary"),
        (["--only", "improve", "--trials", "more faces"], "'more faces' needs other archives"),
    ],
)
def test_what_is_asked_for_in_vain_is_told_at_once(asked, told, monkeypatch, capsys):
    monkeypatch.delenv("MORE", raising=False)
    monkeypatch.setattr("sys.argv", ["bench", *asked])
    with pytest.raises(SystemExit):
        shell.main()
    assert told in capsys.readouterr().err


def test_the_trials_asked_for_are_those_that_are_done(lists, folder, monkeypatch):
    asked = []
    monkeypatch.setenv("FACES", str(folder))
    monkeypatch.delenv("MORE", raising=False)
    monkeypatch.setattr(shell.improve, "measure", lambda *a: asked.append(a[-1]) or {})
    monkeypatch.setattr(shell, "improve_table", lambda values: "")
    monkeypatch.setattr(Run, "record", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["bench", "--quick", "--only", "improve", "--trials", "L1"])
    shell.main()
    assert asked == [["L1"]]


def test_a_longer_table_of_habits_is_left_out_until_its_trainings_are_done(run, monkeypatch):
    error = {key: 9.0 for key in shell.COLUMNS} | {"haar": {"found": 1}}
    monkeypatch.setattr(shell, "HAS_CASCADES", True)
    monkeypatch.setattr(
        customary,
        "measured",
        lambda train, test, defects, kept, seed, size, steps: kept.figures(
            customary.title(defects, seed, size, steps), lambda: error
        ),
    )

    def rows(longest):
        shell.measure_customary(replace(run, longest=longest))
        return list(json.loads(run.file.read_text("utf-8"))["customary one"]["rows"])

    short, long = list(shell.ROWS), [f"{row}, 3 times the steps" for row in shell.ROWS]
    assert rows(1) == short
    assert rows(3) == rows(1) == short + long  # what was done before stays in the table


def test_an_opencv_without_cascades_is_told_before_anything_is_trained(run, monkeypatch):
    monkeypatch.setattr(shell, "HAS_CASCADES", False)
    monkeypatch.setattr(customary, "trained", None)  # would fail
    with pytest.raises(SystemExit, match=r"^customary: .* `pip install 'opencv-python<5'`"):
        shell.measure_customary(run)


def test_a_wrong_path_of_the_portraits_is_told_before_anything_is_measured(
    run, tmp_path, monkeypatch
):
    monkeypatch.setenv("LONDON", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match="nowhere: there is no such archive or folder"):
        shell.measure_shipped(run)
    assert not run.file.exists()


def test_figures_of_the_live_widget_stay_where_no_browser_can_measure_them(run, monkeypatch):
    live = {"fps": 12, "milliseconds": {}}
    clip = {"size": [6, 4], "frames": 1, "weights": "fast", "filter": "tiger", "fps": 3}
    monkeypatch.setattr(shell.video, "measure", lambda count: clip | {"milliseconds": {}})
    recorded = []
    for found in (None, live, None):
        monkeypatch.setattr(shell.video, "measure_live", lambda seconds, found=found: found)
        shell.measure_video(run)
        recorded.append(json.loads(run.file.read_text("utf-8"))["video"])
    assert [values.get("live", "nothing") for values in recorded] == ["nothing", live, live]


def test_errors_are_sorted_by_the_tone_of_the_skin(lists, monkeypatch):
    """Three faces, darkened more and more; the landmarks of the darkest are off by a known way."""
    pictures, landmarks = [], []
    for face, light in zip(lists[0][:6:2], (0.9, 0.3, 0.6), strict=True):
        picture = cv2.imread(str(face.image)).astype(float)
        tone = london.cheeks(picture.astype(np.uint8), face.landmarks)
        pictures.append((picture * light * 120 / tone).clip(0, 255).astype(np.uint8))
        landmarks.append(face.landmarks)
        assert london.cheeks(pictures[-1], face.landmarks) == pytest.approx(120 * light, abs=6)
    eyes = [np.linalg.norm(marks[45] - marks[36]) for marks in landmarks]

    class Exact:
        def landmarks(self, image, boxes):
            k = next(k for k, p in enumerate(pictures) if np.array_equal(p[..., ::-1], image))
            return (landmarks[k] + np.array([0.1 * eyes[k] * (k == 1), 0]))[None]

    monkeypatch.setattr(london, "read_set", lambda *_: (pictures, None, None, landmarks))
    monkeypatch.setattr(london.Landmarker, "load", lambda _: Exact())
    found = london.measure("folder")
    assert found["faces"] == 3
    for row in found["weights"].values():
        figures = [row[tone] for tone in london.TONES]
        assert [f[:2] for f in figures] == [[1, pytest.approx(10)], [1, 0], [1, 0]]
