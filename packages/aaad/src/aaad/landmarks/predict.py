"""`Landmarker`: a photograph and where in it a face is -> its 68 points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.landmarks.model import LandmarkConfig, LandmarkNet
from aaad.learning.files import digest, read_config, read_model
from aaad.learning.processes import pick_device
from aaad.points import MIRROR
from aaad.warp import apply, square_view, warp

__all__ = ["FORMAT", "Landmarker"]

FORMAT = "aaad-landmarks-1"
_WEIGHTS = Path(__file__).resolve().parent / "weights"


class Landmarker:
    """Finds the points of a face in a square view of a photograph; `id` names its weights."""

    def __init__(self, net: LandmarkNet, *, name: str, device: str = "cpu") -> None:
        self.net = net.to(device).train(False)
        self.id = name
        self.device = torch.device(device)

    @staticmethod
    def from_pretrained(folder: str | Path | None = None, *, device: str = "auto") -> Landmarker:
        """The one that comes with the package, or one that `train_landmarks` wrote to `folder`.

        Raises:
            AAADError: there are no weights there, or they are broken.
        """
        place = _WEIGHTS if folder is None else Path(folder)
        if not (place / "config.json").is_file():
            hint = (
                "this copy of aaad has none inside; train some with `auface train landmarks CORPUS "
                "--out DIR`, or give landmarks"
                if folder is None
                else "wanted a folder with config.json and model.safetensors"
            )
            raise AAADError(f"no landmark network in {place}: {hint}")
        config = read_config(place, FORMAT)
        net = read_model(lambda: LandmarkNet(LandmarkConfig.from_json(config["model"])), place)
        name = f"{config.get('id')}:{digest(place / 'model.safetensors')}"
        return Landmarker(net, name=name, device=pick_device(device))

    @torch.inference_mode()
    def __call__(
        self,
        photo: NDArray[np.uint8],
        middle: tuple[float, float],
        side: float,
        angle: float = 0.0,
    ) -> tuple[NDArray[np.float64], float]:
        """uint8 (H, W, 3) and a view (middle and side in pixels, angle in radians) -> points
        (68, 2) in pixels of the photograph, and how unsure they are.

        The view is looked at as it is and mirrored, and the mean is taken. How far apart the two
        put the points, in widths between the outer eye corners, is the doubt.
        """
        size = self.net.config.size
        matrix = square_view(middle, side, angle, size)
        seen = torch.from_numpy(warp(photo, matrix, (size, size)).copy()).to(self.device)
        x = seen.permute(2, 0, 1)[None].float() / 255.0
        found, _ = self.net(torch.cat([x, x.flip(-1)]))
        places = found.double().cpu().numpy() * size
        turned = places[1][list(MIRROR)] * (-1.0, 1.0) + (size, 0.0)
        points = (places[0] + turned) / 2.0
        across = float(np.hypot(*(points[36] - points[45])))
        unsure = float(np.hypot(*(places[0] - turned).T).mean()) / max(across, 1e-6)
        return apply(matrix, points), unsure
