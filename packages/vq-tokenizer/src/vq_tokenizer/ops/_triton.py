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
    "block_rows",
    "family",
    "interpreting",
    "next_power_of_2",
    "nvidia_family",
    "processors",
    "search_tile",
    "tl",
    "triton",
    "use_triton",
]

# Bytes of shared memory one block may have; triton.compile does not enforce it.
SHARED_LIMIT = {"sm_80": 166_912, "sm_90": 232_448, "gfx942": 65_536}


class Tile(NamedTuple):
    """Shape of one program: rows of x, codes at a time, warps, pipeline stages.

    fold: how many codes of a tile share a running minimum. slice: multiply this much of the width
    at a time; 0 takes all of it at once.
    """

    rows: int
    codes: int
    warps: int
    stages: int
    fold: int = 1
    slice: int = 0


# (family, operands, width up to): tile. Operands: "half" is bf16 or fp16, "mixed" bf16 vectors and
# float32 codes, "fp32" float32, and "tf32" float32 that may be rounded to TF32, which AMD's matrix
# units need not: they multiply float32 itself. Chosen by compiling
# ahead of time (benchmarks/vq_ahead.py): no spills, shared memory in bounds, fewest instructions.
_ANY = 1 << 30
_TILES: dict[tuple[str, str, int], Tile] = {
    ("sm_80", "half", 32): Tile(64, 64, 4, 3, fold=4),
    ("sm_80", "half", 64): Tile(64, 64, 4, 3),
    ("sm_80", "half", 256): Tile(64, 64, 4, 2),
    ("sm_80", "half", _ANY): Tile(64, 64, 8, 2, slice=64),
    ("sm_80", "mixed", 32): Tile(64, 128, 4, 2, fold=8),
    ("sm_80", "mixed", 64): Tile(64, 64, 4, 2),
    ("sm_80", "mixed", 256): Tile(64, 32, 4, 2),
    ("sm_80", "mixed", _ANY): Tile(64, 64, 4, 2, slice=64),
    ("sm_80", "fp32", 32): Tile(64, 128, 4, 2, fold=8),
    ("sm_80", "fp32", 64): Tile(32, 64, 4, 2),
    ("sm_80", "fp32", 128): Tile(32, 64, 8, 2),
    ("sm_80", "fp32", _ANY): Tile(128, 64, 8, 2, fold=2, slice=32),
    ("sm_80", "tf32", 32): Tile(64, 128, 4, 2, fold=8),
    ("sm_80", "tf32", 64): Tile(64, 64, 4, 2),
    ("sm_80", "tf32", 256): Tile(64, 32, 4, 2),
    ("sm_80", "tf32", _ANY): Tile(64, 128, 8, 2, fold=4, slice=32),
    ("sm_90", "half", 32): Tile(64, 128, 4, 3, fold=16),
    ("sm_90", "half", 64): Tile(64, 128, 4, 3),
    ("sm_90", "half", 256): Tile(128, 64, 8, 2),
    ("sm_90", "half", 512): Tile(64, 64, 4, 2),
    ("sm_90", "half", _ANY): Tile(128, 64, 8, 2, slice=64),
    ("sm_90", "mixed", 32): Tile(64, 128, 4, 2, fold=16),
    ("sm_90", "mixed", 64): Tile(64, 128, 4, 2),
    ("sm_90", "mixed", 256): Tile(64, 64, 4, 2),
    ("sm_90", "mixed", _ANY): Tile(128, 64, 8, 2, slice=64),
    ("sm_90", "fp32", 32): Tile(64, 128, 4, 2, fold=16),
    ("sm_90", "fp32", 128): Tile(64, 64, 4, 2),
    ("sm_90", "fp32", 256): Tile(64, 32, 4, 2),
    ("sm_90", "fp32", _ANY): Tile(128, 128, 8, 2, fold=4, slice=32),
    ("sm_90", "tf32", 32): Tile(64, 128, 4, 2, fold=16),
    ("sm_90", "tf32", 64): Tile(64, 128, 4, 2),
    ("sm_90", "tf32", 256): Tile(64, 32, 4, 2),
    ("sm_90", "tf32", _ANY): Tile(128, 128, 8, 2, fold=4, slice=32),
    ("gfx942", "half", 64): Tile(64, 64, 4, 2),
    ("gfx942", "half", 256): Tile(64, 32, 4, 1),
    ("gfx942", "half", _ANY): Tile(64, 32, 4, 1, slice=64),
    ("gfx942", "mixed", 64): Tile(64, 64, 4, 1),
    ("gfx942", "mixed", 256): Tile(64, 32, 4, 1),
    ("gfx942", "mixed", _ANY): Tile(64, 32, 4, 1, slice=64),
    ("gfx942", "fp32", 64): Tile(64, 64, 4, 1),
    ("gfx942", "fp32", 256): Tile(64, 32, 4, 1),
    ("gfx942", "fp32", _ANY): Tile(64, 128, 4, 1, fold=2, slice=32),
}
# Where the tile above has too few registers for a second minimum.
_CERTIFIED = {
    ("sm_80", "half", _ANY): Tile(64, 32, 4, 2, fold=2, slice=64),
    ("sm_80", "tf32", 256): Tile(64, 32, 8, 2, fold=2),
    ("sm_90", "tf32", 64): Tile(64, 64, 4, 2, fold=2),
    ("sm_90", "tf32", 256): Tile(64, 32, 4, 2),
}
_INTERPRETED = {
    32: Tile(64, 64, 4, 1, fold=4),
    128: Tile(64, 64, 4, 1),
    _ANY: Tile(64, 64, 4, 1, slice=64),
}


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
    """Name the family by compute capability.

    Only 9 and 10 have the shared memory that the tiles of sm_90 need.
    """
    if major < 8:
        return "none"  # no TF32, no bf16
    return "sm_90" if major in (9, 10) else "sm_80"


def search_tile(name: str, operands: str, width: int, *, certify: bool = False) -> Tile:
    """The tile of nearest_code for a family, operands and width.

    certify: what a slot hides must seldom matter, so there are more slots; and a second minimum is
    kept for each, which is spared registers where two codes share one.
    """
    if name == "interpreter":  # small, so that tests meet every way with few numbers
        return next(tile for most, tile in _INTERPRETED.items() if width <= most)
    kind = "half" if operands in ("bf16", "fp16") else operands
    fitting = [key for key in _TILES if key[:2] == (name, kind) and width <= key[2]]
    if not fitting:
        raise VQTokenizerError(f"no tile for {operands} of width {width} on {name}")
    key = min(fitting, key=lambda key: key[2])
    tile = _TILES[key]
    if certify:
        tile = _CERTIFIED.get(key, tile._replace(fold=min(8, max(2, tile.fold))))
    return tile


@functools.cache
def processors(device: torch.device) -> int:
    """How many multiprocessors a GPU has; 1 for the interpreter."""
    if device.type != "cuda":
        return 1
    return int(torch.cuda.get_device_properties(device).multi_processor_count)


def block_rows(device: torch.device, width: int, numbers: int = 4096) -> int:
    """Rows of a block of that width: a power of two, about that many numbers, at most 64 rows.

    More where interpreted, for there a program costs milliseconds whatever it does.
    """
    if device.type != "cuda":
        numbers *= 64
    return max(1, min(64 if device.type == "cuda" else 4096, numbers // width))


def next_power_of_2(n: int) -> int:
    """The least power of two that is not below n."""
    return 1 << max(0, n - 1).bit_length()
