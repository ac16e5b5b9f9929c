"""A design becomes pictures and tables that the experiment's program reads; a run is resumed."""

from __future__ import annotations

import ast
import contextlib
import csv
import io
import json
import re
import zipfile

import pytest
from PIL import Image

from auface_studio.errors import StudioError
from auface_studio.picture import chunks
from auface_studio.stimuli import Design, Dynamics, SetMaker, plan, read_design
from auface_studio.stimuli.codings import parse_table
from auface_studio.stimuli.design import to_toml
from auface_studio.stimuli.sequence import scaled
from auface_studio.stimuli.table import spelled
from facs_text import parse

DESIGN = """
title = "Smiles"
people = [1, 3]
levels = ["A", "E"]
seed = 5
licence = "CC0-1.0"

[[coding]]
name = "smile"
codes = "6+12"

[[coding]]
preset = "fear"
"""
MOVING = DESIGN + "\n[dynamics]\nonset = 200\napex = 100\noffset = 200\nfps = 50\n"


@pytest.fixture
def write(tmp_path):
    def design(text):
        path = tmp_path / "design.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return design


def make(design, faces, eyes, out):
    maker = SetMaker(design, faces, eyes, out)
    maker.begin()
    made = [maker.make(one) for one in maker.stimuli]
    maker.finish()
    return maker, made


