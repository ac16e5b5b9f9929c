"""First stage: whole descriptions with whole faces, then clauses with regions.

Pictures, neutral ones among them, are set against all texts of the batch and against texts that are
wrong in one way (facs-text's contrasts); texts against all pictures; and, in the later part, each
clause against all pictures, in its region.

B pictures, Q texts, C clauses, A columns, P cells, W width of states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from auface_gen.generator.alignment import contrastive, region_scores
from auface_gen.generator.batches import Batch
from auface_gen.generator.condition import Heard, NumberCondition, TextCondition
from auface_gen.generator.stages.work import Work, hear, meaning_loss
from auface_gen.generator.wording import Said, contrasts

__all__ = ["align_loss", "as_told", "clause_states", "retrieval"]


def align_loss(work: Work, batch: Batch, *, regions: bool) -> Tensor:
    """The loss of one batch; a scalar."""
    wrong = [
        text
        for resolution, pick in zip(batch.resolutions, batch.picks, strict=True)
        for text in contrasts(
            resolution,
            1,
            detail=pick.detail,
            seed=pick.seed,
            resolved=work.run.resolved,
            apart=work.apart,
        )
    ]
    said = [*batch.said, *wrong]
    with work.autocast():
        heard = hear(work.generator, said)
        whole, cells = _pictures(work, batch)
        texts = work.pupil.alignment.texts(heard.pooled)
        parts, about = clause_states(work, heard, batch.said)
        clauses = work.pupil.alignment.clauses(parts)

    values = as_told(work, batch.values)
    same = _alike(as_told(work, _columns(said, values)), values)  # (Q, B)
    scores = work.pupil.alignment.scale(0) * texts @ whole.T
    count = len(batch.said)
    loss = contrastive(scores.T, same.T) + contrastive(scores[:count], same[:count])
    if regions:  # also of no clause, so that every process has the same gradients
        where = (_maps(work).T @ (about > 0).float().T).T.clamp_max(1.0)  # (C, P)
        each = work.pupil.alignment.scale(1) * region_scores(clauses, cells, where)
        loss = loss + contrastive(each, _does(as_told(work, about), values))
    return loss + work.run.anatomy * meaning_loss(work.generator, heard, said)


def _pictures(work: Work, batch: Batch) -> tuple[Tensor, Tensor]:
    codes = work.generator.transformer.codebook[batch.target]
    return work.pupil.alignment.pictures(batch.target, codes, batch.reference)


def _columns(said: Sequence[Said], like: Tensor) -> Tensor:
    return torch.stack([torch.from_numpy(one.columns) for one in said]).to(like)


def as_told(work: Work, columns: Tensor) -> Tensor:
    """Columns as the generator is told them: an arm that is told mere presence cannot tell levels
    apart, so that to it a picture of another level is not wrong.
    """
    onehot = work.generator.config.condition == "onehot"
    return (columns > 0).to(columns.dtype) if onehot else columns


def _alike(texts: Tensor, pictures: Tensor) -> Tensor:
    """Which texts (Q, A) ask for all that pictures (B, A) do and nothing else: (Q, B) bool."""
    return (texts[:, None] - pictures[None]).abs().amax(2) < 0.01


def _does(clauses: Tensor, pictures: Tensor) -> Tensor:
    """Which pictures (B, A) do what clauses (C, A) say, whatever else they do: (C, B) bool."""
    apart = (clauses[:, None] - pictures[None]).abs() * (clauses > 0)[:, None]
    return apart.amax(2) < 0.01


def _maps(work: Work) -> Tensor:
    """(A, P) where each unit moves the face."""
    condition = work.generator.condition
    if isinstance(condition, TextCondition):
        return condition.anatomy.maps
    assert isinstance(condition, NumberCondition)
    return condition.maps[1:]


def clause_states(work: Work, heard: Heard, said: Sequence[Said]) -> tuple[Tensor, Tensor]:
    """(C, W) the mean state of each clause that is about some unit, and (C, A) what it says of
    which units. A column of numbers is a clause of its own.
    """
    condition, length = work.generator.condition, heard.said.shape[1]
    texts, inside, columns = [], [], []
    for b, places in enumerate(_places(condition, said)):
        for states_of_one, about in places:
            share = torch.zeros(length)
            share[states_of_one] = 1 / len(states_of_one)
            texts.append(b)
            inside.append(share)
            columns.append(torch.from_numpy(about))
    if not texts:
        none = heard.states.new_zeros(0, heard.states.shape[2])
        return none, none.new_zeros(0, len(said[0].columns))
    shares = torch.stack(inside).to(heard.states)  # (C, L)
    states = (shares[:, None] @ heard.states[texts])[:, 0]
    return states, torch.stack(columns).to(heard.states)


Place = tuple[list[int], np.ndarray]


def _places(condition: nn.Module, said: Sequence[Said]) -> Iterator[list[Place]]:
    """For each text the states of each of its clauses, with what the clause is about (A,)."""
    if not isinstance(condition, TextCondition):
        for one in said:
            numbers = enumerate(one.columns.nonzero()[0])
            yield [
                ([1 + i], np.where(np.arange(len(one.columns)) == column, one.columns, 0))
                for i, column in numbers
            ]
        return
    spans = condition.encoder.spans([one.text for one in said])
    for one, words in zip(said, spans, strict=True):
        found = []
        for part in one.parts:
            inside = part.words(words)
            if inside and part.columns.any():
                found.append((inside, part.columns))
        yield found


@torch.no_grad()
def retrieval(work: Work, batch: Batch) -> float:
    """Share of pictures whose nearest text of the batch asks for what they do."""
    heard = hear(work.generator, batch.said)
    whole, _ = _pictures(work, batch)
    nearest = (whole @ work.pupil.alignment.texts(heard.pooled).T).argmax(1)
    values = as_told(work, batch.values)
    same = _alike(as_told(work, _columns(batch.said, values)), values)  # texts by pictures
    right = same[nearest, torch.arange(len(nearest), device=same.device)]
    return float(right.float().mean())
