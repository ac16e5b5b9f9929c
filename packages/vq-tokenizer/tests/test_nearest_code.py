"""nearest_code against float64, its ties, bounds, memory and errors."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.ops import nearest_code, nearest_code_reference


def scores64(x: Tensor, codes: Tensor) -> Tensor:
    """Squared distances in float64 from differences, with no cancellation."""
    return torch.cdist(
        x.double(), codes.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).square()


def assert_nearest(x: Tensor, codes: Tensor, index: Tensor, share: float = 0.99) -> None:
    """The chosen code is nearest up to float32 rounding, and the very nearest almost everywhere."""
    d = scores64(x, codes)
    best = d.min(1).values
    chosen = d.gather(1, index[:, None])[:, 0]
    scale = x.double().square().sum(1) + codes.double().square().sum(1).max()
    assert ((chosen - best) <= 2e-6 * scale).all()
    assert (index == d.argmin(1)).double().mean() >= share or len(x) < 100


@pytest.mark.parametrize("n", [1, 9, 41, 341, 4231])
@pytest.mark.parametrize("k", [1, 7, 256])
@pytest.mark.parametrize("d", [1, 3, 8, 32, 64])
def test_matches_float64(n: int, k: int, d: int) -> None:
    g = torch.Generator().manual_seed(n * 7 + k * 3 + d)
    x, codes = torch.randn(n, d, generator=g), torch.randn(k, d, generator=g)
    index = nearest_code(x, codes)
    assert index.dtype == torch.int64
    assert index.shape == (n,)
    assert_nearest(x, codes, index)


@pytest.mark.parametrize(("n", "d"), [(1, 256), (341, 1), (341, 256), (4231, 8)])
def test_matches_float64_with_a_large_codebook(n: int, d: int) -> None:
    g = torch.Generator().manual_seed(n + d)
    x, codes = torch.randn(n, d, generator=g), torch.randn(8192, d, generator=g)
    # on a line 8192 codes lie closer than float32 scores can tell apart: near enough, not nearest
    assert_nearest(x, codes, nearest_code(x, codes), share=0.8 if d == 1 else 0.99)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 40), st.integers(1, 20), st.integers(0, 1000))
def test_lowest_index_wins_ties(n: int, k: int, d: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    # small integers: every score is exact in float32, so ties are real ties
    x = torch.randint(-3, 4, (n, d), generator=g).float()
    codes = torch.randint(-3, 4, (k, d), generator=g).float()
    expected = (codes.square().sum(1) / 2 - x @ codes.t()).argmin(1)
    assert torch.equal(nearest_code(x, codes), expected)
    assert torch.equal(nearest_code(x + 4096, codes + 4096), expected)


@pytest.mark.parametrize(("k", "d"), [(1, 4), (3, 16), (7, 3), (100, 16)])
def test_duplicates_go_to_the_first(k: int, d: int) -> None:
    g = torch.Generator().manual_seed(k)
    some = torch.randn(k, d, generator=g)
    codes = torch.cat([some, some, some])
    assert nearest_code(torch.randn(1000, d, generator=g), codes).max() < k


def test_far_from_the_origin() -> None:
    g = torch.Generator().manual_seed(0)
    x, codes = torch.randn(500, 8, generator=g), torch.randn(64, 8, generator=g)
    near = scores64(x, codes).argmin(1)
    far = nearest_code(x + 1000.0, codes + 1000.0)
    assert (near == far).double().mean() > 0.99


def test_cosine_is_the_largest_cosine() -> None:
    g = torch.Generator().manual_seed(0)
    x, codes = torch.randn(300, 12, generator=g) * 5, torch.randn(40, 12, generator=g) * 3
    expected = torch.cosine_similarity(x[:, None].double(), codes[None].double(), dim=2).argmax(1)
    assert torch.equal(nearest_code(x, codes, metric="cosine"), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types(dtype: torch.dtype) -> None:
    g = torch.Generator().manual_seed(0)
    x, codes = (
        torch.randn(200, 16, generator=g).to(dtype),
        torch.randn(50, 16, generator=g).to(dtype),
    )
    assert torch.equal(nearest_code(x, codes), scores64(x, codes).argmin(1))


def test_empty_and_strided_input() -> None:
    codes = torch.randn(5, 4)
    assert nearest_code(torch.empty(0, 4), codes).shape == (0,)
    x = torch.randn(4, 30)
    assert torch.equal(nearest_code(x.t(), codes), nearest_code(x.t().contiguous(), codes))


def test_nan_is_defined() -> None:
    g = torch.Generator().manual_seed(0)
    x, codes = torch.randn(20, 4, generator=g), torch.randn(6, 4, generator=g)
    x[3, 1] = torch.nan
    codes[2, 0] = torch.nan
    index = nearest_code(x, codes)
    assert index[3] == 0
    assert (index != 2).all()


def test_chunks_change_nothing() -> None:
    g = torch.Generator().manual_seed(0)
    x, codes = torch.randn(1000, 8, generator=g), torch.randn(32, 8, generator=g)
    whole = nearest_code_reference(x, codes, chunk=1000)
    for chunk in (1, 7, 333):
        assert torch.equal(whole, nearest_code_reference(x, codes, chunk=chunk))


def test_errors_name_the_shapes() -> None:
    x = torch.randn(3, 4)
    with pytest.raises(VQTokenizerError, match=r"\(2, 3, 4\)"):
        nearest_code(torch.randn(2, 3, 4), x)
    with pytest.raises(VQTokenizerError, match="width 4 but codes have width 5"):
        nearest_code(x, torch.randn(3, 5))
    with pytest.raises(VQTokenizerError, match="empty"):
        nearest_code(x, torch.randn(0, 4))
    with pytest.raises(VQTokenizerError, match="floating point"):
        nearest_code(x.long(), x)
    with pytest.raises(VQTokenizerError, match="'manhattan'"):
        nearest_code(x, x, metric="manhattan")
    with pytest.raises(VQTokenizerError, match="'fp8'"):
        nearest_code(x, x, precision="fp8")


class FakeFaiss:
    """faiss.knn as documented: squared distances and int64 indices, -1 where there is none."""

    @staticmethod
    def knn(x: np.ndarray, table: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        assert x.dtype == table.dtype == np.float32
        assert x.flags.c_contiguous
        assert k == 1
        d = ((x[:, None].astype(np.float64) - table[None]) ** 2).sum(2)
        index = np.where(np.isnan(d).any(1), -1, d.argmin(1))
        return d.min(1, keepdims=True), index[:, None]


def test_faiss_takes_large_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["vq_tokenizer.ops.nearest_code"]
    monkeypatch.setattr(module, "_faiss", lambda: FakeFaiss)
    monkeypatch.setattr(module, "_FAISS_SCORES", 1)
    monkeypatch.setattr(module, "_FAISS_ROWS", 30)
    g = torch.Generator().manual_seed(0)
    x, codes = torch.randn(100, 6, generator=g), torch.randn(20, 6, generator=g)
    codes[13] = codes[4]
    x[5, 2] = torch.nan
    expected = nearest_code_reference(x, codes, chunk=100)
    assert torch.equal(nearest_code(x, codes), expected)
    assert expected[5] == 0
    assert torch.equal(nearest_code(x.half(), codes), nearest_code_reference(x.half(), codes))
    codes[2, 0] = torch.nan  # left to the chunks
    assert torch.equal(nearest_code(x, codes), nearest_code_reference(x, codes, chunk=100))
