"""What people would say of a coding is read as that coding: `benchmarks/paraphrases_read.py`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "paraphrases_read.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paraphrases_read", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["paraphrases_read"] = found
    spec.loader.exec_module(found)
    return found


def test_single_units_are_read_as_they_are_told(benchmark: ModuleType) -> None:
    texts = benchmark.measured(benchmark.of_singles(1, 7))["texts"]
    total = sum(texts.values())
    assert total > 300
    assert texts["wrong"] <= 0.02 * total
    assert texts["unread"] <= 0.04 * total


def test_verdicts(benchmark: ModuleType) -> None:
    told = {("12", "left"): 3, ("12", "right"): 3}
    text = benchmark.Text("a smile", told, False)
    assert benchmark.verdict(text, {}) == "unread"
    assert benchmark.verdict(text, dict(told)) == "right"
    assert benchmark.verdict(text, {("12", "left"): 0}) == "partial"
    assert benchmark.verdict(text, {**told, ("4", "left"): 0}) == "wrong"


def test_what_a_unit_brings_along_counts_as_read(benchmark: ModuleType) -> None:
    told = {("27", "both"): 3, ("25", "left"): 3, ("25", "right"): 3}
    text = benchmark.Text("the mouth is stretched open", told, False)
    assert benchmark.verdict(text, benchmark.read(text)) == "right"
