"""What is in a corpus, in numbers: how often each unit stands, at which levels and sides, which
conflicts and held-out pairs there are, and BP4D's published rates beside its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from auface_gen.codings.mixture import CONFLICTS
from auface_gen.codings.spontaneous import BP4D_RATES
from auface_gen.errors import AUFaceGenError
from facs_text import Coding, FacsTextError, parse
from facs_text.corpus import SPLITS, read

__all__ = ["Census", "UnitCount", "take_census"]


@dataclass
class UnitCount:
    """Pictures in which a unit stands: in all, by level (A to E, or none where it is not scored)
    and by side (both, left, right, top, bottom).
    """

    pictures: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)


@dataclass
class Census:
    """Counts over a corpus. pictures and people by split; kinds: pictures by the part of the
    mixture that they were drawn from, where the corpus says so; units by code; conflicts and
    held_out: pictures by pair (as "12+15") and split; spontaneous: the units of the part that is
    drawn at BP4D's rates.
    """

    pictures: Counter[str] = field(default_factory=Counter)
    people: dict[str, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    units: dict[str, UnitCount] = field(default_factory=dict)
    conflicts: dict[str, Counter[str]] = field(default_factory=dict)
    held_out: dict[str, Counter[str]] = field(default_factory=dict)
    spontaneous: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Pictures in all."""
        return sum(self.pictures.values())

    def rate(self, code: str) -> float:
        """Share of all pictures in which the unit stands."""
        return self.units[code].pictures / self.total if code in self.units else 0.0

    def bp4d(self) -> dict[str, dict[str, float | None]]:
        """Give for each unit of BP4D its published rate, that of the corpus, and that of the part
        drawn at BP4D's rates (None where the corpus has no such part).
        """
        part = self.kinds["spontaneous"]
        return {
            code: {
                "bp4d": published,
                "corpus": round(self.rate(code), 4),
                "spontaneous": round(self.spontaneous[code] / part, 4) if part else None,
            }
            for code, published in BP4D_RATES.items()
        }

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "pictures": dict(self.pictures),
            "people": self.people,
            "kinds": dict(self.kinds),
            "units": {
                code: {
                    "pictures": u.pictures,
                    "rate": round(self.rate(code), 4),
                    "levels": {k: u.levels[k] for k in sorted(u.levels)},
                    "sides": {k: u.sides[k] for k in sorted(u.sides)},
                }
                for code, u in self.units.items()
            },
            "bp4d": self.bp4d(),
            "conflicts": {k: dict(v) for k, v in self.conflicts.items()},
            "held_out_pairs": {k: dict(v) for k, v in self.held_out.items()},
        }


def take_census(root: str | Path, splits: Iterable[str] = SPLITS) -> Census:
    """Count a corpus. Units are those that stand (a row's codes); pairs are looked for in what was
    asked, where the row has it.

    Raises AUFaceGenError when there is no corpus, and on a row whose codes cannot be read, which
    it names; facs-text's error on a bad row otherwise.
    """
    root = Path(root)
    try:
        about = json.loads((root / "corpus.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AUFaceGenError(f"{root} is not a corpus: {error}") from error
    listed = about.get("held_out_pairs", []) if isinstance(about, Mapping) else []
    held_out = {str(p): frozenset(str(p).split("+")) for p in listed}
    conflicts = {p: frozenset(p.split("+")) for p in CONFLICTS}
    out = Census()
    out.held_out = {p: Counter() for p in held_out}
    for split in splits:
        if not (root / split / "metadata.jsonl").exists():
            continue
        people: set[str] = set()
        for index, row in enumerate(read(root, split)):
            people.add(row.subject)
            out.pictures[split] += 1
            requested = row.extra.get("requested")
            try:
                standing = parse(row.codes)
                wished = parse(requested) if isinstance(requested, str) else Coding(())
            except FacsTextError as error:
                path = root / split / "metadata.jsonl"
                raise AUFaceGenError(f"{path}, line {_line(path, index)}: {error}") from None
            kind = str(row.extra.get("kind", ""))
            if kind:
                out.kinds[kind] += 1
            _count(out.units, standing)
            if kind == "spontaneous":
                out.spontaneous.update({a.code for a in standing})
            asked = {a.code for a in (*standing, *wished)}
            for pairs, counts in ((conflicts, out.conflicts), (held_out, out.held_out)):
                for name, pair in pairs.items():
                    if pair <= asked:
                        counts.setdefault(name, Counter())[split] += 1
        out.people[split] = len(people)
    out.units = {c: out.units[c] for c in sorted(out.units, key=_order)}
    return out


def _line(path: Path, index: int) -> int:
    """Number, from 1, of the line that holds the index-th row, from 0: empty lines hold none."""
    with path.open(encoding="utf-8") as file:
        full = (number for number, line in enumerate(file, 1) if line.strip())
        return next(islice(full, index, None))


def _count(units: dict[str, UnitCount], coding: Coding) -> None:
    """Add one picture's units; one of two unequal sides counts as both, at the higher level."""
    sides: dict[str, list[tuple[int, str]]] = {}
    for action in coding:
        sides.setdefault(action.code, []).append((action.level, action.side))
    for code, found in sides.items():
        unit = units.setdefault(code, UnitCount())
        unit.pictures += 1
        unit.levels["-ABCDE"[max(level for level, _ in found)]] += 1
        unit.sides[found[0][1] if len(found) == 1 else "both"] += 1


def _order(code: str) -> tuple[int, str]:
    digits = "".join(c for c in code if c.isdigit())
    return int(digits or 0), code
