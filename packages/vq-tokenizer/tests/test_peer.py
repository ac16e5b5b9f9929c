"""Next to vector-quantize-pytorch: the same indices and values, its state loaded, every option."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from vq_tokenizer import FSQ, LFQ, ResidualQuantizer, SimVQ, VectorQuantizer, VQTokenizerError
from vq_tokenizer.quantizers.convert import load_vector_quantize_pytorch, reverse_bits

peer = pytest.importorskip("vector_quantize_pytorch")
PAGE = Path(__file__).parents[3] / "docs" / "coming-from-vector-quantize-pytorch.md"


def trained(module: nn.Module, d: int) -> nn.Module:
    g = torch.Generator().manual_seed(0)
    for _ in range(5):
        module.train()(torch.randn(2, 60, d, generator=g))
    return module.eval()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {}),
        ({"use_cosine_sim": True}, {"metric": "cosine"}),
        ({"codebook_dim": 4}, {"code_dim": 4}),
        ({"codebook_dim": 4, "heads": 2}, {"code_dim": 4, "heads": 2}),
        ({"learnable_codebook": True, "ema_update": False}, {"learn": "gradient"}),
    ],
)
def test_vector_quantize(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    torch.manual_seed(0)
    module = trained(peer.VectorQuantize(dim=16, codebook_size=32, **theirs), 16)
    vq = VectorQuantizer(32, 16, **ours).eval()
    load_vector_quantize_pytorch(vq, module.state_dict())
    z = torch.randn(3, 50, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        codes, indices, _ = module(z)
        found = vq(z)
    assert torch.equal(found.indices, indices)
    torch.testing.assert_close(found.codes, codes, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(vq.lookup(indices), found.codes, rtol=1e-5, atol=1e-6)
    assert vq.train()(z).loss.isfinite()  # and it trains on


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {}),
        ({"codebook_dim": 4}, {"code_dim": 4}),
        ({"shared_codebook": True}, {"shared": True}),
    ],
)
def test_residual(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    torch.manual_seed(0)
    module = peer.ResidualVQ(dim=16, codebook_size=32, num_quantizers=3, **theirs)
    module = trained(module, 16)
    rq = ResidualQuantizer(32, 16, num_quantizers=3, **ours).eval()
    load_vector_quantize_pytorch(rq, module.state_dict())
    z = torch.randn(3, 50, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        codes, indices, _ = module(z)
    assert torch.equal(rq.search(z), indices)
    torch.testing.assert_close(rq(z).codes, codes, rtol=1e-5, atol=1e-5)


def test_simvq() -> None:
    torch.manual_seed(0)
    module = peer.SimVQ(dim=8, codebook_size=64).eval()
    vq = SimVQ(64, 8).eval()
    load_vector_quantize_pytorch(vq, module.state_dict())
    z = torch.randn(2, 40, 8, generator=torch.Generator().manual_seed(1), requires_grad=True)
    codes, indices, loss = module(z)
    found = vq(z)
    assert torch.equal(found.indices, indices)
    torch.testing.assert_close(found.codes, codes)
    torch.testing.assert_close(found.loss, loss)
    weight = torch.linspace(-1, 1, 8)
    (expected,) = torch.autograd.grad((codes * weight).sum() + loss, z)
    (grad,) = torch.autograd.grad((found.codes * weight).sum() + found.loss, z)
    torch.testing.assert_close(grad, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("levels", [(8, 5, 5, 5), (7, 5, 5), (4,)])
def test_fsq(levels: tuple[int, ...]) -> None:
    z = torch.randn(500, len(levels), generator=torch.Generator().manual_seed(0)) * 2
    codes, indices = peer.FSQ(list(levels))(z[None])
    found = FSQ(levels).eval()(z)
    torch.testing.assert_close(found.codes, codes[0])
    assert torch.equal(found.indices, indices[0].long())


def test_lfq() -> None:
    z = torch.randn(500, 6, generator=torch.Generator().manual_seed(0)) * 0.3
    theirs = peer.LFQ(codebook_size=64, dim=6, entropy_loss_weight=1.0, commitment_loss_weight=0.0)
    codes, indices, loss = theirs.train()(z[None], inv_temperature=1.0)
    found = LFQ(6, commitment=0.0, entropy=1.0, group=6)(z)
    assert torch.equal(found.codes, codes[0])
    assert torch.equal(reverse_bits(found.indices, 6), indices[0])
    torch.testing.assert_close(found.loss, loss)


def test_what_cannot_be_loaded_is_said() -> None:
    module = peer.VectorQuantize(dim=16, codebook_size=32)
    vq = VectorQuantizer(32, 8)
    before = vq.codes.clone()
    with pytest.raises(VQTokenizerError, match=r"codes is \(32, 16\), expected \(32, 8\)"):
        load_vector_quantize_pytorch(vq, module.state_dict())
    assert torch.equal(vq.codes, before)
    module = peer.VectorQuantize(dim=16, codebook_size=32, codebook_dim=8)
    with pytest.raises(VQTokenizerError, match=r"project_in.bias.*left over"):
        load_vector_quantize_pytorch(vq, module.state_dict())
    with pytest.raises(VQTokenizerError, match="no _codebook.embed"):
        load_vector_quantize_pytorch(vq, {})
    with pytest.raises(VQTokenizerError, match="see reverse_bits"):
        load_vector_quantize_pytorch(LFQ(4), {})
    options = {"codebook_dim": 4, "heads": 2, "separate_codebook_per_head": True}
    module = peer.VectorQuantize(dim=16, codebook_size=32, **options)
    with pytest.raises(VQTokenizerError, match="ProductQuantizer"):
        load_vector_quantize_pytorch(
            VectorQuantizer(32, 16, code_dim=4, heads=2), module.state_dict()
        )


@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the repository, not in the package")
@pytest.mark.parametrize("name", ["VectorQuantize", "ResidualVQ", "FSQ", "LFQ", "SimVQ"])
def test_the_page_maps_every_option(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    module = getattr(peer, name)
    options = {*inspect.signature(module).parameters, *inspect.signature(module.forward).parameters}
    options -= {"self", "x", "z", "kwargs", "vq_kwargs", "mlp_kwargs"}
    assert not [option for option in sorted(options) if f"`{option}`" not in section]
