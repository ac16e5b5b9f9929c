"""What every quantizer offers: one interface, so that a model can change its quantizer by name.

A quantizer says how flat vectors become codes (`_quantize`, `_search`, `_look_up`) and what moves
(`_finish`). Everything that all of them owe a user stands here: which dimension holds the channels,
what a mask means, and when nothing moves.

Shapes: N vectors, D width, K codes, H indices a vector (none for most quantizers).
"""

from __future__ import annotations

import contextlib
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vq_tokenizer._distributed import all_reduce, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.moment import Moment, deferred, frozen, repeated

__all__ = [
    "CodebookStats",
    "Quantized",
    "Quantizer",
    "masked_mean",
]

_HALF = (torch.float16, torch.bfloat16)


class Quantized(NamedTuple):
    """What a quantizer returns: codes like z with a gradient to it, indices (...) and a loss.

    indices have z's shape without the channels; quantizers of several indices a vector add a last
    dimension for them.
    """

    codes: Tensor
    indices: Tensor
    loss: Tensor


class CodebookStats(NamedTuple):
    """How the codebook is used, by its moving counts: three scalar tensors, no host sync.

    usage: share of codes in use, 0 to 1; perplexity: 1 to K; dead: codes below the dead line.
    """

    usage: Tensor
    perplexity: Tensor
    dead: Tensor


