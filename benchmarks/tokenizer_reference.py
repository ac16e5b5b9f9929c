"""What a reference is worth to a tokenizer, on people it was not trained on.

    python benchmarks/tokenizer_reference.py CORPUS --tokenizer DIR [--other DIR] [--sheets FOLDER]

Each DIR is a run of `auface train tokenizer`. The arms of one comparison have the same trunk, steps
and tokens: a run as it is, and one with `--set without=1`, whose reference is always taken away.
Over the test split, pictures at rest left out: PSNR and SSIM of the whole picture, of the pixels
that moved, of eyes and of lips (boxes around the rows' landmarks); the same of copying the
reference; the share of tokens that say nothing, and the perplexity of the others. All of it again
under `from_another`, where the reference is another picture of the person.
--sheets writes, for units that are hard to draw, references, truth and each DIR; and with
scikit-image or --photograph the tokens of renders decoded on a photograph, moved so that its eyes
(--photograph-eyes, pixels) lie where the renders' do. Nothing was trained for that.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.corpus.change_pairs import REGIONS, change_pairs, side_of
from vq_tokenizer import Tokenizer, VQTokenizerError, load_checkpoint
from vq_tokenizer.tokenizer.checkpoint import write_text
from vq_tokenizer.training.batches import Batch, collate
from vq_tokenizer.training.evaluate import MOVED, described, machine, spread
from vq_tokenizer.training.measure import psnr_where, ssim_map, token_use
from vq_tokenizer.training.pictures import FilePictures, Listed, list_pictures
from vq_tokenizer.training.sheet import write_sheet

ASTRONAUT = (203.6, 100.6, 248.0, 103.2)  # eyes of scikit-image's astronaut: x, y, x, y
HARD = (("12", "25"), ("10", "25"), ("27",), ("26",), ("43",), ("19",), ("9",), ("1", "2"), ("4",))


def places(pictures: FilePictures, part: list[int], batch: Batch) -> dict[str, Tensor]:
    """Which pixels of each picture (B, S, S) each figure is over."""
    assert batch.references is not None
    moved = (batch.images - batch.references).abs().amax(1) > MOVED
    found = {"all": torch.ones_like(moved), "moved": moved}
    side = moved.shape[-1]
    inside = {"eyes": torch.zeros_like(moved), "lips": torch.zeros_like(moved)}
    for at, index in enumerate(part):
        boxes = pictures.boxes(index)
        for name, box in zip(REGIONS, boxes if boxes is not None else (), strict=False):
            top, left, bottom, right = (round(float(v) * side) for v in box)
            kind = "lips" if name == "lips" else "eyes"
            inside[kind][at, top:bottom, left:right] = True
    return found | inside


def scores(output: Tensor, batch: Batch, where: dict[str, Tensor]) -> dict[str, Tensor]:
    """PSNR and SSIM (B,) of each place."""
    seen = ssim_map(output, batch.images)
    found = {}
    for name, mask in where.items():
        found[f"psnr_{name}"] = psnr_where(output, batch.images, mask)
        cut = mask[:, 5:-5, 5:-5]
        found[f"ssim_{name}"] = (seen * cut).sum((1, 2)) / cut.sum((1, 2))
    return found


@torch.no_grad()
def draw(model: Tokenizer, batch: Batch, alone: bool) -> tuple[Tensor, Tensor]:
    """Tokens and pictures of a batch, with its references unless the run had none."""
    given = batch.references if model.config.reference and not alone else None
    tokens = model.encode(batch.images, given)
    return tokens, model.decode(tokens, given)


def measured(pictures: FilePictures, limit: int | None) -> list[int]:
    """Pictures that are not their own reference, evenly spaced."""
    moving = [i for i in range(len(pictures)) if pictures.reference(i) != i]
    return [moving[i] for i in spread(len(moving), limit).tolist()]


def measure(
    models: dict[str, tuple[Tokenizer, bool]],
    pictures: FilePictures,
    chosen: list[int],
    *,
    another: bool = False,
) -> dict[str, dict[str, float]]:
    """Figures of each model and of copying the reference, their own or another picture with it."""
    values: dict[str, dict[str, list[Tensor]]] = {name: {} for name in ("copy", *models)}
    said: dict[str, list[Tensor]] = {name: [] for name in models}
    for first in range(0, len(chosen), 8):
        part = chosen[first : first + 8]
        batch = collate([pictures.sample(i, i if another else None) for i in part])
        where = places(pictures, part, batch)
        assert batch.references is not None
        drawn = {"copy": batch.references}
        for name, (model, alone) in models.items():
            tokens, drawn[name] = draw(model, batch, alone)
            said[name].append(tokens)
        for name, output in drawn.items():
            for key, value in scores(output, batch, where).items():
                values[name].setdefault(key, []).append(value.double())
    found = {
        name: {key: round(float(torch.cat(v).nanmean()), 4) for key, v in one.items()}
        for name, one in values.items()
    }
    for name, (model, alone) in models.items():
        tokens = torch.cat(said[name])
        if model.config.reference and not alone:
            quiet = tokens == model.still_token
            found[name]["still"] = round(float(quiet.float().mean()), 4)
            tokens = tokens[~quiet]
        use = token_use(tokens, model.num_codes)
        found[name] |= {"perplexity": round(use.perplexity, 1), "usage": round(use.usage, 4)}
    return found


def hard_ones(rows: list[Listed], chosen: list[int]) -> list[int]:
    """For each set of units in HARD the picture that shows them most strongly, once each."""
    found: list[int] = []
    for units in HARD:
        strength = {
            i: min(max(rows[i].row["aus"].get(f"AU{u}", {"": 0.0}).values()) for u in units)
            for i in chosen
            if i not in found
        }
        found.append(max(strength, key=lambda i: strength[i]))
    return found


def photograph(
    file: Path | None, eyes: tuple[float, ...], rows: list[Listed], side: int
) -> Tensor | None:
    """(3, side, side): the photograph turned, scaled and shifted so that its eyes lie where the
    rows' do on average; None where the rows do not say where."""
    if any("landmarks" not in one.row for one in rows):
        return None
    if file is None:
        from skimage import data

        picture = Image.fromarray(data.astronaut())
    else:
        picture = Image.open(file).convert("RGB")
    points = np.array([one.row["landmarks"] for one in rows], dtype=np.float64).mean(0)
    points *= side / side_of(rows[0])
    goal = [complex(*points[first : first + 6].mean(0)) for first in (36, 42)]
    have = complex(eyes[0], eyes[1]), complex(eyes[2], eyes[3])
    turn = (have[1] - have[0]) / (goal[1] - goal[0])  # from the crop to the photograph
    shift = have[0] - turn * goal[0]
    matrix = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    crop = picture.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(crop)).permute(2, 0, 1).float() / 255


