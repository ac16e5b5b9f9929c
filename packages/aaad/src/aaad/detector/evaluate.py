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
from .data import Split
from .losses import cross_entropy
from .model import DetectorNet

__all__ = ["auc", "evaluate", "fit_temperature", "logits_of"]

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


def evaluate(
    net: DetectorNet, split: Split, temperature: dict[str, list[float]], *, draws: int = 200
) -> dict[str, Any]:
    """The report of one split as plain values: for both modes the AAAD with its controls, and by
    column the mean absolute error in levels, the correlation and the AUC of presence."""
    report: dict[str, Any] = {"split": split.name, "n": len(split)}
    report["subjects"] = len(set(split.subjects))
    wanted = split.targets.astype(np.float64)
    levels = split.strengths.astype(np.float64) * 5.0
    for mode in MODES:
        scale = torch.tensor(temperature[mode]).view(1, -1, 1)
        p = torch.softmax(logits_of(net, split, mode) / scale, -1).double().numpy()
        seen = (p * np.arange(6)).sum(-1)  # (N, A) expected level
        columns: dict[str, Any] = {}
        for a, name in enumerate(net.config.columns):
            x, y = seen[:, a], levels[:, a]
            spread = float(x.std() * y.std())
            columns[name] = {
                "mae": _number(float(np.abs(x - y).mean())) if len(x) else None,
                "r": _number(float(((x - x.mean()) * (y - y.mean())).mean() / spread))
                if spread > 0
                else None,
                "auc": _number(auc(1.0 - p[:, a, 0], y >= 0.5)),
                "positives": int((y >= 0.5).sum()),
            }
        report[mode] = {"columns": columns}
        # A picture that is its own reference at rest is no test.
        moving = split.rest != np.arange(len(split))
        try:
            kwargs: dict[str, Any] = {
                "groups": [s for s, kept in zip(split.subjects, moving, strict=True) if kept]
            }
            result = aaad(p[moving], wanted[moving], draws=draws, detector="this", **kwargs)
            report[mode]["aaad"] = result.to_json()
            report[mode]["controls"] = controls(p[moving], wanted[moving], shuffles=5, **kwargs)
        except AAADError as error:
            report[mode]["aaad"] = {"error": str(error)}
    return report


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
