import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.columns import COLUMNS, MIRROR, UNITS, to_activations, to_vector
from auface_gen.errors import AUFaceGenError
from auface_gen.rig.face import _ARRAYS
from auface_gen.rig.facexmodel import (
    _UNLISTED,
    KNOWN_MEAN_FACES,
    mean_face_digest,
    read_folder,
)
from auface_gen.rig.move import Rig
from auface_gen.rig.region_maps import region_maps
from auface_gen.rig.units import shape_weights, unit_table
from facs_text import parse, resolve


def test_every_unit_that_facs_text_promises_is_in_the_table(rig: Rig) -> None:
    for code in UNITS:
        activations = resolve(parse(f"{code}D" if code != "30" else "30L")).activations
        moved = np.abs(rig.move(rig.neutral, activations) - rig.neutral).max() > 0
        assert moved or rig.pose(activations) != rig.pose({}), code


def _mirrored(weights: dict[str, float]) -> dict[str, float]:
    swap = {"_L": "_R", "_R": "_L"}
    pairs = {"jawLeft": "jawRight", "jawRight": "jawLeft"}
    return {
        pairs.get(k, k[:-2] + swap[k[-2:]] if k[-2:] in swap else k): v for k, v in weights.items()
    }


_PLAIN = [i for i, (u, _) in enumerate(COLUMNS) if u not in ("AU61", "AU62")]


@given(st.lists(st.sampled_from(_PLAIN), max_size=5, unique=True), st.floats(0.1, 1))
def test_mirrored_units_move_mirrored_shapes(columns: list[int], amount: float) -> None:
    vector = np.zeros(len(COLUMNS), np.float32)
    vector[columns] = amount
    here, there = (
        shape_weights(to_activations(vector)),
        shape_weights(to_activations(vector[MIRROR])),
    )
    assert _mirrored(here).keys() == there.keys()
    assert all(there[k] == pytest.approx(v) for k, v in _mirrored(here).items())


def test_shut_lids_do_not_pass_through_the_eye() -> None:
    both = shape_weights(resolve("43E+7E").activations)
    assert both["eyeBlink_L"] <= 1.15
    assert both.get("eyeSquint_L", 0) < 0.2
    assert shape_weights({"AU43": {"left": 1.0}, "AU64": {"both": 1.0}})["eyeBlink_L"] < 1


@pytest.mark.parametrize("mode", ["warn", "off"])
@pytest.mark.parametrize("codes", ["43", "45", "46", "L46", "R46", "43E", "43+45", "45+L46"])
def test_lids_close_once(codes: str, mode: str) -> None:
    """A blink and a wink are told as closed lids too: one movement, made once."""
    for raw in (False, True):
        weights = shape_weights(resolve(codes, mode).activations, raw=raw)
        assert max(weights.get(f"eyeBlink_{letter}", 0.0) for letter in "LR") == 1.0
    blink, closed = resolve("45").activations, resolve("43E").activations
    assert {k: v for k, v in shape_weights(blink).items() if v} == shape_weights(closed)
    wink = shape_weights(resolve("R46").activations)
    assert wink["eyeBlink_R"] == 1.0
    assert not wink.get("eyeBlink_L")


def test_pressed_lips_stay_together_when_the_jaw_drops() -> None:
    assert (
        shape_weights({"AU24": {"top": 0.8, "bottom": 0.8}, "AU26": {"both": 1.0}})["mouthClose"]
        > 0
    )
    assert "mouthClose" not in shape_weights({"AU26": {"both": 1.0}})


def test_gaze_turns_the_eyes_and_head_units_turn_the_head(rig: Rig) -> None:
    moved = rig.move(rig.neutral, {"AU61": {"both": 1.0}})
    assert np.abs(moved[rig.eyes[0]] - rig.neutral[rig.eyes[0]]).max() > 0.01
    assert rig.pose({"AU51": {"both": 1.0}}).yaw > 0 > rig.pose({"AU52": {"both": 1.0}}).yaw


