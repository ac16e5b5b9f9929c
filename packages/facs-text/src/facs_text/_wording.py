"""The words of the package: templates and the intensity table, from ``data/wording.json``.

Markup of a template:

    {d} {a}            intensity as adverb ("strongly") or adjective ("strong"); none when unscored.
                       Adverbs come from the table that the unit names as its "degree"
    {lip corner}       "lip corners" for both sides, "left lip corner" for one
    {end of the * brow/ends of the brows}   singular with the place of the side word, and plural
    {L} {l} {M}        "lips", "lip" or "mouth" of both, "upper lip", "lower lip"
    {One lip} {one lip}   "A lip", "The upper lip", "The lower lip", and in small letters
    {is} {its} {v:rises/rise}   agreement      {?both/else}   by whether both sides act
    {dir} {where}      direction of the jaw, place of a tongue bulge

A template is a phrase, or {"at": "ABC", "say": ...} where it fits some levels only ("-" unscored).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from facs_text._coding import LETTERS
from facs_text._units import load_data

__all__ = [
    "adjectives", "adverbs", "fill", "form", "further", "phrases", "second", "templates", "wording",
]  # fmt: skip

_MARK = re.compile(r"\{([^{}]*)\}")
_WORD = {"left": "left", "right": "right", "one": "one", "V": "side-V", "W": "side-W"}
_LIP = {"top": "upper lip", "bottom": "lower lip"}
_DIR = {"left": "its left", "right": "its right", "one": "one side",
        "V": "the side lettered V", "W": "the side lettered W"}  # fmt: skip
_WHERE = {
    "both": "a cheek or lip", "left": "the left cheek", "right": "the right cheek",
    "top": "the upper lip", "bottom": "the lower lip", "one": "one cheek",
    "unequal": "a cheek or lip", "V": "the side-V cheek", "W": "the side-W cheek",
}  # fmt: skip


@lru_cache(maxsize=1)
def wording() -> dict[str, Any]:
    """The wording file as data."""
    data: dict[str, Any] = load_data("wording.json")
    return data


def adverbs(level: int, degree: str = "plain") -> list[str]:
    """Adverbs that mean a level, 1..5; the tables are fixed and one word means one level."""
    words: list[str] = wording()["adverbs"][degree][level]
    return words


def adjectives(level: int) -> list[str]:
    """Adjectives that mean a level, 1..5."""
    words: list[str] = wording()["adjectives"][level]
    return words


@cache
def second(opposed: str) -> str:
    """How another kind of opposition follows a first: ", but held by " as ", and held by "."""
    return f", and {opposed.removeprefix(', but ').removeprefix(', ')}"


@cache
def further(opposed: str) -> str:
    """How an opponent of the same kind follows a first: ", but held by " as ", and by "."""
    last = opposed.split()[-1]
    return f", and {last} " if last in ("against", "by", "despite", "over", "under") else ", and "


@cache
def form(template: str, side: str) -> str:
    """A template for one side: everything filled but {d} and {a}."""
    plural = side in ("both", "unequal")
    word = _WORD.get(side, "")

    def mark(match: re.Match[str]) -> str:
        body = match[1]
        if body in ("d", "a"):
            return match[0]
        if body == "is":
            return "are" if plural else "is"
        if body == "its":
            return "their" if plural else "its"
        if body == "L":
            return _LIP.get(side, "lips")
        if body == "M":
            return _LIP.get(side, "mouth")
        if body.lower() == "one lip":
            text = f"the {_LIP[side]}" if side in _LIP else "a lip"
            return text if body[0] == "o" else text.capitalize()
        if body == "l":
            return _LIP.get(side, "lip")
        if body == "dir":
            return _DIR[side]
        if body == "where":
            return _WHERE[side]
        if body[:2] == "v:":
            return body[2:].split("/")[1 if plural else 0]
        if body[:1] == "?":
            return body[1:].split("/")[0 if plural else 1]
        one, _, many = body.partition("/")
        if plural or not word:
            return many or f"{one}s"
        return one.replace("*", word) if "*" in one else f"{word} {one}"

    text = _MARK.sub(mark, template)
    text = text.replace("The one ", "One ").replace("the one ", "one ")
    return text


def fill(template: str, side: str, level: int, choice: int = 0, degree: str = "plain") -> str:
    """A template in words. choice picks among the words of the level."""
    text = form(template, side)
    if level:
        words, adj = adverbs(level, degree), adjectives(level)
        return text.replace("{d}", words[choice % len(words)]).replace(
            "{a}", adj[choice % len(adj)]
        )
    return text.replace(" {d}", "").replace("{d} ", "").replace("{a} ", "")


@cache
def templates(code: str, kind: str, level: int | None = None) -> tuple[str, ...]:
    """Templates of a unit that fit a level; all of them without one."""
    found: list[str] = []
    for one in wording()["units"][code].get(kind, ()):
        if isinstance(one, str):
            found.append(one)
        elif level is None or LETTERS[level] in one["at"]:
            found.append(one["say"])
    return tuple(found)


@cache
def phrases(code: str, side: str, level: int, kind: str, word: int) -> tuple[str, ...]:
    """Every way to say an action; word picks among the words of its level, one for a whole text."""
    degree = wording()["units"][code].get("degree", "plain")
    return tuple(fill(t, side, level, word, degree) for t in templates(code, kind, level))
