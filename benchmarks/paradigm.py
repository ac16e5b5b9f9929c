"""Is it better to say what a face does than to number it? The paper's claim as an experiment.

    python benchmarks/paradigm.py train CORPUS OUT --tokenizer DIR --steps 3000 --seeds 0,1
    python benchmarks/paradigm.py measure CORPUS OUT --tokenizer DIR [--twin RAW] [--identity DIR]

Five arms of one trunk, tokenizer, order of pictures and number of steps, that differ in what they
are told: text-resolved, text-raw, numbers-resolved, numbers-raw, onehot (mere presence of the
units as they are coded). No picture in which a pair of a fold of the corpus's marked conflicts
meets is trained on. `train` trains what does not stand yet, all arms of a seed before the next
seed; stopped, the same command goes on. `measure` draws the test people's codings by every arm and
says, of strata and outcomes, how far arms are apart: see docs/comparison.md.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from held_out_people import machine, run_main, strangers, write_json
from paradigm_arms import ARMS, Arm, pairs_of_fold, place, settings, stands
from paradigm_statistics import difference, holm, leave_outs, seed_variance
from paradigm_truth import Seen, Truth
from paradigm_wording import Wording

from auface_gen import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder
from auface_gen.generator.drawing import to_pixels
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.train import train_generator
from vq_tokenizer import Tokenizer, load_checkpoint

CONTRASTS = (
    ("text-resolved", "onehot"),  # the paper's claim
    ("text-resolved", "numbers-resolved"),  # language, of the same resolution
    ("text-raw", "numbers-raw"),  # language, without any
    ("text-resolved", "text-raw"),  # resolution, in language
    ("numbers-resolved", "numbers-raw"),  # resolution, in numbers
)
PRIMARY = ("aaad", "conflict", "moved_error")
"""Outcomes on the conflicts left out, by the resolved truth, that the claim is judged by."""

_BATCH = 16


def main() -> None:
    """Train or measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="part", required=True)
    for name in ("train", "measure"):
        part = parts.add_parser(name, help=f"{name} the arms")
        part.add_argument("corpus", type=Path)
        part.add_argument("folder", metavar="OUT", type=Path)
        part.add_argument("--tokenizer", type=Path, required=True, help="with a reference")
        part.add_argument("--arms", default=",".join(ARMS), help="some of them, comma-separated")
        part.add_argument("--seeds", default="0,1")
        part.add_argument("--fold", type=int, default=0, help="of marked conflicts; 0")
        part.add_argument("--threads", type=int)
    train_part, measure_part = parts.choices["train"], parts.choices["measure"]
    train_part.add_argument("--steps", type=int, default=3000)
    train_part.add_argument("--tokens", type=Path, help="CORPUS as tokens; OUT/tokens unless told")
    train_part.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="more")
    train_part.add_argument("--device", default="cpu")
    measure_part.add_argument("--twin", type=Path, help="of `auface corpus raw-twin`")
    measure_part.add_argument("--detector", type=Path, help="the one that scores")
    measure_part.add_argument("--identity", type=Path, help="of `auface train identity`")
    measure_part.add_argument("--people", type=int, help="test people; all")
    measure_part.add_argument("--sampling-steps", type=int, default=4)
    measure_part.add_argument("--min-count", type=int, default=3, help="as for aaad; 3")
    measure_part.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "paradigm.json"
    )
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.arms, args.seeds = args.arms.split(","), [int(s) for s in args.seeds.split(",")]
    if wrong := [arm for arm in args.arms if arm not in ARMS]:
        parser.error(f"--arms {wrong[0]}: some of {','.join(ARMS)}")
    (train if args.part == "train" else measure)(args)


def train(args: argparse.Namespace) -> None:
    """The arms one after another; those that stand are passed over."""
    pairs, more = pairs_of_fold(args.corpus, args.fold), settings(args.more)
    for seed in args.seeds:
        for arm in args.arms:
            condition, resolved = ARMS[arm]
            out = place(args.folder, args.fold, seed, arm)
            run = GeneratorRun(
                condition=condition, resolved=resolved, leave_out=pairs, seed=seed,
                steps=args.steps, **more,
            )  # fmt: skip
            if stands(out, run):
                print(f"{out}: stands")
                continue
            train_generator(
                args.corpus,
                out,
                tokenizer=args.tokenizer,
                run=run,
                tokens=args.tokens or args.folder / "tokens",
                resume=True,
                device=args.device,
                tell=lambda line, name=f"{arm} {seed}": print(f"{name}: {line}", flush=True),
            )
            result = read_folder(out)[0]["result"]
            each = result["seconds"] / max(1, result["step"])
            print(f"{out}: {result['step']} steps, {each:.2f} s each", flush=True)


