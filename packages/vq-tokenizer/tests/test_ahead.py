"""Shipped kernels compiled ahead of time: no spills, memory in bounds, few instructions.

One subprocess, because this suite runs kernels in the interpreter and that cannot compile.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vq_tokenizer.ops._triton import SHARED_LIMIT, nvidia_family

FOLDER = Path(__file__).parents[3] / "benchmarks"
if not (FOLDER / "vq_ahead.py").exists():
    pytest.skip("the tool is in the repository, not in the package", allow_module_level=True)
sys.path.insert(0, str(FOLDER))
configurations = importlib.import_module("vq_ahead").configurations

SEARCHES = configurations()
SMALL = [
    (name, target, width)
    for target in SHARED_LIMIT
    for name, width in (
        ("lookup", 8),
        ("lookup_backward", 600),
        ("code_sums", 64),
        ("chunk_sums", 64),
        ("ema", 600),
        ("merge_splits", 8),
        ("measure_codes", 600),
        ("pack_codes", 8),
        ("pack_codes", 600),
    )
]
# Instructions a score in the hot loop, at most, moves, addresses and conversions included, by the
# widths of the table's entries. A row argmin at every tile takes 7 and more. Where the width is
# sliced (the last of each) every slice of x is read and split again for every tile. The second
# number is of a certified search.
MOST: dict[tuple[str, str], dict[int, tuple[float, float]]] = {
    ("sm_80", "bf16"): {32: (2.7, 3.3), 64: (4.4, 4.4), 256: (4.6, 4.6), 1024: (33.0, 56.0)},
    ("sm_80", "mixed"): {32: (3.7, 0), 64: (5.3, 0), 256: (7.3, 0), 1024: (36.0, 0)},
    ("sm_80", "tf32"): {32: (3.1, 3.4), 64: (4.3, 4.0), 256: (6.1, 6.5), 1024: (157.0, 157.0)},
    ("sm_80", "fp32"): {32: (3.7, 0), 64: (6.5, 0), 128: (10.3, 0), 1024: (171.0, 0)},
    ("sm_90", "bf16"): {
        32: (2.4, 2.8),
        64: (4.4, 4.3),
        256: (5.6, 5.2),
        512: (10.6, 8.3),
        1024: (28.0, 28.0),
    },
    ("sm_90", "mixed"): {32: (3.0, 0), 64: (5.1, 0), 256: (9.1, 0), 1024: (36.0, 0)},
    ("sm_90", "tf32"): {32: (2.8, 2.8), 64: (4.3, 5.1), 256: (8.2, 11.2), 1024: (57.0, 57.0)},
    ("sm_90", "fp32"): {32: (2.9, 0), 128: (6.1, 0), 256: (13.9, 0), 1024: (96.0, 0)},
    ("gfx942", "bf16"): {64: (5.3, 12.4), 256: (12.8, 11.0), 1024: (12.2, 12.7)},
    ("gfx942", "mixed"): {64: (4.9, 0), 256: (10.5, 0), 1024: (11.9, 0)},
    ("gfx942", "fp32"): {64: (5.5, 0), 256: (13.0, 0), 1024: (13.3, 0)},
}
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[2])
from vq_ahead import compile_search, compile_small
searches, small = json.loads(sys.argv[1])
for target, operands, width, certify in searches:
    print(json.dumps(compile_search(target, operands, width, certify=certify)._asdict()))
for case in small:
    print(json.dumps(compile_small(*case)._asdict()))
"""


@pytest.fixture(scope="module")
def compiled() -> dict[Any, dict[str, Any]]:
    """Figures of every case."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    halves = [[SEARCHES[i::2], SMALL[i::2]] for i in range(2)]  # at once: it is most of the time
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, json.dumps(half), str(FOLDER)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for half in halves
    ]
    figures: dict[Any, dict[str, Any]] = {}
    for process, half in zip(running, halves, strict=True):
        out, error = process.communicate()
        assert process.returncode == 0, error
        figures |= zip(half[0] + half[1], map(json.loads, out.splitlines()), strict=True)
    return figures


def check(found: dict[str, Any]) -> None:
    assert found["spilled"] == 0
    assert found["shared"] <= SHARED_LIMIT[found["target"]]
    assert found["registers"] <= (512 if found["target"] == "gfx942" else 255)
    assert found["wide"]  # row offsets are 64-bit: they may pass 2^31


@pytest.mark.parametrize("case", SEARCHES, ids=lambda c: "-".join(map(str, c)))
def test_every_search_fits_and_is_lean(case: Any, compiled: dict[Any, dict[str, Any]]) -> None:
    target, operands, width, certify = case
    found = compiled[case]
    check(found)
    assert found["product"] == {"sm_80": "mma.sync", "sm_90": "wgmma", "gfx942": "mfma"}[target]
    assert found["instructions"] <= MOST[target, operands][width][certify]


@pytest.mark.parametrize("case", SMALL, ids=lambda c: "-".join(map(str, c)))
def test_the_other_kernels_fit(case: Any, compiled: dict[Any, dict[str, Any]]) -> None:
    check(compiled[case])


def test_every_width_has_a_tile() -> None:
    assert {case[:3] for case in SEARCHES} == {(*key, w) for key in MOST for w in MOST[key]}
    assert all(1024 in widths for widths in MOST.values())


def test_small_devices_get_small_tiles() -> None:
    families = {major: nvidia_family(major) for major in (7, 8, 9, 10, 12)}
    assert families == {7: "none", 8: "sm_80", 9: "sm_90", 10: "sm_90", 12: "sm_80"}
