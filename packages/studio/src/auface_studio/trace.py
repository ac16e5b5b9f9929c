"""The conflict trace: which units oppose each other, who gives way, by how much, and why.

All figures come from `facs_text.resolve`. What one pair alone takes from a unit is the difference
between its level and what is seen of it when only the two are on the face; what all conflicts
together take is read from the whole resolution.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

from facs_text import Applied, Coding, Resolution, resolve, unit

__all__ = ["sources", "trace"]

_OPPOSED = ("antagonist", "dominance")
_TITLES = {
    "antagonist": "pull against each other",
    "dominance": "hard to tell apart",
    "alternative": "cannot be together",
    "rewrite": "coded differently today",
    "occlusion": "out of sight",
    "implication": "comes along",
    "side": "side",
    "warning": "kept as written",
}


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """Short names of sources, as rules carry them, to what they are."""
    text = resources.files("facs_text").joinpath("data", "rules.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)["sources"]
    return found


def trace(coding: Coding, resolution: Resolution) -> list[dict[str, Any]]:
    """The decisions in order, each with its units before and after; strongest conflicts first."""
    rows = [_row(rule, coding, resolution) for rule in resolution.rules]
    rank = {"alternative": 0, "antagonist": 1, "dominance": 2}

    def order(row: dict[str, Any]) -> tuple[int, float]:
        lost = max((u["raw"] - u["alone"] for u in row["units"]), default=0.0)
        return rank.get(row["kind"], 3), -lost

    return sorted(rows, key=order)


def _row(rule: Applied, coding: Coding, resolution: Resolution) -> dict[str, Any]:
    known = sources()
    units = []
    if rule.kind in (*_OPPOSED, "alternative"):
        units = _sides(rule, coding, resolution)
    return {
        "id": rule.id,
        "kind": rule.kind,
        "title": _TITLES.get(rule.kind, "seen together"),
        "aus": list(rule.aus),
        "effect": rule.effect,
        "reason": rule.reason,
        "confidence": rule.confidence,
        "sources": [known.get(key, key) for key in rule.source.split(";")],
        "units": units,
    }


def _sides(rule: Applied, coding: Coding, resolution: Resolution) -> list[dict[str, Any]]:
    """For each unit and side of a rule: raw, alone (only this pair) and seen, each 0 to 1."""
    codes = [key.removeprefix("AU") for key in rule.aus]
    pair = Coding(a for a in coding if a.code in codes)
    alone = resolve(pair).activations
    asked = resolve(pair, mode="off").activations
    rows = []
    for code in codes:
        key = unit(code).key
        for side, raw in asked.get(key, {}).items():
            rows.append(
                {
                    "key": key,
                    "name": unit(code).name,
                    "side": side,
                    "raw": round(raw, 4),
                    "alone": round(alone.get(key, {}).get(side, 0.0), 4),
                    "seen": round(resolution.activations.get(key, {}).get(side, 0.0), 4),
                }
            )
    return _merged(rows)


def _merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two sides of a unit that fare the same become one row of both."""
    out: list[dict[str, Any]] = []
    for row in rows:
        twin = next(
            (o for o in out if all(o[k] == row[k] for k in ("key", "raw", "alone", "seen"))), None
        )
        if twin is None:
            out.append(row)
        else:
            twin["side"] = "both"
    return out
