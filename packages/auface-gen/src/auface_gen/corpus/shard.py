"""Rendering one shard: any process on any machine makes the same bytes of it, and it is there when
all of it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from PIL import Image

from auface_gen.corpus.plan import CorpusPlan, Shard, SittingPlan
from auface_gen.corpus.sitting import rows
from auface_gen.errors import AUFaceGenError
from auface_gen.files import cannot_write
from auface_gen.picture.people import Light, Person
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations
from facs_text.corpus import CorpusRow, write_shard

__all__ = ["ShardTask", "end_with_parent", "landmarks_of", "render_shard"]


@dataclass(frozen=True)
class ShardTask:
    """A shard to render: into `folder`, with the rig at a path and a variant of mitsuba."""

    plan: CorpusPlan
    shard: Shard
    folder: str
    rig: str
    variant: str

    @property
    def path(self) -> Path:
        """The tar that is there when the shard is whole."""
        return Path(self.folder) / f"{self.shard.name}.tar"


def render_shard(task: ShardTask) -> int:
    """Render a shard and return how many pictures it has.

    A row is made beside its picture, so that words and picture come from one resolution. Raises
    AUFaceGenError or WorkFailed naming the file when the disk is full or cannot be written.
    """
    try:
        task.path.parent.mkdir(parents=True, exist_ok=True)
        write_shard(task.path, _samples(task))
    except OSError as error:
        raise cannot_write(task.path, error) from error
    return task.plan.pictures_in(task.shard)


def _samples(task: ShardTask) -> Iterator[tuple[CorpusRow, bytes]]:
    for sitting in task.plan.sittings_of(task.shard):
        painter = _painter(task, sitting)
        for row, resolution in rows(sitting):
            file = BytesIO()
            Image.fromarray(painter.render(resolution.activations)).save(file, format="PNG")
            seen = {**row.extra, **landmarks_of(painter, resolution.activations)}
            yield replace(row, extra=seen), file.getvalue()


def landmarks_of(sitting: Any, activations: Activations) -> dict[str, Any]:
    """Tell where the face is in a picture of a sitting: `landmarks`, 68 x [x, y] pixels in iBUG's
    order (to 0.01), and `head_pose`, degrees of yaw, pitch and roll (positive: to the face's own
    left, down, right).
    """
    pose = sitting.head_pose(activations)
    return {
        "landmarks": sitting.landmarks(activations).round(2).tolist(),
        "head_pose": {axis: round(getattr(pose, axis), 2) for axis in ("yaw", "pitch", "roll")},
    }


_STATE: dict[str, Any] = {}


def _painter(task: ShardTask, sitting: SittingPlan) -> Any:
    """The person under the light; what all sittings of a rig and variant share is made once."""
    from auface_gen.picture.render import RigMeshes, Sitting, mitsuba
    from auface_gen.picture.skin import SkinMap

    if _STATE.get("made_for") != (task.rig, task.variant):
        _STATE.clear()  # what another variant made is of no use to this one
        try:
            mitsuba(task.variant)
        except ModuleNotFoundError:
            raise AUFaceGenError("rendering needs mitsuba: pip install 'auface-gen[rig]'") from None
        if task.variant.startswith("llvm"):
            import drjit

            drjit.set_thread_count(1)
        rig = Rig.load(task.rig)
        _STATE.update(model=rig, skin=SkinMap.build(rig), meshes=RigMeshes(rig))
        _STATE["made_for"] = (task.rig, task.variant)
    return Sitting(
        _STATE["model"],
        _STATE["meshes"],
        _STATE["skin"],
        Person.from_seed(sitting.person),
        Light.from_seed(sitting.light),
        size=task.plan.size,
        samples=task.plan.samples,
    )


def end_with_parent() -> None:
    """Have this process end when the one that started it does, even if that one was killed."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
