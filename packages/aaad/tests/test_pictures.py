"""One reader of pictures: what a person sees on the screen, or a refusal that names the file."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest

from aaad import AAADError
from aaad.pictures import png_bytes, read_picture, text_chunks

Image = pytest.importorskip("PIL.Image")

SIZE = 16
HALVES = np.zeros((SIZE, SIZE, 3), np.uint8)
HALVES[:, SIZE // 2 :] = 200


def halves(mode):
    return Image.fromarray(HALVES).convert(mode)


def looks_like_halves(pixels, tolerance=3):
    return np.abs(pixels.transpose(1, 2, 0).astype(int) - HALVES).max() <= tolerance


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1"])
def test_modes_of_png_are_the_same_picture(tmp_path, mode):
    path = tmp_path / "x.png"
    image = Image.fromarray(np.where(HALVES > 0, 255, 0).astype(np.uint8)) if mode == "1" else None
    if mode == "P":
        image = Image.fromarray(HALVES).quantize(4)
    elif image:
        image = image.convert("1")
    (image or halves(mode)).save(path)
    pixels = read_picture(path, SIZE)
    assert pixels.shape == (3, SIZE, SIZE)
    assert pixels.dtype == np.uint8
    if mode == "1":
        assert set(np.unique(pixels)) == {0, 255}
    else:
        assert looks_like_halves(pixels)


def test_cmyk_and_transparency(tmp_path):
    halves("CMYK").save(tmp_path / "x.jpg", quality=100, subsampling=0)
    assert looks_like_halves(read_picture(tmp_path / "x.jpg", SIZE), 12)
    clear = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    assert read_picture(tmp_path / "clear.png", SIZE).min() == 255


def test_sixteen_bits_of_grey_are_scaled(tmp_path):
    deep = (HALVES[..., 0].astype(np.uint16)) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert looks_like_halves(read_picture(tmp_path / "deep.png", SIZE), 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phones_picture_is_turned_upright(tmp_path, orientation):
    """The file holds the inverse of what its EXIF tag asks for."""
    turns = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
             6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = halves("RGB")
    if orientation in turns:
        stored = stored.transpose(getattr(Image.Transpose, turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "x.png", exif=exif)
    assert looks_like_halves(read_picture(tmp_path / "x.png", SIZE), 0)


def test_what_is_no_still_picture_is_refused_by_name(tmp_path):
    frames = [halves("RGB"), Image.new("RGB", (SIZE, SIZE))]
    frames[0].save(tmp_path / "two.png", save_all=True, append_images=frames[1:])
    Image.fromarray(HALVES[..., 0].astype(np.float32)).save(tmp_path / "float.tif")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "text.png").write_text("not a picture")
    whole = tmp_path / "whole.png"
    halves("RGB").save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:60])
    (tmp_path / "bomb.png").write_bytes(bomb(60_000, 60_000))
    for name, message in (
        ("two.png", "animation of 2"),
        ("float.tif", "floating-point"),
        ("folder.png", "no file"),
        ("pipe.png", "no file"),
        ("gone.png", "no such picture"),
        ("text.png", "cannot be read"),
        ("cut.png", "cannot be read"),
        ("bomb.png", "pixels"),
    ):
        with pytest.raises(AAADError, match=message) as caught:
            read_picture(tmp_path / name, SIZE)
        assert name in str(caught.value)


def bomb(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def test_chunks_are_read_and_not_passed_on(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("auface:codes", "12C")
    halves("RGB").save(tmp_path / "x.png", pnginfo=info)
    assert text_chunks(tmp_path / "x.png")["auface:codes"] == "12C"
    (tmp_path / "again.png").write_bytes(png_bytes(tmp_path / "x.png"))
    assert text_chunks(tmp_path / "again.png") == {}
    assert looks_like_halves(read_picture(tmp_path / "again.png", SIZE), 0)
