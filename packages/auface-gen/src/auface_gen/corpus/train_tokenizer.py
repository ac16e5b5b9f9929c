"""Trains a tokenizer on a corpus of faces: on pairs with the person at rest, where it codes change.

The trainer itself knows nothing of faces; this says what its pictures and their references are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auface_gen.corpus.change_pairs import change_pairs
from vq_tokenizer import VQTokenizerError
from vq_tokenizer.training.learner import FeatureLoss
from vq_tokenizer.training.pictures import FilePictures, list_pictures
from vq_tokenizer.training.run import TokenizerRun
from vq_tokenizer.training.train import train_tokenizer

__all__ = ["train_corpus_tokenizer"]


def train_corpus_tokenizer(
    corpus: str | Path,
    out: str | Path,
    *,
    run: TokenizerRun = TokenizerRun(),  # noqa: B008 - frozen
    start: str | Path | None = None,
    feature_loss: FeatureLoss | None = None,
    resume: bool = False,
    device: str = "cpu",
    tell: Callable[[str], None] = print,
) -> Path:
    """Train on a corpus (splits in folders, or tar shards) and return the folder `out`.

    The `valid` split is measured at each checkpoint, where there is one. The rest: see
    vq_tokenizer.training.train.train_tokenizer. Raises VQTokenizerError for what cannot be used.
    """
    pictures: str | Path | FilePictures = corpus
    held_out: FilePictures | None = None
    if run.config().reference:
        pictures = change_pairs(corpus, "train", run.size)
        held_out = _held_out(corpus, run.size)
    train_tokenizer(
        pictures,
        out,
        run=run,
        valid=held_out,
        start=start,
        feature_loss=feature_loss,
        resume=resume,
        device=device,
        tell=tell,
    )
    return Path(out)


def _held_out(corpus: str | Path, size: int) -> FilePictures | None:
    """The pairs of the valid split; none where it is not there as one of its own."""
    root = Path(corpus)
    if not (root / "valid").is_dir() and not list(root.glob("valid-*.tar")):
        return None
    if next(list_pictures(root, "valid"), None) is None:
        raise VQTokenizerError(f"{root}: its valid split has no pictures")
    return change_pairs(root, "valid", size)
