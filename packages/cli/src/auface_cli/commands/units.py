"""auface units: what facs-text knows of each action unit."""

from __future__ import annotations

from typing import Any

import click

from auface_cli.output import emit
from facs_text import unit, units

__all__ = ["command"]


@click.command("units")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(code: str | None, as_json: bool) -> None:
    """List the action units, or tell all about one: `auface units 12`."""
    found = units() if code is None else (unit(code),)
    shown = _shown_by_the_rig()
    if as_json:
        for one in found:
            emit(_plain(one, shown))
    elif code is None:
        for one in found:
            rig = "rig" if one.code in shown else ""
            sides = ", ".join(side for side in one.sides if side != "both")
            click.echo(f"{one.code:>4}  {one.name:<34} {rig:<4} {sides}".rstrip())
    else:
        for key, value in _plain(found[0], shown).items():
            if value not in ("", [], None):
                said = ", ".join(value) if isinstance(value, list) else value
                click.echo(f"{key:<9} {said}")


def _shown_by_the_rig() -> tuple[str, ...]:
    """Codes of the units that can be drawn; none where auface-gen is not installed."""
    try:
        from auface_gen.columns import UNITS
    except ModuleNotFoundError:
        return ()
    return UNITS


def _plain(one: Any, shown: tuple[str, ...]) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "muscles": list(one.muscles),
        "region": one.region,
        "motion": one.motion,
        "sides": list(one.sides),
        "scored": one.scored,
        "rig": one.code in shown,
        "source": one.source,
    }
