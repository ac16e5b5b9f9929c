"""The torchmetrics adapter keeps torchmetrics' own promises, where torchmetrics is installed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torchmetrics = pytest.importorskip("torchmetrics")

from aaad import AAADError, aaad  # noqa: E402
from aaad.adapter import AAADMetric  # noqa: E402

NAMES = ("AU12L", "AU12R", "AU17")


@pytest.fixture
def rows(certain, distributions):
    target = certain(1, 60, 3)
    pred = 0.6 * target + 0.4 * distributions(0, 60, 3)
    return torch.tensor(pred), torch.tensor(target), torch.arange(60) % 6


def metric():
    return AAADMetric(columns=NAMES, min_count=2)


def test_batches_ranks_and_copies_give_the_function(rows):
    pred, target, people = rows
    who = people.tolist()
    kwargs = {"groups": who, "subjects": who, "columns": NAMES, "min_count": 2}
    wanted = aaad(pred, target, interval=False, **kwargs).aaad
    whole = metric()
    for k in range(0, 60, 7):
        whole.update(pred[k : k + 7], target[k : k + 7], people[k : k + 7])
    assert float(whole.compute()) == np.float32(wanted)
    assert whole.result().aaad == wanted
    one, two = metric(), metric()
    one.update(pred[30:], target[30:], people[30:])
    two.update(pred[:30], target[:30], people[:30])
    one.merge_state(two)
    assert one.result(interval=False).aaad == wanted
    assert pickle.loads(pickle.dumps(one)).result(interval=False).aaad == wanted
    assert one.clone().result(interval=False).aaad == wanted
    one.reset()
    assert one.pred == []


def test_forward_gives_the_batch_and_keeps_all(rows):
    pred, target, people = rows
    both = torchmetrics.MetricCollection({"aaad": metric()})
    first = both(pred[:30], target[:30], people[:30])["aaad"]
    alone = metric()
    alone.update(pred[:30], target[:30], people[:30])
    assert float(first) == float(alone.compute())
    both.update(pred[30:], target[30:], people[30:])
    whole = metric()
    whole.update(pred, target, people)
    assert float(both.compute()["aaad"]) == float(whole.compute())


def test_wrong_rows_are_refused(rows):
    pred, target, people = rows
    one = metric()
    with pytest.raises(AAADError, match="do not fit"):
        one.update(pred[:, :2], target[:, :2])
    one.update(pred, target, people)
    one.update(pred, target)
    with pytest.raises(AAADError, match="60 of 120 rows have people"):
        one.compute()
