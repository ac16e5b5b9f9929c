"""A little of `nox -s fuzz` in every run: a few damaged inputs for each reader, and what was found.

Inputs that broke something once lie in fuzz/regressions/TARGET/ and are tried again. The others are
damaged by hypothesis's own dice, the same ones every time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent / "fuzz"
sys.path.insert(0, str(HERE))

import run  # noqa: E402 - found by the line above
import targets  # noqa: E402

NAMES = sorted(place.name for place in (HERE / "regressions").iterdir())


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, targets.Target]:
    """All targets by the name of their folder."""
    found = targets.build(tmp_path_factory.mktemp("fuzz") / "files")
    return {run.folder_name(target): target for target in found}


def fails(target: targets.Target, data: bytes) -> str:
    """What a target did wrong, in a line, or nothing."""
    error = targets.run_one(target, data)
    return "" if error is None else f"{target.name}: {type(error).__name__}: {error}"


@pytest.mark.parametrize("name", NAMES)
def test_what_was_found_stays_mended(every: dict[str, targets.Target], name: str) -> None:
    for path in sorted((HERE / "regressions" / name).iterdir()):
        assert fails(every[name], path.read_bytes()) == "", path.name


def test_good_inputs_are_taken(every: dict[str, targets.Target]) -> None:
    """The seeds reach what they are for: a target that refuses all of them fuzzes nothing."""
    for target in every.values():
        taken = 0
        for seed in target.seeds:
            try:
                target.call(seed)
            except target.own:
                continue
            taken += 1
        assert taken, target.name


@settings(
    max_examples=50, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(dice=st.randoms(use_true_random=True), place=st.integers(0, 10**6))
def test_damaged_inputs(every: dict[str, targets.Target], dice, place: int) -> None:
    chosen = list(every.values())
    target = chosen[place % len(chosen)]
    assert fails(target, run.damaged(target, dice)) == ""
