"""Label files: what is read from good ones, and the one sentence that bad ones get."""

import re

import numpy as np
import pytest
from PIL import Image

from helpers.annotations import photograph_of, photographs, read_faces, read_image

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


def test_a_point_that_is_there_twice_is_refused(write):
    refused(write(("name='67'", "name='66'")), "face.jpg has 68 points, not 67: 66 is there twice")
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


# What imglab and other tools write


def face_xml(
    name="face.jpg", box="top='5' left='10' width='60' height='50'", points=POINTS, size=""
):
    parts = "".join(f"<part name='{i:02d}' x='{x}' y='{y}'/>" for i, (x, y) in enumerate(points))
    return f"<image file='{name}'{size}><box {box}>{parts}</box></image>"


@pytest.fixture
def listed(tmp_path):
    """Writes entries into a label file beside pictures of their names: listed(*xml) -> path."""

    def listed(*entries, names=("face.jpg",), encoding="utf-8", claimed="UTF-8"):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (100, 80)).save(tmp_path / name)
        head = f"<?xml version='1.0' encoding='{claimed}'?>\n<dataset><images>"
        path = tmp_path / "labels_train.xml"
        path.write_bytes((head + "".join(entries) + "</images></dataset>").encode(encoding))
        return path

    return listed


@pytest.mark.parametrize("inside", ["", "<part name='00' x='1' y='2'/>", "<part name='a'/>"])
def test_ignored_boxes_are_left_out_counted_and_told(listed, capsys, inside):
    ignored = "<box top='1' left='1' width='9' height='9' ignore='1'>" + inside + "</box></image>"
    [face] = read_faces(listed(face_xml().replace("</image>", ignored)))
    assert face.box == (10, 5, 60, 50)
    assert "1 boxes marked as ignored are left out (face.jpg)" in capsys.readouterr().out


def test_part_names_need_no_leading_zero(write):
    path = write(*[(f"name='0{i}'", f"name='{i}'") for i in range(10)])
    np.testing.assert_array_equal(read_faces(path)[0].landmarks, np.float32(POINTS))


@pytest.mark.parametrize("form", ["{}", "{:02d}", "{:03d}"])
def test_68_points_numbered_from_1_are_refused(write, form):
    change = [(rf"name='{i:02d}'", f"name='{form.format(i + 1)}'") for i in range(67, -1, -1)]
    refused(write(*change), "face.jpg numbers its 68 points from 1 to 68; they must be numbered")


@pytest.mark.parametrize("count", [1, 2, 5, 51, 98, 194])
def test_a_face_may_have_any_number_of_points(listed, count):
    points = [(15 + 50 * i / count, 10 + 40 * i / count) for i in range(count)]
    [face] = read_faces(listed(face_xml(points=points)))
    assert face.landmarks.shape == (count, 2) and len(face.names) == count


def test_points_with_words_for_names_keep_their_order_and_may_be_missing(listed, capsys):
    one = face_xml(points=POINTS[:3])
    for old, new in (("00", "nose"), ("01", "ear"), ("02", "chin")):
        one = one.replace(f"name='{old}'", f"name='{new}'")
    other = one.replace("<part name='ear' x='11' y='20.5'/>", "")
    first, second = read_faces(listed(one, other))
    assert first.names == second.names == ("nose", "ear", "chin")
    assert np.isnan(second.landmarks[1]).all() and second.landmarks[2].tolist() == [12, 21]
    assert "1 faces lack some of their points" in capsys.readouterr().out


def test_a_face_with_a_point_that_the_others_do_not_have_is_named(listed):
    other = face_xml("b.jpg", points=POINTS[:4]).replace("name='03'", "name='nose'")
    path = listed(face_xml(), other, names=("face.jpg", "b.jpg"))
    refused(path, r"b\.jpg has the point nose, which the 68 of face\.jpg do not have")


def test_several_boxes_on_a_picture_are_faces_of_one_photograph(listed):
    entry = face_xml()
    box = entry[entry.index("<box") : entry.index("</image>")]
    faces = read_faces(listed(entry.replace("</image>", box + "</image>")))
    assert len(faces) == 2 and faces[0].photograph == faces[1].photograph


