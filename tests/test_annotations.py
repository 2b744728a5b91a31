"""Label files: what is read from good ones, and the one sentence that bad ones get."""

import re

import numpy as np
import pytest
from PIL import Image

from helpers.annotations import photograph_of, read_faces, read_image

POINTS = [(10 + i, 20 + i / 2) for i in range(68)]


@pytest.fixture
def write(tmp_path):
    """Writes a label file of one face beside its 100 x 80 picture: write(edit) -> its path.

    edit: pairs (old, new) of text to replace in the XML.
    """
    Image.new("RGB", (100, 80), (10, 120, 230)).save(tmp_path / "face.jpg")
    parts = "".join(f"<part name='{i:02d}' x='{x}' y='{y}'/>" for i, (x, y) in enumerate(POINTS))
    xml = (
        "<?xml version='1.0' encoding='ISO-8859-1'?>\n<dataset><name>one</name><comment>caf\xe9"
        "</comment><images><image file='face.jpg' width='100' height='80'>"
        f"<box top='5' left='10' width='60' height='50'>{parts}</box></image></images></dataset>"
    )

    def write(*edit, keep=None):
        text = xml[:keep]
        for old, new in edit:
            assert re.search(old, text)
            text = re.sub(old, new, text)
        (tmp_path / "labels.xml").write_text(text, encoding="ISO-8859-1")
        return tmp_path / "labels.xml"

    return write


