"""Tokenizer: shapes, locality, determinism and errors."""

import pytest
import torch

from vq_tokenizer import Tokenizer, TokenizerConfig, VQTokenizerError


@pytest.fixture(scope="module")
def tiny() -> Tokenizer:
    return Tokenizer(TokenizerConfig.preset("tiny")).eval()


def test_shapes_and_range(tiny: Tokenizer) -> None:
    images = torch.rand(2, 3, 48, 64)
    tokens = tiny.encode(images)
    assert tokens.shape == (2, 6, 8)
    assert tokens.dtype == torch.int64
    restored = tiny.decode(tokens)
    assert restored.shape == images.shape
    assert restored.min() >= 0
    assert restored.max() <= 1
    out = tiny(images)
    assert torch.equal(out.tokens, tokens)
    assert out.images.shape == images.shape
    assert out.latents.shape == (2, 8, 6, 8)


@pytest.mark.parametrize(("name", "grid"), [("f8", (16, 16)), ("f16", (8, 8))])
def test_presets(name: str, grid: tuple[int, int]) -> None:
    model = Tokenizer(TokenizerConfig.preset(name)).eval()
    tokens = model.encode(torch.rand(1, 3, 128, 128))
    assert tokens.shape[1:] == grid
    assert model.decode(tokens).shape == (1, 3, 128, 128)


def test_f8_is_of_the_promised_size() -> None:
    count = sum(p.numel() for p in Tokenizer().parameters())
    assert 4.0e6 < count < 5.5e6


def test_a_latent_depends_on_its_neighbourhood_only() -> None:
    model = Tokenizer().eval()
    images = torch.rand(1, 3, 128, 128)
    changed = images.clone()
    changed[..., 64:72, 64:72] = 1 - changed[..., 64:72, 64:72]  # one token's own pixels
    difference = (model.encoder(images) != model.encoder(changed)).any(1)[0]
    rows, columns = difference.nonzero().unbind(1)
    for axis in (rows, columns):
        assert axis.min() >= 8 - 3
        assert axis.max() <= 8 + 3
    assert difference[8, 8]


def test_batch_mates_change_nothing(tiny: Tokenizer) -> None:
    images = torch.rand(5, 3, 64, 64)
    together = tiny.encode(images)
    alone = torch.cat([tiny.encode(image[None]) for image in images])
    assert (together == alone).float().mean() > 0.99


def test_construction_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    first = Tokenizer(TokenizerConfig.preset("tiny"))
    assert torch.equal(torch.rand(4), expected)
    second = Tokenizer(TokenizerConfig.preset("tiny"))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_bf16_training_step(tiny: Tokenizer) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny")).train()
    with torch.autocast("cpu", torch.bfloat16):
        out = model(torch.rand(2, 3, 64, 64))
    assert out.images.dtype == out.latents.dtype == torch.float32
    (out.images.mean() + out.loss_commit).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_errors(tiny: Tokenizer) -> None:
    with pytest.raises(VQTokenizerError, match="60 x 64 must be divided by 8"):
        tiny.encode(torch.rand(1, 3, 60, 64))
    with pytest.raises(VQTokenizerError, match=r"\(3, 64, 64\)"):
        tiny.encode(torch.rand(3, 64, 64))
    with pytest.raises(VQTokenizerError, match="uint8"):
        tiny.encode(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    with pytest.raises(VQTokenizerError, match=r"\(B, h, w\)"):
        tiny.decode(torch.zeros(8, 8, dtype=torch.int64))
    with pytest.raises(VQTokenizerError, match=r"\[0, 64\)"):
        tiny.decode(torch.full((1, 8, 8), 64))
    with pytest.raises(VQTokenizerError, match="no preset 'f4'"):
        TokenizerConfig.preset("f4")
    with pytest.raises(VQTokenizerError, match="factor"):
        TokenizerConfig(factor=16)
    with pytest.raises(VQTokenizerError, match="unknown field depth"):
        TokenizerConfig.from_json({"depth": 3})
