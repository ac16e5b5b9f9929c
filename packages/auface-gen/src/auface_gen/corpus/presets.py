"""Corpora that have a name: all that makes them is here, so that everybody makes the same one."""

from __future__ import annotations

from dataclasses import dataclass

from auface_gen.corpus.plan import CorpusPlan
from auface_gen.errors import AUFaceGenError

__all__ = ["CORPORA", "CorpusPreset", "corpus_preset"]


@dataclass(frozen=True)
class CorpusPreset:
    """A plan, how it lies on disk, and the numbers of the mixture of codings and of the look that
    it is made with; with other ones it would be another corpus.
    """

    plan: CorpusPlan
    layout: str
    mixture: int
    look: int


CORPORA: dict[str, CorpusPreset] = {
    # 7,200 people in two sittings each: the size of BP4D-AUText, 302 thousand pairs.
    "auface-302k": CorpusPreset(
        plan=CorpusPlan(
            count=302_400,
            size=128,
            seed=302,
            sittings=2,
            per_sitting=21,
            samples=16,
            people_per_shard=8,
        ),
        layout="shards",
        mixture=4,
        look=7,
    ),
}
"""Named corpora. A named corpus never changes: another mixture or look makes another name."""


def corpus_preset(name: str, *, mixture: int, look: int) -> CorpusPreset:
    """The corpus of a name. Raises AUFaceGenError for one that is not known, and for one that this
    version, which has a mixture and look of its own, would make otherwise.
    """
    if name not in CORPORA:
        raise AUFaceGenError(f"no corpus is called {name!r}: one of {', '.join(CORPORA)}")
    preset = CORPORA[name]
    if (preset.mixture, preset.look) != (mixture, look):
        raise AUFaceGenError(
            f"{name} is of mixture {preset.mixture} and look {preset.look}; this version of "
            f"auface-gen makes mixture {mixture} and look {look}, which is another corpus"
        )
    return preset
