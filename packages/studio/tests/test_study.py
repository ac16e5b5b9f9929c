"""A study: blinded, in random but repeatable order, nothing lost, and a report of known truth."""

from __future__ import annotations

import json
import math
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_studio.errors import StudioError
from auface_studio.study import Answers, read_study, report_of, trials_of
from auface_studio.study.answers import Answer
from auface_studio.study.app import StudyPage
from auface_studio.study.report import lines
from auface_studio.study.stats import alpha, bradley_terry, wilson

HOST = "127.0.0.1:8511"


# statistics against published or hand-computed values


def test_wilson_by_the_textbook():
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=5e-5)
    assert high == pytest.approx(0.9433, abs=5e-5)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 400), st.data())
def test_wilson_holds_the_rate_and_mirrors(n, data):
    wins = data.draw(st.integers(0, n))
    low, high = wilson(wins, n)
    assert 0 <= low <= wins / n <= high <= 1
    other = wilson(n - wins, n)
    assert other[0] == pytest.approx(1 - high)


def test_bradley_terry_of_two_is_the_win_rate():
    found = bradley_terry({("a", "b"): 30, ("b", "a"): 10}, ["a", "b"], prior=0)
    assert found["a"] == pytest.approx(0.75)


def test_bradley_terry_finds_the_strengths_that_made_the_wins():
    true = {"a": 0.5, "b": 0.3, "c": 0.2}
    wins = {(x, y): 1e4 * true[x] / (true[x] + true[y]) for x in true for y in true if x != y}
    found = bradley_terry(wins, list(true), prior=0)
    assert found == pytest.approx(true, abs=1e-6)


def test_an_arm_that_never_lost_has_a_finite_strength():
    found = bradley_terry({("a", "b"): 5}, ["a", "b"])
    assert 0.5 < found["a"] < 1


def test_alpha_by_krippendorffs_example():
    """Krippendorff 2011, 'Computing Krippendorff's alpha-reliability', the data with gaps."""
    rows = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [{r: row[u] for r, row in enumerate(rows) if row[u] is not None} for u in range(12)]
    assert alpha(units, interval=False) == pytest.approx(0.743, abs=5e-4)
    assert alpha(units, interval=True) == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_nothing_to_compare():
    assert alpha([], interval=False) is None
    assert alpha([{1: "a"}], interval=False) is None
    assert alpha([{1: "a", 2: "a"}], interval=False) is None
    assert alpha([{1: "a", 2: "a"}, {1: "b", 2: "b"}], interval=False) == 1.0


# the design and its trials


def test_a_rater_gets_the_same_trials_again_and_another_rater_others(study_design):
    study = read_study(study_design)
    assert trials_of(study, "ann") == trials_of(study, "ann")
    assert trials_of(study, "ann") != trials_of(study, "bob")


def test_each_item_once_sides_balanced_checks_among_them(study_design):
    study = read_study(study_design)
    for rater in ("ann", "bob", "cem"):
        trials = trials_of(study, rater)
        real = [t for t in trials if not t.wanted]
        assert len({t.key for t in trials}) == len(trials) == 6 + 2
        assert sorted(t.item for t in real) == list(range(6))
        assert sum(t.arms == ("ours", "theirs") for t in real) == 3
        assert {t.wanted for t in trials} <= {"", "left", "right"}


def test_fewer_trials_when_the_design_says_so(study_design):
    study_design.write_text(study_design.read_text().replace("seed = 4", "seed = 4\ntrials = 3"))
    assert len(trials_of(read_study(study_design), "ann")) == 3 + 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('folder = "ours"', 'folder = "../ours"', "not beside"),
        ('folder = "ours"', 'folder = "/etc"', "not beside"),
        ('folder = "ours"', 'folder = "nowhere"', "no folder"),
        ('consent = "You may stop at any time."', "", "consent"),
        ('name = "theirs"', 'name = "ours"', "two arms"),
        ("seed = 4", "sed = 4", "no key 'sed'"),
        ("seed = 4", 'kind = "poll"', "kind"),
        ("seed = 4", "trials = 0", "trials"),
    ],
)
def test_wrong_designs_say_what_is_wrong(study_design, old, new, says):
    study_design.write_text(study_design.read_text().replace(old, new))
    with pytest.raises(StudioError, match=says):
        read_study(study_design)


# answers


def answer(rater="ann", trial="t1", choice="left", wanted=""):
    return Answer(rater, trial, "12C seed:1", ("ours", "theirs"), choice, wanted, 900)


def test_an_answer_is_on_disk_before_the_next_question(study_design, tmp_path):
    path = tmp_path / "a.jsonl"
    kept = Answers(path, read_study(study_design))
    assert kept.add(answer())
    assert json.loads(path.read_text())["choice"] == "left"
    assert not kept.add(answer(choice="right"))
    assert len(path.read_text().splitlines()) == 1
    assert [a.choice for a in Answers(path, read_study(study_design))] == ["left"]


