"""auface align and what auface score has of photographs: landmarks given, so that no cascade and no
network is needed."""

from __future__ import annotations

import json

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
pytest.importorskip("aaad")

# Eyes, nose, lips and chin where a face has them, in a square of side 1; the rest lies between.
_PLACES = {8: (0.5, 1.02), 33: (0.5, 0.615), 36: (0.222, 0.32), 39: (0.384, 0.33),
           42: (0.615, 0.33), 45: (0.778, 0.32), 62: (0.5, 0.752), 66: (0.5, 0.758)}  # fmt: skip


def points(middle, side):
    face = np.full((68, 2), 0.5)
    for number, place in _PLACES.items():
        face[number] = place
    return ((face - 0.5) * side + middle).tolist()


def size_of(path):
    with Image.open(path) as image:
        return image.size


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = []
    for k, mode in enumerate(("RGB", "L", "CMYK")):
        Image.new(mode, (120, 90), 100).save(folder / f"p{k}.tif")
        rows.append({"file_name": f"p{k}.tif", "landmarks": points((60.0, 45.0), 50.0)})
    table = tmp_path / "points.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder, table


def test_one_photograph_to_a_file(auface, photos, tmp_path):
    folder, table = photos
    out = tmp_path / "face.png"
    done = auface("align", folder / "p0.tif", "--landmarks", table, "--out", out, "--size", "64")
    assert (done.status, done.err) == (0, "")
    assert done.out.strip() == str(out)
    assert size_of(out) == (64, 64)
    told = auface("align", folder / "p0.tif", "--landmarks", table, "--out", out, "--json")
    value = json.loads(told.out)
    assert np.array(value["matrix"]).shape == (2, 3)
    assert np.array(value["landmarks"]).shape == (68, 2)
    assert size_of(out) == (256, 256)


def test_several_to_a_folder_and_one_without_a_row_is_left_out(auface, photos, tmp_path):
    folder, table = photos
    files = [folder / f"p{k}.tif" for k in range(3)]
    out = tmp_path / "faces"
    done = auface("align", *files, "--landmarks", table, "--out", out)
    assert (done.status, done.err) == (0, "")
    assert sorted(p.name for p in out.iterdir()) == ["p0.png", "p1.png", "p2.png"]
    table.write_text(table.read_text().split("\n")[0] + "\n")
    done = auface("align", *files, "--landmarks", table, "--out", tmp_path / "other")
    assert done.status == 1
    assert "2 of 3 photographs show no face" in done.err
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["p0.png"]


def test_wrong_calls_are_one_line(auface, photos, tmp_path):
    folder, table = photos
    files = [folder / "p0.tif", folder / "p1.tif"]
    for arguments, said in (
        ((*files, "--out", tmp_path / "a.png"), "name a folder for 2"),
        ((files[0], "--out", "a.png", "--landmarks", table, "--mediapipe", "m"), "exclude"),
        ((files[0], "--out", "a.png", "--landmarks", tmp_path / "none.jsonl"), "no such file"),
        ((files[0], "--out", "a.png", "--mediapipe", tmp_path / "none.task"), "no such file"),
        ((tmp_path / "none.jpg", "--out", "a.png", "--landmarks", table), "has no row for it"),
    ):
        done = auface("align", *arguments)
        assert done.status == 2
        assert said in done.err
        assert done.err.count("\n") == 1


def test_scoring_photographs_needs_the_built_in_eyes(auface, photos, tmp_path):
    folder, _ = photos
    done = auface("score", folder, "--probabilities", "x.csv", "--align")
    assert done.status == 2
    assert "no network looks" in done.err
    done = auface("score", folder, "--mediapipe", "m.task")
    assert done.status == 2
    assert "--mediapipe needs --align" in done.err


def test_the_part_of_a_rank_needs_torchruns_words(auface, photos, tmp_path, monkeypatch):
    folder, _ = photos
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    done = auface("score", folder, "--part", "rank", "--out", tmp_path / "parts")
    assert done.status == 2
    assert "start with torchrun" in done.err
    from aaad.parts import part_of_rank

    assert part_of_rank({"RANK": "2", "WORLD_SIZE": "8"}) == (3, 8)
    monkeypatch.setenv("RANK", "8")
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert "RANK is 8" in auface("score", folder, "--part", "rank", "--out", tmp_path).err
