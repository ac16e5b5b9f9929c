"""Corpus: written, read, checked, built; resumable, and never half there."""

import json
from pathlib import Path

import fixtures
import pytest

from facs_text import FacsTextError, corpus, parse
from facs_text.corpus import CorpusWriter, build, check, make_row, read, split_of_subject
from facs_text.corpus._align import PLACES, anchors, similarity


def small(root: Path) -> Path:
    with CorpusWriter(root, source="made up", licence="CC0-1.0", about={"size": 1}) as out:
        for split, subject in (("train", "a"), ("valid", "b")):
            for codes in ("0", "1C+4D", "L12B+26C"):
                name = f"{subject}-{codes.replace('+', '_')}.png"
                (out.folder(split) / name).write_bytes(b"x")
                out.add(
                    make_row(name, codes, subject=subject, source="rig", neutral=f"{subject}-0.png",
                             seed=3, light_seed=7),
                    split,
                )  # fmt: skip
    return root


def test_write_read_check(tmp_path: Path) -> None:
    root = small(tmp_path / "c")
    rows = list(read(root, "train"))
    assert [r.codes for r in rows] == ["0", "1C+4D", "L12B+25C+26C"]
    assert rows[2].aus["AU12"] == {"left": 0.4}
    assert rows[2].extra == {"light_seed": 7}
    assert rows[1].text != rows[1].text_brief
    assert rows[1].neutral == "a-0.png"
    report = check(root)
    assert report.ok
    assert report.rows == {"train": 3, "valid": 3}
    assert report.subjects["train"] == 1
    data = json.loads((root / "corpus.json").read_text())
    assert data["schema"] == corpus.SCHEMA
    assert data["counts"]["train"] == 3
    assert data["size"] == 1
    assert not list(root.rglob("*.part"))
    with pytest.raises(FacsTextError, match="no test split"):
        read(root, "test")
    with pytest.raises(FacsTextError, match="split 'dev'"):
        read(root, "dev")


def test_first_keys_are_what_datasets_wants(tmp_path: Path) -> None:
    line = (small(tmp_path / "c") / "train" / "metadata.jsonl").read_text().splitlines()[1]
    assert list(json.loads(line))[:4] == ["file_name", "text", "text_brief", "codes"]


def test_check_finds_what_is_wrong(tmp_path: Path) -> None:
    root = small(tmp_path / "c")
    (root / "train" / "a-0.png").unlink()
    path = root / "train" / "metadata.jsonl"
    lines = path.read_text().splitlines()
    wrong = json.loads(lines[1])
    wrong["text"] = "The jaw is dropped."
    wrong["aus"]["AU1"]["left"] = 3
    stale = json.loads(lines[2]) | {"codes": "12B+13B", "subject": "b"}
    path.write_text("\n".join([lines[0], json.dumps(wrong), json.dumps(stale), lines[0]]) + "\n")
    problems = " | ".join(check(root).problems)
    for said in ("image is not there", "neutral a-0.png is not there", "text says 26",
                 "do not stand", "also in another split", "stands twice", "corpus.json says 3",
                 "is 3; expected"):  # fmt: skip
        assert said in problems
    path.write_text('{"file_name": 3}\n')
    assert any("line 1" in p for p in check(root).problems)
    assert not check(tmp_path / "none").ok


def test_check_compares_activations_with_the_codes(tmp_path: Path) -> None:
    root = small(tmp_path / "c")
    path = root / "train" / "metadata.jsonl"
    lines = path.read_text().splitlines()
    weaker, lost, added = (json.loads(lines[i]) for i in (1, 2, 0))
    weaker["aus"]["AU4"]["left"] = 0.25
    del lost["aus"]["AU26"]
    added["aus"] = {"AU9": {"left": 0.4}}
    path.write_text("\n".join(["", *(json.dumps(row) for row in (weaker, lost, added))]) + "\n")
    found = check(root).problems
    assert len(found) == 3
    assert (
        "train/metadata.jsonl, line 2 (a-1C_4D.png): aus: AU4 left is 0.25, codes say" in found[0]
    )
    assert "line 3" in found[1]
    assert "AU26 both is 0, codes say 0.6" in found[1]
    assert "line 4 (a-0.png): aus: AU9 left is 0.4, codes say 0" in found[2]


