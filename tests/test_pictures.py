"""Any picture file: upright or as stored, 8 bits, never white or black in silence; pages."""

import base64
import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, features

from helpers import pictures
from helpers.annotations import read_faces
from helpers.draw import on_page, paint, show
from helpers.pictures import read_image, read_photograph, read_scaled
from stamp import ROOT, numbered, read_notebook

GREY = (np.add.outer(np.arange(40), 3 * np.arange(60)) % 200 + 20).astype(np.uint8)
STRETCHED = (GREY.astype(float) - GREY.min()) / np.ptp(GREY) * 255


@pytest.mark.parametrize("read", [read_photograph, read_image])
@pytest.mark.parametrize(
    "kind", ["16 grey", "12 of 16 grey", "float", "int", "16 RGB", "16 TIFF", "float RGB"]
)
def test_more_than_8_bits_are_scaled_by_the_pictures_own_range(tmp_path, kind, read):
    deep = GREY.astype(np.uint16) * (16 if kind == "12 of 16 grey" else 200)
    path = tmp_path / ("a.png" if "grey" in kind or kind == "16 RGB" else "a.tif")
    if "grey" in kind:
        Image.fromarray(deep).save(path)
    elif kind == "float":
        Image.fromarray(GREY.astype(np.float32) / 255).save(path)
    elif kind == "int":
        Image.fromarray(GREY.astype(np.int32) * 1000 - 5000).save(path)
    else:
        values = GREY.astype(np.float32) if "float" in kind else deep // 10
        cv2.imwrite(str(path), np.dstack([values] * 3))
    assert np.abs(read(path)[..., 0] - STRETCHED).max() <= 1.5


def test_colours_of_more_than_8_bits_stay_in_their_order(tmp_path):
    bgr = np.zeros((4, 4, 3), np.uint16)
    bgr[..., 2], bgr[:2, :, 1] = 4000, 1000
    cv2.imwrite(str(tmp_path / "a.png"), bgr)
    assert read_image(tmp_path / "a.png")[0, 0].tolist() == [255, 64, 0]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "PA", "YCbCr"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    suffix = {"CMYK": "jpg", "YCbCr": "jpg", "PA": "tif"}.get(mode, "png")
    source = Image.fromarray(GREY).convert("RGB" if mode == "PA" else mode)
    source.save(tmp_path / f"a.{suffix}")
    image = read_photograph(tmp_path / f"a.{suffix}")
    assert image.shape == (40, 60, 3) and image.dtype == np.uint8
    if mode != "1":
        assert np.abs(image[..., 1].astype(int) - GREY).mean() < 8


