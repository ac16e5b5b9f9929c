"""`Detector`: what a user calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aaad.detector.calibration import Calibration
from aaad.detector.checkpoint import read_detector
from aaad.detector.model import DetectorNet
from aaad.errors import AAADError
from aaad.learning.batches import TOGETHER, in_batches, padded, to_images
from aaad.learning.files import digest
from aaad.result import VERSION

__all__ = ["Detector"]

_WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


class Detector:
    """Images to distributions over the levels 0, A..E of each column.

    `columns` names axis A; `id` names the detector and its weights, and goes into score names;
    `held_out` is what it scored on true images of unseen people ("with_neutral", "alone"), by the
    `version` of the definition that it names.
    """

    def __init__(
        self,
        net: DetectorNet,
        *,
        name: str,
        calibration: dict[str, Calibration],
        held_out: dict[str, Any] | None = None,
        device: str = "cpu",
    ) -> None:
        self.net = net.to(device).train(False)
        self.id = name
        self.held_out = dict(held_out or {})
        self.columns = net.config.columns
        self.size = net.config.size
        self.device = torch.device(device)
        self._calibration = dict(calibration)

    @staticmethod
    def from_pretrained(folder: str | Path | None = None, *, device: str = "auto") -> Detector:
        """The detector that comes with the package, or one that `train_detector` wrote to `folder`.

        Raises:
            AAADError: there are no weights there, or they are broken.
        """
        place = _WEIGHTS if folder is None else Path(folder)
        if not (place / "config.json").is_file():
            hint = (
                "this copy of aaad has no weights inside; train some with "
                "`auface train detector CORPUS --out DIR` and name that folder"
                if folder is None
                else "wanted a folder with config.json and model.safetensors"
            )
            raise AAADError(f"no detector in {place}: {hint}")
        net, calibration, config = read_detector(place)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        name = f"{config['id']}:{digest(place / 'model.safetensors')}"
        return Detector(
            net,
            name=name,
            calibration=calibration,
            held_out=config.get("held_out"),
            device=device,
        )

    def ceiling(self, mode: str) -> float | None:
        """What it gave to true images of unseen people; None where another version of the
        definition said so, or nobody did."""
        value = self.held_out.get(mode)
        fits = self.held_out.get("version") == VERSION and isinstance(value, int | float)
        return float(value) if fits and value is not None else None

    @torch.inference_mode()
    def __call__(self, images: Any, neutral: Any | None = None) -> NDArray[np.float32]:
        """uint8 (B, 3, S, S), optionally the same people at rest -> float32 (B, A, 6).

        S is `size`; alignment is the caller's. Sixteen images go through at a time, padded when
        there are fewer, so that an image gets the same numbers whatever it comes with.

        Raises:
            AAADError: another type or shape.
        """
        x = to_images(images, self.size, "images")
        rest = None if neutral is None else to_images(neutral, self.size, "neutral")
        if rest is not None and rest.shape != x.shape:
            raise AAADError(f"neutral has shape {tuple(rest.shape)}, images {tuple(x.shape)}")
        calibrated = self._calibration["alone" if rest is None else "with_neutral"]
        out = np.zeros((len(x), len(self.columns), 6), np.float32)
        for start in range(0, len(x), TOGETHER):
            count = min(TOGETHER, len(x) - start)
            logits = self.net(
                padded(x[start : start + count], self.device),
                None if rest is None else padded(rest[start : start + count], self.device),
            )
            out[start : start + count] = calibrated(logits)[:count].cpu().numpy()
        return out

    def embed(self, images: Any) -> NDArray[np.float32]:
        """uint8 (B, 3, S, S) -> float32 (B, D), what its head reads: the space in which realism is
        measured.

        Raises:
            AAADError: another type or shape.
        """
        with torch.inference_mode():
            width = self.net.embedding(torch.zeros(1, 3, self.size, self.size, device=self.device))
        return in_batches(
            self.net.embedding,
            images,
            size=self.size,
            width=width.shape[1],
            device=self.device,
        )

    def where(self, images: Any, neutral: Any | None = None) -> NDArray[np.float32]:
        """Show where it looked for each column: uint8 (B, 3, S, S) -> float32 (B, A, h, w).

        Each map sums to one. `attention` gives its own weights, `grid` what each cell adds to the
        level.

        Raises:
            AAADError: another type or shape.
        """
        x = to_images(images, self.size, "images").to(self.device).float() / 255.0
        rest = None
        if neutral is not None:
            rest = to_images(neutral, self.size, "neutral").to(self.device).float() / 255.0
        with torch.no_grad():
            found = [
                self.net.maps(x[i : i + 1], None if rest is None else rest[i : i + 1])
                for i in range(len(x))
            ]
        maps = torch.cat(found).cpu() if found else torch.zeros(0, len(self.columns), 1, 1)
        return np.asarray(maps.numpy())
