"""Rows out as other tools' files: read back they say the same, and what is lost is counted."""

from __future__ import annotations

import csv
from pathlib import Path

import fixtures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import codings

from facs_text import Coding, FacsTextError, parse, resolve
from facs_text.readers import Row, read, sniff
from facs_text.writers import FORMATS, WriteReport, lines, write

OPENFACE = ("1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17", "20", "23", "25", "26")
CODES = ["0", "6C+12D", "12", "L12B+R12D", "1A+4E+28", "16B+26C", "AU25=0+26B"]


def rows_of(path: Path, codes: list[str]) -> list[Row]:
    path.write_text("id,frame,codes\n" + "".join(f"r{n},{n},{c}\n" for n, c in enumerate(codes)))
    return list(read(path))


def test_openface2_comes_back(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "c.csv", CODES)
    report = write(rows, tmp_path / "of.csv", "openface2")
    assert sniff(tmp_path / "of.csv") == "openface2"
    back = list(read(tmp_path / "of.csv"))
    assert [(r.id, r.frame, str(r.coding)) for r in back] == [
        ("r0", 0, "0"), ("r1", 1, "6C+12D"), ("r2", 2, "12"), ("r3", 3, "12D"),
        ("r4", 4, "1A+4E+28"), ("r5", 5, "26C"), ("r6", 6, "26B"),
    ]  # fmt: skip
    assert report == WriteReport(7, 0, {"AU16": 1, "sides of AU12": 1})
    assert "25" in back[6].absent
    assert not list(tmp_path.glob(".*"))


@given(st.dictionaries(st.sampled_from(OPENFACE), st.integers(0, 5)))
def test_openface2_keeps_every_level(
    tmp_path_factory: pytest.TempPathFactory, levels: dict[str, int]
) -> None:
    coding = Coding.from_actions((c, "both", level) for c, level in levels.items())
    folder = tmp_path_factory.mktemp("of")
    rows = rows_of(folder / "c.csv", [str(coding)])
    write(rows, folder / "of.csv", "openface2")
    (back,) = read(folder / "of.csv")
    assert back.coding == coding
    write([back], folder / "codes.csv", "codes")
    (again,) = read(folder / "codes.csv")
    assert again.coding == coding


@pytest.mark.parametrize(
    ("codes", "written"),
    [
        ("0", "AU0"), ("12", "AU12"), ("6E+12", "AU6E+AU12"), ("1E+2", "AU1E+AU2"),
        ("L12B+R12D", "L12B+R12D"), ("4+L12B?", "AU4+L12B?"), ("30LC", "AU30LC"), ("M55", "M55"),
        ("T28+B32", "T28+B32"),
    ],
)  # fmt: skip
def test_codes_are_no_numbers_to_a_spreadsheet(tmp_path: Path, codes: str, written: str) -> None:
    rows = rows_of(tmp_path / "c.csv", [codes])
    write(rows, tmp_path / "out.csv", "codes")
    (line,) = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert line["codes"] == written
    with pytest.raises(ValueError, match="could not convert"):
        float(written)
    (back,) = read(tmp_path / "out.csv")
    assert back.coding == parse(codes)


@given(codings())
def test_codes_come_back(tmp_path_factory: pytest.TempPathFactory, coding: Coding) -> None:
    folder = tmp_path_factory.mktemp("codes")
    write(rows_of(folder / "c.csv", [str(coding)]), folder / "out.csv", "codes")
    (back,) = read(folder / "out.csv")
    assert back.coding == coding


