"""Readers: each source's layout in, rows by name out, missing apart from absent."""

from pathlib import Path

import fixtures
import pytest

from facs_text import FacsTextError, parse
from facs_text.readers import FORMATS, FRAME_OFFSETS, Row, read, sniff, to_coding


def rows(path: Path, format: str = "auto", **options: object) -> list[Row]:
    return list(read(path, format, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("old", [False, True])
def test_openface2(tmp_path: Path, old: bool) -> None:
    path = fixtures.openface2(tmp_path / "clip.csv", old=old)
    assert sniff(path) == "openface2"
    found = rows(path)
    assert [r.frame for r in found] == list(range(1, 11))
    first = found[0]
    assert (first.id, first.subject, first.kind) == ("clip/1", "clip", "intensity")
    assert first.values["AU12"] == 0.4
    assert first.values["AU28"] == 1.0
    assert first.coding == parse("6B+28")
    assert found[4].coding == parse("6B+12B+28")
    lost = found[2]
    assert lost.values == {}
    assert lost.coding is None
    assert "AU12" in lost.missing
    assert len(lost.missing) == 18


def test_openface2_faces_confidence_landmarks(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(
        "frame,face_id,timestamp,confidence,success,AU12_r,AU12_c\n"
        "1,0,0,0.9,1,3,1\n1,1,0,0.6,1,-0.2,0\n1,2,0,0.9,1,-1,0\n"
    )
    found = rows(path, confidence=0.7, subject="Ann")
    assert [r.id for r in found] == ["many/1", "many/1#1", "many/1#2"]
    assert [r.coding for r in found] == [parse("12C"), None, parse("0")]
    assert found[2].missing == ()  # its intensity is missing, its presence is 0
    assert {r.subject for r in found} == {"Ann"}
    assert rows(path)[1].values == {"AU12": 0.0}
    wide = fixtures.openface2(tmp_path / "wide.csv", landmarks=True)
    points = rows(wide, landmarks=True)[0].landmarks
    assert points is not None
    assert len(points) == 68
    with pytest.raises(FacsTextError, match="landmarks"):
        rows(path, landmarks=True)


def test_only_presence(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("face,confidence,AU12_c,AU45_c\n0,0.9,1,0\n")
    assert rows(path)[0].kind == "presence"
    assert rows(path)[0].coding == parse("12")


def test_openface3(tmp_path: Path) -> None:
    path = fixtures.openface3(tmp_path / "of3.tsv")
    assert sniff(path) == "openface3"
    one, two = rows(path)
    assert one.values["AU6"] == 0.9
    assert one.values["AU12"] == 0.8
    assert one.kind == "probability"
    assert one.coding is None
    assert one.frame == 1
    assert one.id == "clips/frame_0001.png"
    assert two.missing == ("AU26",)
    assert two.id.endswith("#1")


def test_pyfeat(tmp_path: Path) -> None:
    path = fixtures.pyfeat(tmp_path / "fex.csv")
    assert sniff(path) == "pyfeat"
    one, two = rows(path)
    assert one.values["AU12"] == 0.75
    assert one.kind == "probability"
    assert one.id == "a/photo.jpg"
    assert two.values == {}
    assert len(two.missing) == 20
    assert to_coding(one, threshold=0.5) == parse("12")
    with pytest.raises(FacsTextError, match="threshold"):
        to_coding(one)


def test_libreface(tmp_path: Path) -> None:
    path = fixtures.libreface(tmp_path / "libre.csv")
    assert sniff(path) == "libreface"
    (row,) = rows(path)
    assert row.kind == "intensity"
    assert row.coding == parse("7+12C+25A")
    assert row.frame == 0
    assert to_coding(row) == row.coding


def test_pyafar(tmp_path: Path) -> None:
    path = fixtures.pyafar(tmp_path / "afar.csv")
    assert sniff(path) == "pyafar"
    one, two = rows(path)
    assert one.kind == "probability"
    assert one.values == {"AU1": 0.05, "AU12": 0.93}
    assert two.missing == ("AU12",)
    assert two.id == "afar/2#1"
    assert rows(path, kind="intensity")[0].coding == parse("6A+12D")
    with pytest.raises(FacsTextError, match="no columns of kind"):
        rows(path, kind="letters")


def test_blendshapes(tmp_path: Path) -> None:
    path = fixtures.arkit(tmp_path / "live.csv")
    assert sniff(path) == "blendshapes"
    (row,) = rows(path)
    assert row.values["L12"] == 0.9
    assert row.values["R12"] == 0.2
    # the left eye to the nose and the right eye out: the gaze goes to the face's right
    assert row.values["AU62"] == pytest.approx(0.7)
    assert "AU61" not in row.values
    assert to_coding(row, scale=5) == parse("L12E+R12A+26C+L43A+62D")
    path = fixtures.mediapipe(tmp_path / "mp.jsonl")
    assert sniff(path) == "blendshapes"
    one, two = rows(path)
    assert one.values["AU1"] == 0.8
    assert one.missing == ("AU26",)
    assert one.frame == 7
    assert two.values == {"AU26": 0.25}


def test_bp4d(tmp_path: Path) -> None:
    folder = fixtures.bp4d(tmp_path)
    assert sniff(folder / "F001_T1.csv") == "bp4d"
    found = rows(folder, "bp4d")
    assert len(found) == 24
    assert found[0].id == "F001/T1/10"
    assert found[0].subject == "F001"
    assert found[0].coding == parse("0")
    assert found[0].kind == "presence"
    assert found[1].coding == parse("6+12")
    assert "AU17" in found[1].missing
    assert "AU17" not in found[1].values
    assert "AU5" in found[0].missing
    assert FRAME_OFFSETS["bp4d"] == 0
    assert FRAME_OFFSETS["bp4d+"] == -1


def test_bp4d_intensity(tmp_path: Path) -> None:
    folder = fixtures.bp4d_intensity(tmp_path)
    assert sniff(folder / "AU06" / "F001_T1_AU06.csv") == "bp4d_intensity"
    found = rows(folder, "bp4d_intensity")
    assert [str(r.coding) for r in found] == ["6B", "6C+12D", "12E"]
    assert found[2].missing == ("AU6",)
    assert found[0].id == "F001/T1/2440"
    alone = rows(folder / "AU06" / "F001_T1_AU06.csv")
    assert [r.coding for r in alone] == [parse("6B"), parse("6C"), None]


def test_disfa(tmp_path: Path) -> None:
    folder = fixtures.disfa(tmp_path)
    assert sniff(folder / "SN001" / "SN001_au1.txt") == "disfa"
    found = rows(folder, "disfa")
    assert [str(r.coding) for r in found] == ["0", "1C+12E", "1A"]
    assert found[2].missing == ("AU12",)
    assert found[1].id == "SN001/2"


def test_disfa_plus(tmp_path: Path) -> None:
    folder = fixtures.disfa_plus(tmp_path)
    found = rows(folder, "disfa+")
    assert [str(r.coding) for r in found] == ["4B", "1C"]
    assert found[0].subject == "SN001"
    assert found[1].frame == 1


def test_ckplus(tmp_path: Path) -> None:
    folder = fixtures.ckplus(tmp_path)
    (row,) = rows(folder, "ckplus")
    assert row.coding == parse("9+17D")
    assert row.frame == 11
    assert row.subject == "S005"
    assert sniff(next(folder.rglob("*.txt"))) == "ckplus"


def test_codes(tmp_path: Path) -> None:
    path = tmp_path / "codes.txt"
    path.write_text("# mine\n1C+4D\n\n0\nL12B # left\n")
    assert sniff(path) == "codes"
    assert [r.coding for r in rows(path)] == [parse("1C+4D"), parse("0"), parse("L12B")]
    path = tmp_path / "table.csv"
    path.write_text("file_name,codes,subject,frame,site\na.png,1C+4D,Ann,7,x\nb.png,0,Bo,,y\n")
    one, two = rows(path)
    assert (one.id, one.subject, one.frame, one.extra["site"]) == ("a.png", "Ann", 7, "x")
    assert two.frame is None
    assert one.values == {"AU1": 3.0, "AU4": 4.0}


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"id": "x", "codes": "1C", "site": 3}\n'
        '{"aus": {"AU12": 3, "L14": "B", "AU4": null}, "frame": 2, "subject": "Ann"}\n'
        '{"aus": ["AU1", "AU4"]}\n'
    )
    one, two, three = rows(path)
    assert one.coding == parse("1C")
    assert one.extra == {"site": "3"}
    assert two.coding == parse("12C+L14B")
    assert two.missing == ("AU4",)
    assert three.coding == parse("1+4")


def test_other_names_and_formats(tmp_path: Path) -> None:
    path = fixtures.openface2(tmp_path / "x.csv")
    assert len(rows(path, "openface")) == 10
    with pytest.raises(FacsTextError, match="expected auto or one of"):
        rows(path, "fear")
    with pytest.raises(FacsTextError, match="takes no option"):
        rows(path, "codes", confidence=1)
    assert len(FORMATS) == 19
