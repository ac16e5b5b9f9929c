"""Coding what changed from a reference: the warp, the gate, and a decoder that starts as a copy."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from vq_tokenizer import (
    FSQ,
    Tokenizer,
    TokenizerConfig,
    VQTokenizerError,
    load_checkpoint,
    save_checkpoint,
)
from vq_tokenizer.tokenizer.reference import ReferenceDecoder, ReferenceEncoder, open_gate, warp

WIDTHS, BLOCKS, LEVELS = (16, 24, 32), (1, 1, 1), (8, 5, 5, 5)


def pair() -> tuple[ReferenceEncoder, ReferenceDecoder]:
    torch.manual_seed(0)
    return ReferenceEncoder(4, WIDTHS, BLOCKS, 4), ReferenceDecoder(4, WIDTHS, BLOCKS, 4)


def test_warp_by_two_pixels_is_a_shift() -> None:
    pictures = torch.rand(2, 3, 8, 16)
    flow = torch.zeros(2, 2, 8, 16)
    assert torch.allclose(warp(pictures, flow), pictures, atol=1e-5)
    flow[:, 0] = 2 * 2 / 16  # half sides: the picture is 2 wide
    assert torch.allclose(warp(pictures, flow)[..., :14], pictures[..., 2:], atol=1e-5)


def test_gate_opens_one_token_around_a_change() -> None:
    changed = torch.zeros(1, 5, 5, dtype=torch.bool)
    changed[0, 2, 2] = True
    gate = open_gate(changed, 4)
    assert gate.shape == (1, 1, 20, 20)
    assert gate.sum() == 12 * 12
    assert gate[0, 0, 4:16, 4:16].all()


def test_nothing_everywhere_gives_the_reference_back() -> None:
    _, decoder = pair()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)  # whatever it has learned
    reference = torch.rand(2, 3, 64, 96)
    shut = open_gate(torch.zeros(2, 4, 6, dtype=torch.bool), 16)
    assert torch.equal(decoder(torch.zeros(2, 4, 4, 6), decoder.read(reference), shut), reference)
    one = torch.zeros(2, 4, 6, dtype=torch.bool)
    one[:, 0, 0] = True
    seen = decoder(torch.rand(2, 4, 4, 6), decoder.read(reference), open_gate(one, 16))
    assert not torch.equal(seen[..., :32, :32], reference[..., :32, :32])
    assert torch.equal(seen[..., 32:, :], reference[..., 32:, :])


def test_learns_to_move_what_copying_leaves() -> None:
    encoder, decoder = pair()
    quantizer = FSQ(LEVELS)
    modules = torch.nn.ModuleList([encoder, decoder])
    optimizer = torch.optim.AdamW(modules.parameters(), lr=3e-3)
    coarse = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    reference = torch.nn.functional.interpolate(coarse, size=(32, 32), mode="bicubic").clamp(0, 1)
    pictures = reference.roll((1, 2), (2, 3))

    def restored() -> Tensor:
        latents = encoder(pictures, reference).permute(0, 2, 3, 1)
        codes = quantizer(latents).codes.permute(0, 3, 1, 2)
        result: Tensor = decoder(codes, decoder.read(reference), torch.ones(4, 1, 32, 32))
        return result

    for _ in range(60):
        optimizer.zero_grad()
        (restored() - pictures).abs().mean().backward()
        optimizer.step()
    copied = (reference - pictures).abs().mean()
    assert (restored() - pictures).abs().mean() < 0.5 * copied


def made(quantizer: str, **changes: object) -> Tokenizer:
    """A small tokenizer that codes change, with whatever weights instead of its first ones."""
    config = TokenizerConfig.preset("tiny-reference", quantizer=quantizer, **changes)
    model = Tokenizer(config).eval()
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return model


@pytest.mark.parametrize("quantizer", ["vq", "fsq"])
def test_still_tokens_give_the_reference_back(quantizer: str) -> None:
    model = made(quantizer)
    rest = torch.rand(2, 3, 48, 64)
    still = torch.full((2, 6, 8), model.still_token)
    assert torch.equal(model.decode(still, rest), rest)
    assert torch.equal(model.decode(still, model.features(rest)), rest)
    assert not model.codebook[model.still_token].any()
    assert model.codebook.shape == (model.num_codes, model.config.width)


@pytest.mark.parametrize("quantizer", ["vq", "fsq"])
def test_a_reference_goes_both_ways(quantizer: str) -> None:
    model = made(quantizer)
    images, rest = torch.rand(3, 3, 48, 64), torch.rand(1, 3, 48, 64)
    tokens = model.encode(images, reference=rest)
    assert tokens.shape == (3, 6, 8)
    assert tokens.dtype == torch.int64
    assert int(tokens.max()) < model.num_codes
    assert torch.equal(tokens, model.encode(images, rest.expand(3, -1, -1, -1)))
    decoded = model.decode(tokens, reference=rest)
    torch.testing.assert_close(decoded, model.decode(tokens, model.features(rest)))
    torch.testing.assert_close(decoded, model(images, rest).images.clamp(0, 1))
    assert torch.equal(model(images, rest).tokens, tokens)
    alone = model.decode(model.encode(images))
    assert alone.shape == images.shape
    assert not torch.equal(alone, torch.full_like(images, 0.5))


@pytest.mark.parametrize("quantizer", ["vq", "fsq"])
def test_soft_codes_have_gradients_and_hard_ones_are_tokens(quantizer: str) -> None:
    model = made(quantizer)
    rest = torch.rand(2, 3, 32, 32)
    tokens = torch.randint(
        0, model.num_codes, (2, 4, 4), generator=torch.Generator().manual_seed(0)
    )
    tokens[:, :, 2:] = model.still_token
    hard = torch.nn.functional.one_hot(tokens, model.num_codes).float()
    codes = hard @ model.codebook
    decoded = model.decode_codes(codes, rest, changed=1 - hard[..., model.still_token])
    torch.testing.assert_close(decoded.clamp(0, 1), model.decode(tokens, rest))
    torch.testing.assert_close(model.decode_codes(codes, rest), decoded)
    scores = torch.zeros(2, 4, 4, model.num_codes, requires_grad=True)
    soft = scores.softmax(-1)
    out = model.decode_codes(
        soft @ model.codebook, reference=rest, changed=1 - soft[..., model.still_token]
    )
    (out - rest).square().mean().backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()
    assert scores.grad.abs().sum() > 0


@pytest.mark.parametrize("quantizer", ["vq", "fsq"])
def test_a_training_step_reaches_every_parameter(quantizer: str) -> None:
    model = made(quantizer).train()
    images, rest = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    opened = torch.ones(2, 4, 4, dtype=torch.bool)
    with torch.autocast("cpu", torch.bfloat16):
        out = model(images, rest, shown=rest.flip(0), opened=opened)
    assert out.images.dtype == out.latents.dtype == torch.float32
    (out.images.square().mean() + out.loss_commit).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_where_all_is_nothing_the_encoder_still_gets_a_gradient() -> None:
    model = made("vq").train()
    with torch.no_grad():
        model.encoder.head.weight.mul_(1e-4)
        model.encoder.head.bias.zero_()
    rest = torch.rand(2, 3, 32, 32)
    opened = torch.ones(2, 4, 4, dtype=torch.bool)
    out = model(torch.rand(2, 3, 32, 32), rest, opened=opened)
    assert (out.tokens == model.still_token).all()
    (out.images - 0.5).square().mean().backward()
    assert model.encoder.head.bias.grad.abs().sum() > 0


def test_checkpoints_and_presets(tmp_path: Path) -> None:
    model = made("vq")
    again = load_checkpoint(save_checkpoint(model, tmp_path))
    assert again.config == model.config
    images, rest = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    assert torch.equal(again.encode(images, rest), model.encode(images, rest))
    for name, side in (("f8", 128), ("f16", 256)):
        for kind in ("", "-fsq"):
            whole = Tokenizer(TokenizerConfig.preset(f"{name}-reference{kind}")).eval()
            assert whole.grid(side, side) == (16, 16)
            assert 2e6 < sum(p.numel() for p in whole.parameters()) < 5e6


def test_what_cannot_be_is_refused() -> None:
    model, plain = made("vq"), Tokenizer(TokenizerConfig.preset("tiny"))
    images = torch.rand(2, 3, 32, 32)
    tokens = torch.zeros(2, 4, 4, dtype=torch.int64)
    for call in (
        lambda: plain.encode(images, images),
        lambda: plain.decode(tokens, images),
        lambda: plain(images, images),
    ):
        with pytest.raises(VQTokenizerError, match="made without a reference"):
            call()
    with pytest.raises(VQTokenizerError, match="no reference"):
        plain.features(images)
    with pytest.raises(VQTokenizerError, match="no reference"):
        _ = plain.still_token
    with pytest.raises(VQTokenizerError, match="reference must be"):
        model.encode(images, torch.rand(2, 3, 64, 32))
    with pytest.raises(VQTokenizerError, match="reference must be"):
        model.decode(tokens, torch.rand(3, 3, 32, 32))
    with pytest.raises(VQTokenizerError, match=r"\[0, 65\)"):
        model.decode(tokens - 1, images)
    with pytest.raises(VQTokenizerError, match=r"\[0, 65\)"):
        model.decode(tokens + 70, images)
    with pytest.raises(VQTokenizerError, match=r"codes must be \(B, h, w, 8\)"):
        model.decode_codes(torch.rand(2, 8, 4, 4), images)
    with pytest.raises(VQTokenizerError, match="changed must be"):
        model.decode_codes(torch.rand(2, 4, 4, 8), images, changed=torch.ones(2, 4))
    with pytest.raises(VQTokenizerError, match="reference is .yes.; expected bool"):
        TokenizerConfig.from_json({"reference": "yes"})
    with pytest.raises(VQTokenizerError, match="lfq has no code for nothing"):
        TokenizerConfig(reference=True, quantizer="lfq")
