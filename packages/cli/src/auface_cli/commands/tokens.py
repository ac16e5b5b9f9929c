"""auface tokens: pictures to codebook indices and back.

The file: safetensors with `tokens`, int32 (N, h, w), and in its metadata `names` (JSON list of N
file names), `model` (first 12 hexadecimal digits of the sha256 of the tokenizer's weights) and, for
tokens that say what changed from a reference picture, `reference` (that picture's file name). Any
other picture of that size may take its place when they are decoded.
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


def _picture(path: Path) -> Any:
    """A picture as (1, 3, H, W) in [0, 1]."""
    import numpy as np
    import torch
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            pixels = np.array(file.convert("RGB"))
    except UnidentifiedImageError:
        raise click.UsageError(f"{path}: not a picture that can be read") from None
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255.0


_reference = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="The picture that tokens are changes of, for a tokenizer that has one.",
)


@command.command("encode")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A .safetensors file.")
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a tokenizer.")
@_reference
def encode(images: tuple[Path, ...], out: Path, model: Path | None, reference: Path | None) -> None:
    """Write the tokens of pictures (all of one size) to a file."""
    tokenizer, digest = _load(model)
    import torch
    from safetensors.torch import save_file

    beside = None if reference is None else _picture(reference)
    grids = []
    for path in images:
        with torch.inference_mode():
            grids.append(tokenizer.encode(_picture(path), beside)[0].to(torch.int32))
    if len({tuple(grid.shape) for grid in grids}) > 1:
        raise click.UsageError("the pictures must all have one size")
    about = {"names": json.dumps([path.name for path in images]), "model": digest}
    if reference is not None:
        about["reference"] = reference.name
    part = out.with_name(out.name + ".part")
    save_file({"tokens": torch.stack(grids)}, part, about)
    os.replace(part, out)
    click.echo(f"{out}: {len(grids)} grids of {tuple(grids[0].shape)}")


@command.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder.")
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a tokenizer.")
@_reference
def decode(file: Path, out: Path, model: Path | None, reference: Path | None) -> None:
    """Draw the pictures of a file of tokens."""
    tokenizer, digest = _load(model)
    import torch
    from PIL import Image

    tokens, names, about = _stored(file)
    if about.get("model") not in (None, digest):
        raise click.UsageError(
            f"{file}: was written with another tokenizer ({about['model']}, not {digest})"
        )
    if reference is None and "reference" in about:
        raise click.UsageError(
            f"{file}: says what changed from {about['reference']}; give it, or another picture of "
            "its size, as --reference"
        )
    beside = None if reference is None else tokenizer.features(_picture(reference))
    out.mkdir(parents=True, exist_ok=True)
    for k, grid in enumerate(tokens):
        with torch.inference_mode():
            image = tokenizer.decode(grid[None], beside)[0].clamp(0, 1)
        pixels = (image * 255 + 0.5).byte().permute(1, 2, 0).cpu().numpy()
        name = Path(str(names[k])).stem if k < len(names) else f"{k:06d}"
        path = out / f"{name}.png"
        Image.fromarray(pixels).save(path)
        click.echo(str(path))


def _stored(file: Path) -> tuple[Any, list[Any], dict[str, str]]:
    """Tokens (N, h, w), the names of their pictures, and what else the file says."""
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
    return tokens, names, about
