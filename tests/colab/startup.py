# Colab does so when a kernel starts.
import google.colab  # noqa: F401
