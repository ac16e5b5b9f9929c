"""Named codings from the literature, each with its source. Never inferred from a face.

``PRESETS["fear"].coding`` is a Coding; ``PRESETS["fear"].variants`` are others that the same
source lists. The names are those of the sources and say nothing of what a person feels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text._notation import parse
from facs_text._units import load_data

__all__ = ["PRESETS", "Preset", "preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named coding: where it comes from, and how sure the record of it is (0 to 1)."""

    name: str
    coding: Coding
    variants: tuple[Coding, ...]
    system: str
    source: str
    confidence: float
    note: str


@lru_cache(maxsize=1)
def _table() -> dict[str, Preset]:
    table = {}
    for row in load_data("presets.json")["presets"]:
        table[row["name"]] = Preset(
            name=row["name"],
            coding=parse(row["coding"]),
            variants=tuple(parse(v) for v in row["variants"]),
            system=row["system"],
            source=row["source"],
            confidence=row["confidence"],
            note=row.get("note", ""),
        )
    return table


class _Presets(Mapping[str, Preset]):
    """Presets by name, read from the data file when first asked for."""

    def __getitem__(self, name: str) -> Preset:
        return _table()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_table())

    def __len__(self) -> int:
        return len(_table())


PRESETS: Mapping[str, Preset] = _Presets()


def preset(name: str) -> Preset:
    """The preset of this name; FacsTextError names those that exist."""
    found = PRESETS.get(name.strip().lower()) if isinstance(name, str) else None
    if found is None:
        raise FacsTextError(f"no preset {name!r}; there are: {', '.join(PRESETS)}")
    return found
