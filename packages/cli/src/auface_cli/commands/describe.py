"""auface describe: FACS codes to plain English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from facs_text import FacsTextError, describe, readers
from facs_text import parse as parse_codes

from ..output import note, write_text

__all__ = ["command"]


@click.command("describe")
@click.argument("codes", nargs=-1)
@click.option("--from", "source", type=click.Path(path_type=Path), help="A file of codings.")
@click.option(
    "--format",
    "kind",
    default="auto",
    show_default=True,
    help=f"One of {', '.join(readers.FORMATS)}.",
)
@click.option("--threshold", type=float, help="Probabilities from it up are presence.")
@click.option("--out", type=click.Path(path_type=Path), help="Write there, not to the screen.")
@click.option(
    "--detail",
    type=click.Choice(["brief", "full", "clinical"]),
    default="full",
    show_default=True,
    help="Short, whole, or with the muscles' names.",
)
@click.option("--seed", default=0, show_default=True, help="Picks among paraphrases.")
@click.option("--tags", is_flag=True, help="Put the code, (AU12C), behind each phrase.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    codes: tuple[str, ...],
    source: Path | None,
    kind: str,
    threshold: float | None,
    out: Path | None,
    detail: str,
    seed: int,
    tags: bool,
    as_json: bool,
) -> None:
    """Say in plain English what a face does: `auface describe 1C+4D+L12B`.

    CODES is FACS notation, one face each; 0 is a face at rest. Or take a table with --from.
    """
    if bool(codes) == (source is not None):
        raise click.UsageError("give codes, such as 1C+4D+L12B, or a file with --from")
    lines: list[str] = []
    for name, said in _asked(codes, source, kind, threshold):
        description = describe(
            parse_codes(said) if isinstance(said, str) else said,
            detail=detail,
            seed=seed,
            tags=tags,
        )
        if as_json:
            value = as_plain(description, said)
            if name is not None:
                value = {"id": name} | value
            lines.append(json.dumps(value, ensure_ascii=False))
        else:
            lines.append(description.text)
        if out is None:
            click.echo(lines.pop())
    if out is not None:
        write_text(out, "".join(line + "\n" for line in lines))


def _asked(
    codes: tuple[str, ...], source: Path | None, kind: str, threshold: float | None
) -> Iterator[tuple[Any, Any]]:
    """(id or None, coding or notation) of each face."""
    for text in codes:
        if not text.strip():
            raise FacsTextError("empty codes; a face at rest is written 0")
        yield None, text
    if source is None:
        return
    for row in readers.read(source, kind):
        if row.coding is not None:
            yield row.id, row.coding
        elif row.values and row.kind == "probability" and threshold is not None:
            yield row.id, readers.to_coding(row, threshold=threshold)
        elif row.values:
            raise FacsTextError(
                f"{source}, line {row.line}: {row.kind} values are no coding by themselves; "
                "say from where a probability is presence with --threshold"
            )
        else:
            note(f"{source}, line {row.line}: {row.id} could not be scored, left out")


def as_plain(description: Any, given: Any) -> dict[str, Any]:
    """The JSON of a description."""
    resolution = description.resolution
    return {
        "codes": str(parse_codes(given)) if isinstance(given, str) else str(given),
        "text": description.text,
        "clauses": [
            {"text": c.text, "aus": list(c.aus), "region": c.region} for c in description.clauses
        ],
        "aus": {unit: dict(sides) for unit, sides in resolution.activations.items()},
        "rules": [
            {
                "id": rule.id,
                "kind": rule.kind,
                "aus": list(rule.aus),
                "effect": rule.effect,
                "reason": rule.reason,
            }
            for rule in resolution.rules
        ],
    }