@pytest.mark.parametrize(
    ("encoding", "claimed"),
    [("utf-8", "ISO-8859-1"), ("cp1252", "UTF-8"), ("utf-16", "UTF-16"), ("utf-8-sig", "latin-1")],
)
def test_names_are_read_whatever_the_header_claims_of_the_bytes(listed, encoding, claimed):
    path = listed(
        face_xml("Ren\xe9 \xfc.jpg"),
        names=("Ren\xe9 \xfc.jpg",),
        encoding=encoding,
        claimed=claimed,
    )
    assert read_faces(path)[0].image.name == "Ren\xe9 \xfc.jpg"


@pytest.mark.parametrize(("encoding", "name"), [("cp1251", "лицо.jpg"), ("gb18030", "脸部.jpg")])
def test_other_alphabets_under_dlibs_header_are_found_by_their_pictures(listed, encoding, name):
    path = listed(face_xml(name), names=(name,), encoding=encoding, claimed="ISO-8859-1")
    assert read_faces(path)[0].image.name == name


def test_letters_of_two_code_points_are_found(listed):
    path = listed(face_xml("Ren\xe9.jpg"), names=("Rene\u0301.jpg",))  # as macOS names files
    assert read_faces(path)[0].image.is_file()


@pytest.mark.parametrize(("stored", "named"), [("a.JPG", "a.jpg"), ("in/A.jpg", "in\\a.JPG")])
def test_capitals_do_not_matter_where_one_picture_fits(listed, stored, named):
    path = listed(face_xml(named), names=(stored,))
    assert read_faces(path)[0].image == path.parent / stored
    path = listed(face_xml("b.jpg"), names=("B.jpg", "B.JPG"))
    refused(path, r"b\.jpg is missing beside the label file")


def test_a_picture_of_the_same_name_in_another_folder_is_not_taken(listed):
    path = listed(face_xml("anna/a.jpg"), names=("bert/a.jpg",))
    refused(path, r"anna/a\.jpg is missing beside the label file")


def test_a_bare_name_is_sought_further_down_which_is_told(listed, capsys):
    assert read_faces(listed(face_xml("a.jpg"), names=("images/a.jpg",)))
    assert capsys.readouterr().out == ""
    assert read_faces(listed(face_xml("b.jpg"), names=("old/b.jpg",)))
    assert "1 pictures were taken from a folder further down (b.jpg)" in capsys.readouterr().out


def test_a_full_path_of_another_machine_is_cut_until_a_file_ends_so(listed):
    path = listed(face_xml(r"C:\Users\me\two\a.jpg"), names=("one/a.jpg", "two/a.jpg"))
    assert read_faces(path)[0].image == path.parent / "two/a.jpg"


def test_one_picture_does_not_stand_for_two_names(listed):
    both = [face_xml(f"/home/me/{name}/c.jpg") for name in ("anna", "bert")]
    refused(listed(*both, names=("c.jpg",)), r"/home/me/bert/c\.jpg is missing")


def test_back_slashes_are_slashes(listed):
    path = listed(face_xml("in here\\a.jpg"), names=("in here/a.jpg",))
    assert read_faces(path)[0].image == path.parent / "in here/a.jpg"


# What contradicts itself


def test_a_size_that_is_not_the_pictures_is_refused(listed):
    refused(
        listed(face_xml(size=" width='80' height='100'")), "100 x 80 pixels, and 80 x 100 .*EXIF"
    )
    refused(listed(face_xml(size=" width='200' height='160'")), "and 200 x 160 in the label file")


def test_points_far_outside_are_refused_and_some_outside_are_told(listed, capsys):
    far = [*POINTS[:67], (132, 40)]  # by 0.55 of the box's side
    refused(
        listed(face_xml(points=far)), "face.jpg has 1 of 68 points outside its 100 x 80 picture"
    )
    near = [(x, y) if i % 5 else (x, -9) for i, (x, y) in enumerate(POINTS)]
    assert read_faces(listed(face_xml(points=near)))
    told = capsys.readouterr().out
    assert all(len(line) <= 90 for line in told.splitlines())
    sentence = "more than a tenth of their points outside the picture (face.jpg)"
    assert sentence in " ".join(told.split())


