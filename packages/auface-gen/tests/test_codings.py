"""The mixture of codings: what is drawn, what never is, and how often."""

from collections import Counter

import numpy as np
import pytest

from auface_gen.codings.decks import _shuffled, _strata_deck, strata
from auface_gen.codings.mixture import (
    CONFLICT_FOLDS,
    CONFLICTS,
    HELD_OUT_PAIRS,
    SHARES,
    SHOWN,
    Plan,
    _pack,
    allowed,
    draw_codings,
    marked_conflicts,
)
from auface_gen.codings.spontaneous import BP4D_RATES, STRATA, draw_spontaneous
from auface_gen.columns import UNITS
from facs_text import PRESETS, Action, Coding, resolve
from facs_text._resolve import rules
from facs_text.corpus import split_of_number

Dealt = list[tuple[str, Coding]]


@pytest.fixture(scope="module")
def dealt() -> Dealt:
    """The training part of the default corpus: 240 people, two sittings of 20."""
    plan = Plan(0)
    people = [p for p in range(300) if split_of_number(p) == "train"]
    return [pair for p in people for s in (0, 1) for pair in plan.sitting(2 * p + s, 20, 20)]


def held(coding: Coding) -> bool:
    units = {a.code for a in coding} | {a.code for a in resolve(coding).coding}
    return any(pair <= units for pair in HELD_OUT_PAIRS)


def test_held_out_pairs_never_occur_in_training(dealt: Dealt) -> None:
    assert not [str(coding) for _, coding in dealt if held(coding)]
    assert not any(held(c) for c in draw_codings(np.random.default_rng(0), 1000))


def test_held_out_pairs_do_occur_in_the_test_split() -> None:
    plan = Plan(0)
    test = [pair for i in range(60) for pair in plan.sitting(i, 20, 20, held_out=True)]
    counts = Counter(
        pair for _, coding in test for pair in HELD_OUT_PAIRS if pair <= {a.code for a in coding}
    )
    assert min(counts[pair] for pair in HELD_OUT_PAIRS) >= 20
    drawn = draw_codings(np.random.default_rng(0), 400, held_out=True)
    assert 0.2 < np.mean([held(c) for c in drawn]) < 0.5


def test_held_out_pairs_leave_presets_and_bp4d_whole() -> None:
    for pair in HELD_OUT_PAIRS:
        assert not pair <= set(BP4D_RATES)
        assert not any(pair <= {a.code for a in p.coding} for p in PRESETS.values())


def test_marked_conflicts_can_be_left_out_a_fold_at_a_time(dealt: Dealt) -> None:
    """In each both give way by the rules; a fold is a small share, and its units stay well covered.

    That no unit is lost with a fold matters: a generator must know both units of a pair it has
    never seen together.
    """
    for fold in CONFLICT_FOLDS:
        left = [c for _, c in dealt if not set(fold) & set(marked_conflicts(c))]
        assert 0.8 < len(left) / len(dealt) < 0.95
        units = Counter(a.code for c in left for a in c)
        for pair in fold:
            a, b = pair.split("+")
            assert min(units[a], units[b]) > 100
            stands = resolve(Coding.from_actions([Action(a, "both", 4), Action(b, "both", 4)]))
            assert all(max(stands.activations[f"AU{c}"].values()) < 0.8 for c in (a, b)), pair


def test_each_test_person_is_asked_for_each_marked_conflict() -> None:
    plan = Plan(0)
    pairs = sorted(pair for fold in CONFLICT_FOLDS for pair in fold)
    for person in range(30):
        sittings = (plan.sitting(2 * person + s, 20, 20, held_out=True) for s in (0, 1))
        marked = [c for asked in sittings for kind, c in asked if kind == "marked conflict"]
        assert sorted(pair for c in marked for pair in marked_conflicts(c)) == pairs
        assert min(a.level for c in marked for a in c) >= 2


def test_conflicts_are_those_of_the_rules() -> None:
    found = {
        frozenset((r["a"], r["b"])) for k in ("antagonists", "alternatives") for r in rules()[k]
    }
    shown = {pair for pair in found if len(pair) == 2 and pair <= set(SHOWN)}
    assert {frozenset(c.split("+")) for c in CONFLICTS} == shown - set(HELD_OUT_PAIRS)
    assert shown & set(HELD_OUT_PAIRS) == {frozenset(("1", "9")), frozenset(("18", "20"))}


