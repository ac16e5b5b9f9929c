"""describe --from and convert on files as people have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / "facs-text" / "tests" / "data" / "files"


def codes(outcome):
    return [json.loads(line)["codes"] for line in outcome.out.splitlines()]


def test_a_threshold_says_that_fractions_are_probabilities(auface):
    path = FILES / "s07_aus_zero_to_one.jsonl"
    asked = auface("describe", "--from", path)
    assert asked.status == 2
    assert "may be probabilities or intensities" in asked.err
    assert codes(auface("describe", "--from", path, "--json", "--threshold", 0.5)) == ["6+12"]
    assert codes(auface("describe", "--from", path, "--json", "--kind", "intensity")) == ["6A+12A"]


def test_numbers_need_columns(auface):
    path = FILES / "s01_bp4d_list_matrix.txt"
    refused = auface("describe", "--from", path)
    assert (refused.status, refused.out) == (2, "")
    assert "numbers, not codes" in refused.err
    order = "1,2,4,6,7,10,12,14,15,17,23,24"
    outcome = auface("describe", "--from", path, "--columns", order, "--json")
    assert codes(outcome)[0] == "7+23"


def test_the_frame_is_in_the_json(auface):
    outcome = auface("describe", "--from", FILES / "s06_pyfeat_video.csv", "--json",
                     "--threshold", 0.5)  # fmt: skip
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(r["id"], r["frame"]) for r in rows] == [
        ("clip.mp4/0", 0), ("clip.mp4/2", 2), ("clip.mp4/4", 4)]  # fmt: skip


def test_skip_is_named_where_it_helps(auface):
    outcome = auface("describe", "--from", FILES / "e08_over_five.csv")
    assert outcome.status == 2
    assert "line 3: AU6 is 6.20" in outcome.err
    assert "--on-error skip" in outcome.err


def test_a_workbook_is_named_as_one(auface):
    outcome = auface("describe", "--from", FILES / "e07_excel.xlsx")
    assert outcome.status == 2
    assert "an Excel workbook" in outcome.err
    assert outcome.err.count("\n") == 1


def test_blocks_and_confidence(auface, tmp_path):
    path = tmp_path / "afar.csv"
    path.write_text("Frame,Person_ID,Occ_au_12,Int_au_12\n1,0,0.93,3.6\n")
    assert codes(auface("describe", "--from", path, "--json", "--kind", "intensity")) == ["12D"]
    path = tmp_path / "of.csv"
    path.write_text("frame,confidence,success,AU12_r\n1,0.9,1,3\n2,0.4,1,3\n")
    outcome = auface("describe", "--from", path, "--json", "--confidence", 0.8)
    assert codes(outcome) == ["12C"]
    assert "line 3: of/2 could not be scored" in outcome.err


def test_columns_that_are_not_read_are_named(auface, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("AU12_r,AU06_mean\n3,2\n")
    outcome = auface("describe", "--from", path, "--json")
    assert codes(outcome) == ["12C"]
    assert "'AU06_mean' looks like a unit but is not read" in outcome.err


@pytest.mark.parametrize("target", ["codes", "openface2"])
def test_convert_there_and_back(auface, tmp_path, target):
    path = FILES / "u06_au1_lower.csv"
    out = tmp_path / "out.csv"
    outcome = auface("convert", path, "--to", target, "--out", out)
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    assert codes(auface("describe", "--from", out, "--json")) == ["4C+6B+12D+25A"]
    assert auface("convert", path, "--to", target).out == out.read_text()


def test_convert_says_what_is_lost(auface, tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("16B+L12C\n99\n")
    stopped = auface("convert", path, "--to", "openface2", "--out", tmp_path / "o.csv")
    assert stopped.status == 2
    assert "--on-error skip" in stopped.err
    assert not (tmp_path / "o.csv").exists()
    outcome = auface("convert", path, "--to", "openface2", "--on-error", "skip",
                     "--out", tmp_path / "o.csv")  # fmt: skip
    assert outcome.status == 0
    assert "AU16 has no place in openface2, left out of 1 rows" in outcome.err
    assert "sides of AU12" in outcome.err
    assert len((tmp_path / "o.csv.rejects.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["{file}"], "--to"),
        (["{file}", "--to", "maya"], "maya"),
        (["{file}x", "--to", "codes"], "no such file"),
        (["{file}", "--to", "codes", "--rejects", "r"], "--rejects goes with"),
        (["{file}", "--to", "codes", "--on-error", "skip", "--rejects", "{file}"], "overwrite"),
        (["{file}", "--to", "codes", "--confidence", "2"], "confidence"),
        (["{file}", "--to", "codes", "--confidence", "0.5"], "takes no option 'confidence'"),
    ],
)
def test_a_wrong_convert_is_one_line(auface, tmp_path, arguments, part):
    path = tmp_path / "c.txt"
    path.write_text("12C\n")
    outcome = auface("convert", *(a.replace("{file}", str(path)) for a in arguments))
    assert (outcome.status, outcome.out) == (2, "")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1
