"""How a picture and a model show themselves in a notebook: `_repr_html_` of both.

All text is escaped and the picture is in the page itself, so the notebook asks for nothing.
"""

from __future__ import annotations

import base64
import html
import io
from typing import Any, Protocol

from PIL import Image

__all__ = ["model_html", "picture_html"]


class Picture(Protocol):
    """What is shown of a picture: `generated.Generated` has it."""

    @property
    def image(self) -> Image.Image: ...
    @property
    def coding(self) -> object: ...
    @property
    def text(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def identity(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def not_shown(self) -> tuple[str, ...]: ...


class Model(Protocol):
    """What is shown of a model: `pipeline.AUFace` has it."""

    @property
    def people(self) -> Any: ...
    @property
    def digest(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def device(self) -> object: ...


def picture_html(made: Picture) -> str:
    """The picture, its codes, its text, and what made it."""
    out = io.BytesIO()
    made.image.save(out, format="PNG")
    data = base64.b64encode(out.getvalue()).decode("ascii")
    codes, text = html.escape(str(made.coding)), html.escape(made.text)
    about = html.escape(f"{made.identity}, seed {made.seed}, model {made.model}")
    lost = ""
    if made.not_shown:
        lost = (
            f"<br><small>not shown by this model: {html.escape(', '.join(made.not_shown))}</small>"
        )
    return (
        '<div style="display:flex;gap:16px;align-items:center;max-width:640px">'
        f'<img width="192" height="192" style="border-radius:12px" alt="{codes}: {text}" '
        f'src="data:image/png;base64,{data}">'
        f"<div><code>{codes}</code><br>{text}<br><small>{about}</small>{lost}</div></div>"
    )


def model_html(model: Model) -> str:
    """What a model is, and the line that draws with it."""
    return (
        f"<div><b>AUFace</b> {html.escape(model.digest)}: {model.size} × {model.size} pixels, "
        f"{len(model.people)} made-up people, on {html.escape(str(model.device))}<br>"
        '<code>model.generate("6C+12D", identity_seed=3)[0]</code></div>'
    )
