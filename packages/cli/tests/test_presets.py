"""describe --preset: codings that the literature names, with their sources."""

from __future__ import annotations

import json

import pytest

from facs_text import PRESETS, describe


def test_a_preset_is_described_as_its_coding(auface):
    outcome = auface("describe", "--preset", "fear")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.strip() == describe(PRESETS["fear"].coding).text


def test_json_carries_name_system_and_source(auface):
    outcome = auface("describe", "--preset", "pain", "--json")
    (value,) = [json.loads(line) for line in outcome.out.splitlines()]
    assert value["preset"] == "pain"
    assert value["system"] == PRESETS["pain"].system
    assert value["source"] == PRESETS["pain"].source
    assert value["codes"] == str(PRESETS["pain"].coding)


def test_codes_come_first_and_presets_in_their_order(auface):
    outcome = auface("describe", "--preset", "pride", "12C", "--preset", "anger", "--json")
    values = [json.loads(line) for line in outcome.out.splitlines()]
    assert [value.get("preset") for value in values] == [None, "pride", "anger"]
    assert values[0]["codes"] == "12C"


@pytest.mark.parametrize("name", ["happily surprised", "Happily-Surprised", "happily_surprised"])
def test_names_of_two_words(auface, name):
    value = json.loads(auface("describe", "--preset", name, "--json").out)
    assert value["preset"] == "happily surprised"


def test_the_list_is_whole(auface):
    lines = auface("describe", "--list-presets").out.splitlines()
    assert len(lines) == len(PRESETS)
    values = [
        json.loads(line) for line in auface("describe", "--list-presets", "--json").out.splitlines()
    ]
    assert [value["preset"] for value in values] == list(PRESETS)
    for line, value in zip(lines, values, strict=True):
        for key in ("preset", "codes", "system", "source"):
            assert value[key]
            assert value[key] in line


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--preset", "feer"], "nearest: fear"),
        (["--preset", "zzz"], "happiness, sadness"),
        (["--preset", ""], "happiness, sadness"),
        (["12C", "--preset", "feer"], "nearest: fear"),
        (["--preset", "fear", "--from", "x.csv"], "or a file with --from"),
        (["12C", "--list-presets"], "--list-presets goes with no codes"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(auface, arguments, part):
    outcome = auface("describe", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert part in outcome.err
