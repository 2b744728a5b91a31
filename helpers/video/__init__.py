"""Video: a clip in, its faces followed from frame to frame and kept calm, a clip out.

    clips    any clip to upright RGB frames; frames to a clip, whole or not at all, with its sound
    smooth   the One-Euro filter; jitter and lag as numbers
    track    `Tracker`: which face is which, and the face finder only where it must
    apply    `filtered`: all of it, with something drawn on each frame
    scenes   clips of people who do not exist, with landmarks that are known in every frame

What the rest of the course uses is named in `__all__`.
"""

from helpers.video.apply import Report, filtered
from helpers.video.clips import ENDINGS, EXAMPLES, Clip, read_clip, write_clip
from helpers.video.smooth import OneEuro, eye_distance, jitter, lag, smoothed
from helpers.video.track import Tracked, Tracker

__all__ = [
    "ENDINGS",
    "EXAMPLES",
    "Clip",
    "OneEuro",
    "Report",
    "Tracked",
    "Tracker",
    "eye_distance",
    "filtered",
    "jitter",
    "lag",
    "read_clip",
    "smoothed",
    "write_clip",
]
