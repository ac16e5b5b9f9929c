"""Signing, with a made-up c2pa-python: what is handed to it, and what is refused before."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from auface_gen import AUFaceGenError
from auface_gen.label import DRAWN, save_labelled
from auface_gen.signing import sign


class Refused(Exception):
    """As c2pa's own error."""


class Context:
    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def c2pa(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Takes what it is given, and appends a mark to the picture."""
    given = SimpleNamespace(C2paError=Refused, refuse=False)

    class Signer(Context):
        @staticmethod
        def from_info(info: tuple) -> "Signer":
            given.info = info
            return Signer()

    class Builder(Context):
        def __init__(self, text: str) -> None:
            given.manifest = json.loads(text)

        def sign(self, signer, mime, source, out) -> None:
            if given.refuse:
                raise Refused("the certificate was self-signed")
            given.mime = mime
            out.write(source.read() + b"signed")

    given.C2paSignerInfo = lambda *info: info
    given.Signer, given.Builder = Signer, Builder
    monkeypatch.setitem(sys.modules, "c2pa", given)
    return given


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    save_labelled(Image.new("RGB", (8, 8)), tmp_path / "face.png")
    for name in ("chain", "key"):
        (tmp_path / f"{name}.pem").write_text(f"-----BEGIN {name}-----\n")
    return {"certificate": tmp_path / "chain.pem", "key": tmp_path / "key.pem"}


def test_the_label_becomes_the_manifest(
    c2pa: SimpleNamespace, files: dict[str, Path], tmp_path: Path
) -> None:
    before = (tmp_path / "face.png").read_bytes()
    sign(tmp_path / "face.png", tmp_path / "face.png", **files)
    assert (tmp_path / "face.png").read_bytes() == before + b"signed"
    (said,) = c2pa.manifest["assertions"]
    assert said["data"]["actions"] == [{"action": "c2pa.created", "digitalSourceType": DRAWN}]
    assert c2pa.mime == "image/png"
    assert c2pa.info == (b"es256", b"-----BEGIN chain-----\n", b"-----BEGIN key-----\n", None)


def test_a_certificate_that_is_refused_leaves_the_picture(
    c2pa: SimpleNamespace, files: dict[str, Path], tmp_path: Path
) -> None:
    c2pa.refuse = True
    before = sorted((p.name, p.read_bytes()) for p in tmp_path.iterdir())
    with pytest.raises(AUFaceGenError, match=r"chain\.pem: the certificate was self-signed"):
        sign(tmp_path / "face.png", tmp_path / "face.png", **files)
    assert sorted((p.name, p.read_bytes()) for p in tmp_path.iterdir()) == before


def test_what_cannot_be_signed_is_told(
    c2pa: SimpleNamespace, files: dict[str, Path], tmp_path: Path
) -> None:
    face = tmp_path / "face.png"
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    with pytest.raises(AUFaceGenError, match="not labelled"):
        sign(tmp_path / "plain.png", tmp_path / "out.png", **files)
    with pytest.raises(AUFaceGenError, match=r"out\.jpg"):
        sign(face, tmp_path / "out.jpg", **files)
    with pytest.raises(AUFaceGenError, match="md5"):
        sign(face, face, algorithm="md5", **files)
    with pytest.raises(AUFaceGenError, match=r"nowhere\.pem"):
        sign(face, face, certificate=tmp_path / "nowhere.pem", key=files["key"])
    with pytest.raises(AUFaceGenError, match="not PEM"):
        sign(face, face, certificate=face, key=files["key"])


def test_without_c2pa_it_says_what_brings_it(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(AUFaceGenError, match=r"auface-gen\[c2pa\]"):
        sign(tmp_path / "face.png", tmp_path / "out.png", **files)
    assert not (tmp_path / "out.png").exists()
