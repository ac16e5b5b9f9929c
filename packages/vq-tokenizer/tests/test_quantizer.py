"""VectorQuantizer against the textbook, its start, revival, statistics and types."""

from collections.abc import Callable

import pytest
import torch

from vq_tokenizer import FSQ, LFQ, ResidualQuantizer, VectorQuantizer, VQTokenizerError
from vq_tokenizer.ops import nearest_code
from vq_tokenizer.quantizers.terms import entropy_term


def batches(count: int, n: int = 200, d: int = 6) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    return [torch.randn(n, d, generator=g) for _ in range(count)]


def test_moving_average_is_the_textbook() -> None:
    vq = VectorQuantizer(16, 6, decay=0.9, kmeans_iters=0, dead_share=0.0)
    codes = vq.codes.double().clone()
    n, m = torch.ones(16, dtype=torch.float64), codes.clone()
    for z in batches(20):
        index = torch.cdist(z.double(), codes).argmin(1)
        one_hot = torch.nn.functional.one_hot(index, 16).double()
        n = 0.9 * n + 0.1 * one_hot.sum(0)
        m = 0.9 * m + 0.1 * one_hot.t() @ z.double()
        codes = m / n[:, None]
        assert torch.equal(vq(z).indices, index)
        torch.testing.assert_close(vq.codes.double(), codes, rtol=1e-6, atol=1e-6)


def test_straight_through_and_commitment_gradient() -> None:
    vq = VectorQuantizer(8, 6).eval()
    z = torch.randn(5, 3, 6, requires_grad=True)
    out = vq(z)
    torch.testing.assert_close(out.codes, vq.lookup(out.indices))
    (grad,) = torch.autograd.grad(out.codes.sum(), z, retain_graph=True)
    assert torch.equal(grad, torch.ones_like(z))
    (grad,) = torch.autograd.grad(out.loss, z)
    expected = 0.25 * 2 * (z - vq.lookup(out.indices)) / z.numel()
    torch.testing.assert_close(grad, expected)


def test_same_bits_every_time() -> None:
    def run() -> torch.Tensor:
        vq = VectorQuantizer(32, 6)
        for z in batches(10):
            vq(z)
        return vq.codes

    first = run()
    assert all(torch.equal(first, run()) for _ in range(9))


def test_resumes_to_the_same_bits() -> None:
    whole, half = VectorQuantizer(32, 6), VectorQuantizer(32, 6)
    data = batches(10)
    for z in data:
        whole(z)
    for z in data[:5]:
        half(z)
    resumed = VectorQuantizer(32, 6)
    resumed.load_state_dict(half.state_dict())
    for z in data[5:]:
        resumed(z)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


