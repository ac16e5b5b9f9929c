"""The bank of made-up people: pictures of faces at rest, of people never trained on.

FOLDER/000.webp, 001.webp, ... and FOLDER/people.json, which says whose they are.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole
from auface_gen.generator.checkpoint import write_json
from auface_gen.generator.pictures import open_pictures

__all__ = ["make_bank", "read_bank"]

_QUALITY = 92


def make_bank(corpus: str | Path, folder: str | Path, *, most: int = 100) -> int:
    """Write one picture at rest of each person of the test and valid splits, and return how many.

    Raises AUFaceGenError for a broken corpus, and for one without such people.
    """
    corpus, folder = Path(corpus), Path(folder)
    names: list[dict[str, str]] = []
    seen: set[str] = set()
    for split in ("test", "valid"):
        pictures = open_pictures(corpus, split)
        for row in pictures.rows:
            if row.file_name != row.neutral or row.subject in seen or len(names) >= most:
                continue
            seen.add(row.subject)
            pixels = (pictures.at_rest(row.file_name) * 255).round().byte()
            out = io.BytesIO()
            picture = Image.fromarray(pixels.permute(1, 2, 0).numpy())
            picture.save(out, "WEBP", quality=_QUALITY, method=6)
            file = f"{len(names):03d}.webp"
            write_whole(folder / file, out.getvalue())
            names.append({"file": file, "subject": row.subject, "split": split})
    if not names:
        raise AUFaceGenError(f"{corpus}: nobody of the test and valid splits is at rest")
    write_json(folder / "people.json", names)
    return len(names)


def read_bank(folder: Path) -> list[Path]:
    """The pictures of a bank, in its order. Raises AUFaceGenError when one is missing, or lies
    elsewhere than in the folder.
    """
    path = folder / "people.json"
    try:
        names = json.loads(path.read_text("utf-8"))
        files = [folder / str(name["file"]) for name in names]
    except FileNotFoundError:
        raise AUFaceGenError(f"{path} is missing: {folder} holds no people") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, TypeError, KeyError) as error:
        raise AUFaceGenError(f"{path} is not a list of people: {error}") from None
    if strange := [file for file in files if file.parent != folder or file.name == ".."]:
        raise AUFaceGenError(f"{path}: {strange[0]} is no file of its folder")
    if lost := [file for file in files if not file.is_file()]:
        raise AUFaceGenError(f"{lost[0]} is missing: the bank of people is not whole")
    if not files:
        raise AUFaceGenError(f"{path} names nobody")
    return files
