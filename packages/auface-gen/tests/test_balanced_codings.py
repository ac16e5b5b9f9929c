"""Balanced codings: units that tell nothing of each other, none held out."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from auface_gen.codings.balanced import balanced_codings
from auface_gen.codings.mixture import HELD_OUT_PAIRS
from auface_gen.corpus.plan import CorpusPlan
from auface_gen.corpus.sitting import codings
from auface_gen.errors import AUFaceGenError
from facs_text import resolve

_ASKED = [coding for index in range(200) for _, coding in balanced_codings(0, index, 9)]


def test_every_unit_is_asked_for_about_as_often() -> None:
    counts = Counter(action.code for coding in _ASKED for action in set(coding))
    usual = [n for code, n in counts.items() if code not in ("29", "30", "61", "62", "63", "64")]
    assert max(usual) < 2 * min(usual)


def test_one_unit_tells_nothing_of_another() -> None:
    """Whether a unit is asked for beside another is within what chance scatters."""
    sets = [{action.code for action in coding} for coding in _ASKED]
    alone = Counter(code for some in sets for code in some)
    pairs = Counter(pair for some in sets for pair in combinations(sorted(some), 2))
    usual = [code for code, n in alone.items() if n > 100]
    found = [pairs[pair] for pair in combinations(sorted(usual), 2)]
    mean = sum(found) / len(found)
    assert all(abs(n - mean) < 5 * mean**0.5 for n in found)


def test_pairs_held_out_of_the_mixture_are_there() -> None:
    sets = [{action.code for action in coding} for coding in _ASKED]
    for pair in HELD_OUT_PAIRS:
        assert any(pair <= some for some in sets), pair


def test_something_stands_of_every_coding() -> None:
    assert all(resolve(coding).coding for coding in _ASKED)


def test_each_sitting_can_be_asked_for_on_its_own() -> None:
    assert balanced_codings(3, 17, 9) == balanced_codings(3, 17, 9)
    assert balanced_codings(3, 17, 9) != balanced_codings(3, 18, 9)
    assert balanced_codings(3, 17, 9) != balanced_codings(4, 17, 9)


def test_a_corpus_of_balanced_codings_begins_each_sitting_at_rest() -> None:
    plan = CorpusPlan(count=40, sittings=1, per_sitting=4, codings="balanced")
    for shard in plan.shards():
        for sitting in plan.sittings_of(shard):
            kinds = [kind for kind, _ in codings(sitting)]
            assert kinds == ["neutral", "balanced", "balanced", "balanced"]


def test_codings_of_another_name_are_refused() -> None:
    with pytest.raises(AUFaceGenError, match="codings='odd': one of mixture, balanced"):
        CorpusPlan(codings="odd")
