"""Channels first or last, residual options, draws at random, numbers that are none."""

import pytest
import torch

from vq_tokenizer import (
    FSQ,
    LFQ,
    ProductQuantizer,
    ResidualQuantizer,
    SimVQ,
    VectorQuantizer,
    VQTokenizerError,
)
from vq_tokenizer.ops import nearest_code, nearest_code_reference, sample_code
from vq_tokenizer.quantizers.base import Quantizer
from vq_tokenizer.quantizers.terms import entropy_term, spread_loss


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", [VectorQuantizer, SimVQ])
def test_channels_first_is_channels_last_turned(kind: type[Quantizer]) -> None:
    torch.manual_seed(0)
    first = kind(16, 6, channel_dim=1)
    torch.manual_seed(0)
    last = kind(16, 6)
    z, mask = normal(2, 6, 5, 4), normal(2, 5, 4, seed=1) > 0
    out, expected = first(z, mask), last(z.movedim(1, -1), mask)
    assert torch.equal(out.codes, expected.codes.movedim(-1, 1))
    assert torch.equal(out.indices, expected.indices)
    first.eval()
    assert torch.equal(first.lookup(first.search(z)), first(z).codes)


def test_pictures_as_wide_as_their_channels_are_refused() -> None:
    vq = VectorQuantizer(16, 6)
    with pytest.raises(VQTokenizerError, match="say which has the channels"):
        vq(normal(2, 6, 5, 6))
    with pytest.raises(VQTokenizerError, match="pass channel_dim=1"):
        vq(normal(2, 6, 5, 4))
    with pytest.raises(VQTokenizerError, match="no channel_dim 3"):
        VectorQuantizer(16, 6, channel_dim=3)(normal(2, 6))
    assert VectorQuantizer(16, 6, channel_dim=-1)(normal(2, 6, 5, 6)).indices.shape == (2, 6, 5)


def test_codebook_is_what_lookup_gives() -> None:
    for quantizer in (VectorQuantizer(16, 6, code_dim=3), SimVQ(16, 6), FSQ((4, 3)), LFQ(4)):
        book = quantizer.codebook
        assert torch.equal(book, quantizer.lookup(torch.arange(quantizer.num_codes)))


def test_residual_sizes_shared_book_and_dropout() -> None:
    rq = ResidualQuantizer((16, 8, 4), 6, dropout=1.0, dropout_least=2)
    out = rq(normal(40, 5, 6))
    depth = (out.indices >= 0).sum(-1)
    assert (depth == depth[:, :1]).all()  # one depth a sample
    assert set(depth[:, 0].tolist()) == {2, 3}
    assert [len(book) for book in rq.codebooks] == [16, 8, 4]
    torch.testing.assert_close(rq.eval()(normal(9, 6)).codes, rq.lookup(rq.search(normal(9, 6))))
    shared = ResidualQuantizer(16, 6, num_quantizers=3, shared=True)
    before = int(shared.layers[0].step)
    shared(normal(40, 6))
    assert int(shared.layers[0].step) == before + 1
    with pytest.raises(VQTokenizerError, match="one entry for each"):
        ResidualQuantizer((16, 8), 6, num_quantizers=3)


def test_residual_rotation_turns_the_whole_sum() -> None:
    """The gradient is that of one rotation from z to the sum of codes."""
    rq = ResidualQuantizer(16, 8, num_quantizers=3, gradient="rotation").eval()
    z, weight = normal(50, 8, seed=3).requires_grad_(), torch.arange(8.0)
    out = rq(z)
    (grad,) = torch.autograd.grad((out.codes * weight).sum(), z)
    length, target = z.detach().norm(dim=1), out.codes.detach().norm(dim=1)
    torch.testing.assert_close(grad.norm(dim=1), weight.norm() * target / length)
    assert not torch.allclose(grad, weight.expand_as(grad))


def test_product_is_its_parts() -> None:
    parts = [VectorQuantizer(16, 4), VectorQuantizer(8, 2)]
    out = ProductQuantizer(parts).eval()(z := normal(3, 9, 6))
    assert torch.equal(out.indices[..., 0], parts[0].search(z[..., :4]))
    assert torch.equal(out.codes[..., 4:], parts[1].lookup(out.indices[..., 1]))


