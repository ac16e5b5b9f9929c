"""The anatomical prior: where in the picture each unit moves the face."""

from __future__ import annotations

from importlib import resources

import torch
from torch import Tensor

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_tensors

__all__ = ["prior_maps"]


def prior_maps(cells: int) -> Tensor:
    """(A, cells, cells) the prior shipped with the package, pooled to the grid of cells."""
    place = resources.files("auface_gen").joinpath("data/prior.safetensors")
    with resources.as_file(place) as path:
        maps = read_tensors(path)["maps"].float()
    if maps.shape[1] % cells:
        raise AUFaceGenError(
            f"the prior is {maps.shape[1]} cells a side, which {cells} does not divide"
        )
    return torch.nn.functional.max_pool2d(maps, maps.shape[1] // cells)
