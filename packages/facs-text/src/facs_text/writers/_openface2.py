"""OpenFace 2's table, as its users' scripts read it.

Units that were not scored are nan, those that are there without a level have AUxx_c = 1 and
AUxx_r = nan; a face that could not be scored has success 0. OpenFace does not tell the sides
apart: the stronger one is written. A last column id names the row.
"""

from __future__ import annotations

from collections import Counter

from facs_text._coding import Coding
from facs_text.readers import Row
from facs_text.readers._row import code_of
from facs_text.writers._coding import coding_of_row

__all__ = ["OpenFace2"]

LEVELS = ("1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17", "20", "23", "25", "26",
          "45")  # fmt: skip
PRESENCE = (*LEVELS[:-1], "28", "45")


class OpenFace2:
    """frame, face_id, timestamp, confidence, success, AUxx_r, AUxx_c, id."""

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self._count = 0
        self.lost: Counter[str] = Counter()

    def header(self) -> str:
        names = ["frame", "face_id", "timestamp", "confidence", "success"]
        names += [f"AU{int(c):02d}_r" for c in LEVELS] + [f"AU{int(c):02d}_c" for c in PRESENCE]
        return ",".join([*names, "id"])

    def line(self, row: Row) -> str:
        self._count += 1
        coding = coding_of_row(row, self._threshold)
        face = row.id.partition("#")[2]
        cells = [
            str(self._count if row.frame is None else row.frame),
            face if face.isdigit() else "0",
            row.extra.get("timestamp", "") or "0.000",
            row.extra.get("confidence", "") or ("0.00" if coding is None else "1.00"),
            "0" if coding is None else "1",
        ]
        cells += [self._level(row, coding, c) for c in LEVELS]
        cells += [self._presence(row, coding, c) for c in PRESENCE]
        self._count_lost(coding)
        ident = row.id.replace('"', '""')
        return ",".join([*cells, f'"{ident}"' if set(ident) & set(',"\n') else ident])

    def _level(self, row: Row, coding: Coding | None, code: str) -> str:
        if coding is None:
            return "0.00"
        if row.kind == "intensity" and not _present_only(coding, code):
            found = [v for key, v in row.values.items() if code_of(key) == code]
            return f"{max(found):.2f}" if found else "nan"
        level = coding.level(code)
        if level:
            return f"{level:.2f}"
        return "nan" if level == 0 or not _scored(row, code) else "0.00"

    def _presence(self, row: Row, coding: Coding | None, code: str) -> str:
        if coding is None:
            return "0.00"
        if code in coding:
            return "1.00"
        return "0.00" if _scored(row, code) else "nan"

    def _count_lost(self, coding: Coding | None) -> None:
        told = {f"AU{a.code}" for a in coding or () if a.code not in PRESENCE}
        told |= {f"level of AU{a.code}" for a in coding or () if a.code == "28" and a.level}
        told |= {
            f"sides of AU{a.code}" for a in coding or () if a.side != "both" and a.code in PRESENCE
        }
        self.lost.update(told)


def _present_only(coding: Coding, code: str) -> bool:
    return coding.level(code) == 0


def _scored(row: Row, code: str) -> bool:
    """Whether the source looked for a unit: in notation for all, else where it has a value."""
    if row.kind == "notation":
        return True
    return any(code_of(key) == code for key in row.values)
