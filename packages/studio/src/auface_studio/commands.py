"""`auface studio`, `auface stimuli`, `auface study`: thin commands, added by entry points.

What is heavy is imported when a command runs, so that `auface --help` stays quick.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from auface_cli.devices import device_option
from auface_studio.errors import StudioError

__all__ = ["stimuli", "studio", "study"]

F = TypeVar("F", bound=Callable[..., Any])
_PIP = {"starlette": "auface-studio", "uvicorn": "auface-studio", "PIL": "pillow", "numpy": "numpy"}


class _Wrong(click.ClickException):
    """Wrong input: one line, status 2."""

    exit_code = 2


def _told(command: F) -> F:
    """A command whose wrong input and missing packages are one line and status 2."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except StudioError as error:
            raise _Wrong(str(error)) from error
        except ModuleNotFoundError as error:
            brings = _PIP.get((error.name or "").partition(".")[0])
            if brings is None:
                raise
            raise _Wrong(f"this needs {error.name}: python -m pip install '{brings}'") from error

    return run  # type: ignore[return-value]


_port = click.option(
    "--port", default=8511, show_default=True, type=click.IntRange(0, 65535),
    help="Listen on this port of this machine; 0 takes any that is free.",
)  # fmt: skip
_browser = click.option(
    "--browser/--no-browser", default=True, show_default=True, help="Open the browser."
)
_model = click.option(
    "--model", type=click.Path(path_type=Path), help="Draw with the generator in this folder."
)
_device = device_option(
    default="auto", help="Compute on cpu, cuda or cuda:N; auto takes a GPU where there is one."
)
_detector = click.option(
    "--detector", type=click.Path(path_type=Path), help="Look with the detector in this folder."
)


def _note(text: str) -> None:
    click.echo(text, err=True)


@click.command("studio")
@_port
@_browser
@_model
@_detector
@_device
@click.option(
    "--out", default="stimuli", show_default=True, type=click.Path(path_type=Path),
    help="Keep the sets of stimuli made on the page in this folder.",
)  # fmt: skip
@_told
def studio(
    port: int, browser: bool, model: Path | None, detector: Path | None, device: str, out: Path
) -> None:
    """Open a page in the browser: move sliders, type codes or English, and see the face follow.

    Only this machine can open it, and nothing is sent anywhere else.
    """
    from auface_studio.server.serve import bind, hosts_of, serve

    with bind(port) as place:  # a taken port is told before the model is loaded
        _note("loading the generator and the detector ...")
        from auface_studio.eye import Eye
        from auface_studio.face import Painter
        from auface_studio.server.app import Studio

        painter, eye = Painter.load(model, device=device), Eye.load(detector)
        page = Studio(painter, eye, hosts_of(place), out=out)
        serve(page.app, place, browser=browser, tell=_note)


@click.command("stimuli")
@click.argument("design", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@_model
@_detector
@_device
@click.option("--zip", "zipped", is_flag=True, help="Also write OUT.zip.")
@click.option("--no-score", is_flag=True, help="Leave out what the detector sees.")
@click.option("--dry-run", is_flag=True, help="Only say what the design comes to.")
@_told
def stimuli(
    design: Path,
    out: Path,
    model: Path | None,
    detector: Path | None,
    device: str,
    zipped: bool,
    no_score: bool,
    dry_run: bool,
) -> None:
    """Make the set of stimuli that DESIGN.toml describes, in the folder OUT.

    The same command resumes a set that was interrupted. OUT holds the pictures or sequences, a
    conditions table for PsychoPy, the same for jsPsych, BIDS stimuli/, texts, seeds and versions.
    """
    from tqdm import tqdm

    from auface_studio.stimuli import SetMaker, plan, read_design

    read = read_design(design)
    planned = plan(read)
    pictures = sum(len(one.codings) for one in planned)
    _note(f"{len(planned)} stimuli, {pictures} pictures to draw")
    if dry_run:
        for one in planned:
            click.echo(f"stim-{one.label}\t{one.coding}")
        return
    from auface_studio.eye import Eye
    from auface_studio.face import Painter

    faces = Painter.load(model, device=device)
    maker = SetMaker(read, faces, None if no_score else Eye.load(detector), out)
    maker.begin()
    kept = 0
    for one in tqdm(maker.stimuli, desc="stimuli", disable=None):
        kept += not maker.make(one)
    maker.finish()
    if zipped:
        maker.zip(out.with_name(out.name + ".zip"))
    _note(f"{out}: {len(maker.stimuli)} stimuli, {kept} of them there already")


@click.command("study")
@click.argument("design", type=click.Path(path_type=Path))
@_port
@_browser
@click.option(
    "--answers", type=click.Path(path_type=Path),
    help="Keep the answers in this file: JSON lines, or SQLite where it ends in .sqlite.  "
    "[default: DESIGN.answers.jsonl]",
)  # fmt: skip
@click.option(
    "--sqlite", is_flag=True, help="Keep the answers in DESIGN.answers.sqlite, in a table."
)
@click.option("--report", is_flag=True, help="Do not ask, but say what was answered.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_told
def study(
    design: Path,
    port: int,
    browser: bool,
    answers: Path | None,
    sqlite: bool,
    report: bool,
    as_json: bool,
) -> None:
    """Let raters judge pictures on a page of this machine, as DESIGN.toml describes.

    Each answer is on disk before the next question is shown. `--report` says what came of it.
    """
    import json

    from auface_studio.study import Answers, read_study, report_of
    from auface_studio.study.report import lines

    read = read_study(design)
    if answers is not None and sqlite:
        raise StudioError("give --answers or --sqlite, not both: the file's ending says its kind")
    kinds = ("sqlite", "jsonl") if sqlite or read.answers == "sqlite" else ("jsonl", "sqlite")
    usual, other = (design.with_suffix(f".answers.{kind}") for kind in kinds)
    # A report is of the answers that there are; new ones go to one place, not to two.
    if other.exists() and not usual.exists() and (report or as_json):
        usual = other
    place_of_answers = answers or usual
    kept = Answers(place_of_answers, read)
    if report or as_json:
        found = report_of(read, kept)
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines(found)))
        return
    from auface_studio.server.serve import bind, hosts_of, serve
    from auface_studio.study.app import StudyPage

    with bind(port) as place:
        page = StudyPage(read, kept, hosts_of(place))
        _note(f"answers go to {place_of_answers}")
        serve(page.app, place, browser=browser, tell=_note)
