"""A build in parts: the same corpus to the byte, whatever parts were made, or how often."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from facs_text import FacsTextError
from facs_text.corpus import build
from facs_text.corpus._lock import Lock
from facs_text.corpus._parts import part_folder, part_of

PEOPLE = [f"p{k}" for k in range(12)]


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, Path]:
    """Rows and pictures of twelve people; one picture is missing and one row has no coding."""
    images = tmp_path / "images"
    lines = []
    for k, person in enumerate(PEOPLE):
        (images / person).mkdir(parents=True)
        for frame, codes in ((1, "0"), (2, "6B+12D"), (3, "L4C")):
            if (k, frame) != (5, 3):
                (images / person / f"{frame:04d}.png").write_bytes(b"%d %d" % (k, frame))
            lines.append({"subject": person, "frame": frame, "codes": codes})
    # Sources that mix people: parts follow people, and not the order of rows.
    lines = lines[::2] + lines[1::2]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path / "rows.jsonl", images


def made(source: tuple[Path, Path], out: Path, **options: Any) -> Path:
    build(*source, out, licence="none", on_error="skip", rejects=out.parent / "r.jsonl", **options)
    return out


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def one(source: tuple[Path, Path], tmp_path: Path) -> dict[str, bytes]:
    """The corpus of one process, and its list of what was left out."""
    (tmp_path / "one").mkdir()
    files = tree(made(source, tmp_path / "one" / "c"))
    return files | {"rejects": (tmp_path / "one" / "r.jsonl").read_bytes()}


def whole(source: tuple[Path, Path], out: Path, **options: Any) -> dict[str, bytes]:
    return tree(made(source, out, **options)) | {"rejects": (out.parent / "r.jsonl").read_bytes()}


@pytest.mark.parametrize(
    "parts",
    [
        [(1, 1)],
        [(1, 3), (2, 3), (3, 3)],
        [(3, 3), (1, 3), (2, 3), (1, 3)],  # any order, one of them twice
        [(2, 3)],  # the others were never made
        [],
        [(k, 40) for k in range(1, 41)],  # more parts than people
    ],
)
def test_the_same_bytes(source, tmp_path: Path, one, parts) -> None:
    for part in parts:
        made(source, tmp_path / "c", part=part)
    assert whole(source, tmp_path / "c") == one


def test_a_part_makes_the_pictures_of_its_people_alone(source, tmp_path: Path) -> None:
    made(source, tmp_path / "c", part=(2, 3))
    found = {p.parent.name for p in part_folder(tmp_path / "c", (2, 3)).rglob("*.png")}
    assert found == {person for person in PEOPLE if part_of(person, 3) == 2}


def test_pictures_are_moved_and_not_made_again(source, tmp_path: Path, one, monkeypatch) -> None:
    for number in (1, 2):
        made(source, tmp_path / "c", part=(number, 2))

    def fail(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(shutil, "copyfile", fail)
    assert whole(source, tmp_path / "c") == one


def test_a_part_that_was_stopped_goes_on_by_itself(source, tmp_path: Path, one) -> None:
    made(source, tmp_path / "c", part=(1, 2))
    folder = part_folder(tmp_path / "c", (1, 2))
    (listing,) = [p for p in folder.rglob("metadata.jsonl") if p.parent.name == "train"]
    # As a kill leaves it: rows without their last, no corpus.json, a picture half-written.
    lines = listing.read_text().splitlines(keepends=True)
    about = json.loads((folder / "corpus.json").read_text())
    (folder / "corpus.json").unlink()
    (folder / ".request.json").write_text(json.dumps(about["request"]))
    listing.with_suffix(".jsonl.part").write_text("".join(lines[:-1]) + lines[-1][:20])
    listing.unlink()
    (listing.parent / ".x.png.0123.part").write_bytes(b"half")
    made(source, tmp_path / "c", part=(1, 2))
    assert listing.read_text() == "".join(lines)
    assert whole(source, tmp_path / "c") == one


def test_parts_of_another_request_are_refused(source, tmp_path: Path) -> None:
    made(source, tmp_path / "c", part=(1, 2))
    with pytest.raises(FacsTextError, match="another request: seed differ"):
        made(source, tmp_path / "c", seed=1)
    with pytest.raises(FacsTextError, match="another request: seed differ"):
        made(source, tmp_path / "c", part=(1, 2), seed=1)


def test_a_part_that_is_being_made_is_waited_for(source, tmp_path: Path) -> None:
    made(source, tmp_path / "c", part=(1, 2))
    lock = Lock(part_folder(tmp_path / "c", (1, 2)))
    with pytest.raises(FacsTextError, match="another process is writing"):
        made(source, tmp_path / "c")
    lock.release()


@pytest.mark.parametrize("part", [(0, 2), (3, 2), (1, 0), (-1, -1)])
def test_parts_that_there_are_not(source, tmp_path: Path, part) -> None:
    with pytest.raises(FacsTextError, match="part "):
        made(source, tmp_path / "c", part=part)
