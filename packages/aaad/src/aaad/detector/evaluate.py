"""The report: how good the detector is, by column, on people it never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aaad.baselines import controls
from aaad.detector.calibration import Calibration, calibration_error
from aaad.detector.model import DetectorNet
from aaad.errors import AAADError
from aaad.learning.data import Split
from aaad.metric import aaad
from aaad.ranks import auc
from aaad.result import VERSION

__all__ = ["evaluate", "f1", "held_out_of", "icc", "logits_of"]

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


def icc(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """ICC(3, 1), the consistency of two raters (Shrout and Fleiss 1979), as AU research reports
    intensities; NaN where neither varies."""
    if len(one) < 2:
        return float("nan")
    rows = np.stack([one, two], 1)
    rows = rows - rows.mean(0)  # what the raters differ by throughout does not count
    between = 2.0 * float(rows.mean(1).var()) * len(one) / (len(one) - 1)
    within = float(((rows - rows.mean(1, keepdims=True)) ** 2).sum()) / (len(one) - 1)
    return (between - within) / (between + within) if between + within > 0 else float("nan")


def f1(said: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """F1 of presence; NaN where nothing is there."""
    both = int((said & there).sum())
    total = int(said.sum()) + int(there.sum())
    return 2.0 * both / total if there.any() else float("nan")


def held_out_of(report: dict[str, Any]) -> dict[str, Any]:
    """What config.json says of a report: split, images, version of the definition, scores; those
    of smaller pictures too, where they were tried (`at_128`)."""

    def scores(of: dict[str, Any]) -> dict[str, float | None]:
        return {mode: of.get(mode, {}).get("aaad", {}).get("aaad") for mode in MODES}

    smaller = {name: scores(value) for name, value in report.items() if name.startswith("at_")}
    known = {"split": report["split"], "n": report["n"], "version": VERSION}
    return {**known, **scores(report), **smaller}


def evaluate(net: DetectorNet, split: Split, calibration: dict[str, Calibration]) -> dict[str, Any]:
    """The report of one split as plain values: for both modes the AAAD with its controls, and by
    column the mean absolute error in levels, the correlation, ICC(3, 1), F1 at level A and above,
    the AUC and the calibration error of presence."""
    report: dict[str, Any] = {"split": split.name, "n": len(split)}
    report["subjects"] = len(set(split.subjects))
    for mode in MODES:
        p = calibration[mode](logits_of(net, split, mode)).double().numpy()
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
            "icc": _number(icc(x, y)),
            "f1": _number(f1(x >= 1.0, y >= 1.0)),
            "auc": _number(auc(1.0 - p[:, a, 0], y >= 0.5)),
            "calibration": _number(calibration_error(1.0 - p[:, a, 0], there[:, a])),
            "positives": int((y >= 0.5).sum()),
        }
    return columns


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
