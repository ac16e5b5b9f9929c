"""The floor plan: arrows only downwards, no circle, in every package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import rooms


@pytest.mark.parametrize("package", rooms.FOLDERS)
def test_no_two_modules_need_each_other(package: str) -> None:
    inner = [(a.source, a.target) for a in rooms.arrows(package) if package not in a[:2]]
    assert rooms.circles(inner) == []


@pytest.mark.parametrize("package", rooms.FOLDERS)
def test_no_two_rooms_need_each_other(package: str) -> None:
    pairs = [(rooms.room(a.source), rooms.room(a.target)) for a in rooms.between_rooms(package)]
    assert rooms.circles(pairs) == []


@pytest.mark.parametrize("package", rooms.FOLDERS)
def test_arrows_point_down(package: str) -> None:
    assert rooms.upward(package) == []


@pytest.mark.parametrize("package", [name for name, floors in rooms.FLOORS.items() if floors])
def test_every_room_has_a_floor(package: str) -> None:
    found = {rooms.room(module) for module in rooms.modules(package)} - {""}
    assert found == set(rooms.FLOORS[package])


@pytest.mark.parametrize(
    ("package", "low", "high"),
    [("aaad", "sums", "metric"), ("facs_text", "_units", "_resolve")],
)
def test_an_upward_import_is_seen(
    package: str, low: str, high: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "packages" / rooms.FOLDERS[package] / "src" / package
    home.mkdir(parents=True)
    for name, text in (("__init__", ""), (high, ""), (low, f"from {package}.{high} import x\n")):
        (home / f"{name}.py").write_text(text)
    monkeypatch.setattr(rooms, "ROOT", tmp_path)
    (arrow,) = rooms.upward(package)
    assert (arrow.source, arrow.target) == (f"{package}.{low}", f"{package}.{high}")


def test_a_circle_is_seen() -> None:
    assert rooms.circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]) == [["a", "b", "c"]]
    assert rooms.circles([("a", "b"), ("a", "c"), ("b", "c")]) == []
