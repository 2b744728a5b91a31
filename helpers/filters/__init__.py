"""Face filters: glasses, ears and masks that hang on the 68 landmarks of a face.

A filter is a small TOML file beside pictures with transparent ground (`gallery` holds those that
come with the course, `python tools/draw_filters.py` draws them). In the order of the work:

    files   a TOML file to a `Filter`: pieces of artwork, and which landmarks each hangs on
    head    a generic face in 3-D, and its pose from landmarks
    hang    the three ways in which artwork hangs: similarity, pose, mesh
    layers  artwork laid over a picture, and `wear`

`python -m helpers.filters IN OUT --filter NAME` puts one on the faces of a picture or clip.
"""

from helpers.filters.files import Filter, filter_names, load_filter
from helpers.filters.layers import wear

__all__ = ["Filter", "filter_names", "load_filter", "wear"]
