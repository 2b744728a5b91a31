"""What every `python -m helpers.NAME` shares: its parser, and a mistake that ends in a sentence."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_sentence() -> Iterator[None]:
    """A block in which ValueError, OSError or Ctrl-C ends the program in its text, no traceback.

    Also a decorator, `@one_sentence()`, of a shell's `main`.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt as stopped:
        raise SystemExit(str(stopped) or "Stopped.") from None


def parser_of(name: str, text: str) -> argparse.ArgumentParser:
    """The parser of `python -m helpers.NAME`, described by the first line of a docstring."""
    return argparse.ArgumentParser(f"python -m helpers.{name}", description=text.splitlines()[0])


def natural(text: str) -> int:
    """A whole number of at least 0 that a random generator takes, as the `type` of an argument."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, not {text}")
    return int(text)


def positive(text: str) -> int:
    """A whole number of at least 1, as the `type` of an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return int(text)
