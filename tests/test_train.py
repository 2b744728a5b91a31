"""The loop: the same figures whether it ran through or was interrupted."""

import signal

import numpy as np
import pytest
import torch
from synthetic import face_shape
from torch import nn
from torch.utils.data import Dataset

from helpers.augment import Augment
from helpers.checkpoint import load_checkpoint
from helpers.dataset import FaceLandmarksDataset, load_faces
from helpers.heatmap import HeatmapNet, heatmap_loss
from helpers.metrics import nme
from helpers.model import LandmarkNet, to_target
from helpers.predict import predict_all
from helpers.train import LOSSES, fit
from helpers.train.loop import one_cycle
from helpers.train.resume import deferred_interrupt

EPOCHS, BATCH, TRAIN, VAL = 3, 8, 26, 8  # three steps each epoch, two faces left over
ITEMS_READ = 3 * BATCH + VAL  # in each epoch; before the first, one of each part is looked at


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A network this small is slower on more threads, and much slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Faces(Dataset):
    """Wide crops [1, 96, 96] with a bright spot behind the face; `on_read` sees each reading."""

    def __init__(self, count, seed, on_read=None):
        random = torch.Generator().manual_seed(seed)
        place = 40 + 16 * torch.rand(count, 1, 2, generator=random)
        self.landmarks = place + 18 * torch.from_numpy(face_shape()).float()
        at = torch.arange(96.0)
        across = (-((at - place[..., :1]) ** 2) / 300).exp()  # [count, 1, 96]
        down = (-((at - place[..., 1:]) ** 2) / 300).exp()
        noise = 30 * torch.rand(count, 1, 96, 96, generator=random)
        self.images = (220 * down[..., None] * across[:, :, None] + noise).to(torch.uint8)
        self.on_read = on_read or (lambda: None)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        self.on_read()
        return self.images[index], self.landmarks[index]


