"""Correctives on a made-up rig and, where there is ICT-FaceKit, on the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auface_gen.codings.unresolved import unresolved
from auface_gen.columns import COLUMNS, MIRROR, to_activations, to_vector
from auface_gen.picture.people import Person
from auface_gen.rig.collisions import Contact, ContactMeter
from auface_gen.rig.move import Rig
from auface_gen.rig.units import shape_weights
from facs_text import parse, resolve

_HARD = ("43E", "7E", "17E", "18E", "24E", "28E", "23D+15D", "24D+26D", "18D+22D", "12E+25D+26C")


@pytest.fixture(scope="module")
def faces(real: Rig) -> list[np.ndarray]:
    """The mean face and two people."""
    people = [np.array(Person.from_seed(s).coefficients, np.float32) for s in (3, 6)]
    return [real.neutral, *(real.person(c) for c in people)]


def test_unresolved_units_are_at_their_coded_levels() -> None:
    seen = unresolved(parse("L12C+24D+26E"))
    assert seen == {
        "AU12": {"left": 0.6},
        "AU24": {"top": 0.8, "bottom": 0.8},
        "AU26": {"both": 1.0},
    }


def test_an_unscored_unit_counts_and_an_unsaid_side_is_one_the_rig_has(rig: Rig) -> None:
    assert unresolved(parse("12")) == {"AU12": {"left": 0.6, "right": 0.6}}
    seen = unresolved(parse("U14C"))
    assert seen == {"AU14": {"left": 0.6}}
    assert rig.offset(seen, raw=True).any()
    assert unresolved(parse("0")) == unresolved(parse("50")) == {}


_CODES = ("12D+15D", "5D+43E", "24D+27D", "L10C+17E", "16D+17D", "22D+28D")


@pytest.mark.parametrize("codes", _CODES)
def test_raw_is_the_sum_of_its_units(rig: Rig, codes: str) -> None:
    apart = [unresolved(parse(c)) for c in codes.split("+")]
    whole = rig.move(rig.neutral, unresolved(parse(codes)), raw=True)
    total = rig.neutral + sum(rig.move(rig.neutral, a, raw=True) - rig.neutral for a in apart)
    np.testing.assert_allclose(whole, total, atol=1e-4)


def test_raw_is_linear_in_the_level(rig: Rig) -> None:
    half = rig.offset({"AU43": {"left": 0.5}, "AU5": {"left": 0.25}}, raw=True)
    full = rig.offset({"AU43": {"left": 1.0}, "AU5": {"left": 0.5}}, raw=True)
    np.testing.assert_allclose(2 * half, full, atol=1e-5)


@given(st.floats(1e-6, 1e-3))
def test_lips_are_sealed_by_degrees(little: float) -> None:
    open_jaw = {"AU26": {"both": 1.0}}
    before = shape_weights(open_jaw).get("mouthClose", 0.0)
    after = shape_weights({**open_jaw, "AU24": {"top": little}})["mouthClose"]
    assert after - before <= 2 * little


def test_contacts_add() -> None:
    both = Contact(1, 2, 3, 4) + Contact(lips=1)
    assert both == Contact(2, 2, 3, 4)
    assert both.total == 11


def test_rest_is_left_as_it_is(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        assert (real.move(rest, {}) == rest).all()
        none = dict.fromkeys(real.shapes, 0.0)
        assert (real.correctives.apply(rest, rest, none) == rest).all()


def test_hard_codings_touch_less_with_correctives(real: Rig, faces: list[np.ndarray]) -> None:
    meter = ContactMeter(real)
    before = after = Contact()
    for rest in faces:
        for codes in _HARD:
            seen = resolve(codes).activations
            one = meter.count(real.turn_eyes(rest + real.offset(seen), seen))
            two = meter.count(real.move(rest, seen))
            assert two.lips <= one.lips, codes
            assert two.teeth <= one.teeth, codes
            assert two.lids <= one.lids, codes
            assert two.eyes <= one.eyes, codes
            before, after = before + one, after + two
    assert after.lips < 0.2 * before.lips
    assert after.lids + after.eyes < 0.5 * (before.lids + before.eyes)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(0, len(COLUMNS) - 1), min_size=1, max_size=5, unique=True),
    st.integers(0, 2**16),
)
def test_a_small_change_moves_vertices_a_little(real: Rig, columns: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    vector = np.zeros(len(COLUMNS), np.float32)
    vector[columns] = rng.uniform(0.05, 0.95, len(columns))
    here = real.move(real.neutral, to_activations(vector))
    step = 1e-3
    vector[columns] += step * rng.choice([-1, 1], len(columns)).astype(np.float32)
    there = real.move(real.neutral, to_activations(vector))
    # a unit at E moves a vertex by less than 4 cm; correctives may double and add to that
    assert np.abs(here - there).max() < step * 15 * len(columns)


def test_a_unit_that_sets_in_moves_no_vertex_at_once(real: Rig, faces: list[np.ndarray]) -> None:
    for rest in faces:
        for unit in ("AU12", "AU24", "AU26", "AU43", "AU64", "AU28"):
            sides = next(s for u, s in COLUMNS if u == unit)
            moved = real.move(rest, {unit: {sides: 1e-4}})
            assert np.abs(moved - rest).max() < 2e-3, unit


def test_the_same_activations_give_the_same_bytes(real: Rig, kit: Path) -> None:
    again = Rig.load(kit)
    for codes in ("12E+25D+26C", "24D+26D", "43D+64D"):
        seen = resolve(codes).activations
        assert (real.move(real.neutral, seen) == again.move(again.neutral, seen)).all()


@pytest.fixture(scope="module")
def twins(real: Rig) -> tuple[np.ndarray, np.ndarray]:
    """Skin vertices that have a twin on the other side of the mean face, and the twins."""
    skin = np.unique(real.faces[real.face_material == real.materials.index("M_Face")])
    skin = skin[skin >= 0]
    key = {tuple(p): v for v, p in zip(skin, np.round(real.neutral[skin], 3).tolist(), strict=True)}
    pairs = [(v, key.get((-x if x else x, y, z))) for (x, y, z), v in key.items()]
    both = np.array([(v, w) for v, w in pairs if w is not None])
    return both[:, 0], both[:, 1]


@pytest.mark.parametrize("codes", ["L12D", "L43E+L7C", "L10D+L14C", "17D+L13D", "24D+L12C"])
def test_mirrored_activations_give_the_mirrored_face(
    real: Rig, twins: tuple[np.ndarray, np.ndarray], codes: str
) -> None:
    here, there = twins
    assert len(here) > 5000
    vector, _ = to_vector(resolve(codes).activations)
    one = real.move(real.neutral, to_activations(vector))
    other = real.move(real.neutral, to_activations(vector[MIRROR]))
    error = np.abs(other[there] - one[here] * [-1, 1, 1]).max(1)
    assert np.quantile(error, 0.99) < 0.02
    assert error.max() < 0.1


@pytest.mark.parametrize("codes", ["6E+7E", "6E+7E+9E", "6D+7B+12D", "7E+64E", "4E+6E+7E+9E+10E"])
def test_only_closing_the_eyes_shuts_them(real: Rig, faces: list[np.ndarray], codes: str) -> None:
    lids = real.landmarks68[[43, 44, 38, 37]], real.landmarks68[[47, 46, 40, 41]]

    def opening(face: np.ndarray) -> np.ndarray:
        return (face[lids[0], 1] - face[lids[1], 1]).reshape(2, 2).mean(1)

    for face in faces:
        rest = opening(face)
        narrowed = opening(real.move(face, resolve(codes).activations)) / rest
        shut = opening(real.move(face, resolve(f"{codes}+43E").activations)) / rest
        assert (narrowed > 0.28).all()
        assert (narrowed < 0.6).all()
        assert (shut < 0.15).all()
