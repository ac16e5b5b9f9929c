"""nearest_code on a CPU, in float32: the same answer as the reference, several times sooner.

Tiles of vectors by codes, so memory is flat in N and in K. Three things make it fast:

- oneDNN multiplies against codes packed once, with |c|^2 / 2 as its bias: twice as fast as the
  BLAS call on narrow operands, and one pass over the scores less.
- torch's argmin walks score by score. A vectorised minimum over strided slots first leaves
  1 / slots of them, and then only the winning column is looked at. Codes are laid out so that
  slot s of column j holds code j * slots + s: the first minimum is the lowest index.
- up to width 32 writing the scores is most of the work. faiss-cpu's fused kernel, where installed,
  does not write them.

Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vq_tokenizer.ops._prepare import first_equal, ieee_products, prepare_codes

__all__ = ["nearest_code_cpu"]

_TILE_BYTES = 8 << 20  # of scores: stays in the last-level cache
_TILE_CODES = 4096
_FEW_SCORES = 1 << 16  # up to here packing costs more than it saves
_FAISS_WIDTH = 32
_FAISS_SCORES = 1 << 20
_FAISS_WORK = 4  # parts of this many times what faiss wants before it takes its fused kernel

Product = Callable[[Tensor], Tensor]


class _Tile(NamedTuple):
    """Some codes: where they begin, and x (n, D) -> scores (n, slots * columns)."""

    begin: int
    slots: int
    product: Product


def nearest_code_cpu(x: Tensor, codes: Tensor, *, metric: str = "euclidean") -> Tensor:
    """Index of the nearest code, (N,) int64; meaning of the arguments as in `nearest_code`.

    x (N, D) and codes (K, D) of float32 or less, on the CPU.
    """
    n, k = x.shape[0], codes.shape[0]
    index = torch.empty(n, dtype=torch.int64)
    if n == 0:
        return index
    table, half, shift = prepare_codes(codes.float(), metric)
    with ieee_products(x.device):
        if metric == "euclidean" and x.shape[1] <= _FAISS_WIDTH and n * k >= _FAISS_SCORES:
            faiss = _faiss()
            if faiss is not None and _faiss_chunks(faiss, n, x.shape[1]) and half.isfinite().all():
                _search_faiss(faiss, x.detach(), table, shift, index)
                return _settle(index, table)
        width = min(k, _TILE_CODES)
        rows = max(1, min(n, _TILE_BYTES // (4 * width)))
        tiles = _tiles(table, half, rows, many=n * k > _FEW_SCORES)
        for start in range(0, n, rows):
            part = x[start : start + rows].float()
            index[start : start + rows] = _search(part if shift is None else part - shift, tiles)
    return _settle(index, table)


def _settle(index: Tensor, codes: Tensor) -> Tensor:
    """The first of equal codes, in place of whichever of them was found."""
    first = first_equal(codes)
    return index if first is None else first[index]


def _tiles(codes: Tensor, half: Tensor, rows: int, *, many: bool) -> list[_Tile]:
    """The codebook cut, laid out in slots, and packed for products of `rows` vectors."""
    found = []
    for begin in range(0, codes.shape[0], _TILE_CODES):
        c, h = codes[begin : begin + _TILE_CODES], half[begin : begin + _TILE_CODES]
        slots = 1
        if many and len(c) >= 512:
            slots = min(64, 1 << (len(c) // 32).bit_length() - 1)  # columns of 32 and more
            short = -len(c) % slots
            if short:  # copies of the last code that never win
                c = torch.cat([c, c[-1:].expand(short, -1)])
                h = torch.cat([h, h.new_full((short,), torch.inf)])
            c = c.view(-1, slots, c.shape[1]).transpose(0, 1).reshape(c.shape)
            h = h.view(-1, slots).t().reshape(-1)
        found.append(_Tile(begin, slots, _product(c.neg(), h, rows, packed=many)))
    return found


def _product(negated: Tensor, half: Tensor, rows: int, *, packed: bool) -> Product:
    """x -> half - x @ codes.t(), by oneDNN where it is there."""
    linear = _onednn() if packed and getattr(torch.backends.mkldnn, "enabled", True) else None
    if linear is None:
        table = negated.t().contiguous()
        return lambda x: torch.addmm(half, x, table)
    return linear(negated, half, rows)


def _search(x: Tensor, tiles: list[_Tile]) -> Tensor:
    """Best code of every tile, then of all; x (n, D)."""
    best: Tensor | None = None
    index = torch.empty(0)
    for begin, slots, product in tiles:
        scores = product(x)
        if slots == 1:
            least, where = scores.min(1, keepdim=True)
        else:
            scores = scores.view(len(x), slots, -1)
            column = scores.amin(1).argmin(1)[:, None]
            few = scores.gather(2, column[:, None].expand(-1, slots, 1))[:, :, 0]
            slot = few.argmin(1, keepdim=True)
            least, where = few.gather(1, slot), slot.add_(column, alpha=slots)
        if best is None:
            best, index = least, where
        else:  # strictly: of equal scores the lower index stays
            index = torch.where(least < best, where.add_(begin), index)
            best = torch.minimum(best, least)
    assert best is not None
    return index.masked_fill_(~best.isfinite(), 0)[:, 0]  # a NaN or an infinity in x


@functools.cache
def _onednn() -> Callable[[Tensor, Tensor, int], Product] | None:
    """oneDNN's linear layer on packed weights, or None where torch lacks it or it is wrong.

    Only torch's own compiler calls these operators, so they are tried on a small product first.
    """

    def linear(weight: Tensor, bias: Tensor, rows: int) -> Product:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)
        bias = bias.contiguous()  # strides of a bias are not looked at

        def product(x: Tensor) -> Tensor:
            out: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
            return out

        return product

    try:
        x, weight = torch.arange(6.0).view(2, 3), torch.arange(12.0).view(4, 3)
        found = linear(weight, weight[:, 0], 2)(x)
        return linear if torch.equal(found, weight[:, 0] + x @ weight.t()) else None
    except (AttributeError, NotImplementedError, RuntimeError):
        return None


@functools.cache
def _faiss() -> Any:
    """The faiss module where it is installed (an extra), else None."""
    try:
        return importlib.import_module("faiss")
    except ImportError:
        return None


def _faiss_chunks(faiss: Any, n: int, d: int) -> int:
    """In how many even parts to give faiss n vectors of width d; 0: too few for its fused kernel.

    Below a number of N * D (faiss 1.15: 128,000; older releases: of N) it goes code by code
    instead, 30 times slower, so there must be no small last part either.
    """
    least = -(-int(faiss.cvar.distance_compute_blas_threshold) // d) + 1
    return 0 if n < least else max(1, n // max(_FAISS_WORK * least, 1 << 14))


def _search_faiss(
    faiss: Any, x: Tensor, codes: Tensor, shift: Tensor | None, index: Tensor
) -> None:
    """faiss.knn in even chunks, so that the shifted copy of x stays small; writes index."""
    table, chunks = codes.contiguous().numpy(), _faiss_chunks(faiss, *x.shape)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(torch.get_num_threads())  # it has an OpenMP of its own
    try:
        for part, out in zip(x.tensor_split(chunks), index.tensor_split(chunks), strict=True):
            part = part.float()
            part = (part if shift is None else part - shift).contiguous()
            least, where = map(torch.from_numpy, faiss.knn(part.numpy(), table, 1))
            # -1, or no distance, for a NaN or an infinity in x
            where = where.masked_fill_(~(least < torch.inf), 0).clamp_min_(0)
            out.copy_(where[:, 0])
    finally:
        faiss.omp_set_num_threads(threads)
