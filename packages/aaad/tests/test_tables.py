"""What other detectors wrote, by name, with missing kept apart from absent."""

from __future__ import annotations

import numpy as np
import pytest

from aaad import COLUMNS, AAADError
from aaad.tables import from_rows, read_table
from facs_text import parse
from facs_text.readers import Row

OPENFACE = """frame, face_id, timestamp, confidence, success, AU12_r, AU17_r, AU12_c, AU28_c
1, 0, 0.000, 0.98, 1, 2.50, 0.00, 1.0, 1.0
2, 0, 0.033, 0.98, 1, 0.00, 5.00, 0.0, 0.0
3, 0, 0.066, 0.10, 0, 0.00, 0.00, 0.0, 0.0
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "clip.csv"
    path.write_text(OPENFACE)
    return read_table(path)


def test_openface_is_read_by_name_and_has_no_sides(table):
    at = table.columns.index
    assert table.frames == (1, 2, 3)
    assert "AU12" in table.columns
    assert not {"AU12L", "AU12R"} & set(table.columns)
    assert table.pred[0, at("AU12")].tolist() == [0, 0, 0.5, 0.5, 0, 0]
    assert table.pred[1, at("AU17")].tolist() == [0, 0, 0, 0, 0, 1]
    assert table.presence == ("AU28",)
    assert table.pred[0, at("AU28"), 0] == 0.0
    assert table.pred[1, at("AU28")].tolist() == [1, 0, 0, 0, 0, 0]
    assert table.sure.tolist() == [0.98, 0.98, 0.10]


def test_a_frame_without_a_face_is_missing_and_not_neutral(table):
    known = {table.columns[a] for a in np.flatnonzero(table.mask[0])}
    assert known == {"AU12", "AU17", "AU28"}
    assert not table.mask[2].any()


def row(values, kind, coding=None, missing=()):
    return Row("r1", "s", None, values, kind, missing, coding)


def test_probabilities_are_known_at_two_levels():
    table = from_rows([row({"AU4": 0.25, "AU17": 1.0}, "probability")])
    at = table.columns.index
    assert table.pred[0, at("AU4")].tolist() == pytest.approx([0.75] + [0.05] * 5)
    assert set(table.presence) == {"AU4", "AU17"}
    assert np.allclose(table.pred.sum(-1), 1)


def test_sides_are_kept_where_a_source_has_them():
    table = from_rows([row({"L12": 4.0, "R12": 0.0, "AU4": 2.0}, "intensity")])
    at = table.columns.index
    assert table.pred[0, at("AU12L")].tolist() == [0, 0, 0, 0, 1, 0]
    assert table.pred[0, at("AU12R")].tolist() == [1, 0, 0, 0, 0, 0]
    assert table.pred[0, at("AU4")].tolist() == [0, 0, 1, 0, 0, 0]
    one = from_rows([row({"AU12L": 1.0}, "presence")])
    assert one.mask[0, one.columns.index("AU12L")]
    assert not one.mask[0, one.columns.index("AU12R")]


def test_a_coders_codes_are_their_targets():
    table = from_rows([row({}, "notation", parse("R12C"))])
    assert table.columns == COLUMNS
    assert table.pred[0, COLUMNS.index("AU12R")].tolist() == [0, 0, 0, 1, 0, 0]
    assert table.mask.all()


def test_what_is_no_detection_is_refused():
    with pytest.raises(AAADError, match="'delta' are no detection"):
        from_rows([row({"AU12": 3.0}, "delta")])
    with pytest.raises(AAADError, match="AU12 is 3.0, wanted a number from 0 to 1"):
        from_rows([row({"AU12": 3.0}, "probability")])
    assert from_rows([]).pred.shape == (0, 24, 6)


def test_an_empty_table_is_named(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text(OPENFACE.splitlines()[0] + "\n")
    with pytest.raises(AAADError, match=r"empty\.csv: holds no rows"):
        read_table(path)
