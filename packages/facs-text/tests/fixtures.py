"""Synthetic files in the real layouts of each source; nothing in them was ever measured."""

from __future__ import annotations

from pathlib import Path

OPENFACE_R = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
OPENFACE_C = (*OPENFACE_R[:-1], 28, 45)


def openface2(path: Path, *, old: bool = False, frames: int = 10, landmarks: bool = False) -> Path:
    """OpenFace 2 video table. old: blanks before names, no face_id. Frame 3 has no face."""
    names = ["frame", "timestamp", "confidence", "success"]
    if not old:
        names = ["frame", "face_id", "timestamp", "confidence", "success"]
    names += ["gaze_0_x", "pose_Tx", "pose_Rx"]
    if landmarks:
        names += [f"x_{n}" for n in range(68)] + [f"y_{n}" for n in range(68)]
    names += [f"AU{n:02d}_r" for n in OPENFACE_R] + [f"AU{n:02d}_c" for n in OPENFACE_C]
    lines = [(", " if old else ",").join(names)]
    for frame in range(1, frames + 1):
        ok = frame != 3
        head = {"frame": frame, "face_id": 0, "timestamp": f"{frame / 30:.3f}",
                "confidence": 0.98 if ok else 0.1, "success": int(ok)}  # fmt: skip
        cells = []
        for name in names:
            if name in head:
                cells.append(str(head[name]))
            elif name.startswith(("x_", "y_")):
                n = int(name[2:])
                x, y = _face(n)
                cells.append(f"{x if name[0] == 'x' else y:.1f}")
            elif name.endswith("_r"):
                level = {12: 0.4 * frame, 6: 1.5}.get(int(name[2:4]), 0.0)
                cells.append(f"{min(level, 5):.2f}" if ok else "0.00")
            elif name.endswith("_c"):
                cells.append("1.00" if ok and int(name[2:4]) in (6, 12, 28) else "0.00")
            else:
                cells.append("0.1")
        lines.append((", " if old else ",").join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def _face(n: int) -> tuple[float, float]:
    if 36 <= n < 42:
        return 80.0 + n - 36, 100.0
    if 42 <= n < 48:
        return 140.0 + n - 42, 100.0
    if 48 <= n < 60:
        return 100.0 + 2 * (n - 48), 160.0
    return 110.0, 120.0


def openface3(path: Path) -> Path:
    path.write_text(
        "timestamp\timage_path\tface_id\tface_detection\temotion\tgaze_yaw\taction_units\n"
        "0.0\tclips/frame_0001.png\t0\t[1, 2]\t2\t0.1\t[0.1, 0.2, 0.3, 0.9, 0.0, 0.8, 0.7, 0.4]\n"
        "0.1\tclips/frame_0002.png\t1\t[1, 2]\t2\t0.1\t0.1 0.2 0.3 0.9 0.0 0.8 0.7 nan\n"
    )
    return path


def pyfeat(path: Path) -> Path:
    aus = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
    names = ["frame", "FaceRectX", "FaceScore", "x_0", "y_0", *(f"AU{n:02d}" for n in aus),
             "Neutral", "Happy", "input"]  # fmt: skip
    row = ["0", "12.5", "0.99", "1", "2", *("0.75" if n == 12 else "0.1" for n in aus), "0", "1",
           "a/photo.jpg"]  # fmt: skip
    gone = ["1", "", "", "", "", *("" for _ in aus), "", "", "a/none.jpg"]
    path.write_text("\n".join(",".join(r) for r in (names, row, gone)) + "\n")
    return path


def libreface(path: Path) -> Path:
    path.write_text(
        "frame_idx,frame_time_in_ms,pitch,lm_mp_0_x,au_1,au_7,au_12,au_1_intensity,au_12_intensity,"
        "au_25_intensity,facial_expression\n"
        "0,0.0,1.0,0.5,0,1,1,0.2,3.4,1.0,Happiness\n"
    )
    return path


def pyafar(path: Path) -> Path:
    path.write_text(
        "Frame,Person_ID,Occ_au_1,Occ_au_12,Int_au_6,Int_au_12,Pitch,x_0\n"
        "1,0,0.05,0.93,1.2,3.6,0.1,5\n2,1,0.50,,0.0,0.0,0.1,5\n"
    )
    return path


def arkit(path: Path) -> Path:
    path.write_text(
        "Timecode,BlendShapeCount,EyeBlinkLeft,EyeLookInLeft,EyeLookOutRight,JawOpen,"
        "MouthSmileLeft,MouthSmileRight,MouthLeft,TongueOut\n"
        "00:00:01:00,61,0.1,0.6,0.8,0.5,0.9,0.2,0.3,0\n"
    )
    return path


def mediapipe(path: Path) -> Path:
    path.write_text(
        '{"frame": 7, "blendshapes": {"_neutral": 0.0, "browInnerUp": 0.8, "mouthSmileLeft": 0.4,'
        ' "mouthSmileRight": 0.4, "jawOpen": null}}\n'
        '{"frame": 8, "blendshapes": [{"category_name": "jawOpen", "score": 0.25}]}\n'
    )
    return path


def bp4d(root: Path, people: tuple[str, ...] = ("F001", "M002"), frames: int = 6) -> Path:
    """AUCoding/AU_OCC: frames from 10; 17 is not coded in frame 11."""
    folder = root / "AUCoding" / "AU_OCC"
    folder.mkdir(parents=True)
    for person in people:
        for task in ("T1", "T6"):
            lines = [",".join(map(str, range(100)))]
            for frame in range(10, 10 + frames):
                cells = dict.fromkeys(range(1, 100), "9")
                cells.update(dict.fromkeys((1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24), "0"))
                if frame > 10:
                    cells[6] = cells[12] = "1"
                if frame == 11:
                    cells[17] = "9"
                lines.append(f"{frame}," + ",".join(cells[n] for n in range(1, 100)))
            (folder / f"{person}_{task}.csv").write_text("\n".join(lines) + "\n")
    return folder


def bp4d_intensity(root: Path) -> Path:
    folder = root / "AUCoding" / "AU_INT"
    for unit, values in ((6, "2 3 9"), (12, "0 4 5")):
        (folder / f"AU{unit:02d}").mkdir(parents=True)
        text = "".join(f"{n},{v}\n" for n, v in enumerate(values.split(), 2440))
        (folder / f"AU{unit:02d}" / f"F001_T1_AU{unit:02d}.csv").write_text(text)
    return folder


def disfa(root: Path) -> Path:
    folder = root / "ActionUnit_Labels" / "SN001"
    folder.mkdir(parents=True)
    (folder / "SN001_au1.txt").write_text("1,0\n2,3\n3,1\n")
    (folder / "SN001_au12.txt").write_text("1 0\n2 5\n")
    return folder.parent


def disfa_plus(root: Path) -> Path:
    folder = root / "Labels" / "SN001" / "A1_AU1_TrailNo_1"
    folder.mkdir(parents=True)
    (folder / "AU1.txt").write_text(
        "Intensity of AU1\nframe intensity\n000.jpg     0\n001.jpg  3\n"
    )
    (folder / "AU4.txt").write_text("# AU4\nframe intensity\n000.jpg     2\n001.jpg  0\n")
    return root / "Labels"


def ckplus(root: Path) -> Path:
    folder = root / "FACS" / "S005" / "001"
    folder.mkdir(parents=True)
    (folder / "S005_001_00000011_facs.txt").write_text(
        "   9.0000000e+00   0.0000000e+00\n   1.7000000e+01   4.0000000e+00\n"
    )
    return root / "FACS"


def images(root: Path, names: list[str], raw: bytes = b"not decoded") -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return root
