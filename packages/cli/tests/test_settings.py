"""Settings of a run from TOML and --set: typed, and wrong ones named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import pytest

from auface_cli.settings import read_settings


@dataclass(frozen=True, kw_only=True)
class Run:
    steps: int = 100
    minutes: float | None = None
    rate: float = 1e-3
    flip: bool = False
    precision: Literal["fp32", "bf16"] = "fp32"
    name: str = ""
    widths: tuple[int, ...] = (8, 16)


def test_the_dataclass_alone() -> None:
    assert read_settings(Run) == Run()


def test_later_ones_win(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('steps = 7\nrate = 1\nname = "a b"\nwidths = [4]\nminutes = 3\n')
    sets = ["rate=2e-3", "flip=true", "precision=bf16", "name = plain", "minutes=none", "steps=8"]
    run = read_settings(Run, config=file, sets=sets, given={"steps": 9})
    wanted = Run(steps=9, rate=2e-3, flip=True, precision="bf16", name="plain", widths=(4,))
    assert run == wanted
    assert type(read_settings(Run, config=file).rate) is float


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("step=3", "--set step=3: no setting 'step'; did you mean 'steps'?"),
        ("zzz=3", "no setting 'zzz': one of steps, minutes"),
        ("steps=3.5", "steps is 3.5; expected a whole number"),
        ("steps=true", "steps is True; expected a whole number"),
        ("rate=fast", "rate is 'fast'; expected a number"),
        ("rate=true", "rate is True; expected a number"),
        ("minutes=x", "minutes is 'x'; expected a number or none"),
        ("flip=1", "flip is 1; expected true or false"),
        ("precision=fp8", "precision is 'fp8'; expected fp32 or bf16"),
        ("widths=3", "widths is 3; expected a list"),
        ("steps", "write key=value"),
        ("=3", "write key=value"),
        ("steps=", "write key=value"),
    ],
)
def test_wrong_settings_are_named(text: str, said: str) -> None:
    with pytest.raises(click.UsageError) as told:
        read_settings(Run, sets=[text])
    assert said in str(told.value)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    for content, said in (
        (b"steps = ", "run.toml: not TOML"),
        (b"\xff", "run.toml: not TOML"),
        (b"[run]\nsteps = 3\n", "run.toml: no setting 'run'"),
        (b'steps = "many"\n', "run.toml: steps is 'many'; expected a whole number"),
    ):
        file.write_bytes(content)
        with pytest.raises(click.UsageError) as told:
            read_settings(Run, config=file)
        assert said in str(told.value)
    with pytest.raises(click.UsageError, match="No such file"):
        read_settings(Run, config=tmp_path / "none.toml")


def test_a_wrong_setting_of_a_command_is_one_line_and_status_2(auface, tmp_path: Path) -> None:
    pytest.importorskip("auface_gen.generator.train")
    out = tmp_path / "out"
    for text, said in (("stps=3", "did you mean 'steps'"), ("precision=fp8", "fp32 or bf16")):
        outcome = auface("train", "generator", tmp_path, "--out", out, "--set", text)
        assert outcome.status == 2
        assert said in outcome.err
        assert outcome.err.count("\n") == 1
    assert not out.exists()