@pytest.mark.parametrize("spot", [(-1, -1), (0, 0), (50, 40)])
def test_placeholders_are_left_out_and_named(listed, capsys, spot):
    path = listed(face_xml(), face_xml("b.jpg", points=[spot] * 68), names=("face.jpg", "b.jpg"))
    assert [face.image.name for face in read_faces(path)] == ["face.jpg"]
    assert "1 faces whose points all lie on one spot" in (out := capsys.readouterr().out)
    assert "b.jpg" in out
    refused(listed(face_xml(points=[spot] * 68)), "holds no faces but 1 that are left out")


@pytest.mark.parametrize(
    "points", [[(0, 0)], [(0, 0), (-1, -1), (0, 0)], [(0, 0), *[(40, 30)] * 67]]
)
def test_a_face_whose_points_are_marks_or_on_one_spot_is_a_placeholder(listed, capsys, points):
    points = [*points, *[None] * (68 - len(points))]
    inside = [f"<part name='{i}' x='{p[0]}' y='{p[1]}'/>" for i, p in enumerate(points) if p]
    box = f"<box top='5' left='10' width='60' height='50'>{''.join(inside)}</box>"
    other = f"<image file='b.jpg'>{box}</image>"
    path = listed(face_xml(), other, names=("face.jpg", "b.jpg"))
    assert [face.image.name for face in read_faces(path)] == ["face.jpg"]
    assert "placeholders, are left out (b.jpg)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image,photograph\nface.jpg,M\xfcller\n,\n".encode("cp1252"), None),
        ("sep=;\r\nimage; photograph\r\nface.jpg; M\xfcller\r\n".encode("cp1252"), None),
        (b"image,photograph\nface.jpg\n", r"photographs\.csv: does not say of .* face\.jpg is"),
        (b'image,photograph\n"' + 200_000 * b"x", r"photographs\.csv: not a whole CSV file"),
    ],
)
def test_the_list_of_photographs_may_be_in_a_spreadsheets_letters(listed, text, told):
    path = listed(face_xml())
    (path.parent / "photographs.csv").write_bytes(text)
    if told:
        with pytest.raises(ValueError, match=told):
            read_faces(path)
    else:
        assert [face.photograph for face in read_faces(path)] == ["M\xfcller"]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("spot", [(-1, -1), (0, 0), (-2, -2), ("-99.0", "-99.0")])
def test_points_at_a_placeholder_are_missing_and_told(listed, capsys, spot, count):
    points = [spot if i < count else point for i, point in enumerate(POINTS)]
    [face] = read_faces(listed(face_xml(points=points)))
    assert np.isnan(face.landmarks).all(1).tolist() == [True] * count + [False] * (68 - count)
    assert "1 faces have points at (-1, -1) or (0, 0)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "box",
    [
        "top='60' left='85' width='10' height='10'",
        "top='20' left='10' width='8' height='8'",
        "top='-900' left='-900' width='2000' height='2000'",
        "top='20' left='30' width='25' height='25'",  # a nose: the points are 2.7 times as large
        "top='-80' left='-80' width='240' height='240'",  # a whole person: 0.28 as large
    ],
)
def test_a_box_that_the_points_do_not_fit_is_refused(listed, box):
    refused(listed(face_xml(box=box)), "face.jpg has a box, .* that its points do not fit")


@pytest.mark.parametrize(
    ("points", "box"),
    [
        ([(40, 75)], (20, 10, 60, 60)),  # a chin alone, below its box as dlib draws it
        ([(34 + i, 30 + i % 3) for i in range(6)], (20, 10, 60, 60)),  # an eye alone
        ([(30 + i / 2, 60 + i % 9) for i in range(20)], (15, 5, 60, 60)),  # a mouth alone
    ],
)
def test_a_part_of_a_face_fits_the_box_of_the_whole_face(listed, points, box):
    box = "left='{}' top='{}' width='{}' height='{}'".format(*box)
    assert len(read_faces(listed(face_xml(box=box, points=points)))) == 1


