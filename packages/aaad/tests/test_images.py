"""Pictures on disk to a score: what they were to show, which row of a table is theirs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aaad import AAADError
from aaad.images import find_pictures
from aaad.pairing import pair
from aaad.scoring import score, see
from aaad.tables import read_table
from facs_text import FacsTextError

Image = pytest.importorskip("PIL.Image")
PngInfo = pytest.importorskip("PIL.PngImagePlugin").PngInfo

CODES = ["0", "12C", "L12D", "4C", "12E+4A", "0", "12A", "4E"]


@pytest.fixture
def folder(tmp_path):
    """Two people, the first picture of each at rest, as `auface demo` leaves them."""
    root = tmp_path / "faces"
    (root / "images").mkdir(parents=True)
    lines = []
    for person in "ab":
        for k, codes in enumerate(CODES):
            name = f"images/{person}{k}.png"
            Image.new("RGB", (8, 8), (9 * k, 0, 0)).save(root / name)
            lines.append(
                {"file_name": name, "codes": codes, "subject": person, "text": "t",
                 "neutral": f"images/{person}0.png", "requested": codes}
            )  # fmt: skip
    (root / "metadata.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return root


def levels(codes):
    """(AU4, AU12) of a coding of this test."""
    at = {
        part.lstrip("L")[:-1]: "0ABCDE".index(part[-1]) for part in codes.split("+") if part != "0"
    }
    return at.get("4", 0), at.get("12", 0)


def test_metadata_says_all(folder):
    told = []
    found = find_pictures([folder], tell=told.append)
    assert len(found) == 16
    assert [p.path.name for p in found] == sorted(p.path.name for p in found)
    assert sum(p.at_rest for p in found) == 2
    assert str(found[2].before) == "L12D"
    assert not told


@pytest.mark.parametrize("field", ["file_name", "neutral"])
@pytest.mark.parametrize(
    "name", ["../../secret.png", "/etc/passwd", "images/../../x.png", "out.png"]
)
def test_no_row_leads_out_of_the_folder(folder, field, name):
    secret = folder.parent / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    (folder / "out.png").symlink_to(secret)
    row = {"file_name": "images/a1.png", "codes": "12C", "neutral": "images/a0.png"}
    (folder / "metadata.jsonl").write_text(json.dumps({**row, field: name}) + "\n")
    with pytest.raises(FacsTextError, match="metadata.jsonl, line 1: .*(inside|out of)"):
        find_pictures([folder])


def test_chunks_name_codes_person_and_what_the_generator_learned_from(tmp_path):
    for k, codes in enumerate(("0", "12C")):
        info = PngInfo()
        for key, value in (("codes", codes), ("identity", "x"), ("detectors", "d1, d2")):
            info.add_text(f"auface:{key}", value)
        Image.new("RGB", (8, 8)).save(tmp_path / f"{k}.png", pnginfo=info)
    rest, smile = find_pictures([tmp_path])
    assert smile.neutral == rest.path
    assert smile.detectors == ("d1", "d2")


@pytest.mark.parametrize(
    ("requested", "detectors", "before", "names"),
    [
        ('{"codes": "12D+15C", "text": null}', '["a:01", "b:02"]', "12D+15C", ("a:01", "b:02")),
        ("12D+15C", "a:01, b:02", "12D+15C", ("a:01", "b:02")),
        ('{"codes": 3}', "[]", "12D", ()),
        ('{"codes"', "[[[", "12D", ("[[[",)),
        (None, None, "12D", ()),
    ],
)
def test_what_was_asked_and_who_chose_is_read_from_the_chunks(
    tmp_path, requested, detectors, before, names
):
    info = PngInfo()
    info.add_text("auface:codes", "12D")
    for keyword, text in (("requested", requested), ("detectors", detectors)):
        if text is not None:
            info.add_itxt(f"auface:{keyword}", text)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    (picture,) = find_pictures([tmp_path / "a.png"])
    assert str(picture.before) == before
    assert picture.detectors == names


def test_the_detector_a_generator_learned_from_may_not_score_it(tmp_path):
    torch = pytest.importorskip("torch")
    from aaad.detector import DetectorConfig, build
    from aaad.detector.checkpoint import write_detector

    torch.manual_seed(0)
    net = build(DetectorConfig(size=32, width=8, hidden=16))
    heat = {mode: [1.0] * 38 for mode in ("with_neutral", "alone")}
    write_detector(net, tmp_path / "eyes", name="taught", temperature=heat, training={})
    for k, codes in enumerate(("12C", "0", "12E", "4C", "0", "4D")):
        info = PngInfo()
        info.add_text("auface:codes", codes)
        info.add_text("auface:detectors", "taught")
        (tmp_path / "p").mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (30 * k, 0, 0)).save(tmp_path / "p" / f"{k}.png", pnginfo=info)
    pictures = find_pictures([tmp_path / "p"])
    with pytest.raises(AAADError, match="trained against the detector taught"):
        score(pictures, detector=tmp_path / "eyes")
    write_detector(net, tmp_path / "other", name="other", temperature=heat, training={})
    whole = see(pictures, detector=tmp_path / "other")
    part = see(pictures, detector=tmp_path / "other", part=(2, 3))
    assert np.array_equal(part.pred, whole.pred[1::3])


def openface(rows):
    head = "frame,face_id,confidence,success,AU04_r,AU12_r\n"
    return head + "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_frames_count_the_pictures_at_rest(folder, tmp_path):
    """OpenFace writes numbers, not names; the folder holds the faces at rest too."""
    pictures = find_pictures([folder])
    rows = [(k, 0, 0.98, 1, *levels(p.codes)) for k, p in enumerate(pictures, 1)]
    (tmp_path / "of.csv").write_text(openface(rows))
    told = []
    found = score(pictures, table=tmp_path / "of.csv", tell=told.append)
    assert found.result.aaad == pytest.approx(1.0)
    assert any("those at rest included" in line for line in told)
    assert found.result.counterfactuals["side"].note == "the detector does not tell sides apart"


def test_of_two_faces_the_surest_is_taken(folder, tmp_path):
    pictures = find_pictures([folder])
    rows = []
    for k, p in enumerate(pictures, 1):
        rows.append((k, 0, 0.95, 1, *levels(p.codes)))
        rows.append((k, 1, 0.55, 1, 5, 0))
    (tmp_path / "of.csv").write_text(openface(rows))
    told = []
    found = score(pictures, table=tmp_path / "of.csv", tell=told.append)
    assert found.result.aaad == pytest.approx(1.0)
    assert any("several faces" in line for line in told)


def test_pyfeat_has_names_and_a_face_that_was_not_found_is_counted(folder, tmp_path):
    pictures = find_pictures([folder])
    lines = ["input,frame,FaceScore,AU04,AU12"]
    for k, p in enumerate(pictures):
        four, twelve = (float(x > 0) for x in levels(p.codes))
        lines.append(f"/data/{p.path.name},{k},0.55,0.5,0.5")
        face = f"0.99,{four},{twelve}" if p.path.name != "a1.png" else "0.99,,"
        lines.append(f"/data/{p.path.name},{k},{face}")
    (tmp_path / "fex.csv").write_text("\n".join(lines) + "\n")
    found = score(pictures, table=tmp_path / "fex.csv", format="pyfeat")
    assert found.result.aaad == pytest.approx(1.0)
    assert found.faces["without_a_face"] == 1
    assert found.result.to_json()["unseen"] == 1
    assert np.isnan(found.result.counterfactuals["level"].value)  # presence has no levels


def test_a_table_of_other_pictures_says_both_counts(folder, tmp_path):
    pictures = find_pictures([folder])
    (tmp_path / "of.csv").write_text(openface([(1, 0, 0.9, 1, 0, 0), (2, 0, 0.9, 1, 0, 0)]))
    with pytest.raises(AAADError, match="its 2 pictures or frames .* the 14 pictures.* all 16"):
        score(pictures, table=tmp_path / "of.csv")


def test_names_that_stand_for_two_pictures_are_refused(tmp_path):
    (tmp_path / "fex.csv").write_text(
        "input,FaceScore,AU04,AU12\n/x/a/1.png,0.9,0,1\n/x/b/1.png,0.9,1,0\n"
    )
    table = read_table(tmp_path / "fex.csv", "pyfeat")
    here = tmp_path / "b" / "1.png"
    rows = pair(table, [here], [here], tell=lambda _: None, name="fex.csv").rows
    assert rows == [1]
    other = tmp_path / "c" / "1.png"
    with pytest.raises(AAADError, match="2 pictures in the table have this name"):
        pair(table, [other], [other], tell=lambda _: None, name="fex.csv")


def every_source(pictures):
    """A made-up table of each source that says what was asked: name -> (file, its text)."""
    found = [(p.path.name, *levels(p.codes)) for p in pictures]
    libre = "image_path,au_4_intensity,au_12_intensity\n"
    libre += "".join(f"{name},{four},{twelve}\n" for name, four, twelve in found)
    three = "image_path,action_units\n"
    for name, four, twelve in found:
        units = [0.0, 0.0, float(four > 0), 0.0, 0.0, float(twelve > 0), 0.0, 0.0]
        three += f'{name},"{units}"\n'
    afar = "Frame,Occ_au_4,Occ_au_12\n"
    motions = "#STUDY\tmade up\nFrameNo\tNoOfFaces\tAU4 Evidence\tAU12 Evidence\n"
    noldus = (
        "Video analysis detailed log\n\nVideo Time\tNeutral\tAction Unit 04 - Brow Lowerer\t"
        "Action Unit 12 - Lip Corner Puller\n"
    )
    said = ("NotActive", "A", "B", "C", "D", "E")
    media = ""
    for k, (name, four, twelve) in enumerate(found):
        afar += f"{k},{float(four > 0)},{float(twelve > 0)}\n"
        motions += f"{k}\t1\t{30 if four else -30}\t{30 if twelve else -30}\n"
        noldus += f"00:00:{k:02d}.000\t0.5\t{said[four]}\t{said[twelve]}\n"
        brows = {f"browDown{side}": float(four > 0) for side in ("Left", "Right")}
        one_side = {"Left": float(twelve > 0), "Right": float(twelve > 0 and name[1] != "2")}
        mouth = {f"mouthSmile{side}": value for side, value in one_side.items()}
        shapes = [{"category_name": n, "score": v} for n, v in (brows | mouth).items()]
        media += json.dumps({"file_name": name, "face_blendshapes": [shapes]}) + "\n"
    return {
        "libreface": ("l.csv", libre),
        "openface3": ("o.csv", three),
        "pyafar": ("a.csv", afar),
        "imotions": ("i.txt", motions),
        "facereader": ("f.txt", noldus),
        "blendshapes": ("m.jsonl", media),
    }


@pytest.mark.parametrize(
    "source", ["libreface", "openface3", "pyafar", "imotions", "facereader", "blendshapes"]
)
def test_a_table_of_each_source_that_agrees_scores_one(folder, tmp_path, source):
    pictures = find_pictures([folder])
    name, text = every_source(pictures)[source]
    (tmp_path / name).write_text(text)
    found = score(pictures, table=tmp_path / name, format=source)
    assert found.result.aaad == pytest.approx(1.0, abs=1e-3)
    graded = source in ("libreface", "facereader")
    assert np.isnan(found.result.counterfactuals["level"].value) != graded
    sided = source == "blendshapes"
    assert np.isnan(found.result.counterfactuals["side"].value) != sided