def test_shares_are_kept(dealt: Dealt) -> None:
    kinds = Counter(kind for kind, _ in dealt)
    for kind, cards in SHARES.items():
        assert kinds[kind] / len(dealt) == pytest.approx(cards / 50, abs=0.01)


def test_every_unit_level_and_side_has_examples(dealt: Dealt) -> None:
    sides = Counter((a.code, a.side) for _, coding in dealt for a in coding)
    levels = Counter((a.code, a.level) for _, coding in dealt for a in coding)
    assert {code for code, _ in sides} == set(SHOWN)
    assert set(SHOWN) <= set(UNITS)
    assert min(sides.values()) >= 60
    assert min(levels.values()) >= 15
    assert len(levels) == 5 * len(SHOWN)
    alone = Counter(str(coding) for kind, coding in dealt if kind == "single")
    assert min(alone.values()) >= 1
    assert len(alone) == 5 * (16 * 3 + 2 + 2 * 3 + 9 + 4)


def test_conflicts_meet_at_every_level(dealt: Dealt) -> None:
    seen: dict[str, set[tuple[int, int]]] = {c: set() for c in CONFLICTS}
    count: Counter[str] = Counter()
    for kind, coding in dealt:
        at = {a.code: a.level for a in coding}
        for pair in CONFLICTS:
            a, b = pair.split("+")
            if a in at and b in at:
                count[pair] += 1
                if kind == "conflict":
                    seen[pair].add((at[a], at[b]))
    assert min(count[c] for c in CONFLICTS) >= 25
    assert min(len(levels) for levels in seen.values()) >= 15


def test_spontaneous_codings_come_at_bp4ds_rates() -> None:
    """Of those that are kept, since codings with a held-out pair are drawn anew."""
    rng = np.random.default_rng(0)
    drawn = [coding for _ in range(16_000) if allowed(coding := draw_spontaneous(rng))]
    stands = [{a.code for a in resolve(coding).coding} for coding in drawn]
    for code, rate in BP4D_RATES.items():
        assert np.mean([code in s for s in stands]) == pytest.approx(rate, abs=0.01), code
    together = np.mean([{"6", "12"} <= s for s in stands])
    assert together > 1.3 * BP4D_RATES["6"] * BP4D_RATES["12"]
    apart = np.mean([{"12", "15"} <= s for s in stands])
    assert apart < BP4D_RATES["12"] * BP4D_RATES["15"]


def test_the_default_corpus_has_bp4ds_rates(dealt: Dealt) -> None:
    part = [{a.code for a in resolve(c).coding} for kind, c in dealt if kind == "spontaneous"]
    for code, rate in BP4D_RATES.items():
        assert np.mean([code in s for s in part]) == pytest.approx(rate, abs=0.0125), code


def test_strata_are_each_dealt_once() -> None:
    deck = np.array([strata(0, rank)[0] for rank in range(1000, 2000)])
    assert deck.shape == (1000, STRATA)
    assert (np.sort(deck, axis=0) == np.arange(1000)[:, None]).all()


def test_something_stands_of_every_coding(dealt: Dealt) -> None:
    assert all(resolve(coding).coding for _, coding in dealt)
    for pair in ("61+62", "63+64"):
        a, b = pair.split("+")
        levels = {
            (at[a], at[b])
            for kind, coding in dealt
            if kind == "conflict" and {a, b} <= (at := {x.code: x.level for x in coding}).keys()
        }
        assert len(levels) >= 15
        assert all(one != other for one, other in levels)


def test_a_plan_that_is_kept_is_the_plan_that_is_drawn() -> None:
    """The decks that are kept between sittings hold what was shuffled without them."""
    kept = [Plan(2).sitting(i, 20, 20) for i in (0, 31, 1)]
    for deck in (_pack, _shuffled, _strata_deck):
        deck.cache_clear()
    assert [Plan(2).sitting(i, 20, 20) for i in (0, 31, 1)] == kept


def test_all_drawn_codings_resolve(dealt: Dealt) -> None:
    for _, coding in dealt[::20]:
        values = [v for s in resolve(coding).activations.values() for v in s.values()]
        assert all(0 < v <= 1 for v in values)


def test_the_same_seed_draws_the_same() -> None:
    assert draw_codings(np.random.default_rng(5), 20) == draw_codings(np.random.default_rng(5), 20)
    assert Plan(3).sitting(7, 20, 20) == Plan(3).sitting(7, 20, 20) != Plan(4).sitting(7, 20, 20)
    assert Plan(3).sitting(7, 5, 20) == Plan(3).sitting(7, 20, 20)[:5]
