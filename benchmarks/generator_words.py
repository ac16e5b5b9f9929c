"""What a generator draws, beside the true renders of people it never trained on.

    python benchmarks/generator_words.py MODEL CORPUS [--detector DIR] [--identity DIR]

MODEL is a packed model folder (`auface pack`), CORPUS one of `auface corpus render`, with its test
split in an image folder. Five parts, all of them unless some are named:

- --sampling: steps 1, 2, 4, 8 by guidance 1, 1.5, 2, cheap ones first, on a few people: AAAD, its
  paired difference to the best, PSNR and seconds. Of those that lose nothing the cheapest is named.
- --truth: every picture of the test people asked again: PSNR over all and over moved pixels beside
  copying the person at rest; AAAD with side, level and conflict scores, of the drawn pictures, of
  the true renders (the ceiling) and of these through the tokenizer, and shares of the ceiling; the
  gain of each unit beside that of true renders; AAAD by sex and tone of skin; identity, where a
  network is given.
- --conflicts: for each pair that training marks or never has, in how many pictures both units are
  seen, drawn and true.
- --moving: every picture again, drawn from another picture of the person instead of the one at
  rest: what is there has to go, what is asked has to come. Scores as in --truth, beside copying the
  picture that it was drawn from; and how far the person is brought to rest.
- --levels: levels A to E of every scored unit, drawn on a few people: how seen levels rise.

The detector must be one that no generator was trained against; the shipped one unless told. Parts
that are measured replace what the results file has of them, if it is of the same weights.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from held_out_people import (
    HeldOutPeople,
    decibels,
    machine,
    moved,
    run_main,
    scored,
    see,
    strangers,
    subset,
    write_json,
)

from aaad import AAAD, COLUMNS, Detector, compare, controls, target
from aaad.columns import columns_of, unit_of
from aaad.identity import Identity
from aaad.likeness import likeness
from aaad.pictures import resized
from auface_gen import AUFace
from auface_gen.generator.sampling import steady
from auface_gen.picture.people import Person
from facs_text import parse, unit

PARTS = ("sampling", "truth", "conflicts", "moving", "levels")
STEPS, GUIDANCE = (1, 2, 4, 8), (1.0, 1.5, 2.0)
LETTERS = "ABCDE"
LEVELS = np.arange(6.0)


def main() -> None:
    """Measure what is asked for, print it and write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("corpus", type=Path)
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true", help="measure this part")
    parser.add_argument("--detector", type=Path, help="the one that scores")
    parser.add_argument("--identity", type=Path, help="folder of `auface train identity`")
    parser.add_argument("--people", type=int, help="test people of truth and conflicts; all")
    parser.add_argument("--few", type=int, default=4, help="people of sampling and levels; 4")
    parser.add_argument("--steps", type=int, help="sampling steps; the model's own")
    parser.add_argument("--guidance", type=float, help="the model's own unless told")
    parser.add_argument("--min-count", type=int, default=5, help="as for aaad; 5")
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "generator_words.json"
    )
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    model = AUFace.from_pretrained(args.model, device="cpu")
    bench = Bench(
        model,
        strangers(Detector.from_pretrained(args.detector, device="cpu"), model.detectors),
        Identity.from_pretrained(args.identity, device="cpu") if args.identity else None,
        {k: v for k in ("steps", "guidance") if (v := getattr(args, k)) is not None},
        args.min_count,
    )
    rows = HeldOutPeople.read(args.corpus, people=args.people)
    report = begun(args.out, bench, args.corpus)
    chosen = [part for part in PARTS if getattr(args, part)] or PARTS
    drawn = None
    if {"truth", "conflicts"} & set(chosen):
        if "truth" not in chosen:
            rows = with_pairs(rows)
        drawn = bench.draw_rows(rows)
    for part in chosen:
        if part == "sampling":
            report[part] = sampling(bench, HeldOutPeople.read(args.corpus, people=args.few))
        elif part == "levels":
            report[part] = levels(bench, HeldOutPeople.read(args.corpus, people=args.few))
        elif part == "moving":
            report[part] = moving(bench, HeldOutPeople.read(args.corpus, people=args.people))
        elif part == "truth":
            report[part] = truth(bench, rows, *drawn)
        else:
            report[part] = conflicts(bench, rows, drawn[0])
        write_json(args.out, report)


