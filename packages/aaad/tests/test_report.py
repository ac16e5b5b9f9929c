"""Reports: complete, escaped, and with nothing outside them."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from aaad import COLUMNS, aaad, controls, targets
from aaad.report import image_scores, to_html, write_html, write_json, write_jsonl

CODES = ["0", "12C", "L12D", "12E", "0", "12A"] * 2


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for key, value in attrs if key in ("src", "href")]


@pytest.fixture
def scored():
    target = targets(CODES)
    pred = 0.8 * target + 0.2 / 6
    rows = [
        {"file": f"{i}.png", "codes": c, "text": "<b>& smiles", "subject": "p", "png": b"png"}
        for i, c in enumerate(CODES)
    ]
    result = aaad(pred, target, min_count=2, groups=["p", "q"] * 6)
    return result, image_scores(pred, target, rows), controls(pred, target, min_count=2)


def test_the_page_stands_alone_and_escapes(scored):
    result, images, checks = scored
    page = to_html(result, images, controls=checks, ceiling=result, title="<script>")
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.seen
    assert "&lt;b&gt;&amp; smiles" in page
    assert len(reader.links) == 12
    assert all(link.startswith("data:image/png;base64,") for link in reader.links)
    assert "http" not in page
    assert result.name in page
    assert "AU12L" in page
    assert page.count("<rect") >= len(result.per_au)


def test_json_and_lines_can_be_read_back(scored, tmp_path):
    result, images, checks = scored
    write_json(tmp_path / "a" / "score.json", result, controls=checks)
    write_jsonl(tmp_path / "images.jsonl", images)
    write_html(tmp_path / "page.html", result, images)
    values = json.loads((tmp_path / "a" / "score.json").read_text())
    assert values["aaad"] == result.aaad
    assert values["controls"]["oracle"] == 1.0
    assert set(values["per_au"]) == {"AU12L", "AU12R"}
    lines = [json.loads(line) for line in (tmp_path / "images.jsonl").read_text().splitlines()]
    assert [line["codes"] for line in lines] == CODES
    assert lines[2]["units"]["AU12L"]["asked"] == 4.0
    assert "AU12R" in lines[1]["units"]
    assert lines[0]["distance"] < 0.1
    assert not list(tmp_path.glob("*.part"))


def test_a_masked_column_is_not_drawn():
    target = targets(["12C"])
    mask = np.ones((1, len(COLUMNS)), bool)
    mask[0, COLUMNS.index("AU12L")] = False
    (image,) = image_scores(target, target, [{}], mask=mask)
    assert set(image.units) == {"AU12R"}
    assert image.distance == 0.0
