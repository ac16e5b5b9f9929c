"""A corpus from seeds: its sittings and splits, resumed after a full disk, refused when begun
otherwise. A made-up painter stands in for the renderer.
"""

import errno
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from auface_gen import jobs, synthesize
from auface_gen.errors import AUFaceGenError
from auface_gen.people import Light, Person
from auface_gen.rig import Rig
from auface_gen.statistics import corpus_statistics
from auface_gen.synthesize import HELD_OUT_PAIRS, render_corpus, split_of
from facs_text import corpus


class Painter:
    """A sitting whose pictures are plain, by person, light and how much is done."""

    def __init__(self, job: jobs.Job) -> None:
        self.job = job

    def render(self, activations: dict[str, dict[str, float]]) -> np.ndarray:
        done = sum(v for sides in activations.values() for v in sides.values())
        colour = [self.job.person % 256, self.job.light % 256, int(done * 20) % 256]
        return np.full((self.job.size, self.job.size, 3), colour, np.uint8)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> SimpleNamespace:
    monkeypatch.setattr(jobs, "_sitting", Painter)
    monkeypatch.setattr(synthesize.Rig, "load", lambda path: rig)

    def render(out: Path, **settings: object) -> Path:
        given = {"count": 120, "size": 32, "per_sitting": 6, "workers": 1, "variant": "scalar_rgb"}
        return render_corpus(out, rig="made-up.npz", **(given | settings))

    return SimpleNamespace(render=render)


def everything(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_splits_hold_one_in_ten() -> None:
    splits = [split_of(i) for i in range(300)]
    assert splits.count("valid") == splits.count("test") == 30


def test_people_and_lights_come_from_their_seeds() -> None:
    assert Person.from_seed(3) == Person.from_seed(3) != Person.from_seed(4)
    assert Light.from_seed(3) == Light.from_seed(3) != Light.from_seed(4)


def test_the_default_corpus_is_300_people_in_two_sittings(tmp_path: Path) -> None:
    made = list(
        jobs.plan_jobs(
            tmp_path, "rig", count=12_600, sittings=2, per_sitting=21, seed=0, size=128,
            samples=20, variant="scalar_rgb",
        )
    )  # fmt: skip
    assert len(made) == 600
    assert len({j.light for j in made}) == 600
    people = {j.subject: j.split for j in made}
    assert len(people) == 300
    assert [list(people.values()).count(s) for s in corpus.SPLITS] == [240, 30, 30]
    assert all(len(j.codings) == 21 and j.codings[0] == ("neutral", "0") for j in made)


def test_a_corpus_is_in_order_and_every_sitting_has_its_neutral(
    tmp_path: Path, painted: SimpleNamespace
) -> None:
    root = painted.render(tmp_path / "c")
    assert corpus.check(root).ok
    rows = [row for split in corpus.SPLITS for row in corpus.read(root, split)]
    assert len(rows) == 120
    by_name = {row.file_name: row for row in rows}
    for row in rows:
        rest = by_name[str(row.neutral)]
        assert rest.codes == "0"
        assert rest.extra["light_seed"] == row.extra["light_seed"]
        assert rest.subject == row.subject
    assert len({r.neutral for r in rows if r.subject == "p00000"}) == 2
    about = json.loads((root / "corpus.json").read_text())
    assert len(about["held_out_pairs"]) == len(HELD_OUT_PAIRS)
    assert (root / "sheet.png").exists()
    assert "not a row" in about["contact_sheet"]
    assert not list(root.rglob("*.part"))


def test_statistics_count_what_is_there(tmp_path: Path, painted: SimpleNamespace) -> None:
    found = corpus_statistics(painted.render(tmp_path / "c"))
    assert found.total == 120
    assert found.people == {"train": 8, "valid": 1, "test": 1}
    assert found.kinds["neutral"] == 20
    assert sum(found.kinds.values()) == 120
    for unit in found.units.values():
        assert sum(unit.levels.values()) == sum(unit.sides.values()) == unit.pictures
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["bp4d"]["12"]["bp4d"] == 0.562
    assert set(plain["held_out_pairs"]) == set(found.held_out)
    assert not any("train" in by for by in found.held_out.values())
    with pytest.raises(AUFaceGenError, match="not a corpus"):
        corpus_statistics(tmp_path / "none")


def test_a_full_disk_is_told_and_gone_on_after(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = everything(painted.render(tmp_path / "whole"))
    room = 6_000
    write = Path.write_bytes

    def until_full(path: Path, data: bytes) -> int:
        nonlocal room
        room -= len(data)
        if room < 0:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", until_full)
        with pytest.raises(AUFaceGenError) as told:
            painted.render(tmp_path / "c")
    said = str(told.value)
    assert "\n" not in said
    assert f"{tmp_path / 'c'}" in said
    assert "cannot be written: No space left on device; make room and run the same" in said
    left = everything(tmp_path / "c")
    assert left
    assert all(whole[name] == data for name, data in left.items())
    assert everything(painted.render(tmp_path / "c")) == whole


def test_the_rows_too_are_told_of_a_full_disk(
    tmp_path: Path, painted: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(synthesize.CorpusWriter, "add", full)
        with pytest.raises(AUFaceGenError, match=r"corpus\.json cannot be written.*make room"):
            painted.render(tmp_path / "c")
    assert not list(tmp_path.rglob("metadata.jsonl"))
    assert corpus.check(painted.render(tmp_path / "c")).ok


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, painted: SimpleNamespace) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AUFaceGenError, match=r"file.*cannot be written"):
        painted.render(tmp_path / "file" / "c")


def test_other_settings_do_not_mix(tmp_path: Path, painted: SimpleNamespace) -> None:
    painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match=r"begun with seed=0, not seed=1: give another folder"):
        painted.render(tmp_path / "c", seed=1)
    (tmp_path / "c" / ".parts" / "settings.json").write_text("{")
    with pytest.raises(AUFaceGenError, match=r"settings\.json is no JSON"):
        painted.render(tmp_path / "c")
    with pytest.raises(AUFaceGenError, match="at least 2"):
        painted.render(tmp_path / "d", count=1)