def test_openface2_of_trackers(tmp_path: Path) -> None:
    source = fixtures.openface2(tmp_path / "clip.csv")
    rows = list(read(source))
    report = write(rows, tmp_path / "out.csv", "openface2")
    back = list(read(tmp_path / "out.csv"))
    assert report.rows == 10
    assert [(r.id, r.coding, r.values) for r in back] == [(r.id, r.coding, r.values) for r in rows]
    probable = list(read(fixtures.pyfeat(tmp_path / "fex.csv")))
    with pytest.raises(FacsTextError, match="threshold"):
        list(lines(probable, "openface2"))
    write(probable, tmp_path / "p.csv", "openface2", threshold=0.5)
    seen, unseen = read(tmp_path / "p.csv")
    assert (seen.coding, unseen.coding) == (parse("12"), None)
    assert "AU45" in seen.missing  # py-feat does not look for it
    occurrence = list(read(fixtures.bp4d(tmp_path), "bp4d"))
    write(occurrence, tmp_path / "b.csv", "openface2")
    assert [r.coding for r in read(tmp_path / "b.csv")] == [
        None if r.coding is None else Coding(a for a in r.coding if a.code in OPENFACE)
        for r in occurrence
    ]


def test_blendshapes_are_the_activations_of_the_text(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "c.csv", ["6C+L12E+26B", "61D", "27E", "1C", "T28B", "R46"])
    report = write(rows, tmp_path / "live.csv", "blendshapes")
    assert sniff(tmp_path / "live.csv") == "blendshapes"
    back = list(read(tmp_path / "live.csv"))
    moved = resolve(parse("6C+L12E+26B")).activations
    assert back[0].values["L12"] == pytest.approx(moved["AU12"]["left"], abs=1e-4)
    assert back[0].values["R12"] == 0
    assert back[0].values["AU26"] == pytest.approx(moved["AU26"]["both"], abs=1e-4)
    assert back[1].values["AU61"] > 0 == back[1].values["AU62"]
    assert back[2].values["AU26"] == pytest.approx(
        resolve(parse("27E")).activations["AU27"]["both"], abs=1e-4
    )
    assert back[3].values["AU1"] > 0
    assert back[4].values["T28"] > 0 == back[4].values["B28"]
    assert back[5].values["R43"] > 0 == back[5].values["L43"]
    assert report.lost == {"AU25": 2}  # lips that part have no shape of their own
    top = (tmp_path / "live.csv").read_text().splitlines()
    assert top[0].startswith("Timecode,BlendShapeCount,EyeBlinkLeft,")
    assert {len(line.split(",")) for line in top} == {63}
    assert top[2].startswith("00:00:00:01.000,61,")


def test_shapes_come_back_as_they_were(tmp_path: Path) -> None:
    rows = list(read(fixtures.arkit(tmp_path / "live.csv")))
    write(rows, tmp_path / "out.csv", "blendshapes")
    (back,) = read(tmp_path / "out.csv")
    assert {k: v for k, v in back.values.items() if v} == pytest.approx(
        {k: v for k, v in rows[0].values.items() if v}
    )


def test_rows_that_could_not_be_scored(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("frame,success,AU12_r\n1,0,0\n2,1,3\n")
    rows = list(read(path))
    for format in ("codes", "blendshapes"):
        report = write(rows, tmp_path / format, format)
        assert (report.rows, report.left_out) == (1, 1)
    write(rows, tmp_path / "of.csv", "openface2")
    assert [r.coding for r in read(tmp_path / "of.csv")] == [None, parse("12C")]


def test_a_name_with_a_comma_stays_one_field(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": "a, \\"b\\"", "codes": "12C"}\n')
    for format in ("codes", "openface2"):
        write(read(path), tmp_path / "out.csv", format)
        (row,) = read(tmp_path / "out.csv")
        assert (row.id, row.coding) == ('a, "b"', parse("12C"))


def test_formats(tmp_path: Path) -> None:
    assert FORMATS == ("codes", "openface2", "blendshapes")
    with pytest.raises(FacsTextError, match="expected one of codes"):
        lines([], "maya")
    (tmp_path / "out").write_text("from before")
    with pytest.raises(FacsTextError):
        write(read(fixtures.pyfeat(tmp_path / "f.csv")), tmp_path / "out", "codes")
    assert (tmp_path / "out").read_text() == "from before"
