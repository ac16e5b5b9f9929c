"""Names of pictures in rows and shards: inside their folder, or refused."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from PIL import Image

from vq_tokenizer import VQTokenizerError
from vq_tokenizer.training.pictures import find_pictures, list_pictures

OUTSIDE = (
    "../secret.png", "/etc/hosts.png", "a/../../secret.png", "", "..", "a\0.png", "\ud800.png", 7,
    None,
)  # fmt: skip


def png(shade):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


def listed(folder, *names):
    train = folder / "c" / "train"
    train.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"file_name": name}) for name in names]
    (train / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    (train / "1.png").write_bytes(png(10))
    return folder / "c"


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_row_that_leads_outside_is_refused(tmp_path, name):
    (tmp_path / "secret.png").write_bytes(png(200))
    with pytest.raises(VQTokenizerError, match=r"metadata\.jsonl:2"):
        list(list_pictures(listed(tmp_path, "1.png", name), "train"))


def test_a_link_that_leads_outside_is_refused(tmp_path):
    (tmp_path / "secret.png").write_bytes(png(200))
    root = listed(tmp_path, "1.png", "2.png")
    (root / "train" / "2.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(VQTokenizerError, match="2.png is a link that leads out"):
        list(list_pictures(root, "train"))
    (root / "train" / "2.png").unlink()
    (root / "train" / "2.png").symlink_to("1.png")
    assert len(list(list_pictures(root, "train"))) == 2


def shard(path, *members):
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_members_with_a_dot_before_them(tmp_path):
    shard(tmp_path / "x.tar", ("./1.png", png(10)), ("./a/2.png", png(90)))
    pictures = find_pictures(tmp_path, 8)
    pixels = [pictures.sample(i).image for i in range(len(pictures))]
    assert [int(p[0, 0, 0]) for p in pixels] == [10, 90]


@pytest.mark.parametrize("climb", ["../secret.png", "{}/secret.png", "a/../../secret.png"])
def test_members_that_lead_outside_are_refused(tmp_path, climb):
    (tmp_path / "secret.png").write_bytes(png(200))
    (tmp_path / "t").mkdir()
    shard(tmp_path / "t" / "x.tar", ("1.png", png(1)), (climb.format(tmp_path), png(2)))
    with pytest.raises(VQTokenizerError, match="absolute or climbs"):
        list(list_pictures(tmp_path / "t"))


def test_a_member_that_says_it_is_enormous(tmp_path):
    info = tarfile.TarInfo("1.png")
    info.size = 1 << 40
    (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + png(1))
    with pytest.raises(VQTokenizerError, match=r"x\.tar"):
        list(list_pictures(tmp_path))


def test_a_compressed_shard_is_not_unpacked(tmp_path):
    """A small .xz can hold gigabytes; shards are plain tar files."""
    with tarfile.open(tmp_path / "x.tar", "w:xz") as tar:
        info = tarfile.TarInfo("1.png")
        info.size = 10
        tar.addfile(info, io.BytesIO(b"0" * 10))
    with pytest.raises(VQTokenizerError, match=r"x\.tar: cannot be read as a tar file"):
        list(list_pictures(tmp_path))
