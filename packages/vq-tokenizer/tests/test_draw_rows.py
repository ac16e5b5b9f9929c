"""Rows drawn in proportion to their error, whichever way the vectors are split."""

import torch

from vq_tokenizer.ops import draw_rows
from vq_tokenizer.ops._draw_rows import merge_draws

X = torch.randn(100, 3, generator=torch.Generator().manual_seed(1))


def test_prefers_large_errors_and_repeats() -> None:
    error = torch.cat([torch.linspace(1e-6, 2e-6, 50), torch.linspace(1.0, 1.1, 50)])
    drawn, keys = draw_rows(X, error, 20, torch.tensor(3), 0)
    assert drawn.min() >= 50
    assert len(set(drawn.tolist())) == 20
    assert torch.equal(keys, keys.sort(descending=True).values)
    assert torch.equal(drawn, draw_rows(X, error, 20, torch.tensor(3), 0)[0])
    assert not torch.equal(drawn, draw_rows(X, error, 20, torch.tensor(4), 0)[0])
    assert not torch.equal(drawn, draw_rows(X, error, 20, torch.tensor(3), 1)[0])


def test_draws_in_proportion() -> None:
    """One of four rows with errors 1, 2, 3, 4 each time; the share of each over 4000 steps."""
    error = torch.tensor([1.0, 2.0, 3.0, 4.0])
    drawn = [int(draw_rows(X[:4], error, 1, torch.tensor(step), 0)[0]) for step in range(4000)]
    share = torch.bincount(torch.tensor(drawn), minlength=4) / len(drawn)
    torch.testing.assert_close(share, error / 10, atol=0.03, rtol=0)


def test_rows_that_are_none_to_use_come_last() -> None:
    error = torch.tensor([0.0, 1.0, torch.nan, torch.inf, 2.0, 3.0])
    mask = torch.tensor([True, True, True, True, True, False])
    drawn, keys = draw_rows(X[:6], error, 6, torch.tensor(0), 0, mask=mask)
    assert set(drawn[:2].tolist()) == {1, 4}
    assert (keys[2:] == -torch.inf).all()


def test_merged_draws_have_each_vector_once_and_do_not_depend_on_the_split() -> None:
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    x = torch.cat([x, x[:15]])  # copies
    error, step = x.square().sum(1), torch.tensor(5)

    def merged(*parts: slice) -> torch.Tensor:
        keys, rows = [], []
        for part in parts:
            drawn, key = draw_rows(x[part], error[part], min(50, len(error[part])), step, 0)
            keys.append(key)
            rows.append(x[part][drawn])
        return merge_draws(torch.cat(keys), torch.cat(rows), 50)

    whole = merged(slice(None))
    found = whole[whole.isfinite().all(1)]
    assert len(found) == len(found.unique(dim=0)) >= 35
    assert whole[len(found) :].isnan().all()
    split = merged(slice(0, 7), slice(7, 30), slice(30, None))
    assert torch.equal(split.nan_to_num(), whole.nan_to_num())