class Bench:
    """What all parts use. options: of `AUFace.generate`, the model's own where empty."""

    def __init__(
        self,
        model: AUFace,
        detector: Detector,
        identity: Identity | None,
        options: dict[str, Any],
        min_count: int,
    ) -> None:
        self.model, self.detector, self.identity = model, detector, identity
        self.options, self.min_count = options, min_count

    def draw_rows(self, rows: HeldOutPeople, **options: Any) -> tuple[np.ndarray, float]:
        """Each row's person asked again for what it was asked: (N, S, S, 3) uint8, and seconds a
        picture, in batches of one sitting.
        """
        out: list[np.ndarray | None] = [None] * len(rows)
        began = time.perf_counter()
        for name, places in rows.sittings.items():
            made = self.model.generate(
                [rows.asked[i] for i in places],
                identity=rows.folder / name,
                **{**self.options, **options},
            )
            for i, one in zip(places, made, strict=True):
                out[i] = np.asarray(one.image)
        return np.stack(out), (time.perf_counter() - began) / len(rows)

    def see(self, pictures: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """(N, A, 6) what the scoring detector sees."""
        return see(self.detector, pictures, rest)


def begun(out: Path, bench: Bench, corpus: Path) -> dict[str, Any]:
    """The report so far, where the file is of the same weights, detector and corpus."""
    head = {
        "model": bench.model.digest,
        "detector": bench.detector.id,
        "corpus": corpus.name,
        "sampling_options": bench.options,
        "machine": machine(),
    }
    same = ("model", "detector", "corpus", "sampling_options")
    try:
        before = json.loads(out.read_text("utf-8"))
    except (OSError, ValueError):
        before = {}
    if any(before.get(key) != head[key] for key in same):
        before = {}
    return {**before, **head}


def truth(bench: Bench, rows: HeldOutPeople, drawn: np.ndarray, seconds: float) -> dict[str, Any]:
    """Drawn pictures against true renders, in pixels and in what is seen."""
    where = moved(rows.true, rows.rest)
    coded = through(bench.model, rows)
    kinds = {"copy": rows.rest, "drawn": drawn, "tokenizer": coded}
    pixels = {
        name: {
            "psnr": float(np.nanmean(decibels(pictures, rows.true))),
            "psnr_moved": float(np.nanmean(decibels(pictures, rows.true, where))),
        }
        for name, pictures in kinds.items()
    }
    pixels["drawn"]["better_than_copy"] = float(
        (decibels(drawn, rows.true) > decibels(rows.rest, rows.true)).mean()
    )
    preds = {
        "renders": bench.see(rows.true, rows.rest),
        "tokenizer": bench.see(coded, rows.rest),
        "drawn": bench.see(drawn, rows.rest),
    }
    scores = {
        name: scored(pred, rows, bench.detector.id, min_count=bench.min_count)
        for name, pred in preds.items()
    }
    for pair_kind, pairs in pair_kinds(rows).items():
        keep = sorted({i for pair in pairs for i in rows.with_pair(pair)})
        for name, pred in preds.items():
            if keep:
                scores[name][pair_kind] = subset(pred, rows, keep, bench.min_count)
    found = {
        "pictures": len(rows),
        "people": len(set(rows.people)),
        "seconds_a_picture": seconds,
        "pixels": pixels,
        "scores": scores,
        "share_of_ceiling": shares(scores["drawn"], scores["renders"]),
        "gain_share": gains(scores["drawn"]["gain"], scores["renders"]["gain"]),
        "by_people": by_people(rows, drawn, preds, bench.min_count),
        "controls": controls(
            preds["drawn"],
            rows.wanted,
            neutral=bench.see(rows.rest, rows.rest),
            groups=rows.people,
            subjects=rows.people,
            min_count=bench.min_count,
        ),
        "identity": None,
    }
    if bench.identity is not None:
        found["identity"] = {
            name: same_person(bench.identity, pictures, rows)
            for name, pictures in (("drawn", drawn), ("renders", rows.true))
        }
    for name, one in pixels.items():
        print(f"{name:10} {one['psnr']:6.2f} dB  moved {one['psnr_moved']:6.2f} dB")
    for name, one in scores.items():
        said = "  ".join(f"{k} {one[k]:.3f}" for k in ("aaad", "side", "level", "conflict"))
        print(f"{name:10} {said}")
    print("share of the ceiling", json.dumps(found["share_of_ceiling"]), f"{seconds:.3f} s each")
    return found


def moving(bench: Bench, rows: HeldOutPeople) -> dict[str, Any]:
    """Pictures drawn from another picture of the person, which is told as it was asked."""
    rows = rows.take(sorted(i for some in rows.sittings.values() if len(some) > 1 for i in some))
    before = others(rows)
    start = np.stack([rows.true[i] for i in before])
    drawn, rested = np.empty_like(rows.true), np.empty_like(rows.true)
    for i, at in enumerate(before):
        who = {"identity": rows.folder / rows.rows[at].file_name, "shows": rows.asked[at]}
        made = bench.model.generate([rows.asked[i], parse("0")], **who, **bench.options)
        drawn[i], rested[i] = (np.asarray(one.image) for one in made)
    out: dict[str, Any] = {"pictures": len(rows)}
    for name, pictures, true in (
        ("drawn", drawn, rows.true),
        ("copy", start, rows.true),
        ("brought_to_rest", rested, rows.rest),
        ("not_brought_to_rest", start, rows.rest),
    ):
        where = moved(true, start)
        out[name] = {
            "psnr": float(np.nanmean(decibels(pictures, true))),
            "psnr_moved": float(np.nanmean(decibels(pictures, true, where))),
        }
        seen = bench.see(pictures, rows.rest)
        if true is rows.true:
            found = scored(seen, rows, bench.detector.id, min_count=bench.min_count)
            out[name] |= {k: found[k] for k in ("aaad", "side", "level", "conflict")}
        else:
            out[name]["levels_seen"] = float((seen @ LEVELS).mean())
        print(f"{name:20} " + "  ".join(f"{k} {v:.3f}" for k, v in out[name].items()))
    return out


def others(rows: HeldOutPeople) -> list[int]:
    """For each row another of its sitting, always the same one."""
    found = []
    for i, row in enumerate(rows.rows):
        mates = [at for at in rows.sittings[str(row.neutral)] if at != i]
        found.append(mates[crc32(row.file_name.encode()) % len(mates)])
    return found


def by_people(
    rows: HeldOutPeople, drawn: np.ndarray, preds: dict[str, np.ndarray], min_count: int
) -> dict[str, Any]:
    """AAAD, drawn and of true renders, and PSNR by sex and tone of skin of the made-up people; none
    of people of whom the corpus does not say who they are.
    """
    seeds = [row.extra.get("person_seed") for row in rows.rows]
    if None in seeds:
        return {}
    known = {seed: Person.from_seed(int(seed)) for seed in set(seeds)}
    kinds = {
        "women": lambda one: one.sex == "female",
        "men": lambda one: one.sex == "male",
        "light skin": lambda one: one.tone < 1 / 3,
        "medium skin": lambda one: 1 / 3 <= one.tone < 2 / 3,
        "dark skin": lambda one: one.tone >= 2 / 3,
    }
    found = {}
    for name, belongs in kinds.items():
        keep = [i for i, seed in enumerate(seeds) if belongs(known[seed])]
        if not keep:
            continue
        found[name] = {
            "people": len({rows.people[i] for i in keep}),
            "psnr": float(np.nanmean(decibels(drawn[keep], rows.true[keep]))),
            **{k: subset(preds[k], rows, keep, min_count) for k in ("drawn", "renders")},
        }
        both = (found[name][kind]["aaad"] or float("nan") for kind in ("drawn", "renders"))
        print(f"{name:12} AAAD {' of '.join(f'{value:.3f}' for value in both)}")
    return found


def through(model: AUFace, rows: HeldOutPeople) -> np.ndarray:
    """True renders encoded and decoded by the model's tokenizer, (N, S, S, 3) uint8."""
    vq, out = model.tokenizer, []
    for at in range(0, len(rows), 16):
        true, rest = (
            torch.from_numpy(some[at : at + 16].transpose(0, 3, 1, 2).copy()).float() / 255
            for some in (rows.true, rows.rest)
        )
        with torch.no_grad(), steady():
            beside = (rest,) if vq.config.reference else ()
            back = vq.decode(vq.encode(true, *beside), *beside).clamp(0, 1)
        out.append((back * 255 + 0.5).byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(out)


def shares(drawn: dict[str, Any], ceiling: dict[str, Any]) -> dict[str, float]:
    """How much of what true renders get the drawn ones get, where those get anything."""
    found = {}
    for key in ("aaad", "side", "level", "conflict"):
        found[key] = drawn[key] / ceiling[key] if ceiling[key] > 0 else float("nan")
    for key in ("conflicts", "marked", "held_out"):
        both = [some.get(key, {}).get("aaad") for some in (drawn, ceiling)]
        if None not in both and both[1] > 0:
            found[key] = both[0] / both[1]
    return {key: round(value, 4) for key, value in found.items()}


def gains(drawn: dict[str, float], true: dict[str, float]) -> dict[str, Any]:
    """How much more is seen for a level more asked, as a share of that in true renders."""
    each = {k: drawn[k] / true[k] for k in drawn if k in true and true[k] > 0.05}
    return {"median": float(np.median(list(each.values()))) if each else None, "units": each}


def same_person(identity: Identity, pictures: np.ndarray, rows: HeldOutPeople) -> Any:
    """Whether pictures are nearer to their own person at rest than to others; None for one."""
    here, rest = (
        identity(np.stack([resized(p, identity.size) for p in some]))
        for some in (pictures, rows.rest)
    )
    found = likeness(here, rest, rows.people)
    return None if found is None else vars(found) | {"network": identity.id}


def pair_kinds(rows: HeldOutPeople) -> dict[str, list[str]]:
    """The pairs that are marked, and those that no training picture has."""
    marked = [pair for fold in rows.about.get("conflict_folds", []) for pair in fold]
    return {"marked": marked, "held_out": rows.held_out_pairs}


def with_pairs(rows: HeldOutPeople) -> HeldOutPeople:
    """The rows that `conflicts` looks at."""
    pairs = [pair for some in pair_kinds(rows).values() for pair in some]
    return rows.take(sorted({i for pair in pairs for i in rows.with_pair(pair)}))


def conflicts(bench: Bench, rows: HeldOutPeople, drawn: np.ndarray) -> dict[str, Any]:
    """Of each pair, among pictures in which both units stand after anatomy: the share in which
    both are seen (likelier there than not), in drawn and in true pictures, and in drawn ones of
    those whose true render shows both.
    """
    there = {"drawn": bench.see(drawn, rows.rest), "true": bench.see(rows.true, rows.rest)}
    out: dict[str, Any] = {}
    for kind, pairs in pair_kinds(rows).items():
        for pair in pairs:
            codes = [f"AU{code}" for code in pair.split("+")]
            if any(not columns_of(code) for code in codes):
                continue  # not a scored unit
            standing = [i for i in rows.with_pair(pair) if all(stands(rows, i, c) for c in codes)]
            both = {
                name: np.array([all(shown(pred, rows, i, c) for c in codes) for i in standing])
                for name, pred in there.items()
            }
            found: dict[str, Any] = {"kind": kind, "pictures": len(standing)}
            if standing:
                found |= {name: float(seen.mean()) for name, seen in both.items()}
                sure = both["true"]
                found["of_true"] = float(both["drawn"][sure].mean()) if sure.any() else None
            out[pair] = found
            if standing:
                print(
                    f"{pair:6} {kind:9} both seen: drawn {found['drawn']:.0%}, "
                    f"true {found['true']:.0%} of {len(standing)}"
                )
    judged = [one["of_true"] for one in out.values() if one.get("of_true") is not None]
    return {
        "pairs": out,
        "pairs_judged": len(judged),
        "pairs_mostly_both_seen": sum(share > 0.5 for share in judged),
    }


def wanted_columns(rows: HeldOutPeople, i: int, unit_name: str) -> list[int]:
    """Columns of a unit that are asked for in a picture."""
    asked = rows.wanted[i] @ LEVELS
    return [a for a in columns_of(unit_name) if asked[a] > 0]


def stands(rows: HeldOutPeople, i: int, unit_name: str) -> bool:
    """Whether a unit is left after anatomy, at half of A or more."""
    return any((rows.wanted[i] @ LEVELS)[a] >= 0.5 for a in columns_of(unit_name))


def shown(pred: np.ndarray, rows: HeldOutPeople, i: int, unit_name: str) -> bool:
    """Whether a unit is likelier there than not, in some column that is asked for it."""
    return bool(pred[i, wanted_columns(rows, i, unit_name), 0].min() < 0.5)


def levels(bench: Bench, rows: HeldOutPeople) -> dict[str, Any]:
    """Every scored and graded unit alone from A to E, on each person of `rows`."""
    units = [u for u in dict.fromkeys(map(unit_of, COLUMNS)) if unit(u.removeprefix("AU")).graded]
    first = {person: i for i, person in reversed(list(enumerate(rows.people)))}
    who = [rows.folder / str(rows.rows[i].neutral) for i in sorted(first.values())]
    rest = np.stack([rows.picture(str(rows.rows[i].neutral)) for i in sorted(first.values())])
    out: dict[str, Any] = {}
    for name in units:
        codings = [parse(name.removeprefix("AU") + letter) for letter in LETTERS]
        asked = np.array([strength(target(coding), name) for coding in codings])
        seen = np.zeros((len(who), len(LETTERS)))
        for person, path in enumerate(who):
            made = bench.model.generate(codings, identity=path, **bench.options)
            pictures = np.stack([np.asarray(one.image) for one in made])
            pred = bench.see(pictures, np.repeat(rest[person][None], len(made), 0))
            seen[person] = [strength(one, name) for one in pred]
        mean = seen.mean(0)
        out[name] = {
            "asked": asked,
            "seen": mean,
            "slope": slope(asked, mean),
            "rises": bool((np.diff(mean) > 0).all()),
            "people_in_whom_it_rises": float((np.diff(seen, axis=1) > 0).all(1).mean()),
        }
        print(
            f"{name:5} slope {out[name]['slope']:5.2f}  seen "
            + " ".join(f"{v:.2f}" for v in mean)
            + ("" if out[name]["rises"] else "  does not rise throughout")
        )
    slopes = [one["slope"] for one in out.values()]
    return {
        "people": len(who),
        "units": out,
        "rising": sum(one["rises"] for one in out.values()),
        "of": len(out),
        "slope_mean": float(np.mean(slopes)),
        "slope_median": float(np.median(slopes)),
    }


def strength(distribution: np.ndarray, unit_name: str) -> float:
    """Mean level, 0 to 5, over a unit's columns of (A, 6)."""
    return float((distribution @ LEVELS)[list(columns_of(unit_name))].mean())


def slope(asked: np.ndarray, seen: np.ndarray) -> float:
    """Levels seen for a level asked, by least squares."""
    x = asked - asked.mean()
    return float((x * (seen - seen.mean())).sum() / (x * x).sum())


def sampling(bench: Bench, rows: HeldOutPeople) -> dict[str, Any]:
    """Every setting on the same rows; a pass with guidance costs two."""
    settings = sorted(
        ((s, g) for s in STEPS for g in GUIDANCE), key=lambda sg: (passes(*sg), sg[1])
    )
    where, metrics, out = moved(rows.true, rows.rest), {}, {}
    for steps, guidance in settings:
        pictures, seconds = bench.draw_rows(rows, steps=steps, guidance=guidance)
        metric = AAAD(detector=bench.detector.id, min_count=bench.min_count)
        metric.update(
            bench.see(pictures, rows.rest),
            rows.wanted,
            groups=rows.people,
            subjects=rows.people,
            ids=[r.file_name for r in rows.rows],
        )
        key = f"{steps} steps, guidance {guidance:g}"
        metrics[key] = metric
        out[key] = {
            "passes": passes(steps, guidance),
            "seconds_a_picture": seconds,
            "aaad": metric.compute().aaad,
            "psnr": float(np.nanmean(decibels(pictures, rows.true))),
            "psnr_moved": float(np.nanmean(decibels(pictures, rows.true, where))),
        }
        print(f"{key:24} AAAD {out[key]['aaad']:.3f}  {out[key]['psnr_moved']:.2f} dB moved  "
              f"{seconds:.3f} s")  # fmt: skip
    best = max(out, key=lambda key: out[key]["aaad"])
    for key in out:
        out[key]["below_best"] = difference(metrics[best], metrics[key])
    enough = min((k for k in out if loses_nothing(out[k])), key=lambda k: out[k]["passes"])
    print(f"best: {best}; the fewest passes that lose nothing: {enough}")
    return {
        "pictures": len(rows),
        "people": len(set(rows.people)),
        "settings": out,
        "best": best,
        "enough": enough,
    }


def passes(steps: int, guidance: float) -> int:
    """Passes of the transformer."""
    return steps * (1 if guidance == 1.0 else 2)


def difference(best: AAAD, other: AAAD) -> dict[str, Any]:
    """AAAD of the best less that of another, paired; the interval is over people."""
    if best is other:
        return {"difference": 0.0, "ci95": [0.0, 0.0]}
    if len(set(best.gathered().subjects or ())) < 2:
        return {"difference": best.compute().aaad - other.compute().aaad, "ci95": [np.nan] * 2}
    found = compare(best, other)
    return {"difference": found.difference, "ci95": list(found.ci95)}


def loses_nothing(one: dict[str, Any]) -> bool:
    """Whether a setting is within 0.01 of the best and not surely below it."""
    below = one["below_best"]
    return below["difference"] <= 0.01 and not below["ci95"][0] > 0


if __name__ == "__main__":
    run_main(main)
