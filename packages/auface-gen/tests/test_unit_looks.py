"""What each unit does to the real rig's face, at the landmarks that show it.

Lengths are cm. Landmarks are iBUG's: brows 17 to 26, eyes 36 to 47, lips 48 to 67.
"""

from __future__ import annotations

import numpy as np
import pytest

from auface_gen.picture.people import Person
from auface_gen.picture.rest_pose import RestMeter, rest_table, wanted_rest
from auface_gen.picture.resting import resting_face
from auface_gen.rig.move import Rig
from facs_text import resolve


@pytest.fixture(scope="module")
def faces(real: Rig) -> list[np.ndarray]:
    return [resting_face(real, Person.from_seed(s)) for s in (3, 5, 12)]


def shift(rig: Rig, rest: np.ndarray, codes: str) -> np.ndarray:
    """(68, 3) how far each landmark goes."""
    moved = rig.move(rest, resolve(codes).activations)
    return rig.landmarks(moved) - rig.landmarks(rest)


def gap(rig: Rig, rest: np.ndarray, codes: str) -> float:
    """How much further the lips are apart, at their middle and beside it."""
    by = shift(rig, rest, codes)
    return float((by[[61, 62, 63], 1] - by[[67, 66, 65], 1]).mean())


def test_landmarks_are_the_kits_and_in_order(real: Rig) -> None:
    lm = real.landmarks(real.neutral)
    assert lm.shape == (68, 3)
    assert (np.diff(lm[:17, 0]) > 0).all()  # the jaw, from the face's right to its left
    assert lm[17:27, 1].min() > lm[36:48, 1].max() > lm[31, 1] > lm[48:68, 1].max() > lm[8, 1]


def test_people_at_rest_have_brows_and_lids_where_people_have_them(real: Rig) -> None:
    meter, table = RestMeter(real), rest_table()
    people = [Person.from_seed(seed) for seed in range(16)]
    found = [meter.measure(resting_face(real, p), p) for p in people]
    for name, row in {**table["measures"], **table["checked"]}.items():
        values = np.array([one[name] for one in found])
        if row["published"]:
            assert row["published"]["low"] <= values.mean() <= row["published"]["high"], name
    for person, one in zip(people, found, strict=True):
        wanted = wanted_rest(person)
        assert -1.0 < one["brow"] - wanted["brow"] < 3.0  # a brow is moved by 8 mm at the most
        assert abs(one["mrd1"] - wanted["mrd1"]) < 0.8
        assert abs(one["mrd2"] - wanted["mrd2"]) < 0.8
    near = [abs(f["brow"] - wanted_rest(p)["brow"]) < 1 for p, f in zip(people, found, strict=True)]
    assert sum(near) >= 12
    assert len({round(one["mrd1"], 1) for one in found}) > 5  # people differ


