"""Training an identity network on the people of a corpus; it is reported on people it never saw."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from aaad.errors import AAADError
from aaad.identity.model import IdentityConfig, IdentityNet, People
from aaad.identity.predict import FORMAT, Identity
from aaad.identity.run import IdentityRun
from aaad.learning.data import Split
from aaad.learning.files import save_json, write_model
from aaad.learning.loop import Tell, batch_rows, begin, provenance, train
from aaad.learning.moves import jitter, moved
from aaad.learning.photometric import spoil
from aaad.learning.processes import is_first, pick_device, together
from aaad.learning.state import TrainingState
from aaad.likeness import likeness

__all__ = ["train_identity"]


@together
def train_identity(
    corpus: str | Path,
    out: str | Path,
    *,
    run: IdentityRun = IdentityRun(),  # noqa: B008 - frozen
    resume: bool = False,
    device: str = "auto",
    tell: Tell = print,
) -> dict[str, Any]:
    """Train on CORPUS/train, report on CORPUS/test (or valid); write to `out`.

    `out` gets config.json and model.safetensors (what `Identity.from_pretrained` reads), run.json,
    report.json, log.jsonl and training.safetensors. Returns the report, a `Likeness` as JSON has
    it: pictures against the same and other people at rest.

    Raises:
        AAADError: an empty split, fewer than two people, a state of another run.
        WorkFailed: under torchrun, another of the processes has gone.
    """
    root, folder = Path(corpus), Path(out)
    if not root.is_dir():
        raise AAADError(f"{root}: no such corpus")
    split = _split(root, "train", run)
    names = sorted(set(split.subjects))
    if len(names) < 2:
        raise AAADError(f"{root}: the split train holds {len(names)} people; wanted two or more")
    who = torch.tensor([names.index(name) for name in split.subjects])
    torch.manual_seed(run.seed)
    config = IdentityConfig(size=run.size, width=run.width, dimensions=run.dimensions)
    people = People(IdentityNet(config), len(names), margin=run.margin, scale=run.scale)
    shape = {**config.to_json(), "people": len(names)}
    state = begin(
        people.to(pick_device(device)),
        run,
        folder,
        shape=shape,
        resume=resume,
        about={"corpus": root.name},
    )

    def loss_of(step: int, generator: Generator) -> Tensor:
        rows = batch_rows(len(split), run, step)
        images = split.images(rows).to(state.device).float() / 255.0
        seen = _changed(images, generator, run.augment)
        with state.autocast():
            return people(seen, who[rows].to(state.device))

    if state.progress.share(run) < 1.0:
        train(state, folder, loss_of, tell=tell)
    return _finish(state, split, run, root, folder) if is_first() else {}


def _changed(images: Tensor, generator: Generator, amount: float) -> Tensor:
    """Flipped, moved and spoilt: light, colour and sharpness are nobody's."""
    if amount <= 0:
        return images
    flipped = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    images = torch.where(flipped, images.flip(-1), images)
    images = moved(images, jitter(generator, len(images), amount))
    return spoil([images], generator, amount)[0]


def _split(root: Path, name: str, run: IdentityRun) -> Split:
    return Split(root, name, size=run.size, workers=run.workers, memory_mb=run.memory_mb)


def _finish(
    state: TrainingState[People], split: Split, run: IdentityRun, root: Path, folder: Path
) -> dict[str, Any]:
    net = state.settle().net
    valid, test = (_split(root, name, run) for name in ("valid", "test"))
    held_out = test if len(test) else valid
    report: dict[str, Any] = {"split": held_out.name, "n": 0}
    told = np.flatnonzero((held_out.rest >= 0) & (held_out.rest != np.arange(len(held_out))))
    if len(told):
        see = Identity(net, name=run.name, device=str(state.device))
        here, rest = see(held_out.images(told)), see(held_out.neutrals(told)[0])
        found = likeness(here, rest, [held_out.subjects[i] for i in told])
        if found is not None:
            report |= {
                k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(found).items()
            }
    config = {
        "format": FORMAT,
        "id": run.name,
        "model": net.config.to_json(),
        "held_out": report,
        "training": provenance(state, rows=len(split), subjects=len(set(split.subjects))),
    }
    write_model(net, folder, config)
    save_json(report, folder / "report.json")
    return report
