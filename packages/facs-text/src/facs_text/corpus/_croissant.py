"""The Croissant description of an exported corpus: JSON-LD by the format's version 1.0.

The format: MLCommons Croissant Format Specification 1.0 (2024). Each data file is named with its
SHA-256, and each field says which column of which files it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["croissant"]

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_KINDS = {
    "parquet": "application/x-parquet",
    "webdataset": "application/x-tar",
    "imagefolder": "application/jsonlines",
}
_NAME = {"fileProperty": "filename"}
_FIELDS = {
    "file_name": "Name of the picture within its split.",
    "text": "What the face does, in plain English.",
    "text_brief": "The same in one short sentence.",
    "codes": "The same in FACS notation.",
    "subject": "The person; nobody is in two splits.",
    "neutral": "file_name of the same person at rest.",
    "source": "Where the picture comes from.",
}


def croissant(
    name: str, to: str, root: Path, files: Mapping[str, Sequence[str]], about: Mapping[str, Any]
) -> dict[str, Any]:
    """The description of data files under `root`, by split, as an object to be written as JSON."""
    distribution: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    for split, names in files.items():
        objects = [_file(root, path, _KINDS[to]) for path in names]
        distribution += objects
        if to == "imagefolder":
            records.append(_records(split, to, {"fileObject": {"@id": names[0]}}))
        else:
            distribution.append(_many(split, to, names))
            records.append(_records(split, to, {"fileSet": {"@id": f"{split}-rows"}}))
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": "Faces, each with a description of its facial behaviour in plain English "
        "and in FACS notation.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": str(about.get("licence", "see source")),
        "url": "https://arxiv.org/abs/2603.18588",
        "version": "1.0.0",
        "datePublished": "2026-01-01",
        "citeAs": "arXiv:2603.18588",
        "distribution": distribution,
        "recordSet": records,
    }


def _file(root: Path, path: str, kind: str) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with (root / path).open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
            size += len(data)
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{size} B",
        "encodingFormat": kind,
        "sha256": digest.hexdigest(),
    }


def _many(split: str, to: str, names: Sequence[str]) -> dict[str, Any]:
    """The rows of a split that are in several files: in Parquet, or beside the pictures in tars."""
    found: dict[str, Any] = {
        "@type": "cr:FileSet",
        "@id": f"{split}-rows",
        "name": f"{split}-rows",
        "encodingFormat": _KINDS[to],
        "includes": f"data/{split}-*.parquet",
    }
    if to == "webdataset":
        found["encodingFormat"], found["includes"] = "text/plain", "*.txt"
        found["containedIn"] = [{"@id": name} for name in names]
    return found


def _records(split: str, to: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a split: the columns of its rows; of tars, where readers of the format know no
    columns, the text of each picture and the name it has in common with the picture.
    """
    if to == "webdataset":
        parts = {
            "text": (_FIELDS["text"], {"fileProperty": "content"}),
            "name": ("Name of the text; the picture's but for the suffix.", _NAME),
        }
    else:
        parts = {key: (said, {"column": key}) for key, said in _FIELDS.items()}
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{split}/{key}",
            "name": f"{split}/{key}",
            "description": said,
            "dataType": "sc:Text",
            "source": {**source, "extract": extract},
        }
        for key, (said, extract) in parts.items()
    ]
    return {"@type": "cr:RecordSet", "@id": split, "name": split, "field": fields}
