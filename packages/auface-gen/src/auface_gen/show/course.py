"""The course of timed codings: the level of every unit at any time, and the faces it passes.

Between timed codings levels rise and fall on a monotone cubic (Fritsch and Carlson 1980, SIAM J.
Numer. Anal. 17, 238-246): it meets every coding, never overshoots one, starts and ends gently, and
is still while two codings on end are the same. A model is told letters, so it draws the *stops*:
the timed codings themselves, and between two of them each time at which the unit that moves most
passes a letter. Any other time lies a share of the way between two stops.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from auface_gen.errors import AUFaceGenError
from auface_gen.show.levels import Levels, coding_of, levels_of
from facs_text import Coding, narrate, resolve

__all__ = ["Course", "Stop"]

_HALVINGS = 40  # of an interval, to find when a level is passed: far below a frame


@dataclass(frozen=True)
class Stop:
    """A face that is drawn: its time, its coding, and the levels at that time."""

    time: float
    coding: Coding
    levels: Levels


class Course:
    """Timed codings, as `facs_text.narrate` takes them: (time, coding) in rising order of time.

    Each coding is resolved. `stops` are the faces to draw, in order; `at` says where a time lies
    between them. `text` tells the whole. Raises FacsTextError for an empty sequence, for times that
    do not rise, and for a coding that is none.
    """

    def __init__(self, timed: Iterable[tuple[float, Coding | str]]) -> None:
        given = list(timed)
        self.text = str(narrate(given))
        self.times = [float(time) for time, _ in given]
        codings = [resolve(coding).coding for _, coding in given]
        found = [levels_of(coding) for coding in codings]
        self._tracks = {
            key: _Curve(self.times, [levels.get(key, 0.0) for levels in found])
            for key in sorted({key for levels in found for key in levels})
        }
        self.stops = [Stop(self.times[0], codings[0], found[0])]
        for n in range(len(codings) - 1):
            self.stops += self._passed(n, found[n], found[n + 1])
            self.stops.append(Stop(self.times[n + 1], codings[n + 1], found[n + 1]))
        self._stop_times = [stop.time for stop in self.stops]

    @property
    def seconds(self) -> float:
        """The time from the first coding to the last, in the codings' unit of time."""
        return self.times[-1] - self.times[0]

    def levels(self, time: float) -> Levels:
        """The level of each unit and side at a time; before the first coding and after the last it
        stays as it is there.
        """
        return {key: curve(time) for key, curve in self._tracks.items()}

    def at(self, time: float) -> tuple[Stop, Stop, float]:
        """The stops about a time, and which share (0 to 1) of the way between them it is."""
        n = min(bisect_right(self._stop_times, time), len(self.stops) - 1)
        a, b = self.stops[max(n - 1, 0)], self.stops[n]
        gaps = {k: b.levels.get(k, 0.0) - a.levels.get(k, 0.0) for k in {**a.levels, **b.levels}}
        lead = max(gaps, key=lambda k: (abs(gaps[k]), k), default=None)
        if lead is None or gaps[lead] == 0:
            return a, b, 0.0
        way = (self._tracks[lead](time) - a.levels.get(lead, 0.0)) / gaps[lead]
        return a, b, min(1.0, max(0.0, way))

    def frame_times(self, rate: float) -> list[float]:
        """Times of frames at `rate` a unit of time, the first and the last coding among them."""
        if not 0 < rate <= 1000:
            raise AUFaceGenError(f"frames a second: {rate}; over 0 and at most 1000")
        count = max(1, round(self.seconds * rate)) if self.seconds else 0
        step = self.seconds / count if count else 0.0
        return [self.times[0] + n * step for n in range(count)] + [self.times[-1]]

    def _passed(self, n: int, a: Levels, b: Levels) -> list[Stop]:
        """Stops between coding n and the next: where the unit that moves most passes letters."""
        gaps = {key: b.get(key, 0.0) - a.get(key, 0.0) for key in {**a, **b}}
        lead = max(gaps, key=lambda k: (abs(gaps[k]), k), default=None)
        if lead is None:
            return []
        low, high = sorted((a.get(lead, 0.0), b.get(lead, 0.0)))
        letters = [float(v) for v in range(int(low) + 1, int(high + 0.999))]
        found = []
        for letter in letters if gaps[lead] > 0 else reversed(letters):
            time = self._when(lead, letter, self.times[n], self.times[n + 1])
            levels = self.levels(time) | {lead: letter}
            found.append(Stop(time, coding_of(levels), levels))
        return found

    def _when(self, key: tuple[str, str], level: float, start: float, end: float) -> float:
        """When a level that rises or falls from start to end is passed, by halving."""
        curve = self._tracks[key]
        rises = curve(end) > curve(start)
        for _ in range(_HALVINGS):
            middle = (start + end) / 2
            if (curve(middle) < level) == rises:
                start = middle
            else:
                end = middle
        return (start + end) / 2


class _Curve:
    """A monotone cubic through (time, value), flat at both ends."""

    def __init__(self, times: Sequence[float], values: Sequence[float]) -> None:
        self._t, self._v = times, values
        rise = [
            (values[i + 1] - values[i]) / (times[i + 1] - times[i]) for i in range(len(times) - 1)
        ]
        # The harmonic mean of both slopes, 0 where they differ in sign: never overshoots.
        inner = [2 * a * b / (a + b) if a * b > 0 else 0.0 for a, b in pairwise(rise)]
        self._slope = [0.0, *inner, 0.0] if rise else [0.0]

    def __call__(self, time: float) -> float:
        t, v = self._t, self._v
        if time <= t[0] or len(t) == 1:
            return v[0]
        if time >= t[-1]:
            return v[-1]
        i = bisect_right(t, time) - 1
        h = t[i + 1] - t[i]
        s = (time - t[i]) / h
        a, b = self._slope[i] * h, self._slope[i + 1] * h
        gap = v[i + 1] - v[i]
        return v[i] + s * (a + s * (3 * gap - 2 * a - b + s * (a + b - 2 * gap)))
