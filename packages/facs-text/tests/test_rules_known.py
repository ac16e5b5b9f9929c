"""Codings with what a FACS coder expects of them, from a table."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from facs_text import describe, parse, resolve, understand

TABLE = Path(__file__).parent / "data" / "rules_known.tsv"
SEEDS = 24


def cases() -> Iterator[tuple[str, str, str, str]]:
    lines = [x for x in TABLE.read_text(encoding="utf-8").splitlines() if x[:1] != "#"]
    assert lines[0].split("\t") == ["codes", "kind", "detail", "value", "section"]
    for line in lines[1:]:
        codes, kind, detail, value, _ = line.split("\t")
        yield codes, kind, detail, value


@pytest.mark.parametrize(("codes", "kind", "detail", "value"), [*cases()])
def test_case(codes: str, kind: str, detail: str, value: str) -> None:
    found = resolve(codes)
    if kind == "stands":
        assert found.coding == parse(value)
    elif kind == "seen":
        key, side, number = re.fullmatch(r"(\w+)/(\w+)=([\d.]+)", value).groups()  # type: ignore[union-attr]
        assert found.activations[key][side] == pytest.approx(float(number))
    elif kind in ("rule", "norule"):
        assert (value in {rule.id for rule in found.rules}) == (kind == "rule")
    else:
        assert kind in ("says", "not")
        for seed in range(SEEDS):
            text = describe(found, detail=detail, seed=seed).text
            assert bool(re.search(value, text)) == (kind == "says"), text
            assert understand(text).coding == found.coding


def test_all_sections_are_there() -> None:
    sections = {line.split("\t")[-1] for line in TABLE.read_text(encoding="utf-8").splitlines()[4:]}
    assert sections == {"1", "2", "3", "4", "5", "6"}


def test_an_observed_absence_is_not_overridden() -> None:
    row = resolve("12D+26C", absent={"25"})
    assert row.coding == parse("12D+26C")
    assert row.absent == {"25"}
    assert "AU25" not in row.activations
    assert any(r.kind == "observed" for r in row.rules)
    for detail in ("full", "brief", "clinical", "prompt"):
        for seed in range(SEEDS):
            text = describe(row, detail=detail, seed=seed).text
            assert re.search(
                "closed lips|lips stay (closed|together)|lips are held closed", text
            ), text
            assert understand(text).coding == row.coding
    again = resolve(row.coding, absent=row.absent)
    assert (again.coding, again.activations) == (row.coding, row.activations)
    assert resolve("12D+26C", absent={"AU1", "2"}) == resolve("12D+26C")
