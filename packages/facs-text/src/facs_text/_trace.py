"""Decisions of the resolver, each with what it concerned, what was done and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from facs_text._units import load_data

__all__ = ["Applied", "note", "rules"]


@dataclass(frozen=True, slots=True)
class Applied:
    """One decision: the rule, the units it concerned, what was done and why."""

    id: str
    kind: str
    aus: tuple[str, ...]
    effect: str
    reason: str
    source: str
    confidence: float


@lru_cache(maxsize=1)
def rules() -> dict[str, list[dict[str, Any]]]:
    """The rules as data: lists by kind (alternatives, antagonists, ...) and the sources."""
    data: dict[str, list[dict[str, Any]]] = load_data("rules.json")
    return data


def note(
    trace: list[Applied],
    rule: Mapping[str, Any],
    aus: Iterable[str],
    effect: str,
    *,
    kind: str = "",
    reason: str = "",
) -> None:
    """Record what a rule did. kind and reason stand for the rule's own."""
    trace.append(
        Applied(
            rule["id"], kind or rule["kind"], tuple(aus), effect,
            reason or rule["reason"], rule["source"], rule["confidence"],
        )
    )  # fmt: skip
