"""What is measured of a tokenizer, with and without a reference."""

import numpy as np
import pytest
import torch

from vq_tokenizer import Tokenizer, TokenizerConfig, VQTokenizerError
from vq_tokenizer.training.evaluate import evaluate
from vq_tokenizer.training.measure import psnr, psnr_where, ssim, token_use
from vq_tokenizer.training.pictures import ArrayPictures


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Eleven pictures."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (11, 4, 4, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)


def batch(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def test_figures_are_those_of_the_pictures(pixels: np.ndarray) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny")).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = ArrayPictures(pixels)
    found = evaluate(model, images, batch=4, show=3)
    x = batch(pixels)
    tokens = model.encode(x)
    y = model.decode(tokens)
    torch.testing.assert_close(found.psnr, psnr(y, x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.ssim, ssim(y, x), rtol=1e-4, atol=1e-4)
    assert found.use == token_use(tokens, 64)
    assert torch.equal(found.shown[0], x[[0, 5, 10]])
    assert found.shown[1].shape == (3, 3, 32, 32)
    assert model.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert evaluate(model, images, limit=4).figures()["pictures"] == 4


def test_figures_against_a_reference(pixels: np.ndarray) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny-reference")).eval()
    references = pixels.copy()
    references[1:, :8] = 255 - references[1:, :8]  # the first one did not move
    pictures = ArrayPictures(pixels, references=references)
    found = evaluate(model, pictures, batch=4)
    x, rest = batch(pixels), batch(references)
    moved = (x - rest).abs().amax(1) > 0.06
    tokens = model.encode(x, rest)
    expected = psnr_where(model.decode(tokens, rest), x, moved)
    assert found.moved is not None
    torch.testing.assert_close(found.moved, expected, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert found.moved[0].isnan()
    figures = found.figures()
    assert figures["psnr_copied_moved"] < figures["psnr_copied"]
    assert figures["still"] == round(float((tokens == model.still_token).float().mean()), 4)
    assert len(found.shown) == 3
    with pytest.raises(VQTokenizerError, match="wants pictures with references"):
        evaluate(model, ArrayPictures(pixels))


def test_psnr_where_counts_those_pixels_only() -> None:
    target = torch.rand(2, 3, 8, 8) * 0.5
    output = target.clone()
    output[:, :, :4] += 0.1
    where = torch.zeros(2, 8, 8, dtype=torch.bool)
    where[:, :4] = True
    torch.testing.assert_close(psnr_where(output, target, where), torch.full((2,), 20.0))
    torch.testing.assert_close(psnr_where(output, target, ~where), torch.full((2,), 100.0))
    everything = torch.ones_like(where)
    torch.testing.assert_close(psnr_where(output, target, everything), psnr(output, target))
