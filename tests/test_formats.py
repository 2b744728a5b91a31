"""Formats of label files: reading and writing back is the identity, to the last digit."""

import json
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers.annotations import read_faces
from helpers.convert import convert, main
from helpers.formats import (
    FORMATS,
    Entry,
    Labels,
    label_files,
    numbered,
    read_labels,
    write_labels,
)

# Coordinates as people and programs write them: any decimals, also below 0.
COORDINATES = st.one_of(
    st.decimals(-5000, 5000, places=6).map(float),
    st.integers(-300, 5000).map(float),
    st.floats(-5000, 5000, width=32).filter(lambda x: abs(x) > 1e-6 or x == 0).map(lambda x: x + 0),
)
WORDS = st.text(
    st.characters(
        blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), blacklist_characters="\\/,;"
    ),
    min_size=1,
    max_size=8,
)
FILES = st.builds(lambda a, b: f"{a} {b}.jpg", WORDS, WORDS).filter(
    lambda name: not name.startswith(".") and len(name.encode()) < 100
)
# What a format cannot hold is not asked of it.
HOLDS = {
    "dlib": {"box", "names", "missing", "hidden", "ignored", "size", "several"},
    "coco": {"names", "missing", "hidden", "ignored", "size", "several", "no box", "box"},
    "cvat": {"box", "no box", "names", "missing", "hidden", "size", "several"},
    "labelme": {"box", "no box", "names", "missing", "hidden", "size", "several"},
    "csv": {"box", "names", "missing", "several"},
    "pts": {"missing"},
}


@st.composite
def lists(draw, form):
    """A list of faces that a format can hold."""
    holds = HOLDS[form]
    count = draw(st.integers(2, 6))
    names = numbered(count)
    if "names" in holds:
        names = tuple(draw(st.lists(WORDS, min_size=count, max_size=count, unique=True)))
    if form == "csv":  # a column has the same name whatever stands around it
        names = tuple(f"p{index}{name.strip()}" for index, name in enumerate(names))
    images = draw(st.lists(FILES, min_size=1, max_size=3, unique_by=lambda n: n.casefold()))
    entries = []
    for image in images:
        size = draw(st.tuples(st.integers(1, 9000), st.integers(1, 9000)))
        for _ in range(draw(st.integers(1, 2)) if "several" in holds else 1):
            points = np.array([[draw(COORDINATES), draw(COORDINATES)] for _ in names])
            gone = np.array([draw(st.booleans()) for _ in names]) & ("missing" in holds)
            gone[0] = False
            points[gone] = np.nan
            hidden = np.array([draw(st.booleans()) for _ in names]) & ("hidden" in holds) & ~gone
            # + 0 as -0.0 is 0.0, but sorts elsewhere as text
            box = tuple(round(draw(COORDINATES), 4) + 0 for _ in "lt") + tuple(
                draw(st.integers(1, 900)) / 4 for _ in "wh"
            )
            if "box" not in holds or ("no box" in holds and draw(st.booleans())):
                box = None
            entries.append(
                Entry(
                    image,
                    size if "size" in holds else None,
                    box,
                    names,
                    points,
                    hidden,
                    "ignored" in holds and draw(st.booleans()),
                )
            )
    return Labels(entries)


def known(entry):
    """What an entry says: of its points those that are there, by name."""
    there = np.isfinite(entry.points).all(1)
    points = {
        name: (*point, bool(hidden))
        for name, point, hidden, is_there in zip(
            entry.names, entry.points.tolist(), entry.hidden, there, strict=True
        )
        if is_there
    }
    return entry.image, entry.size, entry.box, points, entry.ignored


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_read_back_to_the_last_digit(form):
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
    )
    @given(labels=lists(form))
    def holds(labels):
        with tempfile.TemporaryDirectory() as place:
            out = Path(place) / {"csv": "a.csv", "coco": "a.json"}.get(form, "a.xml")
            out = Path(place) if form in ("pts", "labelme") else out
            if form == "pts":
                for entry in labels.entries:
                    (out / entry.image).touch()
            write_labels(out, labels, form)
            read = sorted(map(known, read_labels(out).entries), key=repr)
            assert read == sorted(map(known, labels.entries), key=repr)
            files = lambda: {p: p.read_bytes() for p in Path(place).iterdir()}  # noqa: E731
            once = files()
            write_labels(out, read_labels(out), form)  # a second time changes not one byte
            assert once == files()

    holds()


