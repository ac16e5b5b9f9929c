"""The built-in detector: an aligned face picture in, distributions over the levels out.

    >>> from aaad.detector import Detector
    >>> see = Detector.from_pretrained()
    >>> pred = see(images, neutral=images_at_rest)  # uint8 (B, 3, 128, 128) -> float32 (B, A, 6)

It is small, made for the faces of this project's rig, and calibrated on people it was not trained
on. What it cannot tell apart, the score cannot either: read scores beside the ceiling.
"""

from __future__ import annotations

from aaad.detector.asked import AskedLoss
from aaad.detector.features import FeatureLoss
from aaad.detector.model import DetectorConfig, DetectorNet, build
from aaad.detector.predict import Detector
from aaad.detector.run import NETWORKS, DetectorRun

__all__ = [
    "NETWORKS",
    "AskedLoss",
    "Detector",
    "DetectorConfig",
    "DetectorNet",
    "DetectorRun",
    "FeatureLoss",
    "build",
]
