"""Broken and hostile input: one line on standard error, status 2, nothing half-written."""

from __future__ import annotations

import json
import pickle
import shutil
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file


@pytest.fixture
def own(model, eyes, tmp_path):
    """Copies of the tiny models, to be broken."""
    shutil.copytree(model, tmp_path / "model")
    shutil.copytree(eyes, tmp_path / "eyes")
    return tmp_path


def refused(outcome, *parts):
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("auface: ")
    for part in parts:
        assert part in outcome.err


def half(data):
    return data[: len(data) // 2]


def boast(data):
    """A header that says it is enormous."""
    return struct.pack("<Q", 2**60) + data[8:]


def lie(data):
    """Offsets that point past the end."""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    for entry in header.values():
        if "data_offsets" in entry:
            entry["data_offsets"] = [2**40, 2**41]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def pickled(data):
    return pickle.dumps({"weights": [1.0]})


def empty(data):
    return b""


BREAK = {f.__name__: f for f in (half, boast, lie, pickled, empty)}
PARTS = ("tokenizer", "generator")


@pytest.mark.parametrize("how", BREAK)
@pytest.mark.parametrize("part", PARTS)
def test_a_broken_generator(auface, own, part, how):
    file = own / "model" / part / "model.safetensors"
    file.write_bytes(BREAK[how](file.read_bytes()))
    out = own / "face.png"
    outcome = auface("generate", "12C", "--out", out, "--model", own / "model")
    refused(outcome, str(own / "model" / part))
    assert not out.exists()


@pytest.mark.parametrize("how", BREAK)
def test_a_broken_detector(auface, own, model, how):
    auface("generate", "12C", "--out", own / "face.png", "--model", model, "--steps", 1)
    file = own / "eyes" / "model.safetensors"
    file.write_bytes(BREAK[how](file.read_bytes()))
    refused(auface("score", own / "face.png", "--detector", own / "eyes"), str(file))


@pytest.mark.parametrize("part", [*PARTS, "eyes"])
def test_a_tensor_of_another_shape_is_named(auface, own, model, part):
    folder = own / "eyes" if part == "eyes" else own / "model" / part
    tensors = load_file(folder / "model.safetensors")
    name = max(tensors, key=lambda n: tensors[n].numel())
    tensors[name] = torch.zeros(3, 3)
    save_file(tensors, folder / "model.safetensors")
    face = own / "face.png"
    if part == "eyes":
        auface("generate", "12C", "--out", face, "--model", model, "--steps", 1)
        refused(auface("score", face, "--detector", folder), name)
    else:
        refused(auface("generate", "12C", "--out", face, "--model", own / "model"), name)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": 3}', '{"model": {"evil": 1}}'])
@pytest.mark.parametrize("part", PARTS)
def test_a_config_that_is_none(auface, own, part, text):
    (own / "model" / part / "config.json").write_text(text)
    outcome = auface("generate", "12C", "--out", own / "face.png", "--model", own / "model")
    refused(outcome, "config.json")


def test_a_folder_that_is_no_model(auface, tmp_path):
    refused(auface("generate", "12C", "--out", tmp_path / "a.png", "--model", tmp_path))
    refused(auface("generate", "12C", "--out", tmp_path / "a.png", "--model", tmp_path / "no"))


def test_folders_without_images(auface, eyes, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(auface("score", tmp_path / "empty", "--detector", eyes), "no pictures")
    refused(auface("score", tmp_path / "nowhere", "--detector", eyes), "no such file")
    (tmp_path / "empty" / "a.png").write_bytes(b"not a picture")
    refused(auface("score", tmp_path / "empty", "--detector", eyes), "a.png")


def test_pictures_that_say_nothing(auface, eyes, tmp_path):
    from PIL import Image, PngImagePlugin

    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    refused(auface("score", tmp_path, "--detector", eyes), "--targets")
    info = PngImagePlugin.PngInfo()
    info.add_text("auface:codes", "12Q+99")
    Image.new("RGB", (64, 64)).save(tmp_path / "b.png", pnginfo=info)
    refused(auface("score", tmp_path / "b.png", "--detector", eyes), "b.png", "auface:codes")


def test_an_identity_that_is_no_picture(auface, model, tmp_path):
    (tmp_path / "me.png").write_text("not a picture")
    out = ("--out", tmp_path / "a.png", "--model", model)
    refused(auface("generate", "12C", "--identity", tmp_path / "me.png", *out), "me.png")
    refused(auface("generate", "12C", "--identity", tmp_path / "no.png", *out), "no.png")


@pytest.mark.parametrize(
    ("request_", "part"),
    [("99C", "99"), ("", "empty"), ("   ", "empty"), ("the weather is fine", "understood")],
)
def test_requests_that_are_none(auface, model, tmp_path, request_, part):
    outcome = auface("generate", request_, "--out", tmp_path / "a.png", "--model", model)
    refused(outcome, part)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--count", 2, "--out", "a.png"),
        ("--count", 0, "--out", "a"),
        ("--steps", 0, "--out", "a.png"),
        ("--identity", "x.png", "--identity-seed", 1, "--out", "a.png"),
        ("--guidance", -1, "--out", "a.png"),
        (),
    ],
)
def test_calls_that_make_no_sense(auface, model, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    refused(auface("generate", "12C", "--model", model, *arguments))
    assert list(tmp_path.iterdir()) == []


def test_rigs_that_are_none(auface, tmp_path):
    (tmp_path / "rig.npz").write_bytes(b"PK not a zip")
    for rig in ("rig.npz", "nowhere"):
        refused(auface("corpus", "render", tmp_path / "out", "--rig", tmp_path / rig), rig)


@pytest.mark.parametrize("line", ["{", "[]", "3", "{}"])
def test_a_metadata_line_that_is_none_is_named(auface, eyes, tmp_path, line):
    (tmp_path / "metadata.jsonl").write_text(line + "\n")
    refused(auface("score", tmp_path, "--detector", eyes), "metadata.jsonl, line 1")
    (tmp_path / "test").mkdir()
    (tmp_path / "metadata.jsonl").rename(tmp_path / "test" / "metadata.jsonl")
    refused(auface("score", tmp_path, "--detector", eyes), "metadata.jsonl, line 1")
