"""The dataset card of an exported corpus: Markdown under a head of YAML, as Hugging Face reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["card"]

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_PATHS = {
    "parquet": "data/{split}-*.parquet",
    "webdataset": "{split}-*.tar",
    "imagefolder": "{split}/**",
}
_NAMES = {"valid": "validation"}  # what Hugging Face calls it

_FIELDS = """\
| field | what it is |
|---|---|
| `file_name` | name of the picture within its split |
| `text` | what the face does, in plain English |
| `text_brief` | the same in one short sentence |
| `codes` | the same in FACS notation, such as `6C+12D` |
| `aus` | activation from 0 to 1 by unit and side |
| `subject` | the person; nobody is in two splits |
| `neutral` | `file_name` of the same person at rest |
| `source` | where the pictures come from |
"""


def card(name: str, to: str, counts: Mapping[str, int], about: Mapping[str, Any]) -> str:
    """The card of a corpus: its name, the format, rows by split, and what corpus.json says."""
    total = sum(counts.values())
    size = next((word for limit, word in _SIZES if total < limit), "n>1M")
    head = [
        "---",
        f"pretty_name: {json.dumps(name, ensure_ascii=False)}",
        "language:",
        "- en",
        "license: other",
        f"license_name: {json.dumps(str(about.get('licence', 'see source')), ensure_ascii=False)}",
        "task_categories:",
        "- text-to-image",
        "- image-to-text",
        "size_categories:",
        f"- {size}",
        "tags:",
        "- faces",
        "- facs",
        "configs:",
        "- config_name: default",
        "  data_files:",
    ]
    for split in counts:
        head.append(f"  - split: {_NAMES.get(split, split)}")
        head.append(f'    path: "{_PATHS[to].format(split=split)}"')
    head.append("---")
    rows = "\n".join(f"| {_NAMES.get(s, s)} | {n:,} |" for s, n in counts.items())
    return (
        "\n".join(head)
        + f"\n\n# {name}\n\n"
        + "Faces, each with a description of its facial behaviour in plain English and in FACS "
        + "notation. Texts and codes come from one resolution by facs-text, so that they agree.\n\n"
        + f"| split | rows |\n|---|---|\n{rows}\n\n"
        + f"Source: {about.get('source', 'not said')}. "
        + f"Licence of the pictures: {about.get('licence', 'not said')}.\n\n"
        + _FIELDS
        + "\nFurther fields are those of the corpus that this was made from. croissant.json "
        + "describes the files in the Croissant format.\n"
    )
