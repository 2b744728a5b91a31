"""Measures where iBUG's labels lie on a face, against the points of the generated people.

    python tools/measure_labels.py PATH [PATH ...]

`free` learned from people whose points the generator places, so on a photograph it puts them where
the generator would. PATH: data sets in dlib's layout, whose training lists are used. Prints the
median of label less prediction over all faces and their mirror images, in thousandths of the
distance of the outer eye corners, eyes level: what `helpers.people.labels` still lacks. It was
filled in with what this printed for weights that had learned without it, then for the next ones.
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
TURNED = 25  # degrees of yaw: farther than this the far half of a face is foreshortened


def differences(landmarker: Landmarker, names: list[str]) -> np.ndarray:
    """Label less prediction of each face and of its mirror image: [2 n, 68, 2], eyes level."""
    found = []
    for name in names:
        faces = [face for face in load_faces("train", name) if not face.is_twin]
        for k, face in enumerate(faces):
            video = face.photograph.startswith("ytf")
            if (video and k % FRAMES) or abs(yaw(face.landmarks[None])[0]) > TURNED:
                continue
            predicted = landmarker.landmarks(read_image(face.image), [face.box])
            level = crop_matrix((0, 0, 1, 1), 1, 1, upright(predicted[0])[1])
            away = move(face.landmarks, level) - move(predicted[0], level)
            away /= inter_ocular(predicted)[0]
            found += [away, (away * (-1, 1))[MIRROR]]
    return np.array(found)


@one_sentence()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="+")
    away = differences(Landmarker.load("free"), parser.parse_args().archive)
    median = np.rint(1000 * np.median(away, 0)).astype(int)
    print(f"{len(away) // 2} faces, points 0 to 67, to the right and down:")
    print(median.tolist())


if __name__ == "__main__":
    main()
