"""Answers at once to the repair exercises: each check says "Right" or gives a hint.

The checks try the reader's function on values whose answer is known; none looks at how it works.
"""

import numpy as np
import torch

from helpers.annotations import photograph_of
from helpers.augment import FLIP
from helpers.crop import crop_matrix, invert, move
from helpers.metrics import nme


def check_photograph(rule):
    """Notebook 01: rule(name of a picture) -> the same for two pictures of one photograph."""
    names = [
        "afw/815038_1.jpg", "afw/815038_2_mirror.jpg", "lfpw/trainset/image_0457.png",
        "lfpw/testset/image_0457.png", "ibug/image_003_1.jpg", "ibug/image_084.jpg",
        "helen/trainset/1234_1.jpg", "helen/trainset/1234_10.jpg", "helen/trainset/12_1.jpg",
    ]  # fmt: skip
    for one in names:
        for other in names:
            same = photograph_of(one) == photograph_of(other)
            if (rule(one) == rule(other)) != same:
                return _not_yet(f"{one} and {other}: {'one photograph' if same else 'two'}.")
    return _right("photographs stay whole, and no folder became a single one.")


def check_inverse(inverse):
    """Notebook 02: inverse(matrix [2, 3]) -> the matrix of the way back."""
    matrix = crop_matrix((40, 30, 100, 100), 64, angle=20)
    points = np.array([[0.0, 0.0], [90.0, 80.0], [10.0, 200.0]])
    back = move(move(points, matrix), np.asarray(inverse(matrix.copy())))
    if not np.allclose(back, points, atol=1e-6):
        return _not_yet(f"(0, 0) came back as ({back[0, 0]:.1f}, {back[0, 1]:.1f}).")
    return _right("every point came back to where it was.")


def check_nme(metric):
    """Notebook 03: metric(predicted, truth), both [n, 68, 2] -> [n], per cent."""
    truth = np.random.default_rng(0).normal(size=(5, 68, 2)) * 40 + 100
    predicted = truth + np.random.default_rng(1).normal(size=truth.shape)
    answer = np.asarray(metric(predicted.copy(), truth.copy()))
    if answer.shape != (5,):
        return _not_yet(f"five faces should give five numbers, not {answer.shape}.")
    if not np.allclose(answer, nme(predicted, truth)):
        return _not_yet(f"{answer[0]:.3f} where {nme(predicted, truth)[0]:.3f} is right.")
    return _right("that is the figure that every result in this series is given in.")


def check_flip(flip):
    """Notebook 03b: flip(image [1, H, W], landmarks [68, 2]) -> both mirrored."""
    image = torch.arange(12.0).view(1, 3, 4)
    landmarks = torch.rand(68, 2, generator=torch.Generator().manual_seed(0)) * 3
    flipped, points = flip(image.clone(), landmarks.clone())
    if not torch.equal(flipped, image.flip(-1)):
        return _not_yet("the picture itself is not mirrored.")
    mirrored = landmarks * torch.tensor([-1.0, 1.0]) + torch.tensor([3.0, 0.0])
    one_right = torch.tensor([1.0, 0.0])
    if torch.allclose(points, mirrored) or torch.allclose(points, mirrored + one_right):
        return _not_yet("the points moved, but point 36 is now on the left eye: names matter.")
    if torch.allclose(points, (mirrored + one_right)[FLIP]):
        return _not_yet("all is one pixel too far right: pixel 0 becomes pixel W - 1, not W.")
    if not torch.allclose(points, mirrored[FLIP]):
        return _not_yet("the points are not where the mirror puts them.")
    return _right("picture, places and names are mirrored.")


