"""`auface`: the group and what it does with errors.

Exit status: 0 done, 1 the work failed, 2 the call or the input was wrong, 130 stopped by Ctrl-C.
Every error is one line on standard error; AUFACE_TRACEBACK=1 shows where it came from.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version

import click

from auface_cli.group import LazyGroup

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
    "cv2": ("OpenCV", "aaad[photos]"),
    "mitsuba": ("mitsuba", "auface-gen[rig]"),
    "drjit": ("mitsuba", "auface-gen[rig]"),
}


@click.group(
    cls=LazyGroup,
    lazy={
        "align": f"{_HERE}.align:command",
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
    """Turn FACS codes into plain English, into a drawn face, and into its score."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status, and never raises for what a user can do wrong."""
    try:
        result = cli.main(args=arguments, prog_name="auface", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:  # a command of another distribution may leave so
        return stop.code if isinstance(stop.code, int) else 1 if stop.code else 0
    except BrokenPipeError:
        # The reader has gone (`auface units | head`). Nothing more can be said there.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, click.Abort):
        return _say("stopped", 128 + 2)
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
        # WorkFailed of auface-gen: what was asked is right, and the disk or a process failed.
        return str(error), 1 if type(error).__name__ == "WorkFailed" else 2
    if isinstance(error, OSError):
        return _of_system(error)
    return _foreign(error)


# What to do about what the system says in two words.
_ADVICE = {
    errno.EEXIST: "a file stands where a folder is needed: name another place",
    errno.ENOTDIR: "a file stands where a folder is needed: name another place",
    errno.EISDIR: "that is a folder: name a file",
    errno.ENOENT: "check the path",
    errno.EACCES: "name another place, or change its permissions",
}


def _of_system(error: OSError) -> tuple[str, int]:
    """What the system refused: the file's name and why. A full or failing disk is no wrong call."""
    failed = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENOMEM)
    why = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return f"failed: {why}", 1
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    advice = _ADVICE.get(error.errno or 0)
    return f"{name}: {why}{f'; {advice}' if advice else ''}", 1 if failed else 2


def _foreign(error: Exception) -> tuple[str, int]:
    """What Python, numpy or torch say of a thing that no package of ours has a word for."""
    if isinstance(error, MemoryError) or "allocate memory" in str(error).lower():
        return f"not enough memory: {error or 'it could not be had'}", 1
    if isinstance(error, UnicodeError):
        return f"text that is no UTF-8: {error}", 2
    if isinstance(error, RecursionError):
        return f"nested too deeply to be read: {error}", 2
    if isinstance(error, ValueError) and "null byte" in str(error):
        return "the name of a file holds a zero byte", 2
    return f"failed: {type(error).__name__}: {error} (AUFACE_TRACEBACK=1 shows where)", 1


def _say(message: str, status: int) -> int:
    line = " ".join(message.split()).encode("utf-8", "backslashreplace").decode("utf-8")
    with suppress(OSError, ValueError, AttributeError):  # standard error may be closed
        sys.stderr.write(f"auface: {line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