def write_sheets(
    folder: Path,
    models: dict[str, tuple[Tokenizer, bool]],
    pictures: FilePictures,
    shown: list[int],
    face: Tensor | None,
) -> None:
    """Faces, eyes and lips of hard units; the photograph."""
    batch = collate([pictures.sample(i) for i in shown])
    assert batch.references is not None
    rows = [batch.references, batch.images]
    rows += [draw(model, batch, alone)[1] for model, alone in models.values()]
    write_sheet(folder / "tokenizer_reference.png", rows, zoom=1, columns=len(shown))
    for name in ("eyes", "lips"):
        cuts = [
            torch.stack([cut(row[i], pictures, n, name) for i, n in enumerate(shown)])
            for row in rows
        ]
        write_sheet(folder / f"tokenizer_reference_{name}.png", cuts, zoom=2, columns=len(shown))
    if face is None:
        return
    for name, (model, alone) in models.items():
        if not model.config.reference or alone:
            continue
        tokens, own = draw(model, batch, alone)
        with torch.no_grad():
            moved = model.decode(tokens, face[None])
        sheet = folder / f"tokenizer_photograph_{name}.png"
        copied = face.expand_as(batch.images)
        write_sheet(sheet, [batch.images, own, copied, moved], zoom=1, columns=len(shown))


def cut(picture: Tensor, pictures: FilePictures, index: int, name: str) -> Tensor:
    """The eyes, or the lips, of a picture (3, S, S): a third of its height, all of its width."""
    boxes = pictures.boxes(index)
    side = picture.shape[-1]
    middle = 0.4 if name == "eyes" else 0.75
    if boxes is not None:
        of = boxes[2:] if name == "lips" else boxes[:2]
        middle = float((of[:, 0] + of[:, 2]).mean() / 2)
    top = min(max(round((middle - 1 / 6) * side), 0), side - side // 3)
    return picture[:, top : top + side // 3]


def main() -> None:
    """Measure, print, and write benchmarks/results/tokenizer_reference.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--other", type=Path, action="append", default=[])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, help="at most so many pictures, evenly spaced")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sheets", type=Path, help="folder for sheets")
    parser.add_argument("--photograph", type=Path, help="in place of scikit-image's astronaut")
    parser.add_argument("--photograph-eyes", type=float, nargs=4, default=ASTRONAUT)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "tokenizer_reference.json"
    )
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    pictures = change_pairs(args.corpus, args.split, args.size)
    rows = list(list_pictures(args.corpus, args.split))
    chosen = measured(pictures, args.limit)
    if not chosen:
        raise VQTokenizerError(f"{args.corpus}: no picture has another one as its reference")
    models, results = {}, []
    for folder in (args.tokenizer, *args.other):
        about = described(folder)
        models[about["name"]] = (load_checkpoint(folder), about["train"].get("without") == 1.0)
        results.append(about)
    found = measure(models, pictures, chosen)
    print(f"{len(chosen)} pictures")
    moving = measure(models, pictures, chosen, another=True)
    for name, figures in found.items():
        print(name, json.dumps(figures))
        print(name, "from another", json.dumps(moving[name]))
    for about in results:
        model = models[about["name"]][0]
        about["parameters"] = sum(p.numel() for p in model.parameters())
        about["hours"] = round(about["train"].get("seconds", 0.0) / 3600, 3)
        about |= found[about["name"]]
        about["from_another"] = moving[about["name"]]
    if args.sheets:
        face = photograph(args.photograph, args.photograph_eyes, rows, args.size)
        write_sheets(args.sheets, models, pictures, hard_ones(rows, chosen), face)
    report: dict[str, Any] = {
        "pictures": len(chosen),
        "people": len({one.row.get("subject") for one in rows}),
        "size": args.size,
        "moved": MOVED,
        "machine": machine(),
        "copy": found["copy"] | {"from_another": moving["copy"]},
        "results": results,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_text(args.out, json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
