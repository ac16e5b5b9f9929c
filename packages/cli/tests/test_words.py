"""describe, understand and units: codes to words and back."""

from __future__ import annotations

import io
import json
from importlib.util import find_spec

import pytest

from facs_text import describe

OPENFACE = """frame, face_id, timestamp, confidence, success, AU04_r, AU12_r, AU12_c
1, 0, 0.000, 0.98, 1, 0.00, 3.10, 1
2, 0, 0.033, 0.98, 1, 2.20, 0.00, 0
3, 0, 0.066, 0.10, 0, 0.00, 0.00, 0
"""


def test_describe_says_it_in_english(auface):
    outcome = auface("describe", "6C+12D", "0")
    assert outcome.status == 0
    smile, rest = outcome.out.splitlines()
    assert "lip corners" in smile
    assert rest == describe("0").text
    assert outcome.err == ""


def test_describe_as_json_holds_what_the_architecture_says(auface):
    outcome = auface("describe", "1C+4D+L12B", "--json")
    (value,) = [json.loads(line) for line in outcome.out.splitlines()]
    assert set(value) == {"codes", "text", "clauses", "aus", "rules"}
    assert value["codes"] == "1C+4D+L12B"
    assert value["aus"]["AU12"] == {"left": 0.4}
    assert {"id", "kind", "aus", "effect", "reason"} == set(value["rules"][0])
    assert {"text", "aus", "region"} == set(value["clauses"][0])


def test_detail_seed_and_tags(auface):
    brief, clinical = (
        auface("describe", "12D", "--detail", detail).out for detail in ("brief", "clinical")
    )
    assert "zygomaticus" in clinical.lower()
    assert len(brief) <= len(clinical)
    assert "(AU12D)" in auface("describe", "12D", "--tags").out
    assert auface("describe", "12D", "--seed", 3).out == auface("describe", "12D", "--seed", 3).out


def test_describe_a_table_by_row(auface, tmp_path):
    table = tmp_path / "clip.csv"
    table.write_text(OPENFACE)
    outcome = auface("describe", "--from", table, "--format", "openface", "--json")
    assert outcome.status == 0
    values = [json.loads(line) for line in outcome.out.splitlines()]
    assert [value["codes"] for value in values] == ["12C", "4B"]
    assert [value["id"] for value in values] == ["clip/1", "clip/2"]
    assert "line 4" in outcome.err
    assert "left out" in outcome.err


def test_describe_to_a_file(auface, tmp_path):
    outcome = auface("describe", "12C", "--out", tmp_path / "a" / "out.txt")
    assert (outcome.status, outcome.out) == (0, "")
    assert "corners" in (tmp_path / "a" / "out.txt").read_text()


def test_a_bad_row_is_named_by_file_and_line(auface, tmp_path):
    table = tmp_path / "codes.txt"
    table.write_text("12C\n6C+99\n")
    outcome = auface("describe", "--from", table)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert "codes.txt, line 2" in outcome.err


def test_parse_is_the_inverse(auface):
    text = auface("describe", "1C+4D+L12B").out.strip()
    assert auface("understand", text).out.strip() == "1C+4D+L12B"
    value = json.loads(auface("understand", text, "--json").out)
    assert value == {"text": text, "codes": "1C+4D+L12B", "absent": [], "unparsed": []}


def test_parse_reads_lines_that_are_piped_in(auface, monkeypatch):
    piped = auface("describe", "12C", "4B").out
    monkeypatch.setattr("sys.stdin", io.StringIO(piped))
    assert auface("understand").out.split() == ["12C", "4B"]


def test_units_lists_and_tells(auface):
    assert len(auface("units").out.splitlines()) >= 30
    one = auface("units", "12").out
    assert "zygomaticus major" in one
    value = json.loads(auface("units", "12", "--json").out)
    assert value["code"] == "12"
    assert value["rig"] is (find_spec("auface_gen") is not None)  # which knows the rig


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["describe", "99C"], "99"),
        (["describe", ""], "empty"),
        (["describe"], "give codes"),
        (["describe", "12C", "--detail", "long"], "'long'"),
        (["describe", "--from", "/nowhere/x.csv"], "x.csv"),
        (["understand", ""], "empty text"),
        (["understand", "the weather is fine"], "no movement"),
        (["units", "99"], "99"),
        (["nothing"], "No such command 'nothing'"),
        (["describe", "12C", "--nothing"], "--nothing"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(auface, arguments, part):
    outcome = auface(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("auface: ")
    assert part in outcome.err


def test_probabilities_become_presence_on_the_callers_word_only(auface, tmp_path):
    table = tmp_path / "fex.csv"
    table.write_text("FaceScore,AU04,AU12\n0.99,0.1,0.9\n")
    refused = auface("describe", "--from", table, "--format", "pyfeat")
    assert refused.status == 2
    assert "--threshold" in refused.err
    told = auface("describe", "--from", table, "--format", "pyfeat", "--threshold", 0.5, "--json")
    assert json.loads(told.out)["codes"] == "12"
