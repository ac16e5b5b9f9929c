"""describe --detail prompt, compare, contrast and ask: the texts that people train with."""

from __future__ import annotations

import json

import pytest

from facs_text import (
    CONTRASTS,
    ask,
    clip_tokens,
    compare,
    contrast,
    corpus,
    describe,
    parse,
    resolve,
    understand,
)

CROWD = "1B+2C+4D+6C+7B+10C+12D+14B+15C+17D+23B+24C+9C+20B"
OPENFACE = """frame, face_id, timestamp, confidence, success, AU04_r, AU06_r, AU12_r
1, 0, 0.000, 0.98, 1, 0.00, 0.00, 0.00
2, 0, 0.033, 0.98, 1, 0.00, 1.00, 2.20
3, 0, 0.066, 0.98, 1, 0.00, 1.00, 4.10
"""


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.csv"
    path.write_text(OPENFACE)
    return path


def lines(outcome) -> list[dict]:
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_a_prompt_keeps_its_budget_and_tells_what_has_no_room(auface):
    outcome = auface("describe", CROWD, "--detail", "prompt", "--budget", 40)
    assert clip_tokens(outcome.out.strip()) <= 40
    said = describe(CROWD, detail="prompt", budget=40)
    assert outcome.out.strip() == said.text
    assert f"no room for {said.left_out}" in outcome.err
    (value,) = lines(auface("describe", CROWD, "--detail", "prompt", "--budget", 40, "--json"))
    assert value["left_out"] == [str(a) for a in said.left_out]
    assert "left_out" not in lines(auface("describe", "12C", "--detail", "prompt", "--json"))[0]
    words = auface("describe", CROWD, "--detail", "prompt", "--budget", 12, "--budget-unit",
                   "words").out  # fmt: skip
    assert len(words.split()) <= 12


def test_prompts_of_a_table(auface, tmp_path):
    table = tmp_path / "codes.txt"
    table.write_text(f"12C\n{CROWD}\n")
    outcome = auface("describe", "--from", table, "--detail", "prompt")
    assert len(outcome.out.splitlines()) == 2
    assert "1 of 2 texts have no room" in outcome.err


def test_compare_two_faces(auface):
    outcome = auface("compare", "4C+12B", "12D")
    assert outcome.out.strip() == compare("4C+12B", "12D").text
    (value,) = lines(auface("compare", "4C+12B", "12D", "--json"))
    assert value["changes"] == [
        {"kind": "goes", "from": "4C", "to": ""},
        {"kind": "grows", "from": "12B", "to": "12D"},
    ]
    assert (value["before"], value["after"]) == ("4C+12B", "12D")


def test_compare_rows_with_those_before_them_or_with_one_face(auface, clip):
    one, two = lines(auface("compare", "--from", clip, "--json"))
    assert [one["id"], two["id"]] == ["clip/2", "clip/3"]
    assert one["text"] == compare("0", "6A+12B").text
    assert two["changes"] == [{"kind": "grows", "from": "12B", "to": "12D"}]
    fixed = lines(auface("compare", "12E", "--from", clip, "--json"))
    assert [value["before"] for value in fixed] == ["12E"] * 3


def test_contrasts(auface):
    found = contrast("6C+12D", 6, seed=2)
    outcome = auface("contrast", "6C+12D", "-n", 6, "--seed", 2)
    assert [line.split()[0] for line in outcome.out.splitlines()] == [one.kind for one in found]
    values = lines(auface("contrast", "6C+12D", "-n", 6, "--seed", 2, "--json"))
    assert {value["kind"] for value in values} == set(CONTRASTS)
    for value, one in zip(values, found, strict=True):
        assert value["contrast"] == str(one.coding)
        assert value["text"] == describe("6C+12D", seed=2).text != value["contrast_text"]
        assert understand(value["contrast_text"]).coding == one.coding


def test_contrasts_of_a_table_have_seeds_of_their_own(auface, tmp_path):
    table = tmp_path / "codes.txt"
    table.write_text("6C+12D\n6C+12D\n")
    values = lines(auface("contrast", "--from", table, "--json", "-n", 3))
    assert len(values) == 6
    assert [v["contrast"] for v in values[:3]] != [v["contrast"] for v in values[3:]]
    assert {v["id"] for v in values[:3]} == {values[0]["id"]}


def test_questions(auface):
    found = ask("1C+4D+L12B", 8, seed=1)
    outcome = auface("ask", "1C+4D+L12B", "-n", 8, "--seed", 1)
    assert outcome.out.splitlines() == [f"{q.question} {q.answer}" for q in found]
    values = lines(auface("ask", "1C+4D+L12B", "-n", 8, "--seed", 1, "--json"))
    assert [(v["question"], v["answer"], v["kind"]) for v in values] == [
        (q.question, q.answer, q.kind) for q in found
    ]


