"""What the kernels share: whether Triton is there, where a kernel may run, and tile tables.

Nothing here is tuned at run time and nothing is keyed on N: a table entry is picked by the kind of
device, the type of the operands and the width, all of which are fixed for a model.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError

try:
    import triton
    import triton.language as tl
except ImportError:  # an extra: the CPU path needs nothing but torch
    triton = None
    tl = None

__all__ = [
    "SHARED_LIMIT",
    "Tile",
    "family",
    "interpreting",
    "next_power_of_2",
    "nvidia_family",
    "search_tile",
    "tl",
    "triton",
    "use_triton",
]

# Bytes of shared memory one block may have; triton.compile does not enforce it.
SHARED_LIMIT = {"sm_80": 166_912, "sm_90": 232_448, "gfx942": 65_536}


class Tile(NamedTuple):
    """Shape of one program: rows of x, codes at a time, warps, pipeline stages, product precision.

    slice: multiply this much of the width at a time; 0 takes all of it at once.
    """

    rows: int
    codes: int
    warps: int
    stages: int
    precision: str
    slice: int = 0


# (family, operands, width up to): tile. Operands: "half" is bf16 or fp16, "fp32" is float32 and
# "tf32" float32 that may be rounded to TF32. Precision "split": three TF32 products of high and
# low parts, as accurate as float32; AMD's matrix units multiply float32 itself. Chosen by compiling
# ahead of time (vq_tokenizer.ops.ahead): no spills, shared memory in bounds, fewest instructions.
_ANY = 1 << 30
_TILES: dict[tuple[str, str, int], Tile] = {
    ("sm_80", "half", 64): Tile(64, 64, 4, 3, "ieee"),
    ("sm_80", "half", 256): Tile(64, 64, 4, 2, "ieee"),
    ("sm_80", "half", _ANY): Tile(64, 64, 8, 2, "ieee", slice=64),
    ("sm_80", "tf32", 64): Tile(64, 64, 4, 2, "tf32"),
    ("sm_80", "tf32", 256): Tile(64, 32, 4, 2, "tf32"),
    ("sm_80", "tf32", _ANY): Tile(64, 64, 4, 2, "tf32", slice=32),
    ("sm_80", "fp32", 32): Tile(64, 64, 8, 2, "split"),
    ("sm_80", "fp32", 64): Tile(64, 32, 8, 2, "split"),
    ("sm_80", "fp32", 128): Tile(32, 64, 8, 2, "split"),
    ("sm_80", "fp32", _ANY): Tile(64, 32, 4, 2, "split", slice=32),
    ("sm_90", "half", 32): Tile(128, 64, 4, 3, "ieee"),
    ("sm_90", "half", 64): Tile(128, 128, 8, 3, "ieee"),
    ("sm_90", "half", 256): Tile(128, 64, 8, 2, "ieee"),
    ("sm_90", "half", _ANY): Tile(128, 64, 8, 2, "ieee", slice=64),
    ("sm_90", "tf32", 64): Tile(128, 64, 8, 2, "tf32"),
    ("sm_90", "tf32", 256): Tile(64, 32, 4, 2, "tf32"),
    ("sm_90", "tf32", _ANY): Tile(128, 64, 8, 2, "tf32", slice=32),
    ("sm_90", "fp32", 64): Tile(128, 64, 8, 2, "split"),
    ("sm_90", "fp32", 128): Tile(64, 32, 4, 2, "split"),
    ("sm_90", "fp32", _ANY): Tile(128, 64, 8, 2, "split", slice=32),
    ("gfx942", "half", 64): Tile(64, 64, 4, 2, "ieee"),
    ("gfx942", "half", 256): Tile(64, 32, 4, 1, "ieee"),
    ("gfx942", "half", _ANY): Tile(64, 32, 4, 1, "ieee", slice=64),
    ("gfx942", "tf32", 64): Tile(64, 64, 4, 1, "ieee"),
    ("gfx942", "tf32", 256): Tile(64, 32, 4, 1, "ieee"),
    ("gfx942", "tf32", _ANY): Tile(64, 32, 4, 1, "ieee", slice=64),
    ("gfx942", "fp32", 64): Tile(64, 64, 4, 1, "ieee"),
    ("gfx942", "fp32", 256): Tile(64, 32, 4, 1, "ieee"),
    ("gfx942", "fp32", _ANY): Tile(64, 32, 4, 1, "ieee", slice=64),
}
_INTERPRETED = Tile(64, 64, 4, 1, "ieee")
_INTERPRETED_SPLIT = Tile(64, 64, 4, 1, "split")
_INTERPRETED_WIDE = Tile(64, 64, 4, 1, "split", slice=32)


def interpreting() -> bool:
    """Whether kernels run in Triton's interpreter (TRITON_INTERPRET=1 before the first import)."""
    return os.environ.get("TRITON_INTERPRET", "0") == "1"


def use_triton(x: Tensor) -> bool:
    """Whether an operator on x runs its kernel: on GPUs that have tiles, where triton is there."""
    return triton is not None and x.device.type == "cuda" and family(x.device) != "none"


@functools.cache
def family(device: torch.device) -> str:
    """The tables' name for a device: "sm_80", "sm_90", "gfx942", "none", or "interpreter"."""
    if device.type != "cuda":
        return "interpreter"
    if torch.version.hip is not None:
        return "gfx942"
    return nvidia_family(torch.cuda.get_device_capability(device)[0])


def nvidia_family(major: int) -> str:
    """By compute capability: only 9 and 10 have the shared memory that the tiles of sm_90 need."""
    if major < 8:
        return "none"  # no TF32, no bf16
    return "sm_90" if major in (9, 10) else "sm_80"


def search_tile(name: str, operands: str, width: int, *, gap: bool = False) -> Tile:
    """The tile of nearest_code for a family, operand kind and width.

    gap: a second running minimum is kept, which needs registers: the tile is smaller.
    """
    if name == "interpreter":
        if operands == "fp32":
            return _INTERPRETED_WIDE if width > 128 else _INTERPRETED_SPLIT
        return _INTERPRETED
    fitting = [key for key in _TILES if key[:2] == (name, operands) and width <= key[2]]
    if not fitting:
        raise VQTokenizerError(f"no tile for {operands} of width {width} on {name}")
    tile = _TILES[min(fitting, key=lambda key: key[2])]
    if gap:
        codes = min(32 if tile.slice else 64, tile.codes)
        tile = tile._replace(rows=min(64, tile.rows), codes=codes)
    return tile


def next_power_of_2(n: int) -> int:
    """The least power of two that is not below n."""
    return 1 << max(0, n - 1).bit_length()