def test_people_stay_in_one_split(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "c", source="s", licence="l")
    writer.add(make_row("a.png", "0", subject="a", source="s"), "train")
    with pytest.raises(FacsTextError, match="cannot be in test"):
        writer.add(make_row("b.png", "0", subject="a", source="s"), "test")
    for name in ("/etc/x", "../x", "a/../../x", ""):
        with pytest.raises(FacsTextError, match="inside"):
            writer.add(make_row(name, "0", subject="a", source="s"))
    with pytest.raises(FacsTextError, match="schema"):
        writer.add(make_row("c.png", "0", subject="a", source="s", codes="1"))  # type: ignore[misc]
    with pytest.raises(FacsTextError, match="surrogate"):
        writer.add(make_row("d\ud800.png", "0", subject="a", source="s"))
    writer.close()
    assert [r.file_name for r in read(tmp_path / "c")] == ["a.png"]


def test_failure_leaves_no_metadata(tmp_path: Path) -> None:
    def fail() -> None:
        with CorpusWriter(tmp_path / "c", source="s", licence="l") as out:
            out.add(make_row("a.png", "0", subject="a", source="s"))
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "c" / "train" / "metadata.jsonl").exists()
    with CorpusWriter(tmp_path / "c", source="s", licence="l", resume=True) as out:
        assert out.counts["train"] == 1
        assert out.last("train") == "a.png"
        out.add(make_row("b.png", "1", subject="a", source="s"))
    assert [r.file_name for r in read(tmp_path / "c")] == ["a.png", "b.png"]
    with pytest.raises(FacsTextError, match="already holds a corpus"):
        CorpusWriter(tmp_path / "c", source="s", licence="l")


def test_a_torn_line_is_cut(tmp_path: Path) -> None:
    part = tmp_path / "c" / "train" / "metadata.jsonl.part"
    part.parent.mkdir(parents=True)
    line = make_row("a.png", "0", subject="a", source="s").to_json()
    part.write_text(line + "\n" + line[:30])
    with CorpusWriter(tmp_path / "c", source="s", licence="l", resume=True) as out:
        assert out.counts["train"] == 1
    assert len(list(read(tmp_path / "c"))) == 1


def bp4d_tree(root: Path, shift: int = 0) -> tuple[Path, Path]:
    names = [f"{p}/{t}/{n + shift:04d}.jpg" for p in ("F001", "M002") for t in ("T1", "T6")
             for n in range(10, 15)]  # fmt: skip
    return fixtures.bp4d(root), fixtures.images(root / "images", names)


def test_build_bp4d(tmp_path: Path) -> None:
    labels, pictures = bp4d_tree(tmp_path)
    rejects = tmp_path / "rejects.jsonl"
    report = build(labels, pictures, tmp_path / "out", licence="BP4D", format="bp4d",
                   rejects=rejects, splits={"F001": "train", "M002": "test"})  # fmt: skip
    assert report.rows == {"train": 10, "valid": 0, "test": 10}
    assert report.drops == {"no image": 4}
    assert report.frame_offset == 0
    assert len(rejects.read_text().splitlines()) == 4
    rows = list(read(tmp_path / "out", "train"))
    assert rows[1].codes == "6+12"
    assert rows[1].neutral == "F001/T1/0010.jpg"
    assert rows[1].extra["row"] == "F001/T1/11"
    assert "AU17" in rows[1].extra["missing"]
    assert check(tmp_path / "out").ok
    again = build(labels, pictures, tmp_path / "out", licence="BP4D", format="bp4d", resume=True,
                  splits={"F001": "train", "M002": "test"})  # fmt: skip
    assert again.rows == report.rows
    with pytest.raises(FacsTextError, match="already holds"):
        build(labels, pictures, tmp_path / "out", licence="BP4D", format="bp4d")


def test_frame_base_is_checked_against_the_images(tmp_path: Path) -> None:
    labels, pictures = bp4d_tree(tmp_path, shift=-1)
    with pytest.raises(FacsTextError, match="fit better with frame_offset=-1"):
        build(labels, pictures, tmp_path / "a", licence="BP4D", format="bp4d")
    report = build(labels, pictures, tmp_path / "b", licence="BP4D", format="bp4d+")
    assert report.frame_offset == -1
    assert sum(report.rows.values()) == 20
    report = build(labels, pictures, tmp_path / "c", licence="x", format="bp4d", frame_offset=0)
    assert report.drops["no image"] == 8


