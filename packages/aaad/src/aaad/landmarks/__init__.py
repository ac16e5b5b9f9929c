"""Where the 68 points of a face are: a small network, trained on renders, and its trainer."""

from __future__ import annotations

from .model import LandmarkConfig, LandmarkNet
from .predict import Landmarker
from .run import LandmarkRun

__all__ = ["LandmarkConfig", "LandmarkNet", "LandmarkRun", "Landmarker"]
