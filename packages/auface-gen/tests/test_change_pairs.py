"""A corpus as pairs with the person at rest, and a tokenizer trained on them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auface_gen.corpus.change_pairs import REGIONS, change_pairs, regions_of
from auface_gen.corpus.train_tokenizer import train_corpus_tokenizer
from facs_text.corpus import make_row, write_shards
from vq_tokenizer import VQTokenizerError, load_checkpoint
from vq_tokenizer.training.run import TokenizerRun


def landmarks() -> np.ndarray:
    """Points of eyes and lips where they are in a picture of 64 pixels; the others nowhere."""
    points = np.zeros((68, 2), dtype=np.float32)
    points[36:42] = [(14, 20), (17, 18), (20, 18), (24, 20), (20, 22), (17, 22)]
    points[42:48] = points[36:42] + np.array([26, 0])
    points[48:68] = [(22 + i, 48 + i % 4) for i in range(20)]
    return points


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two splits of a person at rest and two codings, with landmarks."""
    rng = np.random.default_rng(0)
    for split in ("train", "valid"):
        (tmp_path / "c" / split).mkdir(parents=True)
        rows = []
        for i, codes in enumerate(("0", "12C", "4D")):
            name = f"{i}.png"
            pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "c" / split / name)
            row = make_row(
                name,
                codes,
                subject="p",
                source="t",
                neutral="0.png",
                landmarks=landmarks().tolist(),
            )
            rows.append(row.to_json())
        (tmp_path / "c" / split / "metadata.jsonl").write_text("\n".join(rows) + "\n")
    return tmp_path / "c"


def test_regions_hold_eyes_and_lips() -> None:
    boxes = regions_of(landmarks(), 64)
    assert boxes.shape == (len(REGIONS), 4)
    for box, points in zip(boxes * 64, (slice(36, 42), slice(42, 48), slice(48, 68)), strict=True):
        x, y = landmarks()[points].T
        assert box[0] <= y.min() < y.max() <= box[2]
        assert box[1] <= x.min() < x.max() <= box[3]
    assert boxes[0, 3] < boxes[1, 1]
    with pytest.raises(ValueError, match="expected"):
        regions_of(np.zeros((5, 2)), 64)


def test_pairs_of_folders_and_of_shards(corpus: Path, tmp_path: Path) -> None:
    list(write_shards(corpus, tmp_path / "shards", per_shard=2))
    for place in (corpus, tmp_path / "shards"):
        pairs = change_pairs(place, "train", 32)
        assert len(pairs) == 3
        sample = pairs.sample(2)
        assert sample.reference is not None
        assert np.array_equal(sample.reference, pairs.sample(0).image)
        assert sample.weights is not None
        assert sample.weights[10, 10] > 1  # an eye
        assert sample.weights[0, 0] == 1
        assert pairs.boxes(0) is not None


def test_without_landmarks_all_pixels_weigh_the_same(corpus: Path) -> None:
    listing = corpus / "train" / "metadata.jsonl"
    rows = [json.loads(line) for line in listing.read_text().splitlines()]
    for row in rows[1:]:
        del row["landmarks"]
    listing.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(VQTokenizerError, match=r"1\.png: its row has no regions"):
        change_pairs(corpus, "train", 32)
    del rows[0]["landmarks"]
    listing.write_text("\n".join(map(json.dumps, rows)))
    assert change_pairs(corpus, "train", 32).sample(1).weights is None


def test_trains_on_pairs_and_on_pictures(corpus: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    for model in ("tiny", "tiny-reference"):
        run = TokenizerRun(steps=1, batch=2, size=32, model=model)
        out = train_corpus_tokenizer(corpus, tmp_path / model, run=run, tell=lines.append)
        assert load_checkpoint(out).config.reference == (model == "tiny-reference")
        assert lines.pop(0) == "3 pictures, 3 held out"
        lines.clear()
    for file in (corpus / "valid").iterdir():
        file.unlink()
    with pytest.raises(VQTokenizerError, match="its valid split has no pictures"):
        train_corpus_tokenizer(
            corpus, tmp_path / "out", run=TokenizerRun(size=32, model="tiny-reference")
        )
