"""How the search multiplies: as which operands, how many parts a number, how many terms a row.

float32 numbers are kept as three bf16 parts x1 + x2 + x3, equal to x to the last bit; the rows of
the table that come of it stand in _pack_codes.py. Shapes: D width, W columns of the table.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from vq_tokenizer.ops._triton import next_power_of_2, tl, triton

__all__ = ["TYPES", "Layout", "layout_of", "rounded", "split_parts"]

_JOINED = 64  # columns that joined terms may take
# kind, parts of x, parts of the codes
_OPERANDS = {
    "bf16": ("bf16", 1, 1),
    "fp16": ("fp16", 1, 1),
    "tf32": ("tf32", 1, 1),
    "mixed": ("bf16", 1, 3),
    "fp32": ("bf16", 3, 3),
}
_AMD = _OPERANDS | {"fp32": ("fp32", 1, 1)}  # it multiplies float32 itself
_TERMS = {(1, 1): 1, (1, 3): 3, (3, 3): 6}  # products by parts of x and of the codes
TYPES = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "tf32": torch.float32,
    "fp32": torch.float32,
}


class Layout(NamedTuple):
    """How x and codes are multiplied.

    kind: type of the operands, "bf16", "fp16", "tf32" or "fp32". x_parts, c_parts: how many of them
    a number takes. join: terms that stand side by side in one row. spare: whether a row has the
    half length. columns: of a product; width: W, of a row, which is more where the width is sliced.
    """

    kind: str
    x_parts: int
    c_parts: int
    join: int
    spare: bool
    columns: int
    width: int


def layout_of(name: str, operands: str, d: int, slice_: int) -> Layout:
    """How a device family multiplies these operands (see search_tile) of width d.

    slice_: columns at a time, or 0 for all at once.
    """
    kind, x_parts, c_parts = (_AMD if name == "gfx942" else _OPERANDS)[operands]
    if slice_:
        width = -(-d // slice_) * slice_
        return Layout(kind, x_parts, c_parts, 1, False, slice_, width)
    terms = _TERMS[x_parts, c_parts]
    joined, apart = next_power_of_2(terms * d + 3), max(16, next_power_of_2(d))
    join = terms if joined <= _JOINED and joined < terms * apart else 1
    columns = max(16, next_power_of_2(join * d))
    spare = columns - join * d >= 3 and kind != "fp16"  # a half length may not fit fp16
    return Layout(kind, x_parts, c_parts, join, spare, columns, columns)


if triton is not None:

    @triton.jit
    def rounded(  # type: ignore[no-untyped-def]
        x, KIND: tl.constexpr, UPCAST: tl.constexpr
    ):
        """x as an operand. UPCAST: for the interpreter, whose dot multiplies the bits of bf16 as
        integers."""
        if KIND == "bf16":
            x = x.to(tl.bfloat16)
            if UPCAST:
                x = x.to(tl.float32)
        elif KIND == "fp16":
            x = x.to(tl.float16)
        elif KIND == "tf32":  # the nearest number with 10 fraction bits
            bits = x.to(tl.int32, bitcast=True)
            near = ((bits + 0x1000) & -0x2000).to(tl.float32, bitcast=True)
            x = tl.where(x == x, near, x)  # the GPU's own NaN would become -0
        return x

    @triton.jit
    def split_parts(  # type: ignore[no-untyped-def]
        x, PARTS: tl.constexpr, KIND: tl.constexpr, UPCAST: tl.constexpr
    ):
        """x as a sum of PARTS operands, each what the ones before leave; all three are
        the first where PARTS is 1."""
        first = rounded(x, KIND, UPCAST)
        second = first
        third = first
        if PARTS == 3:
            rest = x.to(tl.float32) - first.to(tl.float32)
            second = rounded(rest, KIND, UPCAST)
            third = rounded(rest - second.to(tl.float32), KIND, UPCAST)
        return first, second, third
