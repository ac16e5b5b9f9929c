"""Light under the skin: what falls on skin comes out a little beside, red furthest.

The renderer shades skin as if light left it where it fell. In the picture, the light that fell
on the skin (colour over albedo) is spread by a Gaussian a channel, as games do in screen space
(Jimenez et al. 2009, "Screen-space perceptual rendering of human skin"). The paint itself (brows,
lips, freckles) stays sharp.
"""

from __future__ import annotations

import numpy as np

__all__ = ["SPREAD", "spread_light"]

SPREAD = (0.13, 0.055, 0.03)
"""Standard deviations of red, green and blue, in cm; near the wide and the narrow Gaussians of
d'Eon and Luebke 2007, Table 1, weighted together."""


def spread_light(light: np.ndarray, skin: np.ndarray, cm_a_pixel: float) -> np.ndarray:
    """(H, W, 3) light with each channel spread over the skin.

    light: (H, W, 3); skin: (H, W) in 0..1, where there is skin; what is not skin neither gives
    nor takes.
    """
    out = light.copy()
    for channel, width in enumerate(SPREAD):
        taps = _gaussian(width / cm_a_pixel)
        if len(taps) == 1:
            continue
        mass = _blur(skin, taps)
        mixed = _blur(light[..., channel] * skin, taps) / np.maximum(mass, 1e-4)
        out[..., channel] += skin * (mixed - light[..., channel])
    return out


def _gaussian(sigma: float) -> np.ndarray:
    """(2 r + 1,) weights that sum to 1; one alone where the Gaussian is within a pixel."""
    if sigma < 0.25:
        return np.ones(1, np.float32)
    r = int(np.ceil(2.2 * sigma))
    w = np.exp(-0.5 * (np.arange(-r, r + 1) / sigma) ** 2)
    return (w / w.sum()).astype(np.float32)


def _blur(image: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """(H, W) blurred along rows, then along columns."""
    r = len(taps) // 2
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (r, r)
        wide = np.pad(image, pad, mode="edge")
        n = image.shape[axis]
        out = np.zeros_like(image)
        for k, w in enumerate(taps):
            out += w * (wide[k : k + n] if axis == 0 else wide[:, k : k + n])
        image = out
    return image
