"""Which units exist is said once: the packages' columns agree with facs-text and each other."""

from __future__ import annotations

import aaad.columns
from auface_gen.columns import COLUMNS, UNITS
from facs_text import unit

# aaad's columns were called UNITS before they were called COLUMNS.
SCORED: tuple[str, ...] = getattr(aaad.columns, "COLUMNS", getattr(aaad.columns, "UNITS", ()))


def test_every_unit_that_is_scored_can_be_drawn() -> None:
    assert SCORED
    for name in SCORED:
        code, side = aaad.columns.column(name)
        shown = {s for u, s in COLUMNS if u == code}
        assert shown, name
        if side != "both":
            assert side in shown, name


def test_the_rig_shows_sides_that_facs_codes() -> None:
    for name, side in COLUMNS:
        sides = set(unit(name[2:].rstrip("LR")).sides)
        if side != "both":
            assert side in sides, (name, side)
        elif name[-1] in "LR":
            assert {"left", "right"} <= sides, name
        else:
            assert sides == {"both"}, name


def test_a_unit_scored_by_side_is_drawn_by_side_and_the_other_way_round() -> None:
    """But for two that the metric scores whole: 25 and 34, whose sides no small picture tells."""
    scored = {aaad.columns.column(name) for name in SCORED}
    for code in {c for c, _ in scored}:
        drawn = {s for u, s in COLUMNS if u == code} & {"left", "right"}
        asked = {s for c, s in scored if c == code} - {"both"}
        assert asked == (set() if code in ("AU25", "AU34") else drawn), code


def test_units_are_those_of_the_columns() -> None:
    assert {f"AU{c}" for c in UNITS} == {u.rstrip("LR") for u, _ in COLUMNS}
