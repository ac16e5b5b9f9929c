"""What can go wrong around a command: one line that names the file, and the right status."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest

from auface_cli import group
from auface_cli.main import cli
from facs_text import corpus


def failing(monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setitem(cli.commands, "fail", click.Command("fail", callback=fail))


@pytest.mark.parametrize(
    ("error", "status", "part"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out/a.png"), 1, "out/a.png: No space"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "aaa"), 2, "aaa: File name too long"),
        (OSError(errno.ELOOP, "Too many levels", "l.png"), 2, "l.png: Too many levels"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 2, "x: Permission denied"),
        (FileExistsError(errno.EEXIST, "File exists", "o"), 2, "o: File exists; a file stands"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "o/x"), 2, "name another place"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "o"), 2, "o: Is a directory; that is"),
        (FileNotFoundError(errno.ENOENT, "No such file", "i.csv"), 2, "i.csv: No such file; check"),
        (OSError(errno.EIO, "Input/output error"), 1, "Input/output error"),
        (MemoryError("Unable to allocate 9 TiB"), 1, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 7"), 1, "not enough memory"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), 2, "no UTF-8"),
        (RecursionError("maximum recursion depth exceeded"), 2, "nested too deeply"),
        (ValueError("embedded null byte"), 2, "zero byte"),
        (SystemExit(3), 3, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_line_and_a_status(auface, monkeypatch, error, status, part):
    failing(monkeypatch, error)
    outcome = auface("fail")
    assert (outcome.status, outcome.out) == (status, "")
    assert part in outcome.err
    assert outcome.err.count("\n") == (1 if part else 0)


def test_a_plugin_that_leaves_at_import_takes_nothing_down(auface, monkeypatch, tmp_path):
    (tmp_path / "leaves_at_import.py").write_text("import sys\nsys.exit(7)\n")
    (tmp_path / "stops_at_import.py").write_text("raise GeneratorExit('x\\ny')\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def found(*, group):
        return [
            EntryPoint("bad", "leaves_at_import:command", group),
            EntryPoint("worse", "stops_at_import:command", group),
            EntryPoint("describe", "leaves_at_import:command", group),
        ]

    monkeypatch.setattr(group, "entry_points", found)
    shown = auface("--help")
    assert shown.status == 0
    assert "bad" in shown.out
    assert auface("describe", "12C").status == 0
    for name, part in (("bad", "leaves when imported (7)"), ("worse", "x y")):
        outcome = auface(name)
        assert outcome.status == 2
        assert part in outcome.err
        assert outcome.err.count("\n") == 1


def run(script: str, *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """A shell line in which "$A" runs the command."""
    call = f"{sys.executable} -m auface_cli.main"
    environment = {**os.environ, "A": call, **(env or {})}
    return subprocess.run(["bash", "-c", script], capture_output=True, env=environment, check=False)


def test_outputs_that_are_closed():
    done = run("$A describe 12C >&-; echo status $?")
    assert b"Traceback" not in done.stderr
    done = run("$A describe 99Q 2>&-; echo status $?")
    assert done.stdout == b"status 2\n"
    done = run("$A units | head -1; echo ${PIPESTATUS[1]}")
    assert done.stderr == b""
    assert done.stdout.endswith(b"\n0\n")


def test_bytes_that_are_no_text():
    done = run(r"""$A describe $'12C\xff'; echo status $?""")
    assert done.stdout == b"status 2\n"
    assert done.stderr.count(b"\n") == 1
    done = run("$A understand 'she smiles' | cat", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "device"])
@pytest.mark.parametrize(
    "words",
    [
        ("describe", "--from", "FILE"),
        ("convert", "FILE", "--to", "codes"),
        ("corpus", "check", "FILE"),
        ("corpus", "build", "FILE", "OUT", "--images", "IMAGES"),
    ],
    ids=" ".join,
)
def test_inputs_that_are_no_files(auface, tmp_path, kind, words):
    (tmp_path / "images").mkdir()
    path = tmp_path / "given.csv"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.symlink_to("/dev/zero")
    places = {"FILE": path, "OUT": tmp_path / "out", "IMAGES": tmp_path / "images"}
    outcome = auface(*(places.get(word, word) for word in words))
    assert outcome.status == 2
    assert "given.csv" in outcome.err


def test_out_through_a_link_and_to_a_device(auface, tmp_path):
    link, real = tmp_path / "link.txt", tmp_path / "real.txt"
    real.write_text("old")
    link.symlink_to(real)
    assert auface("describe", "12C", "--out", link).status == 0
    assert link.is_symlink()
    assert "mouth corners" in real.read_text()
    assert auface("describe", "12C", "--out", "/dev/null").status == 0
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_is_named_and_the_work_failed(auface):
    outcome = auface("describe", "12C", "--out", "/dev/full")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "/dev/full: No space left" in outcome.err


@pytest.mark.parametrize("name", ["train/1.png", "corpus.json", "train/metadata.jsonl"])
@pytest.mark.parametrize("command", ["check", "shard", "export"])
def test_a_pipe_in_a_corpus_is_not_waited_for(auface, tmp_path, name, command):
    root = tmp_path / "c"
    with corpus.CorpusWriter(root, source="made up", licence="none") as writer:
        for k in range(2):
            writer.add(corpus.make_row(f"{k}.png", "12C", subject="s", source="x"))
            (writer.folder("train") / f"{k}.png").write_bytes(b"picture")
    (root / name).unlink()
    os.mkfifo(root / name)
    more = {
        "check": ["--quick"],
        "shard": [tmp_path / "o"],
        "export": [tmp_path / "o", "--to", "webdataset"],
    }
    outcome = auface("corpus", command, root, *more[command])
    if (command, name) != ("shard", "corpus.json"):  # shards need none
        assert outcome.status in (1, 2)
        assert Path(name).name in outcome.err or "metadata.jsonl" in outcome.err
