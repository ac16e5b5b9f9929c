"""A score on paper: `score.json`, `images.jsonl`, and one HTML page that needs nothing beside it.

score.json: what `AAADResult.to_json` gives, with `controls` and, where there is one, `ceiling`.
images.jsonl: a line an image, in the order given: `file`, `codes`, `text`, `subject`, `distance`
(mean Cramér distance over its known columns, 0 best) and `units` {column: {"asked", "seen"}} with
expected levels 0 to 5, for the columns where either is at least half a level.
"""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import COLUMNS
from .distance import check_distributions, distance
from .result import AAADResult

__all__ = ["ImageScore", "image_scores", "to_html", "write_html", "write_json", "write_jsonl"]


@dataclass(frozen=True, kw_only=True)
class ImageScore:
    """One image: what it was to show, what is seen, both as expected levels 0 to 5."""

    file: str
    codes: str
    text: str
    subject: str
    distance: float
    units: dict[str, tuple[float, float]]
    png: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """A line of images.jsonl, as plain values; the picture itself is left out."""
        return {
            "file": self.file,
            "codes": self.codes,
            "text": self.text,
            "subject": self.subject,
            "distance": round(self.distance, 6),
            "units": {
                name: {"asked": round(asked, 3), "seen": round(seen, 3)}
                for name, (asked, seen) in self.units.items()
            },
        }


def image_scores(
    pred: Any,
    target: Any,
    rows: Sequence[Mapping[str, Any]],
    *,
    mask: NDArray[np.bool_] | None = None,
    columns: Sequence[str] = COLUMNS,
) -> list[ImageScore]:
    """Scores of N images; `rows` gives `file`, `codes`, `text`, `subject` and `png` of each."""
    p, q = check_distributions(pred, "pred", mask), check_distributions(target, "target", mask)
    known = np.ones(p.shape[:2], bool) if mask is None else mask
    apart, levels = distance(p, q), np.arange(6)
    asked, seen = (q * levels).sum(-1), (p * levels).sum(-1)  # (N, A)
    out = []
    for i, row in enumerate(rows):
        units = {
            name: (float(asked[i, a]), float(seen[i, a]))
            for a, name in enumerate(columns)
            if known[i, a] and max(asked[i, a], seen[i, a]) >= 0.5
        }
        out.append(
            ImageScore(
                file=str(row.get("file", i)),
                codes=str(row.get("codes", "")),
                text=str(row.get("text", "")),
                subject=str(row.get("subject", "")),
                distance=float(apart[i][known[i]].mean()) if known[i].any() else float("nan"),
                units=units,
                png=row.get("png"),
            )
        )
    return out


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def write_json(
    path: str | Path,
    result: AAADResult,
    *,
    controls: Mapping[str, float] | None = None,
    ceiling: AAADResult | None = None,
) -> None:
    """Write score.json."""
    values = result.to_json() | {"controls": dict(controls or {})}
    if ceiling is not None:
        values["ceiling"] = ceiling.to_json()
    _write(Path(path), json.dumps(values, indent=1) + "\n")


def write_jsonl(path: str | Path, images: Sequence[ImageScore]) -> None:
    """Write images.jsonl."""
    _write(Path(path), "".join(json.dumps(image.to_json()) + "\n" for image in images))


def write_html(
    path: str | Path,
    result: AAADResult,
    images: Sequence[ImageScore] = (),
    *,
    controls: Mapping[str, float] | None = None,
    ceiling: AAADResult | None = None,
    title: str = "AAAD",
) -> None:
    """Write the page."""
    page = to_html(result, images, controls=controls, ceiling=ceiling, title=title)
    _write(Path(path), page)


