"""What the prose of a notebook says of its figures, held against what its cells have printed.

`test_results.py` does the same for figures that were measured beforehand.
"""

import json
import re

import numpy as np
import pytest
import torch
from stored import cell_text, numbers, output_of

import bench
from helpers.checkpoint import SHIPPED
from helpers.sources import IBUG_ENTRIES, get_dataset
from stamp import ROOT, numbered, read_notebook

NOTEBOOKS = numbered(ROOT / "notebooks")
RESULTS = json.loads(bench.RESULTS.read_text("utf-8"))
DATA = "ibug_300W_large_face_landmark_dataset"


def without_curves(values):
    """A record without its lists of more than four figures: no text tells of a curve's points."""
    if isinstance(values, dict):
        return {key: without_curves(value) for key, value in values.items()}
    if isinstance(values, list):
        few = len(values) <= 4 or not isinstance(values[0], int | float)
        return [without_curves(value) for value in values] if few else []
    return values


# Numbers of the prose that no cell prints and no long measurement gave, and where they are from.
SOURCED = {
    "01_download": {
        "1.7": "GB, dlib's archive",
        **{count: "its entries, IBUG_ENTRIES" for count in ("6666", "1008")},
        "10": "the notebook that does not exist yet",
        "300": "300-W, the collection",
    },
    "02_visualize": {number: "112 pixels count from 0 to 111" for number in ("55.5", "111")},
    "03_dataset": {"1.5": "crop.MARGIN and dataset.ROOM"},
    "03b_augment": {
        "0.5": "half a pixel, worked out in the sentence",
        **{share: "ITU-R BT.601, as OpenCV has it" for share in ("0.299", "0.587", "0.114")},
        "0.23": "torchvision's version with KeyPoints",
    },
    "04b_what_broke": {"40": "the axis of training_rows ends there"},
    "05_predict": {"0.06": "shift_x of Augment.ranges"},
    "06_evaluate": {count: "as in 01" for count in ("6666", "1008")},
    "06b_customary": {"63": "100 (1 - 1/e), worked out in the sentence"},
    "08b_video": {share: "test_video.py computes it" for share in ("0.04", "0.47")},
    "08c_live": {"33": "1000 ms / 30 frames"},
    "09_own_faces": {"16": "Recipe.half"},
    "11_people": {
        "142": "the card of people.npz",
        "61": "58 + 3, see below",
        "70": "the card of free.pt",
    },
}
EVERYWHERE = {"68", "136"}  # points, and their x and y

# Which records a notebook tells of besides those that its cells read.
TOLD_OF = {"07_improve": [f"scoreboard {DATA}"]}


@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p.stem[0].isdigit()], ids=lambda p: p.stem
)
def test_every_number_in_a_sentence_was_printed_or_measured_or_has_a_source(path):
    cells = read_notebook(path).cells
    code = "".join(cell.source for cell in cells if cell.cell_type == "code")
    names = re.findall(r'recorded\("([^"]*)"\)', code) + TOLD_OF.get(path.stem, [])
    read = [RESULTS[name] for name in names]
    known = set(re.findall(r"\d+(?:\.\d+)?", json.dumps(without_curves(read))))
    for cell in cells:
        told = cell.source if cell.cell_type == "code" or cell.metadata.get("tags") else ""
        told += output_of(path.stem, cell.id) if cell.cell_type == "code" else ""
        told += "".join(
            o.data.get("text/plain", "") for o in cell.get("outputs", []) if "data" in o
        )
        known |= set(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d)[,_](?=\d)", "", told)))
    rounded = {f"{float(number):.{digits}f}" for number in known for digits in (1, 2)}
    unknown = []
    for cell in cells:
        if cell.cell_type != "markdown" or cell.metadata.get("tags"):
            continue
        text = re.split(r"^## (?:Exercises|Project)", cell.source, flags=re.M)[0]
        text = re.sub(r"\]\([^)]*\)|`[^`]*`|^[|#].*$", " ", text, flags=re.M)
        text = re.sub(r"[Nn]otebooks? \d+[bc]?|\b\d[bc]\b|\b(?:19|20)\d\d\b", " ", text)
        for number in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text):
            number = number.replace(",", "")
            if number not in known | rounded | EVERYWHERE | set(SOURCED.get(path.stem, ())):
                unknown.append((cell.id, number))
    assert unknown == []


