"""A table of FACS notation, which every reader of this package and a spreadsheet takes."""

from __future__ import annotations

import csv
import io
from collections import Counter

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
        csv.writer(buffer, lineterminator="").writerow((row.id, row.subject, frame, coding))
        return buffer.getvalue()