COCO = {
    "info": {"year": 2024},
    "licenses": [],
    "images": [
        {"id": 7, "file_name": "a b/é.jpg", "width": 64, "height": 48, "license": 3},
        {"id": 9, "file_name": "nobody.jpg", "width": 64, "height": 48},
    ],
    "annotations": [
        {
            "id": 31,
            "image_id": 7,
            "category_id": 1,
            "iscrowd": 0,
            "area": 12.5,
            "segmentation": [],
            "keypoints": [10.125, 11, 2, 0, 0, 0, 14, 20.1, 1],
            "num_keypoints": 2,
            "bbox": [5, 6, 20, 20.5],
        }
    ],
    "categories": [
        {"id": 1, "name": "face", "keypoints": ["eye", "ear", "chin"], "skeleton": [[1, 2]]}
    ],
}


def test_a_coco_file_keeps_all_that_it_said(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(COCO), "utf-8")
    write_labels(tmp_path / "b.json", read_labels(tmp_path / "a.json"))
    assert json.loads((tmp_path / "b.json").read_text("utf-8")) == COCO


def test_what_a_coco_file_says_of_a_point_that_is_missing_stays_until_it_is_labelled(tmp_path):
    (face,) = COCO["annotations"]
    told = COCO | {"annotations": [face | {"keypoints": [10.125, 11, 2, 3, 4.5, 0, 14, 20.1, 1]}]}
    (tmp_path / "a.json").write_text(json.dumps(told), "utf-8")
    labels = read_labels(tmp_path / "a.json")
    assert np.isnan(labels.entries[0].points[1]).all()
    write_labels(tmp_path / "b.json", labels)
    assert json.loads((tmp_path / "b.json").read_text("utf-8")) == told
    labels.entries[0].points[1] = 7, 8
    write_labels(tmp_path / "c.json", labels)
    (face,) = json.loads((tmp_path / "c.json").read_text("utf-8"))["annotations"]
    assert face["keypoints"] == [10.125, 11, 2, 7, 8, 2, 14, 20.1, 1]


def test_coco_visibility_says_which_points_are_missing_and_which_hidden(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(COCO), "utf-8")
    entry, empty = read_labels(tmp_path / "a.json").entries
    np.testing.assert_array_equal(entry.points, [[10.125, 11], [np.nan] * 2, [14, 20.1]])
    assert entry.hidden.tolist() == [False, False, True]
    assert not empty.is_face


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><name>t</name></task></meta>
<image id="0" name="one.jpg" width="100" height="80">
  <box label="face" occluded="0" xtl="10.50" ytl="5.00" xbr="70.25" ybr="60.00" z_order="0"/>
  <points label="eye" occluded="1" points="20.50,30.00" z_order="0"/>
  <points label="chin" occluded="0" points="40.00,55.00" z_order="0"/>
</image>
<image id="1" name="two.jpg" width="100" height="80">
  <skeleton label="face" z_order="0">
    <points label="eye" outside="0" occluded="0" points="21.00,31.00"/>
    <points label="chin" outside="1" occluded="0" points="0.00,0.00"/>
  </skeleton>
  <points label="face" occluded="0" points="1.00,2.00;3.00,4.00;5.00,6.50"/>