def lines_of(name, cell_id):
    """The printed lines of a stored cell that are not empty."""
    return [line for line in output_of(name, cell_id).splitlines() if line.strip()]


def rows_of(name, cell_id):
    """The numbers of each printed line of a stored cell."""
    return [numbers(line.replace(",", "")) for line in lines_of(name, cell_id)]


def named(name, cell_id):
    """{what stands before the colon: the numbers behind it}, by the lines of a stored cell."""
    parts = [line.split(":", 1) for line in lines_of(name, cell_id) if ":" in line]
    return {before.strip(): numbers(behind) for before, behind in parts}


def test_01_half_of_the_entries_are_twins_and_some_photographs_hold_two_faces():
    _, *rows = rows_of("01_download", "faf006f3-p0")
    assert len(rows) == 2
    for entries, twins, photographs in rows:
        assert entries == 2 * twins and photographs < twins
    assert "Half of the entries are twins" in cell_text("01_download", "d85e31bc")


def test_01_and_06_tell_the_size_of_dlibs_archive_as_the_course_knows_it():
    learn, test = (f"{IBUG_ENTRIES[part]:,}" for part in ("train", "test"))
    text = cell_text("01_download", "f1fbb78c")
    assert f"{learn} entries to learn from and {test} to be tested on" in text
    (size,) = re.findall(r"[\d.]+ GB", text)
    assert size in get_dataset.__doc__
    board = RESULTS[f"scoreboard {DATA}"]
    shown = f"{board['training_faces']:,} + {board['test_faces']:,}"
    assert f"{shown} of notebook 1's {learn} + {test}" in cell_text("06_evaluate", "list-seen")


def test_02_a_face_is_a_small_part_and_exactly_the_box_loses_points():
    (share,) = rows_of("02_visualize", "e4d00bd6")
    assert share[0] < 25
    outside = dict(rows_of("02_visualize", "b1e905c9"))
    assert outside[1.0] > 50 and outside[1.5] < 1
    assert list(outside.values()) == sorted(outside.values(), reverse=True)
    assert rows_of("02_visualize", "pts-off")[-1][-1] < 0.001  # .pts counts from 1, and no more


def test_03_the_cache_changes_nothing_but_time():
    point, pixel = rows_of("03_dataset", "5c113e38-1")
    assert point[0] == pixel[0] == 0
    ((plain,),) = rows_of("03_dataset", "plain-time")
    cached, times = rows_of("03_dataset", "266cf1c5")[1]
    assert times > 3 and plain / cached == pytest.approx(times, rel=0.1)


def test_03_a_random_split_leaks_nearly_all_and_one_by_photograph_nothing():
    found = named("03_dataset", "17107d26")
    assert found["random"][-2] > 0.9 * found["random"][-1]
    assert found["by photograph"][-2] == 0


def test_03_what_a_network_is_given_lies_around_zero():
    _, images, pixels, targets = rows_of("03_dataset", "16d14b6b")
    assert images[0] == -1 and images[3] == 1 and abs(images[1]) < 0.5
    assert -0.5 < targets[0] < targets[3] < 0.5 and pixels[3] > 100


def test_03b_a_network_holds_a_little_beyond_its_training_and_then_loses_the_face():
    medians = dict(rows_of("03b_augment", "angles-said-code"))
    little = max(angle for angle, median in medians.items() if median < 2 * medians[0])
    lost = min(angle for angle, median in medians.items() if median > 10)
    assert little > 1.5 * 25 and lost - little <= 3 * 15  # "well beyond", "within a few steps"
    assert "25 degrees that augmentation adds" in cell_text("03b_augment", "angles-said")


def test_03b_a_flip_has_to_rename_and_a_centre_is_a_whole_number():
    found = named("03b_augment", "64d34904")
    assert found["moved only"][0] > 50 and found["moved and renamed"][0] == 0
    x, y, *only_multiplied = numbers(output_of("03b_augment", "half-resize"))[:4]
    assert [x - 1.5, y - 1.5] == only_multiplied
    resized, mirrored = lines_of("03b_augment", "half-torchvision")
    assert numbers(resized.split("[[")[1])[:2] == only_multiplied
    assert numbers(mirrored)[0] == 15 - 9


