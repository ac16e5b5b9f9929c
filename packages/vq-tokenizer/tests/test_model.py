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


@pytest.mark.parametrize(
    ("name", "grid"), [("f8", (16, 16)), ("f8-fsq", (16, 16)), ("f16", (8, 8))]
)
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


@pytest.mark.parametrize(("quantizer", "codes"), [("vq", 64), ("fsq", 1000), ("lfq", 1024)])
def test_every_quantizer_trains_and_goes_both_ways(quantizer: str, codes: int) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny", quantizer=quantizer)).train()
    assert model.quantizer.num_codes == codes
    images = torch.rand(2, 3, 32, 48)
    out = model(images)
    (out.images.mean() + out.loss_commit).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    tokens = model.eval().encode(images)
    assert tokens.shape == (2, 4, 6)
    assert torch.equal(model(images).tokens, tokens)
    torch.testing.assert_close(model.decode(tokens), model(images).images.clamp(0, 1))


def test_fsq_latents_stay_spread() -> None:
    images = torch.rand(2, 3, 64, 64)
    losses = {}
    for spread in (0.0, 0.1):
        config = TokenizerConfig.preset("tiny", quantizer="fsq", spread=spread)
        losses[spread] = Tokenizer(config).train()(images).loss_commit
    assert losses[0.0] == 0
    assert losses[0.1] > 0
    config = TokenizerConfig.preset("tiny", quantizer="fsq")
    assert Tokenizer(config).eval()(images).loss_commit == 0
    model, few = Tokenizer(config).train(), {}
    optimizer = torch.optim.Adam(model.encoder.parameters(), lr=0.01)
    for step in range(40):
        out = model(images)
        if step in (0, 39):
            few[step] = float(out.loss_commit.detach())
        optimizer.zero_grad()
        # what shrinks latents while a decoder makes nothing of them yet
        (out.loss_commit + 0.001 * out.latents.square().mean()).backward()
        optimizer.step()
    assert few[39] < 0.5 * few[0]


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
    with pytest.raises(VQTokenizerError, match="'pq' is not one of vq, fsq, lfq"):
        TokenizerConfig(quantizer="pq")
    with pytest.raises(VQTokenizerError, match="unknown field depth"):
        TokenizerConfig.from_json({"depth": 3})
