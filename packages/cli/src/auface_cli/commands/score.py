"""auface score: how far pictures do what they were to show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..output import emit

if TYPE_CHECKING:
    from ..scoring import Scored

__all__ = ["command", "lines"]


@click.command("score")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--targets",
    type=click.Path(path_type=Path),
    help="Table of what each picture was to show (file_name, codes).",
)
@click.option(
    "--probabilities",
    type=click.Path(path_type=Path),
    help="What another detector wrote about the pictures.",
)
@click.option("--format", "kind", default="auto", show_default=True, help="Of --probabilities.")
@click.option("--detector", type=click.Path(path_type=Path), help="Folder of another detector.")
@click.option(
    "--min-count",
    type=click.IntRange(0),
    help="Pictures that must ask for a unit.  [default: 5; 2 to 5 below 50]",
)
@click.option("--draws", default=1000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", default=0, show_default=True, help="Of the bootstrap and the controls.")
@click.option("--images", "each", is_flag=True, help="With --json: every picture, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page to open.")
def command(
    images: tuple[Path, ...],
    targets: Path | None,
    probabilities: Path | None,
    kind: str,
    detector: Path | None,
    min_count: int | None,
    draws: int,
    seed: int,
    each: bool,
    as_json: bool,
    html: Path | None,
) -> None:
    """Score pictures against what they were to show: `auface score demo/`.

    IMAGES are files or folders; of a corpus, its test split. What a picture was to show is read
    from --targets, from metadata.jsonl, or from what `auface generate` wrote into it.
    """
    import aaad  # first, so that a missing package is what is named  # noqa: F401

    from ..scoring import find_pictures, score

    scored = score(
        find_pictures(images, targets),
        detector=detector,
        probabilities=probabilities,
        kind=kind,
        min_count=min_count,
        draws=draws,
        seed=seed,
    )
    if html is not None:
        from aaad.report import write_html

        write_html(html, scored.result, scored.images, controls=scored.controls)
    if as_json:
        value = scored.result.to_json() | {"controls": scored.controls, "ceiling": scored.ceiling}
        if each:
            value["images"] = [image.to_json() for image in scored.images]
        emit(value)
    else:
        for line in lines(scored):
            click.echo(line)


def lines(scored: Scored) -> list[str]:
    """The score in words."""
    result, checks = scored.result, scored.controls
    low, high = result.ci95
    interval = f"95% {low:.3f} to {high:.3f}" if low == low else "no interval: one person"
    out = [
        f"AAAD      {result.aaad:.3f}   ({interval}; 1 perfect, 0 chance)",
        f"raw       {result.raw:.3f}   of which chance gives {result.chance:.3f}; "
        f"skill {result.skill:.3f}",
        f"controls  shuffled {checks['shuffled']:.3f}, at rest {checks['neutral_only']:.3f}, "
        f"oracle {checks['oracle']:.3f}",
    ]
    if scored.ceiling:
        # Easy units alone can score above the ceiling of all of them: no share then.
        like = "all its columns" if result.excluded else f"share {result.aaad / scored.ceiling:.0%}"
        out.append(
            f"ceiling   {scored.ceiling:.3f}   (this detector on true pictures of unseen people; "
            f"{like})"
        )
    out.append(f"pictures  {result.n} of {result.subjects} people; {result.name}")
    worst = sorted(result.per_au.items(), key=lambda item: item[1].aaad)
    shown = [f"{name} {s.aaad:.2f}" for name, s in worst]
    out.append("by unit   " + ", ".join(shown))
    if result.excluded:
        out.append(f"not scored (too rare): {', '.join(result.excluded)}")
    return out
