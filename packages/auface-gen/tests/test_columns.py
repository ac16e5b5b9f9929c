import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.columns import COLUMNS, MIRROR, to_activations, to_vector
from facs_text import parse, resolve


def test_mirroring_twice_is_the_face_itself() -> None:
    assert (MIRROR[MIRROR] == np.arange(len(COLUMNS))).all()


@given(st.lists(st.sampled_from(COLUMNS), max_size=6, unique=True), st.data())
def test_vectors_and_activations_are_inverse(columns, data) -> None:
    vector = np.zeros(len(COLUMNS), np.float32)
    for column in columns:
        vector[COLUMNS.index(column)] = data.draw(st.floats(0.0625, 1, width=32))
    back, unknown = to_vector(to_activations(vector))
    assert (back == vector).all()
    assert unknown == ()


def test_a_coding_and_its_mirror_have_mirrored_vectors() -> None:
    coding = parse("L12D+R2B+T28C+6C+30L+61B")
    here, there = (
        to_vector(resolve(coding).activations)[0],
        to_vector(resolve(coding.mirror()).activations)[0],
    )
    assert (here[MIRROR] == there).all()
    assert here.sum() > 0


def test_left_stays_left() -> None:
    vector, _ = to_vector(resolve("L12D").activations)
    assert vector[COLUMNS.index(("AU12", "left"))] > 0
    assert vector[COLUMNS.index(("AU12", "right"))] == 0


def test_units_without_a_column_are_named() -> None:
    assert to_vector({"AU80": {"both": 0.5}})[1] == ("AU80",)


def test_a_wink_is_a_closed_eye() -> None:
    vector, unknown = to_vector({"AU46": {"left": 1.0}})
    assert unknown == ()
    assert vector[COLUMNS.index(("AU43", "left"))] == 1.0
