"""auface describe: FACS codes to plain English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from auface_cli.dropped import tell_dropped
from auface_cli.output import emit, note
from auface_cli.sources import beside, codings, reader_options, reading_options, skip_options
from facs_text import PRESETS, Coding, FacsTextError, Preset, describe, preset, readers
from facs_text import parse as parse_codes
from facs_text.files import Whole

__all__ = ["command"]


@click.command("describe")
@click.argument("codes", nargs=-1)
@click.option(
    "--preset",
    "presets",
    metavar="NAME",
    multiple=True,
    help="Describe a coding that the literature names, such as fear. May be given again.",
)
@click.option(
    "--list-presets", is_flag=True, help="List the names of presets, and where they are from."
)
@click.option("--from", "source", type=click.Path(path_type=Path), help="Read a file of codings.")
@reading_options
@skip_options
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file.")
@click.option(
    "--detail",
    type=click.Choice(["brief", "full", "clinical", "prompt"]),
    default="full",
    show_default=True,
    help="Say it briefly, in full, with the muscles' names, or as fits a text encoder.",
)
@click.option(
    "--budget",
    type=click.IntRange(1),
    help="Limit the texts of --detail prompt to this length. [default: CLIP's 77 tokens]",
)
@click.option(
    "--budget-unit",
    type=click.Choice(["tokens", "words"]),
    default="tokens",
    show_default=True,
    help="Count the budget in these.",
)
@click.option(
    "--mode",
    type=click.Choice(["warn", "off"]),
    default="warn",
    show_default=True,
    help="Resolve what cannot be together, or say each unit as it is written.",
)
@click.option("--seed", default=0, show_default=True, help="Pick among paraphrases by this seed.")
@click.option("--tags", is_flag=True, help="Put the code, (AU12C), behind each phrase.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(
    codes: tuple[str, ...],
    presets: tuple[str, ...],
    list_presets: bool,
    source: Path | None,
    source_format: str,
    kind: str | None,
    columns: str | None,
    confidence: float | None,
    threshold: float | None,
    on_error: str,
    rejects: Path | None,
    out: Path | None,
    detail: str,
    budget: int | None,
    budget_unit: str,
    mode: str,
    seed: int,
    tags: bool,
    as_json: bool,
) -> None:
    """Say in plain English what a face does: `auface describe 1C+4D+L12B`.

    CODES is FACS notation, one face each; 0 is a face at rest. Presets come after them. Or take a
    table with --from.
    """
    if list_presets:
        if codes or presets or source is not None:
            raise click.UsageError("--list-presets goes with no codes, preset or file")
        _list_presets(as_json)
        return
    _check_budget(budget, detail)
    _check_source(bool(codes or presets), source, on_error, rejects)
    ways = {
        "detail": detail, "seed": seed, "tags": tags, "budget": budget,
        "budget_unit": budget_unit, "mode": mode,
    }  # fmt: skip
    with ExitStack() as stack:
        left_out = None
        if source is not None and on_error == "skip":
            left_out = stack.enter_context(_left_out(source, out, rejects))
        file = stack.enter_context(Whole(out)) if out is not None else None
        if source is None:
            asked = _typed(codes, presets)
        else:
            options = reader_options(kind, columns, confidence, threshold)
            asked = _read(codings(source, source_format, options, threshold, left_out))
        said = cut = 0
        for line, short in _lines(asked, ways, as_json=as_json, aloud=source is None):
            said, cut = said + 1, cut + short
            if file is None:
                click.echo(line)
            else:
                file.write(line + "\n")
        if source is not None and cut:
            note(f"{source}: {cut} of {said} texts have no room for a unit or more")
        if left_out is not None:
            _keep(left_out, source, said)
        if file is not None:
            file.keep()


def _check_budget(budget: int | None, detail: str) -> None:
    if budget is not None and detail != "prompt":
        raise click.UsageError(f"--budget goes with --detail prompt, not {detail}")


def _check_source(given: bool, source: Path | None, on_error: str, rejects: Path | None) -> None:
    """Refuse codes beside a file, neither of them, and what goes with a file alone."""
    if given == (source is not None):
        raise click.UsageError("give codes, such as 1C+4D+L12B, or a file with --from")
    if source is None and on_error == "skip":
        raise click.UsageError("--on-error skip goes with --from: codes are typed, not rows")
    if rejects is not None and on_error != "skip":
        raise click.UsageError("--rejects goes with --on-error skip")


Asked = tuple[dict[str, Any], Any, frozenset[str]]


def _left_out(source: Path, out: Path | None, rejects: Path | None) -> readers.Rejects:
    """The list of rows that are left out, beside the output unless told where."""
    place = beside(out or source) if rejects is None else rejects
    for other in (source, out):
        if other is not None and other.resolve() == place.resolve():
            raise click.UsageError(f"{place}: --rejects would overwrite that file")
    # A source that is not there is said before anything is made beside it.
    if not source.exists():
        raise FacsTextError(f"{source}: no such file or folder")
    return readers.Rejects(place, source)


def _keep(left_out: readers.Rejects, source: Path | None, said: int) -> None:
    """Put the list of rejects in its place, and say how many rows it has."""
    left_out.keep()
    total = said + left_out.count
    if left_out.count and not said:
        raise FacsTextError(
            f"{source}: none of its {total} rows can be described; {left_out.path} says why of each"
        )
    note(f"{source}: {left_out.count} of {total} rows left out, listed in {left_out.path}")


def _lines(
    asked: Iterator[Asked], ways: dict[str, Any], *, as_json: bool, aloud: bool
) -> Iterator[tuple[str, bool]]:
    """The line of each face, and whether its text has no room for a unit or more.

    ways: the options of `describe`. aloud: tell on standard error what does not stand and what has
    no room; not with JSON, which has every rule, and not for a table, which has too many.
    """
    for about, coding, absent in asked:
        wanted = parse_codes(coding) if isinstance(coding, str) else coding
        description = describe(wanted, absent=absent, **ways)
        if aloud and not as_json:
            tell_dropped(wanted, description.resolution)
            if description.left_out:
                note(f"{wanted}: no room for {description.left_out}")
        if as_json:
            line = json.dumps(about | as_plain(description, coding), ensure_ascii=False)
        else:
            line = description.text
        yield line, bool(description.left_out)


def _typed(codes: tuple[str, ...], presets: tuple[str, ...]) -> Iterator[Asked]:
    """(what JSON says of it besides, coding or notation, units seen to be absent) of each face
    asked for by name.
    """
    # All names are looked up first, so that a wrong one is told before anything is described.
    found = [_preset(name) for name in presets]
    for text in codes:
        if not text.strip():
            raise FacsTextError("empty codes; a face at rest is written 0")
        yield {}, text, frozenset()
    for one in found:
        yield (
            {"preset": one.name, "system": one.system, "source": one.source},
            one.coding,
            frozenset(),
        )


def _read(found: Iterator[tuple[readers.Row, Coding]]) -> Iterator[Asked]:
    """The same of each row of a table; its frame too, where the source counts them."""
    for row, coding in found:
        about = {"id": row.id} | ({} if row.frame is None else {"frame": row.frame})
        yield about, coding, row.absent


def _preset(name: str) -> Preset:
    """The preset of a name, hyphens or underscores for blanks; an error names the nearest."""
    plain = " ".join(name.lower().replace("-", " ").replace("_", " ").split())
    if plain not in PRESETS:
        near = get_close_matches(plain, PRESETS, n=4)
        if near:
            raise FacsTextError(
                f"no preset {name!r}; nearest: {', '.join(near)} "
                "(all: auface describe --list-presets)"
            )
    return preset(plain)


def _list_presets(as_json: bool) -> None:
    """Name, coding, system and source of each; JSON has the variants, confidence and note too."""
    for one in PRESETS.values():
        if as_json:
            emit(
                {
                    "preset": one.name,
                    "codes": str(one.coding),
                    "variants": [str(v) for v in one.variants],
                    "system": one.system,
                    "source": one.source,
                    "confidence": one.confidence,
                    "note": one.note,
                }
            )
        else:
            click.echo(f"{one.name:<22} {one.coding!s:<18} {one.system}, {one.source}")


def as_plain(description: Any, given: Any) -> dict[str, Any]:
    """The JSON of a description."""
    resolution = description.resolution
    left_out = [str(action) for action in description.left_out]
    return {
        "codes": str(parse_codes(given)) if isinstance(given, str) else str(given),
        "text": description.text,
        **({"left_out": left_out} if left_out else {}),
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
