"""One change at a time, from a plain regression to heat maps: the trials of notebook 07."""

from dataclasses import dataclass, replace

from helpers.crop import MARGIN
from helpers.train.recipe import Recipe


@dataclass(frozen=True)
class Trial:
    """One change of a recipe, to be compared with the trial that lacks it.

    recipe: with the change. what: the change in words. beside: the name of the trial to compare
    with. more: what the network learns from besides, "photographs" of other archives or "people"
    who do not exist.
    """

    recipe: Recipe
    what: str
    beside: str | None
    more: str | None = None


# All have half of ResNet18's channels, a quarter of its weights: each is trained three times.
PLAIN = Recipe(width=32, size=128, margin=1.0, mean_face=False, flip=0.0)
START = replace(PLAIN, mean_face=True)
WIDE = replace(START, margin=MARGIN)
FLIPPED = replace(WIDE, flip=0.5)
ABSOLUTE = replace(FLIPPED, loss="L1")
SMALLER = replace(ABSOLUTE, size=112)
MAPS = Recipe(network="HeatmapNet", width=32, size=128)

TRIALS: dict[str, Trial] = {
    "plain": Trial(PLAIN, "136 numbers, squared error, raw box, random start, no flips", None),
    "start": Trial(START, "start from the mean face", "plain"),
    "margin": Trial(WIDE, "crop of 1.5 times the box", "start"),
    "flip": Trial(FLIPPED, "mirror images with landmarks renamed: notebook 4's recipe", "margin"),
    "flip only": Trial(replace(FLIPPED, rename=False), "mirror images, not renamed", "margin"),
    "L1": Trial(ABSOLUTE, "absolute instead of squared error", "flip"),
    "Wing": Trial(replace(FLIPPED, loss="Wing"), "Wing loss instead of squared error", "flip"),
    "SoftWing": Trial(
        replace(FLIPPED, loss="SoftWing"), "SoftWing loss instead of squared error", "flip"
    ),
    "size": Trial(SMALLER, "112 instead of 128 pixels", "L1"),
    "heat maps": Trial(MAPS, "68 maps and their mean positions instead of 136 numbers", "L1"),
    "average": Trial(
        replace(MAPS, average=0.99), "moving average (EMA) of the weights", "heat maps"
    ),
    "more faces": Trial(MAPS, "photographs of other archives besides", "heat maps", "photographs"),
    "generated": Trial(MAPS, "people who do not exist besides", "heat maps", "people"),
}