def test_lowered_brows_come_down_and_together(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        by = shift(real, rest, "4D")
        assert (by[[21, 22, 20, 23], 1] < -0.25).all()
        assert by[22, 0] < -0.25
        assert by[21, 0] > 0.25


def test_oblique_brows_show_both_units(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        by = shift(real, rest, "1D+4D")
        assert (by[[21, 22], 1] > 0.15).all()
        assert (by[[18, 25], 1] < by[[21, 22], 1] - 0.2).all()
        assert by[22, 0] < -0.2
        assert by[21, 0] > 0.2


def test_a_dropped_jaw_leaves_the_brows(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        assert np.abs(shift(real, rest, "27E")[17:27]).max() < 0.01


def test_stretched_corners_go_straight_back(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        by = shift(real, rest, "20D")
        assert by[54, 0] > 0.4
        assert by[48, 0] < -0.4
        assert (np.abs(by[[48, 54], 1]) < 0.12).all()


def test_a_wrinkled_nose_is_no_raised_lip(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        nose, lip = shift(real, rest, "9D"), shift(real, rest, "10D")
        assert (nose[[31, 35], 1] > 0.3).all()
        assert (nose[[21, 22], 1] < -0.2).all()
        assert nose[51, 1] < 0.5 * lip[51, 1]
        assert np.abs(lip[[21, 22], 1]).max() < 0.02
        assert (lip[[50, 52], 1] > lip[[48, 54], 1] + 0.1).all()  # its middle, not its corners


@pytest.mark.parametrize("unit", ["9", "10"])
def test_teeth_are_bared_with_parted_lips_only(
    real: Rig, faces: list[np.ndarray], unit: str
) -> None:
    for rest in faces:
        alone, parted = gap(real, rest, f"{unit}D"), gap(real, rest, f"{unit}D+25C")
        assert alone < 0.12
        assert parted > alone + 0.2


def test_raised_cheeks_close_the_eye_less_than_tight_lids(
    real: Rig, faces: list[np.ndarray]
) -> None:
    for rest in faces:
        cheek, lid = shift(real, rest, "6E"), shift(real, rest, "7E")
        narrowed = [by[[43, 44], 1].mean() - by[[46, 47], 1].mean() for by in (cheek, lid)]
        assert 0 > narrowed[0] > 0.6 * narrowed[1]
        moved = real.move(rest, resolve("6E").activations) - rest
        cheeks = np.linalg.norm(real.neutral - [4.1, 1.0, 8.8], axis=1) < 0.6
        assert moved[cheeks, 1].max() > 0.4


def test_one_sided_smiles_leave_the_middle(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        by = shift(real, rest, "R12D")
        assert by[48, 1] > 0.5
        assert np.abs(by[[51, 62, 66, 57], 1]).max() < 0.15


@pytest.mark.parametrize("codes", ["12D+15D", "12D+15C"])
def test_a_curbed_smile_is_drawn_out_with_its_tips_down(
    real: Rig, faces: list[np.ndarray], codes: str
) -> None:
    for rest in faces:
        both, smile = shift(real, rest, codes), shift(real, rest, "12D")
        assert (both[[49, 53], 1] > 0.1).all()  # the lip beside the corner goes up
        assert both[54, 0] > 0.4
        assert (both[[48, 54], 1] < smile[[48, 54], 1] - 0.25).all()
        dip = (both[[49, 53], 1] - both[[48, 54], 1]) - (smile[[49, 53], 1] - smile[[48, 54], 1])
        assert (dip > 0.2).all()  # the tip is bent down against the lip


def test_a_raised_chin_pushes_the_lower_lip_up_and_out(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        by = shift(real, rest, "17D")
        assert (by[[8, 57], 1] > 0.4).all()
        assert (by[[8, 57], 2] > 0.2).all()


@pytest.mark.parametrize("codes", ["51D", "52C", "53D", "54D", "55D"])
def test_the_crop_follows_the_head_and_rows_say_where_it_is(real: Rig, codes: str) -> None:
    render = pytest.importorskip("auface_gen.picture.render")
    pytest.importorskip("mitsuba")
    from auface_gen.corpus.shard import landmarks_of
    from auface_gen.picture.people import Light
    from auface_gen.picture.skin import SkinMap

    render.mitsuba("scalar_rgb")
    sitting = render.Sitting(
        real,
        render.RigMeshes(real),
        SkinMap.build(real, 64),
        Person.from_seed(2),
        Light.from_seed(2),
        size=100,
        samples=1,
    )
    still, turned = (landmarks_of(sitting, a) for a in ({}, resolve(codes).activations))
    here, there = np.array(still["landmarks"]), np.array(turned["landmarks"])
    assert here.shape == (68, 2)
    assert np.abs(here[36:48].mean(0) - there[36:48].mean(0)).max() < 2
    inside = there[17:]  # all but the jaw, whose far side may leave the picture
    assert (inside > 5).all()
    assert (inside < 102).all()
    assert here[39, 0] < here[42, 0]  # the face's right is at the picture's left
    assert max(abs(v) for v in turned["head_pose"].values()) > 8
