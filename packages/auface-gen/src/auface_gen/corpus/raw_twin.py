"""The second truth of a corpus: its test people's conflicts as the plain sum of their units.

A resolved render follows the rule book that the texts follow, so a model told resolved texts could
be right about it by construction. The twin of a corpus holds, under the same file names, what the
units give when they are simply added up at the levels that were asked for, kept from passing
through each other but not resolved. An experiment measures its distance to both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from auface_gen.codings.unresolved import unresolved
from auface_gen.corpus.assemble import PARTS
from auface_gen.corpus.render import LOOK, remember
from auface_gen.corpus.sitting import SOURCE
from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole
from auface_gen.rig.units import Activations
from facs_text import describe, parse
from facs_text.corpus import CorpusRow, CorpusWriter, read

__all__ = ["render_raw_twin", "twin_rows"]

_LICENCE = "made with ICT-FaceKit (MIT); the pictures are free to use"
Painter = Callable[[int, int], Any]
"""A sitting by the seeds of its person and its light: has `render`, `landmarks`, `head_pose`."""


def twin_rows(corpus: str | Path) -> Iterator[tuple[CorpusRow, Activations]]:
    """The rows of a corpus's test split that have a marked conflict, as the twin has them, each
    with the activations to be summed: units as they were asked for, text and numbers unresolved.

    Raises AUFaceGenError on a row that does not say who it shows and what was asked of them.
    """
    for row in read(corpus, "test"):
        if not row.extra.get("marked_conflicts"):
            continue
        try:
            asked = parse(row.extra["requested"])
            people = {k: int(row.extra[k]) for k in ("person_seed", "light_seed")}
        except (KeyError, TypeError, ValueError) as error:
            raise AUFaceGenError(
                f"{corpus}, test, {row.file_name}: not a row that `auface corpus render` made "
                f"({error})"
            ) from None
        seen = unresolved(asked)
        told = {d: describe(asked, detail=d, mode="off").text for d in ("full", "brief")}
        extra = {**people, "kind": "raw", "requested": str(asked)}
        extra["marked_conflicts"] = row.extra["marked_conflicts"]
        yield (
            CorpusRow(
                file_name=row.file_name, text=told["full"], text_brief=told["brief"],
                codes=str(asked), aus=seen, subject=row.subject, neutral=row.neutral,
                source=SOURCE, extra=extra,
            ),
            seen,
        )  # fmt: skip


def render_raw_twin(
    corpus: str | Path,
    out: str | Path,
    *,
    rig: str | Path,
    variant: str | None = None,
    painter: Painter | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Render the twin of a corpus into `out`, an image folder with a test split; return `out`.

    Pictures that are there are kept, so a run that was stopped is resumed by the same command.
    rig, variant: as for `render_corpus`. painter: makes sittings in place of the rig.

    Raises AUFaceGenError when the corpus is of another look or has no marked conflicts, `out`
    holds another corpus's twin, or the rig or mitsuba is missing.
    """
    corpus, out = Path(corpus), Path(out)
    settings = _settings(corpus)
    paint = painter or _painter(Path(rig), settings, variant)
    rows = list(twin_rows(corpus))
    if not rows:
        raise AUFaceGenError(f"{corpus}: no row of its test split has a marked conflict")
    about = {"raw_twin_of": corpus.name, "render": settings}
    remember(out / PARTS / "settings.json", about)
    (out / "test" / "metadata.jsonl").unlink(missing_ok=True)
    with CorpusWriter(out, source=SOURCE, licence=_LICENCE, about=about) as writer:
        folder = writer.folder("test")
        for seeds, sitting in groupby(rows, key=_seeds):
            painted = None
            for row, activations in sitting:
                if row.neutral is not None and not (folder / row.neutral).is_file():
                    neutral = (corpus / "test" / row.neutral).read_bytes()
                    write_whole(folder / row.neutral, neutral)
                painted = paint(*seeds) if painted is None else painted
                if not (folder / row.file_name).is_file():
                    picture = painted.render(activations, raw=True, contacts=True)
                    write_whole(folder / row.file_name, _png(picture))
                points = painted.landmarks(activations, raw=True, contacts=True).round(2).tolist()
                writer.add(replace(row, extra={**row.extra, "landmarks": points}), "test")
            tell(f"person {seeds[0]}, light {seeds[1]}")
    return out


def _seeds(pair: tuple[CorpusRow, Activations]) -> tuple[int, int]:
    extra = pair[0].extra
    return extra["person_seed"], extra["light_seed"]


def _settings(corpus: Path) -> dict[str, Any]:
    """How the corpus was rendered."""
    try:
        settings = json.loads((corpus / "corpus.json").read_text("utf-8"))["render"]
        size, look = int(settings["size"]), settings["look"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AUFaceGenError(f"{corpus} is no corpus of `auface corpus render`: {error}") from None
    if look != LOOK:
        raise AUFaceGenError(
            f"{corpus} is of look {look}, of {size} pixels; this version of auface-gen renders "
            f"look {LOOK}: render the corpus anew, or take the version that made it"
        )
    return dict(settings)


def _painter(rig_path: Path, settings: dict[str, Any], variant: str | None) -> Painter:
    """Sittings of the rig as the corpus has them."""
    from auface_gen.picture.mitsuba_variant import fastest_variant
    from auface_gen.picture.people import Light, Person
    from auface_gen.picture.render import RigMeshes, Sitting, mitsuba
    from auface_gen.picture.skin import SkinMap
    from auface_gen.rig.move import Rig

    rig = Rig.load(rig_path)
    mitsuba(variant or fastest_variant())
    meshes, skin = RigMeshes(rig), SkinMap.build(rig)
    size, samples = int(settings["size"]), int(settings["samples"])

    def paint(person: int, light: int) -> Sitting:
        return Sitting(
            rig, meshes, skin, Person.from_seed(person), Light.from_seed(light),
            size=size, samples=samples,
        )  # fmt: skip

    return paint


def _png(picture: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return file.getvalue()