def test_what_is_transparent_is_white_and_an_animation_is_its_first_frame(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (read_photograph(tmp_path / "a.png") == 255).all()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_photograph(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


def turned(path, held=6):
    exif = Image.Exif()
    exif[0x0112] = held
    Image.fromarray(GREY).save(path, exif=exif)
    return path


def test_a_photograph_is_upright_and_a_label_files_picture_as_it_is_stored(tmp_path):
    path = turned(tmp_path / "a.png")
    assert (read_photograph(path)[..., 0] == np.rot90(GREY, -1)).all()
    assert (read_image(path)[..., 0] == GREY).all()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("held", [3, 6, 7])
def test_a_tiff_is_upright_whoever_reads_it_and_however_deep_it_is(tmp_path, bits, held):
    path = tmp_path / "a.tif"
    deep = np.dstack([GREY] * 3).astype(f"uint{bits}") * (1 if bits == 8 else 200)
    cv2.imwrite(str(path), deep, [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    data = bytearray(path.read_bytes())
    at = int.from_bytes(data[4:8], "little")
    tags = [bytes(data[i : i + 12]) for i in range(at + 2, at + 2 + 12 * data[at], 12)]
    tags = [tag for tag in tags if int.from_bytes(tag[:2], "little") != 284]  # has a default
    tags.append(struct.pack("<HHII", 274, 3, 1, held))
    data[at + 2 : at + 2 + 12 * len(tags)] = b"".join(sorted(tags, key=lambda t: t[1::-1]))
    path.write_bytes(data)
    upright = Image.fromarray(GREY).transpose(pictures.TURNS[held])
    for read in (read_photograph, read_image):
        assert read(path).shape[:2] == upright.size[::-1]
        spread = np.asarray(upright) if bits == 8 else (np.asarray(upright) - 20.0) * 255 / 199
        assert np.abs(read(path)[..., 0] - spread).max() <= 1.5
    assert pictures.picture_size(path) == upright.size


def test_broken_exif_data_say_nothing(tmp_path, monkeypatch):
    path = turned(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "getexif", lambda self: 1 / 0)
    assert (read_photograph(path)[..., 0] == GREY).all()


def test_a_huge_jpeg_is_scaled_while_it_is_decoded(tmp_path, monkeypatch):
    Image.fromarray(GREY).resize((1600, 1200)).save(tmp_path / "a.jpg")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 500_000)  # the whole one would be refused
    photograph, scale = read_scaled(tmp_path / "a.jpg", 400)
    assert photograph.shape == (300, 400, 3) and scale == 0.25


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_the_limit_that_guards_memory_names_itself_and_how_to_lift_it(tmp_path, monkeypatch, name):
    Image.new("RGB", (300, 200)).save(tmp_path / name)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 50_000)
    with pytest.raises(ValueError, match=rf"{name}: .*300 x 200 pixels.*FACES_PIXELS=60000 lifts"):
        read_image(tmp_path / name)
    monkeypatch.setenv("FACES_PIXELS", "60000")
    assert read_image(tmp_path / name).shape == (200, 300, 3)


def test_a_limit_that_is_no_number_and_a_folder_are_named(tmp_path, monkeypatch):
    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    monkeypatch.setenv("FACES_PIXELS", "many")
    with pytest.raises(ValueError, match=r"a\.png: .*FACES_PIXELS must be a number, not 'many'"):
        read_image(tmp_path / "a.png")
    with pytest.raises(ValueError, match="is a folder, not a picture"):
        read_photograph(tmp_path)


def test_pillows_limit_is_not_ours_and_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("L", (300, 200)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (200, 300, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\0\0\0\x18ftypheic" + b"\0" * 90, "HEIC.*pip install pillow-heif"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 90, "a video"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"", r"not a picture that can be read \(it is empty\)"),
        (b"II*\0 and nothing behind", "not a picture that can be read"),
    ],
)
def test_a_file_that_is_no_picture_is_named_with_what_it_is(tmp_path, content, sentence):
    (tmp_path / "mine.jpg").write_bytes(content)
    for read in (read_photograph, read_image):
        with pytest.raises(ValueError, match=sentence) as error:
            read(tmp_path / "mine.jpg")
        assert str(error.value).startswith(str(tmp_path / "mine.jpg"))


def test_a_truncated_photograph_is_named(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"a\.jpg: not a picture that can be read \(.*truncated"):
        read_photograph(tmp_path / "a.jpg")


def test_a_truncated_photograph_of_16_bits_is_named_once(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([GREY] * 3).astype(np.uint16) * 200)
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.raises(ValueError, match=r"a\.png: not a picture that can be read") as error:
        read_photograph(tmp_path / "a.png")
    assert str(error.value).count("not a picture") == 1


def test_reading_a_label_file_decodes_no_picture(archive_folder, monkeypatch, tmp_path):
    from PIL import ImageFile

    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: 1 / 0)
    assert len(read_faces(archive_folder / "labels_ibug_300W_train.xml")) == 20
    assert pictures.picture_size(tmp_path / "a.png") == (30, 20)


def test_what_is_no_number_in_a_picture_is_its_darkest():
    values = np.float32([[-1, 1, np.nan, np.inf, -np.inf]])
    assert pictures._stretched(values).tolist() == [[0, 255, 0, 255, 0]]


def test_no_picture_to_show_is_said():
    with pytest.raises(ValueError, match="There is no picture to show"):
        show([])


@pytest.mark.parametrize("path", numbered(ROOT / "notebooks"), ids=lambda path: path.stem)
def test_the_pictures_of_a_notebook_share_the_width_of_a_page(path):
    data = [
        (number, value)
        for number, cell in enumerate(read_notebook(path).cells)
        for output in cell.get("outputs", [])
        for kind, value in output.get("data", {}).items()
        if kind in ("image/jpeg", "image/png")
    ]
    sizes = {n: Image.open(io.BytesIO(base64.b64decode(value))).size for n, value in data}
    assert not {number: size for number, size in sizes.items() if size[0] != 960}


@pytest.mark.parametrize(("width", "height"), [(300, 20), (960, 20), (1920, 10)])
def test_a_picture_on_a_page_stands_at_its_left_and_a_wider_one_is_made_smaller(width, height):
    page = on_page(np.zeros((20, width, 3), np.uint8))
    assert page.shape == (height, 960, 3)
    assert not page[:, :width].any() and (page[:, width:] == 255).all()


@pytest.mark.parametrize(("count", "least"), [(2, 1000), (5, 250), (68, 40)])
def test_the_fewer_the_points_the_larger_their_dots(count, least):
    """In pixels of area, each, on a face 360 pixels wide."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = 320 + 180 * np.stack([np.cos(angles), np.sin(angles)], 1)
    painted = paint(np.zeros((640, 640, 3), np.uint8), points, (255, 0, 0))
    assert least <= (painted[..., 0] > 128).sum() / count <= 4 * least


@pytest.mark.skipif("avif" not in features.modules, reason="this Pillow knows no AVIF")
def test_a_damaged_avif_is_told(tmp_path):
    stored = io.BytesIO()
    Image.fromarray(np.dstack([GREY] * 3)).save(stored, "AVIF")
    data = stored.getvalue()
    start = data.index(b"mdat") + 4
    (tmp_path / "b.avif").write_bytes(data[:start] + b"\xff" * 16 + data[start + 16 :])
    with pytest.raises(ValueError, match=r"b\.avif: not a picture .*AVIF, and damaged"):
        read_photograph(tmp_path / "b.avif")