def importable_conditions(path):
    """PsychoPy's reader (data.importConditions): its rules on names, and what it makes of cells."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in rows[0]:
        assert re.fullmatch(r"[A-Za-z_]\w*", name), f"{name!r} is no Python name"
    for row in rows:
        assert None not in row, "more cells than heads"
        for name, cell in row.items():
            if cell.startswith("[") and cell.endswith("]"):
                row[name] = ast.literal_eval(cell)
            elif re.fullmatch(r"-?\d+", cell):
                row[name] = int(cell)
            else:
                with contextlib.suppress(ValueError):
                    row[name] = float(cell)  # "6E+12" is a number to it
    return rows


def test_people_times_codings_times_levels_and_at_rest(write):
    design = read_design(write(DESIGN))
    stimuli = plan(design)
    assert len(stimuli) == 2 * (1 + 2 * 2)
    assert [str(s.coding) for s in stimuli[:3]] == ["0", "6A+12A", "6E+12E"]
    assert all(re.fullmatch(r"[A-Za-z0-9]+", s.label) for s in stimuli)
    assert len({s.label for s in stimuli}) == len(stimuli)


def test_a_design_is_read_from_what_it_writes(write):
    design = read_design(write(MOVING))
    assert read_design(write(to_toml(design))) == design
    odd = Design('quo"te \\ back', (0,), (("a b", parse("L12B")),), dynamics=Dynamics(1, 2, 3))
    assert read_design(write(to_toml(odd))) == odd


def test_psychopy_reads_the_conditions(write, faces, eyes, tmp_path):
    make(read_design(write(DESIGN)), faces, eyes, tmp_path / "out")
    rows = importable_conditions(tmp_path / "out" / "conditions.csv")
    assert len(rows) == 10
    assert rows[1]["codes"] == "AU6A+AU12A"
    assert rows[1]["person"] == 1
    assert rows[1]["aaad_distance"] >= 0
    for row in rows:
        with Image.open(tmp_path / "out" / row["image"]) as image:
            assert image.info["auface:codes"] == str(parse(row["codes"]))
            assert image.info["auface:seed"] == "5"
            assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]


@pytest.mark.parametrize("codes", ["0", "6E+12", "1E+2", "L12B+B28C", "30LC", "M61+12C", "U46?"])
def test_codes_in_a_table_are_no_number_and_come_back(codes):
    text = spelled(parse(codes))
    assert parse(text) == parse(codes)
    with pytest.raises(ValueError, match="float"):
        float(text)


def test_jspsych_gets_the_same_rows(write, faces, eyes, tmp_path):
    make(read_design(write(DESIGN)), faces, eyes, tmp_path / "out")
    text = (tmp_path / "out" / "jspsych.js").read_text("utf-8")
    rows = json.loads(re.search(r"const auface_stimuli = (.*);\n$", text, re.DOTALL)[1])
    with (tmp_path / "out" / "conditions.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [{k: str(v) for k, v in row.items()} for row in rows] == table


def test_bids_finds_its_stimuli(write, faces, eyes, tmp_path):
    make(read_design(write(MOVING)), faces, eyes, tmp_path / "out")
    about = json.loads((tmp_path / "out" / "dataset_description.json").read_text("utf-8"))
    assert about["Name"] == "Smiles"
    assert about["License"] == "CC0-1.0"
    assert about["BIDSVersion"]
    folder = tmp_path / "out" / "stimuli"
    with (folder / "stimuli.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    described = json.loads((folder / "stimuli.json").read_text("utf-8"))
    assert next(iter(rows[0])) == "stim_id"
    assert set(rows[0]) == set(described)
    assert not any(value == "" for row in rows for value in row.values())
    for row in rows:
        side = json.loads((folder / f"{row['stim_id']}_image.json").read_text("utf-8"))
        assert parse(side["Codes"]) == parse(row["codes"])
        assert side["Model"] == "tiny"
        assert (folder / f"{row['stim_id']}_image.png").is_file()


def test_a_sequence_rises_stays_and_falls(write, faces, eyes, tmp_path):
    design = read_design(write(MOVING))
    one = next(s for s in plan(design) if str(s.coding) == "6E+12E")
    levels = [f.coding.level("12") or 0 for f in one.frames]
    assert len(levels) == 25
    assert levels[0] == 0
    top = levels.index(5)
    assert levels[:top] == sorted(levels[:top])
    assert levels[10:16] == [5] * 6
    assert levels[15:] == sorted(levels[15:], reverse=True)
    maker, _ = make(design, faces, eyes, tmp_path / "out")
    frames = sorted(maker.folder(one).iterdir())
    assert [chunks(f.read_bytes())["codes"] for f in frames] == [str(f.coding) for f in one.frames]
    with Image.open(maker.animation(one)) as movie:
        total = 0
        for k in range(movie.n_frames):
            movie.seek(k)
            movie.load()
            total += movie.info["duration"]
    assert total == 500


def test_frames_between_letters_are_not_steps(write, faces, eyes, tmp_path):
    design = read_design(write(MOVING))
    maker = SetMaker(design, faces, eyes, tmp_path / "out")
    one = next(s for s in maker.stimuli if str(s.coding) == "6E+12E")
    rise = one.frames[:11]
    assert [f.strength for f in rise] == sorted({f.strength for f in rise})
    assert {str(f.above) for f in rise if f.share} <= {str(c) for c in one.codings}
    pictures = maker.frames(one)
    assert len(set(pictures[:11])) == 11
    assert len(set(pictures[10:16])) == 1
    said = [chunks(png).get("between", "") for png in pictures]
    assert said[0] == said[10] == ""
    assert sum(bool(text) for text in said) > 10


def test_a_frame_of_another_place_between_letters_is_drawn_anew(write, faces, eyes, tmp_path):
    maker, _ = make(read_design(write(MOVING)), faces, eyes, tmp_path / "out")
    one = next(s for s in maker.stimuli if str(s.coding) == "6E+12E")
    frames = sorted(maker.folder(one).iterdir())
    whole = frames[1].read_bytes()
    frames[1].write_bytes(frames[2].read_bytes())
    assert maker.make(one)
    assert frames[1].read_bytes() == whole


def test_timing_is_the_same_for_all_people(write):
    frames = {}
    for one in plan(read_design(write(MOVING))):
        frames.setdefault((one.name, one.level), set()).add(one.frames)
    assert all(len(same) == 1 for same in frames.values())


def test_an_unscored_unit_rises_to_itself():
    assert scaled(parse("12"), 1.0) == parse("12")
    assert scaled(parse("12"), 0.4) == parse("12A")
    assert scaled(parse("12E+L4B"), 0.0) == parse("0")


def test_a_run_goes_on_and_gives_the_same_bytes(write, faces, eyes, tmp_path):
    design = read_design(write(MOVING))
    make(design, faces, eyes, tmp_path / "whole")
    half = SetMaker(design, faces, eyes, tmp_path / "out")
    half.begin()
    for one in half.stimuli[:4]:
        half.make(one)
    assert not (tmp_path / "out" / "conditions.csv").exists()
    _, made = make(design, faces, eyes, tmp_path / "out")
    assert made == [False] * 4 + [True] * 6

    def files(folder):
        return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_what_another_model_drew_is_drawn_anew(write, faces, eyes, tmp_path):
    design = read_design(write(DESIGN))
    make(design, faces, eyes, tmp_path / "out")
    faces.model = "other"
    _, made = make(design, faces, eyes, tmp_path / "out")
    assert all(made)


def test_a_picture_that_was_damaged_is_drawn_anew(write, faces, eyes, tmp_path):
    design = read_design(write(DESIGN))
    maker, _ = make(design, faces, eyes, tmp_path / "out")
    maker.picture(maker.stimuli[2]).write_bytes(b"half a pict")
    _, made = make(design, faces, eyes, tmp_path / "out")
    assert made == [k == 2 for k in range(10)]


def test_nothing_is_left_half_written(write, faces, eyes, tmp_path):
    design = read_design(write(DESIGN))
    maker = SetMaker(design, faces, eyes, tmp_path / "out")
    maker.begin()

    def fail():
        raise OSError("the disk is full")

    faces.before = fail
    with pytest.raises(OSError, match="full"):
        maker.make(maker.stimuli[0])
    assert [p.name for p in (tmp_path / "out").rglob("*") if p.is_file()] == ["design.toml"]


def test_another_design_or_folder_is_not_overwritten(write, faces, eyes, tmp_path):
    make(read_design(write(DESIGN)), faces, eyes, tmp_path / "out")
    with pytest.raises(StudioError, match="another design"):
        SetMaker(read_design(write(MOVING)), faces, eyes, tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("dear reader")
    with pytest.raises(StudioError, match="not empty"):
        SetMaker(read_design(write(DESIGN)), faces, eyes, tmp_path / "mine")


def test_the_zip_holds_it_all_and_is_the_same_each_time(write, faces, eyes, tmp_path):
    maker, _ = make(read_design(write(DESIGN)), faces, eyes, tmp_path / "out")
    maker.zip(tmp_path / "one.zip")
    maker.zip(tmp_path / "two.zip")
    data = (tmp_path / "one.zip").read_bytes()
    assert data == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        names = set(file.namelist())
        assert file.testzip() is None
    assert "out/conditions.csv" in names
    assert len([n for n in names if n.endswith(".png")]) == 10


def test_a_pasted_table_in_each_way_people_paste():
    wanted = [("smile", parse("12C")), ("sad", parse("1B+15B"))]
    assert parse_table("name,codes\nsmile,12C\nsad,1B+15B\n") == wanted
    assert parse_table("Codes;Name\n12C;smile\n1B+15B;sad") == wanted
    assert parse_table("name\tcodes\tnote\nsmile\t12C\tx\n\nsad\t1B+15B\ty") == wanted
    assert parse_table("12C\n1B+15B") == [("12C", parse("12C")), ("1B+15B", parse("1B+15B"))]
    with pytest.raises(StudioError, match="line 3"):
        parse_table("name,codes\nsmile,12C\nsad,purple")


@pytest.mark.parametrize(
    "name", ["../t.csv", "/etc/passwd", "..\\t.csv", "C:\\t.csv", "link/t.csv"]
)
def test_a_table_outside_the_designs_folder_is_not_read(write, tmp_path, name):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "t.csv").write_text("12C")
    (tmp_path / "link").symlink_to(outside)
    with pytest.raises(StudioError, match="leads out"):
        read_design(write(f"people = [0]\ntable = {name!r}\n"))


def test_a_table_beside_the_design_is_read(write, tmp_path):
    (tmp_path / "codings.csv").write_text("name,codes\nsmile,12C\n")
    design = read_design(write('people = [0]\ntable = "codings.csv"\n'))
    assert design.codings == (("smile", parse("12C")),)


def test_names_that_would_share_files_are_told_apart(write):
    text = 'people = [0]\n[[coding]]\nname = "a b"\ncodes = "12C"\n'
    text += '[[coding]]\nname = "a-b"\ncodes = "4C"\n'
    with pytest.raises(StudioError, match="both be stim"):
        plan(read_design(write(text)))


def test_an_error_names_the_file_and_the_coding(write):
    with pytest.raises(StudioError, match=r"design\.toml: coding 1: .*position 0"):
        read_design(write('people = [0]\n[[coding]]\ncodes = "pretty"\n'))
    with pytest.raises(StudioError, match="no TOML"):
        read_design(write("people = [0"))


def test_the_page_makes_a_set_and_goes_on_meanwhile(client, tmp_path):
    design = {
        "title": "On the page",
        "people": [0, 1],
        "table": "name,codes\nsmile,12",
        "levels": ["C"],
    }
    plan_ = client.post("/api/set/plan", json={"design": design}).json()
    assert plan_["count"] == 4
    assert "[[coding]]" in plan_["toml"]
    client.post("/api/set/make", json={"design": design})
    assert client.post("/api/face", json={"codes": "12C", "person": 0}).status_code == 200
    while (status := client.get("/api/set/status").json())["state"] == "making":
        pass
    assert status["state"] == "made", status
    assert len(importable_conditions(tmp_path / "sets" / "on-the-page" / "conditions.csv")) == 4
    assert client.get("/api/set/zip").headers["content-type"] == "application/zip"
    table = client.get("/api/set/conditions").json()
    assert table["count"] == 4
    assert table["rows"][0]["stim_id"] == "stim-p00Neutral"
    (tmp_path / "again.toml").write_text(plan_["toml"])
    assert [s.label for s in plan(read_design(tmp_path / "again.toml"))] == [
        c["label"] for c in plan_["cells"]
    ]


def test_the_page_shows_a_stimulus_moving(client):
    design = {"people": [1], "table": "12D", "dynamics": {"onset": 200, "apex": 100, "offset": 200}}
    label = client.post("/api/set/plan", json={"design": design}).json()["cells"][1]["label"]
    film = client.post("/api/set/play", json={"design": design, "label": label})
    with Image.open(io.BytesIO(film.content)) as movie:
        assert movie.n_frames > 8
        assert b"trainedAlgorithmicMedia" in movie.info["xmp"]
    assert client.post("/api/set/play", json={"design": design, "label": "x"}).status_code == 400
    assert client.get("/api/set/conditions").status_code == 400
