"""What was asked for and is not there is said, on standard error."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from auface_cli.main import cli


def test_units_that_do_not_stand_are_named():
    result = CliRunner().invoke(cli, ["describe", "24D+27D", "51+52", "12C"])
    assert result.exit_code == 0
    assert "24D+27D: 24 does not stand: " in result.stderr
    assert "51+52: 51 does not stand" in result.stderr
    assert "52 does not stand" in result.stderr
    assert "12" not in {line.split(": ")[0] for line in result.stderr.splitlines()}
    assert len(result.stdout.splitlines()) == 3


def test_a_picture_is_a_png(tmp_path: Path):
    result = CliRunner().invoke(cli, ["generate", "12C", "--out", str(tmp_path / "x.jpg")])
    assert result.exit_code == 2
    assert "x.jpg: pictures are PNG" in result.stderr
    assert list(tmp_path.iterdir()) == []
