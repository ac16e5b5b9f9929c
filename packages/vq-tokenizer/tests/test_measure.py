"""PSNR, SSIM and token statistics against their definitions, in float64 and by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.training.measure import psnr, ssim, token_use


def brute_force_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """The definition, window by window: x, y (3, H, W) in [0, 1]."""
    grey = np.array([0.299, 0.587, 0.114])[:, None, None]
    x, y = (x.astype(np.float64) * grey).sum(0), (y.astype(np.float64) * grey).sum(0)
    at = np.arange(11) - 5
    window = np.exp(-(at[:, None] ** 2 + at[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            a = x[top : top + 11, left : left + 11]
            b = y[top : top + 11, left : left + 11]
            ma, mb = (window * a).sum(), (window * b).sum()
            va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
            cov = (window * (a - ma) * (b - mb)).sum()
            c1, c2 = 1e-4, 9e-4
            luminance = (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)
            values.append(luminance * (2 * cov + c2) / (va + vb + c2))
    return float(np.mean(values))


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.3])
def test_ssim_is_its_definition(noise: float) -> None:
    torch.manual_seed(0)
    x = torch.rand(3, 3, 19, 24)
    x[1] = x[1] * 0.01 + 0.5  # nearly flat: the difference of two nearly equal numbers
    x[2] = torch.linspace(0, 1, 24)
    y = (x + noise * torch.randn_like(x)).clamp(0, 1)
    expected = [brute_force_ssim(a, b) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    found = ssim(y, x)
    assert found.dtype == torch.float32
    assert np.abs(found.double().numpy() - expected).max() < 1e-7


def test_ssim_facts() -> None:
    x = torch.rand(2, 3, 32, 40)
    assert torch.equal(ssim(x, x), torch.ones(2))
    y = torch.rand(2, 3, 32, 40)
    torch.testing.assert_close(ssim(x, y), ssim(y, x))
    assert (ssim(1 - x, x) < 0).all()  # what is light there is dark here
    assert (ssim(y, x).abs() < 0.2).all()  # nothing in common but the mean
    assert torch.equal(ssim(x * 3 - 1, x), ssim((x * 3 - 1).clamp(0, 1), x))
    flat = torch.full((1, 3, 16, 16), 0.5)  # no contrast: the luminance term alone
    expected = (2 * 0.5 * 0.6 + 1e-4) / (0.5**2 + 0.6**2 + 1e-4)
    torch.testing.assert_close(ssim(flat + 0.1, flat), torch.tensor([expected]))
    small = torch.rand(1, 3, 8, 5)  # smaller than the window
    assert ssim(small, small) == 1
    assert ssim(torch.rand(1, 3, 8, 5), small) < 1


def test_psnr_facts() -> None:
    x = torch.rand(2, 3, 9, 7)
    half = torch.full_like(x, 0.5)
    torch.testing.assert_close(psnr(half + 0.1, half), torch.full((2,), 20.0))
    assert torch.equal(psnr(x, x), torch.full((2,), 100.0))
    assert torch.equal(psnr(x * 2, x), psnr((x * 2).clamp(0, 1), x))
    y = torch.rand_like(x)
    error = (x.double() - y.double()).square().mean((1, 2, 3))
    torch.testing.assert_close(psnr(y, x).double(), -10 * error.log10(), rtol=1e-6, atol=1e-6)


def test_a_picture_has_its_figures_in_any_batch() -> None:
    x, y = torch.rand(5, 3, 24, 24), torch.rand(5, 3, 24, 24)
    for measure in (psnr, ssim):
        alone = torch.cat([measure(a[None], b[None]) for a, b in zip(x, y, strict=True)])
        torch.testing.assert_close(measure(x, y), alone, rtol=1e-6, atol=1e-7)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=200))
@settings(deadline=None)
def test_token_use(tokens: list[int]) -> None:
    use = token_use(torch.tensor(tokens).reshape(1, -1), 10)
    share = [tokens.count(k) / len(tokens) for k in set(tokens)]
    assert math.isclose(use.usage, len(set(tokens)) / 10, abs_tol=1e-12)
    assert use.dead == 10 - len(set(tokens))
    assert math.isclose(use.perplexity, math.exp(-sum(p * math.log(p) for p in share)))


def test_errors() -> None:
    with pytest.raises(VQTokenizerError, match=r"ssim: .* got \(1, 3, 8, 8\) and \(1, 3, 8, 9\)"):
        ssim(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 9))
    with pytest.raises(VQTokenizerError, match="psnr"):
        psnr(torch.rand(3, 8, 8), torch.rand(3, 8, 8))
    with pytest.raises(VQTokenizerError, match="got none"):
        token_use(torch.zeros(0, dtype=torch.int64), 4)
    with pytest.raises(VQTokenizerError, match=r"in \[0, 4\), got -1 to 4"):
        token_use(torch.tensor([-1, 4]), 4)
