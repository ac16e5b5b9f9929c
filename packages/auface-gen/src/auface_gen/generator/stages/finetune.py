"""Third stage: what a frozen detector sees in the picture, through soft tokens.

The likeliest code is shown; its gradient is that of the mean code under the probabilities, so that
the decoder gets what it will get in use. The detector must not be the one that scores the result.

B pictures, T tokens, K codes, S side in pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.batches import Batch
from auface_gen.generator.stages.masked import hidden_loss
from auface_gen.generator.stages.work import Work, hear, meaning_loss
from auface_gen.generator.views import seen_as

__all__ = ["finetune_loss", "soft_pictures"]


def finetune_loss(work: Work, batch: Batch) -> Tensor:
    """The detector's loss of pictures drawn in one step, and the tokens' own beside it, so that
    what the detector does not see stays right.
    """
    if work.detector is None:
        raise AUFaceGenError("fine-tuning needs a detector: give one, or set finetune=0")
    generator, transformer = work.generator, work.generator.transformer
    tokens = torch.full_like(batch.target, transformer.mask_id)
    with work.autocast():
        heard = hear(generator, batch.said)
        loss = work.run.anatomy * meaning_loss(generator, heard, batch.said)
        heard = heard.unguided() if work.run.reach_drop >= 1 else heard
        hidden = transformer.hidden(tokens, transformer.listen(heard, batch.reference))
    loss = loss + hidden_loss(work, hidden, tokens, batch.target)

    rest = references(work, batch)
    drawn = soft_pictures(work, transformer.logits(hidden.float()), rest)
    seen = work.detector(drawn.clamp(0.0, 1.0), rest, [r.coding for r in batch.resolutions])
    return loss + work.run.detector * seen


def soft_pictures(work: Work, logits: Tensor, rest: Tensor) -> Tensor:
    """Logits (B, T, K) and people at rest (B, 3, S, S) -> pictures (B, 3, S, S), with gradients."""
    transformer, tokenizer = work.generator.transformer, work.tokenizer
    soft = torch.softmax(logits, -1)
    hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
    chosen = hard + soft - soft.detach()  # straight through (Bengio et al. 2013)
    codes, changed = chosen @ transformer.codebook, 1 - chosen[..., work.data.still]
    grid = torch.stack([transformer.to_grid(c) for c in codes.unbind(-1)], -1)
    with work.autocast():
        return tokenizer.decode_codes(grid, rest, changed=transformer.to_grid(changed)).float()


def references(work: Work, batch: Batch) -> Tensor:
    """(B, 3, S, S) the people of a batch at rest, in the views of their pictures."""
    people = [(str(work.data.rows[pick.row].neutral), pick.view) for pick in batch.picks]
    seen = [seen_as(work.pictures.at_rest(name)[None], view, name)[0] for name, view in people]
    return torch.stack(seen).to(work.device)
