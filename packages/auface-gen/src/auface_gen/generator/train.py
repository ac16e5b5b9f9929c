"""Trains the generator, in the stages of the progressive alignment.

    python -m auface_gen.generator.train CORPUS --tokenizer DIR --out DIR \
        [--minutes M | --steps N] [--resume]

1. `reader`: words to units (`text_train`), from text alone.
2. `tokens`: every picture, and its mirror image, becomes tokens once.
3. `generator`: units by clause and the neutral's tokens to the tokens of the picture. The clauses
   are those of freshly drawn paraphrases.

OUT/config.json and OUT/model.safetensors hold the averaged weights; OUT/training.safetensors what
resuming needs; OUT/tokens.*.safetensors the corpus as tokens. Each step seeds its own generators
from (seed, step), so a run stopped and resumed gives the same bits as one that was not.

B batch, T tokens, K codes, C clauses, A columns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.columns import MIRROR, to_vector
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import (
    read_tensors,
    restore,
    write_folder,
    write_tensors,
)
from auface_gen.generator.model import FaceTransformer, GeneratorConfig
from facs_text import describe, parse, resolve
from vq_tokenizer import Tokenizer, load_checkpoint

__all__ = [
    "GeneratorRun",
    "TokenSet",
    "clause_vectors",
    "encode_corpus",
    "main",
    "prior_maps",
    "train_generator",
]


@dataclass(frozen=True)
class GeneratorRun:
    """A run as data. steps, or minutes of training time over all its parts; lr: peak, warmed up,
    then cosine to lr * floor.

    text_drop: share of samples told nothing, for guidance. all_masked: share that starts from
    nothing known. moved_weight: weight of a token that differs from the neutral's, against 1.
    soften: probability spread over the codes nearest to the right one. corrupt: share of known
    tokens replaced by the neutral's, as a sampler's early mistakes are.
    """

    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    lr: float = 6e-4
    warmup: int = 200
    floor: float = 0.02
    weight_decay: float = 0.03
    clip: float = 1.0
    average: float = 0.999
    text_drop: float = 0.1
    all_masked: float = 0.3
    moved_weight: float = 3.0
    soften: float = 0.15
    corrupt: float = 0.04
    seed: int = 0
    precision: str = "auto"

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise AUFaceGenError("train: give either steps or minutes")

    def progress(self, step: int, seconds: float) -> float:
        """Share of the run done, 0..1."""
        share = (
            step / self.steps if self.steps is not None else seconds / ((self.minutes or 1e-9) * 60)
        )
        return min(1.0, share)

    def rate(self, step: int, seconds: float) -> float:
        """Learning rate at a step."""
        warm = min(1.0, (step + 1) / self.warmup)
        return (
            self.lr
            * warm
            * (
                self.floor
                + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
            )
        )


@dataclass(frozen=True)
class TokenSet:
    """Pictures as tokens: `tokens` and `neutral` (N, 2, h, w) int64, each picture and its mirror
    image; `rows` of metadata.
    """

    tokens: Tensor
    neutral: Tensor
    rows: list[dict[str, Any]]


def read_rows(corpus: Path, split: str) -> list[dict[str, Any]]:
    """Rows of a split's metadata.jsonl. Raises AUFaceGenError naming the file and line at fault."""
    path = corpus / split / "metadata.jsonl"
    if not path.is_file():
        raise AUFaceGenError(
            f"{path} is missing: {corpus} is not a corpus with a {split} split "
            "(auface corpus render makes one)"
        )
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            row["file_name"], row["aus"], row["codes"], row["neutral"], row["subject"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise AUFaceGenError(f"{path}:{number}: not a row of a corpus ({error!r})") from error
        rows.append(row)
    if not rows:
        raise AUFaceGenError(f"{path} has no rows")
    return rows


def read_picture(path: Path, size: int) -> np.ndarray:
    """(size, size, 3) uint8. Raises AUFaceGenError when it is no picture or of another size."""
    try:
        with Image.open(path) as image:
            picture = np.asarray(image.convert("RGB"))
    except OSError as error:
        raise AUFaceGenError(f"{path} is not a picture that can be read: {error}") from error
    if picture.shape != (size, size, 3):
        raise AUFaceGenError(
            f"{path} is {picture.shape[1]} x {picture.shape[0]} px, expected {size} x {size}"
        )
    return picture


@torch.no_grad()
def encode_corpus(
    corpus: str | Path, split: str, tokenizer: Tokenizer, *, size: int, batch: int = 32
) -> TokenSet:
    """Tokens of every picture of a split and of its mirror image, in the order of its rows."""
    corpus = Path(corpus)
    rows = read_rows(corpus, split)
    place = {r["file_name"]: i for i, r in enumerate(rows)}
    if lost := [r["neutral"] for r in rows if r["neutral"] not in place]:
        raise AUFaceGenError(
            f"{corpus / split}: the neutral picture {lost[0]} is not among the rows"
        )
    parts = []
    for start in range(0, len(rows), batch):
        pictures = np.stack(
            [
                read_picture(corpus / split / r["file_name"], size)
                for r in rows[start : start + batch]
            ]
        )
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        parts.append(torch.stack([tokenizer.encode(images), tokenizer.encode(images.flip(3))], 1))
    tokens = torch.cat(parts)
    return TokenSet(tokens, tokens[[place[r["neutral"]] for r in rows]], rows)


def prior_maps(cells: int) -> Tensor:
    """(A, cells, cells) the anatomical prior shipped with the package, pooled to the grid of
    cells.
    """
    from importlib import resources

    with resources.as_file(
        resources.files("auface_gen").joinpath("data/prior.safetensors")
    ) as path:
        maps = read_tensors(path)["maps"].float()
    if maps.shape[1] % cells:
        raise AUFaceGenError(
            f"the prior is {maps.shape[1]} cells a side, which {cells} does not divide"
        )
    return torch.nn.functional.max_pool2d(maps, maps.shape[1] // cells)


def clause_vectors(row: dict[str, Any], seed: int, *, mirror: bool = False) -> np.ndarray:
    """(C, A) what each clause of a paraphrase of the row's coding moves; one row of zeros for a
    face at rest.
    """
    resolution = resolve(parse(row.get("requested") or row["codes"]))
    clauses = describe(resolution, seed=seed).clauses
    out = []
    for clause in clauses:
        units = {u if u.startswith("AU") else f"AU{u}" for u in clause.aus}
        vector, _ = to_vector({u: s for u, s in row["aus"].items() if u in units})
        out.append(vector[MIRROR] if mirror else vector)
    return np.stack(out) if out else np.zeros((1, len(MIRROR)), np.float32)


def _batch(
    data: TokenSet, run: GeneratorRun, step: int, count: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """tokens (B, h, w), neutral (B, h, w), clauses (B, C, A), said (B, C) of one step."""
    rng = np.random.default_rng([run.seed, step, 1])
    picks = rng.integers(len(data.rows), size=count)
    flips = rng.integers(2, size=count)
    clauses = [
        clause_vectors(data.rows[i], int(rng.integers(1 << 30)), mirror=bool(f))
        for i, f in zip(picks, flips, strict=True)
    ]
    most = max(len(c) for c in clauses)
    padded = torch.zeros(count, most, clauses[0].shape[1])
    said = torch.zeros(count, most, dtype=torch.bool)
    for i, c in enumerate(clauses):
        padded[i, : len(c)] = torch.from_numpy(c)
        said[i, : len(c)] = True
    return data.tokens[picks, flips], data.neutral[picks, flips], padded, said


def mask_tokens(
    tokens: Tensor, mask_id: int, generator: torch.Generator, all_masked: float
) -> Tensor:
    """Mask exactly ceil(cos(u pi / 2) T) tokens of each row (B, T), u uniform; all of them in a
    share of rows.
    """
    b, t = tokens.shape
    u = torch.rand(b, 1, generator=generator)
    share = torch.where(
        torch.rand(b, 1, generator=generator) < all_masked,
        torch.ones(()),
        torch.cos(u * math.pi / 2),
    )
    rank = torch.rand(b, t, generator=generator).argsort(1).argsort(1)
    return torch.where(rank < (share * t).ceil().clamp_min(1), mask_id, tokens)


def _near_codes(codebook: Tensor) -> Tensor:
    """(K, K) how the softened probability is spread: over a code's neighbours by distance, none on
    itself.
    """
    d = torch.cdist(codebook, codebook).square()
    near = d.topk(min(5, len(d)), dim=1, largest=False).values[:, 1:].mean()
    return torch.softmax((-d / near).fill_diagonal_(-torch.inf), 1)


def generator_loss(
    logits: Tensor, target: Tensor, weight: Tensor, near: Tensor, soften: float
) -> Tensor:
    """Weighted cross-entropy against (1 - soften) on the right code and `soften` on its
    neighbours; a scalar.
    """
    log_p = torch.log_softmax(logits, -1)
    right = log_p.gather(2, target[..., None])[..., 0]
    spread = (log_p * near[target]).sum(-1) if soften else right
    return -(((1 - soften) * right + soften * spread) * weight).sum() / weight.sum()


def _bf16(device: str) -> bool:
    if device != "cpu":
        return torch.cuda.is_bf16_supported()
    return (
        bool(torch.cpu._is_avx512_bf16_supported())
        if hasattr(torch.cpu, "_is_avx512_bf16_supported")
        else False
    )


def train_generator(
    corpus: str | Path,
    out: str | Path,
    *,
    tokenizer: str | Path | None = None,
    run: GeneratorRun | None = None,
    config: GeneratorConfig | None = None,
    resume: bool = False,
    device: str = "cpu",
    save_minutes: float = 4.0,
    log: Callable[[str], None] | None = None,
) -> Path:
    """Train on a corpus and return the model folder `out`.

    tokenizer: a folder, the shipped one unless told. Raises AUFaceGenError for a broken corpus, a
    folder that already holds a run (without `resume`), or a run of other settings.
    """
    from auface_gen.pipeline import weights_folder

    run = run or GeneratorRun(minutes=60)
    say = log or _tell
    out, corpus = Path(out), Path(corpus)
    state_path = out / "training.safetensors"
    if out.joinpath("config.json").exists() and not resume:
        raise AUFaceGenError(f"{out} already holds a run: resume it, or give another folder")
    vq = load_checkpoint(Path(tokenizer) if tokenizer else weights_folder("tokenizer")).eval()
    codebook = torch.as_tensor(vq.quantizer.codes)
    rows = read_rows(corpus, "train")
    with Image.open(corpus / "train" / rows[0]["file_name"]) as first:
        size = first.width
    config = config or GeneratorConfig(
        grid=size // vq.config.factor, num_codes=codebook.shape[0], code_dim=codebook.shape[1]
    )
    held_out = _held_out_pairs(corpus / "corpus.json")
    out.mkdir(parents=True, exist_ok=True)
    data = {
        s: _remembered(out / f"tokens.{s}.safetensors", corpus, s, vq, size)
        for s in ("train", "valid")
        if s == "train" or (corpus / s).is_dir()
    }
    say(
        f"{len(rows)} pictures as tokens; {_same(data['train']):.0%} of tokens equal "
        "their neutral's"
    )

    torch.manual_seed(run.seed)
    model = FaceTransformer(config, codebook, prior_maps(config.cells)).to(device)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    optimiser = _optimiser(model, run)
    step, seconds = 0, 0.0
    if resume and state_path.exists():
        step, seconds = _load_state(state_path, model, average, optimiser, run)
        say(f"resumed at step {step}")
    near = _near_codes(model.codebook)
    amp = run.precision == "bf16" or (run.precision == "auto" and _bf16(device))
    began, saved, losses = time.monotonic() - seconds, time.monotonic(), []
    model.train()
    while run.progress(step, seconds) < 1.0:
        rate = run.rate(step, seconds)
        for group in optimiser.param_groups:
            group["lr"] = rate
        losses.append(_step(model, data["train"], run, step, optimiser, near, amp, device))
        step += 1
        decay = min(run.average, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            [average[k] for k, _ in model.named_parameters()],
            [p.detach() for p in model.parameters()],
            1 - decay,
        )
        seconds = time.monotonic() - began
        if step % 50 == 0:
            say(f"step {step}  {seconds:.0f} s  loss {np.mean(losses[-50:]):.3f}  lr {rate:.1e}")
        if time.monotonic() - saved > save_minutes * 60:
            _save(out, model, average, optimiser, run, step, seconds, data, held_out, say)
            saved = time.monotonic()
    _save(out, model, average, optimiser, run, step, seconds, data, held_out, say)
    return out


def _remembered(path: Path, corpus: Path, split: str, tokenizer: Tokenizer, size: int) -> TokenSet:
    """Tokens of a split, kept beside the run so that resuming does not encode again; made anew for
    another tokenizer or other rows.
    """
    digest = hashlib.sha256(
        b"".join(v.cpu().numpy().tobytes() for _, v in sorted(tokenizer.state_dict().items()))
    )
    digest.update(
        (corpus / split / "metadata.jsonl").read_bytes()
        if (corpus / split / "metadata.jsonl").is_file()
        else b""
    )
    if (
        path.exists()
        and (kept := read_tensors(path))
        and bytes(kept["digest"].tolist()) == digest.digest()
    ):
        return TokenSet(kept["tokens"].long(), kept["neutral"].long(), read_rows(corpus, split))
    made = encode_corpus(corpus, split, tokenizer, size=size)
    write_tensors(
        path,
        {
            "tokens": made.tokens.int(),
            "neutral": made.neutral.int(),
            "digest": torch.tensor(list(digest.digest()), dtype=torch.uint8),
        },
    )
    return made


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def _step(
    model: FaceTransformer,
    data: TokenSet,
    run: GeneratorRun,
    step: int,
    optimiser: torch.optim.Optimizer,
    near: Tensor,
    amp: bool,
    device: str,
) -> float:
    g = torch.Generator().manual_seed(run.seed * 1_000_003 + step)
    torch.manual_seed(run.seed * 1_000_003 + step)  # dropout
    grid, rest, clauses, said = _batch(data, run, step, run.batch)
    target, neutral = model.to_cells(grid), model.to_cells(rest)
    said = said & (torch.rand(len(said), 1, generator=g) >= run.text_drop)
    shown = torch.where(torch.rand(target.shape, generator=g) < run.corrupt, neutral, target)
    tokens = mask_tokens(shown, model.mask_id, g, run.all_masked)
    weight = torch.where(tokens == model.mask_id, 1.0, 0.1) * torch.where(
        target != neutral, run.moved_weight, 1.0
    )
    tokens, neutral, clauses, said, target, weight = (
        v.to(device) for v in (tokens, neutral, clauses, said, target, weight)
    )
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=amp):
        logits = model(tokens, neutral, clauses, said)
    loss = generator_loss(logits.float(), target, weight, near, run.soften)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), run.clip)
    optimiser.step()
    return float(loss.detach())


