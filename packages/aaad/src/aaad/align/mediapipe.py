"""MediaPipe's face landmarker in place of cascade and network, with a model file that you name.

This package brings neither MediaPipe nor its model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.align.finder import Face
from aaad.errors import AAADError

__all__ = ["MESH_68", "MediaPipeFinder"]

MESH_68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)
"""Which vertex of MediaPipe's face mesh is nearest to each of the 68 points."""


class MediaPipeFinder:
    """Faces with their points, as MediaPipe sees them; `model` is its face_landmarker.task."""

    def __init__(self, model: str | Path, *, most: int = 8) -> None:
        if not Path(model).is_file():
            raise AAADError(f"{model}: no such file; name MediaPipe's face_landmarker.task")
        try:
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
        except ModuleNotFoundError:
            raise AAADError("this finder needs MediaPipe: pip install 'aaad[mediapipe]'") from None
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)), num_faces=most
        )
        self._image: Any = mediapipe.Image
        self._format: Any = mediapipe.ImageFormat.SRGB
        try:
            self._landmarker: Any = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise AAADError(f"{model}: MediaPipe cannot read it ({error})") from None

    def __call__(self, photo: NDArray[np.uint8]) -> list[Face]:
        """uint8 (H, W, 3) -> faces with points."""
        image = self._image(image_format=self._format, data=np.ascontiguousarray(photo))
        height, width = photo.shape[:2]
        found = []
        for face in self._landmarker.detect(image).face_landmarks:
            points = [(face[i].x * width, face[i].y * height) for i in MESH_68]
            found.append(Face.of_points(np.array(points)))
        return found