def test_unknown_units_and_sides_are_refused() -> None:
    with pytest.raises(AUFaceGenError, match="AU99"):
        shape_weights({"AU99": {"both": 1.0}})
    with pytest.raises(AUFaceGenError, match="AU12 has no side 'top'"):
        shape_weights({"AU12": {"top": 1.0}})


@pytest.mark.parametrize("name", sorted(_ARRAYS))
def test_a_missing_or_wrong_array_is_named(name: str, made_up_arrays) -> None:
    arrays = made_up_arrays()
    whole = arrays.pop(name)
    with pytest.raises(AUFaceGenError, match=name):
        Rig.from_arrays(arrays)
    with pytest.raises(AUFaceGenError, match=name):
        Rig.from_arrays({**arrays, name: whole[None]})


def test_another_topology_is_refused(made_up_arrays) -> None:
    arrays = made_up_arrays()
    with pytest.raises(AUFaceGenError, match="expression"):
        Rig.from_arrays({**arrays, "expression": arrays["expression"][:, :-1]})
    with pytest.raises(AUFaceGenError, match="past the"):
        Rig.from_arrays({**arrays, "faces": arrays["faces"] + 10_000})


def test_files_that_are_missing_or_cut_are_named(tmp_path: Path, made_up_arrays) -> None:
    with pytest.raises(AUFaceGenError, match="clone the public repository"):
        Rig.load(tmp_path / "none.npz")
    np.savez(tmp_path / "rig.npz", **made_up_arrays())
    assert len(Rig.load(tmp_path / "rig.npz").neutral) == 400
    data = (tmp_path / "rig.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(AUFaceGenError, match="cut.npz is not a whole"):
        Rig.load(tmp_path / "cut.npz")
    with pytest.raises(AUFaceGenError, match=r"vertex_indices.json is missing"):
        Rig.load(tmp_path)


def _write_folder(folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A published folder in small: made-up arrays as .obj files, as many as the kit has."""
    rng = np.random.default_rng(1)
    count = len(arrays["neutral"])
    arrays["identity"] = rng.normal(0, 0.1, (100, count, 3))
    arrays["expression_names"] = np.array(sorted({*arrays["expression_names"], *_UNLISTED}))
    arrays["expression"] = rng.normal(0, 0.3, (len(arrays["expression_names"]), count, 3))
    arrays["faces"][:] = np.arange(480).reshape(120, 4) % 60
    arrays["faces"][::5, 3] = -1
    folder.mkdir()
    tail = [f"vt {u:.6f} {v:.6f}" for u, v in arrays["uv"]]
    order = np.argsort(arrays["face_material"], kind="stable")
    last = -1
    for q in order:
        if arrays["face_material"][q] != last:
            last = arrays["face_material"][q]
            tail.append(f"usemtl {arrays['materials'][last]}")
        tail.append("f " + " ".join(f"{v + 1}/{v + 1}" for v in arrays["faces"][q] if v >= 0))

    def write(name: str, vertices: np.ndarray) -> None:
        (folder / name).write_text(
            "\n".join([f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices] + tail) + "\n"
        )

    write("generic_neutral_mesh.obj", arrays["neutral"])
    for i, mode in enumerate(arrays["identity"]):
        write(f"identity{i:03d}.obj", arrays["neutral"] + mode)
    for name, shape in zip(arrays["expression_names"], arrays["expression"], strict=True):
        write(f"{name}.obj", arrays["neutral"] + shape)
    names = [str(n) for n in arrays["expression_names"] if n not in _UNLISTED]
    (folder / "vertex_indices.json").write_text(
        json.dumps({"expressions": names, "idx_to_landmark_verts": list(range(60)) + [0] * 8})
    )
    return arrays


def test_the_published_folder_is_read(tmp_path: Path, made_up_arrays) -> None:
    arrays = _write_folder(tmp_path / "FaceXModel", made_up_arrays(60))
    rig = Rig.load(tmp_path / "FaceXModel")
    np.testing.assert_allclose(rig.neutral, arrays["neutral"], atol=1e-5)
    np.testing.assert_allclose(
        rig.shapes["jawOpen"],
        arrays["expression"][list(arrays["expression_names"]).index("jawOpen")],
        atol=1e-5,
    )
    assert (rig.faces[:, 3] == -1).sum() == 24


def test_a_published_folder_with_faults_is_named(tmp_path: Path, made_up_arrays) -> None:
    folder = tmp_path / "FaceXModel"
    _write_folder(folder, made_up_arrays(60))
    jaw = folder / "jawOpen.obj"
    whole = jaw.read_text()
    jaw.write_text(whole[:500])
    with pytest.raises(AUFaceGenError, match="jawOpen.obj has .* cut short"):
        read_folder(folder)
    jaw.write_text(whole.replace("v ", "v x", 1))
    with pytest.raises(AUFaceGenError, match="jawOpen.obj:1: expected 3 numbers"):
        read_folder(folder)
    lines = whole.splitlines()
    jaw.write_text("\n".join(lines[:-7]) + "\n")
    with pytest.raises(
        AUFaceGenError, match=r"jawOpen.obj has 11\d faces, .* has 120: one of them"
    ):
        read_folder(folder)
    jaw.write_text(whole[: whole.rindex(" ")])  # within the last face
    with pytest.raises(AUFaceGenError, match=r"jawOpen.obj:\d+: the face .*another topology"):
        read_folder(folder)
    jaw.unlink()
    with pytest.raises(AUFaceGenError, match="jawOpen"):
        read_folder(folder)
    jaw.write_text(whole)
    (folder / "identity001.obj").unlink()
    with pytest.raises(AUFaceGenError, match=r"1 are missing: identity001\.obj; copy"):
        read_folder(folder)
    for i in range(92, 100):  # the last ones, so that there is no gap
        (folder / f"identity{i:03d}.obj").rename(folder / f"kept{i}.bak")
    with pytest.raises(AUFaceGenError, match=r"9 are missing: identity001\.obj, identity092\.obj"):
        read_folder(folder)
    for i in range(92, 100):
        (folder / f"kept{i}.bak").rename(folder / f"identity{i:03d}.obj")
    shutil.copy(folder / "identity000.obj", folder / "identity001.obj")
    (folder / "generic_neutral_mesh.obj").write_text("v 0 0 0\n")
    with pytest.raises(AUFaceGenError, match="cut short"):
        read_folder(folder)


def test_the_mean_face_has_a_digest_of_all_its_arrays(made_up_arrays) -> None:
    arrays = made_up_arrays(60)
    given = mean_face_digest(arrays)
    assert given == mean_face_digest({**arrays, "identity": arrays["identity"] + 1})
    assert given not in KNOWN_MEAN_FACES
    for name in ("neutral", "faces", "uv", "face_uv", "face_material", "landmarks68"):
        assert given != mean_face_digest({**arrays, name: arrays[name][::-1]}), name
    assert given != mean_face_digest({**arrays, "materials": arrays["materials"][::-1]})


def test_the_table_keeps_to_its_form() -> None:
    table = unit_table()
    for shapes in table["sided"].values():
        assert all("{S}" in name for name in shapes)


def test_the_prior_covers_every_column(rig: Rig) -> None:
    maps = region_maps(rig, 8)
    assert maps.shape == (len(COLUMNS), 8, 8)
    assert maps.min() >= 0
    assert np.allclose(maps.max((1, 2)), 1)


def test_vectors_are_what_the_rig_takes(rig: Rig) -> None:
    vector, _ = to_vector(resolve("12D+15B").activations)
    assert np.allclose(
        rig.offset(to_activations(vector)), rig.offset(resolve("12D+15B").activations), atol=1e-5
    )
