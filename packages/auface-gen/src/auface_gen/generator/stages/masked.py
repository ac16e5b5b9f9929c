"""Second stage: masked tokens of change, from the encoder that the first stage leaves.

B pictures, T tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from auface_gen.generator.batches import Batch
from auface_gen.generator.condition import Heard
from auface_gen.generator.masked_tokens import mask_tokens, token_loss
from auface_gen.generator.stages.work import Work, hear, meaning_loss

__all__ = ["held_out_figures", "hidden_loss", "masked_loss"]


def masked_loss(work: Work, batch: Batch, chance: torch.Generator) -> Tensor:
    """The loss of one batch, all of whose chance comes from `chance`; a scalar."""
    run, generator = work.run, work.generator
    tokens = _hidden(work, batch.target, chance)
    with work.autocast():
        heard = hear(generator, batch.said)
        loss = run.anatomy * meaning_loss(generator, heard, batch.said)
        told = _partly_told(heard, work, chance)
        memory = generator.transformer.listen(told, batch.reference)
        hidden = generator.transformer.hidden(tokens, memory)
    return loss + hidden_loss(work, hidden, tokens, batch.target)


def hidden_loss(work: Work, hidden: Tensor, tokens: Tensor, target: Tensor) -> Tensor:
    """What guessing the masked tokens (B, T) wrong costs."""
    transformer, run = work.generator.transformer, work.run
    masked = tokens == transformer.mask_id
    return token_loss(
        transformer.logits(hidden[masked].float()),
        target[masked],
        still=work.data.still,
        near=work.near,
        moved_weight=run.moved_weight,
        soften=run.soften,
    )


def _hidden(work: Work, target: Tensor, chance: torch.Generator) -> Tensor:
    """Tokens as a sampler has them: some masked, and of the others some wrong."""
    run = work.run
    wrong = torch.rand(target.shape, generator=chance) < run.corrupt
    known = torch.where(wrong.to(target.device), work.data.still, target)
    return mask_tokens(known, work.generator.transformer.mask_id, chance, run.all_masked)


def _partly_told(heard: Heard, work: Work, chance: torch.Generator) -> Heard:
    """Some told nothing, some told without the anatomical prior."""
    count, device = len(heard.said), work.device
    silent, unguided = torch.rand(2, count, generator=chance).to(device)
    heard = heard.silenced(silent < work.run.text_drop)
    return heard.unguided(unguided < work.run.reach_drop)


@torch.no_grad()
def held_out_figures(work: Work, batch: Batch) -> dict[str, float]:
    """Measure a batch of which nothing is known: nats a token, over all and over those that say
    something; how often the likeliest code is right, where something is said and elsewhere; and how
    far off it is in the codebook where something is said.
    """
    generator, target = work.generator, batch.target
    transformer = generator.transformer
    heard = hear(generator, batch.said)
    if work.run.reach_drop >= 1:
        heard = heard.unguided()
    memory = transformer.listen(heard, batch.reference)
    log_p = torch.log_softmax(transformer(torch.full_like(target, transformer.mask_id), memory), -1)
    choice, moved = log_p.argmax(-1), target != work.data.still
    nats = -log_p.gather(2, target[..., None])[..., 0]
    off = (transformer.codebook[choice] - transformer.codebook[target]).abs().mean(2)
    found = {
        "nats": nats.mean(),
        "nats_moved": nats[moved].mean(),
        "right_moved": (choice == target)[moved].float().mean(),
        "right_still": (choice == target)[~moved].float().mean(),
        "off_moved": off[moved].mean(),
    }
    return {name: float(value) for name, value in found.items()}
