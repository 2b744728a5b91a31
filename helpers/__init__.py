"""The code under the notebooks: from an archive of photographs to landmarks on any face.

The way of the data, in order. Each file is one step; beside it stand the notebooks that teach it:

    landmarks.py    schemes: which points, their parts, partners in a mirror image (flip); the 68
    sources.py      get_dataset: where the pictures come from, as a folder                 01
    pictures.py     any picture file to pixels: upright, 8 bits, huge ones scaled
    annotations.py  a label file to faces (picture, box, landmarks), and back              01, 02
    boxes.py        dlib's box around landmarks; overlap (IoU), one box a face (NMS)       05, 11
    crop.py         one 2 x 3 matrix from picture to canvas, its inverse back              02
    dataset.py      faces to a dataset: the cache of crops, the split by photograph        03
    augment.py      a batch turned, scaled, flipped, lit, on its device                    03b
    model.py        ResNet18 with two numbers out for each point                           03c, 04
    heatmap.py      the network that draws a map for each landmark                         07b
    checkpoint.py   weights in and out of files; the weights that ship
    detect.py       where the faces of a picture are                                       05
    predict.py      Landmarker: any photograph to landmarks                                05
    metrics.py      how good: NME, cumulative error (CED), failures, intervals             03, 06
    pose.py         which way a head is turned, so that errors can be sorted by it

To look at and to play with, wherever it is needed:

    draw.py         landmarks on pictures          charts.py   curves and bars
    diagram.py      the map of the course and its order, ResNet18 drawn                     01, 03c
    checks.py       answers to the repair exercises
    guess_scheme.py a scheme for points of one's own, guessed from the faces

Rooms of their own beside that way:

    widgets/        what a reader turns and drags: sliders, explorers, the webcam, the point editor;
                    their halves in the browser are assets/*.js
    formats/        label files of dlib, COCO, CVAT, LabelMe, CSV and .pts: one module each
    storage/        files that are whole or not there; download, unpack, where data lie
    people/         people who do not exist: who they are, how they are drawn
    filters/        glasses, hats and masks on a face: a TOML file each, and how they hang  08
    train/          the training loop, an interrupt that loses nothing (resume), losses, recipes,
                    few labels (few), what can go wrong (faults); every option of
                    `python -m helpers.train`                                  04, 04b, 07, 09
    video/          clips in and out, faces followed from frame to frame, kept calm        08b
    schemes/        the schemes that ship: 68, 51 and 5 points, a TOML file each
    assets/         the weights that ship, with a card each; the model of the people

Run from a shell, as `python -m helpers.NAME`: train, guess_scheme, people, filters, and

    challenge.py    faces for each student, a ranking on secret ones
    export.py       a network for ONNX Runtime     quantize.py   the same in 8-bit numbers
    convert.py      a label file of one format as that of another
    predict_many.py `python -m helpers.predict`: any number of photographs to one label file
    doctor.py       what this machine has for the course, and what it lacks                01

What these share: shell.py, that bad input ends in one sentence; triangles.py, a mesh of triangles
carried into a picture (people, filters).
"""
