"""Paraphrases: everyday words, each part about what it says, and no side or unit but the asked."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auface_gen.codings import mixture
from auface_gen.codings.mixture import draw_codings
from auface_gen.columns import COLUMNS, MIRROR, UNITS
from auface_gen.generator.everyday.english import article, ing, third
from auface_gen.generator.everyday.lexicon import looks, units, words
from auface_gen.generator.paraphrase import paraphrase
from auface_gen.generator.said import Said
from auface_gen.generator.train import vocabulary_texts
from auface_gen.generator.wording import DETAILS, asked, say
from auface_gen.generator.words import split_words
from facs_text import parse, understand, unit

CODINGS = st.builds(
    lambda seed: str(draw_codings(np.random.default_rng(seed), 1, held_out=True)[0]),
    st.integers(0, 1 << 30),
)


def spoken(said: Said) -> np.ndarray:
    return np.max([part.columns for part in said.parts], 0)


@given(CODINGS, st.booleans(), st.booleans(), st.integers(0, 1 << 30))
@settings(max_examples=200, deadline=None)
def test_parts_tell_all_that_is_asked_once_and_by_seed(
    codes: str, mirror: bool, resolved: bool, seed: int
) -> None:
    resolution = asked(codes, mirror, resolved)
    said = paraphrase(resolution, seed)
    again = say(resolution, detail="paraphrase", seed=seed)
    assert said.text == again.text
    np.testing.assert_array_equal(spoken(said), said.columns)
    np.testing.assert_array_equal(said.columns, say(resolution).columns)
    ends = sorted((p.begin, p.end) for p in said.parts)
    assert ends[0][0] >= 0
    assert ends[-1][1] <= len(said.text)
    assert all(a < z for a, z in ends)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(ends))
    told = np.sum([part.columns > 0 for part in said.parts], 0)
    assert told.max(initial=0) <= 1
    assert not set("{}~*^@=&#|") & set(said.text)
    assert said.text.strip()
    assert "  " not in said.text


@given(CODINGS, st.integers(0, 1 << 30))
@settings(max_examples=100, deadline=None)
def test_left_and_right_change_places_in_a_mirror_and_in_words(codes: str, seed: int) -> None:
    one, other = (paraphrase(asked(codes, mirror, True), seed) for mirror in (False, True))
    np.testing.assert_array_equal(one.columns[MIRROR], other.columns)
    sided = not np.array_equal(one.columns, other.columns)
    assert (one.text != other.text) or not sided


@pytest.mark.parametrize("codes", ["L12C", "R46", "L4B", "30LD", "61C", "R9E", "L15C+L4D"])
def test_one_side_is_always_named(codes: str) -> None:
    for mirror in (False, True):
        resolution = asked(codes, mirror, True)
        side = "left" if spoken(paraphrase(resolution, 0))[_LEFT].any() else "right"
        other = {"left": "right", "right": "left"}[side]
        for seed in range(60):
            text = paraphrase(resolution, seed).text.lower()
            assert side in text
            assert other not in text


_LEFT = np.array([side == "left" or unit_ in ("AU30L", "AU61") for unit_, side in COLUMNS])


def test_every_shown_unit_has_phrases_of_its_own_at_every_level() -> None:
    sides = {"30": ("30L", "30R")}
    for code in UNITS:
        lips = [c + s for c, s in ((code, "top"), (code, "bottom")) if c + s in units()]
        for name in sides.get(code, (code,) if code in units() else tuple(lips)):
            for at in units()[name].at:
                several = [at[f] for f in ("do", "go", "be", "adj", "say")]
                assert at["do"]
                assert at["be"]
                count = sum(map(len, several)) * len({p.both for p in units()[name].parts})
                assert count >= 8, name
        assert code in units() or lips or code in sides


def test_looks_name_units_and_words_of_strength_that_there_are() -> None:
    for entry in [*units().values(), *itertools.chain(*looks().values())]:
        for code in (*(c for c, _ in entry.units), *entry.apart):
            assert unit(code.removesuffix("top").removesuffix("bottom").rstrip("LR"))
        assert entry.degree in words().degree
        assert not entry.apart & {c for c, _ in entry.units}


def test_a_coding_is_told_in_many_ways() -> None:
    for codes, least in (("12C", 250), ("L1B+4D", 380), ("6C+12D+25B", 390), ("0", 70)):
        assert len({paraphrase(asked(codes, False, True), s).text for s in range(400)}) > least


@pytest.mark.parametrize("codes", ["0", "12A+15A+1B", "37C", "70", "U12C", "L12D+R12B", "43A+5D"])
def test_rare_requests_are_told_too(codes: str) -> None:
    for resolved in (False, True):
        for seed in range(20):
            said = paraphrase(asked(codes, False, resolved), seed)
            np.testing.assert_array_equal(spoken(said), said.columns)
            assert said.text


def test_strength_is_said_in_words_that_grow() -> None:
    def texts(codes: str) -> str:
        return " ".join(paraphrase(asked(codes, False, True), s).text.lower() for s in range(200))

    assert "barely" in texts("12A")
    assert "barely" not in texts("12D")
    assert "broad" in texts("12D")
    assert "from ear to ear" in texts("12E")
    assert "from ear to ear" not in texts("12D")
    assert "half" in texts("43C")
    assert "half" not in texts("43E")


def test_what_facs_text_reads_of_single_units_is_what_was_asked() -> None:
    read = wrong = 0
    for seed, action in enumerate(mixture._singles()):
        want = {(a.code, a.side) for a in parse(str(action))}
        for turn in range(2):
            text = paraphrase(asked(str(action), False, False), 2 * seed + turn).text
            found = {(a.code, a.side) for a in understand(text).coding}
            read += bool(found)
            wrong += bool(found) and found != want
    assert read > 600
    assert wrong / read < 0.02


def test_known_words_are_those_of_paraphrases_too() -> None:
    assert "paraphrase" in DETAILS
    assert sum(DETAILS.values()) == pytest.approx(1)
    known = {w for text in vocabulary_texts(300, 0) for w, _, _ in split_words(text)}
    assert {"smile", "squinting", "grin", "eyebrows", "her", "barely", "photo"} <= known


def test_verbs_and_articles() -> None:
    assert third("smile and &part ~ lips") == "smiles and parts ~ lips"
    assert third("press ^ up") == "presses ^ up"
    assert third("half-close ^") == "half-closes ^"
    assert ing("let ^ drop") == "letting ^ drop"
    assert ing("raise ^ and &knit it") == "raising ^ and knitting it"
    assert article("intense look") == "an intense look"
