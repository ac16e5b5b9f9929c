"""Made-up people, drawn from a seed: what stays the same in all pictures of one person."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["HAIR_STYLES", "Light", "Person"]

HAIR_STYLES = ("short", "side", "curly", "shaved", "tied", "long", "wavy")

# Skin albedo in linear RGB, light to dark: close to the Monk and Fitzpatrick ladders as
# rendered here.
_SKIN = np.array(
    [
        [0.80, 0.52, 0.40],
        [0.72, 0.43, 0.30],
        [0.60, 0.34, 0.21],
        [0.46, 0.245, 0.14],
        [0.31, 0.155, 0.085],
        [0.19, 0.092, 0.052],
    ]
)
_IRIS = {
    "brown": (0.13, 0.06, 0.025),
    "dark": (0.06, 0.03, 0.018),
    "hazel": (0.18, 0.115, 0.05),
    "green": (0.13, 0.165, 0.095),
    "blue": (0.125, 0.19, 0.27),
    "grey": (0.19, 0.22, 0.24),
}


@dataclass(frozen=True)
class Person:
    """One made-up person. Colours are linear RGB; lengths are cm; amounts are 0..1; `pupil` is its
    share of the iris's radius; `femininity` is -1..1, how far the shape leans to one sex;
    `hair_style` is one of HAIR_STYLES; `gloss` is how oily the skin is.
    """

    seed: int
    coefficients: tuple[float, ...]
    sex: str
    tone: float
    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    lips: tuple[float, float, float]
    brow_thickness: float
    brow_density: float
    redness: float
    stubble: float
    freckles: float
    age: float
    lashes: float
    long_hair: bool
    pupil: float
    femininity: float
    hair_style: str
    gloss: float

    @classmethod
    def from_seed(cls, seed: int, *, modes: int = 100) -> Person:
        """The person of a seed; the same seed is the same person everywhere."""
        rng = np.random.default_rng([int(seed), 0xFACE])
        coefficients = np.clip(rng.normal(0, 0.8, modes), -1.8, 1.8)
        female = bool(rng.random() < 0.5)
        tone = float(rng.random())
        at = tone * (len(_SKIN) - 1)
        low = min(int(at), len(_SKIN) - 2)
        skin = _SKIN[low] * (1 - at + low) + _SKIN[low + 1] * (at - low)
        skin = np.clip(skin * rng.uniform(0.94, 1.06, 3), 0, 0.9)
        age = float(rng.beta(1.6, 2.4))
        if tone > 0.55:
            names, odds = ["dark", "brown", "hazel"], [0.55, 0.4, 0.05]
        else:
            names, odds = (
                ["brown", "dark", "hazel", "green", "blue", "grey"],
                [0.3, 0.1, 0.15, 0.12, 0.23, 0.1],
            )
        iris = np.array(_IRIS[str(rng.choice(names, p=odds))]) * rng.uniform(0.6, 0.95)
        dark = rng.random() < 0.35 + tone
        hue, value = (
            rng.uniform(0.05, 0.09),
            rng.uniform(0.012, 0.03) if dark else rng.uniform(0.05, 0.16),
        )
        hair = np.array(colorsys.hsv_to_rgb(hue, 0.55, value))
        if age > 0.75:
            hair = hair * 0.4 + 0.15 * 0.6
        lips = (
            skin
            * np.array([0.93, 0.56, 0.58])
            * (rng.uniform(0.85, 1.0) if female else rng.uniform(0.92, 1.08))
        )
        # What came later has a generator of its own, so that the rest stays as it was.
        later = np.random.default_rng([int(seed), 0xFACE, 1])
        return cls(
            seed=int(seed),
            coefficients=tuple(float(c) for c in coefficients),
            sex="female" if female else "male",
            tone=tone,
            skin=_rgb(skin),
            hair=_rgb(hair),
            iris=_rgb(iris),
            lips=_rgb(lips),
            brow_thickness=float(rng.uniform(0.3, 0.44) if female else rng.uniform(0.42, 0.62)),
            brow_density=float(rng.uniform(0.75, 1.0)),
            redness=float(rng.uniform(0.3, 1.0) * (1 - 0.6 * tone)),
            stubble=0.0 if female else float(max(0.0, rng.uniform(-0.4, 1.0))),
            freckles=float(rng.random() < 0.25) * float(1 - tone),
            age=age,
            lashes=float(rng.uniform(0.7, 1.0) if female else rng.uniform(0.3, 0.6)),
            long_hair=bool(rng.random() < (0.7 if female else 0.06)),
            pupil=float(rng.uniform(0.36, 0.5)),
            femininity=float(rng.uniform(0.4, 1.0) if female else rng.uniform(-0.7, -0.2)),
            hair_style="",
            gloss=float(later.uniform(0, 1)),
        )._with_hair(later)

    def _with_hair(self, rng: np.random.Generator) -> Person:
        """The person with a hair style that goes with sex, age and length."""
        if self.long_hair:
            odds = {"long": 0.55, "wavy": 0.45}
        elif self.sex == "female":
            odds = {"tied": 0.55, "side": 0.15, "curly": 0.2, "short": 0.1}
        else:
            odds = {"short": 0.45, "side": 0.25, "curly": 0.15, "shaved": 0.15}
        return replace(self, hair_style=str(rng.choice(list(odds), p=list(odds.values()))))


def _rgb(values: np.ndarray) -> tuple[float, float, float]:
    r, g, b = (float(v) for v in values)
    return r, g, b


@dataclass(frozen=True)
class Light:
    """Light, camera and backdrop of one sitting; a person's neutral and codings share it.

    Angles are degrees, powers relative; `backdrop` is sRGB 0..1, brightest at `glow` (x, y in
    -1..1, down) by `glow_power`; the rim lamp stands behind the head.
    """

    seed: int
    key_azimuth: float
    key_elevation: float
    key_power: float
    key_tint: tuple[float, float, float]
    fill: float
    exposure: float
    yaw: float
    pitch: float
    backdrop: tuple[float, float, float]
    rim_power: float
    rim_azimuth: float
    glow: tuple[float, float]
    glow_power: float

    @classmethod
    def from_seed(cls, seed: int) -> Light:
        """Mild variation, as in a laboratory: degrees for angles, linear RGB for the backdrop
        (sRGB when shown).
        """
        rng = np.random.default_rng([int(seed), 0x11647])
        warm = rng.uniform(-0.07, 0.07)
        grey = rng.uniform(0.18, 0.72)
        later = np.random.default_rng([int(seed), 0x11647, 1])
        side = 1.0 if later.random() < 0.5 else -1.0
        return cls(
            seed=int(seed),
            key_azimuth=float(rng.uniform(-40, 40)),
            key_elevation=float(rng.uniform(12, 45)),
            key_power=float(rng.uniform(0.8, 1.15)),
            key_tint=(1 + float(warm), 1.0, 1 - float(warm)),
            fill=float(rng.uniform(0.40, 0.6)),
            exposure=float(rng.uniform(0.9, 1.08)),
            yaw=float(np.clip(rng.normal(0, 3), -6, 6)),
            pitch=float(np.clip(rng.normal(0, 2), -4, 4)),
            backdrop=_rgb(np.clip(grey + rng.uniform(-0.04, 0.04, 3), 0, 1)),
            rim_power=float(later.uniform(0.0, 1.0)),
            rim_azimuth=float(side * later.uniform(105, 140)),
            glow=(float(later.uniform(-0.9, 0.9)), float(later.uniform(-0.6, 0.4))),
            glow_power=float(later.uniform(0.1, 0.6)),
        )
