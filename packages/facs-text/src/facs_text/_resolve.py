"""A coding after anatomy: what stands, and how much of each unit is seen.

The order is fixed: sides, visibility, rewrites of 1978 codes, alternatives that cannot be
together, implied units (all in _standing), antagonists, hedges, combinations (in _seen). The rules
stand in ``data/rules.json``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from facs_text import _seen, _standing
from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text._notation import parse
from facs_text._parts import collapse, expand, overlap, strength
from facs_text._trace import Applied, rules
from facs_text._units import unit

__all__ = ["MODES", "Applied", "Resolution", "collapse", "expand", "overlap", "resolve", "rules",
           "strength"]  # fmt: skip

MODES = ("strict", "warn", "off")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What stands of a coding.

    coding: the units that stand, in levels. activations: for each unit and side what is seen,
    above 0 and at most 1; a blink and a wink are seen as closed lids, so AU45 and AU46 stand beside
    an AU43 that is the same movement and is not to be added to them. rules: the decisions, in
    order. absent: codes ("25") of units that the others would have implied, but that were looked
    for and not seen. mode: the one it was resolved in; "off" is said as it is written.
    """

    coding: Coding
    activations: Mapping[str, Mapping[str, float]]
    rules: tuple[Applied, ...]
    absent: frozenset[str] = frozenset()
    mode: str = "warn"


def resolve(
    coding: Coding | str, mode: str = "warn", *, absent: Collection[str] = frozenset()
) -> Resolution:
    """Apply the rules to a coding or to FACS notation.

    mode: "warn" decides and records; "strict" raises FacsTextError where units cannot be
    together; "off" changes nothing and gives the plain activations, level/5.

    absent: codes ("25", "AU25") of units that were looked for and not seen. They are not implied:
    ``resolve("26C", absent={"25"})`` is a jaw lowered behind closed lips. Raises FacsTextError
    where one of them is coded.
    """
    if isinstance(coding, str):
        coding = parse(coding)
    if not isinstance(coding, Coding):
        raise FacsTextError(f"resolve takes a Coding or FACS notation, not {type(coding).__name__}")
    if mode not in MODES:
        raise FacsTextError(f"mode {mode!r}; expected one of {', '.join(MODES)}")
    return _resolve(coding, mode, _codes(coding, absent) if absent else frozenset())


def _codes(coding: Coding, absent: Collection[str]) -> frozenset[str]:
    """Units observed absent, by code; FacsTextError for one that is coded."""
    if isinstance(absent, str):
        raise FacsTextError(f"absent {absent!r}; expected a set of codes such as {{'25'}}")
    codes = frozenset([unit(code).code for code in absent])
    implied = {rule["b"] for rule in rules()["implications"]}
    both = [code for code in codes if code in coding]
    if both:
        raise FacsTextError(f"{coding}: AU{both[0]} is coded and said to be absent; keep one")
    return codes & implied


@lru_cache(maxsize=16384)
def _resolve(coding: Coding, mode: str, absent: frozenset[str]) -> Resolution:
    trace: list[Applied] = []
    parts = expand(coding)
    if mode == "off":
        return Resolution(coding, _freeze(_seen.activations(parts, {})), (), frozenset(), mode)
    _standing.sides(parts, trace)
    _standing.visibility(parts, trace)
    _standing.rewrites(parts, trace)
    _standing.alternatives(parts, trace)
    _standing.lips(parts, trace)
    if mode == "strict":
        for rule in trace:
            if rule.kind == "alternative":
                raise FacsTextError(
                    f"{coding}: {' and '.join(rule.aus)} cannot be together: {rule.reason}; "
                    "take one of them out, or resolve with mode='warn'"
                )
    absent = _standing.implications(parts, trace, absent)
    _standing.gaze(parts, trace)
    _standing.requirements(parts, trace)
    factors = _seen.antagonists(parts, trace)
    _seen.hedges(parts, trace)
    _seen.combinations(parts, trace)
    seen = _freeze(_seen.activations(parts, factors))
    return Resolution(collapse(parts), seen, tuple(trace), absent, mode)


def _freeze(table: dict[str, dict[str, float]]) -> Mapping[str, Mapping[str, float]]:
    return MappingProxyType({key: MappingProxyType(value) for key, value in table.items()})