class StopsAt:
    """Presses Ctrl-C when the n-th item is read."""

    def __init__(self, moment):
        self.left = moment

    def __call__(self):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def train(out, on_read=None, seed=0, **settings):
    """A small training from the same first weights: its history and its network."""
    torch.manual_seed(5)
    model = LandmarkNet(width=8, size=64)
    torch.manual_seed(torch.seed())  # nothing after this may follow from the global seed
    settings = {"epochs": EPOCHS, "batch_size": BATCH, "lr": 2e-3} | settings
    train, val = Faces(TRAIN, 1, on_read), Faces(VAL, 2, on_read)
    history = fit(model, train, val, out=out, seed=seed, device=torch.device("cpu"), **settings)
    return history, model


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A training that ran through: history, last weights, checkpoint."""
    out = tmp_path_factory.mktemp("train") / "net.pt"
    history, model = train(out)
    return history, weights(model), out


def test_the_history_has_a_line_for_each_epoch(uninterrupted):
    history, _, _ = uninterrupted
    assert len(history) == EPOCHS
    for count, line in enumerate(history, 1):
        assert set(line) == {"train_loss", "val_loss", "val_nme", "best"}
        assert all(isinstance(value, float) for value in line.values())
        assert line["best"] == min(earlier["val_nme"] for earlier in history[:count])


def test_nothing_but_the_checkpoint_is_left_at_the_end(uninterrupted):
    out = uninterrupted[2]
    assert list(out.parent.iterdir()) == [out]


def test_the_same_seed_gives_the_same_figures_and_weights(uninterrupted, tmp_path):
    history, last, _ = uninterrupted
    again, model = train(tmp_path / "net.pt")
    assert again == history
    assert same(weights(model), last)


def test_another_seed_gives_other_figures(uninterrupted, tmp_path):
    assert train(tmp_path / "net.pt", seed=1)[0] != uninterrupted[0]


MOMENTS = {
    "first step of all": 3,
    "last step of an epoch": 3 * BATCH - 2,
    "validation": ITEMS_READ - 4,
    "middle of the second epoch": ITEMS_READ + BATCH + 4,
    "last step of all": 2 * ITEMS_READ + 2 * BATCH + 4,
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_resumed_equals_uninterrupted_to_the_last_digit(uninterrupted, tmp_path, moment):
    history, last, best = uninterrupted
    out = tmp_path / "net.pt"
    with pytest.raises(KeyboardInterrupt, match=r"net\.pt\.resume"):
        train(out, on_read=StopsAt(moment))
    assert out.with_name("net.pt.resume").exists()
    resumed, model = train(out)
    assert resumed == history
    assert same(weights(model), last)
    (kept, known), (expected, known_there) = load_checkpoint(out), load_checkpoint(best)
    assert same(weights(kept), weights(expected))
    assert known == known_there
    assert list(tmp_path.iterdir()) == [out]


def test_a_training_interrupted_again_and_again_comes_to_the_same(uninterrupted, tmp_path):
    out, interrupts = tmp_path / "net.pt", 0
    while True:
        try:  # a bit more than a step each time
            history, model = train(out, on_read=StopsAt(BATCH + 3))
            break
        except KeyboardInterrupt:
            interrupts += 1
            assert interrupts < 20
    assert interrupts >= 3
    assert history == uninterrupted[0]
    assert same(weights(model), uninterrupted[1])


def test_an_interrupt_finishes_its_step_and_reads_no_more(tmp_path):
    reads = []

    def on_read():
        reads.append(1)
        if len(reads) == 2 + ITEMS_READ + 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "net.pt", on_read)
    assert len(reads) == 2 + ITEMS_READ + BATCH


def test_an_interrupt_from_within_the_loss_loses_nothing(uninterrupted, tmp_path):
    calls = []

    def loss(outputs, targets):
        calls.extend([1] * outputs.requires_grad)  # not those of validation
        if len(calls) == 5 and outputs.requires_grad:
            signal.raise_signal(signal.SIGINT)
        return nn.functional.mse_loss(outputs, targets)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "net.pt", loss_function=loss)
    assert train(tmp_path / "net.pt", loss_function=loss)[0] == uninterrupted[0]
    assert len(calls) == 3 * EPOCHS  # no step was done twice


def test_an_interrupt_leaves_the_best_checkpoint_so_far_whole(uninterrupted, tmp_path):
    out = tmp_path / "net.pt"
    with pytest.raises(KeyboardInterrupt):
        train(out, on_read=StopsAt(2 * ITEMS_READ + 4))
    kept, known = load_checkpoint(out)
    best = min(line["val_nme"] for line in uninterrupted[0][:2])
    assert best_error(kept) == pytest.approx(best, rel=1e-5)
    assert known["history"] in (uninterrupted[0][:1], uninterrupted[0][:2])


def best_error(model):
    return float(nme(*predict_all(model, Faces(VAL, 2))).mean())


def test_a_failure_amid_an_epoch_goes_on_from_its_beginning(uninterrupted, tmp_path):
    def on_read():
        on_read.count += 1
        if on_read.count == ITEMS_READ + BATCH + 4:
            raise RuntimeError("the power is gone")

    on_read.count = 0
    with pytest.raises(RuntimeError, match="power"):
        train(tmp_path / "net.pt", on_read)
    assert train(tmp_path / "net.pt")[0] == uninterrupted[0]


def test_a_resume_file_of_other_faces_is_not_used(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "net.pt", on_read=StopsAt(ITEMS_READ + 4))
    other = Faces(TRAIN, seed=9), Faces(VAL, seed=8)
    model = LandmarkNet(8, 64)
    fit(model, *other, EPOCHS, tmp_path / "net.pt", batch_size=BATCH, device="cpu")
    assert "starting over" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"broken", None])
def test_a_resume_file_that_cannot_be_read_is_not_used(uninterrupted, tmp_path, capsys, content):
    resume = tmp_path / "net.pt.resume"
    if content is None:
        torch.save({"plan": []}, resume)
    else:
        resume.write_bytes(content)
    history, _ = train(tmp_path / "net.pt")
    assert "net.pt.resume cannot be read; starting over." in capsys.readouterr().out
    assert history == uninterrupted[0]


def test_an_interrupt_in_the_last_validation_is_told(tmp_path):
    with pytest.raises(KeyboardInterrupt, match="Stopped after the last step"):
        train(tmp_path / "net.pt", on_read=StopsAt(2 + EPOCHS * ITEMS_READ))
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]


@pytest.mark.parametrize("other", [{"lr": 1e-3}, {"epochs": 2}])
def test_the_resume_file_of_another_training_is_not_used(tmp_path, capsys, other):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "net.pt", on_read=StopsAt(ITEMS_READ + 4))
    history, model = train(tmp_path / "net.pt", **other)
    assert "starting over" in capsys.readouterr().out
    fresh_history, fresh = train(tmp_path / "fresh" / "net.pt", **other)
    assert history == fresh_history
    assert same(weights(model), weights(fresh))


def test_the_checkpoint_is_that_of_the_lowest_validation_error_not_of_the_last(tmp_path):
    steps = []

    def worse_after_two_epochs(outputs, targets):
        steps.extend([1] * outputs.requires_grad)  # not those of validation
        loss = nn.functional.mse_loss(outputs, targets)
        return loss if len(steps) <= 6 else -10 * loss

    settings = {"epochs": 4, "about": {"name": "worse"}}
    history, last = train(tmp_path / "net.pt", loss_function=worse_after_two_epochs, **settings)
    errors = [line["val_nme"] for line in history]
    assert min(errors) < errors[-1]
    kept, known = load_checkpoint(tmp_path / "net.pt")
    assert best_error(kept) == pytest.approx(min(errors), rel=1e-5)
    assert best_error(last) == pytest.approx(errors[-1], rel=1e-5)
    assert len(known["history"]) == 1 + errors.index(min(errors))
    assert known["name"] == "worse"

    # Where the network has learned from the validation faces, they cannot choose.
    steps.clear()
    train(tmp_path / "last.pt", loss_function=worse_after_two_epochs, keep_last=True, **settings)
    kept, known = load_checkpoint(tmp_path / "last.pt")
    assert best_error(kept) == pytest.approx(errors[-1], rel=1e-5)
    assert [line["val_nme"] for line in known["history"]] == errors


@pytest.mark.parametrize("train, val", [(1, VAL), (0, VAL), (TRAIN, 0)])
def test_too_few_faces_are_refused_in_one_sentence(tmp_path, train, val):
    model, out = LandmarkNet(width=8, size=64), tmp_path / "net.pt"
    with pytest.raises(ValueError, match=f"^{train} training and {val} validation faces") as error:
        fit(model, Faces(train, 1), Faces(val, 2), 1, out, batch_size=BATCH)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_each_epoch_sees_every_face_at_most_once_in_a_new_order(tmp_path):
    read = []

    class Recorded(Faces):
        def __getitem__(self, index):
            read.append(int(index))
            return super().__getitem__(index)

    model, out = LandmarkNet(width=8, size=64), tmp_path / "net.pt"
    settings = {"batch_size": BATCH, "device": torch.device("cpu")}
    fit(model, Recorded(TRAIN, 1), Faces(VAL, 2), 2, out, **settings)
    first, second = read[1 : 1 + 3 * BATCH], read[1 + 3 * BATCH :]
    assert len(set(first)) == len(set(second)) == 3 * BATCH
    assert first != second


def test_each_step_has_random_numbers_of_its_own(tmp_path):
    seeds = []

    class Recorded(Augment):
        def forward(self, images, landmarks, generator=None):
            seeds.append(generator.initial_seed())
            return super().forward(images, landmarks, generator)

    train(tmp_path / "net.pt", augment=Recorded(64))
    assert len(set(seeds)) == len(seeds) == 3 * EPOCHS


def test_validation_faces_are_not_augmented():
    model, faces = LandmarkNet(width=8, size=64), Faces(VAL, 2)
    predicted, truth = predict_all(model, faces, batch_size=3)
    assert predicted.shape == truth.shape == (VAL, 68, 2)
    torch.testing.assert_close(torch.from_numpy(truth), faces.landmarks - 16, atol=1e-4, rtol=0)
    again, _ = predict_all(model, faces, batch_size=VAL)
    np.testing.assert_allclose(predicted, again, atol=1e-3, rtol=0)


def test_eight_faces_are_learnt_by_heart(tmp_path):
    torch.manual_seed(0)
    few = Faces(BATCH, 3)
    still = Augment(64, rotation=0, scale=0, shift=0, flip=0, brightness=0, contrast=0, erasing=0)
    model = LandmarkNet(width=8, size=64)
    settings = {"batch_size": BATCH, "lr": 5e-3, "device": torch.device("cpu")}
    history = fit(model, few, few, 25, tmp_path / "net.pt", augment=still, **settings)
    assert history[-1]["train_loss"] < 0.05 * history[0]["train_loss"]


def test_the_checkpoint_says_how_many_faces_its_weights_have_seen(uninterrupted, tmp_path):
    path = uninterrupted[2]
    _, about = load_checkpoint(path)
    epochs = len(about["history"])  # of the best epoch, which is not always the last
    assert about["faces_seen"] == epochs * (TRAIN // BATCH) * BATCH


def test_the_curves_are_called_after_each_epoch(tmp_path):
    lengths = []
    train(tmp_path / "net.pt", on_epoch=lambda history: lengths.append(len(history)), epochs=2)
    assert lengths == [1, 2]


def test_ctrl_c_is_put_back_after_a_training(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "net.pt", on_read=StopsAt(3))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), deferred_interrupt() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked
        signal.raise_signal(signal.SIGINT)


def test_a_misspelt_setting_is_refused_and_not_stored(tmp_path):
    with pytest.raises(TypeError, match="batchsize"):
        train(tmp_path / "net.pt", batchsize=8)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_stored_is_told_before_the_first_step(tmp_path):
    def never(outputs, targets):
        raise AssertionError("it was trained")

    with pytest.raises(ValueError, match=r"about\['dice'\] is a Generator"):
        train(tmp_path / "net.pt", loss_function=never, about={"dice": torch.Generator()})


def test_a_numpy_number_among_what_is_said_survives_a_training(tmp_path):
    train(tmp_path / "net.pt", epochs=1, about={"margin": np.float32(1.5)})
    assert load_checkpoint(tmp_path / "net.pt")[1]["margin"] == 1.5


@pytest.mark.parametrize("network", [LandmarkNet, HeatmapNet])
def test_validation_measures_the_loss_that_is_trained(tmp_path, network):
    """At a rate near 0 the last epoch's weights are those that are there after it."""
    torch.manual_seed(0)
    model, few = network(8, 64), Faces(BATCH, 3)
    loss = heatmap_loss if network is HeatmapNet else LOSSES["Wing"]
    still = Augment(64, rotation=0, scale=0, shift=0, flip=0, brightness=0, contrast=0, erasing=0)
    settings = {"batch_size": BATCH, "augment": still, "loss_function": loss, "device": "cpu"}
    fit(model, few, few, 40, tmp_path / "net.pt", lr=1e-3, **settings)
    (line,) = fit(model, few, few, 1, tmp_path / "again.pt", lr=1e-12, **settings)
    images, landmarks = (torch.stack(part) for part in zip(*few, strict=True))
    cut, points = Augment(64).eval()(images, landmarks)
    with torch.no_grad():
        expected = loss(model.eval().outputs(cut), to_target(points, 64)).item()
    assert line["val_loss"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("value, became", [(float("nan"), "NaN"), (float("inf"), "infinite")])
def test_a_loss_that_is_no_number_is_told_with_its_step_and_what_to_do(tmp_path, value, became):
    steps = []

    def loss(outputs, targets):
        steps.append(1)
        good = nn.functional.mse_loss(outputs, targets)
        return good * value if len(steps) == 3 + 1 + 2 else good  # 3 steps, 1 batch of validation

    told = f"the loss became {became} in epoch 2, step 2: lower the rate"
    with pytest.raises(ValueError, match=told):
        train(tmp_path / "net.pt", loss_function=loss)


def test_a_network_that_answers_nan_is_told_in_validation_too(tmp_path):
    class Broken(LandmarkNet):
        def forward(self, images):
            return super().forward(images) * (1 if self.training else float("nan"))

    with pytest.raises(ValueError, match="the loss became NaN in epoch 1, step 3: lower the rate"):
        fit(Broken(8, 64), Faces(TRAIN, 1), Faces(VAL, 2), 1, tmp_path / "x.pt", batch_size=BATCH)


@pytest.mark.parametrize(
    "name, value",
    [("batch_size", 0), ("batch_size", -3), ("epochs", 0), ("lr", 0.0), ("lr", float("nan"))],
)
def test_settings_that_cannot_be_are_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=name):
        train(tmp_path / "net.pt", **{name: value})


@pytest.mark.parametrize("steps", range(1, 12))
def test_the_learning_rate_goes_up_and_down_in_any_number_of_steps(steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))])
    schedule = one_cycle(optimizer, 1.0, steps)
    rates = []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates[0] < 0.1 or steps < 5
    assert max(rates) <= 1 and (rates[-1] < 0.1 or steps < 3)


def test_faces_cropped_for_another_size_are_refused(archive_folder, data, tmp_path):
    crops = FaceLandmarksDataset(load_faces("train", archive_folder), 48)
    told = "Crops of 72 pixels are not for a network of 32, which needs 48"
    with pytest.raises(ValueError, match=told):
        fit(LandmarkNet(8, 32), crops, crops, 1, tmp_path / "a.pt", batch_size=4)
    with pytest.raises(ValueError, match=told):
        predict_all(LandmarkNet(8, 32), crops)
