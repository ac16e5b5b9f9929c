"""Terms of the loss that shape how a codebook is used.

entropy_term (Yu et al., 2024; LlamaGen): each vector sure of its code, all codes in use.
orthogonality_term: codes at right angles.
spread_loss: for FSQ, latents whose bounded values use all levels.

Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["entropy_term", "orthogonality_term", "spread_loss"]

_SOFT_ROWS = 1024  # vectors that the entropy term looks at: its memory is this times K
_TINY = 1e-12


def entropy_term(
    x: Tensor,
    codes: Tensor,
    keep: Tensor | None = None,
    *,
    temperature: float = 1.0,
    diversity: float = 1.0,
) -> Tensor:
    """Mean entropy of a vector's soft assignment less diversity times that of their mean; a scalar.

        p_nk = softmax_k(-|x_n - c_k|^2 / temperature)
        mean_n H(p_n) - diversity * H(mean_n p_n)

    x: (N, D), codes: (K, D); both get a gradient. keep: (N,) bool, False leaves a vector out. Up to
    1024 of the vectors are looked at, evenly spaced among those that count. 0 where none does.
    """
    n = min(x.shape[0], _SOFT_ROWS)
    place = torch.arange(n, device=x.device)
    if keep is None:
        rows, weight = place * x.shape[0] // max(n, 1), torch.ones_like(place)
    else:
        many = keep.sum()
        used = many.clamp(1, max(n, 1))  # no more places than vectors that count
        order = keep.long().argsort(descending=True, stable=True)
        rows = order[(place * many // used).clamp_max(max(x.shape[0] - 1, 0))]
        weight = (place < torch.minimum(many, used)).long()
    x, weight = x[rows], weight.to(x.dtype)
    logits = (x @ codes.t() * 2 - codes.square().sum(1)) / temperature  # (n, K)
    share = logits.softmax(1)
    each = -(share * logits.log_softmax(1)).sum(1)
    total = weight.sum().clamp_min(1)
    mean = (share * weight[:, None]).sum(0) / total
    together = -(mean * mean.clamp_min(_TINY).log()).sum()
    return (each * weight).sum() / total - diversity * together


def orthogonality_term(codes: Tensor, most: int = 4096) -> Tensor:
    """Mean squared cosine between different codes (K, D), of the first `most`; a scalar."""
    unit = F.normalize(codes[:most], dim=1)
    gram = unit @ unit.t()
    off = gram - torch.diag_embed(gram.diagonal())
    return off.square().mean()


def spread_loss(latents: Tensor, std: float = 0.8) -> Tensor:
    """How far the batch's latents (B, D, h, w) are from mean 0 and covariance std^2 I; a scalar.

        |C - std^2 I|^2 / D + |m|^2 / D

    For FSQ: the tanh of a normal variable is nearly uniform where its deviation is 0.8, so all
    levels of each dimension are used alike, and uncorrelated dimensions use their combinations.
    Without it an encoder shrinks its latents in the first steps, while the decoder makes nothing of
    them yet, and a tenth of the codes is left.
    """
    flat = latents.float().movedim(1, -1).reshape(-1, latents.shape[1])  # (N, D)
    mean = flat.mean(0)
    centred = flat - mean
    covariance = centred.t() @ centred / flat.shape[0]  # (D, D)
    wanted = std**2 * torch.eye(latents.shape[1], device=flat.device)
    return (covariance - wanted).square().sum(1).mean() + mean.square().mean()
