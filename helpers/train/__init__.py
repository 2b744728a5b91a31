"""Training: the loop of notebook 04 with what a long run needs besides.

    loop     `fit`: notebook 04's loop, with progress, validation and the best weights kept
    resume   why an interrupted training loses nothing
    losses   what each loss makes of a point that is far off, or nearly right
    few      `fine_tune`: a network that ships, taught by a few faces of one's own
    recipe   all that is chosen for a training, in one place: `Recipe`
    trials   notebook 07's recipes, each with one change
    faults   what can go wrong in the lines around a network (notebook 04b)

`python -m helpers.train` is its shell (`__main__`). What may be used from outside is in `__all__`.
"""

from helpers.train.few import fine_tune
from helpers.train.loop import fit
from helpers.train.losses import LOSSES
from helpers.train.recipe import Recipe
from helpers.train.trials import TRIALS, Trial

__all__ = ["LOSSES", "TRIALS", "Recipe", "Trial", "fine_tune", "fit"]
