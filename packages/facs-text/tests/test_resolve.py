"""Resolution: what stands, what is seen, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import codings

from facs_text import Action, Coding, FacsTextError, parse, resolve, unit
from facs_text._resolve import rules


@pytest.mark.parametrize(
    ("given_", "stands"),
    [
        # alternatives: the stronger, or the one that contains the other
        ("5C+43E", "43E"), ("5D+43B", "5D"), ("5C+43C", "5C"), ("5B+45", "5B"),
        ("5B+L46", "R5B+L46"), ("43B+45", "43B"), ("L43+L46", "L43"), ("45+L46", "L46"),
        ("12D+13B", "12D"), ("12B+13D", "13D"), ("18C+22D", "22D"), ("T18C+B22D", "T18C+B22D"),
        ("T22D+T28B", "T22D"), ("T22D+B28B", "T22D+B28B"), ("18B+28D", "26+28D"),
        ("10D+28B", "10D+B28B"), ("10D+B28B", "10D+B28B"), ("16D+T28B", "16D+T28B"),
        ("16D+B28B", "16D"), ("24C+28B", "26+28B"), ("24C+25B", "24C"), ("24C+25B+26C", "25B+26C"),
        ("24C+27B", "25B+27B"), ("8+24B", "24B"), ("26B+27A", "25A+27A"), ("26C+31B", "25C+26C"),
        ("26B+31C", "31C"), ("27A+31E", "31E"), ("30LC+30RB", "30LC"), ("30LC+30RC", "0"),
        ("33C+34B", "33C"), ("33B+35D", "35D"), ("34C+35C", "34C"), ("18C+22C", "18C"),
        ("12B+13B", "12B"), ("25E+34A", "25E"),
        ("38C+39B", "38C"), ("19+24E", "19+25"), ("19+28C", "19+25"), ("19+T28C", "19+25+T28C"),
        ("51C+52B", "51C"), ("51C+52C", "0"), ("53B+54D", "54D"), ("55A+56E", "56E"),
        ("57C+58A", "57C"), ("61B+62C", "62C"), ("63E+64A", "63E"), ("61B+65C", "65C"),
        ("61D+66C", "61D"), ("62B+65C", "65C"), ("62D+66C", "62D"), ("65C+66B", "65C"),
        ("0+12C", "12C"),
        # implied
        ("26C", "25C+26C"), ("27D", "25D+27D"), ("24C+26C", "24C+26C"), ("26C+34C", "26C+34C"),
        ("26B+28C", "26B+28C"), ("28D", "26+28D"), ("25A+26E", "25A+26E"),
        # rewrites of 1978
        ("41", "43B"), ("41A", "43A"), ("42", "43D"), ("44", "7D"), ("L41", "L43B"),
        ("41+43E", "43E"), ("42+43A", "43A"), ("7A+44", "7A"), ("L46+R46", "43"),
        # occlusion
        ("43E+61C", "43E"), ("43D+63C", "43D"), ("43B+64C", "43B+64C"), ("43+61", "43"),
        ("L43E+61C", "L43E+61C"), ("1C+4C+70", "70"), ("5C+12C+71", "12C+71"),
        ("1C+12C+72", "1C+72"), ("1C+12C+73", "73"), ("1C+51C+74", "51C+74"),
        # sides
        ("U14C+L14B", "L14B"), ("U14C", "U14C"), ("L5C+L43E", "L43E"), ("5C+L43E", "R5C+L43E"),
    ],
)  # fmt: skip
def test_what_stands(given_: str, stands: str) -> None:
    assert str(resolve(given_).coding) == str(parse(stands))


@pytest.mark.parametrize(
    ("given_", "stands", "shown"),
    [
        ("32", "32", {"bottom": 0.6}),  # a lip, and the lower one where a picture must choose
        ("32D", "32D", {"bottom": 0.8}),
        ("T32", "T32", {"top": 0.6}),
        ("B32E", "B32E", {"bottom": 1.0}),
        ("T32D+B32B", "T32D", {"top": 0.8}),
        ("T32B+B32D", "B32D", {"bottom": 0.8}),
        ("T18E+32", "T18E+B32", {"bottom": 0.6}),
        ("16E+32", "16E+T32", {"top": 0.6}),
    ],
)
def test_one_lip_is_bitten(given_: str, stands: str, shown: dict[str, float]) -> None:
    resolution = resolve(given_)
    assert str(resolution.coding) == str(parse(stands))
    assert resolution.activations["AU32"] == shown
    said = {r.effect for r in resolution.rules}
    assert ("shown on the lower lip" in said) == (given_ in ("32", "32D"))


@pytest.mark.parametrize("codes", ["43", "45", "46", "L46", "43E"])
def test_closed_lids_are_seen_closed_and_no_further(codes: str) -> None:
    seen = resolve(codes).activations
    assert set(seen["AU43"].values()) == {1.0}
    assert max(v for sides in seen.values() for v in sides.values()) == 1.0


ANTAGONISTS = [(r["a"], r["b"], r["id"]) for r in rules()["antagonists"]]


@pytest.mark.parametrize(("a", "b", "rule"), ANTAGONISTS)
def test_antagonists_are_blended_not_deleted(a: str, b: str, rule: str) -> None:
    for one, two in ((1, 5), (3, 3), (5, 1), (0, 0), (2, 3)):
        coding = Coding([Action(a, "both", one), Action(b, "both", two)])
        result = resolve(coding)
        assert {a, b} <= {x.code for x in result.coding}
        assert rule in {x.id for x in result.rules}
        gap = (one or 3) - (two or 3)
        for code, level, lead in ((a, one or 3, gap >= 2), (b, two or 3, gap <= -2)):
            for value in result.activations[unit(code).key].values():
                others = [r for r in ANTAGONISTS if code in r[:2] and r[2] != rule]
                assert 0 < value <= level / 5 + 1e-9
                if lead and not others:
                    assert value == pytest.approx(level / 5)


CONFLICTS_OF_THE_RESEARCH = [
    "1@4",
    "2@4",
    "1@9",
    "2@6",
    "5@7",
    "5@6",
    "12@15",
    "13@15",
    "12@18",
    "12@22",
    "14@18",
    "14@22",
    "18@20",
    "20@22",
    "20@23",
    "16@17",
    "17@27",
    "17@26",
    "17@25",
    "10@24",
    "24@26",
    "23@27",
]


@pytest.mark.parametrize("pair", CONFLICTS_OF_THE_RESEARCH)
def test_known_antagonists(pair: str) -> None:
    assert pair in {r["id"] for r in rules()["antagonists"]}


HEDGES = [
    "27>25",
    "26>25",
    "6>7",
    "12>6",
    "9>4",
    "9>10",
    "10>11",
    "12>11",
    "17>15",
    "2>1",
    "24>23",
    "27>20",
    "20>14",
    "43>7",
    "43>64",
    "50>25",
]


@pytest.mark.parametrize("pair", HEDGES)
def test_hedges_are_recorded(pair: str) -> None:
    a, b = pair.split(">")
    weak = "B" if pair == "6>7" else "C"
    codes = f"{a}{'' if a == '50' else 'D' if a != '43' else 'B'}+{b}{weak}"
    result = resolve(codes)
    assert pair in {r.id for r in result.rules}
    assert {x.code for x in parse(codes)} <= {x.code for x in result.coding}


def test_hedges_have_conditions() -> None:
    assert "6>7" not in {r.id for r in resolve("6C+7C").rules}
    assert "12>6" not in {r.id for r in resolve("12C+6C").rules}
    assert "12>11" not in {r.id for r in resolve("11C+12B").rules}


def test_plain_activations() -> None:
    assert resolve("12C").activations == {"AU12": {"left": 0.6, "right": 0.6}}
    assert resolve("17B").activations == {"AU17": {"both": 0.4}}
    assert resolve("28D").activations["AU28"] == {"top": 0.8, "bottom": 0.8}
    assert resolve("51E").activations == {"AU51": {"both": 1.0}}
    assert resolve("L12A").activations == {"AU12": {"left": 0.2}}
    assert resolve("12").activations == resolve("12C").activations
    assert resolve("30LD").activations == {"AU30": {"left": 0.8}}
    assert resolve("U14C").activations == {"AU14": {"left": 0.6}}
    assert resolve("A14C").activations == {"AU14": {"left": 0.6, "right": 0.6}}
    assert resolve("0").activations == {}
    assert resolve("70+40+M61").activations == {}
    assert resolve("45").activations["AU43"] == {"left": 1.0, "right": 1.0}
    assert resolve("43").activations == {"AU43": {"left": 1.0, "right": 1.0}}
    assert resolve("L46").activations["AU43"] == {"left": 1.0}
    assert resolve("L46D").activations == {"AU43": {"left": 0.8}, "AU46": {"left": 0.8}}


def test_modes() -> None:
    with pytest.raises(FacsTextError, match="cannot be together"):
        resolve("5C+43E", mode="strict")
    assert resolve("1C+4D", mode="strict").coding == parse("1C+4D")
    off = resolve("5C+43E+1C+4C", mode="off")
    assert off.coding == parse("5C+43E+1C+4C")
    assert off.rules == ()
    assert off.activations["AU4"] == {"left": 0.6, "right": 0.6}
    with pytest.raises(FacsTextError, match="mode"):
        resolve("1", mode="loud")
    with pytest.raises(FacsTextError):
        resolve(12)  # type: ignore[arg-type]


def test_mode_off_counts_units_as_the_resolver_does() -> None:
    plain = {"12": "AU12", "U14C": "AU14", "A14C": "AU14", "45": "AU43", "43": "AU43", "32": "AU32",
             "17B": "AU17", "28D": "AU28", "L46": "AU43"}  # fmt: skip
    for codes, key in plain.items():
        off, warn = resolve(codes, mode="off"), resolve(codes)
        assert off.activations[key] == warn.activations[key], codes
        assert (off.mode, off.coding) == ("off", parse(codes))
    assert resolve("12", mode="off").activations == {"AU12": {"left": 0.6, "right": 0.6}}
    assert resolve("U14C", mode="off").activations == {"AU14": {"left": 0.6}}


@pytest.mark.parametrize("absent", [{"12"}, {"AU12"}, ["25", "12"]])
def test_what_is_coded_is_not_absent(absent: set[str]) -> None:
    with pytest.raises(FacsTextError, match="AU12 is coded and said to be absent"):
        resolve("12C", absent=absent)


def test_absent_takes_codes() -> None:
    with pytest.raises(FacsTextError, match="expected a set of codes"):
        resolve("26C", absent="25")
    with pytest.raises(FacsTextError, match="no unit"):
        resolve("26C", absent={"99"})
    assert resolve("25C+26C").absent == resolve("26C").absent == frozenset()


@given(codings(), st.sets(st.sampled_from(["25", "26", "27", "1"])))
def test_absence_holds_and_resolves_again(coding: Coding, absent: set[str]) -> None:
    absent -= {a.code for a in coding}
    once = resolve(coding, absent=absent)
    assert not absent & {a.code for a in once.coding}
    again = resolve(once.coding, absent=once.absent)
    assert (again.coding, again.activations) == (once.coding, once.activations)


def test_trace_says_why() -> None:
    rule = next(r for r in resolve("5C+43E").rules if r.kind == "alternative")
    assert rule.id == "5|43"
    assert rule.aus == ("AU5", "AU43")
    assert "stays" in rule.effect
    assert rule.reason
    assert rule.source
    assert rule.confidence > 0.9
    assert any(r.kind == "warning" for r in resolve("V12").rules)


def test_combinations_are_per_side() -> None:
    assert "6+12" in {r.id for r in resolve("L6C+12D").rules}
    assert "6+12" not in {r.id for r in resolve("L6C+R12D").rules}


def test_unknown_sides_are_kept() -> None:
    assert str(resolve("V12B").coding) == "V12B"
    assert resolve("V12B").activations == {"AU12": {"left": 0.4, "right": 0.4}}


def test_activations_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        resolve("12C").activations["AU12"]["left"] = 2  # type: ignore[index]


@given(codings())
def test_resolving_again_changes_nothing(coding: Coding) -> None:
    once = resolve(coding)
    again = resolve(once.coding)
    assert again.coding == once.coding
    assert again.activations == once.activations
    assert not [r for r in again.rules if r.kind in ("alternative", "implication", "rewrite")]
    for sides in once.activations.values():
        assert all(0 < v <= 1 for v in sides.values())


SWAP = {"left": "right", "right": "left"}


@given(codings())
def test_mirror(coding: Coding) -> None:
    once, other = resolve(coding), resolve(coding.mirror())
    assert other.coding == once.coding.mirror()
    if any(a.side == "one" for a in once.coding):
        return  # an unnamed side is shown on the left, on purpose
    mirrored = {
        unit(key.removeprefix("AU")).mirror: {SWAP.get(s, s): v for s, v in sides.items()}
        for key, sides in once.activations.items()
    }
    assert {k.removeprefix("AU"): dict(v) for k, v in other.activations.items()} == mirrored


@given(codings(), st.data())
def test_raising_a_unit_never_lowers_it(coding: Coding, data: st.DataObject) -> None:
    graded = [a for a in coding if 0 < a.level < 5]
    if not graded:
        return
    chosen = data.draw(st.sampled_from(graded))
    raised = Coding(a._replace(level=a.level + 1) if a == chosen else a for a in coding)
    before = resolve(coding).activations.get(unit(chosen.code).key, {})
    after = resolve(raised).activations.get(unit(chosen.code).key, {})
    own = {chosen.side} if chosen.side in ("left", "right", "top", "bottom") else set(before)
    for side in own & set(before):
        value = before[side]
        assert after.get(side, 0) >= value - 1e-9
