"""Answers at once to the repair exercises: each check says "Right" or gives a hint.

The checks try the reader's function on values whose answer is known; none looks at how it works.
"""

import copy
import functools
import types
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch

from helpers.annotations import photograph_of
from helpers.augment import FLIP
from helpers.crop import crop_matrix, invert, move
from helpers.metrics import nme

PICTURES = (
    "afw/815038_1.jpg",
    "afw/815038_2_mirror.jpg",
    "lfpw/trainset/image_0457.png",
    "lfpw/testset/image_0457.png",
    "ibug/image_003_1.jpg",
    "ibug/image_084.jpg",
    "helen/trainset/1234_1.jpg",
    "helen/trainset/1234_10.jpg",
    "helen/trainset/12_1.jpg",
)


MAY_RETURN_NOTHING = ("check_step", "check_newest")


class _NothingError(Exception):
    """A reader's function returned None."""


def _told(check: Callable[..., None]) -> Callable[..., None]:
    """The same check, which answers where a function returns what cannot be looked at at all.

    An error of the reader's own code is left as it is.
    """

    @functools.wraps(check)
    def checked(*functions: Callable[..., Any]) -> None:
        returned: list[Any] = []

        def watched(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def call(*given: Any, **named: Any) -> Any:
                returned.append(function(*given, **named))
                if returned[-1] is None and check.__name__ not in MAY_RETURN_NOTHING:
                    raise _NothingError
                return returned[-1]

            return call if isinstance(function, types.FunctionType) else function

        try:
            check(*map(watched, functions))
        except _NothingError:
            _not_yet("it returns nothing; is `return` missing?")
        except (TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
            if not returned or _is_of(error, functions):
                raise
            answer = returned[-1]
            shape = f" of shape {tuple(answer.shape)}" if hasattr(answer, "shape") else ""
            _not_yet(f"it returns a {type(answer).__name__}{shape}; something else was asked for.")

    return checked


def _is_of(error: BaseException, functions: tuple[Callable[..., Any], ...]) -> bool:
    """Whether an error was raised inside one of these functions."""
    codes = {getattr(function, "__code__", None) for function in functions}
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


@_told
def check_photograph(rule: Callable[[str], Any]) -> None:
    """Notebook 01: rule(name of a picture) -> the same for two pictures of one photograph."""
    for one, other in product(PICTURES, repeat=2):
        same = photograph_of(one) == photograph_of(other)
        if (rule(one) == rule(other)) != same:
            return _not_yet(f"{one} and {other}: {'one photograph' if same else 'two'}.")
    return _right("photographs stay whole, and no folder became a single one.")


@_told
def check_inverse(inverse: Callable[[np.ndarray], np.ndarray]) -> None:
    """Notebook 02: inverse(matrix [2, 3]) -> the matrix of the way back."""
    matrix = crop_matrix((40, 30, 100, 100), 64, angle=20)
    points = np.array([[0.0, 0.0], [90.0, 80.0], [10.0, 200.0]])
    back = move(move(points, matrix), np.asarray(inverse(matrix.copy())))
    if not np.allclose(back, points, atol=1e-6):
        return _not_yet(f"(0, 0) came back as ({back[0, 0]:.1f}, {back[0, 1]:.1f}).")
    return _right("every point came back to where it was.")


@_told
def check_nme(metric: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """Notebook 03: metric(predicted, truth), both [n, 68, 2] -> [n], per cent."""
    truth = np.random.default_rng(0).normal(size=(5, 68, 2)) * 40 + 100
    predicted = truth + np.random.default_rng(1).normal(size=truth.shape)
    answer = np.asarray(metric(predicted.copy(), truth.copy()))
    if answer.shape != (5,):
        return _not_yet(f"five faces should give five numbers, not {answer.shape}.")
    if not np.allclose(answer, nme(predicted, truth)):
        return _not_yet(f"{answer[0]:.3f} where {nme(predicted, truth)[0]:.3f} is right.")
    return _right("that is the figure that every result in this series is given in.")


@_told
def check_flip(
    flip: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
) -> None:
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


@_told
def check_convolution(
    convolution: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    """Notebook 03c: convolution(picture [H, W], window [h, w]) -> [H - h + 1, W - w + 1]."""
    for shape in ((5, 5), (4, 7)):
        picture = torch.arange(float(np.prod(shape))).view(shape).sin()
        window = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [0.5, 1.0, 0.0]])
        right = torch.nn.functional.conv2d(picture[None, None], window[None, None])[0, 0]
        answer = convolution(picture.clone(), window.clone())
        sizes = " x ".join(map(str, answer.shape)), " x ".join(map(str, right.shape))
        if sizes[0] != sizes[1]:
            where = f"{shape[0]} x {shape[1]}"
            return _not_yet(f"a 3 x 3 window fits a {where} picture {sizes[1]} times: {sizes[0]}?")
        if not torch.allclose(answer, right, atol=1e-5):
            return _not_yet(
                f"the first answer is {answer[0, 0]:.2f} where {right[0, 0]:.2f} is right."
            )
    return _right("this is what each of the network's windows does.")


@_told
def check_step(step: Callable[..., Any]) -> None:
    """Notebook 04: step(model, images, targets, optimizer) makes one step of gradient descent."""
    dice = torch.Generator().manual_seed(0)
    images, targets = torch.randn(8, 3, generator=dice), torch.randn(8, 2, generator=dice)
    model, plain = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    plain.load_state_dict(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(2):
        step(model, images, targets, optimizer)
        loss = torch.nn.functional.mse_loss(plain(images), targets)
        weights = list(plain.parameters())
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.sub_(0.1 * gradient)
    if not torch.allclose(model.weight, plain.weight, atol=1e-6):
        return _not_yet("after two steps the weights are not where plain descent puts them.")
    return _right("forget the old gradients, compute the new ones, step.")


@_told
def check_look(look: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor]) -> None:
    """Notebook 04b: look(model, images [B, 1, S, S]) -> its answers as in use, in training."""
    torch.manual_seed(0)
    norm = torch.nn.BatchNorm2d(8)
    layers = torch.nn.Conv2d(1, 8, 3), norm, torch.nn.Flatten(), torch.nn.Linear(8 * 6 * 6, 136)
    model = torch.nn.Sequential(*layers).train()
    images = torch.randn(4, 1, 8, 8)
    before = copy.deepcopy(norm.state_dict())
    together, alone = look(model, images), look(model, images[:1])
    if not torch.allclose(together[:1], alone, atol=1e-5):
        return _not_yet("the same face, alone and in company, got two answers: in which mode?")
    if any(not torch.equal(before[name], value) for name, value in norm.state_dict().items()):
        return _not_yet("the averages of batch normalisation changed: looking taught it something.")
    if not model.training:
        return _not_yet("the answers are right, but the model stays in use: training goes on so.")
    with torch.no_grad():
        expected = model.eval()(images)
    if not torch.allclose(together, expected, atol=1e-5):
        return _not_yet("these are not the answers that the model gives in use.")
    return _right("each face on its own, and training goes on as before.")


@_told
def check_map_back(map_back: Callable[..., np.ndarray]) -> None:
    """Notebook 05: map_back(points on the canvas [68, 2], box, size) -> points in the picture."""
    points = np.random.default_rng(0).uniform(0, 112, (68, 2))
    box = (200.0, 120.0, 90.0, 90.0)
    answer = np.asarray(map_back(points.copy(), box, 112))
    if not np.allclose(answer, move(points, invert(crop_matrix(box, 112))), atol=1e-3):
        return _not_yet(f"point 0 landed at ({answer[0, 0]:.0f}, {answer[0, 1]:.0f}).")
    return _right("the points are in the photograph again.")


@_told
def check_failures(rate: Callable[[np.ndarray, float], float]) -> None:
    """Notebook 06: rate(errors [n], limit) -> per cent of faces whose error is above the limit."""
    errors = np.array([1.0, 2.0, 8.0, 9.0, 40.0])
    answer = rate(errors, 8.0)
    if not np.isclose(answer, 40.0):
        return _not_yet(f"2 of the 5 errors {errors.tolist()} are above 8; it says {answer:.0f} %.")
    return _right("the worst faces count, too.")


@_told
def check_same_list(gain: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Notebook 06b: gain(one, other), errors [n] each -> how much lower `other` is on average."""
    one, other = np.array([4.0, 6.0, np.nan, 8.0]), np.array([3.0, np.nan, 30.0, 6.0])
    answer = gain(one, other)
    if not np.isclose(answer, 1.5):
        return _not_yet(f"both found faces 0 and 3, where the gain is 1.5; it says {answer:.2f}.")
    return _right("compared on the same faces.")


@_told
def check_mean_position(mean_position: Callable[[np.ndarray, int], tuple[float, float]]) -> None:
    """Notebook 07b: mean_position(chances [n, n], pixels a cell) -> (x, y) on the canvas."""
    chances = np.outer(np.eye(5)[1], np.eye(5)[3])
    answer = np.asarray(mean_position(chances, 4))
    if np.allclose(answer, (5.5, 13.5)):
        return _not_yet("columns are x, rows are y.")
    if not np.allclose(answer, (13.5, 5.5)):
        said = ", ".join(f"{value:g}" for value in answer)
        return _not_yet(f"all of it in row 1, column 3, is (13.5, 5.5); it says ({said}).")
    return _right("a cell lies at the middle of its pixels.")


@_told
def check_mirror_mean(mirror_mean: Callable[..., np.ndarray]) -> None:
    """Notebook 07: mirror_mean(predict, image [S, S]) -> landmarks [68, 2], the mean of two."""
    image = np.tile(np.linspace(0, 1, 32), (32, 1))
    truth = np.random.default_rng(0).uniform(4, 28, (68, 2))
    mirrored = (truth * [-1, 1] + np.array([31, 0]))[FLIP.numpy()]

    def predict(picture: np.ndarray) -> np.ndarray:
        dark_left = picture[0, 0] < picture[0, -1]
        return np.add(truth, (0, 1)) if dark_left else np.add(mirrored, (0, 3))

    answer, expected = np.asarray(mirror_mean(predict, image)), np.add(truth, (0, 2))
    if np.allclose(answer, expected):
        return _right("two opinions, one face.")
    middle = (FLIP == torch.arange(68)).numpy()
    if np.allclose(answer[middle], expected[middle]):
        return _not_yet("the points in the middle are right; who is the mirror image of whom?")
    return _not_yet("a predictor that is one and three pixels too low should become two too low.")


@_told
def check_similarity(similarity: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """Notebook 08: similarity(source [2, 2], target [2, 2]) -> the matrix [2, 3] between them."""
    source = np.array([[10.0, 20], [50, 40]])
    target = np.array([[200.0, 90], [210, 190]])
    matrix = np.asarray(similarity(source.copy(), target.copy()))
    landed = move(source, matrix)
    if not np.allclose(landed, target):
        text = " and ".join(f"({x:.0f}, {y:.0f})" for x, y in landed)
        return _not_yet(f"the points went to {text}, not to (200, 90) and (210, 190).")
    if not np.allclose(matrix[0, 0], matrix[1, 1]) or not np.allclose(
        *np.abs(matrix[[0, 1], [1, 0]])
    ):
        return _not_yet("both points are right, but the artwork is squeezed or mirrored.")
    return _right("two points say how large, how turned and where.")


@_told
def check_low_pass(low_pass: Callable[[np.ndarray, float], Any]) -> None:
    """Notebook 08b: low_pass(values [t], share) -> smoothed [t], each a mix of the last and new."""
    values = np.array([0.0, 8.0, 8.0, 8.0, 0.0])
    answer = np.asarray(low_pass(values.copy(), 0.25))
    expected = [0.0]
    for value in values[1:]:
        expected.append(expected[-1] + 0.25 * (value - expected[-1]))
    if answer.shape != values.shape:
        return _not_yet(f"five values should give five, not {answer.shape}.")
    if not np.allclose(answer, expected):
        return _not_yet(
            f"after a jump from 0 to 8 it says {answer[1:3].round(2).tolist()}.\nA quarter of the "
            f"way, then a quarter of the rest, is {np.round(expected[1:3], 2).tolist()}."
        )
    return _right("what it said last is all that it has to remember.")


@_told
def check_newest(choose: Callable[[list[int]], int]) -> None:
    """Notebook 08c: choose(frames that wait, oldest first) -> the one to send; takes them out."""
    waiting = [1, 2, 3, 4]
    chosen = choose(waiting)
    if chosen != 4:
        return _not_yet(f"of the frames 1, 2, 3 and 4 it sends {chosen}, which is not the newest.")
    if waiting:
        return _not_yet(f"it sends the newest, but {waiting} still wait and would be sent later.")
    waiting.append(5)
    if choose(waiting) != 5 or waiting:
        return _not_yet("it does not cope with a single frame that waits.")
    return _right("late frames are dropped, and what is shown is never old.")


@_told
def check_known(distance: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Notebook 09: distance(predicted, truth), both [k, 2] -> mean over the known points."""
    predicted = np.array([[10.0, 20.0], [50.0, 20.0], [30.0, 44.0], [30.0, 80.0]])
    truth = predicted + np.array([[3, 4], [0, 1], [0, 0], [0, 0]])
    if not np.isclose(distance(predicted.copy(), truth.copy()), 1.5):
        return _not_yet("of a face without hidden points it is off: 5, 1, 0 and 0 pixels are 1.5.")
    truth[3] = np.nan
    answer = distance(predicted.copy(), truth.copy())
    if np.isclose(answer, 1.5):
        return _not_yet("a hidden point counts as one that was hit: 5, 1 and 0 pixels are 2.0.")
    if not np.isclose(answer, 2.0):
        return _not_yet(f"without the hidden point it is 2.0; it says {answer:.1f}.")
    return _right("who is not seen is not judged.")


@_told
def check_modes(fit: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]) -> None:
    """Notebook 11: fit(shapes [n, d], count) -> mean [d] and the first modes [count, d]."""
    mean, modes = fit(np.array([[4, 0, 20], [-4, 0, 20], [0, 1, 20], [0, -1, 20.0]]), 2)
    if np.allclose(np.abs(modes), np.eye(2, 3)) and np.allclose(mean, (0, 0, 20)):
        return _right("what is left after the mean is how faces differ.")
    return _not_yet(f"x differs most, z never; the first mode is {np.abs(modes[0]).round(2)}.")


def _right(text: str) -> None:
    """Says that the answer is right, and what it is good for."""
    print(f"Right: {text}")


def _not_yet(text: str) -> None:
    """Says that the answer is not right yet, with a hint."""
    print(f"Not yet: {text}")
