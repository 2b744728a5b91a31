"""The parts of `tools/train_finder.py`, which says what each of them does."""
