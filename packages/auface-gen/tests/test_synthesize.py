import numpy as np
import pytest

from auface_gen.people import Light, Person
from auface_gen.synthesize import HELD_OUT_PAIRS, draw_codings, split_of
from facs_text import RIG_UNITS, resolve


@pytest.fixture(scope="module")
def drawn() -> list:
    return draw_codings(np.random.default_rng(0), 1500)


def test_held_out_pairs_never_occur_in_training(drawn: list) -> None:
    for coding in drawn:
        units = {a.code for a in coding} | {a.code for a in resolve(coding).coding}
        assert not any(pair <= units for pair in HELD_OUT_PAIRS), str(coding)


def test_held_out_pairs_do_occur_in_the_test_split() -> None:
    codings = draw_codings(np.random.default_rng(0), 400, held_out=True)
    share = np.mean([any(p <= {a.code for a in c} for p in HELD_OUT_PAIRS) for c in codings])
    assert 0.2 < share < 0.5


def test_every_unit_side_and_level_is_drawn(drawn: list) -> None:
    seen = {(a.code, a.level) for c in drawn for a in c}
    units = {code for code, _ in seen}
    assert units >= set(RIG_UNITS) - {"30", "45", "46", "51", "52", "53", "54", "55", "56"} - {
        "8",
        "32",
    }
    assert {a.side for c in drawn for a in c} >= {"both", "left", "right", "top", "bottom"}
    assert {level for code, level in seen if code == "12"} == {1, 2, 3, 4, 5}


def test_all_drawn_codings_resolve(drawn: list) -> None:
    for coding in drawn[:300]:
        values = [v for s in resolve(coding).activations.values() for v in s.values()]
        assert all(0 < v <= 1 for v in values)


def test_the_same_seed_draws_the_same() -> None:
    assert draw_codings(np.random.default_rng(5), 20) == draw_codings(np.random.default_rng(5), 20)
    assert Person.from_seed(3) == Person.from_seed(3) != Person.from_seed(4)
    assert Light.from_seed(3) == Light.from_seed(3) != Light.from_seed(4)


def test_splits_hold_one_in_ten() -> None:
    splits = [split_of(i) for i in range(100)]
    assert splits.count("valid") == splits.count("test") == 10
