"""auface render: what it refuses before the renderer is loaded, and what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from auface_cli.main import main

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")


class FakeStage:
    """A stage that paints how strong the units are, without a renderer."""

    def __init__(self, rig: Path, *, size: int, samples: int, transparent: bool) -> None:
        self.size, self.channels = size, 4 if transparent else 3

    def sitting(self, person: int, light: int | None) -> int:
        return person

    def picture(self, sitting: int, activations: dict[str, dict[str, float]]) -> np.ndarray:
        total = sum(sum(sides.values()) for sides in activations.values())
        level = int(min(100 * total, 200)) + sitting
        return np.full((self.size, self.size, self.channels), level, np.uint8)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("auface_gen")
    monkeypatch.setattr("auface_gen.picture.stimuli.Stage", FakeStage)
    (tmp_path / "rig.npz").touch()
    return str(tmp_path / "rig.npz")


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_one_picture_a_sheet_and_a_folder(rig: str, tmp_path: Path) -> None:
    out = tmp_path / "one.png"
    assert main(["render", "12D", "--rig", rig, "--size", "32", "--out", str(out)]) == 0
    assert read(out).shape == (32, 32, 3)
    many = ["render", "0", "12D", "4D", "--person", "1", "--person", "2", "--rig", rig]
    out = tmp_path / "sheet.png"
    assert main([*many, "--size", "32", "--transparent", "--out", str(out)]) == 0
    assert read(out).shape == (64, 96, 4)
    assert main([*many, "--size", "32", "--out", str(tmp_path / "each")]) == 0
    assert len(list((tmp_path / "each").glob("*.png"))) == 6


def test_a_sequence_starts_and_ends_at_rest(rig: str, tmp_path: Path) -> None:
    out = tmp_path / "film"
    call = ["render", "12D", "--rig", rig, "--size", "32", "--frames", "11", "--out", str(out)]
    assert main(call) == 0
    files = sorted(out.iterdir())
    assert [f.name for f in files] == [f"frame-{i:03d}.png" for i in range(11)]
    levels = [int(read(f).max()) for f in files]
    assert levels[0] == levels[-1] == 0
    assert levels[5] == max(levels) > 100


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["12D", "--out", "a.jpg"], "PNG"),
        (["12D", "--frames", "5", "--out", "a.png"], "folder"),
        (["12D", "4D", "--frames", "5", "--out", "film"], "one coding"),
        (["smile!", "--out", "a.png"], "smile!"),
    ],
)
def test_bad_calls_are_told(
    rig: str, extra: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", *extra, "--rig", rig]) == 2
    assert said in capsys.readouterr().err
