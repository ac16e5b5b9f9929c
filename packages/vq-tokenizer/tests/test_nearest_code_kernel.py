"""The search kernel, interpreted, against its reference and float64."""

import mmap

import pytest
import torch
from torch import Tensor

from vq_tokenizer.ops import nearest_code, nearest_code_reference
from vq_tokenizer.ops._code_stats import code_stats_triton
from vq_tokenizer.ops._lookup_triton import lookup_backward_triton, lookup_triton
from vq_tokenizer.ops._nearest_code_triton import Search, nearest_code_triton

# The interpreter's, where a vector has a NaN or an infinity.
pytestmark = [
    pytest.mark.filterwarnings("ignore:invalid value encountered"),
    pytest.mark.filterwarnings("ignore:All-NaN slice"),
]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def excess(x: Tensor, codes: Tensor, index: Tensor) -> Tensor:
    """How much farther than the nearest the chosen code is, squared and relative, in float64."""
    d = torch.cdist(x.double(), codes.double(), compute_mode="donot_use_mm_for_euclid_dist")
    d = d.square()
    scale = x.double().square().sum(1) + codes.double().square().sum(1).max()
    return (d.gather(1, index[:, None])[:, 0] - d.min(1).values) / scale


@pytest.mark.parametrize("d", [1, 3, 8, 32, 64, 256])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (9, 7), (41, 256), (341, 130)])
def test_search_matches_float64(n: int, k: int, d: int) -> None:
    x, codes = normal(n, d, seed=n), normal(k, d, seed=k)
    index = nearest_code_triton(x, codes)
    assert index.dtype == torch.int64
    assert index.shape == (n,)
    assert excess(x, codes, index).max() < 2e-6
    assert (index == nearest_code_reference(x.double(), codes.double())).double().mean() > 0.99


@pytest.mark.parametrize("splits", [2, 3, 9])
@pytest.mark.parametrize("d", [8, 40])
def test_splits_of_the_codes_change_nothing(splits: int, d: int) -> None:
    g = torch.Generator().manual_seed(splits)
    # small integers: every score is exact, so there are ties across the splits
    x = torch.randint(-1, 2, (70, d), generator=g).float()
    codes = torch.randint(-1, 2, (400, d), generator=g).float()
    x[3, 1], codes[5] = torch.nan, torch.nan
    whole = nearest_code_reference(x, codes)
    assert torch.equal(nearest_code_triton(x, codes, splits=splits), whole)
    certified = nearest_code_triton(x, codes, splits=splits, precision="bf16", certify=True)
    assert torch.equal(certified, whole)


@pytest.mark.parametrize("d", [8, 24, 70, 200])
def test_bf16_vectors_and_float32_codes(d: int) -> None:
    x, codes = normal(70, d).bfloat16(), normal(130, d, seed=1) + 0.5
    expected = nearest_code_reference(x.double(), codes.double())
    assert torch.equal(nearest_code_triton(x, codes), expected)