</image></annotations>"""


def test_cvat_faces_are_skeletons_shapes_of_many_points_or_single_points_in_a_box(tmp_path):
    (tmp_path / "a.xml").write_text(CVAT)
    labels = read_labels(tmp_path / "a.xml")
    one, two, three = labels.entries
    assert one.names == ("eye", "chin") and one.box == (10.5, 5, 59.75, 55)
    assert one.hidden.tolist() == [True, False]
    assert two.points[0].tolist() == [21, 31] and np.isnan(two.points[1]).all()
    assert three.names == ("00", "01", "02") and three.points[2].tolist() == [5, 6.5]
    write_labels(tmp_path / "b.xml", labels, "cvat")
    again = read_labels(tmp_path / "b.xml")
    assert list(map(known, again.entries)) == list(map(known, labels.entries))
    assert "<task><name>t</name></task>" in (tmp_path / "b.xml").read_text()
    assert (tmp_path / "b.xml").read_text().count("<skeleton") == 1


def test_what_cvat_says_besides_of_missing_points_and_other_shapes_stays(tmp_path):
    gone = '<points label="chin" outside="1" points="3.25,4.00" occluded="1"'
    other = '<polygon label="beard" points="1.00,2.00;3.00,4.00;5.00,6.00" />'
    told = CVAT.replace('<points label="chin" outside="1" occluded="0" points="0.00,0.00"', gone)
    told = told.replace(
        "</image></annotations>", f"{other}<tag label='dark' /></image></annotations>"
    )
    (tmp_path / "a.xml").write_text(told)
    labels = read_labels(tmp_path / "a.xml")
    face = labels.entries[1]
    assert np.isnan(face.points[1]).all() and not face.hidden[1]
    write_labels(tmp_path / "b.xml", labels, "cvat")
    written = (tmp_path / "b.xml").read_text()
    images = ElementTree.fromstring(written).findall("image")
    assert [[s.tag for s in image if s.tag in ("polygon", "tag")] for image in images] == [
        [],
        ["polygon", "tag"],
    ]
    chin = images[1].find("skeleton").findall("points")[1]
    assert chin.attrib == ElementTree.fromstring(gone + "/>").attrib
    face.points[1] = 7, 8
    write_labels(tmp_path / "c.xml", labels, "cvat")
    chin = ElementTree.parse(tmp_path / "c.xml").findall("image/skeleton/points")[1]
    assert chin.attrib == {"label": "chin", "outside": "0", "occluded": "0", "points": "7,8"}


def skeleton(x, y, group=""):
    """Three points of CVAT's around a place."""
    spots = {"eye": (x - 5, y), "nose": (x, y + 5), "chin": (x + 5, y + 10)}
    inside = "".join(f'<points label="{n}" points="{a},{b}"/>' for n, (a, b) in spots.items())
    return f'<skeleton label="face" {group}>{inside}</skeleton>'


def cvat_box(left, top, right, bottom):
    return f'<box label="face" xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}"/>'


@pytest.mark.parametrize(
    ("inside", "lefts"),
    [
        ([skeleton(20, 20), skeleton(70, 20), cvat_box(60, 10, 90, 40)], [None, 60]),
        (  # the smaller box holds both middles, and the larger as well
            [
                skeleton(40, 40),
                skeleton(50, 44),
                cvat_box(0, 0, 80, 80),
                cvat_box(35, 30, 69, 70),
            ],
            [0, 35],
        ),
        ([skeleton(20, 20), cvat_box(60, 10, 90, 40)], [60]),
    ],
    ids=["the second's", "one in the other", "the only one"],
)
def test_a_box_of_cvats_is_of_the_face_whose_middle_is_nearest(tmp_path, inside, lefts):
    image = f'<image id="0" name="a.jpg" width="99" height="99">{"".join(inside)}</image>'
    (tmp_path / "a.xml").write_text(f"<annotations>{image}</annotations>")
    entries = read_labels(tmp_path / "a.xml").entries
    assert [entry.box and entry.box[0] for entry in entries] == lefts


@pytest.mark.parametrize("corners", [[[2, 3], [40, 3], [40, 60], [2, 60]], [[40, 60], [2, 3]]])
def test_a_rectangle_of_labelmes_has_two_corners_or_four(tmp_path, corners):
    shapes = [
        {"label": "face", "shape_type": "rectangle", "points": corners},
        {"label": "eye", "shape_type": "point", "points": [[10, 11]]},
    ]
    data = {"shapes": shapes, "imagePath": "a.jpg"}
    (tmp_path / "a.json").write_text(json.dumps(data))
    assert read_labels(tmp_path / "a.json").entries[0].box == (2, 3, 38, 57)
    for index, points, told in ((0, [[1, 2]], "fewer than two corners"), (1, [[12]], "x and y")):
        (tmp_path / "b.json").write_text(
            json.dumps(data | {"shapes": [shapes[index] | {"points": points}]})
        )
        with pytest.raises(ValueError, match=rf"b\.json: a\.jpg has a .*{told}"):
            read_labels(tmp_path / "b.json")