def refused(path, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        read_faces(path)
    message = str(error.value)
    assert message.startswith(str(path)) and message.endswith(".") and "\n" not in message


# Good input


def test_a_face_has_its_picture_its_box_and_its_points_to_the_decimal(write):
    path = write()
    [face] = read_faces(path)
    assert face.image == path.parent / "face.jpg"
    assert face.box == (10, 5, 60, 50)
    assert face.landmarks.dtype == np.float32 and face.landmarks.shape == (68, 2)
    np.testing.assert_array_equal(face.landmarks, np.float32(POINTS))


@pytest.mark.parametrize(
    "edit",
    [
        (r"(<name>.*</comment>)(<images>.*</images>)", r"\2\1"),  # nobody promises their order
        (r"<name>.*</comment>", ""),
        (r" width='100' height='80'", ""),
        (r"top='5' left='10' width='60' height='50'", "height='50' width='60' left='10' top='5'"),
        (r"(<part name='00'[^>]*>)(.*)(</box>)", r"\2\1\3"),
    ],
)
def test_what_is_not_promised_is_not_needed(write, edit):
    [face] = read_faces(write(edit))
    assert face.box == (10, 5, 60, 50)
    np.testing.assert_array_equal(face.landmarks, np.float32(POINTS))


def test_names_may_have_the_letters_of_the_files_encoding(write):
    path = write(("face.jpg", "Ren\xe9.jpg"))
    (path.parent / "face.jpg").rename(path.parent / "Ren\xe9.jpg")
    assert read_faces(path)[0].image.name == "Ren\xe9.jpg"


def test_a_box_may_reach_outside_its_picture(write):
    [face] = read_faces(write(("top='5' left='10'", "top='-20' left='70'")))
    assert face.box == (70, -20, 60, 50)


def test_faces_come_in_the_order_of_the_file_with_their_twins_known(archive_folder):
    faces = read_faces(archive_folder / "labels_ibug_300W_train.xml")
    assert [face.is_twin for face in faces] == [False, True] * 10
    assert [face.photograph for face in faces[:4]] == ["afw/100"] * 4
    assert len({face.photograph for face in faces}) == 8


@pytest.mark.parametrize(
    ("name", "photograph"),
    [
        ("afw/815038_1.jpg", "afw/815038"),
        ("afw/815038_2_mirror.jpg", "afw/815038"),
        ("helen/trainset/2965035072_1.jpg", "helen/trainset/2965035072"),
        ("helen/trainset/2965035072_1_mirror.jpg", "helen/trainset/2965035072"),
        ("ibug/image_003_1.jpg", "ibug/image_003"),
        ("ibug/image_003_12_mirror.jpg", "ibug/image_003"),
        ("ibug/image_084.jpg", "ibug/image_084"),
        ("lfpw/trainset/image_0457.png", "lfpw/trainset/image_0457"),
        ("lfpw/trainset/image_0457_mirror.jpg", "lfpw/trainset/image_0457"),
        ("lfpw/testset/image_0457.png", "lfpw/testset/image_0457"),
        ("ytf/test/Albert_Brooks/a12.jpg", "ytf/test/Albert_Brooks"),
    ],
)
def test_twins_and_faces_of_one_photograph_are_known_by_name(name, photograph):
    assert photograph_of(name) == photograph


# Bad input


def test_67_points_are_refused(write):
    refused(write((r"<part name='67'[^>]*>", "")), "face.jpg has 67 points, not 68")


def test_a_point_that_is_there_twice_is_refused(write):
    refused(write(("name='67'", "name='66'")), "face.jpg has 68 points, not 68 numbered 00 to 67")
    refused(write((r"(<part name='67'[^>]*>)", r"\1\1")), "face.jpg has 69 points, not 68")


@pytest.mark.parametrize("edit", [("x='10'", "x='left'"), ("top='5'", "top=''"), ("x='10'", "")])
def test_text_in_place_of_a_number_is_refused(write, edit):
    refused(write(edit), "face.jpg has text or nothing where a number belongs")


@pytest.mark.parametrize("edit", [("x='10'", "x='nan'"), ("width='60'", "width='inf'")])
def test_a_number_that_is_none_is_refused(write, edit):
    refused(write(edit), "face.jpg has a number that is not finite")


def test_a_missing_picture_is_refused(write):
    path = write()
    (path.parent / "face.jpg").unlink()
    refused(path, "face.jpg is missing beside the label file")


def test_an_entry_that_names_no_picture_is_refused(write):
    refused(write((" file='face.jpg'", "")), "an entry without a file name")


def test_a_file_that_is_no_picture_is_refused(write):
    path = write()
    (path.parent / "face.jpg").write_text("not a picture")
    refused(path, "face.jpg is not a picture that can be read")


def test_a_truncated_picture_is_refused_where_its_pixels_are_read(write, archive_folder):
    [whole] = archive_folder.glob("afw/100_1.jpg")
    path = write().parent / "face.jpg"
    path.write_bytes(whole.read_bytes()[:-500])
    with pytest.raises(ValueError, match="not a picture that can be read") as error:
        read_image(path)
    assert str(error.value).startswith(str(path))
    assert read_image(whole).shape == (96, 96, 3)


@pytest.mark.parametrize(
    "edit",
    [
        ("left='10'", "left='100'"),
        ("left='10'", "left='-60'"),
        ("top='5'", "top='80'"),
        ("width='60'", "width='0'"),
        ("height='50'", "height='0'"),
    ],
)
def test_a_box_outside_its_picture_is_refused(write, edit):
    refused(write(edit), "face.jpg has a box outside its 100 x 80 picture")


@pytest.mark.parametrize("edit", [("<image .*</image>", ""), ("<box .*</box>", "")])
def test_no_faces_at_all_are_refused(write, edit):
    refused(write(edit), "holds no faces")


def test_a_broken_label_file_is_refused(write):
    refused(write(keep=500), "not a whole XML file")


def test_a_missing_label_file_is_refused(tmp_path):
    refused(tmp_path / "labels.xml", "cannot be read")


def test_an_encoding_that_nobody_knows_is_one_sentence_that_names_the_file(tmp_path):
    path = tmp_path / "labels_train.xml"
    path.write_text("<?xml version='1.0' encoding='no-such'?><dataset/>")
    with pytest.raises(ValueError, match=r"labels_train\.xml"):
        read_faces(path)
