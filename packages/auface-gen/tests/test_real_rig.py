"""With ICT-FaceKit's data, where the environment (AUFACE_ICT_FACEKIT) or a folder shared/ beside
the checkout has it.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from auface_gen.columns import COLUMNS
from auface_gen.facexmodel import read_obj_vertices
from auface_gen.people import Light, Person
from auface_gen.prior import region_maps
from auface_gen.rig import Rig
from facs_text import resolve

_BESIDE = (
    Path(__file__).resolve().parents[3].parent / "shared" / "ict-facekit" / "ict_facekit_light.npz"
)
_PATH = Path(os.environ.get("AUFACE_ICT_FACEKIT", _BESIDE))

pytestmark = pytest.mark.skipif(
    not _PATH.exists(),
    reason="needs ICT-FaceKit: set AUFACE_ICT_FACEKIT to its FaceXModel folder or the .npz",
)


@pytest.fixture(scope="module")
def real() -> Rig:
    return Rig.load(_PATH)


def test_units_move_their_own_side_and_region(real: Rig) -> None:
    maps = region_maps(real, 16)
    rows, columns = np.mgrid[:16, :16]
    where = {c: i for i, c in enumerate(COLUMNS)}

    def centre(unit: str, side: str) -> tuple[float, float]:
        m = maps[where[unit, side]]
        return float((m * rows).sum() / m.sum()), float((m * columns).sum() / m.sum())

    for unit in ("AU1", "AU2", "AU4", "AU6", "AU9", "AU10", "AU12", "AU14", "AU15", "AU20", "AU43"):
        assert centre(unit, "left")[1] > 7.5 > centre(unit, "right")[1], (
            unit
        )  # the face's left is at the picture's right
    assert (
        centre("AU1", "left")[0]
        < centre("AU43", "left")[0]
        < centre("AU12", "left")[0]
        < centre("AU17", "both")[0]
    )


def test_published_files_agree_with_the_packed_arrays(real: Rig) -> None:
    folder = _PATH.parent / "FaceXModel"
    for path in [
        p
        for n in ("jawOpen", "mouthSmile_L", "browInnerUp_R")
        if (p := folder / f"{n}.obj").exists()
    ]:
        shape = read_obj_vertices(path, len(real.neutral)) - real.neutral
        assert np.abs(shape - real.shapes[path.stem]).max() < 1.5e-3


def test_a_sitting_renders_the_same_bytes_and_moves_what_it_should(real: Rig) -> None:
    render = pytest.importorskip("auface_gen.render")
    pytest.importorskip("mitsuba")
    render.mitsuba("scalar_rgb")
    from auface_gen.skin import SkinMap

    skin, meshes = SkinMap.build(real, 128), render.RigMeshes(real)

    def sitting() -> object:
        return render.Sitting(
            real, meshes, skin, Person.from_seed(2), Light.from_seed(2), size=48, samples=4
        )

    first, second = sitting(), sitting()
    rest, smile = first.render({}), first.render(resolve("L12E").activations)
    assert rest.shape == (48, 48, 3)
    assert rest.std() > 10
    assert (second.render({}) == rest).all()
    assert (first.render({}) == rest).all()
    change = np.abs(smile.astype(float) - rest).sum(2)
    assert (
        change[24:, 24:].sum() > 3 * change[24:, :24].sum()
    )  # the face's own left is at the picture's right
    assert change[:12].sum() < 0.1 * change.sum()
