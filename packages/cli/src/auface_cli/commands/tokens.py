"""auface tokens: pictures to codebook indices and back.

The file: safetensors with `tokens`, int32 (N, h, w), and in its metadata `names` (JSON list of N
file names), `model` (first 12 hexadecimal digits of the sha256 of the tokenizer's weights) and, for
tokens that say what changed from a reference picture, `reference` (that picture's file name). Any
other picture of that size may take its place when they are decoded.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

import click

from facs_text.files import whole

__all__ = ["command"]

_MOST_PIXELS = 1 << 24  # of a picture; its decoder takes a kilobyte for each


@click.group("tokens")
def command() -> None:
    """Turn pictures into codebook indices and back."""


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

    from vq_tokenizer.pictures import read_rgb

    pixels = np.array(read_rgb(path))
    if pixels.shape[0] * pixels.shape[1] > _MOST_PIXELS:
        raise click.UsageError(f"{path}: more than {_MOST_PIXELS:,} pixels; make it smaller")
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255.0


_reference = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="Name the picture that tokens are changes of, for a tokenizer that has one.",
)


@command.command("encode")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Write this .safetensors file."
)
@click.option("--model", type=click.Path(path_type=Path), help="Use the tokenizer in this folder.")
@_reference
def encode(images: tuple[Path, ...], out: Path, model: Path | None, reference: Path | None) -> None:
    """Write the tokens of pictures (all of one size) to a file."""
    tokenizer, digest = _load(model)
    import torch
    from safetensors.torch import save

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
    data = save({"tokens": torch.stack(grids)}, about)
    with whole(out) as place:
        place.write_bytes(data)
    click.echo(f"{out}: {len(grids)} grids of {tuple(grids[0].shape)}")


@command.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Write into this folder."
)
@click.option("--model", type=click.Path(path_type=Path), help="Use the tokenizer in this folder.")
@_reference
def decode(file: Path, out: Path, model: Path | None, reference: Path | None) -> None:
    """Draw the pictures of a file of tokens."""
    tokenizer, digest = _load(model)
    import torch
    from PIL import Image

    tokens, about = _read(file, tokenizer)
    if about.get("model") not in (None, digest):
        raise click.UsageError(
            f"{file}: was written with another tokenizer ({about['model']}, not {digest})"
        )
    if reference is None and "reference" in about:
        raise click.UsageError(
            f"{file}: says what changed from {about['reference']}; give it, or another picture of "
            "its size, as --reference"
        )
    features = None if reference is None else tokenizer.features(_picture(reference))
    names = _file_names(file, about.get("names", "[]"), len(tokens))
    out.mkdir(parents=True, exist_ok=True)
    for name, grid in zip(names, tokens, strict=True):
        with torch.inference_mode():
            image = tokenizer.decode(grid[None], features)[0].clamp(0, 1)
        pixels = (image * 255 + 0.5).byte().permute(1, 2, 0).cpu().numpy()
        path = out / f"{name}.png"
        with whole(path) as beside:
            Image.fromarray(pixels).save(beside, format="PNG")
        click.echo(str(path))


def _read(file: Path, tokenizer: Any) -> tuple[Any, dict[str, str]]:
    """(tokens (N, h, w), metadata), once they can be of this tokenizer."""
    from vq_tokenizer.tokenizer.checkpoint import read_tensors

    tensors, about = read_tensors(file)
    tokens = tensors.get("tokens")
    if tokens is None or tokens.ndim != 3 or min(tokens.shape) < 1:
        found = "missing" if tokens is None else tuple(tokens.shape)
        raise click.UsageError(f"{file}: tokens are {found}, wanted (N, h, w)")
    if tokens.is_floating_point() or tokens.is_complex():
        raise click.UsageError(f"{file}: tokens are {tokens.dtype}, wanted whole numbers")
    if tokens.shape[1] * tokens.shape[2] * tokenizer.config.factor**2 > _MOST_PIXELS:
        raise click.UsageError(
            f"{file}: grids of {tuple(tokens.shape[1:])} are more than {_MOST_PIXELS:,} pixels each"
        )
    tokens = tokens.long()
    low, high, last = int(tokens.min()), int(tokens.max()), tokenizer.num_codes - 1
    if low < 0 or high > last:
        raise click.UsageError(f"{file}: tokens are {low} to {high}, this tokenizer's 0 to {last}")
    return tokens, about


def _file_names(file: Path, said: str, count: int) -> list[str]:
    """A name without its ending for each grid: what the file says, else its number.

    Folders in a name are left out, and where two are alike, the later ends in its number.
    """
    try:
        names = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{file}: its names are no JSON: {error}") from None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise click.UsageError(f"{file}: its names are no list of names")
    found: dict[str, None] = {}
    for k in range(count):
        stem = f"{k:06d}"
        if k < len(names):
            stem = PurePosixPath(names[k].replace("\\", "/")).stem
            if stem in ("", ".", "..") or not stem.isprintable() or len(stem.encode()) > 200:
                raise click.UsageError(f"{file}: {names[k][:80]!r} can be no picture's name")
        while stem in found:
            stem = f"{stem}-{k:06d}"
        found[stem] = None
    return list(found)
