"""What the results of the generator's benchmarks say, as the figures of a model's card.

    python benchmarks/generator_card.py --words RESULTS --wording RESULTS --say FILE --out FILE

RESULTS are what `generator_words.py` and `generator_wording.py` wrote of one model. --say: a JSON
file {"data": [sentences], "limits": [sentences]}, what a person has to say of it. The file that is
written is for `auface pack --figures`. Figures that were not measured are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from held_out_people import run_main, write_json

from auface_gen import AUFaceGenError

WORDS, WORDING = "benchmarks/generator_words.py", "benchmarks/generator_wording.py"
Figure = dict[str, Any]


def main() -> None:
    """Write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("words", "wording", "say", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    words, wording, say = (_read(path) for path in (args.words, args.wording, args.say))
    measured = {one["digest"]: one for one in wording["models"].values()}
    told = measured.get(words["model"])
    if told is None:
        raise AUFaceGenError(
            f"{args.wording} measured {', '.join(measured)}, {args.words} {words['model']}"
        )
    figures = [*_alignment(words), *_wording(told, wording), *_people(words), *_picture(words)]
    write_json(args.out, {"figures": figures, **say})
    print(f"{len(figures)} figures of {words['model']}: {args.out}")


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise AUFaceGenError(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise AUFaceGenError(f"{path}: no JSON object")
    return value


def _alignment(words: dict[str, Any]) -> Iterator[Figure]:
    by = {"section": "alignment", "source": WORDS, "detector": words["detector"]}
    truth, moving, levels = (words.get(part) for part in ("truth", "moving", "levels"))
    if truth:
        count = {"n": truth["pictures"]}
        for kind, of in (
            ("drawn", ""),
            ("renders", " of true renders, the ceiling"),
            ("tokenizer", " of true renders through the tokenizer"),
        ):
            one = truth["scores"][kind]
            yield {**by, **count, "what": f"AAAD, version 2{of}", **_with_interval(one)}
            for score in ("side", "level", "conflict"):
                yield {**by, **count, "what": f"{score} score{of}", "value": one[score]}
    if moving:
        for kind, of in (("drawn", ""), ("copy", ", copying the other picture")):
            yield {
                **by,
                "n": moving["pictures"],
                "what": f"AAAD, drawn from another picture of the person instead of at rest{of}",
                "value": moving[kind]["aaad"],
            }
    if levels:
        people = levels["people"]
        rises = (
            f"units of {levels['of']} whose seen level rises from A to E on the mean of {people}"
        )
        yield {**by, "what": rises + " people", "value": levels["rising"]}
        slope = "median over units of the slope of seen on asked level"
        yield {**by, "what": slope, "value": levels["slope_median"]}


def _wording(told: dict[str, Any], wording: dict[str, Any]) -> Iterator[Figure]:
    for kind, what in (
        ("codes", "AAAD of codings that anatomy leaves as they are, told as codes"),
        ("paraphrases", "the same, told in everyday paraphrases of unused seeds"),
        ("sentences", "the same, told in sentences whose wording was never trained"),
        ("sentences_understood", "the same, those sentences understood and described anew"),
    ):
        if kind in told:
            yield {
                "section": "alignment",
                "what": what,
                **_with_interval(told[kind]),
                "n": wording["pictures"],
                "source": WORDING,
                "detector": wording["detector"],
            }


def _people(words: dict[str, Any]) -> Iterator[Figure]:
    for group, one in words.get("truth", {}).get("by_people", {}).items():
        by = {"section": "people", "group": group, "source": WORDS}
        for kind, what in (("drawn", "AAAD"), ("renders", "AAAD of true renders")):
            if (value := one[kind]["aaad"]) is not None:
                n = one[kind]["pictures"]
                yield {**by, "what": what, "value": value, "n": n, "detector": words["detector"]}
        yield {**by, "what": "PSNR against the true render", "value": one["psnr"], "unit": "dB"}


def _picture(words: dict[str, Any]) -> Iterator[Figure]:
    truth, moving = words.get("truth"), words.get("moving")
    by = {"section": "picture", "unit": "dB", "source": WORDS}
    kinds = [
        (truth, "drawn", "drawn"),
        (truth, "copy", "copying the person at rest"),
        (truth, "tokenizer", "true render through the tokenizer"),
        (moving, "drawn", "drawn from another picture of the person"),
        (moving, "copy", "copying the other picture"),
        (moving, "brought_to_rest", "the person brought to rest, against the one at rest"),
    ]
    for part, kind, what in kinds:
        if part:
            one = (part["pixels"] if part is truth else part)[kind]
            count = {**by, "n": part["pictures"]}
            against = "" if kind == "brought_to_rest" else "PSNR against the true render, "
            yield {**count, "what": f"{against}{what}", "value": one["psnr"]}
            yield {
                **count,
                "what": f"the same over moved pixels, {what}",
                "value": one["psnr_moved"],
            }


def _with_interval(one: dict[str, Any]) -> Figure:
    return {"value": one["aaad"], "ci95": one["ci95"]}


if __name__ == "__main__":
    run_main(main)