def _optimiser(model: FaceTransformer, run: GeneratorRun) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": run.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=run.lr, betas=(0.9, 0.96), fused=True)


@torch.no_grad()
def measure(
    model: FaceTransformer, data: TokenSet, run: GeneratorRun, *, batches: int = 4
) -> dict[str, float]:
    """Held-out likelihood from nothing known: nats a token, and how often the likeliest code is
    right where the face moved and elsewhere.
    """
    was, totals = model.training, np.zeros(5)
    model.eval()
    for i in range(batches):
        grid, rest, clauses, said = _batch(data, run, -1 - i & 0x7FFFFFFF, 32)
        target, neutral = model.to_cells(grid), model.to_cells(rest)
        log_p = torch.log_softmax(
            model(torch.full_like(target, model.mask_id), neutral, clauses, said), -1
        )
        right, moved = log_p.argmax(-1) == target, target != neutral
        nats = -log_p.gather(2, target[..., None])[..., 0]
        moved_right, still_right = right[moved].float().mean(), right[~moved].float().mean()
        totals += np.array(
            [float(v) for v in (nats.mean(), nats[moved].mean(), moved_right, still_right, 1)]
        )
    model.train(was)
    names = ("nats", "nats_moved", "right_moved", "right_still")
    return {n: float(t / totals[4]) for n, t in zip(names, totals, strict=False)}