@pytest.mark.parametrize("form", ["csv", "cvat", "labelme", "pts"])
def test_an_ignored_face_is_not_written_where_it_would_be_one_to_learn_from(tmp_path, form):
    names, points = numbered(3), np.array([[1.0, 2], [5, 2], [3, 6]])
    one = Entry("a.jpg", (9, 9), (0, 0, 8, 8), names, points, np.zeros(3, bool), ignored=True)
    bare = Entry("a.jpg", (9, 9), (0, 0, 8, 8), ignored=True)
    with pytest.raises(ValueError, match="cannot say that a face is ignored"):
        write_labels(tmp_path / "bare", Labels([bare]), form)
    with pytest.raises(ValueError, match=r"cannot say that a face is ignored, as one of a\.jpg is"):
        write_labels(tmp_path / "out", Labels([one]), form)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.pts", "n_points: 1\n{\n1 2\n}"), ("a.json", '{"shapes": [], "imagePath": "a.jpg"}')],
)
def test_hidden_label_files_of_a_mac_are_none(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    for other in (f"._{name}", f"__MACOSX/{name}"):
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_text("\0\5")
    assert [path.name for path in label_files(tmp_path)] == [name]
    assert len(read_labels(tmp_path).entries) == 1


def test_labelme_faces_of_a_picture_are_told_apart_by_their_group(tmp_path):
    shape = {"shape_type": "point", "flags": {}, "description": ""}
    shapes = [
        {**shape, "label": "eye", "points": [[10.5, 11]], "group_id": 1},
        {**shape, "label": "eye", "points": [[50.5, 11]], "group_id": 2},
        {
            "label": "face",
            "shape_type": "rectangle",
            "points": [[40, 60], [2, 1.5]],
            "group_id": 1,
            "flags": {},
        },
        {
            "label": "hair",
            "shape_type": "polygon",
            "points": [[1, 2], [3, 4], [1, 4]],
            "group_id": None,
            "flags": {},
        },
    ]
    data = {
        "version": "5.4.1",
        "flags": {"blurred": True},
        "shapes": shapes,
        "imagePath": "a.jpg",
        "imageData": None,
        "imageHeight": 70,
        "imageWidth": 90,
    }
    (tmp_path / "a.json").write_text(json.dumps(data))
    labels = read_labels(tmp_path / "a.json")
    assert [e.points.tolist() for e in labels.entries] == [[[10.5, 11]], [[50.5, 11]]]
    assert labels.entries[0].box == (2, 1.5, 38, 58.5)
    write_labels(tmp_path / "b.json", labels, "labelme")
    again = json.loads((tmp_path / "b.json").read_text())
    order = lambda shapes: sorted(map(str, (sorted(s.items()) for s in shapes)))  # noqa: E731
    assert order(again.pop("shapes")) == order(data.pop("shapes")) and again == data


def image_paths(folder):
    """{a JSON file: the picture that it names} of LabelMe's files in a folder."""
    files = {path: json.loads(path.read_text()) for path in folder.rglob("*.json")}
    return {path.relative_to(folder).as_posix(): data["imagePath"] for path, data in files.items()}


def labelme_file(path, image):
    point = {"label": "a", "points": [[3, 4]], "shape_type": "point"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"shapes": [point], "imagePath": image}))


