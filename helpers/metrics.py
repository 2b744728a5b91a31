"""How good: the normalised mean error.

Pure functions on arrays. Errors are distances in pixels, divided by a length of the same face,
so that a face near the camera and one far away count the same.
"""

import numpy as np

# The outer eye corners; their distance is the normaliser of the 300-W challenge
# (Sagonas et al. 2013, "300 Faces in-the-Wild Challenge").
OUTER_EYE_CORNERS = (36, 45)


def inter_ocular(landmarks):
    """Distance of the outer eye corners, landmarks [n, 68, 2] -> [n], in pixels."""
    right, left = OUTER_EYE_CORNERS
    return np.linalg.norm(landmarks[:, right] - landmarks[:, left], axis=-1)


def nme(predicted, truth):
    """Normalised mean error of each face: [n], per cent of the inter-ocular distance.

    predicted, truth: [n, 68, 2], both in pixels of the same picture (or crop). The mean over the
    68 points of the distance between prediction and truth, over the distance of the truth's
    outer eye corners. Raises ValueError on other shapes, on a number that is not finite and on a
    face whose eye corners coincide, and says which face.
    """
    predicted, truth = np.asarray(predicted, float), np.asarray(truth, float)
    if predicted.shape != truth.shape or truth.shape[1:] != (68, 2):
        raise ValueError(f"nme needs two arrays [n, 68, 2], not {predicted.shape}, {truth.shape}.")
    for name, points in (("predicted", predicted), ("truth", truth)):
        broken = ~np.isfinite(points).all((1, 2))
        if broken.any():
            raise ValueError(f"{name} landmarks of face {broken.argmax()} are not all finite.")
    normaliser = inter_ocular(truth)
    if (normaliser == 0).any():
        raise ValueError(f"The eye corners of face {(normaliser == 0).argmax()} coincide.")
    return 100 * np.linalg.norm(predicted - truth, axis=-1).mean(1) / normaliser
