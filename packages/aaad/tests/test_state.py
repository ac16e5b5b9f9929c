"""The class gives what the function gives, however the rows arrive."""

from __future__ import annotations

import numpy as np
import pytest

from aaad import AAAD, AAADError, aaad

COLUMNS = ["AU1L", "AU1R", "AU17"]


@pytest.fixture
def rows(certain, distributions):
    return distributions(0, 50, 3).astype(np.float32), certain(1, 50, 3)


def fill(rows, sizes, order):
    pred, target = rows
    metric = AAAD(columns=COLUMNS, min_count=2)
    start = 0
    for size in sizes:
        part = order[start : start + size]
        metric.update(
            pred[part],
            target[part],
            subjects=[i % 7 for i in part],
            groups=[i % 7 for i in part],
            ids=[f"image{i}" for i in part],
        )
        start += size
    assert start == 50
    return metric


def test_batches_and_order_change_no_bit(rows):
    order = np.arange(50)
    mixed = np.random.default_rng(0).permutation(50)
    whole = aaad(
        *rows,
        subjects=order % 7,
        groups=order % 7,
        columns=COLUMNS,
        min_count=2,
    )
    for sizes in ([50], [1] * 50, [7, 30, 13]):
        for index in (order, mixed):
            assert fill(rows, sizes, index).compute().to_json() == whole.to_json()


def test_merging_and_padding_by_a_sampler(rows):
    pred, target = rows
    one, two = (AAAD(columns=COLUMNS, min_count=2, interval=False) for _ in range(2))
    one.update(pred[:26], target[:26], ids=range(26))
    two.update(pred[25:], target[25:], ids=range(25, 50))  # row 25 twice
    one.merge(two)
    assert len(one) == 50
    whole = aaad(pred, target, columns=COLUMNS, min_count=2, interval=False)
    assert one.compute().to_json() == whole.to_json()
    with pytest.raises(AAADError, match="two different rows have the id '0'"):
        one.update(pred[1:2], target[1:2], ids=["0"])


def test_rows_without_ids_are_all_kept(rows):
    pred, target = rows
    metric, other = (AAAD(columns=COLUMNS, min_count=2, interval=False) for _ in range(2))
    metric.update(pred, target)
    other.update(pred, target)
    metric.merge(other)
    assert len(metric) == 100
    metric.reset()
    assert len(metric) == 0


def test_wrong_calls(rows):
    pred, target = rows
    metric = AAAD(columns=COLUMNS)
    with pytest.raises(AAADError, match="call update first"):
        metric.compute()
    with pytest.raises(AAADError, match="do not fit"):
        metric.update(pred[:, :2], target[:, :2])
    with pytest.raises(AAADError, match="ids has 1 labels for 50"):
        metric.update(pred, target, ids=["a"])
    metric.update(pred, target, groups=["a"] * 50)
    metric.update(pred, target)
    with pytest.raises(AAADError, match="50 of 100 rows have groups"):
        metric.compute()
    with pytest.raises(AAADError, match="different columns"):
        metric.merge(AAAD())
