"""A table of FACS notation, which every reader of this package and a spreadsheet takes.

Units begin with letters there ("AU6E+AU12", "AU0"): a spreadsheet, or a library that guesses the
types of columns, takes a bare 6E+12 for the number 6,000,000,000,000 and a bare 0 for nothing.
"""

from __future__ import annotations

import csv
import io
from collections import Counter

from facs_text._coding import Coding
from facs_text.readers import Row
from facs_text.writers._coding import coding_of_row

__all__ = ["PlainCodes"]


class PlainCodes:
    """id, subject, frame, codes. Rows without a coding are left out."""

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self.lost: Counter[str] = Counter()

    def header(self) -> str:
        return "id,subject,frame,codes"

    def line(self, row: Row) -> str | None:
        coding = coding_of_row(row, self._threshold)
        if coding is None:
            return None
        frame = "" if row.frame is None else str(row.frame)
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(
            (row.id, row.subject, frame, _spelled(coding))
        )
        return buffer.getvalue()


def _spelled(coding: Coding) -> str:
    """The notation with AU before each unit that would begin with a digit."""
    codes = [str(action) for action in coding] or ["0"]
    return "+".join([f"AU{code}" if code[0].isdigit() else code for code in codes])
