"""The benchmark: every figure of the course, measured here and kept in results.json.

What each long training of a table came to is in trainings.json, so that no machine takes it along.

    contenders    who is scored: networks in one pass or two, the mean face
    customary     the customary notebook as a baseline, its defects as switches
    trees         the peer: dlib's regression trees
    scoreboard    all figures of a contender on a test list
    improve       notebook 07's changes, one at a time; how long a training has to be
    overfitting   a training long enough to learn its faces by heart: notebook 04's curves
    faces         numbers and maps against the number of training faces
    detector      how many faces are found
    trust         how far the weights' own word for their landmarks can be believed
    turned        faces turned in the plane: found or not, and their landmarks
    latency       what a face takes each contender, all in one run
    video         frames a second, of a clip with a filter and of the live widget
    peers         from a picture to landmarks, beside dlib and MediaPipe
    growth        time and memory against the number of faces
    speed         what makes a training step quick
    input_path    how fast faces reach a network
    london        the weights that ship, by tone of skin (the set: tools/london_set.py)
    official      the weights that ship, on the official 300-W test sets (has a shell of its own)

    kept          what took long is done once, and goes on where it was stopped
    record        a measurement, with its machine, into results.json
    tables        records as tables in Markdown
    words         what is said of records, in sentences
    pages         README, docs and cards: the tables with the words around them
    cells         the notebooks' cells that show figures
    results       writes pages and cells, or checks that they show what was recorded

From the repository's root: `python -m bench` measures (`make bench FACES=PATH`), and
`python -m bench.results` writes the pages.
"""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")
TRAININGS = RESULTS.with_name("trainings.json")
