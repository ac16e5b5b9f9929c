"""auface understand: plain English to FACS codes."""

from __future__ import annotations

import sys

import click

from auface_cli.output import emit, note
from facs_text import FacsTextError, understand

__all__ = ["command"]


@click.command("understand")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(texts: tuple[str, ...], as_json: bool) -> None:
    """Turn English into FACS notation: `auface understand "her left lip corner rises a little"`.

    Without TEXT, a text is read from each line of standard input.
    """
    if not texts:
        if sys.stdin.isatty():
            raise click.UsageError("give a text, or pipe texts in, one a line")
        texts = tuple(line for line in sys.stdin.read().splitlines() if line.strip())
    if not texts:
        raise FacsTextError("empty text: nothing to understand")
    for text in texts:
        if not text.strip():
            raise FacsTextError("empty text: nothing to understand")
        found = understand(text)
        unparsed = [span.text for span in found.unparsed]
        absent = sorted(found.absent, key=lambda code: (code[0] == "M", int(code.lstrip("M"))))
        if not found.coding and unparsed:
            raise FacsTextError(f"no movement of a face is understood in {text[:80]!r}")
        if as_json:
            codes = str(found.coding)
            emit({"text": text, "codes": codes, "absent": absent, "unparsed": unparsed})
            continue
        click.echo(str(found.coding))
        if absent:
            note("said to be absent: " + ", ".join(f"AU{code}" for code in absent))
        if unparsed:
            note("not understood: " + "; ".join(repr(part) for part in unparsed))
