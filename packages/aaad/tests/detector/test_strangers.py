"""Detectors and parts of scores by strangers: refused by name before anything is allocated."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from aaad import AAADError
from aaad.detector import Detector, DetectorConfig, build
from aaad.detector.checkpoint import write_detector
from aaad.npz import read_npz
from aaad.parts import read_part
from aaad.result import VERSION
from aaad.scoring import read_ceiling


@pytest.fixture
def folder(tmp_path):
    net = build(DetectorConfig(size=32, width=8, hidden=16))
    write_detector(net, tmp_path / "d", name="tiny", training={})
    return tmp_path / "d"


def change(folder, part=None, **fields):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    (config[part] if part else config).update(fields)
    path.write_text(json.dumps(config))


def calibrations(temperature, offset):
    one = {"temperature": temperature, "offset": offset}
    return {"alone": one, "with_neutral": one}


def refused(folder, part="config.json"):
    with pytest.raises(AAADError, match=part):
        Detector.from_pretrained(folder, device="cpu")


@pytest.mark.parametrize("field", ["size", "width", "hidden"])
@pytest.mark.parametrize("value", ["x", -1, 0, None, 16_000, 10**6, 10**30, float("nan"), 1.5, []])
def test_sizes_that_do_not_fit_the_file(folder, field, value):
    change(folder, "model", **{field: value})
    refused(folder, r"config\.json|model\.safetensors: .* wanted")


@pytest.mark.parametrize("value", [[], None, "AU12", [1], ["AU12"] * 100_000, {"a": 1}])
def test_columns_that_are_none(folder, value):
    change(folder, "model", columns=value)
    refused(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": None}, {"id": 3}, {"id": "a\nb"}, {"held_out": 3}, {"held_out": "x"},
        {"calibration": 1}, {"calibration": {"alone": [1.0] * 38}},
        {"calibration": calibrations([1e-300] * 38, [0.0] * 38)},
        {"calibration": calibrations([1.0] * 38, [float("inf")] * 38)},
        {"model": 3}, {"format": "x"},
    ],
)  # fmt: skip
def test_what_config_says_besides(folder, fields):
    change(folder, **fields)
    refused(folder)


def test_json_that_is_too_deep(folder):
    (folder / "config.json").write_text("[" * 100_000)
    refused(folder)


def test_weights_that_are_not_finite_or_no_weights(folder):
    path = folder / "model.safetensors"
    good = load_file(path)
    name = max(good, key=lambda key: good[key].numel())
    save_file({**good, name: torch.full_like(good[name], float("nan"))}, path)
    refused(folder, f"not finite: {name}")
    save_file({**good, name: good[name].to(torch.int8)}, path)
    refused(folder, name)


@pytest.mark.parametrize("value", ["NaN", "1e999", '"x"', "1" + "0" * 400, "null", "[" * 9000])
def test_a_ceiling_that_is_none(tmp_path, value):
    path = tmp_path / "score.json"
    path.write_text(f'{{"version": {json.dumps(VERSION)}, "aaad": {value}')
    path.write_text(path.read_text() + "}")
    with pytest.raises(AAADError, match="score.json"):
        read_ceiling(path)


def archive(path, header, body):
    """A .npz with one array of that header and body."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, header)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("words.npy", head.getvalue() + body)
    return path


def test_an_array_that_claims_more_than_it_has(tmp_path):
    header = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 3)}
    path = archive(tmp_path / "a.npz", header, b"\0" * 1000)
    with pytest.raises(AAADError, match=r"a\.npz: .*words says 12000000000 bytes"):
        read_npz(path, most=1 << 40)
    with pytest.raises(AAADError, match=r"a\.npz: is no part"):
        read_part(path)


def test_an_archive_that_unpacks_to_more_than_allowed(tmp_path):
    header = {"descr": "|u1", "fortran_order": False, "shape": (5_000_000,)}
    path = archive(tmp_path / "a.npz", header, b"\0" * 5_000_000)
    assert path.stat().st_size < 10_000
    assert len(read_npz(path, most=6_000_000)["words"]) == 5_000_000
    with pytest.raises(AAADError, match="more than 1000000"):
        read_npz(path, most=1_000_000)


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", words=np.array([{"a": 1}], dtype=object))
    with pytest.raises(AAADError, match="objects"):
        read_npz(tmp_path / "a.npz", most=1 << 20)