def test_rows_are_asked_about_what_was_looked_for(auface, clip):
    values = lines(auface("ask", "--from", clip, "--json", "-n", 2))
    assert {au for value in values for au in value["aus"]} <= {"AU4", "AU6", "AU12"}
    assert {value["frame"] for value in values} == {1, 2, 3}


def test_a_row_with_too_little_to_say_is_named_or_left_out(auface, clip, tmp_path):
    outcome = auface("ask", "--from", clip, "-n", 9)
    assert outcome.status == 2
    assert "clip.csv, line 2: 0 answers 3 questions, not 9" in outcome.err
    skipped = auface("ask", "--from", clip, "-n", 4, "--on-error", "skip", "--out",
                     tmp_path / "q.txt")  # fmt: skip
    assert skipped.status == 0
    assert "1 rows left out" in skipped.err
    assert len((tmp_path / "q.txt").read_text().splitlines()) == 8
    (rejected,) = (tmp_path / "q.txt.rejects.jsonl").read_text().splitlines()
    assert json.loads(rejected)["line"] == 2


def test_a_column_a_text(auface, tmp_path):
    (tmp_path / "pictures" / "p").mkdir(parents=True)
    (tmp_path / "pictures" / "p" / "1.png").write_bytes(b"1")
    table = tmp_path / "rows.jsonl"
    table.write_text(json.dumps({"subject": "p", "frame": 1, "codes": CROWD}) + "\n")
    call = ("corpus", "build", table, tmp_path / "out", "--images", tmp_path / "pictures")
    wrong = auface(*call, "--texts", "prompt,long")
    assert wrong.status == 2
    assert "'long'" in wrong.err
    assert auface(*call, "--texts", "brief,prompt,clinical").status == 0
    (row,) = (r for split in corpus.SPLITS if (tmp_path / "out" / split).is_dir()
              for r in corpus.read(tmp_path / "out", split))  # fmt: skip
    assert {k for k in row.extra if k.startswith("text_")} == {"text_prompt", "text_clinical"}
    assert row.extra["text_prompt"] == describe(resolve(CROWD), detail="prompt", seed=0).text
    assert set(understand(row.extra["text_prompt"]).coding) < set(parse(CROWD))
    assert auface("corpus", "check", tmp_path / "out", "--quick").status == 0
    path = next((tmp_path / "out").rglob("metadata.jsonl"))
    path.write_text(path.read_text().replace(row.extra["text_prompt"], "Jaw dropped."))
    outcome = auface("corpus", "check", tmp_path / "out", "--quick")
    assert "text_prompt says 26" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["describe", "12C", "--budget", 9], "--budget goes with --detail prompt"),
        (["describe", "6C+12D", "--detail", "prompt", "--budget", 3], "give more"),
        (["compare", "12C"], "give two codings"),
        (["compare", "1", "2", "--from", "x.csv"], "one coding at most"),
        (["contrast"], "give codes"),
        (["contrast", "12C", "-n", 9999], "ask for fewer"),
        (["contrast", "12C", "-n", 0], "0 is not in the range"),
        (["contrast", " "], "empty codes"),
        (["ask"], "give codes"),
        (["ask", "12C", "--on-error", "skip"], "goes with --from"),
        (["ask", "12C", "--rejects", "x"], "goes with --on-error skip"),
        (["ask", "--from", "/nowhere/x.csv"], "x.csv: no such file"),
        (["ask", "99"], "no unit '99'"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(auface, arguments, part):
    outcome = auface(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert part in outcome.err


def test_a_face_as_it_is_written(auface):
    outcome = auface("describe", "12D+15B", "5C+43E", "--mode", "off")
    assert outcome.out.splitlines() == [
        describe(codes, mode="off").text for codes in ("12D+15B", "5C+43E")
    ]
    assert "does not stand" not in outcome.err


def test_what_a_table_shows_absent_is_not_said(auface, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("frame,AU12,AU25,AU26\n1,4,0,3\n")
    call = ("describe", "--from", table, "--format", "table", "--kind", "intensity")
    text = auface(*call).out
    assert "closed" in text
    assert "25" not in {a.code for a in understand(text).coding}


def test_a_corpus_keeps_what_was_absent(auface, tmp_path):
    (tmp_path / "pictures" / "p").mkdir(parents=True)
    (tmp_path / "pictures" / "p" / "1.png").write_bytes(b"1")
    table = tmp_path / "rows.jsonl"
    codes = "12C+AU25=0+26C"
    table.write_text(json.dumps({"subject": "p", "frame": 1, "codes": codes}) + "\n")
    call = ("corpus", "build", table, tmp_path / "out", "--images", tmp_path / "pictures")
    assert auface(*call).status == 0
    (row,) = (r for split in corpus.SPLITS if (tmp_path / "out" / split).is_dir()
              for r in corpus.read(tmp_path / "out", split))  # fmt: skip
    assert (row.codes, row.extra["absent"]) == ("12C+26C", ["25"])
    assert auface("corpus", "check", tmp_path / "out", "--quick").status == 0