class Quantizer(nn.Module):
    """Vectors to indices and back: forward, search, lookup, stats; attributes num_codes and dim.

    channel_dim: the dimension of z that has the `dim` channels: -1 for (B, H, W, D), 1 for
    (B, D, H, W). None means the last, and refuses pictures in which dimension 1 is as wide.
    Subclasses have a float32 buffer `counts` (num_codes,): moving counts of the codes' use.
    """

    num_codes: int
    dim: int
    counts: Tensor
    dead_share: float = 0.05

    def __init__(self, *, channel_dim: int | None = None) -> None:
        super().__init__()
        self.channel_dim = channel_dim
        self.moment = Moment()
        self.register_load_state_dict_post_hook(_after_loading)

    def forward(self, z: Tensor, mask: Tensor | None = None) -> Quantized:
        """z (..., D) of any float type -> Quantized. In training statistics and codebooks move.

        mask: (...) bool; where it is False the code is zero, the index -1, and the vector counts
        for nothing, whatever it holds: neither loss nor gradient nor statistics.
        In training over several processes the loss is this one's share of the mean over the
        vectors of all, times their number, so that the average which DDP takes is that mean.
        """
        flat, lead = self._flatten(z)
        keep = self._flat_mask(mask, lead)
        if keep is not None:
            flat = torch.where(keep[:, None], flat, 0.0)  # a NaN times zero would stay one
        with _full_precision(z.device):
            codes, index, loss = self._quantize(flat, keep, lead)
            if keep is not None:
                codes = torch.where(keep[:, None], codes, 0.0)
                kept = keep.reshape(-1, *[1] * (index.ndim - 1))
                index = torch.where(kept, index, -1)
        codes = self._channels_back(codes.to(z.dtype).reshape(*lead, self.dim))
        return Quantized(codes, index.reshape(*lead, *index.shape[1:]), loss)

    @torch.no_grad()
    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (...) int64. Never moves anything."""
        flat, lead = self._flatten(z)
        with _full_precision(z.device):
            index = self._search(flat)
        return index.reshape(*lead, *index.shape[1:])

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...) of integers in [0, num_codes) -> codes (..., D) float32; -1 gives zeros.

        The range is looked at on a CPU only, where that costs no wait for the device.
        """
        self._check_indices(indices)
        codes = self._look_up(indices.clamp_min(0))
        return self._channels_back(torch.where((indices >= 0)[..., None], codes, 0.0))

    def indices_to_codes(self, indices: Tensor) -> Tensor:
        """Do what `lookup` does, under the name that other libraries give it."""
        return self.lookup(indices)

    @property
    def codebook(self) -> Tensor:
        """All codes (num_codes, D) as `lookup` gives them, with a gradient where they learn."""
        return self._look_up(torch.arange(self.num_codes, device=self.counts.device))

    def stats(self) -> CodebookStats:
        """Usage, perplexity and dead codes by the moving counts."""
        share = self.counts / self.counts.sum().clamp_min(1e-12)
        entropy = -(share * share.clamp_min(1e-12).log()).sum()
        dead = share < max(self.dead_share, 1e-6) / self.num_codes
        return CodebookStats(1.0 - dead.float().mean(), entropy.exp(), dead.sum())

    def frozen(self) -> contextlib.AbstractContextManager[None]:
        """Within this context nothing of the quantizer moves in training; see `frozen`."""
        return frozen(self)

    def deferred(self) -> contextlib.AbstractContextManager[None]:
        """Within this context what moves is collected, and moved at its end; see `deferred`."""
        return deferred(self)

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (N, D), indices (N,) or (N, H) and the loss of flat (N, D); keep (N,) bool.

        lead: the shape that the N vectors had.
        """
        raise NotImplementedError

    def _search(self, flat: Tensor) -> Tensor:
        """Indices (N,) or (N, H) of flat (N, D)."""
        raise NotImplementedError

    def _look_up(self, indices: Tensor) -> Tensor:
        """Codes (..., D) of indices that are in range."""
        raise NotImplementedError

    def _finish(self, pending: Any) -> None:
        """Move what `deferred` collected. The default has only counts, see `_count`."""
        if world_size() > 1 and pending is None:
            pending = torch.zeros_like(self.counts)
        if pending is not None:
            self._move_counts(pending)

    def _constants(self, device: torch.device) -> None:
        """Make anew, on a device, the buffers that are neither learned nor saved."""

    def _learning(self) -> bool:
        """Whether this forward pass moves anything."""
        return self.training and not self.moment.frozen and not repeated()

    def _width(self) -> int:
        """How many channels z has."""
        return self.dim

    def _flatten(self, z: Tensor) -> tuple[Tensor, torch.Size]:
        """z as (N, D) in the state's type (float32, or float64 after .double()), and the rest of
        its shape."""
        name = type(self).__name__
        if not z.is_floating_point():
            raise VQTokenizerError(f"{name}: z must be floating point, got {z.dtype}")
        dim, width = self.channel_dim, self._width()
        if dim is not None and not -z.ndim <= dim < z.ndim:
            raise VQTokenizerError(f"{name}: z {tuple(z.shape)} has no channel_dim {dim}")
        if z.ndim < 1 or z.shape[-1 if dim is None else dim] != width:
            which = "last dimension" if dim is None else f"dimension {dim}"
            hint = ""
            if dim is None and z.ndim > 2 and z.shape[1] == width:
                hint = "; pass channel_dim=1 to the constructor for channels first"
            raise VQTokenizerError(
                f"{name}: the {which} of z must be {width}, got {z.dtype} {tuple(z.shape)}{hint}"
            )
        if dim is None and z.ndim > 3 and z.shape[1] == width:
            raise VQTokenizerError(
                f"{name}: dimension 1 and the last of z {tuple(z.shape)} are both {width} wide; "
                "say which has the channels: channel_dim=1 or channel_dim=-1"
            )
        if dim is not None:
            z = z.movedim(dim, -1)
        work = torch.promote_types(self._state_type(), torch.float32)
        return z.reshape(-1, width).to(work), z.shape[:-1]

    def _state_type(self) -> torch.dtype:
        return self.counts.dtype

    def _flat_mask(self, mask: Tensor | None, lead: torch.Size) -> Tensor | None:
        if mask is None:
            return None
        if mask.shape != lead or mask.dtype != torch.bool:
            raise VQTokenizerError(
                f"{type(self).__name__}: mask must be bool {tuple(lead)}, got "
                f"{mask.dtype} {tuple(mask.shape)}"
            )
        return mask.reshape(-1)

    def _channels_back(self, codes: Tensor) -> Tensor:
        """Codes (..., D) with the channels where z has them."""
        return codes if self.channel_dim is None else codes.movedim(-1, self.channel_dim)

    def _check_indices(self, indices: Tensor) -> None:
        name = type(self).__name__
        if indices.is_floating_point() or indices.dtype == torch.bool:
            raise VQTokenizerError(f"{name}.lookup: indices must be integers, got {indices.dtype}")
        if indices.numel() and indices.device.type == "cpu" and not torch.compiler.is_compiling():
            low, high = int(indices.min()), int(indices.max())
            if low < -1 or high >= self.num_codes:
                raise VQTokenizerError(
                    f"{name}.lookup: indices must be in [0, {self.num_codes}), or -1 for zeros, "
                    f"got {low} to {high}"
                )

    @torch.no_grad()
    def _count(self, indices: Tensor, good: Tensor) -> Tensor | None:
        """Count for a quantizer that learns nothing from it; indices (N,), good (N,) bool.

        The result is how many vectors all processes have, where there are several.
        """
        indices = torch.where(good, indices, self.num_codes)
        new = torch.zeros(self.num_codes + 1, dtype=self.counts.dtype, device=indices.device)
        new = new.index_add(0, indices, torch.ones_like(indices, dtype=new.dtype))
        new = new[: self.num_codes]
        if self.moment.deferred:
            self.moment.pending = new if self.moment.pending is None else self.moment.pending + new
            return all_reduce(new.sum()) if world_size() > 1 else None
        total = self._move_counts(new)
        return total if world_size() > 1 else None

    def _move_counts(self, new: Tensor) -> Tensor:
        new = all_reduce(new.contiguous())
        total = new.sum()
        weight = torch.where(total > 0, 1.0 - self._decay(), 0.0)
        self.counts.lerp_(new, weight.to(new.dtype))
        return total

    def _decay(self) -> float:
        return float(getattr(self, "decay", 0.99))

    def _apply(self, fn: Any, recurse: bool = True) -> Quantizer:
        """As nn.Module, but moving averages stay float32: bf16 cannot count past 256."""
        before = dict(self._buffers)
        super()._apply(fn, recurse)
        for name, old in before.items():
            new = self._buffers[name]
            if old is not None and new is not None and new.dtype in _HALF:
                self._buffers[name] = old.to(new.device)
        self._constants(self._device())
        return self

    def _device(self) -> torch.device:
        return self.counts.device


def masked_mean(value: Tensor, mask: Tensor | None, total: Tensor | None = None) -> Tensor:
    """Mean of value (N, D) over the rows where mask (N,) is True; 0 where there are none.

    total: how many rows all processes have together, if they are to count; see Quantizer.forward.
    """
    width = math.prod(value.shape[1:])
    if mask is not None:
        value = torch.where(mask[:, None], value, 0.0)
    if total is not None:
        return value.sum() * world_size() / (total * width).clamp_min(1)
    if mask is not None:
        return value.sum() / (mask.sum() * width).clamp_min(1)
    return value.mean() if value.numel() else value.sum()


def _full_precision(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """No autocast; "meta" has none."""
    if device.type == "meta":
        return contextlib.nullcontext()
    return torch.autocast(device.type, enabled=False)


def _after_loading(module: nn.Module, keys: Any) -> None:
    assert isinstance(module, Quantizer)
    module.moment.started = False
    module._constants(module._device())
