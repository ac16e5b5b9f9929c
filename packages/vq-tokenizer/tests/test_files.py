"""Files are written whole, and what killed processes left does not gather."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.files import write_bytes, write_text

# Begins to write a file and is killed before it is whole.
KILLED = """
import os, signal, sys
from pathlib import Path
from vq_tokenizer.files import write_bytes
os.replace = lambda source, target: os.kill(os.getpid(), signal.SIGKILL)
write_bytes(Path(sys.argv[1]), b"half")
"""


@pytest.mark.skipif(os.name != "posix", reason="nobody is killed that way elsewhere")
def test_what_a_killed_process_left_goes_and_what_a_live_one_writes_stays(tmp_path: Path) -> None:
    path = tmp_path / "state"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)]).returncode == -9
    (dead,) = tmp_path.iterdir()
    assert not path.exists()
    pid = dead.name.split("-")[-2]
    live = dead.with_name(dead.name.replace(f"-{pid}-", f"-{os.getppid()}-"))
    other = dead.with_name(".state.part")  # nobody knows whose
    live.write_bytes(b"")
    other.write_bytes(b"")
    write_text(path, "whole")
    assert {p.name for p in tmp_path.iterdir()} == {"state", live.name, other.name}
    assert path.read_text() == "whole"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(VQTokenizerError, match=r"nowhere/x: cannot be written"):
        write_bytes(tmp_path / "nowhere" / "x", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(VQTokenizerError, match="folder: cannot be written"):
        write_bytes(tmp_path / "folder", b"")
    assert not list(tmp_path.glob(".*"))
