"""Slips of the finger: two letters of a longer word changed about, or one of them left out."""

from __future__ import annotations

from auface_gen.generator.everyday.dice import Dice

__all__ = ["mistyped"]

_LEAST = 6  # letters of a word that stays readable
_SPARED = ("left", "right", "upper", "lower", "inner", "outer", "bottom", "slight", "strong")


def mistyped(text: str, dice: Dice) -> str:
    """A text with one slip; words that tell side, place or strength are spared."""
    words = text.split(" ")
    able = [
        i
        for i, w in enumerate(words)
        if len(w) >= _LEAST and w.isalpha() and not w.lower().startswith(_SPARED)
    ]
    if not able:
        return text
    i = dice.pick(able)
    word, at = words[i], dice.pick(range(1, len(words[i]) - 2))
    if dice.chance(0.5):
        words[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        words[i] = word[:at] + word[at + 1 :]
    return " ".join(words)
