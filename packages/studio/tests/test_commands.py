"""The three commands through the entry-point group of `auface`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from importlib.metadata import entry_points

import pytest

from auface_cli.main import main
from auface_studio.server.serve import bind
from auface_studio.study import Answers, read_study
from auface_studio.study.answers import Answer

DESIGN = 'people = [1]\nneutral = false\n[[coding]]\nname = "smile"\ncodes = "12C"\n'


@pytest.fixture
def auface(capsys):
    def run(*arguments):
        capsys.readouterr()
        status = main([str(a) for a in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_they_are_in_the_group(auface):
    names = {point.name for point in entry_points(group="auface.commands")}
    assert {"studio", "stimuli", "study"} <= names
    status, out, _ = auface("--help")
    assert status == 0
    for name in ("studio", "stimuli", "study"):
        assert f"  {name} " in out
        assert auface(name, "--help")[0] == 0
    assert "cannot be loaded" not in out


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom auface_cli.main import main\nassert main(['studio', '--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'PIL', 'starlette', 'uvicorn', 'aaad', 'auface_gen'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_taken_port_is_said_before_anything_is_loaded(auface):
    place = bind(0)
    try:
        port = place.getsockname()[1]
        status, out, err = auface("studio", "--port", port)
    finally:
        place.close()
    assert (status, out) == (2, "")
    assert f"port {port} is taken" in err
    assert f"--port {port + 1}" in err


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_package_is_named(auface, monkeypatch, missing, study_design):
    for name in [m for m in sys.modules if m.partition(".")[0] in (missing, "auface_studio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    status, _, err = auface("study", study_design, "--port", 0, "--no-browser")
    assert status == 2
    assert "python -m pip install 'auface-studio'" in err


def test_a_set_from_the_command(auface, tmp_path):
    design = tmp_path / "design.toml"
    design.write_text(DESIGN)
    status, out, _ = auface("stimuli", design, tmp_path / "out", "--dry-run")
    assert (status, out) == (0, "stim-p01Smile\t12C\n")
    status, out, err = auface("stimuli", design, tmp_path / "out", "--zip")
    assert (status, out) == (0, "")
    assert "1 stimuli, 0 of them there already" in err
    side = json.loads((tmp_path / "out/stimuli/stim-p01Smile_image.json").read_text("utf-8"))
    assert 0 <= side["AAADDistance"] < 0.2
    assert (tmp_path / "out.zip").is_file()
    assert "1 of them there already" in auface("stimuli", design, tmp_path / "out")[2]


@pytest.mark.slow
def test_auface_score_reads_the_set(auface, tmp_path):
    """Each stimulus once: the frames of a sequence are not pictures to be scored."""
    design = tmp_path / "design.toml"
    design.write_text(
        'people = [1, 2]\n[[coding]]\ncodes = "12E"\n[[coding]]\ncodes = "12B+4E"\n'
        '[[coding]]\ncodes = "12C+9C"\n[[coding]]\ncodes = "4D+9E"\n'
        "[dynamics]\nonset = 80\napex = 40\noffset = 0\n"
    )
    assert auface("stimuli", design, tmp_path / "out", "--no-score")[0] == 0
    status, out, err = auface("score", tmp_path / "out" / "stimuli", "--json")
    assert status == 0, err
    found = json.loads(out.splitlines()[0])
    shown = list((tmp_path / "out" / "stimuli").glob("*.png"))
    assert found["n"] + found["alone"] <= len(shown) == 10
    assert "left out" not in err


@pytest.mark.parametrize("text", ["people = [0", 'people = [0]\n[[coding]]\ncodes = "x"\n', ""])
def test_a_wrong_design_is_one_line_and_status_2(auface, tmp_path, text):
    design = tmp_path / "design.toml"
    design.write_text(text)
    status, out, err = auface("stimuli", design, tmp_path / "out")
    assert (status, out) == (2, "")
    assert err.startswith(f"auface: {design}: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert auface("stimuli", tmp_path / "nowhere.toml", tmp_path / "out")[0] == 2
    assert auface("study", tmp_path / "nowhere.toml")[0] == 2


def test_the_report_of_a_study(auface, study_design):
    study = read_study(study_design)
    kept = Answers(study_design.with_suffix(".answers.jsonl"), study)
    kept.add(Answer("ann", "t", "12C seed:1", ("theirs", "ours"), "right", "", 700))
    status, out, _ = auface("study", study_design, "--report")
    assert status == 0
    assert "ours against theirs: 1.000 of 1" in out
    found = json.loads(auface("study", study_design, "--json")[1])
    assert found["pairs"][0]["wins"] == 1


@pytest.mark.parametrize("asked", [(), ("--sqlite",)])
def test_the_report_reads_either_kind_of_file(auface, study_design, asked):
    kept = Answers(study_design.with_suffix(".answers.sqlite"), read_study(study_design))
    kept.add(Answer("ann", "t", "12C seed:1", ("theirs", "ours"), "right", "", 700))
    status, out, _ = auface("study", study_design, "--report", *asked)
    assert status == 0
    assert "ours against theirs: 1.000 of 1" in out


def test_two_places_for_answers_are_refused(auface, study_design):
    status, _, err = auface("study", study_design, "--sqlite", "--answers", "a.jsonl")
    assert status == 2
    assert "not both" in err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_it_serves_until_ctrl_c(study_design):
    """The command in a process of its own: the address is said, answered, and Ctrl-C ends it."""
    command = [sys.executable, "-m", "auface_cli.main", "study", str(study_design)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--no-browser"], stderr=subprocess.PIPE, text=True
    )
    try:
        address = ""
        while "http://" not in address:
            address = process.stderr.readline()
            assert address, "it ended before it served"
        url = address.split()[0]
        page = None
        while page is None:
            try:
                with urllib.request.urlopen(url) as answer:
                    page = answer.read()
            except ConnectionError:
                continue
        assert b"study.js" in page
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 1)
    finally:
        process.kill()
        process.stderr.close()
        process.wait()
