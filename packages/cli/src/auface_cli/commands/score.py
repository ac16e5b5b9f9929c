"""auface score: how far pictures do what they were to show."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auface_cli.output import emit, note

if TYPE_CHECKING:
    from aaad.align.finder import Finder
    from aaad.scoring import PictureScore, Seen

__all__ = ["command", "lines"]


class _Part(click.ParamType):  # type: ignore[type-arg]
    """I/N with 1 <= I <= N, or `rank`: that of the process among those of torchrun."""

    name = "I/N"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        if value == "rank":
            import os

            from aaad.parts import part_of_rank

            return part_of_rank(os.environ)
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(value))
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"{value!r} is not I/N with I from 1 to N, such as 1/8, nor rank", param, ctx)
        return int(match[1]), int(match[2])


@click.command("score")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--targets",
    type=click.Path(path_type=Path),
    help="Read what each picture was to show from this table (file_name, codes).",
)
@click.option(
    "--probabilities",
    type=click.Path(path_type=Path),
    help="Score what another detector wrote about the pictures.",
)
@click.option(
    "--format",
    "kind",
    default="auto",
    show_default=True,
    help="Name the format of --probabilities.",
)
@click.option(
    "--detector", type=click.Path(path_type=Path), help="Score with the detector in this folder."
)
@click.option(
    "--identity-network",
    "identity",
    type=click.Path(path_type=Path),
    help="Say whether it is still the person, by a network of `auface train identity`.",
)
@click.option(
    "--tears-network",
    "tears",
    type=click.Path(path_type=Path),
    help="Say whether lips, lids and brows are whole, by a network of `auface train tears`.",
)
@click.option(
    "--true",
    "real",
    type=click.Path(path_type=Path),
    help="Say how far the pictures are from the true ones in this folder.",
)
@click.option("--align", is_flag=True, help="Crop the faces first, for IMAGES are photographs.")
@click.option(
    "--mediapipe",
    type=click.Path(path_type=Path),
    help="Find the faces of --align with MediaPipe and this model (face_landmarker.task).",
)
@click.option(
    "--ceiling",
    type=click.Path(path_type=Path),
    help="Read the ceiling from this score.json, of true pictures by the same detector.",
)
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Say which is better, these or the pictures of another generator of the same "
    "people and codings.",
)
@click.option(
    "--min-count",
    type=click.IntRange(0),
    help="Score a unit that so many pictures ask for.  [default: 5; 2 to 5 below 50]",
)
@click.option("--seed", default=0, show_default=True, help="Shuffle the control by this seed.")
@click.option(
    "--part",
    type=_Part(),
    help="See every N-th picture from the I-th; needs --out. `rank`: the part of a process that "
    "torchrun started, into the folder --out.",
)
@click.option(
    "--merge", is_flag=True, help="Score all that was seen in IMAGES, the parts that --part wrote."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write score.json, per_image.jsonl and index.html into this folder; with "
    "--part, this file.",
)
@click.option("--images", "each", is_flag=True, help="Add every picture to what --json prints.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page that a browser opens.")
def command(
    images: tuple[Path, ...],
    targets: Path | None,
    probabilities: Path | None,
    kind: str,
    detector: Path | None,
    identity: Path | None,
    tears: Path | None,
    real: Path | None,
    align: bool,
    mediapipe: Path | None,
    ceiling: Path | None,
    against: tuple[Path, ...],
    min_count: int | None,
    seed: int,
    part: tuple[int, int] | None,
    merge: bool,
    out: Path | None,
    each: bool,
    as_json: bool,
    html: Path | None,
) -> None:
    """Score pictures against what they were to show: `auface score demo/`.

    IMAGES are files or folders; of a corpus, its test split. What a picture was to show is read
    from --targets, from metadata.jsonl, or from what `auface generate` wrote into it.
    """
    from aaad.images import find_pictures
    from aaad.parts import merge_parts, write_part
    from aaad.scoring import read_ceiling, score_seen, see

    looking: dict[str, Any] = {
        "detector": detector,
        "identity": identity,
        "tears": tears,
        "true": real,
    }
    if part is not None and (out is None or merge or against):
        raise click.UsageError("--part needs --out, and goes with neither --merge nor --against")
    finder = _finder(mediapipe, align)
    if probabilities is not None and (align or any(looking.values())):
        raise click.UsageError("--probabilities is what another detector saw: no network looks")

    def look(places: tuple[Path, ...], **options: Any) -> Seen:
        return see(
            find_pictures(places, targets, tell=note),
            table=probabilities,
            format=kind,
            align=align,
            finder=finder,
            tell=note,
            **looking,
            **options,
        )

    if part is not None and out is not None:
        place = out if out.suffix else out / f"{part[0]}-of-{part[1]}.npz"
        write_part(place, look(images, part=part), part=part)
        return
    seen = merge_parts(images) if merge else look(images)
    top = None if ceiling is None else read_ceiling(ceiling)
    scored = score_seen(seen, ceiling=top, min_count=min_count, seed=seed)
    better = _compare(seen, look(against)) if against else None
    _write(scored, out, html)
    _say(scored, better, each=each, as_json=as_json)


def _finder(mediapipe: Path | None, align: bool) -> Finder | None:
    """What finds the faces of photographs, where another than the usual one is named."""
    if mediapipe is None:
        return None
    if not align:
        raise click.UsageError("--mediapipe needs --align")
    from aaad.align import MediaPipeFinder

    return MediaPipeFinder(mediapipe)


def _say(
    scored: PictureScore, better: tuple[dict[str, Any], str] | None, *, each: bool, as_json: bool
) -> None:
    """The score, and whether it is better than another, as one JSON object or in words."""
    if not as_json:
        for line in [*lines(scored), *([] if better is None else [better[1]])]:
            click.echo(line)
        return
    value = scored.to_json()
    if better is not None:
        value["against"] = better[0]
    if each:
        value["images"] = [image.to_json() for image in scored.images]
    emit(value)


def _write(scored: PictureScore, out: Path | None, html: Path | None) -> None:
    """Write the files that were asked for."""
    from aaad.report import write_html, write_json, write_jsonl

    if out is not None:
        write_json(out / "score.json", scored)
        write_jsonl(out / "per_image.jsonl", scored.images)
        write_html(out / "index.html", scored)
    if html is not None:
        write_html(html, scored)


def _compare(one: Seen, two: Seen) -> tuple[dict[str, Any], str]:
    """Whether one generator is better than another: as JSON, and as a line."""
    from aaad import compare
    from aaad.scoring import to_metric

    better = compare(to_metric(one), to_metric(two))
    low, high = better.ci95
    line = (
        f"against   {better.difference:+.3f}   (95% {low:+.3f} to {high:+.3f}, "
        f"p {better.p:.2g}; {better.n} pictures that both have)"
    )
    return better.to_json(), line


def lines(scored: PictureScore) -> list[str]:
    """The score in words."""
    result, checks = scored.result, scored.controls
    low, high = result.ci95
    interval = f"95% {low:.3f} to {high:.3f}" if low == low else "no interval: one person"
    out = [
        f"AAAD      {result.aaad:.3f}   ({interval}; 1 perfect, 0 chance)",
    ]
    for name, one in result.counterfactuals.items():
        told = f"{one.value:.3f}" if not math.isnan(one.value) else f"not known: {one.note}"
        out.append(f"{name:<9} {told}")
    if scored.conflicts is not None:
        out.append(f"conflicts {scored.conflicts.aaad:.3f}   ({scored.conflicts.n} pictures)")
    out.append(
        f"made of   balanced {result.balanced:.3f}, restraint {result.restraint:.2f}; "
        f"pooled {result.pooled:.3f}, skill {result.skill:.3f}"
    )
    out.append(
        f"controls  shuffled {checks['shuffled']:.3f}, at rest {checks['neutral_only']:.3f}, "
        f"oracle {checks['oracle']:.3f}"
    )
    if scored.ceiling:
        # Easy units alone can score above the ceiling of all of them: no share then.
        like = "all its columns" if result.excluded else f"share {result.aaad / scored.ceiling:.0%}"
        out.append(f"ceiling   {scored.ceiling:.3f}   (this detector on true pictures; {like})")
    out += [f"{name:<9} {text}" for name, text in scored.beyond.lines()]
    without = scored.faces["without_a_face"]
    out.append(
        f"pictures  {result.n} of {result.subjects} people, {without} without a face; {result.name}"
    )
    worst = sorted(result.units.items(), key=lambda item: item[1].aaad)
    out.append("by unit   " + ", ".join(f"{name} {s.aaad:.2f}" for name, s in worst))
    if result.excluded:
        out.append(f"not scored (too rare): {', '.join(result.excluded)}")
    return out
