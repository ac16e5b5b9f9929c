"""Pictures on disk: who is on them, what they were to show, and the same person at rest.

What a picture was to show comes from the first of: a table, `metadata.jsonl` beside the pictures,
the text chunks that `auface generate` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aaad.errors import AAADError
from aaad.pictures import SUFFIXES, text_chunks
from facs_text import Coding, FacsTextError, corpus, parse, readers

__all__ = ["Picture", "TruePicture", "find_pictures", "true_pictures"]

Tell = Callable[[str], None]
OWN_FILES = ("sheet.png",)
"""Pictures of pictures that this project's commands leave in a folder."""


@dataclass(frozen=True)
class Picture:
    """A picture and what it was to show.

    `asked`: the coding, or activations by unit and side. `before`: the coding before anatomy, where
    it is known. `neutral`: the same person at rest. `detectors`: ids of the detectors that the
    generator which drew it was trained against.
    """

    path: Path
    asked: Coding | Mapping[str, Mapping[str, float]]
    codes: str
    text: str
    subject: str
    neutral: Path | None
    before: Coding | None = None
    detectors: tuple[str, ...] = ()

    @property
    def at_rest(self) -> bool:
        """Whether it is its own reference."""
        return self.neutral is not None and self.neutral == self.path


@dataclass(frozen=True)
class TruePicture:
    """A picture that is known to be real, whatever it shows, and who is on it, if that is known."""

    path: Path
    subject: str


def true_pictures(place: Path) -> list[TruePicture]:
    """Pictures of a folder that are known to be real; of a corpus, those of its test split.

    Raises:
        AAADError: there are none.
    """
    if not place.is_dir():
        raise AAADError(f"{place}: is no folder of true pictures")
    listed = _listed(place)
    if listed:
        return [TruePicture(p.path, p.subject) for p in listed]
    files = sorted(f for f in place.rglob("*") if f.suffix.lower() in SUFFIXES)
    found = [TruePicture(f, "") for f in files if f.name not in OWN_FILES]
    if not found:
        raise AAADError(f"{place}: no pictures there ({', '.join(SUFFIXES)})")
    return found


def find_pictures(
    places: Sequence[Path], targets: Path | None = None, *, tell: Tell = lambda _: None
) -> list[Picture]:
    """Pictures in files and folders, sorted by path, with what each was to show.

    `tell` takes lines for the person: what is left out, and why.

    Raises:
        AAADError: there is none, or none that says what it shows.
        facs_text.FacsTextError: a table or metadata.jsonl is wrong; names file and line.
    """
    found: list[Picture] = []
    seen = 0
    table = _table(targets) if targets is not None else None
    for place in places:
        try:
            there = place.exists()
        except (OSError, ValueError):  # a name too long, or with a zero byte
            there = False
        if not there:
            raise AAADError(f"{place}: no such file or folder")
        if table is None and place.is_dir():
            listed = _listed(place)
            if listed:
                found += listed
                seen += len(listed)
                _tell_others(place, listed, tell)
                continue
        files = [place] if not place.is_dir() else sorted(place.rglob("*"))
        files = [f for f in files if f.suffix.lower() in SUFFIXES and f.name not in OWN_FILES]
        seen += len(files)
        for file in files:
            one = _from_table(file, table) if table is not None else _from_chunks(file)
            if one is not None:
                found.append(one)
    names = ", ".join(map(str, places))
    if seen == 0:
        raise AAADError(f"{names}: no pictures there ({', '.join(SUFFIXES)})")
    if not found:
        raise AAADError(
            f"{names}: none of the {seen} pictures says what it shows; name a table with --targets "
            "(columns file_name and codes)"
        )
    if len(found) < seen:
        tell(f"{seen - len(found)} of {seen} pictures do not say what they show: left out")
    return _with_neutrals(sorted(found, key=lambda p: str(p.path)))


