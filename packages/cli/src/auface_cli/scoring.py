"""Pictures on disk to a score: who is on them, what they were to show, what a detector sees.

What a picture was to show comes from the first of: a table (`--targets`), `metadata.jsonl` beside
the pictures, the text chunks that `auface generate` wrote.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facs_text import Coding, FacsTextError, corpus, parse, readers

from .output import note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aaad import AAADResult
    from aaad.report import ImageScore

__all__ = ["Picture", "Scored", "find_pictures", "score"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class Picture:
    """A picture, what it was to show, and the same person at rest (None: not known)."""

    path: Path
    asked: Coding | dict[str, dict[str, float]]
    codes: str
    text: str
    subject: str
    neutral: Path | None


@dataclass(frozen=True)
class Scored:
    """A score with its controls, and what was seen in each picture."""

    result: AAADResult
    controls: dict[str, float]
    images: list[ImageScore]
    ceiling: float | None


def find_pictures(places: Sequence[Path], targets: Path | None = None) -> list[Picture]:
    """Pictures in files and folders, sorted by path, with what each was to show.

    Raises FacsTextError when there is none, or none that says what it shows.
    """
    found: list[Picture] = []
    seen = 0
    table = _table(targets) if targets is not None else None
    for place in places:
        if not place.exists():
            raise FacsTextError(f"{place}: no such file or folder")
        if table is None and place.is_dir():
            listed = _listed(place)
            if listed:
                found += listed
                seen += len(listed)
                known = {p.path.resolve() for p in listed}
                known |= {p.neutral.resolve() for p in listed if p.neutral is not None}
                others = [
                    f
                    for f in place.iterdir()
                    if f.suffix.lower() in SUFFIXES
                    and f.resolve() not in known
                    and f.name != "sheet.png"
                ]
                if others:
                    note(
                        f"{place}: {len(others)} pictures beside metadata.jsonl are not in it: "
                        "left out; score them in a folder of their own"
                    )
                continue
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        files = [f for f in files if f.suffix.lower() in SUFFIXES]
        seen += len(files)
        for file in files:
            one = _from_table(file, table) if table is not None else _from_chunks(file)
            if one is not None:
                found.append(one)
    names = ", ".join(map(str, places))
    if seen == 0:
        raise FacsTextError(f"{names}: no pictures there ({', '.join(SUFFIXES)})")
    if not found:
        raise FacsTextError(
            f"{names}: none of the {seen} pictures says what it shows; name a table with --targets "
            "(columns file_name and codes)"
        )
    if len(found) < seen:
        note(f"{seen - len(found)} of {seen} pictures do not say what they show: left out")
    return _with_neutrals(sorted(found, key=lambda p: str(p.path)))


def _listed(folder: Path) -> list[Picture]:
    """Rows of folder/metadata.jsonl; of a corpus, those of its test split."""
    for root, split in ((folder.parent, folder.name), (folder, "test"), (folder, "valid")):
        if split in corpus.SPLITS and (root / split / "metadata.jsonl").is_file():
            return [
                Picture(
                    path=root / split / row.file_name,
                    asked={unit: dict(sides) for unit, sides in row.aus.items()},
                    codes=row.codes,
                    text=row.text,
                    subject=row.subject,
                    neutral=root / split / row.neutral if row.neutral else None,
                )
                for row in corpus.read(root, split)
            ]
    path = folder / "metadata.jsonl"
    return list(_loose(path)) if path.is_file() else []


def _loose(path: Path) -> Iterator[Picture]:
    """Rows of a metadata.jsonl that stands in no split: what `auface demo` writes."""
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(text)
            coding = parse(row["codes"])
            yield Picture(
                path=path.parent / row["file_name"],
                asked=coding,
                codes=str(coding),
                text=str(row.get("text", "")),
                subject=str(row.get("subject", "")),
                neutral=path.parent / row["neutral"] if row.get("neutral") else None,
            )
        except KeyError as error:
            raise FacsTextError(f"{path}, line {line}: has no {error}") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise FacsTextError(f"{path}, line {line}: {error}") from None


def _table(path: Path) -> dict[str, Any]:
    """Rows of a table by file name, and by its stem."""
    rows: dict[str, Any] = {}
    for row in readers.read(path):
        if row.coding is not None:
            name = Path(row.id).name
            rows[name] = row
            rows.setdefault(Path(name).stem, row)
    return rows


def _from_table(file: Path, table: dict[str, Any]) -> Picture | None:
    row = table.get(file.name, table.get(file.stem))
    if row is None:
        return None
    return Picture(file, row.coding, str(row.coding), "", row.subject, None)


def _from_chunks(file: Path) -> Picture | None:
    """What `auface generate` wrote into a PNG."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            chunks = {k: str(v) for k, v in image.info.items() if isinstance(k, str)}
    except (UnidentifiedImageError, OSError) as error:
        raise FacsTextError(f"{file}: cannot be read as a picture ({error})") from None
    if "auface:codes" not in chunks:
        return None
    try:
        coding = parse(chunks["auface:codes"])
    except FacsTextError as error:
        raise FacsTextError(f"{file}: its chunk auface:codes is wrong: {error}") from None
    return Picture(
        path=file,
        asked=coding,
        codes=str(coding),
        text=chunks.get("auface:text", ""),
        subject=chunks.get("auface:identity", ""),
        neutral=None,
    )


