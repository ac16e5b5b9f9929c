"""Whether a generator does what people say in their own words.

    python benchmarks/generator_wording.py CORPUS MODEL [MODEL ...] [--detector DIR]

Test people's codings that anatomy leaves as they are, told each MODEL in four ways: in facs-text's
full description, as codes are; in everyday paraphrases, a kind of text that training may have used,
of seeds that it did not; in colloquial sentences whose wording no training text has
(`unseen_wording.py`); and those sentences read by `understand` and described anew. The scoring
detector says how well each is done. A text in which `understand` reads nothing is refused, and
counts as the person at rest. How new the wording is to each model is measured beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from held_out_people import HeldOutPeople, machine, run_main, see, strangers, write_json
from unseen_wording import novelty, reworded

from aaad import AAAD, Detector, compare
from auface_gen import AUFace
from auface_gen.generator.train import vocabulary_texts
from auface_gen.generator.wording import say
from facs_text import Coding, resolve, understand

TRAINED = 1000
"""Codings whose texts stand for what was trained."""

_UNUSED = 1 << 31  # more than any seed of a training text


def main() -> None:
    """Measure every model, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL", help="packed folders")
    parser.add_argument("--detector", type=Path, help="the one that scores")
    parser.add_argument("--pictures", type=int, default=200, help="at most so many codings; 200")
    parser.add_argument("--min-count", type=int, default=3, help="as for aaad; 3")
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "generator_wording.json"
    )
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    detector = Detector.from_pretrained(args.detector, device="cpu")
    people, told = chosen(HeldOutPeople.read(args.corpus), args.pictures)
    report: dict[str, Any] = {
        "corpus": args.corpus.name,
        "pictures": len(people),
        "people": len(set(people.people)),
        "detector": detector.id,
        "examples": {name: [str(one) for one in texts[:3]] for name, texts in told.items()},
        "models": {},
        "machine": machine(),
    }
    for folder in args.models:
        model = AUFace.from_pretrained(folder, device="cpu")
        strangers(detector, model.detectors)
        report["models"][folder.name] = measured(model, detector, people, told, args.min_count)
        write_json(args.out, report)


def chosen(
    rows: HeldOutPeople, most: int
) -> tuple[HeldOutPeople, dict[str, list[Coding] | list[str]]]:
    """Some rows, evenly spaced, and what is said of each in the four ways."""
    sentences = [reworded(coding, i) for i, coding in enumerate(rows.asked)]
    keep = [i for i, text in enumerate(sentences) if text is not None]
    keep = [keep[i] for i in np.linspace(0, len(keep) - 1, min(most, len(keep))).astype(int)]
    people = rows.take(keep)
    free = [str(sentences[i]) for i in keep]
    every = [
        say(resolve(coding), detail="paraphrase", seed=_UNUSED + i).text
        for i, coding in enumerate(people.asked)
    ]
    return people, {
        "codes": people.asked,
        "paraphrases": every,
        "sentences": free,
        "sentences_understood": [understand(text).coding for text in free],
    }


def measured(
    model: AUFace,
    detector: Detector,
    people: HeldOutPeople,
    told: dict[str, list[Coding] | list[str]],
    min_count: int,
) -> dict[str, Any]:
    """AAAD of one model told in each way; with its interval, and what is lost against codes."""
    known = set(model.drawer.generator.config.encoder.vocabulary.words)
    trained = list(vocabulary_texts(TRAINED, 0))
    found: dict[str, Any] = {"digest": model.digest}
    scores: dict[str, AAAD] = {}
    for name, some in told.items():
        score = scores[name] = AAAD(min_count=min_count, detector=detector.id)
        score.update(
            see(detector, drawn(model, people, some), people.rest),
            people.wanted,
            groups=people.people,
            subjects=people.people,
            ids=[row.file_name for row in people.rows],
        )
        result = score.compute()
        found[name] = {"aaad": result.aaad, "ci95": list(result.ci95)}
        if name != "codes":
            less = compare(score, scores["codes"])
            found[name]["above_codes"] = {"difference": less.difference, "ci95": list(less.ci95)}
        if texts := [text for text in some if isinstance(text, str)]:
            found[name]["novelty"] = novelty(texts, trained, known)
            found[name]["refused"] = float(np.mean([refused(text) for text in texts]))
        print(f"{model.digest[:8]} {name:21} AAAD {result.aaad:.3f}", flush=True)
    return found


def drawn(model: AUFace, people: HeldOutPeople, told: Sequence[Coding | str]) -> np.ndarray:
    """Each row's person told so, at rest where the text is refused: (N, S, S, 3) uint8."""
    out = list(people.rest)
    for name, every in people.sittings.items():
        places = [i for i in every if not refused(told[i])]
        made = model.generate([told[i] for i in places], identity=people.folder / name)
        for i, one in zip(places, made, strict=True):
            out[i] = np.asarray(one.image)
    return np.stack(out)


def refused(told: Coding | str) -> bool:
    """Whether a generator does not take a text, for nothing facial is understood in it."""
    return isinstance(told, str) and not understand(told).coding


if __name__ == "__main__":
    run_main(main)
