"""The group: lazy, complete, and robust against what is missing or broken."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import click
import pytest

from auface_cli import group
from auface_cli.main import cli, main

COMMANDS = [
    "align",
    "ask",
    "compare",
    "contrast",
    "convert",
    "corpus",
    "demo",
    "describe",
    "edit",
    "generate",
    "info",
    "pack",
    "render",
    "score",
    "sequence",
    "sign",
    "tokens",
    "train",
    "understand",
    "units",
]
ALL = [
    [],
    *([name] for name in COMMANDS),
    *(["corpus", name] for name in ("build", "check", "export", "render", "shard", "stats")),
    *(
        ["train", name]
        for name in (
            "detector",
            "generator",
            "identity",
            "landmarks",
            "tears",
            "tokenizer",
        )
    ),
    *(["tokens", name] for name in ("decode", "encode")),
]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_of_every_command(auface, path):
    outcome = auface(*path, "--help")
    assert outcome.status == 0
    assert outcome.out.startswith("Usage: auface")
    assert "cannot be loaded" not in outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_says_what_it_does(path):
    found: click.Command = cli
    for name in path:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)
    for option in found.params:
        if isinstance(option, click.Option):
            said = (option.help or "").partition("[default:")[0].rstrip()
            assert said.endswith("."), f"{option.opts[0]}: {said!r}"
            assert said[0].isupper(), f"{option.opts[0]}: {said!r}"


def test_the_list_is_whole_and_sorted():
    found = cli.list_commands(click.Context(cli))
    others = {point.name for point in entry_points(group=group.GROUP)}
    assert [name for name in found if name not in others] == COMMANDS
    assert found == sorted(found)


def test_help_imports_nothing_heavy():
    """A new process, so that what other tests have imported does not count."""
    code = (
        "import sys\n"
        "from auface_cli.main import main\n"
        "assert main(['--help']) == 0\n"
        "assert main(['describe', '12C']) == 0\n"
        "heavy = {'torch', 'numpy', 'PIL', 'aaad', 'auface_gen', 'vq_tokenizer', 'mitsuba'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "missing", "brings"),
    [
        (["generate", "12C", "--out", "x.png"], "auface_gen", "auface[gen]"),
        (["demo"], "aaad", "auface[score]"),
        (["score", "."], "aaad", "auface[score]"),
        (["train", "tokenizer", "c", "--out", "o", "--steps", "1"], "vq_tokenizer", "auface[gen]"),
        (["train", "detector", "c", "--out", "o", "--steps", "1"], "aaad", "auface[score]"),
        (["tokens", "decode", "f", "--out", "o"], "vq_tokenizer", "auface[gen]"),
        (["corpus", "render", "o", "--rig", "r"], "auface_gen", "auface[gen]"),
    ],
)
def test_a_missing_package_is_named_with_its_pip_line(
    auface, monkeypatch, arguments, missing, brings
):
    for name in [m for m in sys.modules if m.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    outcome = auface(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert f"python -m pip install '{brings}'" in outcome.err
    assert auface(arguments[0], "--help").status == 0


def plugin(monkeypatch, *points):
    def found(*, group):
        return [EntryPoint(name, value, group) for name, value in points]

    monkeypatch.setattr(group, "entry_points", found)


def test_others_can_add_commands(auface, monkeypatch):
    plugin(monkeypatch, ("zebra", "auface_cli.commands.units:command"))
    assert "zebra" in auface("--help").out
    assert auface("zebra", "12").out == auface("units", "12").out


def test_a_broken_plugin_is_listed_and_says_why(auface, monkeypatch):
    plugin(
        monkeypatch,
        ("broken", "auface_cli.nowhere:command"),
        ("odd", "auface_cli.main:main"),
        ("units", "auface_cli.nowhere:command"),  # what comes with auface stays
    )
    shown = auface("--help")
    assert shown.status == 0
    assert "cannot be loaded" in shown.out
    assert auface("odd").status == 2
    assert "not a click command" in auface("odd", "--some", "thing").err
    assert auface("broken").status != 0
    assert auface("units", "12").status == 0


def test_failures_are_one_line_and_status_1(auface, monkeypatch):
    def fail():
        raise RuntimeError("the disk\nis full")

    monkeypatch.setitem(cli.commands, "fail", click.Command("fail", callback=fail))
    outcome = auface("fail")
    assert outcome.status == 1
    assert outcome.err.count("\n") == 1
    assert "RuntimeError: the disk is full" in outcome.err
    monkeypatch.setenv("AUFACE_TRACEBACK", "1")
    assert "Traceback" in auface("fail").err

    def stop():
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.commands, "stop", click.Command("stop", callback=stop))
    assert auface("stop").status == 130
    assert auface("stop").err.strip() == "auface: stopped"


def test_version(auface):
    assert auface("--version").out.startswith("auface, version ")


def test_the_script_is_installed():
    (script,) = entry_points(group="console_scripts", name="auface")
    assert script.load() is main