def test_03c_stages_see_more_and_more_and_the_last_one_all():
    seen = [row[-2] for row in rows_of("03c_network", "field-measured")]
    assert seen == sorted(seen) and seen[0] < 0.1 * 224
    assert 0.9 * 224 < seen[3] < seen[4] == 224  # "nearly everything", "all"


def test_03c_normalisation_needs_averages_that_have_caught_up():
    found = {name: values[-2:] for name, values in named("03c_network", "norm-shown").items()}
    assert np.abs(found["while it learns"]) == pytest.approx([0, 1], abs=0.01)
    assert found["in use, after 51 batches"] == pytest.approx([0, 1], abs=0.05)
    assert found["in use, after 1 batch"][1] < 0.5


def test_03c_a_skip_connection_lets_the_gradient_through():
    lines = lines_of("03c_network", "skip-measured")
    found = [[float(part.split()[0]) for part in line.split(": ")[1].split(", ")] for line in lines]
    without, through = zip(*found, strict=True)
    assert without[-1] < 1e-6 * without[0] and through[-1] > through[0]
    assert "Here it even grows" in cell_text("03c_network", "skip-seen")


@pytest.mark.parametrize("layers", [20, 40])
def test_03c_with_batch_normalisation_the_gradient_grows_far_less(layers):
    def arrives(count, normalised):
        torch.manual_seed(0)
        start = values = torch.rand(8, 8, 16, 16, requires_grad=True)
        for _ in range(count):
            change = torch.nn.Conv2d(8, 8, 3, padding=1)(values)
            change = torch.nn.BatchNorm2d(8)(change) if normalised else change
            values = torch.relu(values + change)
        values.square().mean().backward()
        return start.grad.norm().item()

    plain, normalised = (arrives(layers, way) / arrives(2, way) for way in (False, True))
    assert plain > 1 and normalised < 0.2 * plain


def test_04_eight_faces_are_known_by_heart_and_others_are_not():
    known = named("04_train", "6c9cba62")
    mean_face, others = known["the eight, mean face"][0], known["eight others, mean face"][0]
    learns, in_use = known["the eight, as it learns"]
    assert learns < 0.2 * mean_face and in_use > 3 * learns
    assert min(known["eight others, as it learns"]) > others
    (caught_up,) = rows_of("04_train", "catch-up")[0]  # "Let them catch up"
    assert caught_up < 1.5 * learns
    assert "worse than the mean face" in cell_text("04_train", "e48cb275")


def test_04_a_loss_that_looks_tiny_is_more_than_half_of_the_mean_faces():
    _, about, _, mean_face = rows_of("04_train", "losses")
    assert about[0] == 0.0013 and about[2] / about[1] == pytest.approx(1.4, abs=0.02)
    assert 0.5 < about[0] / mean_face[0] < 0.9
    # "too large, by about a fifth": the eight are those whose NME stands further below.
    (true,) = named("04_train", "6c9cba62")["eight others, mean face"]
    (best, baseline), (_, *_, typical) = rows_of("04_train", "fe9c3d11")
    *_, told, measured = mean_face
    said = cell_text("04_train", "loss-about")
    assert f"is {measured:.1f} % and not {told:.1f}, as the last line shows" in said
    assert f"that of 0.0013 would be some **{about[-1] * measured / told:.0f} %**" in said
    assert measured == true and told > 1.15 * true
    assert told / measured == pytest.approx(1.25, abs=0.03)  # "about a quarter too large"
    assert "an NME, about a quarter too large" in cell_text("04_train", "8fcc71bd")
    assert typical / best == pytest.approx(1.2, abs=0.05)
    assert best < 0.6 * baseline


def test_04_the_training_loss_may_lie_above_that_of_validation():
    told = output_of("04_train", "drag-epoch")
    training, validation = re.search(
        r"loss (\S+) in training and (\S+) in validation", told
    ).groups()
    assert float(training) > float(validation)


def test_04_one_way_the_losses_part_and_the_other_way_they_do_not():
    (as_it_is, parted), (varied, together) = rows_of("04_train", "long-said")
    assert parted > 3 and together < 1.2 and varied < as_it_is
    training, validation = (
        [np.mean(third) for third in np.array_split(RESULTS["overfitting"]["unchanged"][key], 3)]
        for key in ("train_loss", "val_loss")
    )
    assert training[2] < 0.6 * training[1]  # "falls and falls"
    assert validation[1] < 0.6 * validation[0]  # "falls with it at first"
    assert validation[2] == pytest.approx(validation[1], rel=0.2)  # "then stays where it is"


