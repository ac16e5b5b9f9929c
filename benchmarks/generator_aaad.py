"""AAAD of the generator on people it never trained on, beside its ceiling and its
controls.

    python benchmarks/generator_aaad.py CORPUS [--model DIR] [--detector DIR] [--limit N] [--sheet
    FILE]

Every picture of the corpus' test split is asked of the generator again: the same person, from the
neutral picture, and the same coding. The same detector, given the neutral too, scores:

- renders: the true pictures (the ceiling);
- tokenizer: the true pictures through the tokenizer (what the generator could reach);
- generator: the drawn pictures; and those of them that ask for a pair of units held out of
  training.

Controls: shuffled and neutral-only, both of the generator's pictures.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from aaad import Detector, aaad, controls, targets
from auface_gen import AUFace
from auface_gen.corpus.contact_sheet import contact_sheet
from facs_text import corpus, parse


def main() -> None:
    """Measure, print a table and write benchmarks/results/generator_aaad.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--steps", type=int, help="the model's own unless told")
    parser.add_argument("--guidance", type=float, help="the model's own unless told")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "generator_aaad.json"
    )
    args = parser.parse_args()

    rows = [r for r in corpus.read(args.corpus, "test") if r.file_name != r.neutral][: args.limit]
    folder = args.corpus / "test"
    model, see = AUFace.from_pretrained(args.model), Detector.from_pretrained(args.detector)
    true = np.stack([np.asarray(Image.open(folder / r.file_name).convert("RGB")) for r in rows])
    rest = np.stack([np.asarray(Image.open(folder / str(r.neutral)).convert("RGB")) for r in rows])
    began = time.perf_counter()
    drawn = []
    for row in rows:
        made = model.generate(
            parse(str(row.extra["requested"])),
            identity=folder / str(row.neutral),
            steps=args.steps,
            guidance=args.guidance,
        )
        drawn.append(np.asarray(made[0].image))
    seconds = (time.perf_counter() - began) / len(rows)
    parts = max(1, len(true) // 16)
    batches = zip(np.array_split(true, parts), np.array_split(rest, parts), strict=True)
    coded = [through(model, batch, beside) for batch, beside in batches]

    wanted = targets([r.aus for r in rows])
    people = [r.subject for r in rows]
    scores, extra = {}, {}
    for name, pictures in (
        ("renders", true),
        ("tokenizer", np.concatenate(coded)),
        ("generator", np.stack(drawn)),
    ):
        pred = see(chw(pictures), chw(rest))
        result = aaad(pred, wanted, groups=people, subjects=people, detector=see.id)
        scores[name] = {
            "aaad": result.aaad,
            "ci95": result.ci95,
            "raw": result.raw,
            "chance": result.chance,
        }
        if name == "generator":
            extra["controls"] = controls(
                pred, wanted, neutral=see(chw(rest), chw(rest)), groups=people, subjects=people
            )
            extra["per_au"] = {
                k: (v if isinstance(v, float) else getattr(v, "aaad", None))
                for k, v in dict(result.per_au).items()
            }
        else:
            extra[f"per_au_{name}"] = {
                k: (v if isinstance(v, float) else getattr(v, "aaad", None))
                for k, v in dict(result.per_au).items()
            }
        pairs = [
            set(p.split("+"))
            for p in json.loads((args.corpus / "corpus.json").read_text())["held_out_pairs"]
        ]
        new = np.array(
            [
                any(p <= {a.code for a in parse(str(r.extra["requested"]))} for p in pairs)
                for r in rows
            ]
        )
        held = aaad(
            pred[new],
            wanted[new],
            subjects=[p for p, n in zip(people, new, strict=True) if n],
            detector=see.id,
            min_count=3,
        )
        scores[name]["aaad_held_out_pairs"] = held.aaad
    report = {
        "scores": scores,
        **extra,
        "pictures": len(rows),
        "people": len(set(people)),
        "held_out_pair_pictures": int(new.sum()),
        "detector": see.id,
        "model": model.digest,
        "steps": args.steps,
        "guidance": args.guidance,
        "seconds_a_picture": round(seconds, 3),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
        },
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n")
    for name, s in scores.items():
        print(
            f"{name:10} AAAD {s['aaad']:.3f}  ci95 {s['ci95']}  "
            f"held-out pairs {s['aaad_held_out_pairs']:.3f}"
        )
    print(
        "controls",
        {k: round(v, 4) for k, v in extra["controls"].items()},
        f"{seconds:.2f} s a picture",
    )
    if args.sheet:
        pick = range(0, len(rows), max(1, len(rows) // 24))
        pictures = [[Image.fromarray(p[i]) for i in pick] for p in (rest, true, np.stack(drawn))]
        label = [str(rows[i].extra["requested"]) for i in pick]
        half = (len(label) + 1) // 2
        cut = [r[s] for s in (slice(0, half), slice(half, None)) for r in pictures]
        contact_sheet(
            cut, [label[:half]] * 3 + [label[half:]] * 3, names=["neutral", "render", "drawn"] * 2
        ).save(args.sheet)


def chw(pictures: np.ndarray) -> np.ndarray:
    """(B, S, S, 3) -> (B, 3, S, S)."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


@torch.no_grad()
def through(model: AUFace, pictures: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Pictures encoded and decoded by the model's tokenizer beside their people at rest, all
    (B, S, S, 3) uint8.
    """
    images, beside = (torch.from_numpy(chw(p)).float() / 255 for p in (pictures, rest))
    out = model.tokenizer.decode(model.tokenizer.encode(images, beside), beside).clamp(0, 1)
    return (out * 255 + 0.5).byte().permute(0, 2, 3, 1).numpy()


if __name__ == "__main__":
    main()
