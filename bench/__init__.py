"""Measurements: each prints what it found, and records it in bench/results.json when asked to."""
