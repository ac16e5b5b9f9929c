"""auface corpus build, check and shard, on pictures that a test makes (any bytes will do)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from facs_text import corpus
from facs_text.corpus import split_of_subject


@pytest.fixture
def pictures(tmp_path):
    """Ten people, at rest in frame 1, smiling in frame 2; frame 3 has no coding."""
    folder = tmp_path / "pictures"
    lines = []
    for person in range(10):
        (folder / f"p{person}").mkdir(parents=True)
        for frame in (1, 2, 3):
            (folder / f"p{person}" / f"{frame:04d}.png").write_bytes(b"%d %d" % (person, frame))
        for frame, codes in ((1, "0"), (2, "6B+12D"), (9, "4C")):
            lines.append({"subject": f"p{person}", "frame": frame, "codes": codes})
    table = tmp_path / "rows.jsonl"
    table.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder, table


@pytest.fixture
def built(auface, pictures, tmp_path):
    folder, table = pictures
    outcome = auface("corpus", "build", table, tmp_path / "out", "--images", folder)
    assert outcome.status == 0
    assert "left out: 10 x no image" in outcome.err
    return tmp_path / "out"


def test_build_pairs_pictures_with_texts(auface, built):
    assert auface("corpus", "check", built, "--quick").status == 0
    rows = [row for split in corpus.SPLITS if (built / split).is_dir()
            for row in corpus.read(built, split)]  # fmt: skip
    assert len(rows) == 20
    assert {row.codes for row in rows} == {"0", "6B+12D"}
    for row in rows:
        assert row.neutral == f"{row.subject}/0001.png"
        split = split_of_subject(row.subject)
        assert (built / split / row.file_name).read_bytes().startswith(row.subject[1:].encode())


def test_check_finds_what_is_wrong(auface, built):
    value = json.loads(auface("corpus", "check", built, "--quick", "--json").out)
    assert value["ok"] is True
    assert sum(value["rows"].values()) == 20
    next(built.rglob("0002.png")).unlink()
    outcome = auface("corpus", "check", built, "--quick")
    assert outcome.status == 1
    assert "image is not there" in outcome.err


def test_check_opens_the_pictures_unless_told(auface, built):
    pytest.importorskip("PIL")
    outcome = auface("corpus", "check", built)  # its pictures are a few bytes of text
    assert outcome.status == 1
    assert "p0/0001.png" in outcome.err
    assert "cannot be read as a picture" in outcome.err


def test_stats_count_units_beside_bp4d(auface, built):
    pytest.importorskip("auface_gen")
    value = json.loads(auface("corpus", "stats", built, "--json").out)
    assert sum(value["pictures"].values()) == 20
    assert value["units"]["12"] == {
        "pictures": 10, "rate": 0.5, "levels": {"D": 10}, "sides": {"both": 10},
    }  # fmt: skip
    assert value["bp4d"]["12"] == {"bp4d": 0.562, "corpus": 0.5, "spontaneous": None}
    told = auface("corpus", "stats", built)
    assert told.status == 0
    assert "  12        10  50.0%" in told.out
    assert "  12   56.2%  50.0%      -" in told.out
    train = auface("corpus", "stats", built, "--split", "train").out
    assert "valid" not in train
    assert auface("corpus", "stats", built / "nowhere").status == 2


def test_shards_hold_every_row_and_repeat_to_the_byte(auface, built, tmp_path):
    assert auface("corpus", "shard", built, tmp_path / "a", "--per-shard", 7).status == 0
    assert auface("corpus", "shard", built, tmp_path / "b", "--per-shard", 7).status == 0
    shards = sorted((tmp_path / "a").iterdir())
    assert shards[0].name.endswith("-000000.tar")
    keys: dict[str, set[str]] = {}
    for shard in shards:
        assert shard.read_bytes() == (tmp_path / "b" / shard.name).read_bytes()
        with tarfile.open(shard) as tar:
            for member in tar.getmembers():
                key, _, suffix = member.name.partition(".")
                keys.setdefault(key, set()).add(suffix)
                if suffix == "json":
                    assert json.load(tar.extractfile(member))["subject"] in key
    assert len(keys) == 20
    assert all(suffixes == {"png", "txt", "json"} for suffixes in keys.values())


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["corpus", "check", "{tmp}/nowhere"], "no such folder"),
        (["corpus", "shard", "{tmp}", "{tmp}/x"], "not a corpus"),
        (["corpus", "build", "{tmp}/rows.jsonl", "{tmp}/x", "--images", "{tmp}"], "rows.jsonl"),
    ],
)
def test_wrong_input(auface, tmp_path, arguments, part):
    (tmp_path / "rows.jsonl").write_text('{"codes": "12C"}\n')
    outcome = auface(*(a.replace("{tmp}", str(tmp_path)) for a in arguments))
    assert outcome.status == 2
    assert part in outcome.err + outcome.out


def test_rows_without_any_picture(auface, pictures, tmp_path):
    folder, table = pictures
    table.write_text('{"id": "stranger", "codes": "12C"}\n')
    outcome = auface("corpus", "build", table, tmp_path / "out", "--images", folder)
    assert outcome.status == 2
    assert "no row has both" in outcome.err
    assert not (tmp_path / "out" / "corpus.json").exists()


def test_build_with_rejects_goes_on_and_lists_what_was_left_out(auface, pictures, tmp_path):
    folder, table = pictures
    with table.open("a") as file:
        file.write('{"subject": "p1", "frame": 3, "codes": "99"}\n')
    arguments = ("corpus", "build", table, tmp_path / "out", "--images", folder)
    stopped = auface(*arguments)
    assert stopped.status == 2
    assert "rows.jsonl, line 31" in stopped.err
    skipped = auface(*arguments[:3], tmp_path / "b", *arguments[4:], "--rejects", tmp_path / "r")
    assert skipped.status == 0
    assert "left out: 1 x bad row" in skipped.err
    left_out = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert len(left_out) == 11
    assert all(list(row) == ["file", "line", "id", "row", "reason"] for row in left_out)
    assert [row["row"] for row in left_out if row["line"] == 31] == [
        '{"subject": "p1", "frame": 3, "codes": "99"}'
    ]
    assert {row["reason"] for row in left_out if row["line"] != 31} == {"no image"}


@pytest.mark.parametrize(
    ("error", "status"), [("AUFaceGenError", 2), ("WorkFailed", 1), ("ValueError", 1)]
)
def test_render_tells_bad_input_from_work_that_failed(auface, tmp_path, monkeypatch, error, status):
    errors = pytest.importorskip("auface_gen.errors")
    synthesize = pytest.importorskip("auface_gen.corpus.render")

    def fail(*_, **settings):
        settings["tell"]("rendering with variant " + settings["variant"])
        raise getattr(errors, error, ValueError)("it went wrong")

    monkeypatch.setattr(synthesize, "render_corpus", fail)
    outcome = auface("corpus", "render", tmp_path / "c", "--rig", "r", "--variant", "scalar_rgb")
    assert outcome.status == status
    told, said, *rest = outcome.err.strip().splitlines()
    assert told == "rendering with variant scalar_rgb"
    assert "it went wrong" in said
    assert not rest


@pytest.mark.parametrize("wrong", [("--seed", "-1"), ("--size", "16"), ("--workers", "0")])
def test_render_refuses_settings_in_one_line(auface, tmp_path, wrong):
    outcome = auface("corpus", "render", tmp_path / "c", "--rig", tmp_path / "r", *wrong)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert wrong[0] in outcome.err


def test_a_dry_run_prints_rows_and_writes_nothing(auface, tmp_path):
    pytest.importorskip("auface_gen")
    args = ("corpus", "render", tmp_path / "c", "--dry-run", "--workers", 1)
    whole = auface(*args, "--count", 60, "--per-sitting", 3, "--per-shard", 2)
    assert whole.status == 0
    rows = [json.loads(line) for line in whole.out.splitlines()]
    assert len(rows) == 60
    assert {row["subject"] for row in rows} == {f"p{n:05d}" for n in range(10)}
    parts = [
        auface(*args, "--count", 60, "--per-sitting", 3, "--per-shard", 2, "--part", f"{i}/3").out
        for i in (1, 2, 3)
    ]
    assert sorted("".join(parts).splitlines()) == sorted(whole.out.splitlines())
    assert not (tmp_path / "c").exists()


def test_a_named_corpus_sets_all_of_it(auface, tmp_path):
    pytest.importorskip("auface_gen")
    args = ("corpus", "render", tmp_path / "c", "--preset", "auface-302k", "--dry-run")
    few = auface(*args, "--part", "1/900", "--workers", 1)
    assert few.status == 0, few.err
    first = json.loads(few.out.splitlines()[0])
    assert first["person_seed"] == 3_020_000
    for wrong, said in (
        (("--count", 9), "--preset auface-302k sets --count itself"),
        (("--per-shard", 9), "--preset auface-302k sets --per-shard itself"),
        (("--part", "3/2"), "from 1/2 to 2/2"),
        (("--part", "x"), "write I/N"),
        (("--workers", "x"), "dask://HOST:PORT"),
    ):
        refused = auface(*args, *wrong)
        assert refused.status == 2
        assert said in refused.err
        assert refused.err.count("\n") == 1
    unknown = auface("corpus", "render", tmp_path / "c", "--preset", "x", "--dry-run")
    assert unknown.status == 2
    assert "one of auface-302k" in unknown.err
    assert "--rig is missing" in auface("corpus", "render", tmp_path / "c").err


@pytest.mark.parametrize("to", ["webdataset", "imagefolder"])
def test_export_lists_what_it_wrote(auface, built, tmp_path, to):
    outcome = auface("corpus", "export", built, tmp_path / "x", "--to", to)
    assert outcome.status == 0, outcome.err
    assert all(Path(line).is_file() for line in outcome.out.splitlines())
    assert (tmp_path / "x" / "croissant.json").is_file()
    again = auface("corpus", "export", built, tmp_path / "x", "--to", to)
    assert again.status == 2
    assert "is not empty" in again.err
