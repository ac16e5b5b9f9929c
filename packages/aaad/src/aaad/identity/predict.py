"""`Identity`: pictures to embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.identity.model import IdentityConfig, IdentityNet
from aaad.learning.batches import in_batches
from aaad.learning.files import digest, read_config, read_model
from aaad.learning.processes import pick_device

__all__ = ["FORMAT", "Identity"]

FORMAT = "aaad-identity-1"
WEIGHTS = Path(__file__).resolve().parent / "weights"


class Identity:
    """Aligned crops to embeddings of length 1; `id` names the network and its weights."""

    def __init__(self, net: IdentityNet, *, name: str, device: str = "cpu") -> None:
        self.net = net.to(device).train(False)
        self.id, self.size = name, net.config.size
        self.device = torch.device(device)

    @staticmethod
    def from_pretrained(folder: str | Path | None = None, *, device: str = "auto") -> Identity:
        """The one that comes with the package, or one that `train_identity` wrote to `folder`.

        Raises:
            AAADError: there are no weights there, or they are broken.
        """
        place = WEIGHTS if folder is None else Path(folder)
        if not (place / "config.json").is_file():
            raise AAADError(
                f"no identity network in {place}: train one with `auface train identity CORPUS "
                "--out DIR` and name that folder"
            )
        config = read_config(place, FORMAT)
        net = read_model(lambda: IdentityNet(IdentityConfig.from_json(config["model"])), place)
        name = f"{config.get('id')}:{digest(place / 'model.safetensors')}"
        return Identity(net, name=name, device=pick_device(device))

    def __call__(self, images: Any) -> NDArray[np.float32]:
        """uint8 (B, 3, S, S) -> float32 (B, D); a picture's is the same in any batch."""
        return in_batches(
            self.net,
            images,
            size=self.size,
            width=self.net.config.dimensions,
            device=self.device,
        )
