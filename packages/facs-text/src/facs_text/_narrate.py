"""A sequence of codings in words: when each unit sets in, is at its apex, and has gone.

FACS scores an action in time by its onset, apex and offset. Here onset is the first coding that
has the unit, the apex the first stretch of codings at its highest level, and offset the first
coding without it again. What is there in the first coding has no onset, and what is there in the
last no offset: the sequence does not show them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facs_text._change import said
from facs_text._coding import Action, Coding
from facs_text._errors import FacsTextError
from facs_text._resolve import expand, resolve, strength
from facs_text._sentence import mix, small
from facs_text._units import unit

__all__ = ["Episode", "Narration", "narrate"]

_STILL = ("The face does not move.", "Nothing moves.")


@dataclass(frozen=True, slots=True)
class Episode:
    """One unit on one side, from its onset to its offset.

    action: at its highest level. onset, offset: times, None where the sequence does not show
    them. apex: times of the first and the last coding of the stretch at the highest level.
    """

    action: Action
    onset: float | None
    apex: tuple[float, float]
    offset: float | None


@dataclass(frozen=True, slots=True)
class Narration:
    """The text, and the episodes it tells, by onset and from the top of the face down."""

    text: str
    episodes: tuple[Episode, ...]

    def __str__(self) -> str:
        return self.text


def narrate(
    sequence: Iterable[tuple[float, Coding | str]], *, unit_of_time: str = "s", seed: int = 0
) -> Narration:
    """Tell what happens in timed codings: onset, apex and offset of each unit.

    sequence: (time, coding) in rising order of time; each coding is resolved. unit_of_time stands
    behind each time in the text. Raises FacsTextError for an empty sequence and for times that
    do not rise.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    times, tracks = _tracks(sequence)
    found = _alike([e for key, track in tracks.items() for e in _episodes(key, track, times)])
    found.sort(key=_place)
    start = mix(seed * 0x9E3779B97F4A7C15)
    told = [_sentence(e, unit_of_time, mix(start + n)) for n, e in enumerate(found)]
    return Narration(" ".join(told) or _STILL[start % len(_STILL)], tuple(found))


Track = list[tuple[int, bool] | None]


def _tracks(
    sequence: Iterable[tuple[float, Coding | str]],
) -> tuple[list[float], dict[tuple[str, str], Track]]:
    """The times, and for each unit and side its level and doubt at each of them."""
    times: list[float] = []
    tracks: dict[tuple[str, str], Track] = {}
    for n, (time, coding) in enumerate(sequence):
        if isinstance(time, bool) or not isinstance(time, int | float) or time - time != 0:
            raise FacsTextError(f"coding {n + 1} of the sequence: time {time!r} is no number")
        if times and time <= times[-1]:
            raise FacsTextError(
                f"coding {n + 1} of the sequence: time {time:g} is not after {times[-1]:g}; sort it"
            )
        for key, state in expand(resolve(coding).coding).items():
            tracks.setdefault(key, [None] * n).append(state)
        times.append(time)
        for track in tracks.values():
            track.extend([None] * (len(times) - len(track)))
    if not times:
        raise FacsTextError("empty sequence; give (time, coding) pairs")
    return times, tracks


def _episodes(key: tuple[str, str], track: Track, times: list[float]) -> list[Episode]:
    found: list[Episode] = []
    at = 0
    while at < len(track):
        if track[at] is None:
            at += 1
            continue
        end = at
        while end < len(track) and track[end] is not None:
            end += 1
        states = [state for state in track[at:end] if state is not None]
        top = max(strength(key[0], level) for level, _ in states)
        first = next(n for n, (level, _) in enumerate(states) if strength(key[0], level) == top)
        last = first
        while last + 1 < len(states) and strength(key[0], states[last + 1][0]) == top:
            last += 1
        level = max(level for level, _ in states[first : last + 1])
        doubt = all(doubt for _, doubt in states)
        found.append(
            Episode(
                Action(*key, level, doubt),
                times[at] if at else None,
                (times[at + first], times[at + last]),
                times[end] if end < len(track) else None,
            )
        )
        at = end
    return found


def _alike(episodes: list[Episode]) -> list[Episode]:
    """Episodes that are the same on both sides as one."""
    found: list[Episode] = []
    by_time: dict[tuple[object, ...], list[Episode]] = {}
    for one in episodes:
        key = (one.action._replace(side=""), one.onset, one.apex, one.offset)
        by_time.setdefault(key, []).append(one)
    for group in by_time.values():
        actions = Coding(e.action for e in group)
        found += [Episode(a, group[0].onset, group[0].apex, group[0].offset) for a in actions]
    return found


def _place(episode: Episode) -> tuple[object, ...]:
    au = unit(episode.action.code)
    onset = float("-inf") if episode.onset is None else episode.onset
    return onset, au.order, au.code, episode.apex, episode.action.side


def _sentence(episode: Episode, unit_of_time: str, choice: int) -> str:
    action = episode.action
    text = said(action, choice)
    if action.doubt:
        text = f"Perhaps {small(text)}"

    def at(time: float) -> str:
        return f"{time:.10g} {unit_of_time}".strip()

    one, two = episode.apex
    apex = f"apex at {at(one)}" if one == two else f"apex from {at(one)} to {at(two)}"
    onset = "there at the start" if episode.onset is None else f"onset at {at(episode.onset)}"
    offset = "there to the end" if episode.offset is None else f"offset at {at(episode.offset)}"
    return f"{text}: {onset}, {apex}, {offset}."
