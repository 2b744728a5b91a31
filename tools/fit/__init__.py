"""The parts of `tools/fit_people.py`, which says what each of them does."""
