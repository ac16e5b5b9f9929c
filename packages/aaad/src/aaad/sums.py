"""The sums that a score is made of, and what they are without each block of people.

For n rows of one group, x what is seen and y what is asked at one threshold,

    D = sum_i (x_i - y_i)^2                                  as paired
    C = 1/(n-1) sum_{i != j} (x_i - y_j)^2                   paired anew, on the scale of n rows
    C - D = 2 n/(n-1) sum_i (x_i - mean x)(y_i - mean y)     twice the covariance, unbiased

so the mean over all other pairings needs no pair: sums of x, y, x^2, y^2 and (x - y)^2 do.
`spread` is what C would be if x and y had one mean: the two variances.

Rows are put in an order of their own before anything is summed, in float64: no result depends,
bit for bit, on the order or the batches that the rows came in. Columns are worked through one by
one, so memory stays with what the caller already holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AT_ONCE",
    "BLOCKS",
    "Layout",
    "Sums",
    "block_sums",
    "deal",
    "row_hash",
    "stacked",
    "strength_sums",
    "term_sums",
]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCKS = 200
"""At most so many blocks: with more people than that, several share a block."""
AT_ONCE = 4096
"""So many rows are worked on together: what is made of them fits a processor's cache."""


@dataclass(frozen=True)
class Sums:
    """`total` (...): a sum over all rows. `without` (B, ...): the same without each block."""

    total: Array
    without: Array


@dataclass(frozen=True)
class Layout:
    """The canonical order of N rows, and the cells (group within block) that they fall into.

    `order` (N,), `starts` (M,) first row of each cell in that order, `group` and `block` (M,) of
    each cell, sorted by group; `blocks` is how many there are.
    """

    order: Ints
    starts: Ints
    group: Ints
    block: Ints
    blocks: int

    @staticmethod
    def of(groups: Ints, blocks: Ints, hashes: NDArray[np.uint64]) -> Layout:
        """Lay out N rows by their labels, whole numbers from 0, and by what tells rows apart."""
        order = np.lexsort((hashes, blocks, groups))
        g, b = groups[order], blocks[order]
        new = np.ones(len(order), bool)
        new[1:] = (g[1:] != g[:-1]) | (b[1:] != b[:-1])
        starts = np.flatnonzero(new)
        count = int(blocks.max()) + 1 if len(blocks) else 0
        return Layout(order, starts, g[starts], b[starts], count)

    def only(self, chosen: NDArray[np.bool_]) -> Layout:
        """Keep the order and leave out the rows (N,) that are not chosen, of which some must be."""
        kept = chosen[self.order]
        cell = np.cumsum(np.bincount(self.starts, minlength=len(kept)))[kept] - 1
        new = np.ones(len(cell), bool)
        new[1:] = cell[1:] != cell[:-1]
        there = cell[new]
        return Layout(
            self.order[kept], np.flatnonzero(new), self.group[there], self.block[there], self.blocks
        )

    def pieces(self) -> Iterator[tuple[slice, Ints, Ints]]:
        """Some cells at a time, of about `AT_ONCE` rows: which cells, their rows in order, and
        where each cell begins among those."""
        ends = np.append(self.starts[1:], len(self.order))
        first = 0
        while first < len(self.starts):
            begin = self.starts[first]
            last = max(first + 1, int(np.searchsorted(ends, begin + AT_ONCE, side="right")))
            yield (
                slice(first, last),
                self.order[begin : ends[last - 1]],
                self.starts[first:last] - begin,
            )
            first = last


def row_hash(hashes: NDArray[np.uint64], array: NDArray[Any]) -> NDArray[np.uint64]:
    """(N,) numbers that stand for the content of rows so far, with that of array (N, ...) added.

    A polynomial modulo 2^64 with an odd base, stirred: rows with the same number are taken for
    the same row, whose place among its equals does not matter.
    """
    base, far, near = np.uint64(0x9E3779B97F4A7C15), np.uint64(32), np.uint64(29)
    out = np.array(hashes)
    for start in range(0, len(out), AT_ONCE):
        mine = out[start : start + AT_ONCE]
        part = np.ascontiguousarray(array[start : start + AT_ONCE], np.float64)
        flat = part.reshape(len(mine), -1).view(np.uint64)
        for word in np.ascontiguousarray(flat.T):
            mine ^= word
            mine ^= word >> near
            mine *= base  # modulo 2^64
            mine ^= mine >> far
    return out


