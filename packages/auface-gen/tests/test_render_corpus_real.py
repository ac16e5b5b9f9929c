"""A corpus of the real rig, where a user has it: killed and resumed, and the same bytes from
one process as from two.
"""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from auface_gen.corpus.plan import CorpusPlan
from auface_gen.corpus.render import render_corpus
from facs_text import corpus

_PLAN = {"count": 9, "size": 32, "sittings": 1, "per_sitting": 3, "samples": 1}
_PLAN |= {"people_per_shard": 1}
_RUN = f"""
import sys
from auface_gen.corpus.plan import CorpusPlan
from auface_gen.corpus.render import render_corpus
if __name__ == "__main__":
    render_corpus(
        sys.argv[1], rig=sys.argv[2], workers=2, plan=CorpusPlan(**{_PLAN}), variant="scalar_rgb",
        progress=lambda done, total: print(done, flush=True),
    )
"""


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() and p.suffix != ".part"
    }


def test_a_killed_run_goes_on_to_the_same_bytes(kit: Path, tmp_path: Path) -> None:
    pytest.importorskip("mitsuba")
    script = tmp_path / "run.py"
    script.write_text(_RUN)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "c"), str(kit)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        done = [int(run.stdout.readline()), int(run.stdout.readline())]  # until one is whole
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert run.returncode == -signal.SIGKILL
    assert done == [0, 3]
    assert not (tmp_path / "c" / "corpus.json").exists()
    kept = everything(tmp_path / "c")
    assert sum(name.endswith(".tar") for name in kept) in (1, 2)  # the other one may just be done

    render = partial(
        render_corpus, rig=kit, workers=1, plan=CorpusPlan(**_PLAN), variant="scalar_rgb"
    )
    whole = everything(render(tmp_path / "whole", layout="shards"))
    render(tmp_path / "c")
    for name, data in kept.items():
        if name.endswith(".tar"):
            assert whole[Path(name).name] == data
    for row, picture in corpus.read_shards(tmp_path / "whole"):
        assert (tmp_path / "c" / "train" / row.file_name).read_bytes() == picture
    assert corpus.check(tmp_path / "c").ok
    assert corpus.check(tmp_path / "c").rows == {"train": 9}
