"""The phrases of everyday speech (data/paraphrase*.toml), sorted by level once they are read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from auface_gen.errors import AUFaceGenError

__all__ = ["Entry", "Item", "Place", "Words", "looks", "units", "words"]

LETTERS = "ABCDE"
_FIELDS = ("do", "go", "be", "adj", "say", "say1", "noun", "noun1", "tail")
_ALL = {"units", "parts", "degree", "apart", "even", "loose", *_FIELDS}


class Item(NamedTuple):
    """A phrase, and whether it tells its strength by itself."""

    text: str
    graded: bool


class Place(NamedTuple):
    """What moves, as it is called on one side and on both; single: the both are one thing."""

    one: str
    both: str
    single: bool


@dataclass(frozen=True)
class Entry:
    """What people call some units that act together.

    units: each with the levels 1..5 at which the phrases hold; the first tells the strength. apart:
    units beside which they do not hold. spread: how far the levels may be from each other.
    at: phrases of each field at each level, index 0 for A. degree: words for strength.
    """

    units: tuple[tuple[str, frozenset[int]], ...]
    parts: tuple[Place, ...]
    named: tuple[Place, ...]
    at: tuple[Mapping[str, tuple[Item, ...]], ...]
    apart: frozenset[str]
    spread: int
    degree: str


class Words(NamedTuple):
    """degree: kind of degree -> place in the phrase -> words of each level. who: (subject,
    owner) of each kind of person. rest: how a face at rest is called.
    """

    degree: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
    who: Mapping[str, tuple[tuple[str, str], ...]]
    rest: Mapping[str, tuple[str, ...]]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("auface_gen").joinpath("data", name).read_text("utf-8"))


def _item(written: str) -> tuple[Item, frozenset[int]]:
    text = written.removesuffix(" =")
    text, _, at = text.partition(" @")
    if set(at) - set(LETTERS):
        raise AUFaceGenError(f"paraphrases: {written!r} holds at {at!r}; letters A to E")
    return Item(text, written.endswith(" =")), _levels(at)


def _levels(letters: str) -> frozenset[int]:
    return frozenset(LETTERS.index(x) + 1 for x in letters or LETTERS)


def _place(written: str) -> Place:
    one, both = written.split(" | ") if " | " in written else (written, written)
    return Place(one, both.removesuffix(" !"), both.endswith(" !"))


def _entry(units: str, given: Mapping[str, Any]) -> Entry:
    """An entry of the files; AUFaceGenError for a field that is none."""
    if unknown := set(given) - _ALL:
        raise AUFaceGenError(f"paraphrases: {units} has {', '.join(sorted(unknown))}")
    items = {field: [_item(x) for x in given.get(field, ())] for field in _FIELDS}
    at = tuple(
        {f: tuple(item for item, levels in some if n in levels) for f, some in items.items()}
        for n in range(1, 6)
    )
    parts = tuple(map(_place, given.get("parts", ())))
    return Entry(
        units=tuple(
            (code, _levels(letters))
            for code, _, letters in (u.partition(":") for u in units.split())
        ),
        parts=parts,
        named=tuple(
            p for p in parts if not any(x in p.one + p.both for x in ("~", " of ", " to "))
        ),
        at=at,
        apart=frozenset(str(given.get("apart", "")).split()),
        spread=0 if given.get("even") else 5 if given.get("loose") else 1,
        degree=given.get("degree", "plain"),
    )


def _directed(given: Mapping[str, Any], side: str) -> dict[str, Any]:
    """The fields with "{dir}" told apart by side: "{left}" or "{right}"."""
    return {
        k: [x.replace("{dir}", f"{{{side}}}") for x in v] if isinstance(v, list) else v
        for k, v in given.items()
    }


@cache
def units() -> dict[str, Entry]:
    """The entry of each unit that is told by itself: "12", "18top", "30L"."""
    out = {}
    for key, given in _read("paraphrases.toml")["units"].items():
        codes = key.split("/")
        for code, side in zip(codes, ("left", "right"), strict=False):
            out[code] = _entry(code, _directed(given, side))
    return out


@cache
def looks() -> dict[str, tuple[Entry, ...]]:
    """Looks by their first unit."""
    out: dict[str, list[Entry]] = {}
    for given in _read("paraphrase_looks.toml")["look"]:
        entry = _entry(given["units"], given)
        out.setdefault(entry.units[0][0], []).append(entry)
    return {code: tuple(some) for code, some in out.items()}


def _scale(
    kind: str, place: str, table: Mapping[str, Mapping[str, Sequence[Sequence[str]]]]
) -> tuple[tuple[str, ...], ...]:
    """Words of each level: a kind's own beside the plain ones; of smiles, and of how wide
    something is, their own alone.
    """
    plain = table["plain"][place]
    own = table[kind].get(place) or [()] * 5
    if kind == "plain":
        return tuple(map(tuple, plain))
    if kind == "smile" or (kind == "wide" and place in ("before", "adj")):
        return tuple(tuple(mine or all_) for mine, all_ in zip(own, plain, strict=True))
    return tuple((*mine, *mine, *all_) for mine, all_ in zip(own, plain, strict=True))


@cache
def words() -> Words:
    """Words for strength, people and rest."""
    found = _read("paraphrase_words.toml")
    degree = {
        kind: {place: _scale(kind, place, found["degree"]) for place in found["degree"]["plain"]}
        for kind in found["degree"]
    }
    who = {k: tuple((a, b) for a, b in some) for k, some in found["who"].items()}
    return Words(degree, who, {k: tuple(v) for k, v in found["rest"].items()})
