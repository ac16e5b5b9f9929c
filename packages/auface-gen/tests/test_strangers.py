"""Rigs and models by strangers: refused by name before anything is allocated."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from auface_gen import AUFace, AUFaceGenError
from auface_gen.generator.people_bank import read_bank
from auface_gen.generator.sampling import steady
from auface_gen.rig.face import Face
from auface_gen.rig.move import Rig


@pytest.mark.parametrize("name", ["neutral", "identity", "expression", "uv"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_of_a_rig_are_finite(name: str, value: float, made_up_arrays) -> None:
    arrays = made_up_arrays()
    arrays[name] = arrays[name].astype(np.float64)
    arrays[name].reshape(-1)[3] = value
    with pytest.raises(AUFaceGenError, match=f"'{name}' is not finite"):
        Rig.from_arrays(arrays)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("faces", lambda a: a * 0 - 99_999_999),
        ("faces", lambda a: a[:0]),
        ("faces", lambda a: a.astype(float)),
        ("face_uv", lambda a: a - 7),
        ("face_material", lambda a: a + 1),
        ("face_material", lambda a: a[:-1]),
        ("landmarks68", lambda a: a[:60]),
        ("landmarks68", lambda a: a * 0 - 1),
        ("materials", lambda a: np.array(["x"] * len(a))),
        ("materials", lambda a: np.arange(len(a))),
        ("materials", lambda a: np.full(len(a), 0x7FFFFFFF, np.uint32).view("<U1")),
        ("neutral", lambda a: a[:, :2]),
        ("uv", lambda a: a[:, :1]),
        ("expression_names", lambda a: a[:-1]),
        ("expression", lambda a: a.astype("U8")),
    ],
)
def test_arrays_of_a_rig_that_do_not_fit(name: str, change, made_up_arrays) -> None:
    arrays = made_up_arrays()
    arrays[name] = change(arrays[name])
    with pytest.raises(AUFaceGenError):
        Face.from_arrays(arrays)


def test_a_rig_that_claims_or_holds_too_much(tmp_path: Path) -> None:
    head = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 3)}
    np.lib.format.write_array_header_1_0(head, header)
    with zipfile.ZipFile(tmp_path / "rig.npz", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("neutral.npy", head.getvalue() + b"\0" * 4000)
    with pytest.raises(AUFaceGenError, match=r"rig\.npz is not a whole .*12000000000 bytes"):
        Face.load(tmp_path / "rig.npz")


def refused(folder: Path, part: str) -> None:
    with pytest.raises(ValueError, match=part) as caught:
        AUFace.from_pretrained(folder, device="cpu")
    assert type(caught.value).__name__ in ("AUFaceGenError", "VQTokenizerError")


def change(folder: Path, part: str, **fields: object) -> None:
    path = folder / "generator" / "config.json"
    config = json.loads(path.read_text())
    config["model"][part].update(fields)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("value", ["x", -1, 0, None, 10**6, 10**12, float("nan"), 1.5, []])
@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("transformer", ("grid", "cell", "num_codes", "width", "layers", "heads")),
        ("encoder", ("width", "layers", "heads", "vocabulary")),
    ],
)
def test_sizes_that_do_not_fit_the_file(own_model: Path, part: str, fields, value) -> None:
    path = own_model / "generator" / "config.json"
    good = path.read_text()
    for field in fields:
        change(own_model, part, **{field: value})
        refused(own_model, "generator")
        path.write_text(good)


@pytest.mark.parametrize("value", [None, [], 3, ["x"], [True]])
def test_what_is_shown_is_a_list_of_all_columns(own_model: Path, value: object) -> None:
    path = own_model / "generator" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shown": value}))
    refused(own_model, "shown must be")


@pytest.mark.parametrize("part", ["generator", "tokenizer"])
def test_weights_that_are_not_finite_or_no_weights(own_model: Path, part: str) -> None:
    path = own_model / part / "model.safetensors"
    good = load_file(path)
    name = max((n for n in good if good[n].is_floating_point()), key=lambda n: good[n].numel())
    save_file({**good, name: torch.full_like(good[name], float("inf"))}, path)
    refused(own_model, "not finite")
    save_file(good, path)
    (own_model / part / "config.json").write_text('{"a":' * 50_000)
    refused(own_model, "config.json")


def test_people_that_are_none(own_model: Path) -> None:
    names = own_model / "people" / "people.json"
    good = names.read_text()
    for text in ("[]", "{", "3", '[{"subject": "x"}]', '[{"file": "none.webp"}]'):
        names.write_text(text)
        refused(own_model, r"people\.json|none\.webp")
    names.write_text(good)
    (own_model / "people" / "0.webp").write_bytes(b"RIFF")
    model = AUFace.from_pretrained(own_model, device="cpu")
    with pytest.raises(AUFaceGenError, match=r"0\.webp is no picture"):
        model.generate("12C", identity_seed=0)


def test_a_model_of_0_1_0_is_refused_with_what_to_do(own_model: Path) -> None:
    (own_model / "reader").mkdir()
    with pytest.raises(AUFaceGenError, match=r"of 0\.1\.0.* auface train generator") as caught:
        AUFace.from_pretrained(own_model, device="cpu")
    assert "\n" not in str(caught.value)


def test_steady_arithmetic_ends_with_its_block() -> None:
    """What it is for, the same bits for any number of threads, depends on the machine and is not
    asked here; that it leaves nothing behind, also after an error, is.
    """
    before = torch._C._get_mkldnn_enabled()
    with steady():
        assert torch._C._get_mkldnn_enabled() is False
    assert torch._C._get_mkldnn_enabled() is before
    with pytest.raises(ZeroDivisionError), steady():
        _ = 1 // 0
    assert torch._C._get_mkldnn_enabled() is before


@pytest.mark.parametrize("file", ["../secret.webp", "..", "deep/er.webp", "ABSOLUTE"])
def test_people_are_files_of_their_folder(file: str, own_model: Path) -> None:
    secret = own_model / "secret.webp"
    secret.write_bytes((own_model / "people" / "0.webp").read_bytes())
    (own_model / "people" / "deep").mkdir()
    (own_model / "people" / "deep" / "er.webp").write_bytes(secret.read_bytes())
    names = json.loads((own_model / "people" / "people.json").read_text())
    names[1]["file"] = file.replace("ABSOLUTE", str(secret))
    (own_model / "people" / "people.json").write_text(json.dumps(names))
    with pytest.raises(AUFaceGenError, match=r"people\.json: .* is no file of its folder"):
        read_bank(own_model / "people")


def test_a_list_of_people_that_is_too_deep_is_named(own_model: Path) -> None:
    (own_model / "people" / "people.json").write_text("[" * 200_000)
    with pytest.raises(AUFaceGenError, match=r"people\.json is not a list of people"):
        read_bank(own_model / "people")