def test_build_tracker_links_and_neutral(tmp_path: Path) -> None:
    table = fixtures.openface2(tmp_path / "clip.csv")
    pictures = fixtures.images(
        tmp_path / "i", [f"clip/frame_det_00_{n:06d}.bmp" for n in range(1, 11)]
    )
    report = build(table, pictures, tmp_path / "out", licence="mine", link=True,
                   splits={"clip": "valid"})  # fmt: skip
    assert report.format == "openface2"
    assert report.rows["valid"] == 9
    assert report.drops == {"no face or nothing scored": 1}
    first = next(read(tmp_path / "out", "valid"))
    assert (tmp_path / "out" / "valid" / first.file_name).samefile(pictures / first.file_name)


def test_build_probabilities_need_a_threshold(tmp_path: Path) -> None:
    table = fixtures.pyfeat(tmp_path / "fex.csv")
    pictures = fixtures.images(tmp_path / "i", ["a/photo.jpg"])
    with pytest.raises(FacsTextError, match="without a threshold"):
        build(table, pictures, tmp_path / "out", licence="mine")
    report = build(table, pictures, tmp_path / "out2", licence="mine", threshold=0.5)
    assert sum(report.rows.values()) == 1


def test_build_errors(tmp_path: Path) -> None:
    labels, pictures = bp4d_tree(tmp_path)
    with pytest.raises(FacsTextError, match="no such folder"):
        build(labels, tmp_path / "none", tmp_path / "o", licence="x", format="bp4d")
    with pytest.raises(FacsTextError, match="folder; name its format"):
        build(labels, pictures, tmp_path / "o", licence="x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FacsTextError, match="no row has both"):
        build(labels, tmp_path / "empty", tmp_path / "o", licence="x", format="bp4d")
    assert not (tmp_path / "o" / "corpus.json").exists()
    (labels / "F001_T1.csv").write_text("0,1,2\n10,0,7\n11,0,1\n")
    with pytest.raises(FacsTextError, match="line 2"):
        build(labels, pictures, tmp_path / "p", licence="x", format="bp4d")
    report = build(labels, pictures, tmp_path / "q", licence="x", format="bp4d", on_error="skip")
    assert report.drops["bad row"] == 1


def test_splits_by_name_alone() -> None:
    names = [f"S{n}" for n in range(2000)]
    shares = [
        sum(split_of_subject(n) == s for n in names) / 2000 for s in ("train", "valid", "test")
    ]
    assert shares[0] == pytest.approx(0.8, abs=0.03)
    assert min(shares) > 0.07
    assert split_of_subject("F001") == split_of_subject("F001")


def test_similarity_and_anchors() -> None:
    source = [(10.0, 10.0), (30.0, 12.0), (20.0, 40.0)]
    a, b, c, d = 0.5, 0.2, 3.0, -1.0
    target = [(a * x - b * y + c, b * x + a * y + d) for x, y in source]
    assert similarity(source, target) == pytest.approx((a, b, c, d))
    five = [(1.0, 2.0), (5.0, 2.0), (3.0, 4.0), (2.0, 6.0), (4.0, 6.0)]
    assert anchors(five) == ((1.0, 2.0), (5.0, 2.0), (3.0, 6.0))
    with pytest.raises(FacsTextError, match="68 or 5"):
        anchors([(0.0, 0.0)])
    with pytest.raises(FacsTextError, match="one point"):
        similarity([(1.0, 1.0)] * 3, PLACES)


def test_crop_aligns(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    table = fixtures.openface2(tmp_path / "clip.csv", landmarks=True, frames=2)
    folder = tmp_path / "i" / "clip"
    folder.mkdir(parents=True)
    picture = image.new("RGB", (220, 240), "black")
    for x in range(76, 90):
        for y in range(96, 106):
            picture.putpixel((x, y), (255, 0, 0))  # the eye at the left of the picture
    for n in (1, 2):
        picture.save(folder / f"{n}.png")
    build(table, tmp_path / "i", tmp_path / "out", licence="x", size=64, splits={"clip": "train"},
          options={"landmarks": True})  # fmt: skip
    row = next(read(tmp_path / "out"))
    with image.open(tmp_path / "out" / "train" / row.file_name) as made:
        assert made.size == (64, 64)
        x, y = (round(v * 64) for v in PLACES[0])
        assert made.getpixel((x, y))[0] > 200
        assert made.getpixel((63 - x, y))[0] < 50
    (folder / "2.png").write_bytes(b"broken")
    with pytest.raises(FacsTextError, match="cannot be read"):
        build(table, tmp_path / "i", tmp_path / "o2", licence="x", size=64)


def test_parse_of_rows() -> None:
    assert str(parse(make_row("a", "5C+43E", subject="s", source="t").codes)) == "43E"
