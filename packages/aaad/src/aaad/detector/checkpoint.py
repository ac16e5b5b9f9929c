"""Detectors on disk: a folder of `config.json` and `model.safetensors`, nothing else, no pickle.

config.json: {"format": "aaad-detector-2", "id": ..., "model": DetectorConfig, "calibration":
{"with_neutral": {"temperature": [A], "offset": [A]}, "alone": ...}, "held_out": what it scores on
true images of unseen people, "training": what made it, enough to make it again}. In format 1, which
is still read, there are temperatures alone.
model.safetensors: the network's parameters and buffers, half precision in what ships.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aaad.detector.calibration import Calibration, neutral_calibration
from aaad.detector.model import DetectorConfig, DetectorNet, build
from aaad.errors import AAADError
from aaad.learning.files import read_config, read_model, write_model

__all__ = ["read_detector", "write_detector"]

FORMAT, FORMER = "aaad-detector-2", "aaad-detector-1"


def write_detector(
    net: DetectorNet,
    folder: Path,
    *,
    name: str,
    calibration: dict[str, Calibration] | None = None,
    training: dict[str, Any],
    held_out: dict[str, Any] | None = None,
    half: bool = True,
) -> None:
    """Write config.json and model.safetensors into `folder`, made when it is not there; without a
    calibration one that changes nothing."""
    plain = neutral_calibration(len(net.config.columns))
    calibration = calibration or dict.fromkeys(("with_neutral", "alone"), plain)
    config = {
        "format": FORMAT,
        "id": name,
        "model": net.config.to_json(),
        "calibration": {mode: vars(one) for mode, one in calibration.items()},
        "held_out": held_out or {},
        "training": training,
    }
    write_model(net, folder, config, half=half)


def read_detector(
    folder: Path,
) -> tuple[DetectorNet, dict[str, Calibration], dict[str, Any]]:
    """The network (float32, ready to predict), its calibration for pictures with and without the
    person at rest, and what config.json says of it.

    Raises:
        AAADError: a file is missing, broken or of another format, or a tensor does not fit; each
            wrong name is listed.
    """
    config = read_config(folder, FORMAT, FORMER)
    net = read_model(lambda: build(DetectorConfig.from_json(config["model"])), folder)
    found = {}
    for mode in ("with_neutral", "alone"):
        one = Calibration.from_json(_calibration(config, mode), len(net.config.columns))
        if one is None:
            raise AAADError(
                f"{folder / 'config.json'}: calibration.{mode} must hold temperature (positive) "
                f"and offset, {len(net.config.columns)} numbers each"
            )
        found[mode] = one
    return net, found, config


def _calibration(config: dict[str, Any], mode: str) -> Any:
    """What config.json has of a mode; in the former format temperatures without offsets."""
    key = "calibration" if config["format"] == FORMAT else "temperature"
    value = config.get(key)
    value = value.get(mode) if isinstance(value, dict) else None
    if key == "temperature" and isinstance(value, list):
        value = {"temperature": value, "offset": [0.0] * len(value)}
    return value
