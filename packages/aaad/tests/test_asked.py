"""From codings to distributions, and the columns."""

from __future__ import annotations

import numpy as np
import pytest

from aaad import COLUMNS, LEVELS, AAADError, target, targets
from aaad.asked import effective, level_distribution
from aaad.columns import column, columns_of, mirror_index


def of(distributions, name):
    return distributions[COLUMNS.index(name)].tolist()


def test_columns_are_named_and_mirrored():
    assert len(COLUMNS) == len(set(COLUMNS)) == 38
    assert COLUMNS[:2] == ("AU1L", "AU1R")
    assert column("AU12R") == ("AU12", "right")
    assert column("AU17") == ("AU17", "both")
    assert columns_of("AU43") == (COLUMNS.index("AU43L"), COLUMNS.index("AU43R"))
    mirror = mirror_index()
    assert [mirror[i] for i in mirror] == list(range(38))
    assert COLUMNS[mirror[COLUMNS.index("AU12L")]] == "AU12R"
    assert COLUMNS[mirror[COLUMNS.index("AU17")]] == "AU17"


def test_levels_are_certain_and_halfway_is_split():
    assert LEVELS == ("0", "A", "B", "C", "D", "E")
    for level in range(6):
        assert level_distribution(level / 5).tolist() == np.eye(6)[level].tolist()
    assert level_distribution(0.5).tolist() == [0, 0, 0.5, 0.5, 0, 0]
    for wrong in (-0.1, 1.2, float("nan")):
        with pytest.raises(AAADError, match="between 0 and 1"):
            level_distribution(wrong)


def test_notation_gives_the_columns_it_names():
    t = target("L12D+4B")
    assert of(t, "AU12L") == [0, 0, 0, 0, 1, 0]
    assert of(t, "AU12R") == [1, 0, 0, 0, 0, 0]
    assert of(t, "AU4R") == [0, 0, 1, 0, 0, 0]
    assert np.allclose(t.sum(-1), 1)
    assert target("0")[:, 0].tolist() == [1.0] * 38


def test_presence_without_a_level_is_spread_over_the_levels():
    t = target("12")
    for name in ("AU12L", "AU12R"):
        assert of(t, name) == [0, 0.2, 0.2, 0.2, 0.2, 0.2]
    assert of(target("12C"), "AU12L") == [0, 0, 0, 1, 0, 0]


def test_activations_are_taken_as_they_are():
    t = target({"AU12": {"left": 0.5, "right": 0.0}, "AU28": {"top": 0.2, "bottom": 0.8}})
    assert of(t, "AU12L") == [0, 0, 0.5, 0.5, 0, 0]
    assert of(t, "AU12R") == [1, 0, 0, 0, 0, 0]
    assert of(t, "AU28") == [0, 0, 0, 0, 1, 0]  # the stronger lip
    both = effective({"AU4": {"both": 0.4}, "AU51": {"both": 1.0}})
    assert both[list(columns_of("AU4"))].tolist() == [0.4, 0.4]
    assert both.sum() == pytest.approx(0.8)  # the head is not scored


def test_many_at_once():
    assert targets(["12C", "0"]).shape == (2, 38, 6)
    assert targets([]).shape == (0, 38, 6)