def _with_neutrals(pictures: list[Picture]) -> list[Picture]:
    """Where it is not said, the person at rest is their own picture with nothing asked for."""
    rest: dict[str, Path] = {}
    for one in pictures:
        if one.subject and not one.asked:
            rest.setdefault(one.subject, one.path)
    return [
        one if one.neutral is not None else replace(one, neutral=rest.get(one.subject))
        for one in pictures
    ]


def score(
    pictures: Sequence[Picture],
    *,
    detector: Path | None = None,
    probabilities: Path | None = None,
    kind: str = "auto",
    min_count: int | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Scored:
    """Score pictures by the built-in detector, or by a table that another detector wrote.

    A picture that is its own reference at rest is left out. `min_count` not given: 5, or fewer
    for a small set, but at least 2.
    """
    from aaad import aaad, controls, target
    from aaad.report import image_scores

    moving = [p for p in pictures if p.neutral is None or p.neutral != p.path]
    if not moving:
        raise FacsTextError("only faces at rest: nothing to score")
    asked = np.stack([target(p.asked) for p in moving])
    ceiling: float | None = None
    if probabilities is not None:
        pred, mask = _from_probabilities(moving, probabilities, kind)
        name, rest = probabilities.stem, None
    else:
        pred, rest, name, ceiling = _detect(moving, detector)
        mask = np.ones(pred.shape[:2], bool)
    people = [p.subject for p in moving]
    faces = Counter(people)
    together = sum(faces[s] > 1 for s in people) * 2 >= len(people) and all(people)
    few = max(2, min(5, len(moving) // 10)) if min_count is None else min_count
    shared: dict[str, Any] = {
        "mask": mask,
        "groups": people if together else None,
        "subjects": people if all(people) else None,
        "min_count": few,
        "seed": seed,
    }
    result = aaad(pred, asked, draws=draws, detector=name, **shared)
    checks = controls(pred, asked, neutral=rest, **shared)
    rows = [
        {
            "file": p.path.name,
            "codes": p.codes,
            "text": p.text,
            "subject": p.subject,
            "png": _png(p.path),
        }
        for p in moving
    ]
    return Scored(result, checks, image_scores(pred, asked, rows, mask=mask), ceiling)


def _detect(
    pictures: Sequence[Picture], folder: Path | None
) -> tuple[NDArray[Any], NDArray[Any], str, float | None]:
    """What the built-in detector sees in each picture, and in its person at rest."""
    from aaad import Detector
    from aaad.detector import read_image

    see = Detector.from_pretrained(folder)

    def load(paths: list[Path]) -> NDArray[np.uint8]:
        known = {path: read_image(path, see.size) for path in set(paths)}
        return np.stack([known[path] for path in paths])

    rest = [p.neutral for p in pictures if p.neutral is not None]
    images = load([p.path for p in pictures])
    if len(rest) == len(pictures):
        still = load(rest)
        ceiling = see.held_out.get("with_neutral")
        return see(images, still), see(still, still), see.id, ceiling
    if rest:
        note(f"{len(rest)} of {len(pictures)} pictures come with the person at rest: not used")
    pred = see(images)
    nothing = np.zeros_like(pred)
    nothing[..., 0] = 1.0
    return pred, nothing, see.id, see.held_out.get("alone")


def _from_probabilities(
    pictures: Sequence[Picture], path: Path, kind: str
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Rows of a detector's table for these pictures: by name, else by frame in sorted order."""
    from aaad.tables import read_table

    table = read_table(path, kind)
    place: dict[str, int] = {}
    for k, name in enumerate(table.ids):
        place[Path(name).name] = place[Path(name).stem] = k
    rows = [place.get(p.path.name, place.get(p.path.stem, -1)) for p in pictures]
    if all(k < 0 for k in rows) and len(table.ids) == len(pictures):
        note(f"{path}: rows carry no file names; taken in the order of the sorted pictures")
        rows = list(range(len(pictures)))
    if all(k < 0 for k in rows):
        raise FacsTextError(
            f"{path}: {len(table.ids)} rows, none with the name of one of {len(pictures)} pictures"
        )
    known = np.array([k >= 0 for k in rows])
    if not known.all():
        note(f"{path}: has no row for {int((~known).sum())} of {len(pictures)} pictures")
    picked = np.array([max(k, 0) for k in rows])
    return table.pred[picked], table.mask[picked] & known[:, None]


def _png(path: Path) -> bytes | None:
    """The picture as PNG bytes, for a page that stands alone; None when it cannot be read."""
    if path.suffix.lower() == ".png":
        return path.read_bytes()
    from PIL import Image

    out = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(out, "PNG")
    return out.getvalue()
