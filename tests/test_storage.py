"""What cannot be written is named, and a shell ends in a sentence."""

import pytest

from helpers.shell import one_sentence
from helpers.storage import whole_file


def test_a_file_below_a_file_is_named_and_cannot_be_written(tmp_path):
    (tmp_path / "a").touch()
    with (
        pytest.raises(OSError, match=r"b\.pt: could not be written"),
        whole_file(tmp_path / "a" / "x" / "b.pt"),
    ):
        raise AssertionError


@pytest.mark.parametrize(
    ("stopped", "told"),
    [
        (KeyboardInterrupt("Stopped; the same call goes on."), "the same call"),
        (KeyboardInterrupt(), "Stopped."),
        (ValueError("a.jpg: is none."), "a.jpg: is none."),
    ],
)
def test_a_shell_ends_in_a_sentence(stopped, told):
    with pytest.raises(SystemExit, match=told), one_sentence():
        raise stopped
