"""Measures where iBUG's labels lie on a face, against the points of the generated people.

    python tools/measure_labels.py PATH [PATH ...]

`free` learned from people whose points the generator places, so on a photograph it puts them where
the generator would. PATH: data sets in dlib's layout, whose training lists are used. Prints two
lists, in thousandths of the distance of the outer eye corners, eyes level. The first is the median
of label less prediction over all faces that look ahead, and their mirror images: what
`helpers.people.labels` still lacks. It was filled in with what this printed for weights that had
learned without it, then for the next ones. The second tells of turned faces how much farther out of
the face each point lies than the generator has it: by so much, times the sine of the yaw, is the
label further to where the face is turned. The depth of mouth, nose and chin was mended by it
(`fit.mesh`). That of the jaw means nothing: its points slide along the edge that is seen.
"""

import argparse

import numpy as np

from helpers.annotations import read_image
from helpers.boxes import upright
from helpers.crop import crop_matrix, move
from helpers.dataset import load_faces
from helpers.landmarks import MIRROR
from helpers.metrics import inter_ocular
from helpers.pose import yaw
from helpers.predict import Landmarker
from helpers.shell import one_sentence

FRAMES = 10  # of the frames of a video, whose name begins with "ytf", one in so many
AHEAD = 25  # degrees of yaw: farther than this the far half of a face is foreshortened
TURNED = (15, 40)  # degrees: less tells nothing of depth, more hides half of the points


def differences(landmarker: Landmarker, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Label less prediction of each face, eyes level, [n, 68, 2], and its yaw in degrees, [n]."""
    found, turns = [], []
    for name in names:
        faces = [face for face in load_faces("train", name) if not face.is_twin]
        for k, face in enumerate(faces):
            turn = float(yaw(face.landmarks[None])[0])
            video = face.photograph.startswith("ytf")
            if (video and k % FRAMES) or abs(turn) > TURNED[1]:
                continue
            predicted = landmarker.landmarks(read_image(face.image), [face.box])
            level = crop_matrix((0, 0, 1, 1), 1, 1, upright(predicted[0])[1])
            away = move(face.landmarks, level) - move(predicted[0], level)
            found.append(away / inter_ocular(predicted)[0])
            turns.append(turn)
    return np.array(found), np.array(turns)


def mirrored(away: np.ndarray) -> np.ndarray:
    """Differences [n, 68, 2] as in the mirror images of their faces."""
    return (away * (-1, 1))[:, MIRROR]


def farther_out(away: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """How much nearer to the camera than predicted each point of turned faces seems: [n, 68].

    away: differences [n, 68, 2]; turns: yaws, degrees, positive to the picture's right. What stands
    out by d more moves by d times the sine of the yaw to where the face is turned.
    """
    right = np.where(turns[:, None, None] > 0, away, mirrored(away))
    return right[..., 0] / np.sin(np.radians(abs(turns)))[:, None]


@one_sentence()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="+")
    away, turns = differences(Landmarker.load("free"), parser.parse_args().archive)
    ahead = away[abs(turns) <= AHEAD]
    both = np.concatenate([ahead, mirrored(ahead)])
    print(f"{len(ahead)} faces, points 0 to 67, to the right and down:")
    print(np.rint(1000 * np.median(both, 0)).astype(int).tolist())
    turned = abs(turns) >= TURNED[0]
    out = farther_out(away[turned], turns[turned])
    print(f"{len(out)} turned faces, points 0 to 67, farther out:")
    print(np.rint(1000 * np.median(out, 0)).astype(int).tolist())


if __name__ == "__main__":
    main()
