"""State of vector-quantize-pytorch's modules into ours, by the names in their state dicts.

The library itself is not needed. What stands for what, option by option, is in the project's page
docs/coming-from-vector-quantize-pytorch.md. Shapes: K codes, D width.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import Quantizer
from vq_tokenizer.quantizers.residual import ResidualQuantizer
from vq_tokenizer.quantizers.simvq import SimVQ
from vq_tokenizer.quantizers.vector import VectorQuantizer

__all__ = ["load_vector_quantize_pytorch", "reverse_bits"]

_PROJECTIONS = ("project_in.weight", "project_in.bias", "project_out.weight", "project_out.bias")


def load_vector_quantize_pytorch(quantizer: Quantizer, state: Mapping[str, Tensor]) -> None:
    """Load the state dict of a VectorQuantize, ResidualVQ or SimVQ into its counterpart of ours.

    quantizer: a VectorQuantizer, ResidualQuantizer or SimVQ made with the options that correspond;
    a state dict does not say them (metric="cosine" for use_cosine_sim, for one). Heads must share
    their codebook. Raises VQTokenizerError where a tensor is missing, left over or ill-shaped;
    then nothing was changed.
    """
    wanted = quantizer.state_dict()
    found: dict[str, Tensor] = {}
    left = dict(state)
    if isinstance(quantizer, SimVQ):
        found["fixed"] = _take(left, "frozen_codebook")
        found["transform.weight"] = _take(left, "code_transform.weight")
        found["counts"] = torch.ones(quantizer.num_codes)
    elif isinstance(quantizer, VectorQuantizer):
        found |= _projections(left, wanted)
        found |= _codebook(left, "", quantizer)
    elif isinstance(quantizer, ResidualQuantizer):
        found |= _projections(left, wanted)
        for i, layer in enumerate(quantizer.stack()):
            part = _codebook(left, f"layers.{i}.", layer)
            if i == 0 or not quantizer.shared:  # else the same codebook, once for each layer
                found |= {f"layers.{i}.{name}": tensor for name, tensor in part.items()}
    else:
        raise VQTokenizerError(
            f"load_vector_quantize_pytorch: {type(quantizer).__name__} has no learned codebook; "
            "FSQ gives the same indices as it is, for LFQ see reverse_bits"
        )
    if left:
        raise VQTokenizerError(
            f"load_vector_quantize_pytorch: {', '.join(sorted(left))} left over; the module has "
            f"options that this {type(quantizer).__name__} has not"
        )
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            raise VQTokenizerError(
                f"load_vector_quantize_pytorch: what becomes {name} is {tuple(tensor.shape)}, "
                f"expected {tuple(wanted[name].shape)}; make the quantizer with its sizes"
            )
    quantizer.load_state_dict(wanted | found)


def reverse_bits(indices: Tensor, bits: int) -> Tensor:
    """LFQ indices of the one library as those of the other, whose first dimension is the highest
    bit; indices of any shape, integers in [0, 2^bits)."""
    place = torch.arange(bits, device=indices.device)
    on = indices[..., None] >> place & 1
    return (on << place.flip(0)).sum(-1)


def _take(left: dict[str, Tensor], name: str) -> Tensor:
    if name not in left:
        raise VQTokenizerError(f"load_vector_quantize_pytorch: there is no {name} in the state")
    return left.pop(name).detach()


def _projections(left: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: _take(left, name) for name in _PROJECTIONS if name in wanted}


def _codebook(left: dict[str, Tensor], prefix: str, ours: VectorQuantizer) -> dict[str, Tensor]:
    """Codes, counts, sums and whether they have begun, out of one of their codebooks."""
    begin = f"{prefix}_codebook."
    codes = _take(left, f"{begin}embed")  # (H, K, D)
    counts = _take(left, f"{begin}cluster_size")
    sums = _take(left, f"{begin}embed_avg")
    begun = _take(left, f"{begin}initted").bool().reshape(())
    if codes.shape[0] != 1:
        raise VQTokenizerError(
            f"load_vector_quantize_pytorch: {begin}embed has {codes.shape[0]} codebooks, one a "
            "head; load each into a part of a ProductQuantizer"
        )
    found = {"codes": codes[0], "counts": counts[0].float(), "started": begun}
    if ours.learn == "ema":
        # theirs divides by smoothed counts; the sums that go with the codes as they are
        alive = counts[0, :, None] > 0
        found["sums"] = torch.where(alive, codes[0] * counts[0, :, None], sums[0])
    return found
