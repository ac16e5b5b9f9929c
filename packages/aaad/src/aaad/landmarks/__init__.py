"""Where the 68 points of a face are: a small network, trained on renders, and its trainer."""

from __future__ import annotations

from aaad.landmarks.model import LandmarkConfig, LandmarkNet
from aaad.landmarks.predict import Landmarker
from aaad.landmarks.run import LandmarkRun

__all__ = ["LandmarkConfig", "LandmarkNet", "LandmarkRun", "Landmarker"]
