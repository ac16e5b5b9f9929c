"""Calibration and the report: how good the detector is, by column, on people it never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..baselines import controls
from ..errors import AAADError
from ..metric import aaad
from ..result import VERSION
from .data import Split
from .losses import cross_entropy
from .model import DetectorNet

__all__ = [
    "auc",
    "calibration_error",
    "evaluate",
    "fit_temperature",
    "held_out_of",
    "logits_of",
]

MODES = ("with_neutral", "alone")


@torch.inference_mode()
def logits_of(net: DetectorNet, split: Split, mode: str, *, batch: int = 64) -> Tensor:
    """Logits (N, A, 6) for a whole split, the person at rest given (`with_neutral`) or not."""
    device = next(net.parameters()).device
    out = []
    for start in range(0, len(split), batch):
        rows = np.arange(start, min(start + batch, len(split)))
        images = split.images(rows).to(device).float() / 255.0
        if mode == "with_neutral":
            rest, known = split.neutrals(rows)
            out.append(net(images, rest.to(device).float() / 255.0, known.to(device)).cpu())
        else:
            out.append(net(images).cpu())
    return torch.cat(out) if out else torch.zeros(0, len(net.config.columns), 6)


def fit_temperature(logits: Tensor, targets: Tensor) -> list[float]:
    """For each column the temperature with the least log score; 1 where no row shows the unit."""
    grid = [2.0 ** (k / 8.0) for k in range(-8, 17)]  # 0.5 ... 4
    best = []
    for a in range(logits.shape[1]):
        if len(targets) == 0 or float(targets[:, a, 1:].sum()) < 0.5:
            best.append(1.0)
            continue
        losses = [float(cross_entropy(logits[:, a] / t, targets[:, a])) for t in grid]
        best.append(grid[int(np.argmin(losses))])
    return best


def auc(score: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Chance that a present one scores above an absent one (ties count half); NaN if one-sided."""
    yes, no = int(present.sum()), int((~present).sum())
    if not yes or not no:
        return float("nan")
    values, place = np.unique(score, return_inverse=True)
    counts = np.bincount(place, minlength=len(values))
    ranks = np.cumsum(counts) - (counts - 1) / 2.0  # mean rank of each value, from 1
    return float((ranks[place][present].sum() - yes * (yes + 1) / 2.0) / (yes * no))


def calibration_error(
    said: NDArray[np.float64], there: NDArray[np.float64], bins: int = 10
) -> float:
    """Expected calibration error of presence: mean gap between the chance said and the share that
    is there, over tenths of what is said, weighted by how often it is said (Guo et al. 2017)."""
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    gaps = [abs(float((said - there)[place == k].sum())) for k in range(bins)]
    return sum(gaps) / max(len(said), 1)


def held_out_of(report: dict[str, Any]) -> dict[str, Any]:
    """What config.json says of a report: split, images, version of the definition, scores."""
    scores = {mode: report.get(mode, {}).get("aaad", {}).get("aaad") for mode in MODES}
    return {"split": report["split"], "n": report["n"], "version": VERSION, **scores}


def evaluate(net: DetectorNet, split: Split, temperature: dict[str, list[float]]) -> dict[str, Any]:
    """The report of one split as plain values: for both modes the AAAD with its controls, and by
    column the mean absolute error in levels, the correlation, the AUC and the calibration error
    of presence."""
    report: dict[str, Any] = {"split": split.name, "n": len(split)}
    report["subjects"] = len(set(split.subjects))
    for mode in MODES:
        scale = torch.tensor(temperature[mode]).view(1, -1, 1)
        p = torch.softmax(logits_of(net, split, mode) / scale, -1).double().numpy()
        report[mode] = {"columns": _by_column(p, split, net.config.columns)}
        # A picture that is its own reference at rest is no test.
        moving = split.rest != np.arange(len(split))
        people = [s for s, kept in zip(split.subjects, moving, strict=True) if kept]
        wanted = split.targets[moving]
        try:
            result = aaad(p[moving], wanted, groups=people, detector="this")
            report[mode]["aaad"] = result.to_json()
            report[mode]["controls"] = controls(p[moving], wanted, shuffles=5, groups=people)
        except AAADError as error:
            report[mode]["aaad"] = {"error": str(error)}
    return report


def _by_column(
    p: NDArray[np.float64], split: Split, names: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    seen = (p * np.arange(6)).sum(-1)  # (N, A) expected level
    asked = split.strengths.astype(np.float64) * 5.0
    there = 1.0 - split.targets[..., 0].astype(np.float64)
    columns = {}
    for a, name in enumerate(names):
        x, y = seen[:, a], asked[:, a]
        spread = float(x.std() * y.std())
        r = float(((x - x.mean()) * (y - y.mean())).mean() / spread) if spread > 0 else np.nan
        columns[name] = {
            "mae": _number(float(np.abs(x - y).mean()) if len(x) else np.nan),
            "r": _number(r),
            "auc": _number(auc(1.0 - p[:, a, 0], y >= 0.5)),
            "calibration": _number(calibration_error(1.0 - p[:, a, 0], there[:, a])),
            "positives": int((y >= 0.5).sum()),
        }
    return columns


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
