"""Pairs of image and text on disk, in the image-folder layout that Hugging Face datasets reads.

    ROOT/corpus.json                schema, counts, licence, source, versions
    ROOT/train/metadata.jsonl       one JSON object a line, file_name relative to this folder
    ROOT/valid/..., ROOT/test/...

Lines hold file_name, text, text_brief, codes (FACS notation of what stands), aus (activation by
unit and side), subject, neutral (file_name of the same person at rest, or null), source, and
whatever else the writer adds. The same as tar shards: see write_shards.
"""

from facs_text.corpus._build import BuildReport, build
from facs_text.corpus._check import CheckReport, check
from facs_text.corpus._export import FORMATS as EXPORT_FORMATS
from facs_text.corpus._export import export
from facs_text.corpus._paths import safe_name
from facs_text.corpus._rows import SCHEMA, CorpusRow, make_row, parse_row, read
from facs_text.corpus._shards import read_shard, read_shards, shard_name, write_shard, write_shards
from facs_text.corpus._splits import SPLITS, split_of_number, split_of_subject
from facs_text.corpus._write import CorpusWriter

__all__ = [
    "EXPORT_FORMATS",
    "SCHEMA",
    "SPLITS",
    "BuildReport",
    "CheckReport",
    "CorpusRow",
    "CorpusWriter",
    "build",
    "check",
    "export",
    "make_row",
    "parse_row",
    "read",
    "read_shard",
    "read_shards",
    "safe_name",
    "shard_name",
    "split_of_number",
    "split_of_subject",
    "write_shard",
    "write_shards",
]
