"""The tables of a set: for PsychoPy, for jsPsych, and as a BIDS dataset's `stimuli/`.

PsychoPy's reader wants a header of names that Python takes, no empty one, and evaluates a cell that
begins with a bracket as a list: none does. It, and every spreadsheet, takes `6E+12` for six million
millions and `0` for a number: codes in tables carry AU, `AU6E+AU12` and `AU0`. jsPsych takes the
rows as timeline variables. BIDS wants `stimuli/stimuli.tsv` with `stim_id`, its JSON, and
`stim-LABEL_image.*` with letters and digits.
"""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auface_gen.label import DRAWN
from auface_studio.eye import Eyes
from auface_studio.files import write_json, write_text
from auface_studio.stimuli.design import Design
from auface_studio.stimuli.stimulus import Stimulus
from facs_text import Coding, parse

__all__ = ["COLUMNS", "spelled", "write_tables"]

Row = tuple[Stimulus, dict[str, Any]]
COLUMNS = {
    "stim_id": "Name of the stimulus, and of its files in stimuli/.",
    "image": "The picture, from the set's folder; of a sequence its apex.",
    "animation": "The sequence as one animated WebP; empty for a picture.",
    "frames": "Folder of the sequence's frames; empty for a picture.",
    "frame_count": "How many frames; 0 for a picture.",
    "duration_ms": "Milliseconds of the sequence; 0 for a picture.",
    "person": "Number of the made-up person.",
    "condition": "Name of the coding in the design.",
    "level": "Letter A to E when the design sets levels; else empty.",
    "codes": "FACS codes as asked for; AU0 is a face at rest.",
    "codes_resolved": "FACS codes that stand after conflicts are resolved.",
    "text": "The description that was drawn.",
    "seed": "Seed of the drawing.",
    "aaad_distance": "AAAD's distance of what the detector sees from what was asked, 0 to 1.",
}


def write_tables(
    out: Path, design: Design, rows: Sequence[Row], *, model: str, eyes: Eyes | None
) -> None:
    """conditions.csv, jspsych.js, dataset_description.json, stimuli/stimuli.{tsv,json}, README."""
    table = [_row(one, about, design) for one, about in rows]
    write_text(out / "conditions.csv", _separated(table, ","))
    lines = json.dumps(table, ensure_ascii=True, indent=1).replace("<", "\\u003c")
    write_text(
        out / "jspsych.js",
        f"// Timeline variables for jsPsych: timeline_variables: auface_stimuli\n"
        f"const auface_stimuli = {lines};\n",
    )
    write_text(out / "stimuli" / "stimuli.tsv", _separated(table, "\t", empty="n/a"))
    write_json(
        out / "stimuli" / "stimuli.json",
        {name: {"Description": text} for name, text in COLUMNS.items()},
    )
    write_json(out / "dataset_description.json", _dataset(design, model, eyes))
    write_text(out / "README", _readme(design, len(rows)))
    # What a BIDS validator need not know.
    write_text(out / ".bidsignore", "conditions.csv\ndesign.toml\njspsych.js\nsequences/\n")


def _row(one: Stimulus, about: dict[str, Any], design: Design) -> dict[str, Any]:
    moving = bool(one.frames) and design.dynamics is not None
    distance = about.get("AAADDistance")
    return {
        "stim_id": f"stim-{one.label}",
        "image": f"stimuli/stim-{one.label}_image.png",
        "animation": f"sequences/stim-{one.label}.webp" if moving else "",
        "frames": f"sequences/stim-{one.label}" if moving else "",
        "frame_count": len(one.frames),
        "duration_ms": design.dynamics.duration if moving and design.dynamics else 0,
        "person": one.person,
        "condition": _safe(one.name),
        "level": one.level,
        "codes": spelled(one.coding),
        "codes_resolved": spelled(parse(about["CodesResolved"])),
        "text": about["Description"],
        "seed": about["Seed"],
        "aaad_distance": "" if distance is None else distance,
    }


def spelled(coding: Coding) -> str:
    """Notation with AU before each number, which nothing takes for a number: `LAU6E+AU12`."""
    parts = []
    for action in coding:
        text = str(action)
        if not action.code.startswith("M"):
            text = text.replace(action.code, f"AU{action.code}", 1)
        parts.append(text)
    return "+".join(parts) or "AU0"


def _safe(text: str) -> str:
    """A cell that neither PsychoPy nor a spreadsheet takes for a list or a formula."""
    return f"'{text}" if text[:1] in "=+-@[(\t" else text


def _separated(rows: Sequence[dict[str, Any]], mark: str, *, empty: str = "") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS), delimiter=mark, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: empty if v == "" else v for k, v in row.items()})
    return out.getvalue()


def _dataset(design: Design, model: str, eyes: Eyes | None) -> dict[str, Any]:
    names = ("auface-studio", "auface-gen", "facs-text", "aaad")
    return {
        "Name": design.title,
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
        "License": design.licence,
        "GeneratedBy": [{"Name": name, "Version": version(name)} for name in names],
        "Model": model,
        "Detector": eyes.name if eyes is not None else None,
        "Seed": design.seed,
        "Python": platform.python_version(),
        "DigitalSourceType": DRAWN,
    }


def _readme(design: Design, count: int) -> str:
    return f"""{design.title}

{count} stimuli of made-up faces, drawn from FACS codes by auface. Every picture is machine-made and
says so (IPTC DigitalSourceType in its XMP); codes, text, person, seed and model are in its text
chunks and in the JSON beside it.

conditions.csv      the conditions file of PsychoPy: $image, or $animation, in an image component
jspsych.js          the same for jsPsych: a script, then timeline_variables: auface_stimuli
stimuli/            the pictures, with stimuli.tsv and stimuli.json as BIDS has them
sequences/          where the design moves: the frames of each, and one animated WebP
design.toml         the design; `auface stimuli design.toml OUT` makes the set again

How far the pictures do what they were asked: `auface score stimuli`.
"""