def measure(args: argparse.Namespace) -> None:
    """Draw by every arm that stands, compare, print and write."""
    began = time.perf_counter()
    pairs = pairs_of_fold(args.corpus, args.fold)
    tokenizer = load_checkpoint(args.tokenizer).eval()
    truth = Truth(args, pairs)
    seen: dict[str, dict[int, Seen]] = {}
    lengths: dict[str, int] = {}
    wording = Wording(truth, args.sampling_steps)
    for seed in args.seeds:
        for name in args.arms:
            folder = place(args.folder, args.fold, seed, name)
            if not (folder / "config.json").is_file():
                print(f"{folder}: not trained, left out")
                continue
            arm = Arm.load(folder, name, seed, tokenizer)
            strangers(truth.detector, arm.detectors)
            said = [arm.said(coding, i) for i, coding in enumerate(truth.people.asked)]
            pictures = arm.draw(truth.people, said, args.sampling_steps)
            seen.setdefault(name, {})[seed] = truth.see(pictures)
            lengths[f"{name} {seed}"] = arm.steps
            wording.measure(arm)
            print(f"{name} {seed}: drawn", flush=True)
    if not seen:
        raise AUFaceGenError(f"{args.folder}: no arm of fold {args.fold} is trained")
    if len(set(lengths.values())) > 1:
        raise AUFaceGenError(f"arms of different length cannot be compared: {lengths}")
    strata = {"all": np.arange(len(truth.people)), **truth.strata}
    report = {
        "fold": args.fold,
        "left_out": list(pairs),
        "seeds": {name: sorted(some) for name, some in seen.items()},
        "steps": next(iter(lengths.values())),
        "sampling_steps": args.sampling_steps,
        "people": len(set(truth.people.people)),
        "pictures": {name: len(rows) for name, rows in strata.items()},
        "detector": truth.detector.id,
        "identity_network": truth.identity and truth.identity.id,
        "ceiling": ceiling(truth, strata, tokenizer),
        **compared(truth, strata, seen),
        "wording_never_trained": wording.report(),
        "seconds": time.perf_counter() - began,
        "machine": machine(),
    }
    write_json(args.out, report)
    show(report)


def ceiling(
    truth: Truth, strata: dict[str, np.ndarray], tokenizer: Tokenizer
) -> dict[str, dict[str, dict[str, float]]]:
    """What true renders get, and what they get through the tokenizer that all arms share."""
    people, coded = truth.people, []
    for at in range(0, len(people), _BATCH):
        true, rest = (
            torch.from_numpy(some[at : at + _BATCH].transpose(0, 3, 1, 2).copy()).float() / 255
            for some in (people.true, people.rest)
        )
        with torch.no_grad():
            coded.append(to_pixels(tokenizer.decode(tokenizer.encode(true, rest), rest)))
    return {
        name: {stratum: values(truth, stratum, seen, rows) for stratum, rows in strata.items()}
        for name, seen in (
            ("renders", truth.see(people.true)),
            ("tokenizer", truth.see(np.concatenate(coded))),
        )
    }


def values(truth: Truth, stratum: str, seen: Seen, rows: np.ndarray) -> dict[str, float]:
    """Every outcome of a stratum; of one without rows none."""
    if not len(rows):
        return {}
    return {name: f(seen, rows) for name, f in truth.outcomes(stratum).items()}


def compared(
    truth: Truth, strata: dict[str, np.ndarray], seen: dict[str, dict[int, Seen]]
) -> dict[str, Any]:
    """The table of arms, and every contrast with its interval, corrected for their number: first
    those that the claim is judged by, then all others.
    """
    seeds = sorted(set.intersection(*(set(some) for some in seen.values())))
    if not seeds:
        raise AUFaceGenError("the arms have no seed in common: train the same seeds of each")
    table: dict[str, Any] = {name: {} for name in seen}
    tests: list[dict[str, Any]] = []
    for stratum, rows in strata.items():
        for outcome, f in truth.outcomes(stratum).items() if len(rows) else ():
            labels = [truth.people.people]
            paired = stratum in ("left_out", "composition")
            labels += [truth.pair_labels] if paired else []
            scores, without = {}, {}
            for name, some in seen.items():
                scores[name] = np.array([f(some[s], rows) for s in seeds])
                each = [
                    leave_outs(lambda keep, one=some[s], f=f: f(one, keep), labels, rows)
                    for s in seeds
                ]
                without[name] = [np.mean(parts, 0) for parts in zip(*each, strict=True)]
                table[name].setdefault(stratum, {})[outcome] = {
                    "mean": float(scores[name].mean()),
                    "seeds": scores[name],
                }
            by_seed = seed_variance(np.stack(list(scores.values())))
            for a, b in CONTRASTS:
                if a not in seen or b not in seen:
                    continue
                kinds = ("people", "pairs")[: len(labels)]
                gone = {
                    kind: x - y for kind, x, y in zip(kinds, without[a], without[b], strict=True)
                }
                found = difference(scores[a] - scores[b], gone, by_seed)
                tests.append(
                    {
                        "contrast": f"{a} - {b}",
                        "stratum": stratum,
                        "outcome": outcome,
                        "primary": stratum == "left_out" and outcome in PRIMARY,
                        **vars(found),
                    }
                )
    for family in (True, False):
        mine = [one for one in tests if one["primary"] == family]
        for one, p in zip(mine, holm([one["p"] for one in mine]), strict=True):
            one["p_holm"], one["tests_in_family"] = p, len(mine)
    return {"arms": table, "contrasts": tests}


def show(report: dict[str, Any]) -> None:
    """The table of arms on what was left out, and the contrasts that the claim is judged by."""
    for name, strata in report["arms"].items():
        said = "  ".join(
            f"{outcome} {one['mean']:.3f}" for outcome, one in strata.get("left_out", {}).items()
        )
        print(f"{name:18} left out: {said}")
    for one in report["contrasts"]:
        if one["primary"]:
            low, high = one["ci95"]
            print(
                f"{one['contrast']:36} {one['outcome']:12} {one['value']:+.3f} "
                f"({low:+.3f} to {high:+.3f})  p {one['p']:.3f}, corrected {one['p_holm']:.3f}"
            )


if __name__ == "__main__":
    run_main(main)