def test_draws_follow_the_distribution_and_anneal_to_the_nearest() -> None:
    codes = torch.tensor([[0.0], [1.0], [3.0], [torch.nan]])
    x = torch.full((20_000, 1), 0.4)
    step = torch.tensor(2)
    drawn = sample_code(x, codes, torch.tensor(2.0), step)
    wanted = (-(x[:1] - codes[:3].t()).square() / 2.0).softmax(1)[0]
    share = torch.bincount(drawn, minlength=4) / len(x)
    torch.testing.assert_close(share[:3], wanted, atol=0.01, rtol=0)
    assert share[3] == 0
    x, codes = normal(100, 4), normal(30, 4, seed=1)
    assert torch.equal(
        sample_code(x, codes, torch.tensor(1e-6), step), nearest_code_reference(x, codes)
    )
    vq = VectorQuantizer(16, 4, sample_temperature=5.0)
    vq(x)
    assert not torch.equal(vq(x).indices, vq.eval()(x).indices)
    vq.anneal(1e-9)
    assert torch.equal(vq.train()(x).indices.unique(), vq.search(x).unique())
    with pytest.raises(VQTokenizerError, match="positive temperature"):
        VectorQuantizer(16, 4).anneal(1.0)


def test_entropy_is_llamagens() -> None:
    """Their affinity over a temperature of 0.01, with gradients to vectors and codes."""
    x, codes = normal(64, 8).requires_grad_(), normal(32, 8, seed=1).requires_grad_()
    a = -torch.cdist(x, codes, compute_mode="donot_use_mm_for_euclid_dist").square() / 0.01
    p = a.softmax(1)
    mean = p.mean(0)
    wanted = -(p * a.log_softmax(1)).sum(1).mean() + (mean * (mean + 1e-12).log()).sum()
    found = entropy_term(x, codes, temperature=0.01)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    for one, other in zip(
        torch.autograd.grad(found, (x, codes)), torch.autograd.grad(wanted, (x, codes)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize(("n", "k"), [(50, 9), (2000, 1024)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_a_bad_code_or_vector_touches_no_other(bad: float, n: int, k: int, offset: float) -> None:
    x, codes = normal(n, 16) + offset, normal(k, 16, seed=1) + offset
    codes[7, 3] = bad
    x[5, 0] = bad
    good = torch.arange(n) != 5
    others = torch.arange(k) != 7
    wanted = nearest_code(x[good].double(), codes[others].double())
    wanted = wanted + (wanted >= 7)
    for search in (nearest_code, nearest_code_reference):
        found = search(x, codes)
        assert found[5] == 0
        assert (found[good] == wanted).float().mean() > 0.995


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_bad_vector_does_not_reach_the_codebook(bad: float) -> None:
    hit, spared = VectorQuantizer(16, 8, decay=0.5), VectorQuantizer(16, 8, decay=0.5)
    for step in range(4):
        z = normal(100, 8, seed=step)
        keep = torch.arange(100) != 3
        spared(z, keep)
        z[3, 2] = bad
        assert not hit(z).loss.isfinite()  # said, so that a scaler skips the step
    for key, tensor in spared.state_dict().items():
        assert torch.equal(hit.state_dict()[key], tensor), key
    for quantizer in (FSQ((8, 5, 5)), LFQ(3)):
        z = normal(20, 3)
        z[4, 1] = torch.nan
        out = quantizer(z)
        assert out.indices[4] == 0
        assert out.codes[torch.arange(20) != 4].isfinite().all()
        assert quantizer.counts.isfinite().all()


def test_spread_loss() -> None:
    torch.manual_seed(0)
    z = torch.randn(2, 4, 30, 20)  # (B, D, h, w)
    flat = z.movedim(1, -1).reshape(-1, 4).double()
    flat -= flat.mean(0)
    white = flat @ torch.linalg.inv(torch.linalg.cholesky(flat.t() @ flat / len(flat))).t()
    even = (0.8 * white).float().reshape(2, 30, 20, 4).movedim(-1, 1)
    assert spread_loss(even) < 1e-10
    torch.testing.assert_close(spread_loss(even + 0.3), torch.tensor(0.09))
    torch.testing.assert_close(spread_loss(even * 0), torch.tensor(0.64**2))
    assert spread_loss(even[:, [0, 0, 1, 2]]) > 0.1  # two dimensions that say the same
