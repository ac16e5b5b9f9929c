"""Counts and sums of a batch: the reference, the CPU's way and the kernel."""

import sys

import pytest
import torch

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.ops import code_stats, code_stats_reference
from vq_tokenizer.ops._code_stats import code_stats_triton


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_is_the_product_with_one_hot_rows(dtype: torch.dtype) -> None:
    x, index = normal(200, 5).to(dtype), torch.arange(200) % 7
    mask = torch.arange(200) % 3 > 0
    counts, sums = code_stats(x, index, 9, mask=mask)
    one_hot = torch.nn.functional.one_hot(index, 9).double() * mask[:, None]
    assert torch.equal(counts.double(), one_hot.sum(0))
    torch.testing.assert_close(sums.double(), one_hot.t() @ x.double(), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(sums, code_stats(x, index, 9, mask=mask)[1]) for _ in range(10))


@pytest.mark.parametrize(("n", "k"), [(0, 5), (1, 1), (500, 7), (300, 70_000)])
def test_adds_in_the_order_of_the_rows(n: int, k: int) -> None:
    g = torch.Generator().manual_seed(n)
    x, index = normal(n, 6) * 100, torch.randint(0, k, (n,), generator=g)
    for found, plain in zip(
        code_stats(x, index, k), code_stats_reference(x, index, k), strict=True
    ):
        assert torch.equal(found, plain)  # the same bits
    strided = code_stats(x.t().contiguous().t(), index, k)
    assert torch.equal(strided[1], code_stats(x, index, k)[1])
    x[1:3] = torch.nan
    mask = torch.ones(n, dtype=torch.bool)
    mask[1:3] = False
    assert code_stats(x, index, k, mask=mask)[1].isfinite().all()


@pytest.mark.parametrize(
    ("n", "k", "d"), [(0, 3, 4), (1, 1, 1), (9, 7, 3), (341, 50, 20), (500, 5, 33)]
)
def test_kernel(n: int, k: int, d: int) -> None:
    x = normal(n, d)
    g = torch.Generator().manual_seed(n)
    indices = torch.randint(0, k + 1, (n,), generator=g)  # k: left out
    counts, sums = code_stats_triton(x, indices, k)
    expected = code_stats_reference(x.double(), indices, k)
    assert torch.equal(counts.double(), expected[0])
    torch.testing.assert_close(sums.double(), expected[1], rtol=1e-5, atol=1e-5)
    again = code_stats_triton(x, indices, k)
    assert torch.equal(sums, again[1])


@pytest.mark.parametrize("used", [1, 2, 4])
def test_kernel_of_a_collapsed_codebook(used: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one code are summed in chunks; chunk borders fall within and between codes."""
    monkeypatch.setattr(sys.modules["vq_tokenizer.ops._code_stats"], "_CHUNK", 32)
    x, g = normal(330, 5), torch.Generator().manual_seed(used)
    indices = torch.randint(0, used, (330,), generator=g)
    counts, sums = code_stats_triton(x, indices, 4)
    expected = code_stats_reference(x.double(), indices, 4)
    assert torch.equal(counts.double(), expected[0])
    torch.testing.assert_close(sums.double(), expected[1], rtol=1e-5, atol=1e-5)
    assert torch.equal(sums, code_stats_triton(x, indices, 4)[1])


def test_errors_name_the_shapes() -> None:
    z, index = normal(5, 4), torch.zeros(5, dtype=torch.int64)
    with pytest.raises(VQTokenizerError, match="mask must be bool"):
        code_stats(z, index, 3, mask=index)
    with pytest.raises(VQTokenizerError, match=r"indices \(N,\)"):
        code_stats(z, index[:2], 3)
