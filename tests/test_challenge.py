"""The challenge: faces of one's own, a budget that is checked, a ranking on secret faces."""

import pytest
import torch

from helpers import challenge
from helpers.annotations import read_faces, read_image
from helpers.challenge import BUDGET, challenge_folder, main, people_seed, ranking
from helpers.checkpoint import save_checkpoint
from helpers.dataset import FaceLandmarksDataset
from helpers.metrics import mean_face_nme
from helpers.model import LandmarkNet
from helpers.people import cast
from helpers.sources import label_file

FEW = {"train": 8, "test": 4}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The folder of student 7, as the challenge makes it. Only to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACES_DATA", str(tmp_path_factory.mktemp("data")))
        return challenge_folder(7, **FEW)


@pytest.fixture
def lists(own, data):
    return [read_faces(label_file(own, part)) for part in ("train", "test")]


@pytest.fixture
def answer(tmp_path, lists):
    """Saves a network whose answer is the mean face, so many pixels of 32 aside."""

    def save(name, aside=0.0, **about):
        model = LandmarkNet(8, 32)
        model.start_at(FaceLandmarksDataset(lists[0], 32).mean_face() + aside)
        torch.nn.init.zeros_(model.head.weight)
        save_checkpoint(model, tmp_path / name, about)
        return str(tmp_path / name)

    return save


def run(*arguments):
    main(list(arguments), own=FEW, secret=FEW)


def test_a_seed_gives_the_same_faces_again_and_another_seed_others(own, data, tmp_path):
    again = challenge_folder(7, **FEW)
    assert again.is_relative_to(data)  # made anew, not the fixture's folder
    first, second, other = (
        read_faces(label_file(folder, "train"))
        for folder in (own, again, challenge_folder(8, **FEW))
    )
    assert len(first) == len(second) == len(other) == 16
    for face, same in zip(first, second, strict=True):
        assert face.box == same.box and (face.landmarks == same.landmarks).all()
        assert (read_image(face.image) == read_image(same.image)).all()
    assert not any((a.landmarks == b.landmarks).all() for a in first for b in other)


def test_a_secret_that_is_a_students_number_still_gives_other_people():
    students = [person.code for part in cast(40, 20, people_seed(7)) for person in part]
    secrets = [person.code for part in cast(40, 20, people_seed("7")) for person in part]
    demo = [person.code for part in cast(40, 20, 0) for person in part]
    assert not any((a == b).all() for a in students for b in secrets + demo)
    # Odd and even whatever the number: the first 32 bits that the generator is fed differ.
    numbers = (0, 1, 7, 2**31, 2**40 + 3)
    assert all(people_seed(n) % 2 == 1 and people_seed(str(n)) % 2 == 0 for n in numbers)
    assert len({people_seed(n) for n in (*numbers, *map(str, numbers))}) == 10


def test_a_student_is_told_the_path_the_budget_and_how_many_epochs_it_allows(data, capsys):
    run("--seed", "7")
    told = capsys.readouterr().out
    [folder] = [line.strip() for line in told.splitlines() if line.strip().startswith(str(data))]
    assert len(read_faces(label_file(folder, "test"))) == 8
    assert (
        f"{BUDGET:,} faces" in told and f"--epochs {BUDGET // 14} " in told
    )  # of 16, a pair of twins is held back


def test_unfinished_faces_never_lie_under_their_name(data, monkeypatch):
    def stop(folder, *_):
        (folder / "labels_people_train.xml").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(challenge, "make_people", stop)
    with pytest.raises(KeyboardInterrupt):
        challenge_folder(7, **FEW)
    assert not [*data.iterdir()]


def test_what_the_mean_face_scores_is_what_a_network_that_answers_it_scores(answer, lists):
    table = ranking([("mean", *challenge.load_checkpoint(answer("mean.pt", faces_seen=0)))], *lists)
    figure = f"{mean_face_nme(*lists):6.2f} %"
    assert table.count(figure) == 2 and "inter-ocular" in table and "8 faces" in table


def test_the_ranking_is_sorted_and_gives_places_within_the_budget_alone(data, answer, capsys):
    files = {
        "far": answer("far.pt", aside=4, faces_seen=10),
        "near": answer("near.pt", aside=1, faces_seen=BUDGET),
        "over": answer("over.pt", faces_seen=BUDGET + 1),
        "unknown": answer("unknown.pt", aside=2),
        "text": answer("text.pt", aside=3, faces_seen="10"),
    }
    run("--secret", "hush-hush", "--checkpoint", *files.values())
    shown = capsys.readouterr()
    assert "hush-hush" not in shown.out + shown.err
    lines = [line.split() for line in shown.out.splitlines()[1:]]
    places = [line[0] for line in lines]
    assert places == ["1", "2", "-", "-", "-", "-"]
    rows = {name: line for line in shown.out.splitlines() for name in files if f"{name}.pt" in line}
    assert rows["near"].split()[0] == "1" and rows["far"].split()[0] == "2"
    figures = [float(line[1]) for line in lines]
    assert figures[:2] == sorted(figures[:2]) and figures[2:] == sorted(figures[2:])
    assert f"{BUDGET:,} faces seen" in rows["near"] and "OVER" not in rows["near"]
    assert f"{BUDGET + 1:,} faces seen, OVER THE BUDGET of {BUDGET:,}" in rows["over"]
    assert "budget unknown" in rows["unknown"] and "budget unknown" in rows["text"]


def test_a_students_score_is_on_their_own_test_list(data, answer, own, capsys):
    run("--seed", "7", "--checkpoint", answer("mine.pt", faces_seen=1))
    mine = capsys.readouterr().out
    run("--seed", "8", "--checkpoint", answer("mine.pt", faces_seen=1))
    others = capsys.readouterr().out
    assert ", 8 faces " in mine  # not the 16 of the training list
    assert mine.splitlines()[1].split()[0] == "1" and "mine.pt: 1 faces seen" in mine
    assert mine.splitlines()[1:] != others.splitlines()[1:]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--seed", "-3"], "from 0 on, not -3"),
        (["--seed", "7", "--checkpoint", "gone.pt"], "gone.pt: no such checkpoint"),
        (["--secret", "s", "--checkpoint", "notes.pt"], "notes.pt: not a checkpoint"),
        (["--seed", "7", "--checkpoint", "nan.pt"], "nan.pt: predicted landmarks"),
    ],
)
def test_bad_input_gets_one_sentence(data, answer, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.pt").write_text("no checkpoint")
    answer("nan.pt", aside=float("nan"))
    with pytest.raises(SystemExit) as end:
        run(*arguments)
    assert sentence in end.value.code and "\n" not in end.value.code
    if "nan.pt" not in arguments:
        assert not [*data.glob("challenge*")]  # refused before faces are made


@pytest.mark.parametrize("arguments", [["--secret", "s"], ["--secret", "", "--checkpoint", "a.pt"]])
def test_a_secret_needs_a_text_and_checkpoints(data, arguments, capsys):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert "--secret needs a text" in capsys.readouterr().err