def check_step(step):
    """Notebook 04: step(model, images, targets, optimizer) makes one step of gradient descent."""
    dice = torch.Generator().manual_seed(0)
    images, targets = torch.randn(8, 3, generator=dice), torch.randn(8, 2, generator=dice)
    models = [torch.nn.Linear(3, 2) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizer = torch.optim.SGD(models[0].parameters(), 0.1)
    for _ in range(2):
        step(models[0], images, targets, optimizer)
        models[1].zero_grad()
        torch.nn.functional.mse_loss(models[1](images), targets).backward()
        with torch.no_grad():
            for weights in models[1].parameters():
                weights -= 0.1 * weights.grad
    if not torch.allclose(models[0].weight, models[1].weight, atol=1e-6):
        return _not_yet("after two steps the weights are not where plain descent puts them.")
    return _right("forget the old gradients, compute the new ones, step.")


def check_map_back(map_back):
    """Notebook 05: map_back(points on the canvas [68, 2], box, size) -> points in the picture."""
    points = np.random.default_rng(0).uniform(0, 112, (68, 2))
    box = (200.0, 120.0, 90.0, 90.0)
    answer = np.asarray(map_back(points.copy(), box, 112))
    if not np.allclose(answer, move(points, invert(crop_matrix(box, 112))), atol=1e-3):
        return _not_yet(f"point 0 landed at ({answer[0, 0]:.0f}, {answer[0, 1]:.0f}).")
    return _right("the points are in the photograph again.")


def check_failures(rate):
    """Notebook 06: rate(errors [n], limit) -> per cent of faces whose error is above the limit."""
    errors = np.array([1.0, 2.0, 8.0, 9.0, 40.0])
    answer = rate(errors, 8.0)
    if not np.isclose(answer, 40.0):
        return _not_yet(f"2 of the 5 errors {errors.tolist()} are above 8; it says {answer:.0f} %.")
    return _right("the worst faces count, too.")


def check_same_list(gain):
    """Notebook 06b: gain(one, other), errors [n] each -> how much lower `other` is on average."""
    one, other = np.array([4.0, 6.0, np.nan, 8.0]), np.array([3.0, np.nan, 30.0, 6.0])
    answer = gain(one, other)
    if not np.isclose(answer, 1.5):
        return _not_yet(f"both found faces 0 and 3, where the gain is 1.5; it says {answer:.2f}.")
    return _right("compared on the same faces.")


def check_mean_position(mean_position):
    """Notebook 07b: mean_position(chances [n, n], pixels a cell) -> (x, y) on the canvas."""
    chances = np.outer(np.eye(5)[1], np.eye(5)[3])
    answer = np.asarray(mean_position(chances, 4))
    if np.allclose(answer, (5.5, 13.5)):
        return _not_yet("columns are x, rows are y.")
    if not np.allclose(answer, (13.5, 5.5)):
        return _not_yet(f"all of it in row 1, column 3, is (13.5, 5.5); it says {tuple(answer)}.")
    return _right("a cell lies at the middle of its pixels.")


def check_mirror_mean(mirror_mean):
    """Notebook 07: mirror_mean(predict, image [S, S]) -> landmarks [68, 2], the mean of two."""
    image = np.tile(np.linspace(0, 1, 32), (32, 1))
    truth = np.random.default_rng(0).uniform(4, 28, (68, 2))
    mirrored = (truth * [-1, 1] + np.array([31, 0]))[FLIP.numpy()]

    def predict(picture):
        dark_left = picture[0, 0] < picture[0, -1]
        return np.add(truth, (0, 1)) if dark_left else np.add(mirrored, (0, 3))

    answer, expected = np.asarray(mirror_mean(predict, image)), np.add(truth, (0, 2))
    if np.allclose(answer, expected):
        return _right("two opinions, one face.")
    middle = (FLIP == torch.arange(68)).numpy()
    if np.allclose(answer[middle], expected[middle]):
        return _not_yet("the points in the middle are right; who is the mirror image of whom?")
    return _not_yet("a predictor that is one and three pixels too low should become two too low.")


def check_modes(fit):
    """Notebook 11: fit(shapes [n, d], count) -> mean [d] and the first modes [count, d]."""
    mean, modes = fit(np.array([[4, 0, 20], [-4, 0, 20], [0, 1, 20], [0, -1, 20.0]]), 2)
    if np.allclose(np.abs(modes), np.eye(2, 3)) and np.allclose(mean, (0, 0, 20)):
        return _right("what is left after the mean is how faces differ.")
    return _not_yet(f"x differs most, z never; the first mode is {np.abs(modes[0]).round(2)}.")


def _right(text):
    print(f"Right: {text}")


def _not_yet(text):
    print(f"Not yet: {text}")
