"""The data files are sound: whatever a coder changes in them, these hold."""

import json
import re
from itertools import combinations, product

import pytest
from strategies import COMMON

from facs_text import (
    PRESETS,
    Action,
    Coding,
    FacsTextError,
    describe,
    picture_units,
    resolve,
    unit,
    units,
)
from facs_text._looks import looks_of
from facs_text._resolve import rules
from facs_text._understand import _phrases
from facs_text._units import load_data
from facs_text._wording import fill, wording

KINDS = ("rewrites", "occlusions", "alternatives", "implications", "observed", "requirements",
         "antagonists", "dominance", "combinations")  # fmt: skip
CODES = {u.code for u in units()}


def test_all_of_facs_2002() -> None:
    want = {*range(47), *range(50, 59), *range(61, 67), 69, *range(70, 75), 80, 81, 82, 84, 85,
            91, 92, 97, 98}  # fmt: skip
    assert {int(c) for c in CODES if not c.startswith("M")} == want
    assert {"M55", "M61", "M83"} <= CODES
    assert set(picture_units()) <= CODES


def test_units_are_whole() -> None:
    for au in units():
        assert all((au.name, au.region, au.motion, au.source)), au.code
        assert au.muscles or au.kind not in ("AU", "AD"), au.code
        assert au.sides in (("both",), ("left", "right"), ("top", "bottom"),
                            ("left", "right", "top", "bottom")), au.code  # fmt: skip
        assert unit(au.mirror).mirror == au.code


def test_unit_lookup() -> None:
    assert unit("12") is unit("AU12") is unit("au12") is unit("012"[1:])
    assert unit("AD19").name == "tongue show"
    for wrong in ("99", "", "AU", "12L", "AU00"):
        with pytest.raises(FacsTextError):
            unit(wrong)


def test_enough_rules() -> None:
    data = rules()
    conflicts = sum(len(data[k]) for k in ("alternatives", "antagonists", "dominance"))
    assert len(data["combinations"]) >= 85
    assert conflicts >= 80


@pytest.mark.parametrize("kind", KINDS)
def test_rules_carry_source_and_confidence(kind: str) -> None:
    sources = rules()["sources"]
    for rule in rules()[kind]:
        assert rule["id"]
        assert rule["kind"]
        assert 0 < rule["confidence"] <= 1, rule["id"]
        assert all(s in sources for s in rule["source"].split(";")), rule["id"]
        assert kind == "combinations" or rule["reason"], rule["id"]
        codes = rule.get("units") or [
            rule["a"],
            *rule.get("hides", []),
            rule.get("b", rule["a"]),
            *rule.get("or", []),
            *rule.get("needs", []),
        ]
        assert set(codes) <= CODES | {"*"}, rule["id"]


def test_rule_ids_are_unique() -> None:
    ids = [rule["id"] for kind in KINDS for rule in rules()[kind] if kind != "occlusions"]
    assert len(ids) == len(set(ids))


def test_no_combination_holds_alternatives() -> None:
    never = {frozenset((r["a"], r["b"])) for r in rules()["alternatives"]}
    for rule in rules()["combinations"]:
        pairs = {frozenset(p) for p in combinations(rule["units"], 2)}
        assert not pairs & never, rule["id"]
        assert len(rule["looks"]) >= 2, rule["id"]


def test_no_preset_holds_alternatives() -> None:
    for name, preset in PRESETS.items():
        for coding in (preset.coding, *preset.variants):
            kinds = {r.kind for r in resolve(coding).rules}
            assert "alternative" not in kinds, (name, str(coding))
        assert preset.source
        assert 0 < preset.confidence <= 1


def test_antagonists_are_blended_in_presets() -> None:
    assert any(r.id == "1@4" for r in resolve(PRESETS["fear"].coding).rules)
    assert {"1", "4"} <= {a.code for a in resolve(PRESETS["fear"].coding).coding}


def test_each_word_means_one_level() -> None:
    tables = [*wording()["adverbs"].values(), wording()["adjectives"]]
    for level, words in enumerate(wording()["earlier"]):  # read, and no longer said
        assert not any(word in said[n] for word in words for said in tables for n in range(6))
        assert level or not words
    levels: dict[str, int] = {}
    for table in tables:
        assert [bool(words) for words in table] == [False] + [True] * 5
        for level, words in enumerate(table):
            for word in words:
                assert levels.setdefault(word, level) == level, word


def test_phrases_are_unambiguous() -> None:
    # building the table raises when one phrase has two meanings
    assert len(_phrases()) > 3000


def test_every_unit_has_words() -> None:
    for au in units():
        entry = wording()["units"][au.code]
        for detail in ("full", "brief", "clinical"):
            assert entry[detail], (au.code, detail)
        if au.code in COMMON:
            assert len(entry["full"]) >= 2, au.code
            assert entry["pull"], au.code


EMOTION = re.compile(
    r"\b(happ\w*|sad\w*|ang(?:er|ry)\w*|fear\w*|afraid|disgust\w*|surpris\w*|contempt\w*|joy\w*|"
    r"grief|pain\w*|smil\w*|frown\w*|sneer\w*|scowl\w*|worr\w*|terror|rage|emotion\w*|cry\w*|"
    r"laugh\w*|pleas\w*|sorrow\w*|distress\w*|shame\w*|proud|pride)\b", re.IGNORECASE,
)  # fmt: skip


def test_no_emotion_words() -> None:
    said = json.dumps([wording(), [r["looks"] for r in rules()["combinations"]],
                       [r["looks"] for r in rules()["antagonists"]]])  # fmt: skip
    assert not EMOTION.findall(said)


def test_files_are_one_entry_a_line() -> None:
    assert load_data("units.json")["schema"] == "facs_text/units/1"


def test_looks_have_conditions_that_can_hold() -> None:
    for rule in rules()["combinations"]:
        for look in rule["looks"]:
            if isinstance(look, str):
                continue
            assert set(look) <= {"say", "from", "to", "gap", "lead"}, rule["id"]
            for key in ("from", "to"):
                if isinstance(look.get(key), dict):
                    assert set(look[key]) <= set(rule["units"]), rule["id"]
            assert look.get("lead", rule["units"][0]) in rule["units"], rule["id"]
            assert any(
                looks_of([look], dict(zip(rule["units"], levels, strict=True)))
                for levels in product((1, 2, 3, 4, 5), repeat=len(rule["units"]))
            ), (rule["id"], look)


def test_every_combination_can_be_said_for_its_own_units() -> None:
    for rule in rules()["combinations"]:
        ways = [
            dict(zip(rule["units"], levels, strict=True))
            for levels in ([n] * len(rule["units"]) for n in (5, 4, 3, 2, 1))
        ]
        assert any(
            fill(look, "both", 0) in describe(coding, seed=seed).text
            for levels in ways
            for coding in [Coding(Action(c, "both", n) for c, n in levels.items())]
            for look in looks_of(rule["looks"], levels)
            for seed in range(8)
        ), rule["id"]
