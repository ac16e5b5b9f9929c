"""Fixtures: a made-up rig and a made-up model, small enough for a test; the real rig where a user
has it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

from auface_gen.columns import COLUMNS
from auface_gen.generator.checkpoint import write_folder, write_json
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.text_encoder import WordEncoderConfig
from auface_gen.generator.transformer import TransformerConfig
from auface_gen.generator.words import Vocabulary
from auface_gen.rig.made_shapes import WEIGHED
from auface_gen.rig.move import Rig
from auface_gen.rig.units import unit_table
from facs_text.corpus import CorpusWriter, make_row
from vq_tokenizer import Tokenizer, TokenizerConfig, load_checkpoint, save_checkpoint

# A slow machine is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_MATERIALS = (
    "M_Face",
    "M_BackHead",
    "M_GumsTongue",
    "M_Teeth",
    "M_ScleraLeft",
    "M_IrisLeft",
    "M_ScleraRight",
    "M_IrisRight",
    "M_LacrimalFluid",
    "M_EyeBlend",
    "M_EyeOcclusion",
    "M_EyeLashes",
)


def _arrays(count: int = 400) -> dict[str, np.ndarray]:
    """Arrays of a rig with the kit's names and a cloud of points for a face."""
    rng = np.random.default_rng(0)
    table = unit_table()
    names: set[str] = set()
    for shapes in [
        *table["sided"].values(),
        *table["whole"].values(),
        *(s for lip in table["lips"].values() for s in lip.values()),
    ]:
        for name in shapes:
            names |= {name.replace("{S}", letter) for letter in "LR"}
    names |= {f"{name}_{letter}" for name in WEIGHED for letter in "LR"} | {"mouthClose"}
    kit = sorted(n for n in names if not n.startswith("+"))
    neutral = rng.uniform([-8, -8, 4], [8, 9, 12], (count, 3))
    faces = rng.integers(0, count, (120, 4))
    faces[::5, 3] = -1
    landmarks = rng.permutation(count)[:68] if count >= 68 else rng.integers(0, count, 68)
    landmarks = landmarks[np.argsort(neutral[landmarks, 1])]  # of the lowest, one is the chin
    return {
        "neutral": neutral,
        "identity": rng.normal(0, 0.1, (5, count, 3)),
        "expression": rng.normal(0, 0.3, (len(kit), count, 3)),
        "expression_names": np.array(kit),
        "faces": faces,
        "uv": rng.random((count, 2)),
        "face_uv": np.maximum(faces, 0),
        "face_material": np.arange(120) % 12,
        "materials": np.array(_MATERIALS),
        "landmarks68": landmarks,
    }


@pytest.fixture(scope="session")
def made_up_arrays() -> Callable[..., dict[str, np.ndarray]]:
    return _arrays


@pytest.fixture(scope="session")
def rig() -> Rig:
    return Rig.from_arrays(_arrays())


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tokenizer")
    save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny")), folder)
    return folder


@pytest.fixture(scope="session")
def reference_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer with a reference, 4 x 4 tokens at 32 px; its random weights say something."""
    folder = tmp_path_factory.mktemp("reference-tokenizer")
    model = Tokenizer(TokenizerConfig.preset("tiny-reference", quantizer="fsq", fsq_levels=(8, 5)))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    save_checkpoint(model, folder)
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory, reference_tokenizer: Path) -> Path:
    """A whole model folder, not to be written to: 32 px, random weights, three people."""
    root = tmp_path_factory.mktemp("model")
    tokenizer = load_checkpoint(reference_tokenizer)
    save_checkpoint(tokenizer, root / "tokenizer")
    codes = tokenizer.codebook
    words = Vocabulary.of(["the left brow rises", "the jaw drops"], max_words=40)
    config = GeneratorConfig(
        encoder=WordEncoderConfig(words, width=16, layers=1, heads=2),
        transformer=TransformerConfig(
            grid=4, num_codes=codes.shape[0], code_dim=codes.shape[1], text_width=16, heads=2,
            still=tokenizer.still_token, reference_width=32, width=32, layers=2, hidden=48,
            token_width=16,
        ),
    )  # fmt: skip
    torch.manual_seed(2)
    generator = Generator(config, codes, torch.rand(len(COLUMNS), 2, 2))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
        generator.transformer.still_bonus.zero_()
    shown = [u not in ("AU51", "AU52") for u, _ in COLUMNS]
    about = {"kind": "words", "model": config.to_json(), "shown": shown, "size": 32}
    write_folder(root / "generator", about, generator.state_dict())
    rng = np.random.default_rng(0)
    (root / "people").mkdir()
    for i in range(3):
        pixels = rng.integers(0, 255, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(root / "people" / f"{i}.webp")
    names = [{"file": f"{i}.webp", "subject": f"p{i}", "split": "test"} for i in range(3)]
    write_json(root / "people" / "people.json", names)
    return root


@pytest.fixture
def own_model(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be written to."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of coloured squares: 2 people in train, 1 in valid, 32 px."""
    rng = np.random.default_rng(0)
    root = tmp_path / "corpus"
    with CorpusWriter(root, source="squares", licence="free") as out:
        for split, people in (("train", 2), ("valid", 1)):
            for subject in (f"p{p}{split}" for p in range(people)):
                base = rng.integers(0, 255, (32, 32, 3), np.uint8)
                (out.folder(split) / subject).mkdir()
                for i, codes in enumerate(("0", "12C", "L1D", "17E")):
                    picture = base.copy()
                    picture[8 * i : 8 * i + 8] = 50 * i
                    name = f"{subject}/{i}.png"
                    Image.fromarray(picture).save(out.folder(split) / name)
                    rest = f"{subject}/0.png"
                    row = make_row(name, codes, subject=subject, source="squares", neutral=rest)
                    out.add(row, split)
    return root


@pytest.fixture(scope="session")
def kit() -> Path:
    """ICT-FaceKit's data, where the environment (AUFACE_ICT_FACEKIT) or a folder shared/ beside the
    checkout has it; tests that need it are skipped elsewhere.
    """
    beside = Path(__file__).resolve().parents[3].parent / "shared" / "ict-facekit"
    path = Path(os.environ.get("AUFACE_ICT_FACEKIT", beside / "ict_facekit_light.npz"))
    if not path.exists():
        pytest.skip(
            "needs ICT-FaceKit: set AUFACE_ICT_FACEKIT to its FaceXModel folder or the .npz"
        )
    return path


@pytest.fixture(scope="session")
def real(kit: Path) -> Rig:
    """The real rig."""
    return Rig.load(kit)
