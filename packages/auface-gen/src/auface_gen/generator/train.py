"""Trains the generator: the face of each picture as tokens of change, from words.

    train_generator(corpus, out, tokenizer=DIR, run=GeneratorRun(minutes=120))

The stages of `GeneratorRun` follow each other; see `stages`. OUT/config.json and
OUT/model.safetensors hold the averaged weights; OUT/run.json what made them;
OUT/training.safetensors what resuming needs; OUT/log.jsonl what was measured on the way; OUT/tokens
the corpus as tokens. Several processes: `torchrun --nproc-per-node 2 -m auface_cli.main train ...`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auface_gen.codings.mixture import draw_codings
from auface_gen.columns import to_vector
from auface_gen.errors import AUFaceGenError, WorkFailed
from auface_gen.generator.alignment import Alignment
from auface_gen.generator.batches import Dealer, batch_of
from auface_gen.generator.checkpoint import weights_folder, write_folder
from auface_gen.generator.learner import Learner, begin, learn, write_log
from auface_gen.generator.masked_tokens import NearCodes
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.pictures import Pictures, open_pictures
from auface_gen.generator.prior import prior_maps
from auface_gen.generator.processes import device_of, is_first, part_of, wait_for_all
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.stages.align import align_loss
from auface_gen.generator.stages.finetune import finetune_loss
from auface_gen.generator.stages.masked import masked_loss
from auface_gen.generator.stages.measure import measure
from auface_gen.generator.stages.work import DetectorLoss, Pupil, Work
from auface_gen.generator.starting import Start, grown
from auface_gen.generator.text_encoder import WordEncoderConfig
from auface_gen.generator.token_set import TokenSet, encode_pictures, tokenizer_digest
from auface_gen.generator.transformer import TransformerConfig
from auface_gen.generator.wording import DETAILS, asked, codes_of, meets, pairs_of, say
from auface_gen.generator.words import Vocabulary
from facs_text import parse
from vq_tokenizer import Tokenizer, load_checkpoint
from vq_tokenizer._distributed import rank, together
from vq_tokenizer.tokenizer.checkpoint import detectors_of

__all__ = ["train_generator", "vocabulary_texts"]

_SEEDS = 1_000_003  # steps of one seed; a prime, so that no two seeds meet soon
# A processor's generator knows a seed by its lower 32 bits alone: odd, and far apart in those.
_PARTS = 2_654_435_761


@together(WorkFailed)
def train_generator(
    corpus: str | Path,
    out: str | Path,
    *,
    tokenizer: str | Path | None = None,
    run: GeneratorRun = GeneratorRun(),  # noqa: B008 - frozen
    tokens: str | Path | None = None,
    start: str | Path | None = None,
    detector: DetectorLoss | None = None,
    resume: bool = False,
    device: str = "cpu",
    tell: Callable[[str], None] = print,
) -> Path:
    """Train on a corpus and return the model folder `out`.

    tokenizer: a folder, of a tokenizer with a reference; the shipped one unless told. tokens: where
    the corpus lies as tokens, to share it between runs; OUT/tokens unless told. start: a model
    folder of the same sizes, to begin with its weights and words. detector: what fine-tuning
    listens to. tell: called with each line of progress.

    The corpus, which may lie in shards, may grow between a run and its resumption. Raises
    AUFaceGenError for a broken corpus, a folder that already holds a run (without `resume`), or a
    run of other settings, WorkFailed when another process of the run has gone; facs-text's error
    for a bad row of the corpus.
    """
    out, corpus = Path(out), Path(corpus)
    if run.only_words and start is None:
        raise AUFaceGenError("only_words needs a start: give a generator that draws already")
    if run.finetune and detector is None:
        raise AUFaceGenError(f"finetune={run.finetune} needs a detector: give one, or set it to 0")
    pictures = {s: open_pictures(corpus, s) for s in ("train", "valid") if _there(corpus, s)}
    codes = Path(tokenizer) if tokenizer else weights_folder("tokenizer")
    vq = load_checkpoint(codes)
    size = pictures["train"].size
    place = device_of(device)
    if is_first():
        begin(out, resume=resume)
    else:
        tell = _quiet
    folder = Path(tokens) if tokens else out / "tokens"
    data = _token_sets(pictures, vq, folder, run, tell)
    train = data["train"] = _kept(data["train"], run.leave_out)
    sittings = len(train.person[:, 0].unique())
    tell(
        f"{len(train.rows)} pictures of {sittings} sittings as tokens, of which "
        f"{train.stillness:.0%} say that nothing changes"
    )

    begun = Start.read(start) if start is not None else None
    # A run that goes on knows the words that it began with.
    before = Start.read(out) if resume and (out / "config.json").exists() else begun
    pupil = _pupil(vq, run, train, size, before).to(place)
    if begun is not None:
        begun.give(pupil.generator)
    if run.only_words:
        pupil.generator.transformer.requires_grad_(False)
    learner = Learner(pupil, run, betas=(0.9, 0.97))
    learner.rate = lambda step, seconds: _rate(learner, run, step, seconds)
    if resume and (out / "training.safetensors").exists():
        learner.load(out / "training.safetensors")
        tell(f"resumed at step {learner.step}")
    near = NearCodes(pupil.generator.transformer.codebook)
    vq = vq.to(place).eval().requires_grad_(False)
    held_out = [*_held_out_pairs(corpus / "corpus.json"), *run.leave_out]
    apart = pairs_of(held_out)
    work = Work(pupil, train, run, near, vq, pictures["train"], detector, apart)
    dealer = Dealer(
        train,
        run.seed,
        resolved=run.resolved,
        paraphrases=run.paraphrases,
        others=run.other_reference,
    )
    about = {
        "pictures": len(train.rows),
        "held_out_pairs": held_out,
        "tokenizer": tokenizer_digest(vq),
        "shown": _shown(train),
        "detectors": _pleased(begun, codes, run, detector),
        "size": size,
        **({"began_with": begun.record} if begun else {}),
    }
    learn(
        learner,
        lambda step: _losses(work, dealer, learner, step),
        lambda: _keep(out, learner, work, data.get("valid"), about, tell),
        tell,
        parts=run.accumulate,
    )
    return out


def _quiet(line: str) -> None:
    """For all processes but the first."""


def _there(corpus: Path, split: str) -> bool:
    """Whether to open a split: the training one, missing or not, so that it is missed."""
    found = (corpus / split).is_dir() or next(corpus.glob(f"{split}-*.tar"), None) is not None
    return split == "train" or found


def _token_sets(
    pictures: dict[str, Pictures],
    vq: Tokenizer,
    folder: Path,
    run: GeneratorRun,
    tell: Callable[[str], None],
) -> dict[str, TokenSet]:
    """Each split as tokens: the first process makes what is missing, the others read it. What is
    measured is seen as it is.
    """
    if not is_first():
        wait_for_all()
    data = {
        s: encode_pictures(
            some,
            vq,
            folder,
            worlds=run.worlds if s == "train" else 0,
            others=run.other_reference > 0,
            tell=tell,
        )
        for s, some in pictures.items()
    }
    if is_first():
        wait_for_all()
    return data


def _kept(data: TokenSet, leave_out: tuple[str, ...]) -> TokenSet:
    """The pictures that may be trained on: those in which no pair of `leave_out` meets, as asked or
    as it stands after resolution.
    """
    pairs = pairs_of(leave_out)
    if not pairs:
        return data
    keep = [i for i, row in enumerate(data.rows) if not meets(parse(codes_of(row)), pairs)]
    if not keep:
        raise AUFaceGenError(f"leave_out={leave_out} leaves no picture to train on")
    return data.take(keep)


def vocabulary_texts(count: int, seed: int) -> Iterator[str]:
    """Texts of `count` codings in all lengths and manners, for the words that are known whole."""
    rng = np.random.default_rng([seed, 0x707D])
    for i, coding in enumerate(draw_codings(rng, count, held_out=True)):
        for detail in DETAILS:
            yield say(asked(str(coding), False, True), detail=detail, seed=i).text
        yield say(asked(str(coding), False, False), seed=i).text


def _pupil(
    vq: Tokenizer, run: GeneratorRun, data: TokenSet, size: int, before: Start | None
) -> Pupil:
    """The models of a run, all of whose chance comes from its seed. before: whose words they
    know first.
    """
    known = before.vocabulary if before else Vocabulary()
    if run.condition == "text" and not run.pretrained:
        known = grown(known, vocabulary_texts(run.vocabulary, run.seed))
    codes = vq.codebook
    transformer = TransformerConfig(
        grid=size // vq.config.factor,
        num_codes=codes.shape[0],
        code_dim=codes.shape[1],
        still=data.still,
        reference_width=data.features.shape[2],
        text_width=run.text_width,
        width=run.width,
        layers=run.layers,
        hidden=run.width * 5 // 2,
    )
    config = GeneratorConfig(
        condition=run.condition,
        encoder=WordEncoderConfig(
            known, width=run.text_width, layers=run.text_layers, word_drop=run.word_drop
        ),
        pretrained=run.pretrained,
        transformer=transformer,
    )
    torch.manual_seed(run.seed)
    generator = Generator(config, codes, prior_maps(transformer.cells))
    return Pupil(generator, Alignment(transformer))


def _rate(learner: Learner, run: GeneratorRun, step: int, seconds: float) -> float:
    """Learning rate of a step; marks where its stage began."""
    stage, share = run.stage(step, seconds)
    began = learner.marks.setdefault(stage, step)
    return run.rate_of(stage, step - began, share)


def _losses(work: Work, dealer: Dealer, learner: Learner, step: int) -> Iterator[Tensor]:
    """The losses of the parts of a step that are this process's; all chance comes from (seed, step,
    process).
    """
    run = work.run
    stage, share = run.stage(step, learner.seconds)
    picks = dealer.deal(step, run.batch_of(stage))
    if stage == "finetune":  # its detector compares with the person at rest
        picks = [pick._replace(view=pick.view % work.data.views) for pick in picks]
    for part in range(run.accumulate):
        seed = run.seed * _SEEDS + step + _PARTS * (rank() * run.accumulate + part)
        torch.manual_seed(seed)  # hidden words
        chance = torch.Generator().manual_seed(seed + 1)
        mine = part_of(picks, part, run.accumulate)
        batch = batch_of(work.data, mine, work.generator.transformer, resolved=run.resolved)
        if stage == "align":
            yield align_loss(work, batch, regions=share >= run.regions)
        elif stage == "masked":
            yield masked_loss(work, batch, chance)
        else:
            yield finetune_loss(work, batch)


def _shown(data: TokenSet) -> list[bool]:
    """Whether each column moves in any picture of the corpus."""
    most = np.max([to_vector(row.aus)[0] for row in data.rows], axis=0)
    return [bool(value > 0) for value in most]


def _pleased(
    begun: Start | None, tokenizer: Path, run: GeneratorRun, detector: DetectorLoss | None
) -> list[str]:
    """Names of the detectors that the weights it began with, its tokenizer, and the run itself have
    learned to please, none of which may score what it draws.
    """
    before = [*(begun.detectors if begun else ()), *detectors_of(tokenizer)]
    own = [str(getattr(detector, "id", detector))] if run.finetune else []
    return list(dict.fromkeys([*before, *own]))


def _held_out_pairs(path: Path) -> list[str]:
    """Pairs of units that the corpus keeps out of training, as it says itself; none if it does
    not.
    """
    try:
        return [str(pair) for pair in json.loads(path.read_text("utf-8"))["held_out_pairs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _keep(
    out: Path,
    learner: Learner,
    work: Work,
    valid: TokenSet | None,
    about: dict[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Write the run as it is now: the state first, so that nothing is lost when the rest fails."""
    run = work.run
    learner.save(out / "training.safetensors")
    stage, _ = run.stage(learner.step, learner.seconds)
    scores: dict[str, float] = {}
    if valid is not None:
        scores = learner.averaged(lambda: measure(work, valid))
        said = "  ".join(f"{k} {v:.3f}" for k, v in scores.items())
        tell(f"step {learner.step}  {stage}  held out: {said}")
    result = {
        "step": learner.step,
        "stage": stage,
        "seconds": round(learner.seconds),
        "held_out": scores,
    }
    config = {
        "kind": "words",
        "model": work.generator.config.to_json(),
        "training": asdict(run),
        "result": result,
        **about,
    }
    prefix = "generator."
    kept = {k.removeprefix(prefix): v for k, v in learner.average.items() if k.startswith(prefix)}
    write_folder(out, config, kept)
    write_log(out, result, run, tokenizer=about["tokenizer"], pictures=about["pictures"])