def deal(names: Sequence[str]) -> Ints:
    """(C,) block of each of C clusters: one each up to `BLOCKS`; more are dealt evenly, in the
    order of a digest of their names, which has nothing to do with what they did."""
    count = len(names)
    if count <= BLOCKS:
        return np.arange(count)
    digests = [hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names]
    rank = np.empty(count, np.int64)
    rank[sorted(range(count), key=digests.__getitem__)] = np.arange(count)
    return rank * BLOCKS // count


def _by_block(per_cell: Array, layout: Layout) -> Array:
    """(B, ...) sums of cells by block."""
    out = np.zeros((layout.blocks, *per_cell.shape[1:]))
    np.add.at(out, layout.block, per_cell)
    return out


def _terms(n: Array, sums: Array) -> Array:
    """Of cells or groups: D, C - D, spread and rows; n (...), sums (..., 4, T) of x, y, x^2 + y^2
    and (x - y)^2 -> (..., 4, T), all zero where there is nothing to pair anew."""
    n = n[..., None]
    x, y, both, dd = (sums[..., k, :] for k in range(4))
    usable = n > 1.5
    per = 1.0 / np.where(usable, n - 1.0, 1.0)
    gained = (n * (both - dd) - 2.0 * x * y) * per
    spread = np.maximum((n * both - x * x - y * y) * per, 0.0)
    return np.stack([dd, gained, spread, np.broadcast_to(n, x.shape)], axis=-2) * usable[..., None]


def term_sums(f: Array, g: Array, known: NDArray[np.bool_], layout: Layout) -> Sums:
    """D, C - D, spread and rows of one column: total (4, T), without (B, 4, T).

    f, g (N, T): CDFs seen and asked, in the caller's order; known (N,).
    """
    cells, n = _cell_sums(f, g, known, layout)
    new = np.ones(len(layout.group), bool)
    new[1:] = layout.group[1:] != layout.group[:-1]
    owner, firsts = np.cumsum(new) - 1, np.flatnonzero(new)  # the group of each cell, from 0
    groups, size = np.add.reduceat(cells, firsts), np.add.reduceat(n, firsts)
    whole = _terms(size, groups)
    # What the group loses when one of its cells is left out.
    loss = _terms(size[owner] - n, groups[owner] - cells) - whole[owner]
    total = whole.sum(0)
    return Sums(total, total + _by_block(loss, layout))


def _cell_sums(f: Array, g: Array, known: NDArray[np.bool_], layout: Layout) -> tuple[Array, Array]:
    """Of each cell the sums of x, y, x^2 + y^2 and (x - y)^2, (M, 4, T), and its rows (M,).

    Some cells at a time, with all rows of one of the numbers side by side.
    """
    count = len(layout.starts)
    cells, n = np.empty((count, 4, f.shape[1])), np.empty(count)
    for some, order, at in layout.pieces():
        m = known[order].astype(np.float64)
        rows = np.empty((4, f.shape[1], len(order)))
        x, y, both, gap = rows
        np.multiply(f[order].T, m, out=x)
        np.multiply(g[order].T, m, out=y)
        np.subtract(x, y, out=gap)
        np.multiply(gap, gap, out=gap)
        np.multiply(x, x, out=both)
        both += y * y
        cells[some] = np.add.reduceat(rows, at, axis=-1).transpose(2, 0, 1)
        n[some] = np.add.reduceat(m, at)
    return cells, n


def strength_sums(
    f: Array, g: Array, known: NDArray[np.bool_], weights: Array, layout: Layout
) -> Sums:
    """Sum over the strengths (0 to 1) seen s and asked a in one column: 1, s, a, s^2, a^2 and
    s a: total (6,), without (B, 6). `weights` (T,) are those of the thresholds."""
    m = known.astype(np.float64)
    s, a = ((1.0 - f) @ weights) * m, ((1.0 - g) @ weights) * m
    return block_sums(np.stack([m, s, a, s * s, a * a, s * a], axis=1), layout)


def block_sums(values: Array, layout: Layout) -> Sums:
    """Plain sums of rows (N, ...): total (...), without (B, ...)."""
    if not len(layout.order):
        return Sums(values.sum(0), np.zeros((0, *values.shape[1:])))
    cells = np.add.reduceat(values[layout.order], layout.starts, axis=0)
    total = cells.sum(0)
    return Sums(total, total - _by_block(cells, layout))


def stacked(parts: Sequence[Sums]) -> Sums:
    """Columns put together: total (K, ...), without (B, K, ...)."""
    return Sums(np.stack([p.total for p in parts]), np.stack([p.without for p in parts], axis=1))