def _tell_others(place: Path, listed: Sequence[Picture], tell: Tell) -> None:
    known = {p.path.resolve() for p in listed}
    known |= {p.neutral.resolve() for p in listed if p.neutral is not None}
    others = [
        f
        for f in place.iterdir()
        if f.suffix.lower() in SUFFIXES and f.resolve() not in known and f.name not in OWN_FILES
    ]
    if others:
        tell(
            f"{place}: {len(others)} pictures beside metadata.jsonl are not in it: left out; "
            "score them in a folder of their own"
        )


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
                    before=_before(row.extra.get("requested"), row.codes),
                    detectors=_names(row.extra.get("detectors")),
                )
                for row in corpus.read(root, split)
            ]
    path = folder / "metadata.jsonl"
    return list(_loose(path)) if path.is_file() else []


def _before(requested: Any, codes: str) -> Coding | None:
    """The coding as it was asked for, else as it stands; None where neither can be read."""
    for text in (requested, codes):
        if isinstance(text, str):
            try:
                return parse(text)
            except FacsTextError:
                continue
    return None


def _names(value: Any) -> tuple[str, ...]:
    """Names in a list, or in text parted by commas."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return tuple(str(part).strip() for part in parts if str(part).strip())


def _loose(path: Path) -> Iterator[Picture]:
    """Rows of a metadata.jsonl that stands in no split: what `auface demo` writes.

    The names of pictures are checked as those of a corpus are: none leads out of the folder, so
    that no other file can reach a report.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise FacsTextError(f"{path}: {error}") from None
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            coding = parse(row["codes"])
            neutral = row.get("neutral")
            yield Picture(
                path=_inside(path.parent, row["file_name"], "file_name"),
                asked=coding,
                codes=str(coding),
                text=str(row.get("text", "")),
                subject=str(row.get("subject", "")),
                neutral=_inside(path.parent, neutral, "neutral") if neutral else None,
                before=_before(row.get("requested"), row["codes"]),
                detectors=_names(row.get("detectors")),
            )
        except KeyError as error:
            raise FacsTextError(f"{path}, line {line}: has no {error}") from None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise FacsTextError(f"{path}, line {line}: {error}") from None


def _inside(folder: Path, name: Any, what: str) -> Path:
    """The picture's path, or an error when its name or a link in it leads out of the folder."""
    if not isinstance(name, str):
        raise AAADError(f"{what} must be text, is {name!r:.60}")
    path = folder / corpus.safe_name(name, what)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise AAADError(f"{what} {name[:80]!r} is a link that leads out of {folder}")
    return path


def _table(path: Path) -> dict[str, Any]:
    """Rows of a table by file name, and by its stem."""
    rows: dict[str, Any] = {}
    for row in readers.read(path):
        if row.coding is not None:
            name = Path(row.id).name
            rows[name] = row
            rows.setdefault(Path(name).stem, row)
    return rows


def _from_table(file: Path, table: Mapping[str, Any]) -> Picture | None:
    row = table.get(file.name, table.get(file.stem))
    if row is None:
        return None
    return Picture(file, row.coding, str(row.coding), "", row.subject, None, row.coding)


def _from_chunks(file: Path) -> Picture | None:
    """What `auface generate` wrote into a PNG."""
    chunks = text_chunks(file)
    if "auface:codes" not in chunks:
        return None
    try:
        coding = parse(chunks["auface:codes"])
    except FacsTextError as error:
        raise AAADError(f"{file}: its chunk auface:codes is wrong: {error}") from None
    return Picture(
        path=file,
        asked=coding,
        codes=str(coding),
        text=chunks.get("auface:text", ""),
        subject=chunks.get("auface:identity", ""),
        neutral=None,
        before=_before(_requested(chunks.get("auface:requested", "")), chunks["auface:codes"]),
        detectors=_names(_json(chunks.get("auface:detectors", ""))),
    )


def _requested(text: str) -> Any:
    """The coding in a chunk: of {"codes": ..., "text": ...}, or the chunk itself."""
    value = _json(text)
    return value.get("codes") if isinstance(value, dict) else value


def _json(text: str) -> Any:
    """What auface-gen writes into a chunk, a JSON object or list; any other text as it is."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


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
