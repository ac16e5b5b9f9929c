"""Which pictures a step is about, how they are seen, and what is told of each.

Everything follows from the seed and the number of the step, so that a run can go on from any step
with the same bits. Steps are dealt in blocks: the pictures of a block are sorted by how long their
texts will be before they are cut into steps, for a batch costs as much as its longest text.

B pictures, T tokens, A columns, P cells, R features of the reference a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from auface_gen.generator.token_set import TokenSet
from auface_gen.generator.transformer import ChangeTransformer
from auface_gen.generator.views import is_mirrored
from auface_gen.generator.wording import DETAILS, Said, asked, codes_of, details, say
from facs_text import Resolution

__all__ = ["Batch", "Dealer", "Pick", "batch_of"]

_BLOCK = 8  # steps that are sorted together
_LENGTH = {
    "full": 2.0,
    "brief": 1.0,
    "prompt": 1.2,
    "clinical": 2.4,
    "paraphrase": 1.2,
}  # words of a unit, about
_LOOSE = 0.25


class Pick(NamedTuple):
    """A picture of the set: its row, the view of it (R * V of them, see TokenSet), and how it is
    told.
    """

    row: int
    view: int
    detail: str
    seed: int
    loose: bool


@dataclass(frozen=True)
class Batch:
    """said: of each picture. resolutions: what was asked. target: (B, T) tokens in the order of
    cells. reference: (B, P, R). values: (B, A) what is asked as numbers.
    """

    picks: list[Pick]
    said: list[Said]
    resolutions: list[Resolution]
    target: Tensor
    reference: Tensor
    values: Tensor

    @property
    def texts(self) -> list[str]:
        """The texts alone."""
        return [one.text for one in self.said]


class Dealer:
    """Deals the pictures of a set to the steps of a run. paraphrases: their share of the texts.
    others: share that is told from another picture than the person at rest, where the set has it.
    """

    def __init__(
        self,
        data: TokenSet,
        seed: int,
        *,
        resolved: bool = True,
        paraphrases: float = DETAILS["paraphrase"],
        others: float = 0.0,
    ) -> None:
        self.data, self.seed, self.resolved, self.others = data, seed, resolved, others
        self._details = details(paraphrases)
        self._weight = [1 + codes_of(row).count("+") for row in data.rows]
        self._block: tuple[tuple[int, int], list[list[Pick]]] | None = None

    def deal(self, step: int, count: int) -> list[Pick]:
        """The pictures of a step."""
        key = (step // _BLOCK, count)
        if self._block is None or self._block[0] != key:
            self._block = key, self._draw(*key)
        return self._block[1][step % _BLOCK]

    def _draw(self, block: int, count: int) -> list[list[Pick]]:
        rng = np.random.default_rng([self.seed, 0xDEA1, block])
        total = count * _BLOCK
        rows = rng.integers(len(self.data.rows), size=total)
        views = rng.integers(self.data.views, size=total)
        manners = rng.choice(list(self._details), p=list(self._details.values()), size=total)
        seeds, loose = rng.integers(1 << 30, size=total), rng.random(total) < _LOOSE
        if self.data.references > 1:
            views = views + self.data.views * (rng.random(total) < self.others)
        length = [self._weight[r] * _LENGTH[str(d)] for r, d in zip(rows, manners, strict=True)]
        order = np.argsort(length, kind="stable")
        picks = [
            Pick(int(rows[i]), int(views[i]), str(manners[i]), int(seeds[i]), bool(loose[i]))
            for i in order
        ]
        steps = [picks[i : i + count] for i in range(0, total, count)]
        return [steps[i] for i in rng.permutation(_BLOCK)]


def batch_of(
    data: TokenSet, picks: Sequence[Pick], transformer: ChangeTransformer, *, resolved: bool = True
) -> Batch:
    """Pictures with what is told of them, on the transformer's device."""
    device = transformer.place.device
    resolutions = [asked(codes_of(data.rows[p.row]), is_mirrored(p.view), resolved) for p in picks]
    said = [
        say(r, detail=p.detail, seed=p.seed, loose=p.loose)
        for r, p in zip(resolutions, picks, strict=True)
    ]
    rows, views = torch.tensor([(p.row, p.view) for p in picks]).T
    features = data.reference_features(rows, views).to(device).float()
    return Batch(
        list(picks),
        said,
        resolutions,
        transformer.to_cells(data.tokens[rows, views].long().to(device)),
        transformer.reference_cells(features),
        torch.from_numpy(np.stack([one.columns for one in said])).to(device),
    )
