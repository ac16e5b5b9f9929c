"""Opening a text file as people have it: compressed, in UTF-16, with any line ends.

What is no text is named with what to do about it: a workbook, an archive, a picture, a pipe.
"""

from __future__ import annotations

import gzip
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from facs_text._errors import FacsTextError

__all__ = ["open_lines"]

_PEEK = 1 << 16
# How a file begins that holds no lines of text, and what its owner can do.
_NO_TEXT = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); save the sheet as CSV and read that"),
    (b"BZh", "compressed by bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed by xz; unpack it first"),
    (b"(\xb5/\xfd", "compressed by zstd; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x89PNG", "a PNG picture, not a table"),
    (b"\xff\xd8\xff", "a JPEG picture, not a table"),
    (b"PAR1", "a Parquet file; save it as CSV, with pandas.read_parquet(...).to_csv(...)"),
    (b"\x89HDF", "an HDF5 or new MATLAB file; save its table as CSV"),
    (b"MATLAB 5.0", "a MATLAB file; save its table as CSV"),
    (b"\x93NUMPY", "a NumPy array; save it as CSV with a header of unit names"),
    (b"%PDF", "a PDF, not a table"),
)
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@contextmanager
def open_lines(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    """(stream, encoding): lines of bytes in UTF-8 where the encoding is "", else to be decoded.

    The stream is at the file's start, decompressed. An encoding, or "any ends" for UTF-8 whose
    lines end in carriage returns alone, asks for the slower way of a text stream. OSError and
    zlib's errors pass through while reading.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or device"
        raise FacsTextError(f"{path}: {what}, not a file of rows; save them to a file first")
    with io.BufferedReader(io.FileIO(path), _PEEK) as file:
        stream = file
        if file.peek(8).startswith(b"\x1f\x8b"):
            unpacked: Any = gzip.GzipFile(fileobj=file)
            stream = io.BufferedReader(unpacked, _PEEK)
        top = stream.peek(_PEEK)
        _refuse(path, top)
        yield stream, _encoding(top)


def _refuse(path: Path, top: bytes) -> None:
    """FacsTextError for what is known to be no text."""
    if top.startswith(b"PK\x03\x04"):
        inside = top[:4096]
        if path.suffix.lower() in (".xlsx", ".xlsm") or b"[Content_Types]" in inside:
            what = "an Excel workbook; in Excel, save the sheet as 'CSV UTF-8' and read that"
        elif path.suffix.lower() == ".ods" or b"opendocument" in inside:
            what = "a LibreOffice workbook; save the sheet as CSV and read that"
        else:
            what = "a zip archive; unpack it first"
        raise FacsTextError(f"{path}: {what}")
    for begin, what in _NO_TEXT:
        if top.startswith(begin):
            raise FacsTextError(f"{path}: {what}")


def _encoding(top: bytes) -> str:
    """Encoding of a text by its mark, or by the zeros beside its first letters."""
    for mark, name in _MARKS:
        if top.startswith(mark):
            return name
    if len(top) >= 4 and top[:4].count(0) == 2:  # Latin letters in UTF-16 without a mark
        if top[1] == top[3] == 0:
            return "utf-16-le"
        if top[0] == top[2] == 0:
            return "utf-16-be"
    return "any ends" if b"\r" in top and b"\n" not in top else ""
