"""What is fuzzed: every reader of a file, every model folder, and the command.

A target has good inputs to start from, a way to damage them, a call that takes the bytes, and the
exceptions that are its own. Files are made up here or drawn by the packages themselves.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import mutate
import numpy as np

from aaad import AAADError
from auface_gen.errors import AUFaceGenError
from facs_text import FacsTextError
from vq_tokenizer import VQTokenizerError

__all__ = ["Target", "build", "run_one"]

Call = Callable[[bytes], Any]
Damage = Callable[[Random, bytes], bytes]
_FIXTURES = Path(__file__).parents[2] / "packages" / "facs-text" / "tests"
_OURS = (FacsTextError, VQTokenizerError, AUFaceGenError, AAADError)


@dataclass(frozen=True)
class Target:
    """One thing that reads bytes. `own`: what it may raise."""

    name: str
    seeds: Sequence[bytes]
    damage: Damage
    call: Call
    own: tuple[type[BaseException], ...] = _OURS


def run_one(target: Target, data: bytes) -> BaseException | None:
    """What the target did wrong with an input, or None."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            target.call(data)
    except target.own:
        return None
    except BaseException as error:  # whatever else comes out is what is looked for
        if isinstance(error, KeyboardInterrupt):
            raise
        return error
    return None


def build(folder: Path) -> list[Target]:
    """All targets; `folder` takes the files that they read."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        *_texts(),
        *_tables(folder),
        *_corpora(folder),
        *_scores(folder),
        *_pictures(folder),
        *_models(folder),
        *_rigs(folder),
        *_settings(folder),
        *_commands(folder),
    ]


def _at(path: Path, call: Callable[[Path], Any]) -> Call:
    """A call that takes a file, as one that takes its bytes."""

    def with_bytes(data: bytes) -> None:
        path.write_bytes(data)
        call(path)

    return with_bytes


# ---------------------------------------------------------------------------- words


def _texts() -> list[Target]:
    from facs_text import describe, parse, understand

    codes = ["1C+4D+L12B", "6C+12D", "0", "L43E", "1+2+5B+26?", "AU6 + AU12", "R14A+T23B"]
    said = [describe(c, detail=d, seed=k) for k, c in enumerate(codes[:5]) for d in
            ("brief", "full", "clinical", "prompt")]  # fmt: skip
    notation = [c.encode() for c in codes]
    english = [s.text.encode() for s in said] + [
        b"She smiles broadly, her left brow raised a little, and does not frown.",
        b"AU12 and AU6 at level C; lips pressed.",
    ]
    own = (FacsTextError,)

    def to_text(data: bytes) -> str:
        return data.decode("utf-8", "surrogateescape")

    return [
        Target("parse", notation, mutate.text, lambda d: parse(to_text(d)), own),
        Target("describe", notation, mutate.text, lambda d: describe(to_text(d)), own),
        Target("understand", english, mutate.text, lambda d: understand(to_text(d)), own),
    ]


# ---------------------------------------------------------------------------- tables


_NAMED = {
    "bp4d": "F001_T1.csv",
    "bp4d+": "F001_T1.csv",
    "bp4d_intensity": "F001_T1_AU06.csv",
    "disfa": "SN001_au1.txt",
    "disfa+": "AU1.txt",
    "ckplus": "S005_001_00000011_facs.txt",
}
"""The name that a file of a format has, where the name is part of the format."""


def _tables(folder: Path) -> list[Target]:
    from facs_text import readers

    sys.path.insert(0, str(_FIXTURES))
    import fixtures

    made = folder / "made.csv"
    makers = (fixtures.openface2, fixtures.openface3, fixtures.pyfeat, fixtures.libreface,
              fixtures.pyafar, fixtures.arkit, fixtures.mediapipe)  # fmt: skip
    seeds = [make(made).read_bytes() for make in makers] + [
        b"file_name,codes,subject\na.png,6C+12D,s1\nb.png,0,s1\n",
        b'{"id": "a", "codes": "12C"}\n{"id": "b", "aus": {"AU12": 3, "AU4": 1.5}}\n',
        b'[{"file_name": "a.png", "aus": {"12": 2}}, {"codes": "1C+2C"}]',
        b"1C+4D\n6C+12D\n0\n",
        b"Subject,Filename,OnsetFrame,ApexFrame,Action Units\n1,EP02,46,59,4+L10\n",
    ]
    seeds += [p.read_bytes() for p in sorted((_FIXTURES / "data" / "files").iterdir())]
    seeds = [seed for seed in seeds if len(seed) < 20_000]
    own_seeds = {"bp4d": [next(fixtures.bp4d(folder / "bp4d").iterdir()).read_bytes()],
                 "bp4d_intensity": [b"2440,2\n2441,3\n2442,9\n"],
                 "disfa": [b"1,0\n2,3\n3,1\n", b"1 0\n2 5\n"],
                 "disfa+": [b"Intensity of AU1\nframe intensity\n000.jpg     0\n001.jpg  3\n"],
                 "ckplus": [b"   9.0e+00   0.0e+00\n   1.7e+01   4.0e+00\n"]}  # fmt: skip
    own_seeds["bp4d+"] = own_seeds["bp4d"]

    def every(format: str, mode: str) -> Call:
        if format == "disfa+":  # its folders are what it takes
            path = folder / "Labels" / "SN001" / "A1_AU1_TrailNo_1" / "AU1.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            return _at(path, lambda p: list(readers.read(folder / "Labels", format, on_error=mode)))
        path = folder / _NAMED.get(format, "table.csv")
        return _at(path, lambda p: list(readers.read(p, format, on_error=mode, tell=str)))

    out = [Target("read auto", seeds, mutate.text, every("auto", "skip"), (FacsTextError,))]
    for format in readers.FORMATS:
        own = own_seeds.get(format, seeds)
        out.append(
            Target(f"read {format}", own, mutate.text, every(format, "raise"), (FacsTextError,))
        )
    return out


# ---------------------------------------------------------------------------- corpora


def _corpora(folder: Path) -> list[Target]:
    from facs_text import corpus

    root = folder / "corpus"
    with corpus.CorpusWriter(root, source="made up", licence="none") as writer:
        for k, codes in enumerate(("0", "12C", "6C+12D", "1B")):
            row = corpus.make_row(f"{k}.png", codes, subject=f"s{k // 2}", source="x", seed=k,
                                  neutral="0.png", texts=("prompt",))  # fmt: skip
            writer.add(row)
            (writer.folder("train") / row.file_name).write_bytes(_png(k))
    listing, about = root / "train" / "metadata.jsonl", root / "corpus.json"
    good = listing.read_bytes()
    tars = folder / "tars"
    (shard,) = corpus.write_shards(root, tars)
    tar_bytes = shard.read_bytes()

    def rows(path: Path) -> None:
        for _ in corpus.read(root, "train"):
            pass

    def check(data: bytes) -> None:
        listing.write_bytes(data)
        try:
            corpus.check(root)
        finally:
            listing.write_bytes(good)

    def described(data: bytes) -> None:
        about.write_bytes(data)
        corpus.check(root)
        shutil.rmtree(folder / "exported", ignore_errors=True)
        corpus.export(root, folder / "exported", to="webdataset")

    from vq_tokenizer.training.pictures import find_pictures

    def shown(place: Path, split: str | None = None) -> None:
        pictures = find_pictures(place, 32, split=split)
        for i in range(min(4, len(pictures))):
            pictures.sample(i)

    def trained(data: bytes) -> None:
        listing.write_bytes(data)
        try:
            shown(root, "train")
        finally:
            listing.write_bytes(good)

    def trained_tar(data: bytes) -> None:
        shard.write_bytes(data)
        shown(tars)

    about_bytes = about.read_bytes()
    return [
        Target("corpus rows", [good], mutate.json_value, _at(listing, rows)),
        Target("corpus check", [good], mutate.json_value, check),
        Target("corpus.json", [about_bytes], mutate.json_value, described),
        Target("corpus shard", [tar_bytes], mutate.tar,
               _at(shard, lambda p: list(corpus.read_shard(p)))),
        Target("training pictures", [good], mutate.json_value, trained),
        Target("training shard", [tar_bytes], mutate.tar, trained_tar),
    ]  # fmt: skip


# ---------------------------------------------------------------------------- scores


def _scores(folder: Path) -> list[Target]:
    from aaad.images import find_pictures
    from aaad.parts import read_part
    from aaad.scoring import read_ceiling
    from aaad.tables import read_table

    place = folder / "scored"
    place.mkdir(exist_ok=True)
    (place / "a.png").write_bytes(_png(1))
    rows = b"".join(
        json.dumps({"file_name": "a.png", "codes": c, "text": "x", "subject": "s", "neutral": n,
                    "requested": c, "detectors": ["x"]}).encode() + b"\n"
        for c, n in (("12C", "a.png"), ("0", None), ("6C+12D", "a.png"))
    )  # fmt: skip
    listing = place / "metadata.jsonl"
    made = folder / "probabilities.csv"
    import fixtures

    tables = [make(made).read_bytes() for make in (fixtures.openface3, fixtures.pyfeat,
              fixtures.libreface, fixtures.arkit, fixtures.openface2)]  # fmt: skip
    from aaad.parts import FORMAT

    words = {"format": FORMAT, "part": [1, 1], "columns": ["AU12"], "presence": [],
             "detector": "x", "ceiling": 0.5, "files": ["a"], "codes": ["12C"], "texts": [""],
             "subjects": ["s"], "before": ["12C"], "about": {}, "true_people": []}  # fmt: skip
    part = io.BytesIO()
    np.savez(part, words=np.frombuffer(json.dumps(words).encode(), np.uint8),
             pred=np.full((1, 1, 6), 1 / 6, np.float32), target=np.full((1, 1, 6), 1 / 6),
             mask=np.ones((1, 1), bool))  # fmt: skip
    from aaad.result import VERSION

    score = json.dumps({"version": VERSION, "aaad": 0.7, "n": 4}).encode()
    return [
        Target("score metadata", [rows], mutate.json_value,
               _at(listing, lambda p: find_pictures([place]))),
        Target("score table", tables, mutate.text, _at(made, read_table)),
        Target("score part", [part.getvalue()], mutate.npz, _at(folder / "p.part.npz", read_part)),
        Target("score ceiling", [score], mutate.json_value, _at(folder / "s.json", read_ceiling)),
    ]  # fmt: skip


# ---------------------------------------------------------------------------- pictures


def _png(shade: int, size: int = 32) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (size, size), (shade * 40 % 256, 90, 120)).save(out, "PNG")
    return out.getvalue()


def picture_seeds() -> list[bytes]:
    """Small pictures of every kind that people have."""
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("auface:codes", "6C+12D")
    info.add_itxt("auface:text", "é")
    rng = np.random.default_rng(0)
    colour = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (colour, "PNG", {"pnginfo": info}),
        (colour.convert("P"), "PNG", {}),
        (colour.convert("RGBA"), "PNG", {}),
        (colour.convert("LA"), "PNG", {}),
        (colour.convert("1"), "PNG", {}),
        (Image.fromarray(rng.integers(0, 65536, (9, 9), dtype=np.uint16)), "PNG", {}),
        (colour, "JPEG", {"exif": exif}),
        (colour.convert("CMYK"), "JPEG", {}),
        (colour, "BMP", {}),
        (colour, "WEBP", {}),
        (colour, "TIFF", {}),
        (Image.fromarray(rng.random((9, 9), dtype=np.float32)), "TIFF", {}),
        (colour, "GIF", {"save_all": True, "append_images": [colour.rotate(90)]}),
    ]
    out = []
    for picture, format, options in kinds:
        held = io.BytesIO()
        picture.save(held, format, **options)
        out.append(held.getvalue())
    return out


def _pictures(folder: Path) -> list[Target]:
    from aaad.pictures import png_bytes, read_picture, text_chunks
    from vq_tokenizer.pictures import read_rgb as read_for_training

    seeds = picture_seeds()
    path = folder / "picture.png"
    return [
        Target("picture of aaad", seeds, mutate.png, _at(path, lambda p: read_picture(p, 16))),
        Target("picture's text", seeds, mutate.png, _at(path, text_chunks)),
        Target("picture shown", seeds, mutate.png, _at(path, png_bytes)),
        Target("picture of vq", seeds, mutate.png, _at(path, read_for_training)),
    ]


# ---------------------------------------------------------------------------- models


def _models(folder: Path) -> list[Target]:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from conftest import write_eyes, write_model

    from aaad import Detector
    from auface_gen import AUFace
    from vq_tokenizer import load_checkpoint

    model, eyes = write_model(folder / "model"), write_eyes(folder / "eyes")

    def drawn(path: Path) -> None:
        AUFace.from_pretrained(model, device="cpu").generate("12C", steps=1)

    def seen(path: Path) -> None:
        size = (1, 3, 64, 64)
        Detector.from_pretrained(eyes, device="cpu")(np.zeros(size, np.uint8))

    out = []
    for part, call in (
        ("tokenizer", lambda p: load_checkpoint(model / "tokenizer")),
        ("generator", drawn),
        ("eyes", seen),
    ):
        place = eyes if part == "eyes" else model / part
        for file, damage in (
            ("config.json", mutate.json_value),
            ("model.safetensors", mutate.safetensors),
        ):
            path = place / file
            good = path.read_bytes()
            call_ = _restored(path, good, call)
            out.append(Target(f"{part} {file}", [good], damage, call_))
    for file, damage in (("people.json", mutate.json_value), ("0.webp", mutate.blind)):
        path = model / "people" / file
        good = path.read_bytes()
        out.append(Target(f"people {file}", [good], damage, _restored(path, good, drawn)))
    return out


def _restored(path: Path, good: bytes, call: Callable[[Path], Any]) -> Call:
    def with_bytes(data: bytes) -> None:
        path.write_bytes(data)
        try:
            call(path)
        finally:
            path.write_bytes(good)

    return with_bytes


# ---------------------------------------------------------------------------- rigs


def _rigs(folder: Path) -> list[Target]:
    from auface_gen.rig.face import Face

    rng = np.random.default_rng(0)
    count = 80
    faces = rng.integers(0, count, (12, 4))
    materials = ("M_Face", "M_Teeth", "M_ScleraLeft", "M_IrisLeft", "M_ScleraRight", "M_IrisRight")
    held = io.BytesIO()
    np.savez(
        held, neutral=rng.random((count, 3)), identity=rng.random((2, count, 3)),
        expression=rng.random((2, count, 3)), expression_names=np.array(["a", "b"]), faces=faces,
        uv=rng.random((count, 2)), face_uv=faces, face_material=np.arange(12) % 6,
        materials=np.array(materials), landmarks68=np.arange(68),
    )  # fmt: skip

    def load(path: Path) -> None:
        face = Face.load(path)
        face.person(np.zeros(1))
        assert face.eyes

    from auface_gen.rig.facexmodel import read_obj_vertices

    mesh = b"v 1 2 3\nv 1e3 -2 .5\nv 0 0 0\nvt 0 1\nusemtl M\nf 1/1 2/1 3/1\n"
    obj = folder / "x.obj"
    return [
        Target("rig npz", [held.getvalue()], mutate.npz, _at(folder / "rig.npz", load)),
        Target("rig obj", [mesh], mutate.text, _at(obj, lambda p: read_obj_vertices(p, 3))),
    ]


# ---------------------------------------------------------------------------- settings


def _settings(folder: Path) -> list[Target]:
    import click

    from auface_cli.settings import read_settings
    from auface_gen.generator.run import GeneratorRun
    from auface_studio.coding import look, read_coding
    from auface_studio.errors import StudioError
    from auface_studio.stimuli.codings import parse_table
    from auface_studio.stimuli.design import read_design
    from auface_studio.study.design import read_study

    toml = b'steps = 10\nrate = 1e-3\nprecision = "fp32"\nminutes = 2.5\n'
    design = (
        b'title = "Smiles"\npeople = [3, 7]\nlevels = ["A", "C"]\nseed = 0\n[[coding]]\n'
        b'name = "smile"\ncodes = "6C+12C"\n[[coding]]\npreset = "fear"\n[[coding]]\nname = "x"\n'
        b'text = "She raises her left outer brow."\n[dynamics]\nonset = 500\nfps = 25\n'
    )
    from PIL import Image, PngImagePlugin

    (folder / "arm").mkdir(exist_ok=True)
    info = PngImagePlugin.PngInfo()
    info.add_text("auface:codes", "6C+12D")
    Image.new("RGB", (8, 8)).save(folder / "arm" / "a.png", pnginfo=info)
    study = b'title = "T"\nkind = "rate"\nconsent = "yes"\nseed = 1\n[[arm]]\nname = "a"\n' + (
        b'folder = "arm"\n'
    )
    own = (StudioError, FacsTextError, AAADError)

    def asked(data: bytes) -> None:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            read_coding(value)
            look(value)

    requests = [b'{"codes": "6C+12D", "detail": "full", "seed": 3}', b'{"text": "she smiles"}',
                b'{"actions": [["12", "both", 3], ["4", "left", 2, true]]}']  # fmt: skip
    settings = Target(
        "train settings", [toml], mutate.text,
        _at(folder / "run.toml", lambda p: read_settings(GeneratorRun, config=p)),
        (click.UsageError, AUFaceGenError),
    )  # fmt: skip
    return [
        settings,
        Target("stimuli design", [design], mutate.text, _at(folder / "d.toml", read_design), own),
        Target("stimuli table", [b"name,codes\na,12C\nb;c,1C+2C\n", b"12C\n1C+2C\n"], mutate.text,
               lambda d: parse_table(d.decode("utf-8", "replace")), own),
        Target("study design", [study], mutate.text, _at(folder / "study.toml", read_study), own),
        Target("studio request", requests, mutate.json_value, asked, own),
    ]  # fmt: skip


# ---------------------------------------------------------------------------- commands


class Unsaid(Exception):
    """A command that failed otherwise than by one line of its own."""


def _commands(folder: Path) -> list[Target]:
    """Whole calls: arguments are lines, and files of damaged bytes stand beside."""
    from auface_cli.main import main

    def call(arguments: list[str]) -> None:
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            status = main(arguments)
        said = err.getvalue()
        if status not in (0, 1, 2) or "failed: " in said or "Traceback" in said:
            raise Unsaid(f"status {status}: {said.strip()[-300:]}")

    def typed(data: bytes) -> None:
        words = [w.decode("utf-8", "surrogateescape") for w in data.split(b"\x1f")]
        if any(w.startswith("--o") for w in words):  # nothing is written where it may please
            return
        call(words)

    lines = [
        ["describe", "1C+4D+L12B", "--detail", "brief", "--seed", "3"],
        ["describe", "--preset", "fear", "--json"],
        ["understand", "she smiles a little", "--json"],
        ["units", "12"],
        ["compare", "12C", "6C+12D"],
        ["contrast", "12C", "6C+12D"],
        ["ask", "6C+12D"],
    ]
    seeds = ["\x1f".join(line).encode() for line in lines]
    table = folder / "given.csv"
    tables = [b"file_name,codes\na.png,6C+12D\n", b"1C+4D\n12C\n", b'{"codes": "12C"}\n']

    def from_file(*words: str) -> Call:
        return _at(table, lambda p: call([w if w != "FILE" else str(p) for w in words]))

    def corpus_call(*words: str) -> Call:
        listing = folder / "corpus" / "train" / "metadata.jsonl"
        good = listing.read_bytes()

        def with_rows(path: Path) -> None:
            shutil.rmtree(folder / "out", ignore_errors=True)
            call([w.replace("DIR", str(folder / "corpus")).replace("OUT", str(folder / "out"))
                  for w in words])  # fmt: skip

        return _restored(listing, good, with_rows)

    rows = [(folder / "corpus" / "train" / "metadata.jsonl").read_bytes()]
    own: tuple[type[BaseException], ...] = ()
    return [
        Target("auface ARGUMENTS", seeds, mutate.text, typed, own),
        Target("auface describe --from", tables, mutate.text,
               from_file("describe", "--from", "FILE"), own),
        Target("auface describe skip", tables, mutate.text,
               from_file("describe", "--from", "FILE", "--on-error", "skip"), own),
        Target("auface convert", tables, mutate.text,
               from_file("convert", "FILE", "--to", "openface2"), own),
        Target("auface corpus check", rows, mutate.json_value,
               corpus_call("corpus", "check", "DIR"), own),
        Target("auface corpus stats", rows, mutate.json_value,
               corpus_call("corpus", "stats", "DIR"), own),
        Target("auface corpus shard", rows, mutate.json_value,
               corpus_call("corpus", "shard", "DIR", "OUT"), own),
        Target("auface corpus export", rows, mutate.json_value,
               corpus_call("corpus", "export", "DIR", "OUT", "--to", "webdataset"), own),
    ]  # fmt: skip