def test_search_of_a_large_codebook() -> None:
    x, codes = normal(9, 8), normal(8192, 8, seed=1)
    expected = nearest_code_reference(x.double(), codes.double())
    assert torch.equal(nearest_code_triton(x, codes), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_search_of_half_precision_is_exact(dtype: torch.dtype) -> None:
    x, codes = normal(100, 24).to(dtype), normal(90, 24, seed=1).to(dtype)
    expected = nearest_code_reference(x.double(), codes.double())
    assert torch.equal(nearest_code_triton(x, codes), expected)


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_certified_rounding_changes_nothing(precision: str, metric: str) -> None:
    x, codes = normal(200, 8) + 3, normal(300, 8, seed=1) + 3
    exact = nearest_code_triton(x, codes, metric=metric)
    assert torch.equal(
        nearest_code_triton(x, codes, metric=metric, precision=precision, certify=True), exact
    )
    rounded = nearest_code_triton(x, codes, metric=metric, precision=precision)
    assert (rounded == exact).float().mean() > 0.8
    if precision == "bf16":
        assert not torch.equal(rounded, exact)  # else the certificate was not tried


@pytest.mark.parametrize(("precision", "d"), [("bf16", 8), ("bf16", 80), ("tf32", 8)])
def test_the_certificate_holds_and_few_lack_it(precision: str, d: int) -> None:
    """What is not listed is right, whatever the list's search would say."""
    codes = normal(300, d, seed=1)
    x = codes[torch.arange(190) % 300] + 0.3 * normal(190, d, seed=2)
    index, order = torch.empty(190, dtype=torch.int64), torch.empty(190, dtype=torch.int64)
    count = index.new_zeros(1)
    Search(x, codes, "euclidean", "x", index).run(precision, unsure=(order, count))
    listed = order[: int(count)]
    assert listed.unique().numel() == listed.numel() < 30
    sure = torch.ones(190, dtype=torch.bool)
    sure[listed] = False
    expected = nearest_code_reference(x.double(), codes.double())
    assert torch.equal(index[sure], expected[sure])


def test_the_certificate_lists_what_it_cannot_tell() -> None:
    """Codes so close that bf16 rounds many to one: float32 must decide."""
    x, codes = 1 + normal(40, 8) * 0.02, 1 + normal(300, 8, seed=1) * 0.02
    codes[0] = -9  # spread so wide that the shift leaves the others where they are
    expected = nearest_code_reference(x.double(), codes.double())
    assert torch.equal(nearest_code_triton(x, codes, precision="bf16", certify=True), expected)
    assert not torch.equal(nearest_code_triton(x, codes, precision="bf16"), expected)


def test_search_ties_and_duplicates_go_to_the_first() -> None:
    g = torch.Generator().manual_seed(0)
    x = torch.randint(-2, 3, (150, 4), generator=g).float()
    codes = torch.randint(-2, 3, (140, 4), generator=g).float()
    scores = codes.double().square().sum(1) / 2 - x.double() @ codes.double().t()
    assert torch.equal(nearest_code_triton(x, codes), scores.argmin(1))
    half = (normal(70, 16) * 8).round() / 8  # the interpreter's own product rounds by column
    assert (
        nearest_code_triton(
            (normal(100, 16, seed=3) * 8).round() / 8, torch.cat([half, half])
        ).max()
        < 70
    )


def test_search_far_from_the_origin() -> None:
    x, codes = normal(100, 8), normal(64, 8, seed=1)
    near = nearest_code_reference(x.double(), codes.double())
    assert (nearest_code_triton(x + 1000, codes + 1000) == near).double().mean() > 0.98


def test_search_strides_nan_and_nothing() -> None:
    codes = normal(6, 4)
    x = normal(4, 30, seed=2)
    assert torch.equal(nearest_code_triton(x.t(), codes), nearest_code_triton(x.t().clone(), codes))
    wide = normal(30, 9, seed=2)
    assert torch.equal(
        nearest_code_triton(wide[::2, 3:7], codes), nearest_code_reference(wide[::2, 3:7], codes)
    )
    assert nearest_code_triton(torch.empty(0, 4), codes).shape == (0,)
    x = normal(20, 4, seed=4)
    x[3, 1] = torch.nan
    codes[2, 0] = torch.nan
    index = nearest_code_triton(x, codes)
    assert index[3] == 0
    assert (index != 2).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("value", [torch.inf, -torch.inf])
def test_search_of_an_infinity(dtype: torch.dtype, value: float) -> None:
    x = normal(5, 4).to(dtype)
    x[2, 0] = value
    assert nearest_code_triton(x, normal(70, 4, seed=1).to(dtype))[2] == 0


@pytest.mark.parametrize("precision", ["exact", "tf32", "bf16"])
def test_search_of_the_nan_that_a_gpu_makes(precision: str) -> None:
    """All its bits are set, so that rounding by adding to the bits would carry into the sign."""
    x = normal(5, 4)
    x.view(torch.int32)[2] = 0x7FFFFFFF
    assert nearest_code_triton(x, normal(70, 4, seed=1), precision=precision)[2] == 0


def test_offsets_past_two_to_the_31() -> None:
    """Rows 4 GiB apart in a mapping of which only the pages of those rows exist."""
    stride, n, d = 1 << 30, 3, 8
    memory = mmap.mmap(
        -1, 4 * (stride * (n - 1) + 64), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000
    )  # 0x4000: MAP_NORESERVE
    sparse = torch.frombuffer(memory, dtype=torch.float32).as_strided((n, d), (stride, 1))
    rows = normal(n, d)
    sparse.copy_(rows)
    codes, x = normal(70, d, seed=1), normal(20, d, seed=2)
    assert torch.equal(nearest_code_triton(sparse, codes), nearest_code_triton(rows, codes))
    assert torch.equal(nearest_code(sparse, codes), nearest_code(rows, codes))
    index = torch.arange(20) % n
    for found, expected in zip(
        lookup_triton(x, sparse, index), lookup_triton(x, rows, index), strict=True
    ):
        assert torch.equal(found, expected)
    found = lookup_backward_triton(sparse, None, sparse, rows, "rotation")
    assert torch.equal(found, lookup_backward_triton(rows, None, rows, rows, "rotation"))
    sums = code_stats_triton(sparse, torch.arange(n), n)[1]
    assert torch.equal(sums, rows)


def test_cosine_search() -> None:
    x, codes = normal(100, 12) * 5, normal(40, 12, seed=1) * 3
    expected = torch.cosine_similarity(x[:, None].double(), codes[None].double(), dim=2).argmax(1)
    assert torch.equal(nearest_code_triton(x, codes, metric="cosine"), expected)
