"""Codings as spontaneous behaviour in a laboratory has them: units at BP4D's published rates.

Rates of the twelve units coded in BP4D (Zhang et al. 2014, "BP4D-Spontaneous", Image and Vision
Computing 32; 146,847 frames), in percent of frames, as reported since with the frames of 41 people
in three folds. The ratios between them agree to 0.1 point with the published class weights
(inverse rates) of the three folds in CVI-SZU/ME-GraphAU, averaged. Of units that BP4D's frames are
not coded for, 9, 25 and 26 have the rates of DISFA at intensity 2 and above (Mavadati et al.
2013); the others are this project's choice. Labels themselves are licensed and none is used.

Which units come together is a model, not a measurement: each unit is a Gaussian variable over a
threshold, loaded on a few factors (a smile, raised brows, a frown, tight lips, an opened mouth),
with signs as the published positive and negative pairs have them (6+12, 1+2, 4+7, 15+17, 17+24,
23+24 together; 2 and 6, 2 and 7, 12 and 15, 12 and 17 apart).
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np

from auface_gen.columns import COLUMNS
from facs_text import Action, Coding

__all__ = ["BP4D_RATES", "STRATA", "draw_spontaneous"]

BP4D_RATES: dict[str, float] = {
    "1": 0.211,
    "2": 0.171,
    "4": 0.203,
    "6": 0.462,
    "7": 0.549,
    "10": 0.594,
    "12": 0.562,
    "14": 0.466,
    "15": 0.169,
    "17": 0.344,
    "23": 0.165,
    "24": 0.152,
}
"""Share of BP4D's coded frames in which each of its twelve units is present."""

_OTHERS = {"5": 0.05, "9": 0.041, "20": 0.03, "25": 0.278, "26": 0.09, "43": 0.03, "16": 0.02}
# What the units are drawn at, so that the codings that are kept come at the rates above: a coding
# of no unit or with a held-out pair (`codings`) is drawn anew, which bends them. Found by scaling
# each by wanted over got, twelve times over two million draws; off by less than 0.0001 then.
_DRAWN_AT = {
    "1": 0.2303,
    "2": 0.1864,
    "4": 0.2031,
    "5": 0.1128,
    "6": 0.4727,
    "7": 0.5473,
    "9": 0.0464,
    "10": 0.5977,
    "12": 0.5821,
    "14": 0.4604,
    "15": 0.1646,
    "16": 0.0255,
    "17": 0.3260,
    "20": 0.0494,
    "23": 0.1588,
    "24": 0.1408,
    "25": 0.2947,
    "26": 0.1044,
    "43": 0.0335,
}
# Loadings on (smile, raised brows, frown, tight lips, opened mouth).
_LOADINGS = {
    "1": (0.0, 0.9, 0.0, 0.0, 0.0),
    "2": (-0.1, 0.9, -0.1, 0.0, 0.0),
    "4": (-0.1, 0.1, 0.8, 0.1, 0.0),
    "5": (0.0, 0.5, 0.0, 0.0, 0.2),
    "6": (0.85, -0.1, 0.1, 0.0, 0.0),
    "7": (0.6, -0.15, 0.4, 0.0, 0.0),
    "9": (0.1, -0.3, 0.7, 0.0, 0.0),
    "10": (0.7, 0.0, 0.2, 0.0, 0.1),
    "12": (0.88, 0.0, -0.1, -0.1, 0.1),
    "14": (0.4, 0.0, 0.0, 0.3, -0.1),
    "15": (-0.2, 0.0, 0.1, 0.55, -0.1),
    "16": (0.0, 0.0, 0.0, -0.2, 0.6),
    "17": (-0.2, 0.0, 0.1, 0.65, -0.3),
    "20": (-0.1, 0.2, 0.2, 0.0, 0.4),
    "23": (0.0, 0.0, 0.1, 0.55, -0.2),
    "24": (-0.1, 0.0, 0.0, 0.65, -0.7),
    "25": (0.25, 0.0, 0.0, -0.1, 0.9),
    "26": (0.1, 0.1, 0.0, 0.0, 0.9),
    "43": (0.1, -0.4, 0.1, 0.0, 0.0),
}
# Units with sides that spontaneous faces hardly ever show on one side.
_TOGETHER = ("5", "16", "25", "43")
_SIDED = frozenset(
    u[2:] for u, side in COLUMNS if side == "left" and u[2:] in _LOADINGS and u[2:] not in _TOGETHER
)
STRATA = 5 + len(_LOADINGS)
"""Hidden variables of a coding: the factors, and each unit's own."""
_LEVELS = (0.14, 0.26, 0.30, 0.20, 0.10)  # spontaneous actions are mostly mild


@cache
def _model() -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    """Codes (U,), thresholds (U,), loadings (U, 5) and what is left of each variance (U,)."""
    codes = tuple(sorted(BP4D_RATES | _OTHERS, key=int))
    thresholds = np.array([NormalDist().inv_cdf(1 - _DRAWN_AT[c]) for c in codes])
    loadings = np.array([_LOADINGS[c] for c in codes])
    rest = np.sqrt(np.clip(1 - (loadings**2).sum(1), 0.05, 1))
    norm = np.sqrt((loadings**2).sum(1) + rest**2)
    return codes, thresholds * norm, loadings, rest


def draw_spontaneous(
    rng: np.random.Generator, strata: tuple[np.ndarray, int] | None = None
) -> Coding:
    """One coding of at least one unit; one in eight has most of its units on one side.

    strata: (STRATA,) integers from 0 to n - 1, and n: of n equally likely parts of each hidden
    variable, the one that the first draw is taken from; the whole of each unless told.
    """
    codes, thresholds, loadings, rest = _model()
    while True:
        if strata is None:
            hidden = rng.normal(size=STRATA)
        else:
            parts, count = strata
            chances = (parts + rng.uniform(1e-6, 1, STRATA)) / (count + 1e-6)
            hidden = np.array([NormalDist().inv_cdf(c) for c in chances])
            strata = None
        latent = loadings @ hidden[:5] + rest * hidden[5:]
        present = [c for c, on in zip(codes, latent > thresholds, strict=True) if on]
        if present:
            break
    one, side = rng.random() < 0.125, str(rng.choice(["left", "right"]))
    levels = rng.choice(5, size=len(present), p=_LEVELS) + 1
    return Coding.from_actions(
        Action(c, side if one and c in _SIDED and rng.random() < 0.6 else "both", int(n))
        for c, n in zip(present, levels, strict=True)
    )
