"""With ICT-FaceKit's data, where the environment (AUFACE_ICT_FACEKIT) or a folder shared/ beside
the checkout has it.
"""

from pathlib import Path

import numpy as np
import pytest

from auface_gen.columns import COLUMNS
from auface_gen.picture.people import Light, Person
from auface_gen.rig.facexmodel import KNOWN_MEAN_FACES, mean_face_digest, read_obj_vertices
from auface_gen.rig.move import Rig
from auface_gen.rig.region_maps import region_maps
from facs_text import resolve


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


def test_the_kit_is_a_known_edition(real: Rig) -> None:
    assert KNOWN_MEAN_FACES[mean_face_digest(vars(real))] == "ICT-FaceKit light"


def test_published_files_agree_with_the_packed_arrays(real: Rig, kit: Path) -> None:
    folder = kit.parent / "FaceXModel"
    names = ("jawOpen", "mouthSmile_L", "browInnerUp_R")
    published = [p for n in names if (p := folder / f"{n}.obj").exists()]
    if not published:
        pytest.skip("needs published .obj files in FaceXModel beside the packed arrays")
    for path in published:
        shape = read_obj_vertices(path, len(real.neutral)) - real.neutral
        assert np.abs(shape - real.shapes[path.stem]).max() < 1.5e-3


def test_a_sitting_renders_the_same_bytes_and_moves_what_it_should(real: Rig) -> None:
    render = pytest.importorskip("auface_gen.picture.render")
    pytest.importorskip("mitsuba")
    render.mitsuba("scalar_rgb")
    from auface_gen.picture.skin import SkinMap

    skin, meshes = SkinMap.build(real, 128), render.RigMeshes(real)

    def sitting() -> object:
        return render.Sitting(
            real, meshes, skin, Person.from_seed(2), Light.from_seed(2), size=96, samples=16
        )

    first, second = sitting(), sitting()
    rest, smile = first.render({}), first.render(resolve("L12E").activations)
    assert rest.shape == (96, 96, 3)
    assert rest.std() > 10
    assert (second.render({}) == rest).all()
    assert (first.render({}) == rest).all()
    change = np.abs(smile.astype(float) - rest).sum(2)
    assert (
        change[48:, 48:].sum() > 3 * change[48:, :48].sum()
    )  # the face's own left is at the picture's right
    assert change[:24].sum() < 0.1 * change.sum()
    clear = first.render({}, transparent=True)
    assert clear.shape == (96, 96, 4)
    assert clear[48, 48, 3] == 255
    points = first.landmarks({})
    assert points.shape == (68, 2)
    assert (points[36:48, 1] < points[48:68, 1].min()).all()
    assert (points[42:48, 0] > points[36:42, 0].max()).all()
    # The crop follows the head: turned, its eyes stay where they were, within a tenth.
    turned = first.landmarks(resolve("51D").activations)
    assert np.abs(turned[36:48].mean(0) - points[36:48].mean(0)).max() < 9.6


def test_resting_lids_cover_the_iris_and_faces_stay_whole(real: Rig) -> None:
    from auface_gen.picture.resting import IRIS_RADIUS, resting_face

    for seed in range(12):
        person = Person.from_seed(seed)
        rest = resting_face(real, person)
        assert np.isfinite(rest).all()
        assert np.abs(rest - real.neutral).max() < 4
        for ball, lid in zip(real.eyes, ((43, 44), (37, 38)), strict=True):
            top = (rest[ball][:, 1].min() + rest[ball][:, 1].max()) / 2 + IRIS_RADIUS
            assert rest[real.landmarks68[list(lid)], 1].mean() < top


def test_lines_in_the_skin_are_colour_and_relief_of_their_own_side(real: Rig) -> None:
    from auface_gen.picture.skin import SkinMap

    skin, person = SkinMap.build(real, 128), Person.from_seed(4)
    albedo, relief = skin.albedo(person), skin.relief(person)
    same = skin.lined(albedo, relief, {}, person)
    assert same[0] is albedo
    assert same[1] is relief
    colour, height = skin.lined(albedo, relief, resolve("L6E").activations, person)
    left, right = skin.position[..., 0] > 1, skin.position[..., 0] < -1
    assert (height[left] < relief[left] - 0.02).any()
    assert (colour[left] < albedo[left]).any()
    assert (height[right] == relief[right]).all()
    assert (colour[right] == albedo[right]).all()
    deeper = skin.lined(albedo, relief, {"AU6": {"left": 0.4}}, person)[1]
    assert (height <= deeper + 1e-6).all()


def test_what_no_crop_shows_is_left_out_of_the_meshes(real: Rig) -> None:
    render = pytest.importorskip("auface_gen.picture.render")
    parts = render.RigMeshes(real).parts
    assert sum(len(p.triangles) for p in parts.values()) < 36_000
    skin = real.faces[real.face_material == real.materials.index("M_Face")]
    assert len(parts["face"].triangles) > 1.9 * 0.95 * len(skin)
