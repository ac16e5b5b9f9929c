"""Files as people have them: each says what its owner means, or is refused with what to do.

The files are made up, in the layouts of the tools and data sets that their names say.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from facs_text import FacsTextError, parse
from facs_text.readers import Row, read, rows_and_errors, sniff, to_coding

FILES = Path(__file__).parent / "data" / "files"
UNSCORED = None
# file: its format, then (id, coding at a threshold of 0.5) of each row
READ: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "e02_nan_ind.csv": ("openface2", [("e02_nan_ind/1", "6A")]),
    "e03_cr_only.csv": ("openface2", [("e03_cr_only/1", "6A+12D")]),
    "e04_utf16.csv": ("openface2", [("e04_utf16/1", "6A+12D")]),
    "e05_decimal_comma.csv": ("openface2", [("e05_decimal_comma/1", "6A+12D")]),
    "e06_sep_line.csv": ("openface2", [("e06_sep_line/1", "6A+12D")]),
    "e07_gz.csv.gz": ("openface2", [("e07_gz/1", "6A+12D")]),
    "e09_openface3_video.csv": ("openface3", [
        ("clip.mp4/0", "6+12+25"), ("clip.mp4/0#1", "1+2+25+26"), ("clip.mp4/1", UNSCORED)]),
    "e10_lower_case.csv": ("openface2", [("e10_lower_case/1", "6A+12D")]),
    "e11_livelink_over_one.csv": ("blendshapes", [
        ("e11_livelink_over_one:2", "26+62"), ("e11_livelink_over_one:3", "26+62")]),
    "s03_abaw.txt": ("table", [
        ("s03_abaw:2", "7+25"), ("s03_abaw:3", UNSCORED), ("s03_abaw:4", "6+7+10+12+25")]),
    "s03_disfa_wide.csv": ("table", [("SN001/A1/000.jpg", "4+6+12+25")]),
    "s03_openface_1digit.csv": ("openface2", [("s03_openface_1digit/1", "6A+12D")]),
    "F001_T1.csv": ("bp4d", [("F001/T1/2440", "6+7+10+12"), ("F001/T1/2441", UNSCORED)]),
    "F001_T1_AU06.csv": ("bp4d_intensity", [
        ("F001/T1/2440", UNSCORED), ("F001/T1/2441", "6C"), ("F001/T1/2442", "0")]),
    "s04_libreface_empty.csv": ("libreface", [
        ("s04_libreface_empty/0", UNSCORED), ("s04_libreface_empty/1", "12D")]),
    "s04_openface_all_nan.csv": ("openface2", [("s04_openface_all_nan/1", UNSCORED)]),
    "s05_pyfeat_twofaces.csv": ("pyfeat", [
        ("/data/images/a.png", "6+12+25"), ("/data/images/a.png#1", "0"),
        ("/data/images/b.png", "1"), ("/data/images/b.png#1", "0")]),
    "s06_pyfeat_video.csv": ("pyfeat", [
        ("clip.mp4/0", "6+12+25"), ("clip.mp4/2", "1"), ("clip.mp4/4", "0")]),
    "u02_facereader.txt": ("facereader", [
        ("u02_facereader:00:00:00.033", "6C+12D"), ("u02_facereader:00:00:00.066", UNSCORED)]),
    "u03_imotions_facet.txt": ("imotions", [
        ("u03_imotions_facet/1", "6+12"), ("u03_imotions_facet/2", UNSCORED)]),
    "u04_emotionet.txt": ("table", [("http://x/y.jpg", "4+12")]),
    "u05_rafau.txt": ("rafau", [
        ("0001_aligned.jpg", "1+2+L12"), ("0002_aligned.jpg", "4+7"),
        ("0003_aligned.jpg", UNSCORED)]),
    "u06_au1_lower.csv": ("table", [("SN001/0.png", "4C+6B+12D+25A")]),
    "u07_named.csv": ("table", [("u07_named/1", "6A+12D")]),
    "u09_mediapipe_js.json": ("blendshapes", [("u09_mediapipe_js:1", "4+26")]),
    "u09_mediapipe_py.jsonl": ("blendshapes", [("u09_mediapipe_py:1", "L4+26")]),
    "u10_json_array.json": ("jsonl", [("a.jpg", "12C"), ("b.jpg", "12B")]),
    "u11_libreface_api.jsonl": ("libreface", [("u11_libreface_api:1", "12D")]),
    "u12_browDown_L.csv": ("blendshapes", [("u12_browDown_L:2", "4+12+26")]),
}  # fmt: skip
# file: what the refusal says
REFUSED = {
    "e07_excel.xlsx": "an Excel workbook; in Excel, save the sheet as 'CSV UTF-8'",
    "s01_bp4d_list_matrix.txt": "numbers, not codes: 12 a line",
    "s01_disfa_list_matrix.txt": "numbers, not codes: 8 a line",
    "s01_comma_matrix.csv": "numbers, not codes: 12 a line",
    "s02_two_column_renamed.txt": "such as SN001_au12.txt",
    "s07_aus_zero_to_one.jsonl": "may be probabilities or intensities",
    "u08_sides.csv": "may be probabilities or intensities",
}


def said(row: Row) -> tuple[str, str | None]:
    if row.kind == "probability" and row.values:
        return row.id, str(to_coding(row, threshold=0.5))
    return row.id, None if row.coding is None else str(row.coding)


@pytest.mark.parametrize("name", sorted(READ))
def test_read(name: str) -> None:
    format, expected = READ[name]
    assert sniff(FILES / name) == format
    assert [said(row) for row in read(FILES / name)] == expected


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name: str) -> None:
    with pytest.raises(FacsTextError) as caught:
        list(read(FILES / name))
    assert REFUSED[name] in str(caught.value)
    assert name in str(caught.value)


def test_every_file_is_tried() -> None:
    others = {"e01_openface_fdir.csv", "e08_over_five.csv", "u01_samm.csv"}
    assert {p.name for p in FILES.iterdir()} == {*READ, *REFUSED, *others}


def test_openface_over_many_pictures_counts_frames() -> None:
    rows = list(read(FILES / "e01_openface_fdir.csv"))
    assert [r.frame for r in rows] == list(range(1, 27))


def test_a_value_over_the_scale_costs_its_row_only() -> None:
    one, two = rows_and_errors(FILES / "e08_over_five.csv")
    assert isinstance(one, Row)
    assert one.coding == parse("6E+12D")  # 5.20 overshoots a little
    assert isinstance(two, FacsTextError)
    assert "line 3: AU6 is 6.20; expected 0 to 5" in str(two)


def test_samm_alternatives_are_refused_not_guessed() -> None:
    path = FILES / "u01_samm.csv"
    assert sniff(path) == "micro"
    found = list(rows_and_errors(path))
    good = [r for r in found if isinstance(r, Row)]
    assert [(r.id, str(r.coding), r.frame, r.subject) for r in good] == [
        ("901/901_1", "4+7", 20, "901"),
        ("901/901_2", "L12A+25", 20, "901"),
    ]
    assert good[0].extra["Onset"] == "10"
    bad = [str(e) for e in found if isinstance(e, FacsTextError)]
    for line, part in ((4, "alternatives"), (5, "'ref(7B)+43'"), (6, "10A/B"), (7, "A/L12")):
        assert any(f"line {line}: " in b and part in b for b in bad)


def test_named_columns_make_a_table_of_numbers_readable() -> None:
    order = "1,2,4,6,7,10,12,14,15,17,23,24"
    rows = list(read(FILES / "s01_bp4d_list_matrix.txt", "table", columns=order))
    assert [str(r.coding) for r in rows[:3]] == ["7+23", "7+23", "7+10+17+23"]
    (row, _) = read(FILES / "s01_disfa_list_matrix.txt", "table", columns="1,2,4,6,9,12,25,26")
    assert row.coding == parse("4C+12B+26A")
    rows = list(read(FILES / "s02_two_column_renamed.txt", "table", columns="frame,AU12"))
    assert [(r.frame, str(r.coding)) for r in rows] == [(1, "0"), (2, "0"), (3, "12B"), (4, "12E")]


def test_the_kind_that_numbers_do_not_show_is_taken_when_told() -> None:
    path = FILES / "u08_sides.csv"
    (row,) = read(path, kind="probability")
    assert to_coding(row, threshold=0.5) == parse("6+L12")
    (row,) = read(path, kind="intensity")
    assert row.coding == parse("6A+L12A")
    (row,) = read(path, fractions="probability")
    assert row.kind == "probability"
    path = FILES / "s07_aus_zero_to_one.jsonl"
    (row,) = read(path, kind="intensity")
    assert row.coding == parse("6A+12A")
    (row,) = read(path, fractions="probability")
    assert to_coding(row, threshold=0.85) == parse("12")
    with pytest.raises(FacsTextError, match="kind 'delta'"):
        list(read(path, kind="delta"))


def test_json_may_say_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"aus": {"AU12": 0.9}, "kind": "probability"}\n'
                    '{"aus": {"AU12": 0.9}, "kind": "intensity"}\n'
                    '{"aus": {"AU12": 2}}\n')  # fmt: skip
    one, two, three = read(path)
    assert (one.kind, one.coding, one.values) == ("probability", None, {"AU12": 0.9})
    assert (two.coding, three.coding) == (parse("12A"), parse("12B"))
    path.write_text('{"aus": {"AU12": 1, "AU25": 0, "AU4": -1}}\n')
    (row,) = read(path)
    assert (row.coding, row.missing, row.absent) == (parse("12"), ("AU4",), {"25"})


SPELT = ("AU1", "AU01", "AU 1", "AU_01", "au_1", "au-1", "Au01", "AU01_Inner Brow Raiser",
         "AU1 (inner brow raiser)", "AU01_InnerBrowRaiser", "Action Unit 01 - Inner Brow Raiser",
         "AU01_r", "au1_r", "AU1_intensity")  # fmt: skip


@pytest.mark.parametrize("name", SPELT)
def test_spellings_of_a_column(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{name},other\n3,2\n")
    (row,) = read(path, "auto")
    assert row.coding == parse("1C")


def test_spellings_of_sides(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for left, right in (("AU12L", "AU12R"), ("AU12_L", "AU12_R"), ("AU12_left", "AU12_right"),
                        ("AUL12", "AUR12"), ("au12_l", "au12_r"),
                        ("Action Unit 12 - Lip Corner Puller - Left",
                         "Action Unit 12 - Lip Corner Puller - Right")):  # fmt: skip
        path.write_text(f"{left},{right},AU10_Upper Lip Raiser\n3,1,2\n")
        (row,) = read(path)
        assert row.coding == parse("10B+L12C+R12A"), (left, right)


def test_a_column_that_looks_like_a_unit_and_is_not_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("AU12_r,AU12_mean,AU06_d,AU4X\n3,2,1,1\n")
    told: list[str] = []
    (row,) = read(path, tell=told.append)
    assert row.coding == parse("12C")
    assert len(told) == 1
    assert "'AU12_mean', 'AU4X', 'AU06_d' look like units but are not read" in told[0]
    with pytest.warns(UserWarning, match="AU12_mean"):
        list(read(path))


def test_what_is_seen_to_be_absent_is_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("frame,success,AU12_r,AU25_r,AU26_r,AU28_c\n1,1,0.3,0,2,0\n2,1,nan,nan,2,\n")
    one, two = read(path)
    assert one.absent == {"25", "28"}  # 0.3 is a trace, and no observed absence
    assert two.absent == frozenset()
    path.write_text("codes\n26C+AU25=0\n12\n")
    one, two = read(path)
    assert (one.coding, one.absent, two.absent) == (parse("26C"), {"25"}, frozenset())
    path.write_text("AU12L,AU12R,AU4L,AU4R\n3,0,0,0\n")
    (row,) = read(path)
    assert row.absent == {"4"}


@pytest.mark.parametrize("text", ["0+12", "12 12", "1 0 0 1", "6C+6C"])
def test_numbers_are_no_coding_in_any_row_of_a_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"1C+4D\n{text}\n12\n")
    found = list(rows_and_errors(path))
    assert [isinstance(r, Row) for r in found] == [True, False, True]
    assert "numbers, not codes" in str(found[1])


def test_codings_of_bare_numbers_are_still_codings(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("6 12\n1,4\n0\n12 25 26\n")
    assert [str(r.coding) for r in read(path)] == ["6+12", "1+4", "0", "12+25+26"]
    path.write_text("1,2\n2,2\n")
    with pytest.raises(FacsTextError, match="numbers, not codes"):
        sniff(path)


ROWS = '[{"codes": "1C", "id": "a \\" ] } b"}, {"codes": "4D",\n "note": {"x": [1]}}]'


@pytest.mark.parametrize("text", [ROWS, ROWS.replace("\n", " "), ROWS.replace(" {", "\n{"),
                                  json.dumps(json.loads(ROWS), indent=2)])  # fmt: skip
def test_json_arrays_however_they_are_laid_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    assert next((r.id, str(r.coding)) for r in read(path)) == ('a " ] } b', "1C")
    assert [str(r.coding) for r in read(path)] == ["1C", "4D"]
    for cut in range(len(text)):
        path.write_text(text[:cut])
        try:
            list(read(path))
        except FacsTextError:
            continue


def test_a_long_array_on_one_line_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    one = {"face_blendshapes": [[{"category_name": "jawOpen", "score": 0.5, "pad": "\\" * 99}]]}
    path.write_text(json.dumps([one] * 6000))
    assert path.stat().st_size > 1 << 20
    assert sum(r.values == {"AU26": 0.5} for r in read(path)) == 6000


def test_an_object_over_many_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"blendshapes": {"jawOpen": 0.5}}, indent=1))
    (row,) = read(path)
    assert row.values == {"AU26": 0.5}
    path.write_text(json.dumps({"faceBlendshapes": []}))
    (row,) = read(path)
    assert row.values == {}
    assert "L12" in row.missing
    two = [{"categories": [{"categoryName": "jawOpen", "score": x}]} for x in (0.1, 0.9)]
    path.write_text(json.dumps({"faceBlendshapes": two, "id": "p"}))
    assert [(r.id, r.values["AU26"]) for r in read(path)] == [("p", 0.1), ("p#1", 0.9)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [False, True])
def test_encodings_line_ends_and_gzip(tmp_path: Path, encoding: str, end: str, pack: bool) -> None:
    raw = f"file_name,codes{end}é.png,12C{end}b.png,4{end}".encode(encoding)
    path = tmp_path / ("x.csv.gz" if pack else "x.csv")
    path.write_bytes(gzip.compress(raw) if pack else raw)
    assert [(r.id, str(r.coding), r.line) for r in read(path)] == [
        ("é.png", "12C", 2), ("b.png", "4", 3)]  # fmt: skip


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for raw, part in ((b"PK\3\4" + b"word/document.xml", "a zip archive"),
                      (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
                      (b"PAR1", "Parquet"), (b"BZh9", "bzip2"), (b"%PDF-1.4", "PDF"),
                      (gzip.compress(b"12\n4\n")[:12], "end-of-stream")):  # fmt: skip
        path.write_bytes(raw)
        with pytest.raises(FacsTextError, match=part):
            list(read(path))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FacsTextError, match="a pipe or device"):
        list(read(tmp_path / "pipe"))


def test_decimal_commas_are_no_frame_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("frame;AU12_r\n1,000;3,2\n")
    (error,) = rows_and_errors(path)
    assert "frame '1,000' is not a whole number" in str(error)


@pytest.mark.parametrize("gone", ["-1", "9", "999", "", "NaN", "-nan(ind)", "-1.#IND", "#N/A"])
def test_what_a_table_writes_where_nothing_was_scored(tmp_path: Path, gone: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"image,AU1,AU4\na.png,{gone},1\nb.png,{gone},{gone}\n")
    one, two = read(path)
    assert (one.missing, one.coding) == (("AU1",), parse("4"))
    assert (two.coding, two.values) == (None, {})
    with pytest.raises(FacsTextError, match="could not be scored"):
        to_coding(two)


def test_pyafar_and_openface_can_be_asked_for_a_block(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("frame,confidence,success,AU12_r,AU12_c\n1,0.9,1,0.2,1\n2,0.4,1,3,1\n")
    assert [said(r)[1] for r in read(path)] == ["0", "12C"]
    assert [said(r)[1] for r in read(path, kind="presence")] == ["12", "12"]
    assert [said(r)[1] for r in read(path, confidence=0.5)] == ["0", None]
    with pytest.raises(FacsTextError, match="no columns of kind 'probability'"):
        read(path, kind="probability")


def test_facereader_sides_lead_and_numbers_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    name = "Action Unit 12 - Lip Corner Puller"
    path.write_text(f"log\n\nVideo Time\t{name}\t{name} - Left\t{name} - Right\n"
                    "00:01\tC\tE\tNotActive\n00:02\t0.31\t0.3\t0.2\n")  # fmt: skip
    one, two = rows_and_errors(path)
    assert isinstance(one, Row)
    assert one.coding == parse("L12E")
    assert "export action units as letters" in str(two)


def test_shapes_of_one_side_and_of_ict(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "browInnerUp_L,browInnerUp_R,cheekPuff_L,eyeBlink.R,JawLeft\n1,0.5,0.7,0.2,0.1\n"
    )
    (row,) = read(path)
    assert row.values == {"L1": 1.0, "R1": 0.5, "L34": 0.7, "R43": 0.2, "L30": 0.1}


def test_headers_parted_by_blanks_and_codings_parted_by_commas(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("AU1 AU2 AU4\n0 0 1\n1 1 0\n")
    assert [str(r.coding) for r in read(path)] == ["4", "1+2"]
    path.write_text("image AU1 AU2\na.png 0 1\n")
    assert [(r.id, str(r.coding)) for r in read(path)] == [("a.png", "2")]
    for text in ("AU1,AU4\nAU12,AU25\n", "AU1 AU4\nAU12 AU25\n"):
        path.write_text(text)
        assert sniff(path) == "codes"
        assert [str(r.coding) for r in read(path)] == ["1+4", "12+25"]
    path.write_text("a.png 0 0 1 0\nb.png 0 1 0 0\n")
    with pytest.raises(FacsTextError, match="a picture and 4 numbers, not codes"):
        sniff(path)
    (row, _) = read(path, "table", columns="image,1,2,4,6")
    assert (row.id, row.coding) == ("a.png", parse("4"))


def test_a_unit_inside_a_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("AU12_r,mean_AU06,Audio1\n3,2,1\n")
    told: list[str] = []
    list(read(path, tell=told.append))
    assert "'mean_AU06' looks like a unit" in told[0]
    assert "Audio1" not in told[0]


def test_frames_in_json_are_in_the_ids(tmp_path: Path) -> None:
    path = tmp_path / "clip.json"
    face = [[{"categoryName": "jawOpen", "score": 0.6}]]
    path.write_text(json.dumps([{"frame": n, "faceBlendshapes": face} for n in range(3)]))
    assert [r.id for r in read(path)] == ["clip/0", "clip/1", "clip/2"]
    path.write_text(json.dumps([{"faceBlendshapes": face}] * 2))
    assert [r.id for r in read(path)] == ["clip:1", "clip:2"]
    path.write_text('{"codes": "12", "subject": "Ann", "frame": 4}\n')
    assert [r.id for r in read(path)] == ["Ann/4"]


def test_facereader_sides_before_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    name = "Action Unit 12 - Lip Corner Puller"
    path.write_text(f"Video Time,Neutral,Left {name},Right {name}\n00:01,0.5,C,NotActive\n")
    (row,) = read(path)
    assert row.coding == parse("L12C")
