"""Writing a file: whole or not at all, whatever stands there, whoever else writes, however it
ends.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from facs_text import files
from facs_text.files import Whole, _machine, beside, clear_dead, whole


def write(path: Path, text: str, how: str) -> None:
    """Write a text by one of the two ways there are."""
    if how == "Whole":
        with Whole(path) as file:
            file.write(text)
            file.keep()
    else:
        with whole(path) as place:
            place.write_text(text)


def fail(path: Path, how: str) -> None:
    """Stop with an error in the middle of writing."""
    if how == "Whole":
        with Whole(path) as file:
            file.write("half" + str(1 // 0))
    else:
        with whole(path) as place:
            place.write_text("half")
            place.write_text(str(1 // 0))


both = pytest.mark.parametrize("how", ["Whole", "whole"])


@both
def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(tmp_path: Path, how: str) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "real.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write(link, "new", how)
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["far", "link.txt", "real.txt"]


@both
def test_a_device_is_written_to_and_stays_one(tmp_path: Path, how: str) -> None:
    before = os.stat("/dev/null")
    write(Path("/dev/null"), "gone", how)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert os.stat("/dev/null").st_ino == before.st_ino
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write(link, "gone", how)
    assert link.is_symlink()


@both
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path, how: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe, "through", how)
    reader.join()
    assert read == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@both
def test_a_full_disk_names_the_file(how: str) -> None:
    with pytest.raises(OSError) as caught:
        write(Path("/dev/full"), "x" * 100_000, how)
    assert caught.value.filename == "/dev/full"


_FULL = """
import resource, signal, sys
from facs_text.files import Whole, whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if sys.argv[2] == "Whole":
        with Whole(sys.argv[1]) as file:
            file.write("x" * 900_000)
            file.keep()
    else:
        with whole(sys.argv[1]) as place:
            place.write_text("x" * 900_000)
except OSError as error:
    sys.exit(f"{error.filename}")
"""


@both
def test_what_did_not_fit_leaves_nothing(tmp_path: Path, how: str) -> None:
    out = tmp_path / "out.txt"
    out.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(out), how], capture_output=True, text=True
    )
    assert done.stderr.strip().endswith("out.txt")
    assert os.listdir(tmp_path) == ["out.txt"]
    assert out.read_text() == "old"


@both
def test_an_error_leaves_what_stood_there(tmp_path: Path, how: str) -> None:
    out = tmp_path / "out.txt"
    out.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fail(out, how)
    assert os.listdir(tmp_path) == ["out.txt"]
    assert out.read_text() == "old"


@both
def test_the_mode_follows_the_umask(tmp_path: Path, how: str) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "out.txt", "x", how)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == 0o640


@both
@pytest.mark.parametrize("name", ["a" * 250 + ".txt", "é" * 120 + ".txt"])
def test_long_names(tmp_path: Path, name: str, how: str) -> None:
    write(tmp_path / name, "x", how)
    assert os.listdir(tmp_path) == [name]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with whole(out) as one, whole(out) as two:
        assert one != two
        one.write_text("one")
        two.write_text("two")
    assert out.read_text() == "one"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    """Only its own kind: not a living process's, another machine's, or anything else."""
    code = (
        "import os, sys, pathlib\n"
        "from facs_text.files import beside\n"
        "beside(pathlib.Path(sys.argv[1])).write_text('half')\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out.txt")], check=False)
    (dead,) = os.listdir(tmp_path)
    living = beside(tmp_path / "out.txt")
    living.write_text("half")
    elsewhere = tmp_path / dead.replace(
        _machine(), "00000000" if _machine() != "0" * 8 else "1" * 8
    )
    elsewhere.write_text("half")
    (tmp_path / "mine.part").write_text("kept")
    # `living` looked into this folder already; a process that comes later does so itself.
    clear_dead(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([living.name, elsewhere.name, "mine.part"])


def test_the_first_write_into_a_folder_clears_it(tmp_path: Path) -> None:
    gone = tmp_path / f".out.txt.{_machine()}-999999999-0123abcd.part"
    gone.write_text("half")
    write(tmp_path / "other.txt", "x", "whole")
    assert os.listdir(tmp_path) == ["other.txt"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), files.whole(tmp_path):
        pass
