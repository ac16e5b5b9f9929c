"""Bad files: one clear error with file and line, or a rejects file; nothing half-written."""

import contextlib
import json
from pathlib import Path

import fixtures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facs_text import FacsTextError
from facs_text.readers import FORMATS, read

HEAD = "frame,confidence,success,AU01_r,AU12_r,AU12_c\n"
BAD = {
    "cut.csv": (HEAD + "1,0.9,1,0.5,1.0,1\n2,0.9,1,0", "line 3"),
    "many.csv": (HEAD + "1,0.9,1,0.5,1.0,1,7\n", "line 2"),
    "high.csv": (HEAD + "1,0.9,1,0.5,7,1\n", "line 2: AU12 is 7"),
    "nine.csv": (HEAD + "1,0.9,1,9,1,1\n", "line 2: AU1 is 9"),
    "word.csv": (HEAD + "1,0.9,1,hello,1,1\n", "line 2: AU1 is 'hello'"),
    "half.csv": (HEAD + "1.5,0.9,1,0,1,1\n", "line 2: frame"),
    "inf.csv": (HEAD + "1,0.9,1,inf,1,1\n", "line 2"),
    "quote.csv": (HEAD + '1,0.9,1,"0,1,1\n', "line 2"),
    "twice.csv": ("frame,AU01_r,AU01_r\n1,2,3\n", "line 1: column 'AU01_r' stands twice"),
    "again.csv": ("frame,AU01_r, AU01_r\n1,2,3\n", "line 1"),
    "au00.csv": ("frame,AU00_r,AU01_r\n1,2,3\n", "line 1: column 'AU00_r' names no unit"),
    "au99.csv": ("frame,AU99_c\n1,1\n", "line 1: column 'AU99_c' names no unit"),
    "pipe.csv": (HEAD.replace(",", "|") + "1|0.9|1|0|1|1\n", "not recognised"),
    "empty.csv": ("", "empty file"),
    "blank.csv": ("\n\n \n", "empty file"),
    "words.txt": ("once upon a time\n", "not recognised"),
    "codes.txt": ("1C+4D\n12F\n", "line 2"),
    "bad.jsonl": ('{"codes": "1C"}\n{"codes": \n', "line 2"),
    "list.jsonl": ('{"codes": "1"}\n[1]\n', "line 2"),
    "none.jsonl": ('{"id": 3}\n', "line 1"),
    "level.jsonl": ('{"aus": {"AU1": 7}}\n', "line 1"),
    "unit.jsonl": ('{"aus": {"AU99": 2}}\n', "line 1"),
    "deep.jsonl": ('{"codes": ' + "[" * 100_000 + "\n", "line 1"),
    "F001_T1.csv": ("0,1,2,4\n12,0,1,2\n", "line 2: AU4 is '2'"),
    "F001_T2.csv": ("0,1,2,4\n12,0,1\n", "line 2: 3 fields under 4"),
    "F001_T3.csv": ("0,1,2,4\nx,0,1,1\n", "line 2: frame"),
    "F001_T1_AU06.csv": ("10,3\n11,8\n", "line 2: AU6 is '8'"),
    "F001_T2_AU06.csv": ("10,3\n9,3\n", "frame 9 comes after frame 10"),
    "SN001_au1.txt": ("1,2\n2\n", "line 2"),
    "S005_001_00000011_facs.txt": ("12.0\n", "line 1: 1 fields"),
    "S005_001_00000012_facs.txt": ("99.0 1.0\n", "line 1: no unit 99"),
    "S005_001_00000013_facs.txt": ("12.0 7.0\n", "line 1"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_error_names_file_and_line(tmp_path: Path, name: str) -> None:
    text, said = BAD[name]
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FacsTextError) as caught:
        list(read(path))
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(HEAD.encode() + b"1,0.9,1,0,\xff\xfe,1\n")
    with pytest.raises(FacsTextError, match="line 2: byte 11 is not UTF-8"):
        list(read(path))
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 10)
    with pytest.raises(FacsTextError, match="a PNG picture"):
        list(read(path))
    path.write_bytes(b"1C\n4D\0\n")
    with pytest.raises(FacsTextError, match="line 2: holds zero bytes"):
        list(read(path))
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode() + b"1,0.9,1,0,1,1\r\n")
    assert len(list(read(path))) == 1


def test_a_line_without_end_is_not_buffered(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:  # a sparse file of 2 GB of zeros costs no disk
        file.truncate(2 << 30)
    with pytest.raises(FacsTextError, match="line 1: longer"):
        list(read(path))


def test_no_file(tmp_path: Path) -> None:
    for format in ("auto", "openface2", "bp4d"):
        with pytest.raises(FacsTextError):
            list(read(tmp_path / "none.csv", format))
    with pytest.raises(FacsTextError, match="folder"):
        list(read(tmp_path))
    with pytest.raises(FacsTextError, match="folder"):
        list(read(tmp_path, "openface2"))
    for format in ("bp4d", "bp4d_intensity", "disfa", "disfa+", "ckplus"):
        with pytest.raises(FacsTextError, match="no "):
            list(read(tmp_path, format))


def test_skip_writes_rejects(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + "1,0.9,1,0,1,1\n2,0.9,1,0\n3,0.9,1,7,1,1\n4,0.9,1,0,2,1\n")
    rejects = tmp_path / "rejects.jsonl"
    found = list(read(path, on_error="skip", rejects=rejects))
    assert [r.frame for r in found] == [1, 4]
    listed = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(r["line"], r["row"]) for r in listed] == [
        (3, "2,0.9,1,0"),
        (4, "3,0.9,1,7,1,1"),
    ]
    assert all(r["file"] == str(path) and r["reason"] for r in listed)
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(FacsTextError, match="on_error"):
        list(read(path, on_error="ignore"))


@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_any_bytes_any_format(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, format: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "F001_T1_AU06.csv"
    path.write_bytes(raw)
    with contextlib.suppress(FacsTextError):
        list(read(path, format))


@given(st.data())
def test_damaged_tables(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    make = data.draw(st.sampled_from([fixtures.openface2, fixtures.pyfeat, fixtures.libreface,
                                      fixtures.pyafar, fixtures.arkit, fixtures.mediapipe,
                                      fixtures.openface3]))  # fmt: skip
    path = make(folder / "x.csv")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=5))
    path.write_bytes(bytes(raw))
    for format in ("auto", "openface2", "pyfeat", "blendshapes", "openface3", "table"):
        try:
            list(read(path, format, tell=str))
            list(read(path, format, on_error="skip", tell=str))
        except FacsTextError:
            pass