@pytest.mark.parametrize("source", ["labelme", "labels.xml"])
def test_labelmes_files_name_their_pictures_as_seen_from_where_they_lie(tmp_path, source):
    pictures = {"one": "a.jpg", "two": "a.jpg", "three": "more\\c.jpg", ".": "../away/b.jpg"}
    for place, image in pictures.items():
        labelme_file(tmp_path / "labelme" / place / "face.json", image)
    convert(tmp_path / "labelme", tmp_path / "labels.xml")
    convert(tmp_path / source, tmp_path / "again", "labelme")
    assert image_paths(tmp_path / "again") == {
        "one/a.json": "a.jpg",
        "two/a.json": "a.jpg",
        "three/more/c.json": "c.jpg",
        "b.json": "../away/b.jpg",
    }


@pytest.mark.parametrize("target", ["pictures", Path("pictures")], ids=["relative", "absolute"])
def test_pictures_named_in_full_get_labelmes_files_beside_them(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    target = tmp_path / target if isinstance(target, Path) else target
    names = [str(tmp_path / "pictures" / name) for name in ("a.jpg", "more/b.jpg")]
    entries = [
        Entry(name, None, None, ("a",), np.ones((1, 2)), np.zeros(1, bool)) for name in names
    ]
    write_labels(target, Labels(entries), "labelme")
    assert image_paths(tmp_path / "pictures") == {"a.json": "a.jpg", "more/b.json": "b.jpg"}
    assert len(read_labels(target).entries) == 2


@pytest.mark.parametrize("places", [("one/a", "two/a"), ("one/a", "one/b")])
def test_one_file_of_labelmes_for_two_of_one_picture_is_refused(tmp_path, places):
    for place in places:
        labelme_file(tmp_path / "labelme" / f"{place}.json", "../pictures/a.jpg")
    with pytest.raises(ValueError, match=r"again/pictures/a.json: is the name for the faces of"):
        convert(tmp_path / "labelme", tmp_path / "again", "labelme")


def test_kaggles_rows_hold_their_pictures_and_may_lack_points(tmp_path):
    head = "left_eye_center_x,left_eye_center_y,nose_tip_x,nose_tip_y,Image"
    rows = [f"3.25,2.5,,,{' '.join(map(str, range(64)))}", f"1,2,3,4.125,{' '.join(['9'] * 64)}"]
    (tmp_path / "training.csv").write_text("\n".join([head, *rows]) + "\n")
    labels = read_labels(tmp_path / "training.csv")
    first = labels.entries[0]
    assert first.names == ("left_eye_center", "nose_tip")
    assert first.pixels.shape == (8, 8) and first.pixels[1, 2] == 10
    assert first.points[0].tolist() == [3.25, 2.5] and np.isnan(first.points[1]).all()
    write_labels(tmp_path / "b.csv", labels)
    assert (tmp_path / "b.csv").read_text() == (tmp_path / "training.csv").read_text()


def test_a_spreadsheets_decimal_commas_and_its_nan_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("image;a_x;a_y;b_x;b_y\na.jpg;30,5;-4;NaN;nan\n")
    [entry] = read_labels(tmp_path / "a.csv").entries
    assert entry.points[0].tolist() == [30.5, -4] and np.isnan(entry.points[1]).all()


def test_a_table_without_the_names_of_pictures_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a_x,a_y\n30,5\n")
    with pytest.raises(ValueError, match=r"a\.csv: has no column that names the picture"):
        read_labels(tmp_path / "a.csv")


def test_a_pts_file_counts_from_1_and_loses_no_digit(tmp_path):
    text = "version: 1\nn_points: 2\n{\n30.1 30.000001\n1100.123456789 -4.5\n}\n"
    (tmp_path / "a.pts").write_text(text)
    [entry] = read_labels(tmp_path / "a.pts").entries
    assert entry.points.tolist() == [[29.1, 29.000001], [1099.123456789, -5.5]]
    write_labels(tmp_path / "b.pts", Labels([entry]))
    assert (tmp_path / "b.pts").read_text() == text


def test_a_file_goes_through_every_format_and_its_faces_stay_the_same(tmp_path, archive_folder):
    start = archive_folder / "labels_ibug_300W_test.xml"
    expected = read_faces(start)
    source = start
    # Beside the pictures, where the names are found again.
    here = tmp_path / "all"
    shutil.copytree(archive_folder, here)
    for number, form in enumerate(["coco", "cvat", "csv", "dlib"]):
        out = here / f"{number}.{ {'coco': 'json', 'csv': 'csv'}.get(form, 'xml') }"
        convert(source, out, form)
        source = out
        for face, same in zip(read_faces(out), expected, strict=True):
            np.testing.assert_array_equal(face.landmarks, same.landmarks)
            assert face.box == same.box and face.image.name == same.image.name


def test_the_shell_says_what_it_has_done_and_refuses_in_one_sentence(tmp_path, capsys):
    (tmp_path / "a.xml").write_text(CVAT)
    main([str(tmp_path / "a.xml"), str(tmp_path / "b.json")])
    assert "3 faces on 2 pictures written to" in capsys.readouterr().out
    for bad, sentence in [("b.txt", "names no format"), ("a.xml", "is the file to read")]:
        with pytest.raises(SystemExit, match=sentence):
            main([str(tmp_path / "a.xml"), str(tmp_path / bad)])
    table = "eye_x,eye_y,nose_x,nose_y,image\n1,2,0,0,a.jpg\n"
    (tmp_path / "t.csv").write_text(table.replace("1,2,0,0", "100,120,0,0"))
    main([str(tmp_path / "t.csv"), str(tmp_path / "T.XML")])  # whose boxes follow from the points
    left, top, *_ = read_labels(tmp_path / "T.XML").entries[0].box
    assert left > 90 and top > 110  # not around the corner
    (tmp_path / "c.json").write_text("[1, 2")
    with pytest.raises(SystemExit, match=r"c\.json: not a whole JSON file"):
        main([str(tmp_path / "c.json"), str(tmp_path / "d.xml")])


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.json", '{"x": 1}', "neither COCO keypoints"),
        (
            "a.json",
            '{"images": [{"id": 1}], "annotations": [], "categories": []}',
            "not COCO keypoints .'file_name'",
        ),
        ("a.csv", "name,age\nx,3\n", "no columns NAME_x and NAME_y"),
        ("a.csv", "eye_x,eye_y,image\n1,2\n", "row 1 has 2 cells, not 3"),
        ("a.csv", "eye_x,eye_y,image\nleft,2,a.jpg\n", "text or nothing where a number belongs"),
        ("a.csv", "eye_x,eye_y,Image\n1,2,1 2 3\n", "3 pixels, which are no square"),
        ("a.csv", "eye_x,eye_y,image\n1,2,1 2 3 4\n", "column image holds pixels: call it Image"),
        ("a.csv", f"eye_x,eye_y,Image\n1,2,1 2 3 {10**20}\n", "no pixel of 0 to 255 where one"),
        ("a.pts", "version: 1\nn_points: 3\n{\n1 2\n}\n", "1 points, not the 3 that it announces"),
        ("a.xml", "<annotation><object/></annotation>", "boxes and no points"),
        ("a.txt", "1 2 3", "no label file that is known here"),
    ],
)
def test_what_is_no_label_file_is_refused_by_name(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=sentence) as error:
        read_labels(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("form", ["pts", "labelme"])
def test_faces_of_two_pictures_that_would_share_a_file_are_refused(tmp_path, form):
    names, points = numbered(3), np.array([[1.0, 2], [5, 2], [3, 6]])
    entries = [
        Entry(image, (9, 9), (0, 0, 8, 8), names, points, np.zeros(3, bool))
        for image in ("x/1.jpg", "x/1.png")
    ]
    (tmp_path / "out").mkdir()
    with pytest.raises(
        ValueError, match=r"1\.(pts|json): is the name for .*x/1\.jpg and of x/1\.png"
    ):
        write_labels(tmp_path / "out", Labels(entries), form)


def test_a_further_face_from_before_is_told_unless_it_has_a_picture(tmp_path, capsys):
    face = Entry("a.jpg", (9, 9), None, numbered(1), np.ones((1, 2)), np.zeros(1, bool))
    write_labels(tmp_path, Labels([face, face]), "pts")
    assert not capsys.readouterr().out
    write_labels(tmp_path, Labels([face]), "pts")
    assert f"{tmp_path / 'a_2.pts'}. Remove" in capsys.readouterr().out
    (tmp_path / "a_2.jpg").touch()
    write_labels(tmp_path, Labels([face]), "pts")
    assert not capsys.readouterr().out


def test_a_table_with_tabs_is_found_in_a_folder(tmp_path):
    (tmp_path / "l.tsv").write_text("eye_x\teye_y\timage\n1\t2\ta.jpg\n")
    assert label_files(tmp_path) == [tmp_path / "l.tsv"]


def test_names_of_points_that_are_numbers_survive_coco_and_no_names_are_no_mistake(tmp_path):
    category = {"id": 1, "name": "f", "keypoints": [0, 1]}
    data = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [11, 18, 2, 14, 23, 2]}
        ],
        "categories": [category, {"id": 2, "name": "car", "keypoints": None}],
    }
    (tmp_path / "in.json").write_text(json.dumps(data), "utf-8")
    convert(tmp_path / "in.json", tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert written["annotations"][0]["keypoints"] == [11, 18, 2, 14, 23, 2]
    data["images"][0]["file_name"] = 5
    (tmp_path / "in.json").write_text(json.dumps(data), "utf-8")
    with pytest.raises(ValueError, match=r"in\.json: image 1 has no file_name that is text"):
        read_labels(tmp_path / "in.json")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("q.csv", 'image,a_x,a_y,note\na.jpg,1,2,"first\nb.jpg,3,4,x\n', "not a whole CSV file"),
        ("h.xml", "<html><body>x</body></html>", "begins with <html>, neither dlib's <dataset>"),
        ("v.xml", "<annotations><track id='0'/></annotations>", "is CVAT's for videos"),
        ("n.json", "{" + f'"images": {"9" * 5000}' + "}", "not a whole JSON file"),
    ],
)
def test_what_would_be_lost_in_silence_is_refused(tmp_path, name, text, told):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ValueError, match=f"{name}: .*{told}"):
        read_labels(tmp_path / name)


