"""The card of a model folder: what it is, whom it draws, how well by measurement, and its limits.

Figures come from a JSON file and nowhere else; each names what measured it. What nobody measured is
said to be so. The file holds {"figures": [...], "limits": [sentences], "data": [sentences]}; a
figure is an object:

| key | what it holds |
|---|---|
| `section` | "alignment", "people", "picture" or "speed" |
| `what` | what was measured, in words: "AAAD, version 2", "PSNR over moved pixels" |
| `value`, `unit` | a number, and dB, s ... where it has a unit |
| `source` | the script or the results file that it comes from |
| `group` | whom it is of, in "people": "skin tone V and VI", "women" |
| `ci95`, `n`, `detector` | interval, pictures, who looked; where there are such |
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole

__all__ = ["SECTIONS", "model_card", "read_figures", "write_model_card"]

SECTIONS = {
    "alignment": "Does the face do what is asked?",
    "people": "Does it do so for everybody?",
    "picture": "Is it a good picture of the same person?",
    "speed": "How long does it take?",
}
_LIMITS = (
    "It draws what facial muscles do. It says nothing of what a person feels, and must not be used "
    "to infer, label or score anybody's emotion, character, health or honesty.",
    "People are made up, by a rig from scans; hair, beards, glasses, age and skin vary only as far "
    "as the rig varies them.",
    "Pictures are labelled as drawn by a machine (IPTC DigitalSourceType). Do not remove the "
    "label, and do not move the face of anybody who has not agreed to it.",
)
_HEAD = """---
license: apache-2.0
library_name: auface-gen
tags: [facs, action-units, facial-expression, synthetic-faces]
---
# VQ-AUFace {digest}

Draws a face that does what FACS action units, or plain English, say: one person as often as
wanted, left and right apart, in A to E.

    auface generate "6C+12D" --model FOLDER --out face.png

## What it is

{what}

## What it was made from

{data}
"""


def read_figures(path: Path) -> dict[str, Any]:
    """The figures of a JSON file, checked: see this module's text for what it holds.

    Raises AUFaceGenError that names the file and the figure at fault.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AUFaceGenError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise AUFaceGenError(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("figures"), list):
        raise AUFaceGenError(f"{path}: not an object with a list of figures")
    for number, figure in enumerate(value["figures"], 1):
        wrong = _wrong(figure)
        if wrong:
            raise AUFaceGenError(f"{path}, figure {number}: {wrong}")
    for name in ("limits", "data"):
        lines = value.get(name, [])
        if not isinstance(lines, list) or not all(isinstance(s, str) for s in lines):
            raise AUFaceGenError(f"{path}: {name} is not a list of sentences")
    return value


def model_card(folder: Path, figures: Mapping[str, Any] | None = None) -> str:
    """The card in Markdown, with the metadata that the Hugging Face hub reads.

    folder: a model's, as `AUFace.from_pretrained` reads it. figures: what `read_figures` gives.
    Raises AUFaceGenError where the folder has no generator.
    """
    given = figures or {}
    weights = folder / "generator" / "model.safetensors"
    if not weights.is_file():
        raise AUFaceGenError(
            f"{folder} is not a model folder: it has no generator/model.safetensors"
        )
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    data = _list(given.get("data", ())) or "Not said."
    text = _HEAD.format(digest=digest, what=_list(_parts(folder)), data=data)
    for section, title in SECTIONS.items():
        rows = [f for f in given.get("figures", ()) if f["section"] == section]
        text += f"\n## {title}\n\n{_table(rows) if rows else 'Not measured.'}\n"
    text += f"\n## What it is not for, and where it fails\n\n{_list(_LIMITS)}\n"
    return text + "".join(f"- {line}\n" for line in given.get("limits", ()))


def write_model_card(folder: Path, figures: Path | None = None) -> Path:
    """Write README.md into a model folder, from a file of figures where there is one."""
    text = model_card(folder, None if figures is None else read_figures(figures))
    write_whole(folder / "README.md", text.encode("utf-8"))
    return folder / "README.md"


def _wrong(figure: Any) -> str:
    """What is wrong with a figure, empty where nothing is."""
    if not isinstance(figure, dict):
        return "is no object"
    if figure.get("section") not in SECTIONS:
        return f"section {figure.get('section')!r}; one of {', '.join(SECTIONS)}"
    for key in ("what", "source"):
        if not isinstance(figure.get(key), str) or not figure[key].strip():
            return f"has no {key}; a figure says what was measured, and by what"
    if figure["section"] == "people" and not isinstance(figure.get("group"), str):
        return "has no group, which says whom it is of"
    interval = figure.get("ci95", [0, 0])
    if not isinstance(interval, list) or len(interval) != 2:
        return f"ci95 {interval!r}; two numbers"
    for number in (figure.get("value"), *interval):
        if isinstance(number, bool) or not isinstance(number, int | float):
            return f"{number!r} is no number"
        if not math.isfinite(number):
            return f"{number!r} is no finite number"
    return ""


def _parts(folder: Path) -> list[str]:
    """A sentence a part of the model: how large it is, and in which precision it is stored."""
    found = []
    for place in sorted(folder.glob("*/model.safetensors")):
        with place.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            try:
                header = json.loads(file.read(size)) if size < 100_000_000 else None
            except ValueError:
                header = None
        if not isinstance(header, dict):
            raise AUFaceGenError(f"{place} is not safetensors: it is cut or of another kind")
        tensors = {k: v for k, v in header.items() if k != "__metadata__"}
        count = sum(math.prod(t["shape"]) for t in tensors.values())
        kinds = ", ".join(sorted({t["dtype"] for t in tensors.values()}))
        found.append(
            f"`{place.parent.name}/`: {count:,} numbers in {len(tensors)} tensors ({kinds})"
        )
    return found


def _table(rows: list[dict[str, Any]]) -> str:
    """Figures as a Markdown table, in the order of the file."""
    out = ["| what | of whom | value | 95% | pictures | by |", "|---|---|---|---|---|---|"]
    for row in rows:
        interval = row.get("ci95")
        between = "" if interval is None else f"{_number(interval[0])} to {_number(interval[1])}"
        unit = f" {row['unit']}" if row.get("unit") else ""
        by = row["source"] + (f", {row['detector']}" if row.get("detector") else "")
        cells = (
            row["what"],
            row.get("group", ""),
            _number(row["value"]) + unit,
            between,
            str(row.get("n", "")),
            by,
        )
        out.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(out)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _list(lines: Any) -> str:
    return "\n".join(f"- {line}" for line in lines)
