"""Arrays out of a .npz that may be anybody's: held against what the file can hold first.

The header of an array says how large it is. It is believed only where as many bytes follow it, and
an archive that would unpack to more than a bound is refused before it is unpacked: a small file
can claim, or hold, more than any machine has. Nothing is unpickled.

`auface_gen.rig.npz` is the same but for its error: neither package may import the other, and what
both import knows no numpy. A test holds the two together.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from aaad.errors import AAADError

__all__ = ["read_npz"]


def read_npz(
    path: Path, *, names: Collection[str] | None = None, most: int
) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays by name, or those of `names` alone. most: bytes that they may have together.

    Raises AAADError that names the file.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("is no file")
        with path.open("rb") as file, zipfile.ZipFile(file) as packed:
            members = {m.filename.removesuffix(".npy"): m for m in packed.infolist()}
            chosen = {k: m for k, m in members.items() if names is None or k in names}
            size = sum(member.file_size for member in chosen.values())
            if size > most:
                raise ValueError(f"its arrays are of {size} bytes, more than {most}")
            return {name: _array(packed, name, member) for name, member in chosen.items()}
    except Exception as error:  # a damaged archive raises nearly anything
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise AAADError(f"{path}: cannot be read as an .npz: {said}") from None


def _array(packed: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> np.ndarray[Any, Any]:
    """One array, once its header fits its bytes."""
    with packed.open(member) as file:
        shape, kind = _header(file)
        if kind.hasobject:
            raise ValueError(f"{name} holds objects; Object arrays cannot be loaded")
        wanted, there = prod(shape) * kind.itemsize, member.file_size - file.tell()
        if wanted != there or any(side < 0 for side in shape):
            raise ValueError(f"{name} says {wanted} bytes in its header and has {there}")
    with packed.open(member) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, kind = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the format")
    return shape, kind
