"""Codings for hypothesis: any units, sides, levels and doubts."""

from __future__ import annotations

from hypothesis import strategies as st

from facs_text import Action, Coding, FacsTextError, unit, units
from facs_text._understand import sides_of

ALL = tuple(u.code for u in units() if u.code != "0")


@st.composite
def codings(draw: st.DrawFn, codes: tuple[str, ...] = ALL, most: int = 7) -> Coding:
    """A coding of up to `most` units; sides equal, unequal or alone, some in doubt."""
    chosen = draw(st.lists(st.sampled_from(codes), max_size=most, unique=True))
    actions: list[Action] = []
    for code in chosen:
        level = st.integers(0, 5) if unit(code).graded else st.just(0)
        doubt = st.sampled_from([False, False, False, True])
        unequal = ("unequal",) if "left" in unit(code).sides and unit(code).whole else ()
        side = draw(st.sampled_from((*sides_of(code), *unequal)))
        pair = {"left": ("left", "right"), "top": ("top", "bottom")}.get(side)
        if pair and code != "36" and draw(st.booleans()):
            actions += [Action(code, place, draw(level), draw(doubt)) for place in pair]
        else:
            actions.append(Action(code, side, draw(level), draw(doubt)))
    try:
        return Coding(actions)
    except FacsTextError:  # pragma: no cover - the strategy only draws what is allowed
        raise AssertionError(actions) from None


# The units of most faces and most data sets, for tests that take pairs and tuples of all.
COMMON = (
    "1", "2", "4", "5", "6", "7", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "20",
    "22", "23", "24", "25", "26", "27", "28", "29", "30", "34", "43", "51", "52", "53", "54", "55",
    "56", "61", "62", "63", "64",
)  # fmt: skip
