"""A corpus by strangers, killed builds and two writers: nothing leaks, nothing mixes."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from facs_text import FacsTextError, corpus
from facs_text.corpus import (
    CorpusRow,
    CorpusWriter,
    build,
    check,
    make_row,
    parse_row,
    read,
    read_shards,
    safe_name,
    split_of_number,
    split_of_subject,
    write_shards,
)

OUTSIDE = ("../secret.png", "a/../../secret.png", "/etc/passwd", "", ".", "..", "a/..", "a\\..\\b",
           "C:/x.png", "C:x.png", "a\0.png", "a/")  # fmt: skip


def row(name: str = "a.png", **changes: object) -> CorpusRow:
    return make_row(name, "12C", subject="s", source="t", **changes)  # type: ignore[arg-type]


def stranger(root: Path, **changes: object) -> Path:
    """A corpus of one row whose line was written by somebody else."""
    data = json.loads(row().to_json()) | changes
    (root / "train").mkdir(parents=True, exist_ok=True)
    (root / "train" / "metadata.jsonl").write_text(json.dumps(data) + "\n")
    (root / "train" / "a.png").write_bytes(b"picture")
    return root


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("field", ["file_name", "neutral"])
def test_names_that_lead_outside_are_refused_by_every_reader(
    tmp_path: Path, name: str, field: str
) -> None:
    root = stranger(tmp_path / "c", **{field: name})
    (tmp_path / "secret.png").write_bytes(b"secret")
    with pytest.raises(FacsTextError, match="line 1: " + field):
        list(read(root))
    with pytest.raises(FacsTextError, match=field):
        list(write_shards(root, tmp_path / "shards"))
    assert not check(root).ok
    with pytest.raises(FacsTextError, match="file_name"):
        CorpusWriter(tmp_path / "d", source="s", licence="l").add(row(name))


@pytest.mark.parametrize("plain", ["./a.png", ".//a.png"])
def test_a_dot_before_a_name_says_nothing(tmp_path: Path, plain: str) -> None:
    root = stranger(tmp_path / "c", file_name=plain, neutral=plain)
    (found,) = read(root)
    assert (found.file_name, found.neutral) == ("a.png", "a.png")
    assert safe_name("a/./b.png") == "a/b.png"


def test_links_that_lead_outside_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    root = stranger(tmp_path / "c", file_name="link.png")
    (root / "train" / "link.png").symlink_to(secret)
    with pytest.raises(FacsTextError, match="link that leads out"):
        list(read(root))
    root = stranger(tmp_path / "d", file_name="deep/er/secret.png")
    (root / "train" / "deep").mkdir()
    (root / "train" / "deep" / "er").symlink_to(tmp_path)
    with pytest.raises(FacsTextError, match="link that leads out"):
        list(read(root))
    root = stranger(tmp_path / "e", file_name="link.png")  # a link inside is no harm
    (root / "train" / "link.png").symlink_to("a.png")
    assert [r.file_name for r in read(root)] == ["link.png"]
    there = tmp_path / "linked"
    there.symlink_to(root)  # nor is a corpus that is reached through one
    assert [r.file_name for r in read(there)] == ["link.png"]


def corpus_of(root: Path, names: list[str]) -> Path:
    with CorpusWriter(root, source="s", licence="l") as out:
        for name in names:
            path = out.folder("train") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
            out.add(row(name))
    return root


def test_shards_come_back_and_no_two_pictures_share_a_key(tmp_path: Path) -> None:
    names = ["a/b.png", "a_b.png", "a.b.png", "a%2Eb.png", "c.png", "c.jpg", "a.b/c.png", "é.png"]
    root = corpus_of(tmp_path / "c", names)
    paths = list(write_shards(root, tmp_path / "s", per_shard=3))
    assert [p.name for p in paths] == [f"train-00000{n}.tar" for n in range(3)]
    found = list(read_shards(tmp_path / "s"))
    assert [r.file_name for r, _ in found] == names
    assert [data for _, data in found] == [n.encode() for n in names]
    assert [r for r, _ in found] == list(read(root))
    keys = []
    for path in paths:
        with tarfile.open(path) as tar:
            keys += [name.rpartition(".")[0] for name in tar.getnames()]
    assert len(set(keys)) == len(names)
    again = list(write_shards(root, tmp_path / "t", per_shard=3))
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", ["../a.png", "/a.png", "b/../../a.png", "a.png"])
def test_members_that_climb_or_are_no_files_are_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "train-000000.tar", "w") as tar:
        info = tarfile.TarInfo(name)
        if name == "a.png":
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info, io.BytesIO(b""))
    with pytest.raises(FacsTextError, match="member|expected a file"):
        list(read_shards(tmp_path))
    with pytest.raises(FacsTextError, match="no shards named test-000000.tar"):
        list(read_shards(tmp_path, "test"))


def test_a_cut_shard_is_told(tmp_path: Path) -> None:
    root = corpus_of(tmp_path / "c", ["a.png"])
    (path,) = write_shards(root, tmp_path)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(FacsTextError, match="train-000000"):
        list(read_shards(tmp_path))


ENDS = "a\u2028b\u2029c\x85d"


def test_line_ends_of_other_alphabets_stay_in_their_row(tmp_path: Path) -> None:
    line = row(f"{ENDS}.png", note=ENDS).to_json()
    assert line.splitlines() == [line]
    back = parse_row(line)
    assert (back.file_name, back.extra["note"]) == (f"{ENDS}.png", ENDS)
    (tmp_path / "x.txt").write_text("12\n0+12\n")
    from facs_text.readers import read as read_rows

    source = tmp_path / f"x{ENDS}.txt"
    source.write_text("12\n0+12\n")
    list(read_rows(source, "codes", on_error="skip", rejects=tmp_path / "r"))
    assert len((tmp_path / "r").read_text().splitlines()) == 1


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    first = CorpusWriter(tmp_path / "c", source="s", licence="l")
    with pytest.raises(FacsTextError, match="another process is writing"):
        CorpusWriter(tmp_path / "c", source="s", licence="l", resume=True)
    first.add(row())
    first.close()
    CorpusWriter(tmp_path / "c", source="s", licence="l", resume=True).close()


def test_modes_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        labels, pictures = small(tmp_path)
        build(labels, pictures, tmp_path / "out", licence="l", rejects=tmp_path / "r")
        list(write_shards(tmp_path / "out", tmp_path / "s"))
    finally:
        os.umask(before)
    made = [p for f in ("out", "s") for p in (tmp_path / f).rglob("*") if p.is_file()]
    assert len(made) > 5
    assert {stat.S_IMODE(p.stat().st_mode) for p in [*made, tmp_path / "r"]} == {0o640}


# -- builds


def small(root: Path, colour: bytes = b"one", name: str = "images") -> tuple[Path, Path]:
    labels = root / "rows.csv"
    lines = [f"f{n:02d}.png,p{n % 5},{'0' if n < 5 else '6C+12D'}" for n in range(20)]
    labels.write_text("file_name,subject,codes\n" + "\n".join(lines) + "\n")
    (root / name).mkdir(exist_ok=True)
    for n in range(20):
        (root / name / f"f{n:02d}.png").write_bytes(colour + b"%d" % n)
    return labels, root / name


def pictures_of(out: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(out.rglob("*.png"))}


def listed(out: Path) -> Iterator[CorpusRow]:
    return (r for s in corpus.SPLITS if (out / s).is_dir() for r in read(out, s))


def stopped(
    monkeypatch: pytest.MonkeyPatch, count: int, labels: Path, pictures: Path, out: Path
) -> None:
    """A build that ends after so many rows, as a killed one does: between row and picture."""
    add = CorpusWriter.add

    def stops(self: CorpusWriter, *arguments: object) -> None:
        add(self, *arguments)  # type: ignore[arg-type]
        self.flush()
        if sum(self.counts.values()) == count:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CorpusWriter, "add", stops)
        with pytest.raises(KeyboardInterrupt):
            build(labels, pictures, out, licence="l")


def test_a_stopped_build_is_resumed_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, pictures = small(tmp_path)
    whole = build(labels, pictures, tmp_path / "whole", licence="l")
    stopped(monkeypatch, 7, labels, pictures, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("metadata.jsonl"))
    # every picture is one that a row names
    named = [json.loads(line)["file_name"] for p in (tmp_path / "out").rglob("metadata.jsonl.part")
             for line in p.read_text().splitlines()]  # fmt: skip
    assert set(pictures_of(tmp_path / "out")) < set(named)
    report = build(labels, pictures, tmp_path / "out", licence="l", resume=True)
    assert report == whole
    for path in (tmp_path / "whole").rglob("*"):
        if path.is_file():
            other = tmp_path / "out" / path.relative_to(tmp_path / "whole")
            assert other.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in (tmp_path / "out").rglob("*")) == sorted(
        p.name for p in (tmp_path / "whole").rglob("*")
    )
    assert build(labels, pictures, tmp_path / "out", licence="l", resume=True) == whole


def test_a_new_build_keeps_nothing_of_a_stopped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, pictures = small(tmp_path)
    stopped(monkeypatch, 12, labels, pictures, tmp_path / "out")
    (tmp_path / "out" / "train" / ".f99.png.1-ab.part").write_bytes(b"cut")
    lines = labels.read_text().splitlines()
    labels.write_text("\n".join([lines[0], *lines[10:]]) + "\n")
    _, others = small(tmp_path / "images", b"two", "other")
    labels.write_text("\n".join([lines[0], *lines[10:]]) + "\n")
    build(labels, others, tmp_path / "out", licence="l")
    found = pictures_of(tmp_path / "out")
    assert sorted(found) == [f"f{n:02d}.png" for n in range(9, 20)]
    assert all(data.startswith(b"two") for data in found.values())
    assert sorted(r.file_name for r in listed(tmp_path / "out")) == sorted(found)
    assert not list((tmp_path / "out").rglob("*.part"))


CHANGES = {
    "seed": {"seed": 3}, "size": {"size": 32}, "threshold": {"threshold": 0.5},
    "splits": {"splits": {"p0": "test"}}, "licence": {"licence": "other"}, "link": {"link": True},
    "on_error": {"on_error": "skip"}, "the annotations": {}, "the pictures": {},
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("whole", [True, False])
def test_resuming_another_request_is_refused_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, whole: bool
) -> None:
    labels, pictures = small(tmp_path)
    if whole:
        build(labels, pictures, tmp_path / "out", licence="l")
    else:
        stopped(monkeypatch, 7, labels, pictures, tmp_path / "out")
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    if what == "the annotations":
        top, *rest = labels.read_text().splitlines()
        labels.write_text("\n".join([top, *reversed(rest)]) + "\n")
    elif what == "the pictures":
        _, pictures = small(tmp_path, b"two", "other")
    with pytest.raises(FacsTextError, match=f"another request: {what} differ"):
        build(
            labels, pictures, tmp_path / "out", **({"licence": "l", "resume": True} | CHANGES[what])
        )  # type: ignore[arg-type]
    after = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert after == before


def test_resuming_rows_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    labels, pictures = small(tmp_path)
    corpus_of(tmp_path / "out", ["a.png"])
    with pytest.raises(FacsTextError, match="no record of the request"):
        build(labels, pictures, tmp_path / "out", licence="l", resume=True)
    assert (tmp_path / "out" / "train" / "metadata.jsonl").exists()


def test_a_writer_that_resumes_leaves_a_whole_corpus_whole_until_it_adds(tmp_path: Path) -> None:
    root = corpus_of(tmp_path / "c", ["a.png"])
    before = (root / "train" / "metadata.jsonl").read_bytes()

    def fail() -> None:
        with CorpusWriter(root, source="s", licence="l", resume=True) as out:
            assert out.counts["train"] == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (root / "train" / "metadata.jsonl").read_bytes() == before


def test_a_build_killed_outright_is_resumed(tmp_path: Path) -> None:
    labels, pictures = small(tmp_path)
    code = (
        "import os, signal, sys\n"
        "from facs_text import corpus\n"
        "add = corpus.CorpusWriter.add\n"
        "def kill(self, *a):\n"
        "    add(self, *a)\n"
        "    if sum(self.counts.values()) == 9:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "corpus.CorpusWriter.add = kill\n"
        "corpus.build(*sys.argv[1:], licence='l')\n"
    )
    arguments = [str(labels), str(pictures), str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", code, *arguments])
    assert done.returncode == -signal.SIGKILL
    report = build(labels, pictures, tmp_path / "out", licence="l", resume=True)
    assert sum(report.rows.values()) == 20
    assert check(tmp_path / "out").ok
    assert len(pictures_of(tmp_path / "out")) == 20


def test_crops_of_pictures_that_differ_in_their_endings_do_not_collide(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "i"
    folder.mkdir()
    image.new("RGB", (40, 40), "red").save(folder / "a.png")
    image.new("RGB", (40, 40), "blue").save(folder / "a.jpg")
    image.new("RGB", (40, 40), "blue").save(folder / "b.jpg")
    labels = tmp_path / "r.csv"
    labels.write_text("file_name,subject,codes\na.png,s,0\na.jpg,s,12\nb.jpg,s,4\na.png,s,6\n")
    report = build(labels, folder, tmp_path / "out", licence="l", size=32, splits={"s": "train"})
    assert [r.file_name for r in read(tmp_path / "out")] == ["a.png", "a.jpg.png", "b.png"]
    assert report.drops == {"another face of the same picture": 1}
    assert check(tmp_path / "out").ok


def test_splits_have_a_name_each() -> None:
    assert [split_of_number(n) for n in (0, 7, 8, 9, 10)] == ["train"] * 2 + [
        "valid", "test", "train"]  # fmt: skip
    assert split_of_subject("F001") in corpus.SPLITS
