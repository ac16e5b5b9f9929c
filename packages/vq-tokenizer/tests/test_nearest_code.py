"""nearest_code on a CPU against float64: its ties, bounds, settings and errors."""

import importlib
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.ops import nearest_code, nearest_code_reference
from vq_tokenizer.ops._prepare import first_equal, ieee_products

CPU = sys.modules["vq_tokenizer.ops._cpu"]
ROWS = (1, 9, 41, 341, 4231)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def scores64(x: Tensor, codes: Tensor) -> Tensor:
    """Half of the squared distances less |x|^2, in float64, around the codebook's mean."""
    mean = codes.double().mean(0)
    a, b = x.double() - mean, codes.double() - mean
    return torch.addmm(b.square().sum(1) / 2, a, b.t(), alpha=-1)


def assert_nearest(
    x: Tensor, codes: Tensor, index: Tensor, scores: Tensor, share: float = 0.99
) -> None:
    """The chosen code is nearest up to float32 rounding, and the very nearest almost everywhere."""
    best, nearest = scores.min(1)
    mean = codes.double().mean(0)
    scale = (x.double() - mean).square().sum(1) + (codes.double() - mean).square().sum(1).max()
    assert ((scores.gather(1, index[:, None])[:, 0] - best) <= 2e-7 * scale).all()
    assert len(x) < 100 or (index == nearest).double().mean() >= share


@pytest.mark.parametrize("d", [1, 3, 8, 32, 64, 256])
@pytest.mark.parametrize("k", [1, 7, 256, 8192])
def test_matches_float64(k: int, d: int) -> None:
    x, codes = normal(max(ROWS), d, seed=d), normal(k, d, seed=k + d + 1)
    scores = scores64(x, codes)
    # on a line 8192 codes lie closer than float32 scores can tell apart: near enough, not nearest
    share = 0.8 if d == 1 and k == 8192 else 0.99
    for n in ROWS:
        index = nearest_code(x[:n], codes)
        assert index.dtype == torch.int64
        assert_nearest(x[:n], codes, index, scores[:n], share)
    assert_nearest(x[:341], codes, nearest_code_reference(x[:341], codes), scores[:341], share)


@pytest.mark.parametrize("d", [1, 3, 8, 32, 64, 256])
@pytest.mark.parametrize("offset", [1000.0, -30000.0])
def test_matches_float64_far_from_the_origin(d: int, offset: float) -> None:
    x, codes = normal(341, d, seed=d) + offset, normal(256, d, seed=d + 1) + offset
    for search in (nearest_code, nearest_code_reference):
        assert_nearest(x, codes, search(x, codes), scores64(x, codes))


@pytest.mark.parametrize("d", [1, 3, 8, 32, 64, 256])
@pytest.mark.parametrize("k", [7, 256, 8192])
def test_ties_and_duplicates_go_to_the_first(k: int, d: int) -> None:
    g = torch.Generator().manual_seed(k + d)
    # small integers: every score is exact in float32, so ties are real ties
    x = torch.randint(-3, 4, (341, d), generator=g).float()
    codes = torch.randint(-3, 4, (k, d), generator=g).float()
    expected = (codes.square().sum(1) / 2 - x @ codes.t()).argmin(1)
    assert torch.equal(nearest_code(x, codes), expected)
    assert torch.equal(nearest_code(x + 4096, codes + 4096), expected)
    some = normal(k, d, seed=k)
    index = nearest_code(normal(341, d), torch.cat([some, some, some]))
    assert index.max() < k
    assert torch.equal(index, nearest_code(normal(341, d), some))


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


def test_vectors_and_codes_of_different_types() -> None:
    x, codes = normal(50, 8), normal(20, 8, seed=1)
    for a in (torch.float32, torch.bfloat16, torch.float64):
        for b in (torch.float32, torch.float16, torch.float64):
            found = nearest_code(x.to(a), codes.to(b))
            assert torch.equal(found, scores64(x.to(a), codes.to(b)).argmin(1)), (a, b)


def test_empty_and_strided_input() -> None:
    codes = torch.randn(5, 4)
    assert nearest_code(torch.empty(0, 4), codes).shape == (0,)
    x = torch.randn(4, 30)
    assert torch.equal(nearest_code(x.t(), codes), nearest_code(x.t().contiguous(), codes))


@pytest.mark.parametrize("k", [6, 300, 5000])
@pytest.mark.parametrize("search", [nearest_code, nearest_code_reference])
def test_nan_and_infinity_are_defined(k: int, search: Any) -> None:
    x, codes = normal(20, 4), normal(k, 4, seed=1)
    x[3, 1], x[4, 0], x[5, 3], x[6] = torch.nan, torch.inf, -torch.inf, torch.inf
    plain = search(x, codes)
    assert (plain[3:7] == 0).all()
    codes[plain[0], 0] = torch.nan
    index = search(x, codes)
    assert (index[3:7] == 0).all()
    assert (index[7:] != plain[0]).all()
    assert index[0] != plain[0]
    assert (search(x, torch.full_like(codes, torch.nan)) == 0).all()


def test_chunks_change_nothing() -> None:
    x, codes = normal(1000, 8), normal(32, 8, seed=1)
    whole = nearest_code_reference(x, codes, chunk=1000)
    for chunk in (1, 7, 333):
        assert torch.equal(whole, nearest_code_reference(x, codes, chunk=chunk))


