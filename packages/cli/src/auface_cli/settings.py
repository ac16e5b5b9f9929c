"""A frozen dataclass of settings, read from a TOML file and from `--set key=value`.

Keys are the fields of the dataclass, and values are written as in TOML; a word without quotes is
text, and `none` is no value where the field may have none. Later ones win: the dataclass's own
defaults, the file, `--set` in order, then what the command's own options say.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["read_settings"]

T = TypeVar("T")


def read_settings(
    kind: type[T],
    *,
    config: Path | None = None,
    sets: Iterable[str] = (),
    given: Mapping[str, Any] | None = None,
) -> T:
    """An instance of the dataclass `kind`.

    config: a TOML file. sets: "key=value" each. given: values by field. Raises click.UsageError
    (exit status 2) that names the key at fault and where it stands.
    """
    hints = typing.get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind) if f.init]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for where, key, value in (*_of_file(config), *_of_sets(sets)):
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f": one of {', '.join(names)}"
            raise click.UsageError(f"{where}: no setting {key!r}{meant}")
        values[key] = _checked(where, key, value, hints[key])
    return kind(**{**values, **(given or {})})


def _of_file(path: Path | None) -> list[tuple[str, str, Any]]:
    """(where, key, value) of each line of the file."""
    if path is None:
        return []
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.UsageError(f"{path}: not TOML: {error}") from None
    return [(str(path), key, value) for key, value in found.items()]


def _of_sets(sets: Iterable[str]) -> list[tuple[str, str, Any]]:
    """(where, key, value) of each --set."""
    out = []
    for text in sets:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise click.UsageError(f"--set {text!r}: write key=value")
        out.append((f"--set {text}", key, _value(value)))
    return out


def _value(text: str) -> Any:
    """A value as TOML has it; what is none is text."""
    try:
        found = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return found["value"] if list(found) == ["value"] else text


def _checked(where: str, key: str, value: Any, hint: Any) -> Any:
    """The value as the field's type has it, or click.UsageError."""
    for one in _choices(hint):
        if one is type(None):
            if isinstance(value, str) and value.lower() == "none":
                return None
        elif typing.get_origin(one) is typing.Literal:
            if value in typing.get_args(one):
                return value
        elif typing.get_origin(one) in (tuple, list):
            if isinstance(value, list):
                return typing.get_origin(one)(value)
        elif one is float:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        elif one is Path:
            if isinstance(value, str):
                return Path(value)
        elif isinstance(one, type) and type(value) is one:
            return value
    raise click.UsageError(f"{where}: {key} is {value!r}; expected {_said(hint)}")


def _choices(hint: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "none",
}


def _said(hint: Any) -> str:
    """A type in words."""
    out = []
    for one in _choices(hint):
        if typing.get_origin(one) is typing.Literal:
            out += [str(value) for value in typing.get_args(one)]
        elif typing.get_origin(one) in (tuple, list):
            out.append("a list, as [1, 2]")
        else:
            out.append(_WORDS.get(one, getattr(one, "__name__", str(one))))
    return " or ".join(out)
