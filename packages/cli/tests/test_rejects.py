"""describe --from on tables with bad rows: stop at the first, or skip and list them."""

from __future__ import annotations

import json

import pytest

from facs_text import describe

CODES = "12C\n# a note\n6C+99\n\n4B\né+12\n"


def listed(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "codes.txt"
    path.write_text(CODES, encoding="utf-8")
    return path


def test_skip_describes_the_rest_and_lists_the_bad_rows(auface, table):
    outcome = auface("describe", "--from", table, "--on-error", "skip")
    assert outcome.status == 0
    assert outcome.out.splitlines() == [describe(codes).text for codes in ("12C", "4B")]
    rejects = table.with_name("codes.txt.rejects.jsonl")
    assert outcome.err == f"{table}: 2 of 4 rows left out, listed in {rejects}\n"
    first, second = listed(rejects)
    assert list(first) == ["file", "line", "id", "row", "reason"]
    assert (first["file"], first["line"], first["row"]) == (str(table), 3, "6C+99")
    assert "99" in first["reason"]
    assert "line 3" not in first["reason"]
    assert (second["line"], second["row"]) == (6, "é+12")
    assert not list(table.parent.glob("*.part"))


def test_the_list_is_beside_out_or_where_it_is_told(auface, table, tmp_path):
    out = tmp_path / "a" / "texts.txt"
    auface("describe", "--from", table, "--on-error", "skip", "--out", out)
    assert len(out.read_text().splitlines()) == 2
    assert len(listed(out.with_name("texts.txt.rejects.jsonl"))) == 2
    told = tmp_path / "b" / "bad.jsonl"
    auface("describe", "--from", table, "--on-error", "skip", "--out", out, "--rejects", told)
    assert len(listed(told)) == 2
    assert not table.with_name("codes.txt.rejects.jsonl").exists()


def test_a_list_without_rows_says_that_nothing_was_left_out(auface, table):
    rejects = table.with_name("codes.txt.rejects.jsonl")
    auface("describe", "--from", table, "--on-error", "skip")
    assert rejects.read_text()
    table.write_text("12C\n")
    outcome = auface("describe", "--from", table, "--on-error", "skip")
    assert "0 of 1 rows left out" in outcome.err
    assert rejects.read_text() == ""


@pytest.mark.parametrize("explicit", [True, False])
def test_stop_names_file_and_line_and_leaves_out_alone(auface, table, tmp_path, explicit):
    out = tmp_path / "out.txt"
    out.write_text("from before\n")
    arguments = ["--on-error", "stop"] if explicit else []
    outcome = auface("describe", "--from", table, "--out", out, *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert "codes.txt, line 3" in outcome.err
    assert out.read_text() == "from before\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["codes.txt", "out.txt"]


def test_jsonl_and_tracker_rows(auface, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": "a", "codes": "12C"}\n{"codes": 7}\nnot json\n')
    assert auface("describe", "--from", rows, "--on-error", "skip").status == 0
    assert [(r["line"], r["row"]) for r in listed(tmp_path / "rows.jsonl.rejects.jsonl")] == [
        (2, '{"codes": 7}'),
        (3, "not json"),
    ]
    clip = tmp_path / "clip.csv"
    clip.write_text(
        "frame, confidence, success, AU12_r\n1, 0.98, 1, 3.1\n2, 0.98, 1\n3, 0.1, 0, 0.0\n"
    )
    outcome = auface("describe", "--from", clip, "--on-error", "skip", "--json")
    assert [json.loads(line)["codes"] for line in outcome.out.splitlines()] == ["12C"]
    short, unscored = listed(tmp_path / "clip.csv.rejects.jsonl")
    assert (short["line"], short["row"]) == (3, "2, 0.98, 1")
    assert (unscored["line"], unscored["reason"]) == (4, "could not be scored")
    assert unscored["row"] == "3, 0.1, 0, 0.0"


def test_bad_rows_of_a_folder_name_their_file(auface, tmp_path):
    folder = tmp_path / "AU_OCC"
    folder.mkdir()
    (folder / "F001_T1.csv").write_text("0,4,12\n1,0,1\n2,1\n3,1,0\n")
    (folder / "F002_T1.csv").write_text("0,4,12\n1,0,1\n2,0,x\n")
    outcome = auface("describe", "--from", folder, "--format", "bp4d", "--on-error", "skip")
    assert outcome.status == 0
    found = listed(tmp_path / "AU_OCC.rejects.jsonl")
    assert [(r["file"].rpartition("/")[2], r["line"], r["row"]) for r in found] == [
        ("F001_T1.csv", 3, "2,1"),
        ("F002_T1.csv", 3, "2,0,x"),
    ]


def test_no_good_row_is_an_error_and_the_list_says_why(auface, tmp_path):
    table = tmp_path / "codes.txt"
    table.write_text("codes\n99\n98C\n")
    out = tmp_path / "out.txt"
    outcome = auface("describe", "--from", table, "--on-error", "skip", "--out", out)
    assert outcome.status == 2
    assert "none of its 2 rows" in outcome.err
    assert not out.exists()
    assert [r["row"] for r in listed(tmp_path / "out.txt.rejects.jsonl")] == ["99", "98C"]


def test_a_file_that_breaks_off_leaves_no_half_list(auface, tmp_path):
    table = tmp_path / "codes.txt"
    table.write_bytes(b"12C\n99\n12\0C\n")
    outcome = auface("describe", "--from", table, "--on-error", "skip", "--out", tmp_path / "o.txt")
    assert outcome.status == 2
    assert "codes.txt, line 3" in outcome.err
    assert [p.name for p in tmp_path.iterdir()] == ["codes.txt"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--from", "{table}", "--rejects", "{table}.bad"], "--rejects goes with"),
        (["12C", "--on-error", "skip"], "--on-error skip goes with --from"),
        (["--from", "{table}", "--on-error", "skip", "--rejects", "{table}"], "overwrite"),
        (["--from", "{table}", "--on-error", "ignore"], "'ignore'"),
        (["--from", "{table}x", "--on-error", "skip"], "codes.txtx: no such file"),
        (["--from", "{table}", "--on-error", "skip", "--rejects", "{folder}"], "a folder"),
    ],
)
def test_a_wrong_call_is_one_line_and_writes_nothing(auface, table, arguments, part):
    words = [a.replace("{table}", str(table)) for a in arguments]
    outcome = auface("describe", *(a.replace("{folder}", str(table.parent)) for a in words))
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert part in outcome.err
    assert table.read_text(encoding="utf-8") == CODES
    assert [p.name for p in table.parent.iterdir()] == ["codes.txt"]