def test_04_an_interrupt_costs_nothing():
    assert lines_of("04_train", "60b9a304")[-1].startswith("Going on from epoch 3")
    pairs = rows_of("04_train", "resumed")
    assert len(pairs) == 5 and all(one == other for one, other in pairs)


def test_04b_each_check_tells_what_the_table_says_and_no_more():
    cause_of = dict(line.split(": ") for line in lines_of("04b_what_broke", "broke-23"))
    first, left, apart = (
        {
            cause_of.get(name, name): values[0]
            for name, values in named("04b_what_broke", cell).items()
        }
        for cell in ("broke-15-2", "broke-17-2", "broke-21")
    )
    assert len(first) == len(left) == len(apart) == 7
    assert 0.5 < first["right"] < 2 and first["targets in pixels"] > 1000
    assert left["right"] < 1
    assert min(left[cause] for cause in ("learning rate times 100", "targets in pixels")) > 10
    assert left["shuffled labels"] < 1  # "learned by heart as gladly as right ones"
    assert [name for name, pixels in apart.items() if pixels > 0.1] == ["forgotten eval()"]


def test_05_the_network_beats_the_mean_face():
    ((error, mean_face, _),) = rows_of("05_predict", "b00ef2e5")
    assert error < 0.6 * mean_face
    ((validated, other),) = rows_of("04_train", "fe9c3d11")[:1]
    assert error != validated and mean_face != other  # "another list, so another figure"


def test_05_nms_removes_the_second_box_and_the_closer_look_the_rest():
    counts = re.findall(
        r": (\d+)", output_of("05_predict", "finder-boxes").replace("pictures:", "")
    )
    peaks, kept, sure = map(int, counts)
    assert peaks - kept == 1 and kept > 1 and sure == 1
    assert numbers(output_of("05_predict", "finder-nms-p0"))[0] > 0.35
    for _, claims, of_them in rows_of("05_predict", "finder-peak"):
        assert claims > of_them  # "several cells claim the same face"


def test_05_the_farther_a_box_is_off_the_more_the_second_crop_helps():
    gains = [one - two for _, one, two in rows_of("05_predict", "off-boxes")]
    assert len(gains) == 3 and 0 < gains[0] < gains[1] < gains[2]
    (first, before), (second, after) = (
        named("05_predict", "yardstick-said")[f"{n} pass"] for n in ("first", "second")
    )
    assert second < first / 2
    assert abs(after) < abs(before) - 5  # the second crop is nearer to level
    mean = rows_of("05_predict", "as-landmarks")[-1][0]
    assert second < 0.7 * mean  # "Here the second alone is far nearer"


def test_05_trust_and_turned_heads_are_as_told():
    course, best = (numbers(line)[-2:] for line in lines_of("05_predict", "trust"))
    assert best[0] > 0.9 and best[1] < 0.1  # portrait; what is found on the suit
    assert course[0] < 0.5  # "Even upright its trust is low"
    told = re.findall(r"trust ([\d.]+), off ([\d.]+) %", output_of("05_predict", "turned"))
    trust, off = np.array(told, float).reshape(2, 3, 2).transpose(2, 0, 1)
    assert (off[1] < 5).all() and (trust[1] > 0.9).all()  # the best weights find every turn
    assert trust[0, 0] < 0.5


def test_06_disagreement_hardly_tells_one_usual_face_from_another():
    ((correlation, _),) = rows_of("06_evaluate", "sure-within")
    assert abs(correlation) < 0.5 and "it hardly says" in cell_text("06_evaluate", "sure-seen")


def test_08_a_pose_is_near_and_an_opened_mouth_hardly_moves_a_steady_one():
    ((found, made),) = rows_of("08_filters", "pnp")
    assert found == pytest.approx(made, abs=3)
    moves = {name: values[-1] for name, values in named("08_filters", "which-print").items()}
    for what in ("mouth open", "brows up", "eyes shut"):
        assert moves[f"{what}, from STEADY"] < moves[f"{what}, from all 68"]
    assert moves["mouth open, from all 68"] > 10 * moves["mouth open, from STEADY"]


