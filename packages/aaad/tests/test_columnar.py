"""The quick way through OpenFace's tables says what the readers say, or gives up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaad.columnar import read_openface
from aaad.tables import from_rows, read_table
from facs_text import FacsTextError, readers

HEAD = "frame, face_id, timestamp, confidence, success, AU04_r, AU12_r, AU12_c, AU28_c\n"
row = st.tuples(
    st.integers(1, 50),
    st.integers(0, 2),
    st.sampled_from(["0.98", "0.30", "1", "0"]),
    st.integers(0, 1),
    st.sampled_from(["0.00", "1.25", "5.00", "3.07", "4.999", "5.3", "-0.2", "1e-1"]),
    st.sampled_from(["0.00", "2.5", "0.01"]),
    st.sampled_from(["0.00", "1.00"]),
)


def write(path, rows, ends="\n"):
    lines = [
        f"{frame}, {face}, 0.03, {sure}, {ok}, {one}, {two}, {there}, {there}"
        for frame, face, sure, ok, one, two, there in rows
    ]
    path.write_bytes((HEAD.strip("\n") + ends + ends.join(lines) + ends).encode())
    return path


@given(
    st.lists(row, min_size=1, max_size=12, unique_by=lambda r: r[:2]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_it_is_what_the_readers_say(tmp_path_factory, rows, ends):
    path = write(tmp_path_factory.mktemp("t") / "clip.csv", rows, ends)
    assert read_openface(path) is not None
    quick, slow = read_table(path), from_rows(readers.read(path))
    assert (quick.columns, quick.presence) == (slow.columns, slow.presence)
    assert (quick.ids, quick.subjects, quick.frames) == (slow.ids, slow.subjects, slow.frames)
    assert np.array_equal(quick.mask, slow.mask)
    assert np.array_equal(quick.pred[quick.mask], slow.pred[slow.mask])
    assert np.array_equal(quick.sure, slow.sure)


@pytest.mark.parametrize(
    "line",
    [
        "1, 0, 0.03, 0.98, 1, 1.0, 2.0, 1",  # cut short
        "1, 0, 0.03, 0.98, 1, 1.0, 2.0, 1, 0, 4",
        "1, 0, 0.03, 0.98, 1, , 2.0, 1, 0",
        "1, 0, 0.03, 0.98, 1, 1.0, 2.0, 1,",
        "1, 0, 0.03, 0.98, 1, nan, 2.0, 1, 0",
        "1, 0, 0.03, 0.98, 1, 9.0, 2.0, 1, 0",  # out of range
        "1, 0, 0.03, 0.98, 1, -1, 2.0, 1, 0",  # not scored
        "1, 0, 0.03, 0.98, 1, 1.0, 2.0, 1, 0.5",
        "1.5, 0, 0.03, 0.98, 1, 1.0, 2.0, 1, 0",
        "1, 0, 0.03, 0.98, 1, one, 2.0, 1, 0",
        '1, 0, 0.03, 0.98, 1, "1.0", 2.0, 1, 0',
        "1, 0, 0.03, 0.98, 1, 1 2, 2.0, 1, 0",
    ],
)
def test_it_gives_up_where_something_is_odd(tmp_path, line):
    path = tmp_path / "clip.csv"
    good = "2, 0, 0.03, 0.98, 1, 1.0, 2.0, 1, 0\n"
    path.write_text(HEAD + good + line + "\n" + good.replace("2", "3", 1))
    assert read_openface(path) is None
    try:
        expected = from_rows(readers.read(path)).ids
    except FacsTextError:
        with pytest.raises(FacsTextError, match="line 3"):
            read_table(path)
    else:
        assert read_table(path).ids == expected


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("AU04_r", "AU04_r, AU04_r"),
        HEAD.replace("confidence", "trust"),
        HEAD.replace("AU04_r", "AU04L_r"),
        HEAD.replace("_r", "_c").replace("AU12_c, ", "", 1),
        "file_name,codes\n",
    ],
)
def test_other_tables_are_the_readers(tmp_path, head):
    path = tmp_path / "clip.csv"
    path.write_text(head)
    assert read_openface(path) is None
    assert read_openface(tmp_path / "none.csv") is None
    assert read_openface(tmp_path) is None
