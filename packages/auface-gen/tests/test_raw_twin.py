"""The second truth of a corpus: what the marked conflicts give when their units are added up."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auface_gen.codings.unresolved import unresolved
from auface_gen.corpus.plan import CorpusPlan
from auface_gen.corpus.raw_twin import render_raw_twin, twin_rows
from auface_gen.corpus.render import LOOK
from auface_gen.corpus.sitting import rows
from auface_gen.errors import AUFaceGenError
from auface_gen.rig.move import Rig
from facs_text import parse
from facs_text.corpus import CorpusWriter, read


@pytest.fixture
def test_corpus(tmp_path: Path) -> Path:
    """The test people's rows of a small corpus, with grey pictures."""
    plan, root = CorpusPlan(count=420, size=32), tmp_path / "corpus"
    about = {"render": {"size": 32, "samples": 1, "look": LOOK}}
    with CorpusWriter(root, source="grey", licence="free", about=about) as out:
        for shard in plan.shards():
            for sitting in plan.sittings_of(shard) if shard.split == "test" else ():
                for row, _ in rows(sitting):
                    path = out.folder("test") / row.file_name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.new("RGB", (32, 32), (90, 90, 90)).save(path)
                    out.add(row, "test")
    return root


class Grey:
    """A sitting that counts how often it renders, and refuses what is no raw sum."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, person: int, light: int) -> "Grey":
        return self

    def render(self, activations: Any, *, raw: bool, contacts: bool) -> np.ndarray:
        assert raw
        assert contacts
        self.asked.append(activations)
        return np.full((32, 32, 3), 70, np.uint8)

    def landmarks(self, activations: Any, *, raw: bool, contacts: bool) -> np.ndarray:
        return np.zeros((68, 2))


def test_each_marked_conflict_is_there_unresolved(test_corpus: Path, tmp_path: Path) -> None:
    grey = Grey()
    out = render_raw_twin(test_corpus, tmp_path / "twin", rig="none", painter=grey)
    truth = {row.file_name: row for row in read(test_corpus, "test")}
    marked = {n for n, row in truth.items() if row.extra["marked_conflicts"]}
    twins = list(read(out, "test"))
    assert {row.file_name for row in twins} == marked
    assert len(marked) >= 16
    assert len(grey.asked) == len(marked)
    for row in twins:
        assert row.aus == unresolved(parse(truth[row.file_name].extra["requested"]))
        assert row.aus != truth[row.file_name].aus
        assert (out / "test" / row.file_name).is_file()
        assert row.neutral is not None
        assert (out / "test" / row.neutral).is_file()
    # once more: nothing is rendered anew
    render_raw_twin(test_corpus, out, rig="none", painter=grey)
    assert len(grey.asked) == len(marked)


def test_another_look_is_refused(test_corpus: Path, tmp_path: Path) -> None:
    about = json.loads((test_corpus / "corpus.json").read_text())
    about["render"]["look"] = LOOK - 1
    (test_corpus / "corpus.json").write_text(json.dumps(about))
    with pytest.raises(AUFaceGenError, match=f"look {LOOK - 1}"):
        render_raw_twin(test_corpus, tmp_path / "twin", rig="none", painter=Grey())


def test_rows_of_others_are_refused(corpus: Path) -> None:
    assert not list(twin_rows(corpus)) if (corpus / "test").is_dir() else True
    with pytest.raises(AUFaceGenError, match="is no corpus of"):
        render_raw_twin(corpus, corpus.parent / "twin", rig="none", painter=Grey())


def test_a_raw_sum_can_be_kept_from_passing_through_itself(real: Rig) -> None:
    coding = unresolved(parse("12E+24E"))
    plain = real.move(real.neutral, coding, raw=True)
    apart = real.move(real.neutral, coding, raw=True, contacts=True)
    assert np.array_equal(plain, real.neutral + real.offset(coding, raw=True))
    assert not np.array_equal(plain, apart)
