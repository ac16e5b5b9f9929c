"""The device that a command is asked to use."""

from __future__ import annotations

import torch

from vq_tokenizer.errors import VQTokenizerError

__all__ = ["usable_device"]


def usable_device(name: str) -> torch.device:
    """The torch device of that name. Raises VQTokenizerError where this machine has none such."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = str(error).splitlines()[0]
        raise VQTokenizerError(f"device {name!r} cannot be used here: {why}; use cpu") from None
    return device
