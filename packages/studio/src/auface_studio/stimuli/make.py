"""The folder of a set: pictures one at a time, then the tables; what is there already is kept.

A picture is kept when its text chunks say that it is the one that would be drawn: same codes,
person, seed and model. So an interrupted run is resumed, and another model never mixes in.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from auface_gen.label import DRAWN
from auface_studio.errors import StudioError
from auface_studio.eye import Eyes
from auface_studio.face import Faces
from auface_studio.files import write_bytes, write_json, write_text
from auface_studio.picture import chunks
from auface_studio.stimuli.design import Design, to_toml
from auface_studio.stimuli.sequence import animated, draw_frame
from auface_studio.stimuli.stimulus import Stimulus, plan
from auface_studio.stimuli.table import write_tables
from facs_text import Coding, describe, resolve

__all__ = ["SetMaker"]


class SetMaker:
    """Makes one set in `out`. `stimuli` is what the design comes to.

    Raises StudioError when `out` holds another design, or a person does not exist.
    """

    def __init__(self, design: Design, faces: Faces, eyes: Eyes | None, out: Path) -> None:
        self.design, self.faces, self.eyes, self.out = design, faces, eyes, out
        self.stimuli = plan(design)
        missing = [p for p in design.people if p >= faces.people]
        if missing:
            raise StudioError(f"no person {missing[0]}; there are 0 to {faces.people - 1}")
        self._text = to_toml(design)
        kept = out / "design.toml"
        if kept.is_file() and kept.read_text(encoding="utf-8") != self._text:
            raise StudioError(f"{out} holds another design already; name another folder")
        if not kept.is_file() and out.is_dir() and any(out.iterdir()):
            raise StudioError(f"{out} is not empty and holds no set; name another folder")

    def begin(self) -> None:
        """Make the folder, with its design."""
        write_text(self.out / "design.toml", self._text)

    def make(self, one: Stimulus, stop: Callable[[], bool] | None = None) -> bool:
        """Draw what a stimulus lacks; False when all of it was there.

        Raises face.Stopped when stop() says so; made again, it is resumed.
        """
        place = self.folder(one)
        sidecar = self.out / "stimuli" / f"stim-{one.label}_image.json"
        if sidecar.is_file() and self._whole(one):
            return False
        write_bytes(self.picture(one), self._picture(one, one.coding, stop))
        if one.frames and self.design.dynamics is not None:
            drawn = self.frames(one, stop)
            for k, png in enumerate(drawn):
                write_bytes(place / f"frame-{k + 1:04d}.png", png)
            write_bytes(self.animation(one), animated(drawn, self.design.dynamics.fps))
        write_json(sidecar, self._about(one))
        return True

    def frames(self, one: Stimulus, stop: Callable[[], bool] | None = None) -> list[bytes]:
        """The frames of a sequence as PNG bytes, each different one drawn once.

        Raises face.Stopped when stop() says so.
        """
        drawn: dict[tuple[Coding, Coding, float], bytes] = {}
        for frame in one.frames:
            if frame.place not in drawn:
                drawn[frame.place] = draw_frame(
                    self.faces, frame, person=one.person, seed=self.design.seed, stop=stop
                )
        return [drawn[frame.place] for frame in one.frames]

    def finish(self) -> None:
        """Write the tables, once every stimulus is there."""
        rows = []
        for one in self.stimuli:
            sidecar = self.out / "stimuli" / f"stim-{one.label}_image.json"
            try:
                about = json.loads(sidecar.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                raise StudioError(f"{sidecar} is not there or broken; run the set again") from None
            rows.append((one, about))
        write_tables(self.out, self.design, rows, model=self.faces.model, eyes=self.eyes)

    def zip(self, path: Path) -> None:
        """Everything in one zip, the same bytes for the same set."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as file:
            for entry in sorted(p for p in self.out.rglob("*") if p.is_file()):
                name = f"{self.out.name}/{entry.relative_to(self.out).as_posix()}"
                if entry.is_symlink() or entry.name.endswith(".part"):
                    continue
                info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                info.external_attr = 0o644 << 16
                file.writestr(info, entry.read_bytes())
        write_bytes(path, data.getvalue())

    def picture(self, one: Stimulus) -> Path:
        """The picture of a stimulus: a sequence's at its apex."""
        return self.out / "stimuli" / f"stim-{one.label}_image.png"

    def animation(self, one: Stimulus) -> Path:
        """The sequence as one animated file."""
        return self.out / "sequences" / f"stim-{one.label}.webp"

    def folder(self, one: Stimulus) -> Path:
        """The frames of a sequence."""
        return self.out / "sequences" / f"stim-{one.label}"

    def _picture(
        self, one: Stimulus, coding: Coding, stop: Callable[[], bool] | None = None
    ) -> bytes:
        seed = self.design.seed
        return self.faces.draw(coding, person=one.person, seed=seed, stop=stop).png

    def _whole(self, one: Stimulus) -> bool:
        """Whether what is on disk is what would be drawn."""
        files = [(self.picture(one), {"codes": str(one.coding)})]
        files += [
            (self.folder(one) / f"frame-{k + 1:04d}.png", {"codes": str(f.coding), **_bare(f.said)})
            for k, f in enumerate(one.frames)
        ]
        if one.frames and not self.animation(one).is_file():
            return False
        for path, mine in files:
            if not path.is_file():
                return False
            said = chunks(path.read_bytes())
            wanted = mine | {
                "seed": str(self.design.seed),
                "model": self.faces.model,
                "person": str(one.person),
            }
            if any(said.get(key) != value for key, value in wanted.items()):
                return False
            if said.get("between") != mine.get("between"):
                return False
        return True

    def _about(self, one: Stimulus) -> dict[str, Any]:
        """The sidecar of a picture: all that says what it is."""
        resolution = resolve(one.coding)
        seen: float | None = None
        if self.eyes is not None:
            with Image.open(self.picture(one)) as image:
                rest = Image.open(io.BytesIO(self._picture(one, Coding())))
                seen = self.eyes.distance(self.eyes.see(image, rest, one.coding))
        about: dict[str, Any] = {
            "Description": describe(one.coding, seed=self.design.seed).text,
            "License": self.design.licence,
            "Person": f"made-up person {one.person}",
            "Name": one.name,
            "Level": one.level,
            "Codes": str(one.coding),
            "CodesResolved": str(resolution.coding),
            "Activations": {key: dict(sides) for key, sides in resolution.activations.items()},
            "Rules": [
                {"id": r.id, "units": list(r.aus), "effect": r.effect, "reason": r.reason}
                for r in resolution.rules
            ],
            "Seed": self.design.seed,
            "Model": self.faces.model,
            "AAADDistance": None if seen is None else round(seen, 6),
            "Detector": self.eyes.name if self.eyes is not None else None,
            "DigitalSourceType": DRAWN,
        }
        if one.frames and self.design.dynamics is not None:
            d = self.design.dynamics
            about["Dynamics"] = {
                "OnsetMs": d.onset,
                "ApexMs": d.apex,
                "OffsetMs": d.offset,
                "FramesPerSecond": d.fps,
                "Shape": d.shape,
                "Frames": [[f.time, str(f.coding), f.strength] for f in one.frames],
            }
        return about


def _bare(said: dict[str, str]) -> dict[str, str]:
    """Text chunks by their names as `picture.chunks` gives them."""
    return {key.removeprefix("auface:"): value for key, value in said.items()}