def test_a_csv_of_excel_may_have_empty_columns_and_a_line_for_excel_alone(tmp_path):
    text = 'sep=;\r\nimage;a_x;a_y;;\r\n"a.jpg" ;1;2;;\r\n'  # and a space behind a cell
    (tmp_path / "e.csv").write_text(text, "utf-8")
    (entry,) = read_labels(tmp_path / "e.csv").entries
    assert entry.image == "a.jpg" and entry.points.tolist() == [[1, 2]]
    assert label_files(tmp_path) == [tmp_path / "e.csv"]
    (tmp_path / "e.csv").write_text(text.replace("1;2;;", "1;2;x;y"), "utf-8")
    with pytest.raises(ValueError, match=r"e\.csv: has several columns without a name"):
        read_labels(tmp_path / "e.csv")


def test_points_on_one_spot_need_a_box(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg")
    (tmp_path / "one.csv").write_text("image,a_x,a_y,b_x,b_y\na.jpg,9,8,,\n", "utf-8")
    with pytest.raises(ValueError, match=r"a\.jpg has no box, and its points lie on one spot"):
        read_faces(tmp_path / "one.csv")


def test_a_further_face_never_takes_the_name_of_another_picture(tmp_path):
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    face = Entry("party.jpg", None, None, ("a", "b"), points, np.zeros(2, bool))
    write_labels(tmp_path / "out", Labels([face, face, Entry("party_2.jpg")]), "pts")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["party.pts", "party_3.pts"]


@pytest.mark.parametrize("form", ["pts", "labelme"])
def test_a_folder_is_written_whole_or_not_at_all(tmp_path, form):
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    entries = [
        Entry(image, None, (0, 0, 9, 9), ("a", "b"), points, np.zeros(2, bool))
        for image in ("z.jpg", "a.jpg", "a.png")
    ]
    with pytest.raises(ValueError, match="is the name for"):
        write_labels(tmp_path / "out", Labels(entries), form)
    assert not (tmp_path / "out").exists()
