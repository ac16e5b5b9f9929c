"""The page of a score; its top is read in ten seconds: a number, a sentence, four bars."""

from __future__ import annotations

import base64
import html
import math
from pathlib import Path

import numpy as np

from aaad.pictures import png_bytes
from aaad.result import AAADResult, Counterfactual
from aaad.scoring import PictureScore
from aaad.seen import Seen
from aaad.words import ImageScore
from facs_text import unit

__all__ = ["reliability", "to_html", "verdict"]

_ASKS = {
    "side": "does it tell left from right?",
    "level": "are the levels those asked for?",
    "conflict": "does it show what anatomy allows?",
    "unit": "is each unit there, and none besides?",
}
_CONTROLS = {"shuffled": "texts shuffled", "neutral_only": "face at rest", "oracle": "oracle"}


def to_html(score: PictureScore, *, title: str = "AAAD", pictures: int = 60) -> str:
    """The page as text: every picture and drawing is inside it."""
    result = score.result
    worst = sorted(
        score.images, key=lambda one: -math.inf if math.isnan(one.distance) else -one.distance
    )
    cards = "".join(_card(image) for image in worst[:pictures])
    shown = f"the worst {pictures} of {len(worst)}" if len(worst) > pictures else "worst first"
    excluded = "".join(f"<li>{_e(n)} {_e(reason)}</li>" for n, reason in result.excluded.items())
    left_out = f"<h2>Not scored</h2><ul class=out>{excluded}</ul>" if excluded else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{_e(title)}</title><style>{_STYLE}</style><body><h1>{_e(title)}</h1>"
        f"{_top(score)}<h2>By unit</h2>{_units(result)}"
        f"<h2>When it says a unit is there, is it?</h2>{_reliability(score.seen)}"
        f"<h2>Pictures, {shown}</h2><div class=cards>{cards}</div>"
        f"{left_out}<p class=name>{_e(result.name)}</p></body></html>\n"
    )


def verdict(score: PictureScore) -> str:
    """The score in one sentence."""
    result = score.result
    if math.isnan(result.aaad):
        return "There is nothing to say: no unit could be scored."
    if result.aaad < -0.1:
        grade = "The pictures show the opposite of what was asked"
    elif result.aaad < 0.1:
        grade = "The pictures have nothing to do with what was asked"
    elif score.ceiling and result.aaad >= 0.9 * score.ceiling:
        grade = "The pictures show what was asked about as well as this detector can see"
    elif result.aaad < 0.4:
        grade = "The pictures show little of what was asked"
    elif result.aaad < 0.7:
        grade = "The pictures show part of what was asked"
    else:
        grade = "The pictures show most of what was asked"
    faults = []
    side, conflict = (result.counterfactuals[name].value for name in ("side", "conflict"))
    if side < -0.2:
        faults.append("on the wrong side")
    elif side < 0.2:
        faults.append("without telling the sides apart")
    if result.restraint < 0.85:
        faults.append("more strongly than asked")
    gains = [one.gain for one in result.units.values() if not math.isnan(one.gain)]
    if gains and float(np.median(gains)) < 0.5:
        faults.append("more weakly than asked, or so that it is hard to see")
    if conflict < 0.1:
        faults.append("without minding what units do to each other")
    return grade + (", " + ", ".join(faults) if faults else "") + "."


