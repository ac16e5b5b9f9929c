"""`Tears`: pictures to the chance that lips, lids and brows are torn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.learning.batches import in_batches
from aaad.learning.files import digest, read_config, read_model
from aaad.learning.processes import pick_device
from aaad.tears.model import PARTS, TearConfig, TearNet

__all__ = ["FORMAT", "Tears"]

FORMAT = "aaad-tears-1"
WEIGHTS = Path(__file__).resolve().parent / "weights"


class Tears:
    """Aligned crops to the chance (B, 3) that a part is torn; `PARTS` names axis 1.

    `thresholds`: above which a part counts as torn; `false_alarms`: share of whole pictures of
    unseen people that are flagged by them. `id` names the network and its weights.
    """

    def __init__(
        self,
        net: TearNet,
        *,
        name: str,
        thresholds: list[float],
        false_alarms: float | None = None,
        device: str = "cpu",
    ) -> None:
        self.net = net.to(device).train(False)
        self.id, self.size = name, net.config.size
        self.thresholds, self.false_alarms = tuple(thresholds), false_alarms
        self.device = torch.device(device)

    @staticmethod
    def from_pretrained(folder: str | Path | None = None, *, device: str = "auto") -> Tears:
        """The one that comes with the package, or one that `train_tears` wrote to `folder`.

        Raises:
            AAADError: there are no weights there, or they are broken.
        """
        place = WEIGHTS if folder is None else Path(folder)
        if not (place / "config.json").is_file():
            raise AAADError(
                f"no tear network in {place}: train one with `auface train tears CORPUS --out DIR` "
                "and name that folder"
            )
        config = read_config(place, FORMAT)
        limits = config.get("thresholds")
        if not isinstance(limits, list) or [type(x) for x in limits] != [float] * len(PARTS):
            raise AAADError(f"{place / 'config.json'}: thresholds must be {len(PARTS)} numbers")
        net = read_model(lambda: TearNet(TearConfig.from_json(config["model"])), place)
        alarms = config.get("held_out", {}).get("false_alarms")
        return Tears(
            net,
            name=f"{config.get('id')}:{digest(place / 'model.safetensors')}",
            thresholds=limits,
            false_alarms=alarms if isinstance(alarms, float) else None,
            device=pick_device(device),
        )

    def __call__(self, images: Any) -> NDArray[np.float32]:
        """uint8 (B, 3, S, S) -> float32 (B, 3); a picture's is the same in any batch."""
        return in_batches(
            lambda x: torch.sigmoid(self.net(x)),
            images,
            size=self.size,
            width=len(PARTS),
            device=self.device,
        )

    def flagged(self, chances: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(B, 3) where a part counts as torn."""
        return np.asarray(chances > np.array(self.thresholds, np.float32))
