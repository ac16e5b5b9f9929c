"""Whether arms do what sentences say whose wording was never trained (`paradigm.py`); not run by
itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from held_out_people import see
from paradigm_arms import Arm
from paradigm_truth import Truth
from unseen_wording import novelty, reworded

from aaad import AAADError, aaad
from auface_gen.generator.train import vocabulary_texts
from auface_gen.generator.wording import Said
from facs_text import understand

__all__ = ["Wording"]

TRAINED = 1000
"""Codings whose texts, five each, stand for what was trained."""


class Wording:
    """Sentences whose wording was never trained, on rows that anatomy leaves as they are: text arms
    are told them, arms of numbers what `understand` reads in them.
    """

    def __init__(self, truth: Truth, steps: int) -> None:
        self.steps = steps
        texts = [reworded(coding, i) for i, coding in enumerate(truth.people.asked)]
        self.keep = [i for i in truth.strata["none"].tolist() if texts[i] is not None]
        self.texts = [str(texts[i]) for i in self.keep]
        self.truth, self.people = truth, truth.people.take(self.keep)
        self.found: dict[str, dict[str, list[float]]] = {}
        self.novelty: dict[str, float] | None = None

    def measure(self, arm: Arm) -> None:
        """AAAD of an arm told in its own way, and in sentences."""
        if not self.keep:
            return
        usual = [
            arm.said(coding, i) for i, coding in zip(self.keep, self.people.asked, strict=True)
        ]
        if arm.told_text:
            told = [Said(t, (), u.columns) for t, u in zip(self.texts, usual, strict=True)]
            if self.novelty is None:
                known = arm.generator.config.encoder.vocabulary.words
                self.novelty = novelty(self.texts, list(vocabulary_texts(TRAINED, 0)), set(known))
        else:
            told = [arm.said(understand(text).coding, 0) for text in self.texts]
        for name, said in (("usual", usual), ("sentences", told)):
            drawn = arm.draw(self.people, said, self.steps)
            pred = see(self.truth.detector, drawn, self.people.rest)
            try:
                value = aaad(
                    pred, self.people.wanted, groups=self.people.people,
                    subjects=self.people.people, min_count=self.truth.min_count, interval=False,
                ).aaad  # fmt: skip
            except AAADError:
                value = float("nan")
            self.found.setdefault(arm.name, {}).setdefault(name, []).append(value)

    def read(self) -> list[bool]:
        """Of each sentence whether `understand` reads the units that it was made from."""
        both = zip(self.texts, self.people.asked, strict=True)
        return [{a.code for a in understand(t).coding} == {a.code for a in c} for t, c in both]

    def report(self) -> dict[str, Any]:
        """By arm, told in its own way and in sentences, a value a seed; and an example."""
        return {
            "pictures": len(self.keep),
            "novelty": self.novelty,
            "example": self.texts[:3],
            "read_rightly_by_understand": float(np.mean(self.read())) if self.keep else None,
            "aaad": self.found,
        }