KILLED = """
import sys
from pathlib import Path
from auface_studio.study import Answers, read_study
from auface_studio.study.answers import Answer
kept = Answers(Path(sys.argv[2]), read_study(Path(sys.argv[1])))
for k in range(10_000):
    kept.add(Answer("ann", f"t{k}", "i", ("ours", "theirs"), "left", "", k))
    print(k, flush=True)
"""


@pytest.mark.parametrize("kind", ["jsonl", "sqlite"])
def test_what_was_confirmed_is_there_after_a_kill(study_design, tmp_path, kind):
    path = tmp_path / f"answers.{kind}"
    command = [sys.executable, "-c", KILLED, str(study_design), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        last = -1
        for line in process.stdout:
            last = int(line)
            if last == 20:
                process.kill()
    found = Answers(path, read_study(study_design))
    assert {f"t{k}" for k in range(last + 1)} <= found.done("ann")
    assert found.add(answer(trial="new"))
    again = Answers(path, read_study(study_design))
    assert len(again) == len(found)


def test_both_kinds_of_file_give_the_same_report(study_design, tmp_path):
    study = read_study(study_design)
    reports = []
    for kind in ("jsonl", "sqlite"):
        kept = Answers(tmp_path / f"answers.{kind}", study)
        for k, choice in enumerate(("left", "right", "left")):
            assert kept.add(answer(trial=f"t{k}", choice=choice))
            assert not kept.add(answer(trial=f"t{k}", choice="right"))
        reports.append(report_of(study, Answers(tmp_path / f"answers.{kind}", study)))
    assert reports[0] == reports[1]
    with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as file:
        assert file.execute("SELECT COUNT(*), COUNT(other_arm) FROM answers").fetchone() == (3, 3)
    assert [p.name for p in tmp_path.glob("answers.sqlite*")] == ["answers.sqlite"]


def test_a_database_of_something_else_is_refused(study_design, tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE answers (question TEXT)")
    with pytest.raises(StudioError, match="name another file"):
        Answers(path, read_study(study_design))


def test_a_line_that_a_dying_machine_left_costs_only_itself(study_design, tmp_path):
    path = tmp_path / "a.jsonl"
    study = read_study(study_design)
    Answers(path, study).add(answer())
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole + whole[:cut].rstrip(b"\n"))
        again = Answers(path, study)
        again.add(answer(trial="t2"))
        found = Answers(path, study)
        assert {a.trial for a in found} == {"t1", "t2"}
        assert path.read_bytes().startswith(whole)
        assert found.broken == (1 if 0 < cut < len(whole) - 1 else 0)


# the page


@pytest.fixture
def run(study_design, tmp_path, browse):
    study = read_study(study_design)
    answers = Answers(tmp_path / "answers.jsonl", study)
    return browse(StudyPage(study, answers, [HOST]).app), study, tmp_path / "answers.jsonl"


def rate(client, rater, choose):
    """Answer to the end; the questions that were shown."""
    shown = []
    while not (question := client.post("/api/next", json={"rater": rater}).json()).get("finished"):
        shown.append(question)
        given = {"rater": rater, "number": question["number"], "choice": choose(question)}
        client.post("/api/answer", json=given | {"milliseconds": 1200})
    return shown


def test_the_page_tells_no_arm(run, study_design):
    client, study, _ = run
    said = client.get("/api/study").text
    for question in rate(client, "ann", lambda q: "left"):
        said += json.dumps(question)
        for src in question["pictures"]:
            picture = client.get(src)
            assert picture.status_code == 200
            assert b"auface" not in picture.content
    for secret in ("ours", "theirs", "secret-", ".toml", *(i.name for i in study.items)):
        assert secret not in said


def test_a_picture_has_no_name_that_can_be_guessed(run):
    client, _, _ = run
    src = client.post("/api/next", json={"rater": "ann"}).json()["pictures"][0]
    head, _, name = src.rpartition("/")
    assert client.get(f"{head}/{'0' * 24}.png").status_code == 404
    assert client.get(src.replace("/ann/", "/bob/")).status_code == 404
    assert client.get(f"{head[:-1]}1/{name}").status_code == 404


def test_a_closed_browser_goes_on_where_it_was(run, browse, study_design):
    client, study, path = run
    first = client.post("/api/next", json={"rater": "ann"}).json()
    given = {"rater": "ann", "number": first["number"], "choice": "left", "milliseconds": 5}
    assert client.post("/api/answer", json=given).json() == {"kept": True, "new": True}
    assert client.post("/api/answer", json=given).json() == {"kept": True, "new": False}
    restarted = browse(StudyPage(study, Answers(path, study), [HOST]).app)
    second = restarted.post("/api/next", json={"rater": "ann"}).json()
    assert second["done"] == 1
    assert second["number"] != first["number"]


@pytest.mark.parametrize(
    "change",
    [{"rater": "../x"}, {"rater": ""}, {"rater": 5}, {"number": 99}, {"number": -1},
     {"choice": "both"}, {"choice": "7"}, {"milliseconds": -1}, {"milliseconds": "now"}],
)  # fmt: skip
def test_wrong_answers_are_refused(run, change):
    client, _, path = run
    given = {"rater": "ann", "number": 0, "choice": "left", "milliseconds": 5} | change
    assert client.post("/api/answer", json=given).status_code == 400
    assert not path.exists()


def test_attention_checks_say_what_to_choose(run):
    client, study, _ = run

    def choose(question):
        for side in ("left", "right"):
            if f"choose the {side} picture" in question["text"]:
                return side
        return "left"

    rate(client, "ann", choose)
    rate(client, "bot", lambda q: "right" if "choose the left" in q["text"] else "left")
    report = json.loads(json.dumps(report_of(study, Answers(run[2], study))))
    assert report["raters_left_out"] == ["bot"]
    assert report["checks"] == {"asked": 4, "right": 2}
    assert report["answers"] == 6


# simulated raters of known truth


def simulated(study, path, raters, strength, *, seed):
    """Raters who choose by Bradley-Terry, with a lean to the left; one in ten does not look."""
    answers = Answers(path, study)
    draw = random.Random(seed)
    for r in range(raters):
        asleep = r % 10 == 0
        for trial in trials_of(study, f"r{r}"):
            if trial.wanted:
                wrong = "left" if trial.wanted == "right" else "right"
                choice = wrong if asleep else trial.wanted
            elif asleep:
                choice = "left"
            else:
                left, right = (strength[arm] for arm in trial.arms)
                lean = 1.3
                choice = "left" if draw.random() < lean * left / (lean * left + right) else "right"
            name = study.items[trial.item].name
            answers._known[f"r{r}", trial.key] = Answer(
                f"r{r}", trial.key, name, trial.arms, choice, trial.wanted, 1000
            )
    return answers


def test_raters_of_known_strength_are_reported_as_that(study_design, tmp_path):
    study = read_study(study_design)
    truth = {"ours": 0.7, "theirs": 0.3}
    answers = simulated(study, tmp_path / "a.jsonl", 200, truth, seed=1)
    report = report_of(study, answers)
    assert len(report["raters_left_out"]) == 20
    (pair,) = report["pairs"]
    low, high = pair["wilson95"]
    assert pair["n"] == 180 * 6
    assert low < 0.7 < high, "sides are balanced, so the lean to the left cancels"
    assert high - low < 0.07
    assert report["bradley_terry"]["ours"] == pytest.approx(0.7, abs=0.05)
    assert report["chose_left"] > 0.5
    assert "ours against theirs" in "\n".join(lines(report))


def test_the_interval_holds_the_truth_as_often_as_it_says(study_design, tmp_path):
    """Over 60 studies: about 57 intervals hold; fewer than 50 would be one in many thousands."""
    study = read_study(study_design)
    held = 0
    for seed in range(60):
        answers = simulated(
            study, tmp_path / "a.jsonl", 30, {"ours": 0.6, "theirs": 0.4}, seed=seed
        )
        low, high = report_of(study, answers)["pairs"][0]["wilson95"]
        held += low <= 0.6 <= high
    assert held >= 50


def test_ratings_from_one_to_seven(study_design, browse, tmp_path):
    study_design.write_text(study_design.read_text().replace("seed = 4", 'seed = 4\nkind = "rate"'))
    study = read_study(study_design)
    path = tmp_path / "r.jsonl"
    client = browse(StudyPage(study, Answers(path, study), [HOST]).app)
    by_arm = {"ours": "6", "theirs": "2"}
    for rater in ("ann", "bob"):
        trials = trials_of(study, rater)
        shown = rate(
            client,
            rater,
            lambda q, t=trials: t[q["number"]].wanted or by_arm[t[q["number"]].arms[0]],
        )
        assert len(shown) == 12 + 2
        assert all(q["text"] == "" or "attention" in q["text"] for q in shown)
    report = report_of(study, Answers(path, study))
    assert [row["mean"] for row in report["ratings"]] == [6.0, 2.0]
    assert report["agreement_alpha"] == 1.0
    assert report["ratings"][0]["counts"] == [0, 0, 0, 0, 0, 12, 0]
    assert not math.isnan(report["ratings"][0]["raters95"][0])


def test_an_empty_study_reports_that(study_design, tmp_path):
    study = read_study(study_design)
    report = report_of(study, Answers(tmp_path / "none.jsonl", study))
    assert report["answers"] == 0
    assert report["pairs"][0]["rate"] is None
    assert lines(report)


def test_a_check_never_stands_at_the_same_place_for_all(study_design):
    study = read_study(study_design)
    places = [
        tuple(n for n, t in enumerate(trials_of(study, f"r{k}")) if t.wanted) for k in range(30)
    ]
    assert len(set(places)) > 5
    assert any(a != b for a, b in pairwise(places))
