"""Codings in words that no training text has: for what only language can be asked (`paradigm.py`).

Not run by itself. The sentences are colloquial, their phrases written for this purpose and not
taken from facs-text. How far they are from what was trained is measured, not assumed: `novelty`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from auface_gen.generator.words import split_words
from facs_text import Coding, resolve

__all__ = ["PHRASES", "novelty", "reworded"]

PHRASES: dict[str, tuple[str, str]] = {
    "1": ("hoists the middle bits of {his} eyebrows", "brows slanting up in the centre"),
    "2": ("hikes the far ends of {his} eyebrows", "eyebrow tails way up"),
    "4": ("knits {his} brow into a scowl", "scowling, eyebrows bunched"),
    "5": ("bugs {his} eyes out", "goggling, whites on view"),
    "6": ("gets crow's feet as {his} cheeks bunch", "cheek apples squashing the eyes"),
    "7": ("squints with tense eyelids", "narrowed, hard-looking eyes"),
    "9": ("scrunches {his} nose", "nose all crinkled, as at a stench"),
    "10": ("curls {his} upper lip in a sneer", "sneering upper lip"),
    "12": ("grins", "beaming, mouth corners curving skyward"),
    "14": ("dimples {his} cheeks in a smirk", "smirky dimples"),
    "15": ("turns {his} mouth corners down, glum", "downturned, glum mouth"),
    "17": ("bunches {his} chin like a pouting kid", "chin puckered and shoved up"),
    "18": ("puckers up for a kiss", "kissy, puckered mouth"),
    "20": ("yanks {his} mouth wide in a grimace", "fearful grimace, mouth dragged wide"),
    "25": ("lets {his} lips come open", "mouth ajar"),
    "26": ("lets {his} jaw hang", "slack-jawed"),
    "43": ("shuts {his} eyes", "eyes closed as if dozing"),
}
"""By unit: what somebody does, and how it looks."""

_HOW = {1: "just barely", 2: "a tad", 3: "noticeably", 4: "a whole lot", 5: "like crazy"}
_WHERE = {"both": "", "left": " on {his} left", "right": " on {his} right"}


def reworded(coding: Coding, seed: int) -> str | None:
    """A coding in a sentence or two; None where it names what there is no phrase for, or what
    anatomy changes.
    """
    held, raw = resolve(coding), resolve(coding, mode="off")
    if held.coding != raw.coding or held.activations != raw.activations or not coding:
        return None
    rng = np.random.default_rng([seed, 0x50FA])
    his = str(rng.choice(["his", "her", "their"]))
    who = {"his": "He", "her": "She", "their": "This person"}[his]
    parts = []
    for code, side, level, _ in coding:
        if code not in PHRASES or side not in _WHERE or level not in _HOW:
            return None
        does, looks = PHRASES[code]
        where = _WHERE[side].format(his=his)
        if len(parts) % 2 == 0:
            parts.append(f"{who} {does.format(his=his)}{where}, {_HOW[level]}")
        else:
            parts.append(f"{looks}{where}, {_HOW[level]}".capitalize())
    return ". ".join(parts) + "."


def novelty(
    texts: Iterable[str], trained: Collection[str], known: Collection[str]
) -> dict[str, float]:
    """Of some texts: the share of words that the model does not know whole, and of runs of three
    words that are in no trained text.
    """
    seen = {run for text in trained for run in _runs(text)}
    words = [w for text in texts for w, _, _ in split_words(text) if w.isalpha()]
    runs = [run for text in texts for run in _runs(text)]
    return {
        "unknown_words": float(np.mean([w not in known for w in words])),
        "new_runs_of_three": float(np.mean([run not in seen for run in runs])),
    }


def _runs(text: str) -> list[tuple[str, ...]]:
    words = [w for w, _, _ in split_words(text) if w.isalpha()]
    return [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
