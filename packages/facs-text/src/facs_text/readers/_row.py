"""The one row type of all readers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from facs_text._coding import Action, Coding

__all__ = ["KINDS", "NUMBERS", "OVER_ONE", "Ids", "Row", "absent_units", "code_of", "coding_of",
           "round_level", "row_of_values"]  # fmt: skip

_SIDES = {"L": "left", "R": "right", "T": "top", "B": "bottom"}
KINDS = ("presence", "intensity", "probability", "delta", "notation")
NUMBERS = ("presence", "intensity", "probability")
OVER_ONE = 1.05  # a number above it is no probability, small overshoot allowed


@dataclass(frozen=True, slots=True)
class Row:
    """One face in one frame.

    id: names the row ("F001/T1/2440"); a second face of the same picture has "#1" behind it.
    subject, frame: as the source gives them; frame None when the source has none. values: by
    unit "AU12", or by side "L12", "R12", "T28", "B28"; kind says what they are: "presence" 0 or
    1, "intensity" 0..5, "probability" 0..1, "delta" -10..10, or "notation" with the levels of
    coding.
    missing: units that the source could not score; they are not in values. coding: the
    values as a Coding, for the kinds that can be one; None for probabilities and deltas, and
    where nothing at all was scored.
    line: 1-based line in the file. extra: other columns that a reader keeps. landmarks:
    (x, y) in pixels of the image, when the reader was asked for them.
    absent: codes ("25") of the units that the source looked for and did not see on any side: a
    presence or an intensity of exactly 0, or AU25=0 in notation. A unit that is neither in
    coding nor here was not looked for, or is a trace.
    """

    id: str
    subject: str
    frame: int | None
    values: Mapping[str, float]
    kind: str
    missing: tuple[str, ...]
    coding: Coding | None
    line: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)
    landmarks: tuple[tuple[float, float], ...] | None = None
    absent: frozenset[str] = frozenset()


class Ids:
    """Ids that differ: the second face of one picture gets "#1" behind its name, and so on.

    Remembers the last 65,536 names, so that memory does not grow with the file.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()

    def unlike(self, name: str) -> str:
        """The name, told apart from the same one before."""
        count = self._seen.pop(name, 0)
        self._seen[name] = count + 1
        if len(self._seen) > 65_536:
            self._seen.popitem(last=False)
        return f"{name}#{count}" if count else name


def code_of(key: str) -> str:
    """The unit's code of a key of values: "12" of "AU12" and of "L12"."""
    return key[2:] if key[:2] == "AU" else key[1:]


def round_level(value: float) -> int:
    """0..5 measurement to a level: half rounds up, below 0.5 is absent (0)."""
    return min(5, int(value + 0.5)) if value >= 0.5 else 0


def coding_of(
    values: Mapping[str, float],
    kind: str,
    missing: Collection[str] = (),
    *,
    binary: Mapping[str, float] | None = None,
) -> Coding | None:
    """Coding of values, or None when the kind is no coding, or when all that was looked for is
    missing: a face that could not be scored is no face at rest.

    binary: presence of further units, beside intensities.
    """
    if kind not in ("presence", "intensity") or (missing and not values and not binary):
        return None
    actions = []
    for key, value in values.items():
        level = round_level(value) if kind == "intensity" else 0
        if level or (kind == "presence" and value):
            actions.append(_action(key, level))
    for key, value in (binary or {}).items():
        if value:
            actions.append(_action(key, 0))
    return Coding(actions)


def _action(key: str, level: int) -> Action:
    return Action(code_of(key), "both" if key[:2] == "AU" else _SIDES[key[0]], level)


def absent_units(
    values: Mapping[str, float], kind: str, missing: Collection[str] = ()
) -> frozenset[str]:
    """Codes of the units seen to be absent: 0 on every side that was scored, none missing."""
    if kind not in ("presence", "intensity"):
        return frozenset()
    zero = {code_of(key) for key, value in values.items() if value == 0.0}
    seen = {code_of(key) for key, value in values.items() if value != 0.0}
    return frozenset(zero - seen - {code_of(key) for key in missing})


def row_of_values(
    ident: str,
    subject: str,
    frame: int | None,
    values: Mapping[str, float],
    kind: str,
    missing: tuple[str, ...],
    line: int,
    extra: Mapping[str, str] | None = None,
    *,
    binary: Mapping[str, float] | None = None,
) -> Row:
    """Row of checked values, with the coding that they are and the units they show absent."""
    coding = coding_of(values, kind, missing, binary=binary)
    both = {**values, **(binary or {})}
    return Row(
        ident, subject, frame, both, kind, missing, coding, line, extra or {},
        absent=absent_units(both, kind, missing),
    )  # fmt: skip
