"""The commands that draw, with tiny models: sheets, what a detector sees, the best of several."""

from __future__ import annotations

import json

import pytest
from PIL import Image

FAST = ("--steps", 1)


def test_a_sheet_with_its_texts_and_what_is_seen(auface, model, eyes, tmp_path):
    out = tmp_path / "sheet.png"
    sheet = ("--grid", "12,4", "--levels", "B,D", "--people", 2, "--out", out, "--model", model)
    outcome = auface("generate", *sheet, *FAST, "--check", "--judge", eyes, "--json")
    assert outcome.status == 0, outcome.err
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["codes"] for line in lines] == ["12B", "12D", "4B", "4D"] * 2
    assert all(line["seen"]["detector"].startswith("tiny:") for line in lines)
    beside = json.loads(out.with_suffix(".json").read_text())
    assert beside["columns"] == ["12B", "12D", "4B", "4D"]
    with Image.open(out) as image:
        assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]
        assert json.loads(image.info["auface:detectors"]) == []  # it looked, and did not choose


def test_a_sweep(auface, model, tmp_path):
    out = tmp_path / "sweep.png"
    outcome = auface("generate", "--sweep", "12A..12C", "--out", out, "--model", model, *FAST)
    assert outcome.status == 0, outcome.err
    assert [line.split(": ")[0] for line in outcome.out.splitlines()] == [
        f"{out}, seed:0, {codes}" for codes in ("12A", "12B", "12C")
    ]


def test_the_best_is_chosen_by_a_detector_that_is_named(auface, model, eyes, tmp_path):
    out = tmp_path / "best.png"
    args = ("generate", "12D", "--out", out, "--model", model, "--identity-seed", 1, *FAST)
    outcome = auface(*args, "--best-of", 3, "--judge", eyes)
    assert outcome.status == 0, outcome.err
    assert "best of 3" in outcome.out
    with Image.open(out) as image:
        seen = json.loads(image.text["auface:seen"])
        assert seen["best_of"] == 3
        assert json.loads(image.text["auface:detectors"]) == [seen["detector"]]
    scored = auface("score", out, "--detector", eyes)
    assert scored.status == 2  # it has been pleased already
    assert "cannot score" in scored.err


def test_the_detector_that_scores_does_not_choose(auface, model, tmp_path):
    out = tmp_path / "best.png"
    args = ("generate", "12D", "--out", out, "--model", model, *FAST, "--best-of", 2)
    assert "--judge" in auface(*args).err
    import aaad

    shipped = f"{aaad.__path__[0]}/weights"
    outcome = auface(*args, "--judge", shipped)
    assert outcome.status == 2
    assert "scores" in outcome.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--grid", "12", "--out", "folder"), "name a .png"),
        (("--grid", "12", "--sweep", "1A..1C", "--out", "a.png"), "one of"),
        (("--out", "a.png"), "one of"),
        (("12D", "--people", 2, "--out", "a.png"), "--people"),
        (("--sweep", "12A..12C", "--levels", "D", "--out", "a.png"), "--grid"),
        (("--sweep", "12A", "--out", "a.png"), "12A..12E"),
        (("--grid", "12,99", "--out", "a.png"), "99"),
        (("--grid", "12", "--people", 99, "--out", "a.png"), "made-up people"),
        (("12D", "--check", "--judge", "nowhere", "--out", "a.png"), "nowhere"),
    ],
)
def test_bad_calls_are_one_line_and_status_2(auface, model, tmp_path, monkeypatch, given, said):
    monkeypatch.chdir(tmp_path)
    outcome = auface("generate", *given, "--model", model)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert said in outcome.err
    assert list(tmp_path.glob("*.png")) == []


def test_a_film_of_timed_codings(auface, model, tmp_path):
    timed = tmp_path / "smile.txt"
    timed.write_text("0 0\n0.2 12B\n0.4 0\n")
    args = ("sequence", timed, "--model", model, "--rate", 10, *FAST)
    outcome = auface(*args, "--out", tmp_path / "smile.gif")
    assert outcome.status == 0, outcome.err
    assert "onset" in outcome.out
    assert "neighbours differ" in outcome.err
    outcome = auface(*args, "--out", tmp_path / "film", "--json")
    assert [json.loads(line)["codes"] for line in outcome.out.splitlines()] == [
        "0", "12A", "12B", "12A", "0",
    ]  # fmt: skip
    assert len(list((tmp_path / "film").glob("*.png"))) == 5
    for out, said in (("a.avi", "avi"), ("smile.txt", "txt")):
        outcome = auface(*args, "--out", tmp_path / out)
        assert outcome.status == 2
        assert said in outcome.err
    assert "line 2" in auface("sequence", _write(timed, "0 0\n0 12C\n"), "--out", "a.gif").err


def _write(path, text):
    path.write_text(text)
    return path
