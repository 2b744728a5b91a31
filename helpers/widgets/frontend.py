"""The widgets' halves in the browser: each one's script and style, after what all of them share.

Widgets come to a page as one text of JavaScript and one of CSS, wherever the notebook runs; so what
assets/common.js and assets/common.css hold is put before their own.
"""

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"


def script(name: str) -> str:
    """The JavaScript module of a widget: assets/common.js and assets/`name`.js."""
    return _together(name, "js")


def style(name: str) -> str:
    """The style sheet of a widget: assets/common.css and assets/`name`.css."""
    return _together(name, "css")


def _together(name: str, kind: str) -> str:
    return "\n".join((ASSETS / f"{one}.{kind}").read_text("utf-8") for one in ("common", name))
