"""Measure tokenizers on pictures.

    python -m vq_tokenizer.training.evaluate IMAGES --tokenizer DIR

Each tokenizer encodes and decodes the same pictures; its line holds the means of PSNR and SSIM, how
the tokens of all pictures use the codebook, and pictures a second through encoder and decoder.
--sheet writes originals with each tokenizer's reconstructions below, --json the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vq_tokenizer._device import usable_device
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.checkpoint import load_checkpoint, write_text
from vq_tokenizer.tokenizer.model import Tokenizer
from vq_tokenizer.training.data import ImageArray, find_images, load_images
from vq_tokenizer.training.measure import TokenUse, psnr, ssim, token_use
from vq_tokenizer.training.sheet import write_sheet

__all__ = ["Evaluation", "evaluate", "main"]


@dataclass(frozen=True)
class Evaluation:
    """Figures of one tokenizer on one set of pictures.

    psnr, ssim: of each picture (M,), in dB and at most 1. use: of the codebook, by the tokens of
    all of them. rate: pictures a second. originals, restored: the first ones shown, (n, 3, S, S).
    """

    psnr: Tensor
    ssim: Tensor
    use: TokenUse
    rate: float
    originals: Tensor
    restored: Tensor

    def figures(self) -> dict[str, float]:
        """What a log or a JSON file keeps; psnr_p5 is what 5% of the pictures do not reach."""
        return {
            "pictures": len(self.psnr),
            "psnr": round(float(self.psnr.double().mean()), 4),
            "psnr_p5": round(float(self.psnr.double().quantile(0.05)), 4),
            "ssim": round(float(self.ssim.double().mean()), 5),
            "usage": round(self.use.usage, 5),
            "perplexity": round(self.use.perplexity, 2),
            "dead": self.use.dead,
            "pictures_per_second": round(self.rate, 2),
        }


def spread(count: int, limit: int | None) -> Tensor:
    """Up to limit places out of count, evenly spaced, in order; int64."""
    wanted = count if limit is None else min(limit, count)
    return torch.linspace(0, count - 1, wanted, dtype=torch.float64).round().long()


@torch.no_grad()
def evaluate(
    model: Tokenizer,
    images: ImageArray,
    *,
    limit: int | None = None,
    batch: int = 16,
    show: int = 8,
) -> Evaluation:
    """Encode and decode up to limit pictures, evenly spaced over images, on the model's device.

    The model's mode is left as it is; nothing of it moves. Raises VQTokenizerError when the
    pictures' size is not one that the model takes.
    """
    device = next(model.parameters()).device
    values, likeness, tokens, restored = [], [], [], []
    picked = spread(len(images), limit)
    seconds = 0.0
    shown = spread(len(picked), show)
    for part in picked.split(batch):
        pixels = images.batch(part).to(device)
        began = time.perf_counter()
        codes = model.encode(pixels)
        again = model.decode(codes).float()
        tokens.append(codes.cpu())  # waits for the device
        seconds += time.perf_counter() - began
        values.append(psnr(again, pixels).cpu())
        likeness.append(ssim(again, pixels).cpu())
        restored.append(again.cpu())
    return Evaluation(
        torch.cat(values),
        torch.cat(likeness),
        token_use(torch.cat(tokens), model.quantizer.num_codes),
        len(picked) / max(seconds, 1e-9),
        images.batch(picked[shown]),
        torch.cat(restored)[shown],
    )


def machine() -> dict[str, Any]:
    """Where figures were taken."""
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def described(folder: Path) -> dict[str, Any]:
    """Name, model and training of a checkpoint folder."""
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    about = {"name": folder.resolve().name, "model": values["model"]}
    return about | {"train": values.get("train", {})}


def _line(name: str, figures: dict[str, float]) -> str:
    return (
        f"{name}: psnr {figures['psnr']:.2f} dB  ssim {figures['ssim']:.4f}  "
        f"usage {figures['usage']:.1%}  perplexity {figures['perplexity']:.0f}  "
        f"dead {figures['dead']}  {figures['pictures_per_second']:.1f} pictures/s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vq_tokenizer.training.evaluate",
        description="Measure tokenizers on pictures.",
    )
    parser.add_argument("images", help="folder of pictures or tar shards, split or not")
    parser.add_argument("--tokenizer", required=True, type=Path, help="folder of a checkpoint")
    parser.add_argument(
        "--other", type=Path, action="append", default=[], help="another one; may be given again"
    )
    parser.add_argument("--split", default="test", help="where there are splits (default test)")
    parser.add_argument("--size", type=int, default=128, help="side in pixels (default 128)")
    parser.add_argument("--limit", type=int, help="at most so many pictures, evenly spaced")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--sheet", type=Path, help="PNG of originals above reconstructions")
    parser.add_argument("--show", type=int, default=8, help="pictures on the sheet (default 8)")
    parser.add_argument("--zoom", type=int, default=2, help="enlargement of the sheet (default 2)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    return parser


def _run(given: argparse.Namespace) -> None:
    folders = [given.tokenizer, *given.other]
    device = usable_device(given.device)
    models = [load_checkpoint(folder, device=device) for folder in folders]
    for name in ("size", "limit", "batch", "show", "zoom"):
        if getattr(given, name) is not None and getattr(given, name) < 1:
            raise VQTokenizerError(
                f"evaluate: --{name} must be positive, got {given.__dict__[name]}"
            )
    for model in models:
        model.grid(given.size, given.size)
    images = load_images(find_images(given.images, given.split), given.size)
    results: list[dict[str, Any]] = []
    rows: list[Tensor] = []
    for folder, model in zip(folders, models, strict=True):
        found = evaluate(model, images, limit=given.limit, batch=given.batch, show=given.show)
        results.append(described(folder) | found.figures())
        rows += [found.restored] if rows else [found.originals, found.restored]
        sys.stdout.write(_line(os.fspath(folder), found.figures()) + "\n")
    if given.sheet:
        write_sheet(given.sheet, rows, zoom=given.zoom)
    if given.json:
        about = {"size": given.size, "split": given.split, "machine": machine()}
        given.json.parent.mkdir(parents=True, exist_ok=True)
        write_text(given.json, json.dumps(about | {"results": results}, indent=2) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit status 0 done, 2 when the call or its input was wrong."""
    given = _parser().parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        _run(given)
    except VQTokenizerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
