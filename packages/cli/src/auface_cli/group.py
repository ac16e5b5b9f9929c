"""A click group that knows its commands by name and imports one when it is asked for.

Commands come from a table and from the entry-point group `auface.commands`, so that another
distribution can add some. One that cannot be loaded is listed all the same and says why when it
is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points

import click

__all__ = ["LazyGroup"]

GROUP = "auface.commands"


class LazyGroup(click.Group):
    """`lazy` maps a command's name to "module:attribute"; `plugins` adds the entry points."""

    def __init__(
        self, *args: object, lazy: Mapping[str, str], plugins: bool = False, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._lazy = dict(lazy)
        self._plugins = plugins

    def _places(self) -> dict[str, str]:
        """Name -> "module:attribute"; what comes with auface cannot be replaced from outside."""
        found: dict[str, str] = {}
        if self._plugins:
            for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
                found.setdefault(point.name, point.value)
        return found | self._lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted, without importing any."""
        return sorted({*self._places(), *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; one that fails to import becomes one that says so."""
        place = self._places().get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        try:
            found = getattr(import_module(module), attribute or "command")
        except KeyboardInterrupt:
            raise
        except SystemExit as stop:
            return _broken(cmd_name, place, RuntimeError(f"it leaves when imported ({stop.code})"))
        except BaseException as error:  # a plugin may fail in any way, and takes no other down
            return _broken(cmd_name, place, error)
        if not isinstance(found, click.Command):
            return _broken(cmd_name, place, TypeError(f"{place} is not a click command"))
        return found


def _broken(name: str, place: str, error: BaseException) -> click.Command:
    """A command that stands in for one that cannot be loaded."""
    said = " ".join(str(error).split()) or type(error).__name__

    def fail() -> None:
        if isinstance(error, ModuleNotFoundError):
            raise error
        raise click.UsageError(f"{name} cannot be loaded from {place}: {said}")

    return click.Command(
        name,
        callback=fail,
        short_help=f"(cannot be loaded: {said})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
