"""People who do not exist: photograph-like pictures with exact landmarks, and data sets of them.

A person is drawn at random from a statistical face model (Cootes et al. 1998) fitted to 142
portraits, then posed, lit and put before a background. In the order of the work:

    face_model   the model's arrays, and the arithmetic of pictures in its frame
    person       a `Person`'s numbers, a `View`'s angles, and how they are drawn at random
    skin  beard  clothes  hair  light       in the frame; `render` puts these together
    expression   jaw, lips, brows, lids     `mesh` goes from the frame to the photograph
    labels       where the 68 landmarks lie on the mesh
    mouth  occluders  hands  hats  backgrounds  camera     in the photograph
    overlay      draws over a part of it
    extra        exact points that the 68 lack: pupils, ear lobes, the hairline
    portrait     one picture, from all above, and its landmarks
    negatives    the same people on film, a domain that no network of the course has seen
    groups       several people in one picture
    collect      a data set in dlib's layout, and the generator's VERSION

What the rest of the course uses is named in `__all__` (notebook 11 opens the modules themselves);
`python -m helpers.people` makes a data set.
"""

from helpers.people.collect import SOURCE, VERSION, cast, make_people
from helpers.people.groups import contact_sheet, group
from helpers.people.person import Person, View, sample_person, sample_view
from helpers.people.portrait import draw_person, photograph

__all__ = [
    "SOURCE",
    "VERSION",
    "Person",
    "View",
    "cast",
    "contact_sheet",
    "draw_person",
    "group",
    "make_people",
    "photograph",
    "sample_person",
    "sample_view",
]
