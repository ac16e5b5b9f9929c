"""What is masked counts for nothing, whatever it holds; -1 leads back to zeros."""

from collections.abc import Callable

import pytest
import torch

from vq_tokenizer import FSQ, LFQ, ProductQuantizer, ResidualQuantizer, SimVQ, VectorQuantizer
from vq_tokenizer.quantizers.base import Quantizer

MAKE: dict[str, Callable[[], Quantizer]] = {
    "ema": lambda: VectorQuantizer(16, 8, decay=0.5, dead_share=0.3),
    "gradient": lambda: VectorQuantizer(16, 8, learn="gradient", entropy=0.1),
    "entropy": lambda: VectorQuantizer(16, 8, entropy=0.1, entropy_temperature=0.1),
    "projected": lambda: VectorQuantizer(16, 8, code_dim=4, metric="cosine"),
    "heads": lambda: VectorQuantizer(16, 8, heads=2),
    "rotation": lambda: VectorQuantizer(16, 8, gradient="rotation"),
    "residual": lambda: ResidualQuantizer(16, 8, num_quantizers=2, gradient="rotation"),
    "product": lambda: ProductQuantizer([VectorQuantizer(16, 4), VectorQuantizer(8, 4)]),
    "simvq": lambda: SimVQ(16, 8),
    "fsq": lambda: FSQ((4, 3, 3, 2, 2, 2, 2, 2)),
    "lfq": lambda: LFQ(8, entropy=0.3),
}
every = pytest.mark.parametrize("name", MAKE)


def made(name: str) -> Quantizer:
    torch.manual_seed(0)
    return MAKE[name]()


def data(padding: float) -> tuple[torch.Tensor, torch.Tensor]:
    z = torch.randn(4, 30, 8, generator=torch.Generator().manual_seed(1))
    mask = torch.arange(30) < torch.tensor([[30], [11], [3], [0]])
    return z.masked_fill(~mask[..., None], padding), mask


@every
@pytest.mark.parametrize("padding", [0.0, 5.0, torch.nan, torch.inf])
def test_padding_reaches_nothing(name: str, padding: float) -> None:
    """As if the padded vectors were not there: outputs, loss, gradients and state."""
    with_padding, without = made(name), made(name)
    for _ in range(3):
        z, mask = data(padding)
        few = z[mask].clone().requires_grad_()
        z.requires_grad_()
        out, expected = with_padding(z, mask), without(few)
        torch.testing.assert_close(out.codes[mask], expected.codes)
        assert torch.equal(out.indices[mask], expected.indices)
        assert (out.codes[~mask] == 0).all()
        assert (out.indices[~mask] == -1).all()
        torch.testing.assert_close(out.loss, expected.loss)
        weight = torch.linspace(-1, 1, 8)
        ((out.codes * weight).sum() + out.loss).backward()
        ((expected.codes * weight).sum() + expected.loss).backward()
        assert z.grad is not None
        assert (z.grad[~mask] == 0).all()
        torch.testing.assert_close(z.grad[mask], few.grad)
    for own, other in zip(with_padding.parameters(), without.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad)
    state, wanted = with_padding.state_dict(), without.state_dict()
    for key, tensor in wanted.items():
        torch.testing.assert_close(state[key], tensor, msg=lambda t, key=key: f"{key}: {t}")


@every
def test_a_batch_of_nothing_moves_nothing(name: str) -> None:
    quantizer = made(name)
    z, mask = data(0.0)
    quantizer(z, mask)
    before = {k: v.clone() for k, v in quantizer.state_dict().items()}
    assert quantizer(z, torch.zeros_like(mask)).loss == 0
    assert quantizer(z[:0], mask[:0]).loss == 0
    assert quantizer(z[:0]).loss == 0
    for key, tensor in quantizer.state_dict().items():
        assert torch.equal(before[key], tensor), key


@every
def test_indices_of_padding_lead_to_zeros(name: str) -> None:
    quantizer = made(name).eval()
    z, mask = data(torch.nan)
    out = quantizer(z, mask)
    torch.testing.assert_close(quantizer.lookup(out.indices), out.codes)
    torch.testing.assert_close(quantizer.indices_to_codes(out.indices), out.codes)


def test_the_start_waits_for_a_vector() -> None:
    vq = VectorQuantizer(16, 8)
    z, mask = data(torch.nan)
    vq(z, torch.zeros_like(mask))
    assert not vq.started
    vq(z, mask)
    assert vq.started
    assert (vq.lookup(vq.search(z[0])) - z[0]).square().mean() < 1.0


def test_few_vectors_do_not_fill_the_book_with_copies() -> None:
    for options in ({"kmeans_iters": 0}, {}):
        vq = VectorQuantizer(64, 8, decay=0.5, dead_share=0.3, **options)
        mask = torch.arange(512)[None] < 4
        g = torch.Generator().manual_seed(0)
        for _ in range(10):
            vq(torch.randn(1, 512, 8, generator=g), mask)
        assert len(vq.codes.unique(dim=0)) == 64


def test_copies_of_one_vector_start_one_code() -> None:
    vq = VectorQuantizer(8, 2, decay=0.5)
    z = torch.cat(
        [torch.ones(50, 2), torch.randn(5, 2, generator=torch.Generator().manual_seed(0))]
    )
    vq(z)
    assert len(vq.codes.unique(dim=0)) == 8
