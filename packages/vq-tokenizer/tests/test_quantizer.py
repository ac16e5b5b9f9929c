"""VectorQuantizer against the textbook, its start, revival, statistics and types."""

import pytest
import torch

from vq_tokenizer import VectorQuantizer, VQTokenizerError


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
    assert all(torch.equal(first, run()) for _ in range(5))


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
    with pytest.raises(VQTokenizerError, match=r"\[0, 4\), got 0 to 4"):
        VectorQuantizer(4, 4).lookup(torch.arange(5))
    with pytest.raises(VQTokenizerError, match="integers"):
        VectorQuantizer(4, 4).lookup(torch.zeros(3))
