"""The widgets' halves in the browser: each one's script and style, after what all of them share.

Widgets come to a page as one text of JavaScript and one of CSS, wherever the notebook runs; so what
assets/common.js and assets/common.css hold is put before their own.
"""

from pathlib import Path

from IPython.core.getipython import get_ipython
from IPython.display import HTML, display

ASSETS = Path(__file__).parents[1] / "assets"
# Two things that no output can say for itself: that its widget is gone, which JupyterLab puts as
# "model not found", and that it is alive, when the sentence has nothing to say (common.css).
NOTE_STYLE = """\
<style>
.jp-OutputArea:has(.widget-note):not(:has(.face-widget)) .jupyter-widgets { display: none; }
</style>"""


def script(name: str) -> str:
    """The JavaScript module of a widget: assets/common.js and assets/`name`.js."""
    return _together(name, "js")


def style(name: str) -> str:
    """The style sheet of a widget: assets/common.css and assets/`name`.css."""
    return _together(name, "css")


def show_note(text: str) -> None:
    """Displays a sentence that stands where no kernel answers: on a page, after a restart."""
    if get_ipython() is not None:
        display(HTML(f'<p class="widget-note">{text}</p>\n{NOTE_STYLE}'))


def _together(name: str, kind: str) -> str:
    return "\n".join((ASSETS / f"{one}.{kind}").read_text("utf-8") for one in ("common", name))
