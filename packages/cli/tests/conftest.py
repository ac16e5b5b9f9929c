"""Run the command as a user would, without a new process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from auface_cli.main import main


@dataclass
class Outcome:
    """Exit status, and what stood on standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def auface(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """auface("describe", "12C") -> Outcome."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run
