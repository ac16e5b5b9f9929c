"""A sequence on disk: numbered PNG, GIF, WebP, or MP4 where ffmpeg is; each labelled as drawn.

Beside it stands, as JSON, what each frame shows and how evenly the frames change.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from auface_gen.errors import AUFaceGenError, WorkFailed
from auface_gen.files import whole, write_whole
from auface_gen.label import DRAWN, save_labelled, with_gif_label, xmp_packet
from auface_gen.show.sequence import FaceSequence

__all__ = ["FILMS", "check_film", "ffmpeg", "write_sequence"]

FILMS = (".gif", ".webp", ".mp4")
"""Endings of films; a place without an ending is a folder of numbered PNG."""
_COLOURS_FROM = 16  # frames that a GIF's one palette is made from


def check_film(path: Path) -> None:
    """Raises AUFaceGenError for a place that no sequence can be written to, before it is drawn."""
    suffix = path.suffix.lower()
    if suffix and suffix not in FILMS:
        raise AUFaceGenError(f"{path.name}: name a .gif, .webp or .mp4, or a folder for PNG")
    if suffix == ".mp4":
        ffmpeg()
    if suffix and path.is_dir():
        raise AUFaceGenError(f"{path} is a folder; name a file, or a folder without an ending")


def write_sequence(sequence: FaceSequence, out: Path) -> tuple[Path, Path]:
    """Write the film, or a folder of frame-0000.png and on, and its JSON; both paths are returned.

    Raises AUFaceGenError for another ending, and for MP4 where there is no ffmpeg.
    """
    check_film(out)
    pictures = [frame.image for frame in sequence.frames]
    milliseconds = _durations(len(pictures), sequence.rate)
    value = sequence.to_json()
    suffix = out.suffix.lower()
    if not suffix:
        beside = out / "sequence.json"
        _numbered(sequence, out, value["frames"])
    else:
        beside = out.with_suffix(".json")
        if suffix == ".gif":
            write_whole(out, with_gif_label(_gif(pictures, milliseconds)))
        elif suffix == ".webp":
            write_whole(out, _webp(pictures, milliseconds))
        else:
            _mp4(pictures, sequence.rate, out)
    text = json.dumps(value, ensure_ascii=False, indent=1)
    write_whole(beside, (text + "\n").encode("utf-8"))
    return out, beside


def ffmpeg() -> str:
    """The ffmpeg that is there: on the PATH, or else the one that imageio-ffmpeg brings.

    Raises AUFaceGenError that says how to get one.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise AUFaceGenError(
            "an .mp4 needs ffmpeg: install it, or python -m pip install 'auface-gen[video]'; "
            "a .gif, a .webp and a folder of PNG need nothing more"
        ) from None


def _durations(count: int, rate: float) -> list[int]:
    """Milliseconds of each frame, whole hundredths of a second as GIF has them; their sum never
    strays from the true time by more than one.
    """
    ends = [10 * round(100 * (n + 1) / rate) for n in range(count)]
    return [max(10, b - a) for a, b in zip([0, *ends], ends, strict=False)]


def _numbered(sequence: FaceSequence, out: Path, told: list[dict[str, object]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    detectors = json.dumps(list(sequence.drawn[0].detectors))
    for n, (frame, said) in enumerate(zip(sequence.frames, told, strict=True)):
        name = f"frame-{n:04d}.png"
        said["file"] = name
        chunks = {
            "auface:codes": str(frame.coding),
            "auface:text": frame.text,
            "auface:time": f"{frame.time:.6g}",
            "auface:identity": sequence.drawn[0].identity,
            "auface:model": sequence.drawn[0].model,
            "auface:detectors": detectors,
        }
        save_labelled(frame.image, out / name, chunks=chunks)


def _gif(pictures: Sequence[Image.Image], milliseconds: Sequence[int]) -> bytes:
    """A GIF of one palette without dither: a palette or a pattern that changes would flicker."""
    picked = pictures[:: max(1, len(pictures) // _COLOURS_FROM)]
    palette = Image.fromarray(np.concatenate([np.asarray(p.convert("RGB")) for p in picked], 1))
    palette = palette.quantize(256, method=Image.Quantize.MEDIANCUT)
    frames = [
        p.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures
    ]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=list(milliseconds), loop=0
    )
    return file.getvalue()


def _webp(pictures: Sequence[Image.Image], milliseconds: Sequence[int]) -> bytes:
    """An animated WebP without loss: every frame is the picture itself."""
    file = io.BytesIO()
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=list(pictures[1:]),
        duration=list(milliseconds),
        loop=0,
        lossless=True,
        xmp=xmp_packet(DRAWN),
    )
    return file.getvalue()


def _mp4(pictures: Sequence[Image.Image], rate: float, out: Path) -> None:
    """H.264 by ffmpeg, with the label in its comment; sides are made even, as it wants them."""
    w, h = pictures[0].size
    data = b"".join(p.convert("RGB").tobytes() for p in pictures)
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as beside:
        call = [
            ffmpeg(), "-y", "-loglevel", "error",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", f"{rate:g}", "-i", "-",
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-crf", "14",
            "-pix_fmt", "yuv420p", "-metadata", f"comment=DigitalSourceType {DRAWN}",
            "-f", "mp4", str(beside),
        ]  # fmt: skip
        done = subprocess.run(call, input=data, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise WorkFailed(f"ffmpeg could not write {out}: {said[-1] if said else 'no word'}")
