"""Tokenizers on the rig's corpus: what held-out people look like after encoding and decoding.

    python benchmarks/tokenizer_rig.py CORPUS --tokenizer DIR [--other DIR] [--sheets FOLDER]

Over every picture of the test split: PSNR and SSIM of the whole picture; PSNR of the eyes and of
the lips; PSNR of the means of 8 x 8 pixels, which is colour and shading without detail; how the
tokens use the codebook; pictures a second. With --sheets, three PNGs of originals above each
tokenizer's reconstructions: faces at twice the size, eyes and lips at four times.
The boxes of eyes and lips are shares of the picture's side: top, left, bottom, right.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from facs_text import corpus
from vq_tokenizer import Tokenizer, load_checkpoint
from vq_tokenizer.tokenizer.checkpoint import write_text
from vq_tokenizer.training.batches import collate
from vq_tokenizer.training.evaluate import described, evaluate, machine, spread
from vq_tokenizer.training.pictures import Pictures, find_pictures
from vq_tokenizer.training.sheet import write_sheet

Box = tuple[float, ...]


def box(text: str) -> Box:
    """Four shares, separated by commas."""
    values = tuple(float(part) for part in text.split(","))
    if len(values) != 4 or not (0 <= values[0] < values[2] <= 1 >= values[3] > values[1] >= 0):
        raise argparse.ArgumentTypeError("wanted top,left,bottom,right between 0 and 1")
    return values


def cut(pictures: Tensor, where: Box) -> Tensor:
    """The part of pictures (M, 3, S, S) inside a box."""
    side = pictures.shape[-1]
    top, left, bottom, right = (round(v * side) for v in where)
    return pictures[:, :, top:bottom, left:right]


def decibels(error: Tensor) -> float:
    """Mean over pictures of -10 log10 of the mean square of error (M, 3, H, W)."""
    square = error.double().square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return round(float((-10 * square.log10()).mean()), 3)


@torch.no_grad()
def regions(model: Tokenizer, images: Pictures, boxes: dict[str, Box]) -> dict[str, float]:
    """PSNR in each box, and of colour, over all pictures."""
    errors = []
    for part in torch.arange(len(images)).split(16):
        pictures = collate([images.sample(i) for i in part.tolist()]).images
        errors.append(model.decode(model.encode(pictures)) - pictures)
    error = torch.cat(errors)
    found = {f"psnr_{name}": decibels(cut(error, where)) for name, where in boxes.items()}
    return found | {"psnr_colour": decibels(F.avg_pool2d(error, 8))}


def main() -> None:
    """Measure, print, and write benchmarks/results/tokenizer_rig.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--other", type=Path, action="append", default=[])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--limit", type=int, help="at most so many pictures, evenly spaced")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--eyes", type=box, default=(0.22, 0.12, 0.44, 0.88))
    parser.add_argument("--lips", type=box, default=(0.59, 0.28, 0.91, 0.72))
    parser.add_argument("--sheets", type=Path, help="folder for the three sheets")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "tokenizer_rig.json"
    )
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    people = len({row.subject for row in corpus.read(args.corpus, "test")})
    images = find_pictures(args.corpus, args.size, split="test")
    shown = collate([images.sample(i) for i in spread(len(images), 8).tolist()]).images
    boxes = {"eyes": args.eyes, "lips": args.lips}
    rows, results = [shown], []
    for folder in (args.tokenizer, *args.other):
        model = load_checkpoint(folder)
        figures = evaluate(model, images, limit=args.limit).figures() | regions(
            model, images, boxes
        )
        about = described(folder)
        about["parameters"] = sum(p.numel() for p in model.parameters())
        about["hours"] = round(about["train"].get("seconds", 0.0) / 3600, 3)
        results.append(about | figures)
        print(about["name"], json.dumps(figures))
        with torch.no_grad():
            rows.append(model.decode(model.encode(shown)))
    if args.sheets:
        write_sheet(args.sheets / "tokenizer_faces.png", rows, zoom=2)
        for name, where in boxes.items():
            part = [cut(row, where) for row in rows]
            write_sheet(args.sheets / f"tokenizer_{name}.png", part, zoom=4, columns=4)
    report = {"people": people, "size": args.size, "boxes": boxes, "machine": machine()}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_text(args.out, json.dumps(report | {"results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
