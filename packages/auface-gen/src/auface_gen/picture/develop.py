"""From the renderer's light to a picture: backdrop, exposure, the soft shoulder, and sRGB."""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Light

__all__ = ["backdrop", "develop", "develop_clear"]

_SHOULDER = 0.55  # where highlights begin to be held back, of full white


def develop(colour: np.ndarray, alpha: np.ndarray, light: Light) -> np.ndarray:
    """(H, W, 3) uint8 sRGB before the light's backdrop.

    colour: (H, W, 3) linear light, times alpha; alpha: (H, W), what of each pixel is covered.
    """
    mapped = _exposed(colour, light)
    mapped = mapped + (1 - alpha[..., None]) * backdrop(light, len(colour))
    return _to_srgb(mapped)


def develop_clear(colour: np.ndarray, alpha: np.ndarray, light: Light) -> np.ndarray:
    """(H, W, 4) uint8 sRGB with alpha, nothing behind it; colour and alpha as for `develop`."""
    mapped = _exposed(colour, light) / np.maximum(alpha[..., None], 1e-3)
    cover = (np.clip(alpha[..., None], 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.concatenate([_to_srgb(mapped), cover], -1)


def _exposed(colour: np.ndarray, light: Light) -> np.ndarray:
    """(H, W, 3) linear light under the exposure, with a soft shoulder: never burnt out."""
    low = np.clip(colour, 0, None) * light.exposure
    room = 1 - _SHOULDER
    return np.where(low < _SHOULDER, low, _SHOULDER + room * np.tanh((low - _SHOULDER) / room))


def backdrop(light: Light, size: int) -> np.ndarray:
    """(size, size, 3) linear light: a wall, brighter where the lamp behind the head shines on it,
    darker towards the corners.
    """
    y, x = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    cx, cy = light.glow
    glow = np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / 1.4))
    shade = 0.72 + light.glow_power * glow - 0.1 * y
    wall = np.array(light.backdrop) ** 2.2
    return np.clip(wall * shade[..., None], 0, 1)


def _to_srgb(linear: np.ndarray) -> np.ndarray:
    srgb = np.where(
        linear <= 0.0031308,
        12.92 * linear,
        1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055,
    )
    return (np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8)
