"""Sums and hashes are taken some rows at a time; not a bit depends on how many."""

from __future__ import annotations

import numpy as np
import pytest

from aaad import sums
from aaad.sums import Layout, row_hash, term_sums

ROWS = 9_000  # more than are worked on together


@pytest.fixture(scope="module")
def column():
    """CDFs (N, 5) seen and asked, and which rows are known."""
    rng = np.random.default_rng(0)
    seen, asked = np.sort(rng.random((ROWS, 5)), 1), rng.integers(0, 2, (ROWS, 5)).astype(float)
    return seen, asked, rng.random(ROWS) < 0.9


def in_one_piece(f, g, known, layout):
    """The cells' sums (M, 4, T) as they read in the module's first lines, of all rows at once."""
    m = known[layout.order].astype(np.float64)[:, None]
    x, y = f[layout.order] * m, g[layout.order] * m
    rows = np.stack([x, y, x * x + y * y, (x - y) * (x - y)], axis=1)
    return np.add.reduceat(rows, layout.starts), np.add.reduceat(m[:, 0], layout.starts)


@pytest.mark.parametrize("people", [1, 3, 140, 5_000])
def test_sums_by_pieces_are_those_of_the_whole_to_the_bit(column, people):
    who = np.random.default_rng(1).integers(0, people, ROWS)
    hashes = row_hash(np.zeros(ROWS, np.uint64), column[0])
    layout = Layout.of(who, who * min(people, 200) // people, hashes)
    cells, n = sums._cell_sums(*column, layout)
    wanted, counted = in_one_piece(*column, layout)
    assert np.array_equal(cells, wanted)
    assert np.array_equal(n, counted)


def test_the_size_of_the_pieces_changes_no_bit(column, monkeypatch):
    def both():
        hashes = row_hash(row_hash(np.zeros(ROWS, np.uint64), column[0]), column[2])
        layout = Layout.of(np.arange(ROWS) % 7, np.arange(ROWS) % 7, hashes)
        found = term_sums(*column, layout)
        return hashes, found.total, found.without

    usual = both()
    monkeypatch.setattr(sums, "AT_ONCE", 100)
    assert all(np.array_equal(a, b) for a, b in zip(usual, both(), strict=True))


def test_hashes_are_what_they_were():
    """They order the rows, and so decide the last bit of a score."""
    rows = np.array([[0.0, 0.25], [1.0, -1.0]])
    found = row_hash(np.zeros(2, np.uint64), rows)
    for row, value in zip(rows, found.tolist(), strict=True):
        out = 0
        for word in row.view(np.uint64).tolist():
            out = (out ^ word ^ (word >> 29)) * 0x9E3779B97F4A7C15 % 2**64
            out ^= out >> 32
        assert value == out
