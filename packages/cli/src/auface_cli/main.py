"""`auface`: the group and what it does with errors.

Exit status: 0 done, 1 the work failed, 2 the call or the input was wrong. Every error is one line
on standard error; AUFACE_TRACEBACK=1 shows where it came from.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version

import click

from .group import LazyGroup

__all__ = ["cli", "main"]

_HERE = "auface_cli.commands"
_OURS = ("facs_text", "vq_tokenizer", "auface_gen", "aaad", "auface_cli")
_BRINGS = {
    "facs_text": ("facs-text", "facs-text"),
    "auface_gen": ("auface-gen", "auface[gen]"),
    "vq_tokenizer": ("vq-tokenizer", "auface[gen]"),
    "aaad": ("aaad", "auface[score]"),
    "torch": ("torch", "auface[all]"),
    "safetensors": ("safetensors", "auface[all]"),
    "einops": ("einops", "auface[gen]"),
    "numpy": ("numpy", "auface[all]"),
    "PIL": ("Pillow", "pillow"),
    "mitsuba": ("mitsuba", "auface-gen[rig]"),
    "drjit": ("mitsuba", "auface-gen[rig]"),
}


@click.group(
    cls=LazyGroup,
    lazy={
        "ask": f"{_HERE}.ask:command",
        "compare": f"{_HERE}.compare:command",
        "contrast": f"{_HERE}.contrast:command",
        "convert": f"{_HERE}.convert:command",
        "corpus": f"{_HERE}.corpus:command",
        "demo": f"{_HERE}.demo:command",
        "describe": f"{_HERE}.describe:command",
        "edit": f"{_HERE}.edit:command",
        "generate": f"{_HERE}.generate:command",
        "info": f"{_HERE}.info:command",
        "pack": f"{_HERE}.pack:command",
        "render": f"{_HERE}.render:command",
        "score": f"{_HERE}.score:command",
        "sequence": f"{_HERE}.sequence:command",
        "sign": f"{_HERE}.sign:command",
        "tokens": f"{_HERE}.tokens:command",
        "train": f"{_HERE}.train:command",
        "understand": f"{_HERE}.understand:command",
        "units": f"{_HERE}.units:command",
    },
    plugins=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("auface"), package_name="auface")
def cli() -> None:
    """FACS codes to plain English, to a drawn face, to its score."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status, and never raises for what a user can do wrong."""
    try:
        result = cli.main(args=arguments, prog_name="auface", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        # The reader has gone (`auface units | head`). Nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, click.Abort):
        return _say("stopped", 1)
    except Exception as error:
        if os.environ.get("AUFACE_TRACEBACK"):
            traceback.print_exc()
        return _say(*_line(error))


def _line(error: Exception) -> tuple[str, int]:
    """One line for an error, and the exit status."""
    if isinstance(error, click.ClickException):
        message = error.format_message()
        context = getattr(error, "ctx", None)
        if isinstance(error, click.UsageError) and context is not None:
            message = f"{message.rstrip('.')} (see `{context.command_path} --help`)"
        return message, error.exit_code
    if isinstance(error, ModuleNotFoundError) and error.name:
        root = error.name.partition(".")[0]
        if root in _BRINGS:
            what, brings = _BRINGS[root]
            return f"this needs {what}: python -m pip install '{brings}'", 2
    if isinstance(error, ValueError) and type(error).__module__.partition(".")[0] in _OURS:
        return str(error), 2
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return f"{error.filename}: {error.strerror}", 2
    if isinstance(error, PermissionError):
        return f"{error.filename}: {error.strerror}", 2
    return f"failed: {type(error).__name__}: {error} (AUFACE_TRACEBACK=1 shows where)", 1


def _say(message: str, status: int) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"auface: {line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