def to_html(
    result: AAADResult,
    images: Sequence[ImageScore] = (),
    *,
    controls: Mapping[str, float] | None = None,
    ceiling: AAADResult | None = None,
    title: str = "AAAD",
) -> str:
    """The page as text: every picture and drawing is inside it."""
    low, high = result.ci95
    facts = [
        ("AAAD", f"{result.aaad:.3f}", "1 is perfect, 0 is chance"),
        ("95% interval", f"{low:.3f} to {high:.3f}", f"over {result.subjects} people"),
        ("agreement, raw", f"{result.raw:.3f}", "never read it alone"),
        ("agreement of chance", f"{result.chance:.3f}", "the same images, re-paired"),
        ("skill", f"{result.skill:.3f}", "against the mean target"),
        ("images", str(result.n), f"{len(result.per_au)} columns scored"),
    ]
    names = {"shuffled": "texts shuffled", "neutral_only": "face at rest", "oracle": "oracle"}
    for key, value in (controls or {}).items():
        facts.append((names.get(key, key), f"{value:.3f}", "control"))
    if ceiling is not None:
        facts.append(("ceiling", f"{ceiling.aaad:.3f}", "images known to be right"))
    cells = "".join(
        f"<div class=fact><b>{_e(value)}</b><span>{_e(name)}</span><i>{_e(note)}</i></div>"
        for name, value, note in facts
    )
    excluded = "".join(
        f"<li>{_e(name)} {_e(reason)}</li>" for name, reason in result.excluded.items()
    )
    left_out = f"<h2>Not scored</h2><ul class=out>{excluded}</ul>" if excluded else ""
    cards = "".join(_card(image) for image in images)
    faces = f"<h2>Images</h2><div class=cards>{cards}</div>" if cards else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{_e(title)}</title><style>{_STYLE}</style><body><h1>{_e(title)}</h1>"
        f"<p class=name>{_e(result.name)}</p><div class=facts>{cells}</div>"
        f"<h2>By unit</h2>{_bars(result)}{faces}{left_out}</body></html>\n"
    )


def _bars(result: AAADResult) -> str:
    """A bar a column, from -1 to 1 with 0 in the middle, as inline SVG."""
    height, rows = 16, []
    for k, (name, score) in enumerate(result.per_au.items()):
        value = 0.0 if np.isnan(score.aaad) else max(-1.0, min(1.0, score.aaad))
        y, width = k * height, abs(value) * 200
        x = 290 if value >= 0 else 290 - width
        rows.append(
            f"<text x=4 y={y + 12}>{_e(name)}</text><rect x={x:.1f} y={y + 3} "
            f"width={width:.1f} height={height - 6} class={'up' if value >= 0 else 'down'} />"
            f"<text x=500 y={y + 12}>{score.aaad:.2f} of {score.n}, {score.positives} show it"
            "</text>"
        )
    total = height * len(result.per_au)
    axis = f"<line x1=290 x2=290 y1=0 y2={total} class=axis />"
    return f'<svg viewBox="0 0 700 {total}" class=bars>{"".join(rows)}{axis}</svg>'


def _card(image: ImageScore) -> str:
    """A picture with what was asked (outline) and what is seen (filled), in levels."""
    picture = ""
    if image.png:
        data = base64.b64encode(image.png).decode("ascii")
        picture = f'<img alt="{_e(image.codes)}" src="data:image/png;base64,{data}">'
    height, rows = 13, []
    for k, (name, (asked, seen)) in enumerate(image.units.items()):
        y = k * height
        rows.append(
            f"<text x=0 y={y + 10}>{_e(name)}</text>"
            f"<rect x=52 y={y + 2} width={seen * 22:.1f} height={height - 5} class=up />"
            f"<rect x=52 y={y + 1} width={asked * 22:.1f} height={height - 3} class=asked />"
        )
    total = max(height * len(rows), 1)
    chart = f'<svg viewBox="0 0 170 {total}" class=small>{"".join(rows)}</svg>'
    return (
        f"<div class=card>{picture}<div><b>{_e(image.codes)}</b> <i>{_e(image.subject)}, "
        f"{image.distance:.3f}</i><p>{_e(image.text)}</p>{chart}</div></div>"
    )


def _e(text: str) -> str:
    return html.escape(text, quote=True)


_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;
background:#fff;color:#222}h1{margin:0}.name,i{color:#666;font-style:normal;font-size:12px}
.facts{display:flex;flex-wrap:wrap;gap:10px}.fact{border:1px solid #ddd;border-radius:6px;
padding:8px 12px;min-width:120px}.fact b{display:block;font-size:20px}.fact span{display:block}
.bars{width:100%;max-width:700px}svg text{font-size:11px;fill:#333}.small{width:170px}
.up{fill:#4a7fb5}.down{fill:#c0564a}.axis{stroke:#999}.asked{fill:none;stroke:#222}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:12px}
.card{display:flex;gap:10px;border:1px solid #ddd;border-radius:6px;padding:8px}
.card img{width:128px;height:128px;image-rendering:auto;border-radius:4px}
.card p{margin:2px 0 6px;font-size:12px}.out{columns:3;font-size:12px;color:#555}
""".replace("\n", "")
