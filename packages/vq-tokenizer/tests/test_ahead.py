"""Shipped kernels compiled ahead of time: no spills, memory in bounds, few instructions.

One subprocess, because this suite runs kernels in the interpreter and that cannot compile.
"""

import json
import os
import subprocess
import sys

import pytest

from vq_tokenizer.ops._triton import SHARED_LIMIT, nvidia_family

CASES = [
    ("sm_80", "fp32", 64, False),
    ("sm_80", "fp32", 256, False),
    ("sm_80", "tf32", 64, True),
    ("sm_90", "half", 8, False),
    ("sm_90", "half", 64, False),
    ("sm_90", "half", 256, True),
    ("sm_90", "fp32", 64, False),
    ("sm_90", "fp32", 256, False),
    ("sm_90", "half", 512, False),
    ("gfx942", "half", 64, False),
    ("gfx942", "fp32", 256, False),
]
# instructions a score in the hot loop; a row argmin at every tile takes 5.6 to 7.1
MOST = {"sm_80": {"half": 4.9, "fp32": 9.9, "tf32": 6.9}, "sm_90": {"half": 5.1, "fp32": 6.7}}
SCRIPT = """
import json, sys
from vq_tokenizer.ops.ahead import compile_search
for target, operands, width, gap in json.loads(sys.argv[1]):
    print(json.dumps(compile_search(target, operands, width, gap=gap)._asdict()))
"""


@pytest.fixture(scope="module")
def compiled() -> dict[tuple[str, str, int, bool], dict[str, object]]:
    """Figures of every case."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(CASES)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c)))
def test_fits_and_does_not_spill(
    case: tuple[str, str, int, bool], compiled: dict[tuple[str, str, int, bool], dict[str, object]]
) -> None:
    target, operands, _, gap = case
    found = compiled[case]
    assert found["spilled"] == 0
    assert found["shared"] <= SHARED_LIMIT[target]  # type: ignore[operator]
    assert found["registers"] <= (512 if target == "gfx942" else 255)  # type: ignore[operator]
    assert found["product"] == {"sm_80": "mma.sync", "sm_90": "wgmma", "gfx942": "mfma"}[target]
    if found["instructions"] is not None:
        most = MOST[target][operands] + (2.4 if gap else 0.0)
        assert found["instructions"] <= most  # type: ignore[operator]


def test_small_devices_get_small_tiles() -> None:
    families = {major: nvidia_family(major) for major in (7, 8, 9, 10, 12)}
    assert families == {7: "none", 8: "sm_80", 9: "sm_90", 10: "sm_90", 12: "sm_80"}