def test_08_no_filter_jumps_and_the_widest_arc_steps_farthest():
    steps = {
        way: {name: float(step) for name, step in (part.split() for part in told.split(", "))}
        for way, told in (line.split(": ") for line in lines_of("08_filters", "steps-print"))
    }
    for found in steps.values():
        assert max(found.values()) < 4 * found["landmarks"]
    assert max(steps["roll"], key=steps["roll"].get) == "hat"
    assert max(steps["yaw"], key=steps["yaw"].get) == "crown"  # it reaches round the head


def test_08b_a_mean_is_calm_or_in_time_and_the_one_euro_filter_both():
    (one, four, sixteen) = rows_of("08b_video", "vid-mean")
    assert one[1] < 4 * four[1] and one[1] >= 4 * sixteen[1]  # "One of sixteen is"
    assert one[2] < four[2] < 0.5 * sixteen[2]
    ((calmer, late),) = rows_of("08b_video", "vid-euro-score")
    assert calmer >= 4 and late < four[2]


def test_08b_tells_the_shares_of_the_one_euro_filter_at_rest_and_in_motion():
    beside = cell_text("08b_video", "vid-euro")
    asked = output_of("08b_video", "vid-slide-shell")
    at_rest, beta = numbers(re.search(r"min_cutoff \S+, beta \S+", asked)[0])
    shares = [1 / (1 + 30 / (2 * np.pi * cutoff)) for cutoff in (at_rest, at_rest + beta)]
    assert "30 frames a second that is {:.2f} at rest, and {:.2f}".format(*shares) in beside


def test_08b_follows_a_face_at_a_fraction_of_the_time():
    twice, once = named("08b_video", "vid-time-ways").values()
    assert once[0] < 0.2 * twice[0]
    skull, man = sorted(numbers(output_of("08b_video", "vid-load").split("trust")[1]))
    assert skull < 0.2 and man > 0.8
    looks, frames = rows_of("08b_video", "vid-track")[0]
    assert looks < 0.1 * frames


def test_08b_calls_fast_the_smallest_and_quickest_that_errs_a_little_more():
    size = {name: RESULTS[f"weights {name}"]["bytes"] for name in SHIPPED}
    took, row = (RESULTS[f"{kind} {DATA}"]["contenders"] for kind in ("latency", "shipped"))
    took = {name: took[f"`{name}`, one pass"]["milliseconds"] for name in SHIPPED}
    assert min(size, key=size.get) == min(took, key=took.get) == "fast"
    fast, best = (row[f"`{name}`, one pass"]["nme"][0] for name in ("fast", "research"))
    assert best < fast < 1.2 * best


def test_08c_bytes_are_few_and_only_a_queue_falls_behind():
    pixels, jpeg, answer = numbers(lines_of("08c_live", "0d371b4d")[0])
    assert jpeg < 0.2 * pixels and answer < jpeg
    queue, newest = (values[-1] for values in named("08c_live", "ac0f7b13").values())
    assert queue > 5 and newest < 2 / 10  # a kernel that takes a tenth of a second


def test_09_the_first_five_labels_do_the_most():
    before = numbers(output_of("09_own_faces", "own-05"))[0]
    curve = {
        int(count): np.mean(draws) for count, *draws in rows_of("09_own_faces", "own-curve-said")
    }
    assert before - curve[5] > 2 * (curve[5] - min(curve.values()))
    left = numbers(output_of("09_own_faces", "own-13"))[0]
    assert left == pytest.approx(
        100 * numbers(output_of("09_own_faces", "own-13-p1"))[0] / before, abs=1
    )
    assert left < 50  # "twenty labels give much of it back"


def test_09_an_onnx_file_is_twice_as_large_and_one_of_8_bits_much_smaller():
    size = {name: values[0] for name, values in named("09_own_faces", "own-sizes").items()}
    assert size["five.onnx"] / size["five.pt"] == pytest.approx(2, abs=0.1)
    assert size["five_8.onnx"] < 0.4 * size["five.onnx"]


def test_11_the_sizes_break_off_after_61():
    (line,) = [line for line in lines_of("11_people", "cell-14-p0") if "sizes" in line]
    begins, sizes = line.split(": ")
    assert begins.endswith("58 to 63") and "after 61" in cell_text("11_people", "cell-15")
    last, after = (float(size) for size in sizes.split()[61 - 58 : 63 - 58])
    assert last > 1000 * after
