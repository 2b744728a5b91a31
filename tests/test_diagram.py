"""The map of the course, the drawing of the network, and the words that notebooks link to."""

import re
import xml.etree.ElementTree as ET

import pytest

from helpers.diagram import COURSE, course, excerpt, here, number, resnet18
from helpers.model import LandmarkNet
from stamp import ROOT, numbered, read_notebook

NOTEBOOKS = numbered(ROOT / "notebooks")
READ_ANEW = ("01_download", "03_dataset", "03c_network", "04_train")


def words_in(drawing):
    """The texts of an SVG; parsing it proves that it is one."""
    return [element.text for element in ET.fromstring(drawing.data).iter() if element.text]


def prose(name):
    """The words of a notebook beside tables, exercises and the stamped cells."""
    cells = [c for c in read_notebook(ROOT / "notebooks" / f"{name}.ipynb").cells if not c.metadata]
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    lines = text.split("## Exercises")[0].splitlines()
    return [word for line in lines if not line.startswith("|") for word in line.split()]


def test_every_numbered_notebook_has_its_place_on_the_map_in_the_order_of_its_number():
    names = [name for stop in COURSE for name in stop.notebooks]
    assert sorted(names) == [path.stem for path in NOTEBOOKS if path.stem[0].isdigit()]
    assert names == [name for stop in COURSE for name in sorted(stop.notebooks)]


def test_the_map_shows_every_notebook_and_docs_hold_it_as_it_is_now():
    shown = words_in(course())
    names = [name for stop in COURSE for name in stop.notebooks]
    texts = [f"{number(name)}  {name.split('_', 1)[1].replace('_', ' ')}" for name in names]
    assert set(texts) <= set(shown)
    height = float(re.search(r'viewBox="0 0 \S+ (\S+)"', course().data)[1])
    assert all(float(y) < height - 5 for y in re.findall(r'<text[^>]* y="(\S+)"', course().data))
    for file, drawing in {"course": course(), "resnet18": resnet18()}.items():
        stored = (ROOT / "docs" / f"{file}.svg").read_text("utf-8")
        assert stored == drawing.data + "\n", "run python tools/make_pictures.py"


def test_the_line_at_the_top_says_where_one_is_and_leads_to_all_others():
    line = here("03c_network")
    assert line.count("you are here") == 1 and "**3c (you are here)**" in line
    assert "(04_train.ipynb)" in line and "(03c_network.ipynb)" not in line
    assert "you are here" not in here("solutions")


def test_the_drawing_of_the_network_has_the_sizes_of_a_picture_on_its_way():
    shown = words_in(resnet18(224))
    sizes = [word for word in shown if re.fullmatch(r"\d+ x \d+", word)]
    assert sizes == ["224 x 224", "56 x 56", "56 x 56", "28 x 28", "14 x 14", "7 x 7"]
    assert "136 numbers out," in shown and "1 channel in," in shown
    assert "112 x 112" in words_in(resnet18(112))


def test_an_excerpt_is_the_lines_from_one_to_another_and_a_missing_line_is_named():
    assert excerpt(LandmarkNet.forward, "return", "head") == "return self.head(self.pool(features))"
    with pytest.raises(ValueError, match="forward has no lines from 'nothing'"):
        excerpt(LandmarkNet.forward, "nothing", "head")


def entries():
    """{word of the glossary: numbers of the notebooks in the brackets that end its text}."""
    glossary = read_notebook(ROOT / "notebooks" / "glossary.ipynb")
    text = "\n".join(cell.source for cell in glossary.cells if cell.cell_type == "markdown")
    found = re.findall(r"^### (.+)\n((?:[^#\n].*\n?)+)", text, re.MULTILINE)
    brackets = {word: re.search(r"\(([^()]*)\)\s*$", told) for word, told in found}
    assert len(found) == text.count("### ") == len(brackets)
    assert [word for word, told in brackets.items() if not told] == []
    return {word: told[1].split(", ") for word, told in brackets.items()}


def links_to_the_glossary(generated=True):
    """{number of a notebook, such as 3b: the anchors in the glossary that its texts link to}.

    generated: also those of the texts that `python -m bench.results` writes.
    """
    return {
        path.stem.split("_")[0].removeprefix("0"): [
            anchor
            for cell in read_notebook(path).cells
            if cell.cell_type == "markdown" and (generated or not cell.metadata.get("tags"))
            for anchor in re.findall(r"\(glossary\.ipynb#([^)]+)\)", cell.source)
        ]
        for path in NOTEBOOKS
    }


def test_every_link_to_the_glossary_leads_to_a_word_that_is_there():
    known = {word.replace(" ", "-") for word in entries()}
    links = {(name, word) for name, words in links_to_the_glossary().items() for word in words}
    assert len(links) > 100
    assert {link for link in links if link[1] not in known} == set()


def twice(words):
    return {word for word in words if words.count(word) > 1}


def test_every_word_of_the_glossary_is_linked_where_it_is_explained_and_once_only():
    links = links_to_the_glossary()
    wanted = {(name, word.replace(" ", "-")) for word, names in entries().items() for name in names}
    assert {(name, word) for name, word in wanted if word not in links[name]} == set()
    written = links_to_the_glossary(generated=False)
    assert [(name, word) for name in written for word in twice(written[name])] == []


# Words that mean something else in everyday language, or stand for a thing that is only used.
EVERYDAY = {"box", "weight", "network", "layer", "margin", "batch", "channel", "trust", "failure"}
EVERYDAY |= {"pixel", "matrix", "loss", "seed", "pose", "lag", "stride", "landmark", "crop"}


def test_a_word_of_the_glossary_is_linked_where_the_course_first_names_it():
    unlinked = {}
    pages = [
        (path.stem, re.sub(r"^[#|].*$|`[^`]*`", "", cell.source, flags=re.MULTILINE))
        for path in NOTEBOOKS
        if path.stem[0].isdigit()
        for cell in read_notebook(path).cells
        if cell.cell_type == "markdown"
        and not {"badge", "here"} & set(cell.metadata.get("tags", []))
    ]
    for word in set(entries()) - EVERYDAY:
        words = re.escape(word).replace(r"\ ", r"\s+")
        named = re.compile(rf"(?<![\w/-]){words}s?\b", re.IGNORECASE)
        first = next(((name, text) for name, text in pages if named.search(text)), None)
        if first and f"](glossary.ipynb#{word.replace(' ', '-')})" not in first[1]:
            unlinked[word] = first[0]
    assert unlinked == {}


@pytest.mark.parametrize("name", READ_ANEW)
def test_a_notebook_that_was_read_anew_is_short_and_its_cells_are(name):
    assert len(prose(name)) <= 1300
    cells = read_notebook(ROOT / "notebooks" / f"{name}.ipynb").cells
    code = [c for c in cells if c.cell_type == "code" and "colab" not in c.metadata.get("tags", [])]
    lengths = sorted(len(cell.source.splitlines()) for cell in code)
    assert lengths[len(lengths) // 2] <= 5 and lengths[-1] <= 20
    streams = [o.text for c in code for o in c.outputs if o.output_type == "stream"]
    assert [line for text in streams for line in text.splitlines() if len(line) > 90] == []
