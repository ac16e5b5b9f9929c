"""auface tokens: pictures to codebook indices and back.

The file: safetensors with `tokens`, int32 (N, h, w), and in its metadata `names` (JSON list of N
file names) and `model` (first 12 hexadecimal digits of the sha256 of the tokenizer's weights).
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import click

__all__ = ["command"]


@click.group("tokens")
def command() -> None:
    """Pictures to codebook indices and back."""


def _load(model: Path | None) -> tuple[Any, str]:
    """The tokenizer, the shipped one unless told, and its digest."""
    from vq_tokenizer import load_checkpoint

    if model is None:
        from auface_gen.generator.checkpoint import weights_folder

        model = weights_folder("tokenizer")
    tokenizer = load_checkpoint(model)
    digest = hashlib.sha256((Path(model) / "model.safetensors").read_bytes()).hexdigest()[:12]
    return tokenizer, digest


@command.command("encode")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A .safetensors file.")
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a tokenizer.")
def encode(images: tuple[Path, ...], out: Path, model: Path | None) -> None:
    """Write the tokens of pictures (all of one size) to a file."""
    tokenizer, digest = _load(model)
    import numpy as np
    import torch
    from PIL import Image, UnidentifiedImageError
    from safetensors.torch import save_file

    grids = []
    for path in images:
        try:
            with Image.open(path) as file:
                pixels = np.array(file.convert("RGB"))
        except UnidentifiedImageError:
            raise click.UsageError(f"{path}: not a picture that can be read") from None
        batch = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255.0
        with torch.inference_mode():
            grids.append(tokenizer.encode(batch)[0].to(torch.int32))
    if len({tuple(grid.shape) for grid in grids}) > 1:
        raise click.UsageError("the pictures must all have one size")
    beside = out.with_name(out.name + ".part")
    names = json.dumps([path.name for path in images])
    save_file({"tokens": torch.stack(grids)}, beside, {"names": names, "model": digest})
    os.replace(beside, out)
    click.echo(f"{out}: {len(grids)} grids of {tuple(grids[0].shape)}")


@command.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder.")
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a tokenizer.")
def decode(file: Path, out: Path, model: Path | None) -> None:
    """Draw the pictures of a file of tokens."""
    tokenizer, digest = _load(model)
    import torch
    from PIL import Image
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as stored:
            tokens = stored.get_tensor("tokens").long()
            about = stored.metadata() or {}
        names = json.loads(about.get("names", "[]"))
    except (SafetensorError, ValueError) as error:
        raise click.UsageError(f"{file}: not a file of tokens ({error})") from None
    if tokens.ndim != 3 or not isinstance(names, list):
        raise click.UsageError(f"{file}: tokens are {tuple(tokens.shape)}, wanted (N, h, w)")
    if about.get("model") not in (None, digest):
        raise click.UsageError(
            f"{file}: was written with another tokenizer ({about['model']}, not {digest})"
        )
    out.mkdir(parents=True, exist_ok=True)
    for k, grid in enumerate(tokens):
        with torch.inference_mode():
            image = tokenizer.decode(grid[None])[0].clamp(0, 1)
        pixels = (image * 255 + 0.5).byte().permute(1, 2, 0).cpu().numpy()
        name = Path(str(names[k])).stem if k < len(names) else f"{k:06d}"
        path = out / f"{name}.png"
        Image.fromarray(pixels).save(path)
        click.echo(str(path))
