"""A corpus for others' tools: what is written, and that the tools themselves read it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from facs_text import FacsTextError, corpus

# A PNG of one pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
FORMATS = ("parquet", "webdataset", "imagefolder")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A corpus of two people to train and one to test, four pictures each."""
    root = tmp_path / "made"
    with corpus.CorpusWriter(root, source="a test", licence="CC0-1.0", about={"note": 1}) as out:
        for split, subject in (("train", "a"), ("train", "b"), ("test", "c")):
            (out.folder(split) / subject).mkdir()
            for n, codes in enumerate(("0", "6C+12D", "L12B", "1C+4D")):
                name = f"{subject}/{n}.png"
                (out.folder(split) / name).write_bytes(PIXEL)
                row = corpus.make_row(
                    name, codes, subject=subject, source="a test", neutral=f"{subject}/0.png",
                    kind="preset" if n else None,
                )  # fmt: skip
                out.add(row, split)
    return root


def export(made: Path, out: Path, to: str, **more: object) -> Path:
    if to == "parquet":
        pytest.importorskip("pyarrow")
    files = corpus.export(made, out, to=to, per_shard=3, **more)
    assert files
    assert all(path.is_file() for path in files)
    assert not list(out.rglob("*.part"))
    return out


@pytest.mark.parametrize("to", FORMATS)
def test_two_exports_are_the_same(made: Path, tmp_path: Path, to: str) -> None:
    one, two = (export(made, tmp_path / n, to, name="faces") for n in ("one", "two"))
    files = [p.relative_to(one) for p in sorted(one.rglob("*")) if p.is_file()]
    assert {Path("README.md"), Path("croissant.json")} < set(files)
    assert all((one / p).read_bytes() == (two / p).read_bytes() for p in files)


def test_there_and_back(made: Path, tmp_path: Path) -> None:
    shards = export(made, tmp_path / "shards", "webdataset")
    (shards / "corpus.json").write_bytes((made / "corpus.json").read_bytes())
    back = export(shards, tmp_path / "back", "imagefolder")
    assert corpus.check(back).ok
    for split in ("train", "test"):
        assert list(corpus.read(back, split)) == list(corpus.read(made, split))
        rows = [row for row, _ in corpus.read_shards(shards, split)]
        assert rows == list(corpus.read(made, split))
    assert json.loads((back / "corpus.json").read_text())["note"] == 1


def test_the_card_says_the_counts_and_the_licence(made: Path, tmp_path: Path) -> None:
    text = (
        export(made, tmp_path / "x", "webdataset", name='so "called"') / "README.md"
    ).read_text()
    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    assert 'pretty_name: "so \\"called\\""' in head
    assert 'license_name: "CC0-1.0"' in head
    assert '  - split: train\n    path: "train-*.tar"' in head
    assert "| train | 8 |" in body
    assert "| test | 4 |" in body


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": "zip"}, "format 'zip'; expected one of parquet, webdataset, imagefolder"),
        ({"per_shard": 0}, "per_shard is 0"),
        ({"out": "made"}, "is not empty"),
        ({"folder": "nowhere"}, "corpus.json: cannot be read"),
    ],
)
def test_wrong_calls_are_named(made: Path, tmp_path: Path, change: dict, said: str) -> None:
    call = {"folder": "made", "out": "new", "to": "webdataset"} | change
    folder, out = (tmp_path / str(call.pop(key)) for key in ("folder", "out"))
    with pytest.raises(FacsTextError, match=said):
        corpus.export(folder, out, **call)


def test_a_picture_that_is_gone_is_named(made: Path, tmp_path: Path) -> None:
    (made / "train" / "b" / "2.png").unlink()
    with pytest.raises(FacsTextError, match=r"b/2\.png: No such file"):
        corpus.export(made, tmp_path / "x", to="webdataset")
    assert not list((tmp_path / "x").glob("*.tar*"))


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.filterwarnings("ignore")
def test_croissant_is_valid_and_finds_the_rows(
    made: Path, tmp_path: Path, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    # It keeps what it unpacked by the tar's name alone, so that another corpus's would be found.
    extract = pytest.importorskip("mlcroissant._src.operation_graph.operations.extract")
    kept = type(extract.EXTRACT_PATH)(str(tmp_path / "kept"))
    monkeypatch.setattr(extract, "EXTRACT_PATH", kept)
    out = export(made, tmp_path / "x", to, name="faces")
    found = mlcroissant.Dataset(out / "croissant.json")
    assert not found.metadata.ctx.issues.errors
    for split, count in (("train", 8), ("test", 4)):
        rows = list(found.records(split))
        texts = {row[f"{split}/text"].decode() for row in rows}
        assert len(rows) == count
        assert texts == {row.text for row in corpus.read(made, split)}


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.filterwarnings("ignore")
def test_hugging_face_reads_it(
    made: Path, tmp_path: Path, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    out = export(made, tmp_path / "x", to)
    found = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    image, text = ("png", "txt") if to == "webdataset" else ("image", "text")
    for split, count in (("train", 8), ("test", 4)):
        assert found[split].num_rows == count
        assert found[split][0][image].size == (1, 1)
        assert set(found[split][text]) == {row.text for row in corpus.read(made, split)}


@pytest.mark.filterwarnings("ignore")
def test_webdataset_reads_it(made: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    out = export(made, tmp_path / "x", "webdataset")
    shards = sorted(str(path) for path in out.glob("train-*.tar"))
    assert len(shards) == 3
    found = webdataset.WebDataset(shards, shardshuffle=False).decode().to_tuple("txt", "json")
    rows = list(corpus.read(made, "train"))
    assert [text for text, _ in found] == [row.text for row in rows]
