"""Reports: complete, escaped, and with nothing outside them."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from aaad import COLUMNS, targets
from aaad.page import reliability, to_html, verdict
from aaad.parts import merge_parts, read_part, write_part
from aaad.report import write_html, write_json, write_jsonl
from aaad.scoring import Seen, read_ceiling, score_seen
from aaad.words import reason

Image = pytest.importorskip("PIL.Image")

CODES = ["0", "12C", "L12D", "12E", "0", "12A"] * 2


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for key, value in attrs if key in ("src", "href")]


@pytest.fixture
def seen(tmp_path):
    target = targets(CODES)
    files = []
    for i in range(len(CODES)):
        path = tmp_path / f"{i:02d}.png"
        Image.new("RGB", (16, 16), (10 * i, 0, 0)).save(path)
        files.append(str(path))
    return Seen(
        pred=0.8 * target + 0.2 / 6,
        rest=None,
        target=target,
        mask=np.ones((12, 38), bool),
        columns=COLUMNS,
        presence=(),
        files=files,
        codes=CODES,
        texts=["<b>& smiles"] * 12,
        subjects=["p", "q"] * 6,
        before=CODES,
        detector="d",
    )


def test_the_page_stands_alone_and_escapes(seen):
    score = score_seen(seen, min_count=2)
    page = to_html(score, title="<script>")
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.seen
    assert "&lt;b&gt;&amp; smiles" in page
    assert len(reader.links) == 12
    assert all(link.startswith("data:image/png;base64,") for link in reader.links)
    assert "http" not in page
    assert score.result.name in page
    top = page[: page.index("<h2>")]
    for word in (f"{score.result.aaad:.2f}", "side", "level", "conflict", "unit", "95%"):
        assert word in top
    assert len(reader_of(to_html(score, pictures=3)).links) == 3


def reader_of(page):
    reader = Reader()
    reader.feed(page)
    return reader


def test_json_and_lines_can_be_read_back(seen, tmp_path):
    score = score_seen(seen, min_count=2)
    write_json(tmp_path / "a" / "score.json", score)
    write_jsonl(tmp_path / "per_image.jsonl", score.images)
    write_html(tmp_path / "page.html", score)
    values = json.loads((tmp_path / "a" / "score.json").read_text())
    assert values["aaad"] == score.result.aaad
    assert values["definition"] == "AAAD-cramer"
    assert values["version"] == 2
    assert set(values["counterfactuals"]) == {"side", "level", "conflict", "unit"}
    assert values["controls"]["oracle"] == 1.0
    assert values["faces"] == {"pictures": 12, "without_a_face": 0}
    assert set(values["per_au"]) == {"AU12L", "AU12R"}
    lines = [json.loads(line) for line in (tmp_path / "per_image.jsonl").read_text().splitlines()]
    assert [line["codes"] for line in lines] == CODES
    assert lines[2]["units"]["AU12L"]["asked"] == 4.0
    assert lines[0]["distance"] < 0.1
    assert not list(tmp_path.rglob("*.part"))
    assert read_ceiling(tmp_path / "a" / "score.json") == score.result.aaad


def test_a_picture_without_a_face_is_counted_and_said(seen):
    seen.mask[3] = False
    score = score_seen(seen, min_count=2)
    assert score.result.unseen == 1
    assert score.faces["without_a_face"] == 1
    assert score.images[3].reason == "no face was found"
    assert score.images[3].to_json()["distance"] is None
    assert "1 without a face" in to_html(score)


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ({"AU12L": (3, 1), "AU12R": (0, 1)}, "asked for L12C, sees 12A on both sides"),
        ({"AU12L": (3, 3), "AU12R": (3, 3)}, "as asked"),
        ({"AU17": (0, 4)}, "sees 17D, not asked for"),
        ({"AU4L": (2, 0.1), "AU4R": (2, 0.1)}, "asked for 4B on both sides, sees no 4"),
        ({"AU12L": (1, 0), "AU12R": (4, 0)}, "asked for L12A and R12D, sees no 12"),
    ],
)
def test_the_reason_is_in_words(units, said):
    assert reason(units) == said


def test_the_verdict_names_the_fault(seen):
    assert verdict(score_seen(seen, min_count=2)).startswith("The pictures show most")
    wrong = targets([c.replace("L", "R") for c in CODES])
    mirrored = Seen(**{**seen.__dict__, "pred": wrong})
    assert "on the wrong side" in verdict(score_seen(mirrored, min_count=2))
    still = np.zeros_like(seen.pred)
    still[..., 0] = 1
    nothing = Seen(**{**seen.__dict__, "pred": still})
    assert "nothing to do with" in verdict(score_seen(nothing, min_count=2))


def test_a_calibrated_detector_lies_on_the_diagonal(seen):
    points = reliability(seen)
    assert sum(n for *_, n in points) == 12 * 38
    sharp = Seen(**{**seen.__dict__, "pred": seen.target})
    for said, asked, _ in reliability(sharp):
        assert said == pytest.approx(asked)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_parts_merged_in_any_order_give_the_same_bits(seen, tmp_path, count):
    lists = ("files", "codes", "texts", "subjects", "before")
    paths = []
    for k in range(count):
        rows = slice(k, None, count)
        part = {name: getattr(seen, name)[rows] for name in (*lists, "pred", "target", "mask")}
        paths.append(tmp_path / f"{k}.npz")
        write_part(paths[-1], Seen(**{**seen.__dict__, **part}), part=(k + 1, count))
    merged = merge_parts(paths[::-1])
    whole, found = (score_seen(one, min_count=2) for one in (seen, merged))
    assert found.to_json() == whole.to_json()
    assert [i.to_json() for i in found.images] == [i.to_json() for i in whole.images]


def test_parts_that_do_not_fit_are_named(seen, tmp_path):
    for k in (1, 2):
        write_part(tmp_path / f"{k}.npz", seen, part=(k, 3))
    with pytest.raises(ValueError, match="2 parts of 3: missing 3"):
        merge_parts([tmp_path / "1.npz", tmp_path / "2.npz"])
    write_part(tmp_path / "3.npz", Seen(**{**seen.__dict__, "detector": "e"}), part=(3, 3))
    with pytest.raises(ValueError, match="differ in their detector"):
        merge_parts([tmp_path / f"{k}.npz" for k in (1, 2, 3)])
    broken = tmp_path / "1.npz"
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(ValueError, match="1.npz: is no part of a score"):
        read_part(broken)


def test_a_ceiling_of_another_version_is_refused(tmp_path):
    path = tmp_path / "score.json"
    path.write_text('{"aaad": 0.8, "version": 1}')
    with pytest.raises(ValueError, match="another version"):
        read_ceiling(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="is no score.json"):
        read_ceiling(path)
