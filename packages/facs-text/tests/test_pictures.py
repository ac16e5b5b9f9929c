"""The reader of pictures: right pixels of every kind, or a refusal that names the file."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from facs_text import FacsTextError
from facs_text.pictures import read_rgb

Image: Any = pytest.importorskip("PIL.Image")


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG from its raw rows, whatever its header says."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_every_value_of_16_bits(tmp_path: Path) -> None:
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">H", 256 * y + x) for x in range(256)) for y in range(256)
    )
    (tmp_path / "16.png").write_bytes(png(256, 256, rows, depth=16, colour=0))
    grey = read_rgb(tmp_path / "16.png").getchannel("G").tobytes()
    assert list(grey) == [(v + 128) // 257 for v in range(65536)]


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation(tmp_path: Path, turn: int) -> None:
    upright = Image.new("RGB", (40, 24), "white")
    upright.paste("red", (0, 0, 20, 12))  # a corner that tells all eight turns apart
    upright.paste("blue", (20, 0, 40, 12))
    ways = Image.Transpose
    undo = {
        1: (), 2: (ways.FLIP_LEFT_RIGHT,), 3: (ways.ROTATE_180,), 4: (ways.FLIP_TOP_BOTTOM,),
        5: (ways.TRANSPOSE,), 6: (ways.ROTATE_90,), 7: (ways.TRANSVERSE,), 8: (ways.ROTATE_270,),
    }[turn]  # fmt: skip
    stored = upright
    for way in undo:
        stored = stored.transpose(way)
    exif = Image.Exif()
    exif[0x0112] = turn
    stored.save(tmp_path / "a.png", exif=exif)
    assert read_rgb(tmp_path / "a.png").tobytes() == upright.tobytes()


def test_transparency_is_over_white_and_palettes_are_colours(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    clear.save(tmp_path / "clear.png")
    assert read_rgb(tmp_path / "clear.png").getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("RGB", (4, 4), (200, 10, 30)).convert("P")
    palette.save(tmp_path / "p.png")
    red, green, blue = read_rgb(tmp_path / "p.png").getpixel((0, 0))
    assert (red > 150, green < 60, blue < 80) == (True, True, True)
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "c.jpg")
    red, green, blue = read_rgb(tmp_path / "c.jpg").getpixel((0, 0))
    assert (red > 200, green < 60, blue < 60) == (True, True, True)


def refused(path: Path, why: str) -> None:
    with pytest.raises(FacsTextError, match=why) as caught:
        read_rgb(path)
    assert str(path) in str(caught.value)


def test_what_is_refused(tmp_path: Path) -> None:
    first = Image.new("RGB", (4, 4))
    first.save(tmp_path / "two.gif", save_all=True, append_images=[Image.new("RGB", (4, 4), "red")])
    refused(tmp_path / "two.gif", "animation of 2")
    Image.new("F", (4, 4)).save(tmp_path / "f.tif")
    refused(tmp_path / "f.tif", "floating-point")
    Image.new("I", (4, 4), 70_000).save(tmp_path / "i.tif")
    refused(tmp_path / "i.tif", "32-bit")
    (tmp_path / "bomb.png").write_bytes(png(60_000, 60_000, b""))
    refused(tmp_path / "bomb.png", "60000 x 60000|pixels")
    (tmp_path / "bomb2.png").write_bytes(png(12_000, 12_000, b""))  # Pillow itself only warns
    refused(tmp_path / "bomb2.png", "claims 12000 x 12000 pixels")
    (tmp_path / "cut.png").write_bytes(png(64, 64, Random(0).randbytes(193 * 64))[:600])
    refused(tmp_path / "cut.png", "cannot be read as a picture")
    (tmp_path / "short.png").write_bytes(png(64, 64, b"\0" * 100))
    refused(tmp_path / "short.png", "cannot be read as a picture")


def test_what_is_no_file_neither_hangs_nor_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.png")
    refused(tmp_path / "fifo.png", "is no file")
    (tmp_path / "folder.png").mkdir()
    refused(tmp_path / "folder.png", "is no file")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    refused(tmp_path / "link.png", "no such picture")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    refused(tmp_path / "zero.png", "is no file")
    refused(tmp_path / ("a" * 300 + ".png"), "no such picture")
