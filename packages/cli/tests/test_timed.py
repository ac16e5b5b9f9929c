"""Files of timed codings: every way to write one, and what is wrong by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from auface_cli.timed import read_timed
from facs_text import FacsTextError, parse

SMILE = [(0.0, parse("0")), (0.4, parse("6C+12D")), (1.2, parse("0"))]


@pytest.mark.parametrize(
    "text",
    [
        "0 0\n0.4 6C+12D\n1.2 0\n",
        "# a smile\ntime,codes\n0,0\n\n0.4,6C+12D\n1.2,0",
        'time\tcodes\n0\t0\n0.4\t"6C,12D"\n1.2\t0\n',
        '{"time": 0, "codes": "0"}\n{"time": 0.4, "codes": "6C+12D"}\n1.2; 0\n',
        "\ufeff0 0\r\n0.4 6C 12D\r\n1.2 0\r\n",
    ],
)
def test_ways_to_write_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "smile.txt").write_bytes(text.encode())
    assert read_timed(tmp_path / "smile.txt") == SMILE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 0\n0.4 99X\n", "line 2"),
        ("0 0\n\n0 12C\n", "line 3: time 0 is not after 0"),
        ("soon 12C\n", "line 1: 'soon' is no time"),
        ("nan 12C\n", "no time"),
        ("12C\n", "a time and a coding"),
        ('{"time": 1}\n', "line 1"),
        ('{"time": 1, "codes": 12}\n', "no coding"),
        ('{"time": true, "codes": "12"}\n', "no time"),
        ("# nothing\n", "no timed codings"),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(FacsTextError, match=said) as error:
        read_timed(tmp_path / "a.txt")
    assert "a.txt" in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    for name in ("nowhere.txt", "a.bin", "."):
        with pytest.raises(FacsTextError, match="file"):
            read_timed(tmp_path / name)