def reliability(seen: Seen, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean said, share asked, count) of each tenth of the chance that a unit is there, said by
    the detector, over all known columns; empty tenths are left out."""
    said = 1.0 - seen.pred[..., 0][seen.mask]
    asked = 1.0 - seen.target[..., 0][seen.mask]
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    out = []
    for k in range(bins):
        here = place == k
        if here.any():
            out.append((float(said[here].mean()), float(asked[here].mean()), int(here.sum())))
    return out


def _top(score: PictureScore) -> str:
    result = score.result
    low, high = result.ci95
    interval = f"95% {low:.2f} to {high:.2f}" if low == low else "one person: no interval"
    faces = f"{result.n} pictures, {result.subjects} people"
    if score.faces["without_a_face"]:
        faces += f", <b class=bad>{score.faces['without_a_face']} without a face</b>"
    notes = [faces, f"{len(result.units)} units scored"]
    if score.ceiling:
        notes.append(f"ceiling {score.ceiling:.2f} (true pictures)")
    if score.conflicts is not None:
        n = score.conflicts.n
        notes.append(f"conflicting codings alone {score.conflicts.aaad:.2f} ({n} pictures)")
    notes += [
        f"{_e(_CONTROLS.get(name, name))} {value:.2f}" for name, value in score.controls.items()
    ]
    notes.append(f"pooled {result.pooled:.2f}, restraint {result.restraint:.2f}")
    bars = "".join(_ask(name, result.counterfactuals[name]) for name in _ASKS)
    return (
        f"<div class=top><div class=big><b>{result.aaad:.2f}</b><span>{interval}<br>"
        f"1 perfect, 0 chance</span></div><div><p class=verdict>{_e(verdict(score))}</p>"
        f"<table class=asks>{bars}</table></div></div>"
        f"<p class=notes>{' &middot; '.join(notes)}</p>{_beyond(score)}"
    )


def _beyond(score: PictureScore) -> str:
    """A line each of what is not alignment."""
    rows = "".join(f"<tr><th>{_e(name)}<td>{_e(text)}</tr>" for name, text in score.beyond.lines())
    return f"<table class=beyond>{rows}</table>" if rows else ""


def _ask(name: str, one: Counterfactual) -> str:
    if math.isnan(one.value):
        return f"<tr><th>{name}<td colspan=2 class=quiet>{_e(one.note or 'not known')}</tr>"
    low, high = one.ci95
    interval = f" ({low:.2f} to {high:.2f})" if low == low else ""
    return (
        f"<tr><th>{name}<td>{_bar(one.value)}<td>{one.value:.2f}{interval}"
        f" <i>{_ASKS[name]}</i></tr>"
    )


def _bar(value: float, width: int = 160) -> str:
    """From -1 to 1 with 0 in the middle, as inline SVG."""
    half = width / 2
    size = min(1.0, abs(value)) * half
    x, kind = (half, "up") if value >= 0 else (half - size, "down")
    return (
        f'<svg viewBox="0 0 {width} 12" width={width} height=12>'
        f"<rect x=0 y=5 width={width} height=2 class=rail />"
        f"<rect x={x:.1f} y=1 width={size:.1f} height=10 class={kind} />"
        f"<line x1={half:.1f} x2={half:.1f} y1=0 y2=12 class=axis /></svg>"
    )


def _units(result: AAADResult) -> str:
    rows = []
    for name, one in sorted(result.units.items(), key=lambda item: item[1].aaad):
        by_side = [
            f"{column[-1]} {s.aaad:.2f}"
            for column, s in result.per_au.items()
            if column[:-1] == name and column[-1] in "LR"
        ]
        bar = _bar(0.0 if math.isnan(one.aaad) else one.aaad)
        rows.append(
            f"<tr><th>{_e(name)} <i>{_e(unit(name[2:]).name)}</i><td>{bar}"
            f"<td>{one.aaad:.2f}<td>{_e(', '.join(by_side))}<td>{_n(one.gain)}<td>{_n(one.bias)}"
            f"<td>{_n(one.r)}<td>{one.positives} of {one.n}</tr>"
        )
    head = "<tr><th>unit<th><th>AAAD<th>by side<th>gain<th>bias<th>r<th>asked for</tr>"
    return f"<table class=units>{head}{''.join(rows)}</table>"


def _reliability(seen: Seen) -> str:
    points = reliability(seen)
    most = max((n for *_, n in points), default=1)
    dots = "".join(
        f"<circle cx={20 + 180 * said:.1f} cy={200 - 180 * asked:.1f} "
        f"r={2 + 6 * (n / most) ** 0.25:.1f}><title>{n} times said {said:.0%}: asked for in "
        f"{asked:.0%}</title></circle>"
        for said, asked, n in points
    )
    return (
        '<svg viewBox="0 0 320 225" class=reliability><line x1=20 y1=200 x2=200 y2=20 class=axis />'
        "<rect x=20 y=20 width=180 height=180 class=frame />"
        f"{dots}<text x=20 y=218>chance that a unit is there, as the detector says (0 to 1)</text>"
        "<text x=208 y=30>1: asked for</text><text x=208 y=200>0: not asked for</text></svg>"
    )


def _card(image: ImageScore) -> str:
    """A picture with what was asked (outline) and what is seen (filled), in levels."""
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
    far = "no face" if math.isnan(image.distance) else f"{image.distance:.3f}"
    data = base64.b64encode(png_bytes(image.file, longest=256)).decode("ascii")
    return (
        f'<div class=card><img alt="{_e(image.codes)}" src="data:image/png;base64,{data}">'
        f"<div><b>{_e(image.codes)}</b> <i>{_e(Path(image.file).name)}, {_e(image.subject)}, "
        f"{far}</i><p class=reason>{_e(image.reason)}</p><p>{_e(image.text)}</p>{chart}</div></div>"
    )


def _n(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _e(text: str) -> str:
    return html.escape(text, quote=True)


_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;
background:#fff;color:#222}h1{margin:0 0 .5rem}.name,i,.quiet{color:#666;font-style:normal;
font-size:12px}.top{display:flex;flex-wrap:wrap;gap:2rem;align-items:center}.big b{display:block;
font-size:64px;line-height:1}.big span{color:#555}.verdict{font-size:18px;margin:.2rem 0 .6rem}
.notes{color:#444}.bad{color:#b03a2e}th{text-align:left;font-weight:600;padding-right:1rem}
td{padding-right:1rem}.beyond{margin-top:.6rem}.units th,.units td{font-size:12px}
svg text{font-size:11px;fill:#333}
.small{width:170px}.up{fill:#4a7fb5}.down{fill:#c0564a}.rail,.frame{fill:none;stroke:#ddd}
.axis{stroke:#999}.asked{fill:none;stroke:#222}.reliability{width:420px}circle{fill:#4a7fb5}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:12px}
.card{display:flex;gap:10px;border:1px solid #ddd;border-radius:6px;padding:8px}
.card img{width:128px;height:128px;object-fit:cover;border-radius:4px}
.card p{margin:2px 0 6px;font-size:12px}.reason{font-weight:600}
.out{columns:3;font-size:12px;color:#555}
""".replace("\n", "")
