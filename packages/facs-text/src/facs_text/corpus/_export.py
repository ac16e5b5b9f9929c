"""A corpus for others' tools: Parquet, WebDataset or an image folder, with a dataset card and a
Croissant description.

What is exported may lie on disk as an image folder or as tar shards; pictures and rows are
streamed, and what is written depends on nothing but them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.corpus._card import card
from facs_text.corpus._croissant import croissant
from facs_text.corpus._rows import CorpusRow, read
from facs_text.corpus._shards import read_shards, shard_name, write_shard
from facs_text.corpus._splits import SPLITS
from facs_text.corpus._write import CorpusWriter
from facs_text.files import contents, whole, write_text

__all__ = ["FORMATS", "export"]

FORMATS = ("parquet", "webdataset", "imagefolder")

Sample = tuple[CorpusRow, bytes]


def export(
    folder: str | Path,
    out: str | Path,
    *,
    to: str,
    name: str | None = None,
    per_shard: int = 1000,
    tell: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write the corpus at `folder` into a new folder `out`, and return the data files.

    to: "parquet" (rows with Hugging Face's Image feature; needs pyarrow), "webdataset" (tar
    shards) or "imagefolder". name: of the data set, that of the folder unless told. per_shard:
    rows of a file. tell: called with each data file when it is whole. README.md is the dataset
    card, croissant.json the Croissant description.

    Raises FacsTextError when `folder` is no corpus, `out` is not empty, or the format is unknown.
    """
    root, out = Path(folder), Path(out)
    if to not in FORMATS:
        raise FacsTextError(f"format {to!r}; expected one of {', '.join(FORMATS)}")
    if per_shard < 1:
        raise FacsTextError(f"per_shard is {per_shard}; expected at least 1")
    about = _about(root)
    splits = [split for split in SPLITS if _there(root, split)]
    if not splits:
        raise FacsTextError(f"{root}: no split with a metadata.jsonl or tar shards; not a corpus")
    if out.exists() and any(out.iterdir()):
        raise FacsTextError(f"{out} is not empty; name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    writers = {"parquet": _parquet, "webdataset": _webdataset, "imagefolder": _imagefolder}
    counts: dict[str, int] = {}
    files: dict[str, list[Path]] = {}
    for split in splits:
        counts[split], files[split] = 0, []
        samples = _counted(_samples(root, split), counts, split)
        for path in writers[to](out, split, samples, per_shard, about):
            files[split].append(path)
            if tell is not None:
                tell(path)
    title = name or root.resolve().name
    lists = {s: [p.relative_to(out).as_posix() for p in paths] for s, paths in files.items()}
    write_text(out / "README.md", card(title, to, counts, about))
    described = croissant(title, to, out, lists, about)
    write_text(out / "croissant.json", json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    return [path for split in splits for path in files[split]]


def _about(root: Path) -> dict[str, Any]:
    try:
        about = json.loads(contents(root / "corpus.json"))
    except (OSError, ValueError, RecursionError) as error:
        raise FacsTextError(f"{root / 'corpus.json'}: cannot be read: {error}") from None
    if not isinstance(about, dict):
        raise FacsTextError(f"{root / 'corpus.json'}: expected a JSON object")
    return about


def _there(root: Path, split: str) -> bool:
    return (root / split / "metadata.jsonl").is_file() or any(root.glob(f"{split}-*.tar"))


def _samples(root: Path, split: str) -> Iterator[Sample]:
    """Rows and the bytes of their pictures, however the corpus lies on disk."""
    if not (root / split / "metadata.jsonl").is_file():
        yield from read_shards(root, split)
        return
    for row in read(root, split):
        path = root / split / row.file_name
        try:
            picture = contents(path)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise FacsTextError(f"{path}: {said}") from None
        yield row, picture


def _counted(samples: Iterator[Sample], counts: dict[str, int], split: str) -> Iterator[Sample]:
    for sample in samples:
        counts[split] += 1
        yield sample


def _batches(samples: Iterator[Sample], size: int) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, size)):
        yield batch


def _webdataset(
    out: Path, split: str, samples: Iterator[Sample], size: int, about: dict[str, Any]
) -> Iterator[Path]:
    for number, batch in enumerate(_batches(samples, size)):
        path = out / shard_name(split, number)
        write_shard(path, batch)
        yield path


def _imagefolder(
    out: Path, split: str, samples: Iterator[Sample], size: int, about: dict[str, Any]
) -> Iterator[Path]:
    """A split of an image folder; corpus.json grows with each split."""
    kept = {k: v for k, v in about.items() if k not in _OWN}
    source, licence = str(about.get("source", "")), str(about.get("licence", ""))
    resume = (out / "corpus.json").exists()
    with CorpusWriter(out, source=source, licence=licence, about=kept, resume=resume) as writer:
        for row, picture in samples:
            path = writer.folder(split) / row.file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            _bytes(path, picture)
            writer.add(row, split)
    yield out / split / "metadata.jsonl"


_OWN = ("schema", "source", "licence", "counts", "subjects", "versions", "shards")


def _parquet(
    out: Path, split: str, samples: Iterator[Sample], size: int, about: dict[str, Any]
) -> Iterator[Path]:
    """Rows as data/SPLIT-NUMBER.parquet, `image` as Hugging Face's Image feature has it. `aus` and
    what a row has beyond the schema are JSON, as they differ from row to row.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise FacsTextError("Parquet needs pyarrow: pip install 'facs-text[parquet]'") from None
    texts = ("text", "text_brief", "codes", "aus", "subject", "neutral", "source", "extra")
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    features |= {k: {"dtype": "string", "_type": "Value"} for k in ("file_name", *texts)}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image), *((k, pa.string()) for k in ("file_name", *texts))],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    (out / "data").mkdir(exist_ok=True)
    for number, batch in enumerate(_batches(samples, size)):
        path = out / "data" / f"{split}-{number:06d}.parquet"
        table = pa.Table.from_pylist([_flat(*sample) for sample in batch], schema=schema)
        with whole(path) as part:
            pq.write_table(table, part)
        yield path


def _flat(row: CorpusRow, picture: bytes) -> dict[str, Any]:
    aus = {unit: dict(sides) for unit, sides in row.aus.items()}
    return {
        "image": {"bytes": picture, "path": row.file_name},
        "file_name": row.file_name,
        "text": row.text,
        "text_brief": row.text_brief,
        "codes": row.codes,
        "aus": json.dumps(aus),
        "subject": row.subject,
        "neutral": row.neutral,
        "source": row.source,
        "extra": json.dumps(dict(row.extra), ensure_ascii=False),
    }


def _bytes(path: Path, data: bytes) -> None:
    with whole(path) as part:
        part.write_bytes(data)
