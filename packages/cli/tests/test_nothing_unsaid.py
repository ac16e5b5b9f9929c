"""What was asked for and is not there is said, on standard error."""

from __future__ import annotations

from pathlib import Path


def test_units_that_do_not_stand_are_named(auface):
    result = auface("describe", "24D+27D", "51+52", "12C")
    assert result.status == 0
    assert "24D+27D: 24 does not stand: " in result.err
    assert "51+52: 51 does not stand" in result.err
    assert "52 does not stand" in result.err
    assert "12" not in {line.split(": ")[0] for line in result.err.splitlines()}
    assert len(result.out.splitlines()) == 3


def test_a_picture_is_a_png(auface, tmp_path: Path):
    result = auface("generate", "12C", "--out", tmp_path / "x.jpg")
    assert result.status == 2
    assert "x.jpg: pictures are PNG" in result.err
    assert list(tmp_path.iterdir()) == []
