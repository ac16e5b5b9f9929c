"""Where pictures come from: folders, listings, shards, pairs; and what is wrong with them."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.training.pictures import (
    ArrayPictures,
    FilePictures,
    find_pictures,
    list_pictures,
    pair_files,
)


def draw(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))


def shard(path: Path, samples: list[tuple[str, int, dict[str, object] | None]]) -> None:
    """A tar of pictures NAME.png of these seeds, with their rows and a text beside them."""
    with tarfile.open(path, "w") as archive:
        for name, seed, row in samples:
            png = io.BytesIO()
            draw(seed).save(png, format="PNG")
            parts = {".png": png.getvalue(), ".txt": b"whatever"}
            if row is not None:
                parts[".json"] = json.dumps(row).encode()
            for suffix, content in parts.items():
                info = tarfile.TarInfo(name + suffix)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def names(pictures: FilePictures, root: Path) -> list[str]:
    return [Path(pictures.name(i)).relative_to(root).as_posix() for i in range(len(pictures))]


def test_images_are_cropped_square_and_scaled(tmp_path: Path) -> None:
    pixels = np.zeros((10, 20, 3), dtype=np.uint8)
    pixels[:, 5:15] = 255  # the centre square
    Image.fromarray(pixels).save(tmp_path / "a.png")
    loaded = find_pictures(tmp_path, 8)
    assert loaded.sample(0).image.shape == (8, 8, 3)
    assert loaded.sample(0).image.min() > 240
    assert loaded.sample(0).reference is None
    assert loaded.sample(0).weights is None


def test_metadata_lists_the_pictures(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "unlisted.png"):
        draw(0).save(tmp_path / name)
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "b.png"}\n\n{"file_name": "a.png"}\n')
    assert names(find_pictures(tmp_path, 8), tmp_path) == ["b.png", "a.png"]
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "b.png"}\nnonsense\n')
    with pytest.raises(VQTokenizerError, match=r"metadata\.jsonl:2"):
        find_pictures(tmp_path, 8)


def test_a_field_of_the_rows_names_the_reference(tmp_path: Path) -> None:
    rows = []
    for i in range(4):
        draw(i).save(tmp_path / f"{i}.png")
        rows.append({"file_name": f"{i}.png", "rest": f"{i // 2 * 2}.png", "at": i / 8})
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = find_pictures(
        tmp_path,
        16,
        reference="rest",
        boxes=lambda row: [[row["at"], 0.0, 0.5, 0.25]],
        box_weight=2.0,
    )
    for pictures in (found, found.load()):
        sample = pictures.sample(3)
        assert np.array_equal(sample.image, np.asarray(draw(3)))
        assert sample.reference is not None
        assert np.array_equal(sample.reference, np.asarray(draw(2)))
        assert sample.weights is not None
        assert (sample.weights == 3).sum() == (8 - 6) * 4
        assert (sample.weights[6:8, :4] == 3).all()
    assert isinstance(found.load(), ArrayPictures)
    with pytest.raises(VQTokenizerError, match=r"0\.png: its row has no regions .*'nowhere'"):
        find_pictures(tmp_path, 16, boxes=lambda row: row["nowhere"])
    with pytest.raises(VQTokenizerError, match=r"0\.png: its row's regions must be finite"):
        find_pictures(tmp_path, 16, boxes=lambda row: [1.0, 2.0])
    rows[1]["rest"] = "gone.png"
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(VQTokenizerError, match=r"1\.png: its rest is 'gone\.png'"):
        find_pictures(tmp_path, 16, reference="rest")


def test_another_picture_with_the_same_reference_may_take_its_place(tmp_path: Path) -> None:
    rows = []
    for i in range(7):
        draw(i).save(tmp_path / f"{i}.png")
        rows.append({"file_name": f"{i}.png", "rest": f"{min(i // 3 * 3, 6)}.png"})
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = find_pictures(tmp_path, 16, reference="rest")
    for pictures in (found, found.load()):
        for index, mates in ((0, {1, 2}), (1, {0, 2}), (5, {3, 4}), (6, {6})):
            seen = set()
            for chance in range(10):
                sample = pictures.sample(index, chance)
                assert np.array_equal(sample.image, np.asarray(draw(index)))
                assert sample.reference is not None
                same = [np.array_equal(sample.reference, np.asarray(draw(i))) for i in range(7)]
                seen.add(same.index(True))
            assert seen == mates
    apart = ArrayPictures(found.load().pixels, references=found.load().pixels)
    with pytest.raises(VQTokenizerError, match="other_reference needs references that are numbers"):
        apart.sample(0, 3)


def test_shards(tmp_path: Path) -> None:
    rest = {"file_name": "p/0.png", "rest": "p/0.png"}
    shard(tmp_path / "train-0.tar", [("p/0", 0, rest)])
    shard(tmp_path / "train-1.tar", [("p/1", 1, rest | {"file_name": "p/1.png"})])
    shard(tmp_path / "valid-0.tar", [("q/0", 2, None)])
    found = find_pictures(tmp_path, 16, split="train", reference="rest")
    assert names(found, tmp_path) == ["train-0.tar/p/0.png", "train-1.tar/p/1.png"]
    sample = found.sample(1)
    assert np.array_equal(sample.image, np.asarray(draw(1)))
    assert sample.reference is not None
    assert np.array_equal(sample.reference, np.asarray(draw(0)))  # of another shard
    held_out = find_pictures(tmp_path, 16, split="valid")
    assert names(held_out, tmp_path) == ["valid-0.tar/q/0.png"]
    assert len(find_pictures(tmp_path, 16)) == 3
    assert [one.row["file_name"] for one in list_pictures(tmp_path, "train")] == [
        "p/0.png",
        "p/1.png",
    ]
    (tmp_path / "train-2.tar").write_bytes(b"not a tar file" * 100)
    with pytest.raises(VQTokenizerError, match=r"train-2\.tar: cannot be read as a tar file"):
        find_pictures(tmp_path, 16, split="train")


def test_a_shard_cut_short_is_named(tmp_path: Path) -> None:
    shard(tmp_path / "0.tar", [(str(i), i, None) for i in range(3)])
    whole = (tmp_path / "0.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(whole[:700])  # within the first picture
    with pytest.raises(VQTokenizerError, match=r"0\.tar"):
        find_pictures(tmp_path, 16).sample(0)


def test_pairs_of_files_that_lie_anywhere(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    draw(0).save(tmp_path / "other" / "rest.png")
    for i in (1, 2):
        draw(i).save(tmp_path / f"{i}.png")
    rest = tmp_path / "other" / "rest.png"
    pairs = pair_files([(tmp_path / f"{i}.png", rest) for i in (1, 2)], 16)
    assert len(pairs) == 2
    sample = pairs.sample(1)
    assert np.array_equal(sample.image, np.asarray(draw(2)))
    assert sample.reference is not None
    assert np.array_equal(sample.reference, np.asarray(draw(0)))
    loaded = pairs.load().sample(1)
    assert np.array_equal(loaded.image, sample.image)
    assert loaded.reference is not None
    assert np.array_equal(loaded.reference, sample.reference)
    with pytest.raises(VQTokenizerError, match=r"gone\.png: No such file"):
        pair_files([(tmp_path / "gone.png", rest)], 16).sample(0)
    with pytest.raises(VQTokenizerError, match="no pairs"):
        pair_files([], 16)


def test_arrays_of_another_kind_are_refused() -> None:
    with pytest.raises(VQTokenizerError, match=r"uint8 \(M, S, S, 3\)"):
        ArrayPictures(np.zeros((2, 8, 8, 3), dtype=np.float32))