@pytest.mark.parametrize("bytes_", [1 << 10, 1 << 20])
@pytest.mark.parametrize("codes_", [64, 300, 4096])
def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch, bytes_: int, codes_: int) -> None:
    x, codes = normal(333, 8), normal(1111, 8, seed=1)
    expected = scores64(x, codes).argmin(1)
    monkeypatch.setattr(CPU, "_TILE_BYTES", bytes_)
    monkeypatch.setattr(CPU, "_TILE_CODES", codes_)
    assert torch.equal(nearest_code(x, codes), expected)
    codes[700:] = codes[:411].clone()
    assert torch.equal(nearest_code(x, codes), scores64(x, codes[:700]).argmin(1))


def test_without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    x, codes = normal(300, 8), normal(1111, 8, seed=1)
    assert CPU._onednn() is not None  # torch has it on every machine that is tested
    monkeypatch.setattr(CPU, "_onednn", lambda: None)
    assert torch.equal(nearest_code(x, codes), scores64(x, codes).argmin(1))


def test_the_process_setting_does_not_make_it_coarse() -> None:
    was = torch.get_float32_matmul_precision()
    setting = getattr(torch.backends.mkldnn, "matmul", None)
    try:
        torch.set_float32_matmul_precision("medium")
        with ieee_products(torch.device("cpu")):
            if hasattr(setting, "fp32_precision"):
                assert setting.fp32_precision == "ieee"
            else:
                assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
        if hasattr(setting, "fp32_precision"):
            assert setting.fp32_precision == "bf16"
        x, codes = normal(341, 64), normal(256, 64, seed=1)
        assert_nearest(x, codes, nearest_code(x, codes), scores64(x, codes), share=1.0)
    finally:
        torch.set_float32_matmul_precision(was)


def test_first_equal() -> None:
    assert first_equal(normal(300, 5)) is None
    codes = torch.tensor([[0.0, 1.0], [2.0, 3.0], [-0.0, 1.0], [2.0, 3.0], [3.0, 2.0], [0.0, 1.0]])
    for dtype in (torch.float32, torch.float64):
        found = first_equal(codes.to(dtype))
        assert found is not None
        assert found.tolist() == [0, 1, 0, 1, 4, 0]
    grid = torch.cartesian_prod(*[torch.arange(4.0)] * 5)  # sums that coincide are not equal codes
    assert first_equal(grid) is None


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
    """faiss as far as it is used: squared distances and int64 indices, -1 where there is none."""

    cvar = SimpleNamespace(distance_compute_blas_threshold=128000)

    def __init__(self) -> None:
        self.threads = 7

    def omp_get_max_threads(self) -> int:
        return self.threads

    def omp_set_num_threads(self, threads: int) -> None:
        self.threads = threads

    def knn(self, x: np.ndarray, table: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        d = (table**2).sum(1) - 2 * (x @ table.T) + (x**2).sum(1)[:, None]
        index = np.where(np.isnan(d).any(1), -1, d.argmin(1))
        return d.min(1, keepdims=True), index[:, None]


@pytest.fixture
def faiss(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The real library where it is installed, with its calls and its threads written down."""
    try:
        module: Any = importlib.import_module("faiss")
    except ImportError:
        module = FakeFaiss()
    seen = SimpleNamespace(rows=[], threads=[], module=module)

    def knn(x: np.ndarray, table: np.ndarray, k: int) -> Any:
        assert x.dtype == table.dtype == np.float32
        assert x.flags.c_contiguous
        assert table.flags.c_contiguous
        seen.rows.append(len(x))
        seen.threads.append(module.omp_get_max_threads())
        return module.knn(x, table, k)

    shown = SimpleNamespace(
        knn=knn,
        cvar=module.cvar,
        omp_get_max_threads=module.omp_get_max_threads,
        omp_set_num_threads=module.omp_set_num_threads,
    )
    monkeypatch.setattr(CPU, "_faiss", lambda: shown)
    return seen


@pytest.mark.parametrize(("n", "d"), [(16001, 8), (40003, 8), (150000, 1), (8200, 32)])
def test_faiss_gets_chunks_that_its_fused_kernel_takes(
    faiss: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, n: int, d: int
) -> None:
    monkeypatch.setattr(CPU, "_FAISS_WORK", 1)
    x, codes = normal(n, d), normal(130, d, seed=1)
    codes[13] = codes[4]
    x[5, 0] = torch.nan
    before = faiss.module.omp_get_max_threads()
    found = nearest_code(x, codes)
    assert sum(faiss.rows) == n
    assert min(faiss.rows) * d >= faiss.module.cvar.distance_compute_blas_threshold
    assert set(faiss.threads) == {torch.get_num_threads()}
    assert faiss.module.omp_get_max_threads() == before
    assert found[5] == 0
    x[5] = 0
    assert_nearest(x, codes, nearest_code(x, codes), scores64(x, codes))
    assert (found != 13).all()
    grid, lattice = (torch.randint(-3, 4, (m, d)).float() for m in (n, 130))
    expected = nearest_code_reference(grid, lattice)
    assert torch.equal(nearest_code(grid, lattice), expected)
    assert torch.equal(nearest_code(grid + 4096, lattice + 4096), expected)


def test_faiss_is_left_alone_where_it_would_be_slow_or_wrong(faiss: SimpleNamespace) -> None:
    codes = normal(70, 8)
    x = normal(16001, 8, seed=1)
    nearest_code(x[:15000], codes)  # too few vectors for its fused kernel
    nearest_code(x[:, :4], codes[:9, :4])  # too few scores
    nearest_code(normal(4100, 33), normal(300, 33))  # too wide
    nearest_code(x, codes, metric="cosine")
    codes[2, 0] = torch.nan
    assert (nearest_code(x, codes) != 2).all()
    assert not faiss.rows
