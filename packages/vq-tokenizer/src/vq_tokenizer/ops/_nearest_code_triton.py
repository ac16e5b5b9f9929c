"""How the search kernel is launched: operands, tiles, splits of the codes, and certified searches.

Three launches a search, measure_codes, pack_codes and nearest_code; one more where the codes are
split, and four more where the answer is certified. Nothing waits for the device.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from vq_tokenizer.ops._nearest_code_kernel import nearest_code_kernel
from vq_tokenizer.ops._operands import Layout, layout_of
from vq_tokenizer.ops._pack_codes import pack_codes
from vq_tokenizer.ops._score_again import merge_splits_kernel
from vq_tokenizer.ops._triton import Tile, family, processors, search_tile

__all__ = ["Search", "nearest_code_triton", "search_constants"]


def search_constants(
    name: str, operands: str, d: int, *, shift: bool, certify: bool, packed: bool, gather: bool
) -> tuple[dict[str, Any], Tile, Layout]:
    """Compile-time constants of the kernel for a device family, its tile and its layout."""
    tile = search_tile(name, operands, d, certify=certify)
    layout = layout_of(name, operands, d, tile.slice)
    constants = {
        "D": d,
        "W": layout.width,
        "DP": layout.columns,
        "BLOCK_N": tile.rows,
        "BLOCK_K": tile.codes,
        "FOLD": tile.fold,
        "JOIN": layout.join,
        "SPARE": layout.spare,
        "X_PARTS": layout.x_parts,
        "C_PARTS": layout.c_parts if layout.join == 1 else 1,
        "KIND": layout.kind,
        "PRECISION": "tf32" if layout.kind == "tf32" else "ieee",
        "SHIFT": shift,
        "CERTIFY": certify,
        "PACKED": packed,
        "GATHER": gather,
        "UPCAST": name == "interpreter" and layout.kind == "bf16",
    }
    return constants, tile, layout


def nearest_code_triton(
    x: Tensor,
    codes: Tensor,
    *,
    metric: str = "euclidean",
    precision: str = "exact",
    certify: bool = False,
    splits: int | None = None,
) -> Tensor:
    """Same meaning as `nearest_code`; x and codes on a GPU, or interpreted.

    splits: into how many parts to cut the codes, each searched by programs of its own, so that few
    vectors still fill the device; None takes as many as it needs.
    """
    index = torch.empty(x.shape[0], dtype=torch.int64, device=x.device)
    if x.shape[0] == 0:
        return index
    x = x if x.stride(1) == 1 else x.contiguous()
    halves = {torch.bfloat16: "bf16", torch.float16: "fp16"}
    if precision == "tf32" and family(x.device) == "gfx942":
        precision = "exact"  # as fast there
    exact, centre = "fp32", "x" if metric == "euclidean" else "none"
    if x.dtype in halves and x.dtype == codes.dtype and metric == "euclidean":
        exact, centre = halves[x.dtype], "none"  # exact as they are; a shift would not fit the type
    elif x.dtype == torch.bfloat16:
        exact, centre = "mixed", "half" if centre == "x" else "none"
    operands = exact if precision == "exact" or exact in ("bf16", "fp16") else precision
    certify = certify and operands != exact
    search = Search(x, codes, metric, centre, index)
    if not certify:
        search.run(operands, splits=splits)
        return index
    order, count = torch.empty_like(index), index.new_zeros(1)
    search.run(operands, splits=splits, unsure=(order, count))
    search.run(exact, only=(order, count))  # no number comes back to the host
    return index


class Search(NamedTuple):
    """Vectors, codes, and where the answer goes."""

    x: Tensor
    codes: Tensor
    metric: str
    centre: str
    answer: Tensor

    def run(
        self,
        operands: str,
        *,
        splits: int | None = 1,
        unsure: tuple[Tensor, Tensor] | None = None,
        only: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        """Search with these operands. unsure: certify, and list there which vectors are not
        certain (order (N,), count (1,)); only: search those that such a list names."""
        x, index, n = self.x, self.answer, self.x.shape[0]
        name = family(x.device)
        certify, gather = unsure is not None, only is not None
        tile = search_tile(name, operands, x.shape[1], certify=certify)
        blocks = -(-n // tile.rows)
        tiles = -(-self.codes.shape[0] // tile.codes)
        if splits is None:  # two programs a processor, two tiles a program
            splits = max(1, min(2 * processors(x.device) // blocks, tiles // 2))
        span = -(-tiles // splits)
        splits = -(-tiles // span)
        pairs = certify or splits > 1
        constants, tile, layout = search_constants(
            name,
            operands,
            x.shape[1],
            shift=self.centre == "x",
            certify=certify,
            packed=pairs,
            gather=gather,
        )
        packed = pack_codes(self.codes, self.metric, layout, tile.codes, self.centre, bound=certify)
        found = index.new_empty(splits, n) if pairs else index
        doubt = torch.empty(splits, n, dtype=torch.float32, device=x.device) if certify else found
        order, count = unsure or only or (index, index)
        nearest_code_kernel[(blocks, splits)](
            x,
            *packed,
            found,
            doubt,
            order,
            count,
            n,
            packed.half.shape[0],
            span * tile.codes,
            x.stride(0),
            **constants,
            num_warps=tile.warps,
            num_stages=tile.stages,
        )
        if pairs:
            merge_splits_kernel[(-(-n // 256),)](
                found, doubt, index, order, count, n, splits, BLOCK_N=256, CERTIFY=certify
            )