def test_five_points_in_the_box_of_a_whole_person_are_told(listed, capsys):
    points = [(40, 10), (50, 10), (45, 14), (41, 18), (49, 18)]
    path = listed(face_xml(box="left='10' top='5' width='80' height='74'", points=points))
    assert len(read_faces(path)) == 1
    assert "1 faces fill little of their boxes: are these around whole people?" in (
        capsys.readouterr().out
    )


def test_names_of_points_may_have_spaces_around_them(listed):
    one = face_xml(points=POINTS[:1]).replace("'00'", "'nose'")
    faces = read_faces(listed(one, one.replace("'nose'", "' nose '")))
    assert [face.names for face in faces] == [("nose",)] * 2


def test_parts_of_the_picture_in_place_of_pixels_are_refused(listed):
    points = [(0.1 + i / 100, 0.2 + i / 200) for i in range(68)]
    box = "top='0.1' left='0.1' width='0.7' height='0.6'"
    refused(listed(face_xml(box=box, points=points)), "in parts of the picture, not in pixels")
    csv = listed(face_xml()).parent / "few.csv"  # and where the box that follows from few is larger
    csv.write_text("image,a_x,a_y,b_x,b_y\nface.jpg,0.1,0.1,0.9,0.8\n")
    refused(csv, "in parts of the picture, not in pixels")


# Which photograph


@pytest.mark.parametrize(
    ("name", "photograph"),
    [
        ("face_01.jpg", "face_01"),
        ("me/IMG_2.jpg", "me/IMG_2"),
        ("me/IMG_2_mirror.jpg", "me/IMG_2"),
        ("clip_frame_99.jpg", "clip"),
        ("clip_frame_100.jpg", "clip"),
        ("a/frame0012.png", "a"),
        ("a/video-frame-3_mirror.png", "a/video"),
        ("walk.f12.png", "walk"),
        ("walk_f0012_1.png", "walk"),
        ("elf12.png", "elf12"),
        ("f12.png", "f12"),
        ("anna_f_23.png", "anna_f_23"),
    ],
)
def test_elsewhere_a_picture_is_a_photograph_and_frames_are_one(name, photograph):
    assert photograph_of(name) == photograph


def test_the_rule_can_be_seen_printed_and_replaced(listed):
    names = ("p1_a.jpg", "p1_b.jpg", "p2_a.jpg")
    path = listed(*map(face_xml, names), names=names)
    assert len({face.photograph for face in read_faces(path)}) == 3
    faces = read_faces(path, photograph=lambda name: name.split("_")[0])
    assert [face.photograph for face in faces] == ["p1", "p1", "p2"]
    assert photographs(faces).splitlines()[:2] == [
        "3 faces of 2 photographs",
        "     2  p1: p1_a.jpg, p1_b.jpg",
    ]
    rows = "image,photograph\np1_a.jpg,x\np1_b.jpg,y\np2_a.jpg,x\n"
    (path.parent / "photographs.csv").write_text(rows)
    assert [face.photograph for face in read_faces(path)] == ["x", "y", "x"]
    (path.parent / "photographs.csv").write_text(rows.replace("p2_a", "p3_a"))
    with pytest.raises(ValueError, match=r"does not say of which photograph p2_a\.jpg is"):
        read_faces(path)


def test_numbered_faces_of_which_each_lacks_another_point_are_read(tmp_path):
    """Two half profiles: no face has all points."""
    Image.new("RGB", (100, 80)).save(tmp_path / "face.jpg")
    part = "<part name='{:02d}' x='{}' y='{}'/>".format
    images = ""
    for numbers in (range(4), range(1, 5)):
        parts = "".join(part(i, 20 + 9 * i, 15 + 7 * i) for i in numbers)
        box = "<box top='5' left='10' width='60' height='50'>"
        images += f"<image file='face.jpg'>{box}{parts}</box></image>"
    path = tmp_path / "labels.xml"
    path.write_text(f"<dataset><images>{images}</images></dataset>")
    one, other = read_faces(path)
    assert one.names == other.names == ("00", "01", "02", "03", "04")
    assert np.isnan(one.landmarks[4]).all() and np.isnan(other.landmarks[0]).all()
    assert one.landmarks[2].tolist() == other.landmarks[2].tolist() == [38, 29]
