"""What a reader turns, drags and types in a notebook: widgets over pure functions.

sliders.py      a picture under its controls, a browser of pictures, an uploader
knobs.py        the widget under those: knobs, and what is dragged in a picture
explorer.py     every setting of `Augment`, alive in any page                           03b
probe.py        the prediction explorer: drag the box, hide a part                      05
live.py         the webcam: frames to the kernel, landmarks back                        08c
editor.py       the point editor: photographs labelled by hand                          09
labels.py       labels in the making: each step kept in a file, undone, done again
guess.py        the reader's own prediction, beside the answer
frontend.py     the halves in the browser (helpers/assets), after what they share
"""

from helpers.widgets.sliders import browser, open_photograph, shell, uploader

__all__ = ["browser", "open_photograph", "shell", "uploader"]