@pytest.mark.parametrize("warm_decay", [False, True])
def test_drawing_no_rows_where_no_code_is_dead_changes_nothing(
    warm_decay: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spared, always = (VectorQuantizer(32, 6, warm_decay=warm_decay, decay=0.9) for _ in range(2))
    monkeypatch.setattr(always, "_all_live", lambda counts: False)
    drawn = []
    monkeypatch.setattr(spared, "_all_live", lambda counts: _noted(drawn, spared, counts))
    for z in batches(12):
        spared(z)
        always(z)
    for name, tensor in always.state_dict().items():
        assert torch.equal(tensor, spared.state_dict()[name]), name
    assert any(drawn)


def _noted(drawn: list[bool], vq: VectorQuantizer, counts: torch.Tensor) -> bool:
    drawn.append(VectorQuantizer._all_live(vq, counts))
    return drawn[-1]


def test_dead_codes_come_back() -> None:
    vq = VectorQuantizer(64, 6, decay=0.5, kmeans_iters=0, dead_share=0.1)
    vq.codes[8:] = 1000.0
    vq.sums.copy_(vq.codes)
    for z in batches(40):
        vq(z)
    usage, perplexity, dead = vq.stats()
    assert usage > 0.9
    assert perplexity > 40
    assert dead < 7


def test_revival_needs_no_more_vectors_than_it_gets() -> None:
    vq = VectorQuantizer(64, 6, decay=0.5)
    for z in batches(20, n=3):
        assert vq(z).codes.isfinite().all()
    assert vq.codes.isfinite().all()


QUANTIZERS: dict[str, Callable[[], torch.nn.Module]] = {
    "ema": lambda: VectorQuantizer(8, 6, kmeans_iters=0, dead_share=0.0),
    "cosine": lambda: VectorQuantizer(8, 6, metric="cosine", kmeans_iters=0, dead_share=0.0),
    "low-dimensional": lambda: VectorQuantizer(
        8, 6, code_dim=3, metric="cosine", kmeans_iters=0, dead_share=0.0
    ),
    "residual": lambda: ResidualQuantizer(8, 6, num_quantizers=3, kmeans_iters=0, dead_share=0.0),
    "lfq": lambda: LFQ(6, group=4),
}


@pytest.mark.parametrize("name", QUANTIZERS)
@pytest.mark.parametrize("masked", [False, True])
def test_loss_gradients_by_finite_differences(name: str, masked: bool) -> None:
    """To the vectors and to every parameter; in training, with the state put back each time."""
    quantizer = QUANTIZERS[name]().double()
    g = torch.Generator().manual_seed(3)
    z = torch.randn(9, 6, generator=g, dtype=torch.float64).requires_grad_()
    mask = torch.arange(9) % 4 > 0 if masked else None
    names = [name for name, _ in quantizer.named_parameters()]
    state = {k: v.clone() for k, v in quantizer.named_buffers()}

    def loss(z: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        buffers = {k: v.clone() for k, v in state.items()}
        given = buffers | dict(zip(names, values, strict=True))
        return torch.func.functional_call(quantizer, given, (z, mask)).loss

    values = [p.detach().clone().requires_grad_() for p in quantizer.parameters()]
    assert loss(z, *values).dtype == torch.float64
    assert torch.autograd.gradcheck(loss, (z, *values))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("masked", [False, True])
def test_codebook_loss_gradient_by_finite_differences(metric: str, masked: bool) -> None:
    """Without commitment the distance is the codes' alone, and the entropy goes to both."""
    vq = VectorQuantizer(
        8,
        6,
        metric=metric,
        learn="gradient",
        commitment=0.0,
        entropy=0.3,
        entropy_temperature=0.7,
        orthogonality=0.2,
        kmeans_iters=0,
        dead_share=0.0,
    ).double()
    g = torch.Generator().manual_seed(3)
    z = torch.randn(9, 6, generator=g, dtype=torch.float64).requires_grad_()
    keep = torch.arange(9) % 4 > 0 if masked else None

    def loss(codes: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(vq, {"codes": codes}, (z.detach(), keep)).loss

    codes = vq.codes.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, (codes,))
    to_z, to_codes = torch.autograd.grad(vq(z, keep).loss, (z, vq.codes))
    torch.testing.assert_close(to_codes, torch.autograd.grad(loss(codes), codes)[0])
    x = torch.nn.functional.normalize(z, dim=1) if metric == "cosine" else z
    term = entropy_term(x, vq._unit(vq.codes), keep, temperature=0.7)
    torch.testing.assert_close(to_z, torch.autograd.grad(0.3 * term, z)[0])


def test_bounded_part_of_fsq_by_finite_differences() -> None:
    quantizer = FSQ((5, 4, 3)).double()
    z = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: quantizer._bound(v) / quantizer._half(), (z,))
    (expected,) = torch.autograd.grad((quantizer._bound(z) / quantizer._half()).sum(), z)
    (found,) = torch.autograd.grad(quantizer(z).codes.sum(), z)
    torch.testing.assert_close(found, expected)


def test_evaluation_moves_nothing() -> None:
    vq = VectorQuantizer(8, 6).eval()
    before = {k: v.clone() for k, v in vq.state_dict().items()}
    vq(torch.randn(30, 6))
    assert all(torch.equal(before[k], v) for k, v in vq.state_dict().items())


def test_half_precision_keeps_float32_state() -> None:
    vq = VectorQuantizer(8, 6)
    with torch.autocast("cpu", torch.bfloat16):
        out = vq(torch.randn(40, 6).bfloat16())
    assert out.codes.dtype == torch.bfloat16
    assert out.loss.dtype == torch.float32
    assert {b.dtype for b in (vq.codes, vq.counts, vq.sums)} == {torch.float32}


def test_empty_input() -> None:
    vq = VectorQuantizer(8, 6)
    out = vq(torch.empty(0, 6))
    assert out.codes.shape == (0, 6)
    assert out.loss == 0


def test_stats_by_hand() -> None:
    vq = VectorQuantizer(4, 2)
    vq.counts.copy_(torch.tensor([1.0, 1.0, 0.0, 0.0]))
    usage, perplexity, dead = vq.stats()
    assert usage == 0.5
    assert dead == 2
    torch.testing.assert_close(perplexity, torch.tensor(2.0))


def test_errors() -> None:
    with pytest.raises(VQTokenizerError, match="must be positive"):
        VectorQuantizer(0, 4)
    with pytest.raises(VQTokenizerError, match="decay"):
        VectorQuantizer(4, 4, decay=1.0)
    with pytest.raises(VQTokenizerError, match=r"must be 4, got torch.float32 \(3, 5\)"):
        VectorQuantizer(4, 4)(torch.randn(3, 5))
    with pytest.raises(VQTokenizerError, match=r"\[0, 4\), or -1 for zeros, got 0 to 4"):
        VectorQuantizer(4, 4).lookup(torch.arange(5))
    with pytest.raises(VQTokenizerError, match="z must be floating point, got torch.int64"):
        VectorQuantizer(4, 4)(torch.zeros(3, 4, dtype=torch.int64))
    with pytest.raises(VQTokenizerError, match="integers"):
        VectorQuantizer(4, 4).lookup(torch.zeros(3))


def test_bf16_vectors_find_the_codes_of_their_values() -> None:
    vq = VectorQuantizer(64, 6)
    z = torch.randn(200, 6, generator=torch.Generator().manual_seed(0)).bfloat16()
    found = vq.search(z)
    assert torch.equal(found, vq.search(z.float()))
    assert torch.equal(found, nearest_code(z, vq.codebook))  # the search's own way with bf16
