"""What a row says, for writing it: its coding, and the units that it says nothing of."""

from __future__ import annotations

from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text.readers import Row, to_coding

__all__ = ["coding_of_row"]


def coding_of_row(row: Row, threshold: float | None) -> Coding | None:
    """The row's coding, None when it could not be scored.

    FacsTextError for probabilities without a threshold.
    """
    if row.coding is not None or not row.values:
        return row.coding
    if threshold is None:
        raise FacsTextError(
            f"row {row.id} holds {row.kind} values, which are no coding by themselves; "
            "say from where they are presence (threshold)"
        )
    return to_coding(row, threshold=threshold)