def _same(data: TokenSet) -> float:
    return float((data.tokens == data.neutral).float().mean())


def _moments(optimiser: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    for i, (_, state) in enumerate(sorted(optimiser.state_dict()["state"].items())):
        for key, value in state.items():
            yield f"optimiser.{i}.{key}", value


def _held_out_pairs(path: Path) -> list[str]:
    """Pairs of units that the corpus keeps out of training, as it says itself; none if it does
    not.
    """
    try:
        return [str(pair) for pair in json.loads(path.read_text("utf-8"))["held_out_pairs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _save(
    out: Path,
    model: FaceTransformer,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    run: GeneratorRun,
    step: int,
    seconds: float,
    data: dict[str, TokenSet],
    held_out: list[str],
    say: Callable[[str], None],
) -> None:
    own = {k: v.detach().clone() for k, v in model.state_dict().items()}
    state = (
        {f"model.{k}": v for k, v in own.items()}
        | {f"average.{k}": v for k, v in average.items()}
        | dict(_moments(optimiser))
    )
    write_tensors(
        out / "training.safetensors",
        state,
        {"step": str(step), "seconds": repr(seconds), "run": json.dumps(asdict(run))},
    )
    scores: dict[str, float] = {}
    if "valid" in data:
        model.load_state_dict(average)
        scores = measure(model, data["valid"], run)
        model.load_state_dict(own)
        say(f"step {step}  held out: " + "  ".join(f"{k} {v:.3f}" for k, v in scores.items()))
    shown = np.max([to_vector(r["aus"])[0] for r in data["train"].rows], axis=0) > 0
    about = {
        "step": step,
        "seconds": round(seconds),
        "held_out": scores,
        "pictures": len(data["train"].rows),
        "held_out_pairs": held_out,
    }
    config = {
        "model": asdict(model.config),
        "training": asdict(run),
        "result": about,
        "shown": [bool(s) for s in shown],
    }
    write_folder(out, config, average)
    with out.joinpath("log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(about) + "\n")


def _load_state(
    path: Path,
    model: FaceTransformer,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    run: GeneratorRun,
) -> tuple[int, float]:
    from safetensors import safe_open

    state = read_tensors(path)
    with safe_open(path, "pt") as file:
        meta = file.metadata()
    before = json.loads(meta["run"])
    now = asdict(run)
    if changed := [k for k in now if k not in ("steps", "minutes") and now[k] != before.get(k)]:
        raise AUFaceGenError(
            f"{path}: was begun with another {', '.join(changed)}; resume with the same settings"
        )
    restore(model, {k[6:]: v for k, v in state.items() if k.startswith("model.")}, path)
    for k in average:
        average[k] = state[f"average.{k}"]
    packed = optimiser.state_dict()
    count = sum(len(g["params"]) for g in packed["param_groups"])
    packed["state"] = {
        i: {k.split(".", 2)[2]: v for k, v in state.items() if k.startswith(f"optimiser.{i}.")}
        for i in range(count)
    }
    optimiser.load_state_dict(packed)
    return int(meta["step"]), float(meta["seconds"])


def main(argv: list[str] | None = None) -> int:
    """Command line of this module; 0 done, 2 wrong input."""
    parser = argparse.ArgumentParser(
        prog="python -m auface_gen.generator.train",
        description="Train the face generator on a corpus.",
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=6e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        run = GeneratorRun(
            steps=args.steps, minutes=args.minutes, batch=args.batch, lr=args.lr, seed=args.seed
        )
        train_generator(
            args.corpus,
            args.out,
            tokenizer=args.tokenizer,
            run=run,
            resume=args.resume,
            device=args.device,
        )
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
