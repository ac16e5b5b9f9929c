"""What a picture and a step of training cost, at the size that ships.

    python benchmarks/generator_speed.py [--model DIR] [--repeat N]

Without --model the weights are random: time does not depend on them. One thread; seconds are of the
processor, so that a busy machine bends them little, and the load is written beside. For a picture:
what is heard and seen once, a pass of the transformer, decoding, all of it at 1, 4 and 16 steps; a
pass beside its bare products, the matrix products of its linear layers and nothing else. For
training: a step of each of the first two stages. Writes benchmarks/results/generator_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from auface_gen.codings.mixture import draw_codings
from auface_gen.generator.alignment import Alignment
from auface_gen.generator.batches import Batch, Pick
from auface_gen.generator.drawer import Drawer
from auface_gen.generator.drawing import Sampling, Wish
from auface_gen.generator.masked_tokens import NearCodes
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.prior import prior_maps
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.stages.align import align_loss
from auface_gen.generator.stages.masked import masked_loss
from auface_gen.generator.stages.work import Pupil, Work
from auface_gen.generator.text_encoder import WordEncoderConfig
from auface_gen.generator.token_set import TokenSet
from auface_gen.generator.train import vocabulary_texts
from auface_gen.generator.transformer import TransformerConfig
from auface_gen.generator.wording import DETAILS, asked, say
from auface_gen.generator.words import Vocabulary
from facs_text import describe, parse
from vq_tokenizer import Tokenizer, TokenizerConfig

OUT = Path(__file__).parent / "results" / "generator_speed.json"
SIZE = 256
CODES = ("12D", "6C+12D", "1C+4D+L12B", "26E", "43E")


def random_drawer(folder: Path) -> Drawer:
    """A model of the size that ships, with random weights."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(TokenizerConfig.preset("f16-reference-fsq"))
    codes = tokenizer.codebook
    words = Vocabulary.of(vocabulary_texts(600, 0))
    transformer = TransformerConfig(
        num_codes=len(codes),
        code_dim=codes.shape[1],
        still=tokenizer.still_token,
        reference_width=tokenizer.config.decoder_widths[-1],
    )
    config = GeneratorConfig(encoder=WordEncoderConfig(words), transformer=transformer)
    generator = Generator(config, codes, prior_maps(transformer.cells))
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "0.png")
    shown = [True] * 200
    return Drawer(tokenizer, generator, [folder / "0.png"], shown=shown, size=SIZE, digest="random")


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Median processor seconds of a call."""
    work()
    taken = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return round(statistics.median(taken), 4)


def products(module: nn.Module, call: Callable[[], object], repeat: int) -> float:
    """Processor seconds of the matrix products of the linear layers that a call goes through."""
    shapes: list[tuple[int, int, int]] = []

    def note(layer: nn.Linear, given: tuple[torch.Tensor, ...], _: object) -> None:
        shapes.append(
            (given[0].numel() // layer.in_features, layer.in_features, layer.out_features)
        )

    hooks = [m.register_forward_hook(note) for m in module.modules() if isinstance(m, nn.Linear)]
    call()
    for hook in hooks:
        hook.remove()
    pairs = [(torch.randn(m, k), torch.randn(n, k)) for m, k, n in shapes]
    return seconds(lambda: [nn.functional.linear(a, b) for a, b in pairs], repeat)


@torch.no_grad()
def picture(drawer: Drawer, repeat: int) -> dict[str, object]:
    """Seconds of the parts of a picture, and of all of it."""
    model, portrait = drawer.transformer, np.asarray(Image.new("RGB", (drawer.size,) * 2))
    text = describe(CODES[2]).text
    person = drawer.person(Image.fromarray(portrait))
    heard = drawer.hear([text])
    memory = model.listen(heard, person.cells)
    tokens = torch.full((1, model.config.grid**2), model.mask_id)
    filled = torch.randint(0, model.config.num_codes, (1, *[model.config.grid] * 2))

    def listen() -> object:
        return model.listen(drawer.generator.hear([text]), person.cells)

    def features() -> object:
        return drawer.tokenizer.features(torch.zeros(1, 3, drawer.size, drawer.size))

    found: dict[str, object] = {
        "hear_words": seconds(listen, repeat),
        "reference_features": seconds(features, repeat),
        "pass": seconds(lambda: model(tokens, memory), repeat),
        "pass_bare_products": products(model, lambda: model(tokens, memory), repeat),
        "decode": seconds(lambda: drawer.pictures(filled, [person]), repeat),
    }
    said = describe(parse(CODES[2]))
    for steps in (1, 4, 16):

        def draw(steps: int = steps) -> object:
            wish = Wish(said.text, said, person, 0)
            return drawer.pictures(drawer.draw([wish], Sampling(steps)), [person])

        found[f"picture_{steps}_steps_person_kept"] = seconds(draw, repeat)
    return found


def training(drawer: Drawer, precision: str, repeat: int) -> dict[str, float]:
    """Seconds of a step: 64 pictures aligned, 32 masked."""
    run = GeneratorRun(precision=precision)
    generator = drawer.generator.train()
    c = generator.config.transformer
    pupil = Pupil(generator, Alignment(c))
    near = NearCodes(generator.transformer.codebook)
    codings = draw_codings(np.random.default_rng(1), 64)
    none = torch.zeros(0)
    data = TokenSet(none, none, none, [], c.still)
    work = Work(pupil, data, run, near, drawer.tokenizer, None)  # type: ignore[arg-type]

    def batch(count: int) -> Batch:
        details = [d for i in range(count) for d in [list(DETAILS)[i % len(DETAILS)]]]
        resolutions = [asked(str(coding), False, True) for coding in codings[:count]]
        said = [
            say(r, detail=d, seed=i)
            for i, (r, d) in enumerate(zip(resolutions, details, strict=True))
        ]
        target = torch.randint(0, c.num_codes, (count, c.grid**2))
        target = torch.where(torch.rand(target.shape) < 0.7, c.still, target)
        reference = torch.randn(count, c.cells**2, c.cell**2 * c.reference_width)
        picks = [Pick(i, 0, d, i, False) for i, d in enumerate(details)]
        values = torch.from_numpy(np.stack([one.columns for one in said]))
        return Batch(picks, said, resolutions, target, reference, values)

    def align() -> None:
        align_loss(work, batch(64), regions=True).backward()

    def masked() -> None:
        masked_loss(work, batch(32), torch.Generator().manual_seed(0)).backward()

    return {"align_64": seconds(align, repeat), "masked_32": seconds(masked, repeat)}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        drawer = Drawer.load(args.model, "cpu") if args.model else random_drawer(Path(folder))
        result: dict[str, object] = {
            "parameters": {
                "words": sum(p.numel() for p in drawer.generator.condition.parameters()),
                "transformer": sum(p.numel() for p in drawer.transformer.parameters()),
                "tokenizer": sum(p.numel() for p in drawer.tokenizer.parameters()),
            },
            "transformer": asdict(drawer.generator.config.transformer),
            "picture_fp32": picture(drawer, args.repeat),
        }
        with torch.autocast("cpu", torch.bfloat16):
            result["picture_bf16"] = picture(drawer, args.repeat)
        result["peak_memory_of_pictures_mb"] = round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        )
        for precision in ("fp32", "bf16"):
            result[f"step_{precision}"] = training(drawer, precision, max(1, args.repeat // 2))
    result["machine"] = {
        "cores": os.cpu_count(), "threads": 1, "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1), "python": platform.python_version(),
        "processor": platform.processor() or platform.machine(), "torch": torch.__version__,
        "model": drawer.digest,
    }  # fmt: skip
    OUT.parent.mkdir(exist_ok=True)
    beside = OUT.with_suffix(".part")
    beside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    beside.replace(OUT)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
