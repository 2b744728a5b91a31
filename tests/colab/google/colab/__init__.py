"""Stands in for what Colab has under this name: notebooks know Colab by its being imported."""
