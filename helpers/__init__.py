"""The code under the notebooks: from an archive of photographs to 68 landmarks on a face.

One module for each step that the data takes: sources, annotations, crop, dataset, augment,
model, train, predict, metrics; draw and widgets show what happens. `people` makes the faces of
people who do not exist; the modules it imports draw them.
"""
