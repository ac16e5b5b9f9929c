"""Measure a tokenizer on pictures: PSNR, SSIM, how its tokens use the codebook, pictures a second.

With references also: PSNR over the pixels that differ from them, what copying the reference would
give, and the share of tokens that say "nothing". Shapes: M pictures, S side in pixels.
"""

from __future__ import annotations

import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.model import Tokenizer
from vq_tokenizer.training.batches import collate
from vq_tokenizer.training.measure import TokenUse, psnr, psnr_where, ssim, token_use
from vq_tokenizer.training.pictures import Pictures

__all__ = ["MOVED", "Evaluation", "described", "evaluate", "machine", "spread"]

MOVED = 0.06  # a pixel moved where a channel differs from the reference by more


@dataclass(frozen=True)
class Evaluation:
    """Figures of one tokenizer on one set of pictures.

    psnr, ssim: of each picture (M,), in dB and at most 1. use: of the codebook, by the tokens of
    all of them; with a reference by those that say something. rate: pictures a second.
    moved, copied, copied_moved: PSNR (M,) over moved pixels, of the reference itself, and of it
    over moved pixels. still: share of tokens that say nothing. A picture in which nothing moved has
    NaN for all of these, and counts in no mean.
    shown: rows of pictures for a sheet, each (n, 3, S, S): references, originals, restored.
    """

    psnr: Tensor
    ssim: Tensor
    use: TokenUse
    rate: float
    shown: list[Tensor]
    moved: Tensor | None = None
    copied: Tensor | None = None
    copied_moved: Tensor | None = None
    still: float | None = None

    def figures(self) -> dict[str, float]:
        """What a log or a JSON file keeps; psnr_p5 is what 5% of the pictures do not reach."""
        found = {
            "pictures": len(self.psnr),
            "psnr": round(float(self.psnr.double().nanmean()), 4),
            "psnr_p5": round(float(self.psnr.double().nanquantile(0.05)), 4),
            "ssim": round(float(self.ssim.double().nanmean()), 5),
            "usage": round(self.use.usage, 5),
            "perplexity": round(self.use.perplexity, 2),
            "dead": self.use.dead,
            "pictures_per_second": round(self.rate, 2),
        }
        for name in ("moved", "copied", "copied_moved"):
            values = getattr(self, name)
            if values is not None:
                found[f"psnr_{name}"] = round(float(values.double().nanmean()), 4)
        if self.still is not None:
            found["still"] = round(self.still, 4)
        return found


def spread(count: int, limit: int | None) -> Tensor:
    """Up to limit places out of count, evenly spaced, in order; int64."""
    wanted = count if limit is None else min(limit, count)
    return torch.linspace(0, count - 1, wanted, dtype=torch.float64).round().long()


@torch.no_grad()
def evaluate(
    model: Tokenizer,
    pictures: Pictures,
    *,
    limit: int | None = None,
    batch: int = 16,
    show: int = 8,
) -> Evaluation:
    """Encode and decode up to limit pictures, evenly spaced, on the model's device.

    The model's mode is left as it is; nothing of it moves. Raises VQTokenizerError when the
    pictures' size is not one that the model takes, or it wants references and they have none.
    """
    device = next(model.parameters()).device
    picked = spread(len(pictures), limit)
    shown = set(picked[spread(len(picked), show)].tolist())
    rows: dict[str, list[Tensor]] = {"references": [], "originals": [], "restored": []}
    values: dict[str, list[Tensor]] = {}
    tokens, seconds = [], 0.0
    for part in picked.split(batch):
        held = collate([pictures.sample(i) for i in part.tolist()]).to(device)
        references = held.references if model.config.reference else None
        if model.config.reference and references is None:
            raise VQTokenizerError("evaluate: this tokenizer wants pictures with references")
        began = time.perf_counter()
        codes = model.encode(held.images, references)
        again = model.decode(codes, references).float()
        tokens.append(codes.cpu())  # waits for the device
        seconds += time.perf_counter() - began
        found = {"psnr": psnr(again, held.images), "ssim": ssim(again, held.images)}
        if references is not None:
            found = _against(found, again, held.images, references)
        for name, value in found.items():
            values.setdefault(name, []).append(value.cpu())
        for at, index in enumerate(part.tolist()):
            if index in shown:
                if references is not None:
                    rows["references"].append(references[at].cpu())
                rows["originals"].append(held.images[at].cpu())
                rows["restored"].append(again[at].cpu())
    every = torch.cat(tokens)
    still = None
    if model.config.reference:
        loud = every != model.still_token
        still = 1 - float(loud.float().mean())
        every = every[loud] if bool(loud.any()) else every
    return Evaluation(
        use=token_use(every, model.num_codes),
        rate=len(picked) / max(seconds, 1e-9),
        shown=[torch.stack(row) for row in rows.values() if row],
        still=still,
        **{name: torch.cat(value) for name, value in values.items()},
    )


def _against(
    found: dict[str, Tensor], restored: Tensor, images: Tensor, references: Tensor
) -> dict[str, Tensor]:
    """With PSNR over what moved, and what the references themselves would have."""
    moved = (images - references).abs().amax(1) > MOVED
    found = found | {
        "moved": psnr_where(restored, images, moved),
        "copied": psnr(references, images),
        "copied_moved": psnr_where(references, images, moved),
    }
    nothing = ~moved.flatten(1).any(1)
    return {name: value.masked_fill(nothing, float("nan")) for name, value in found.items()}


def machine() -> dict[str, Any]:
    """Describe the machine that figures were taken on."""
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
