"""A small face with sliders for a notebook (extra `notebook`: anywidget).

    from auface_studio.widget import FaceWidget
    FaceWidget("6C+12D", person=3)

`codes` and `person` can be read and set from Python; the page's own sliders do the same.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import anywidget
import traitlets

from auface_studio.coding import catalogue, look
from auface_studio.errors import StudioError
from auface_studio.face import Faces, Painter
from facs_text import FacsTextError, parse

__all__ = ["FaceWidget"]


def _script() -> str:
    """The page's element builder and the widget's own module as one: a notebook loads one file."""
    folder = resources.files("auface_studio").joinpath("static")
    parts = [
        folder.joinpath(name).read_text("utf-8") for name in ("dom.js", "levels.js", "widget.js")
    ]
    return "\n".join(parts)


class FaceWidget(anywidget.AnyWidget):
    """Sliders, codes, text and the face of one coding. `faces` is loaded once when not given."""

    _esm = _script()
    _css = resources.files("auface_studio").joinpath("static", "widget.css").read_text("utf-8")
    _loaded: Faces | None = None

    codes = traitlets.Unicode("0").tag(sync=True)
    person = traitlets.Int(0).tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    png = traitlets.Bytes(b"").tag(sync=True)
    actions: Any = traitlets.List().tag(sync=True)
    units: Any = traitlets.List().tag(sync=True)

    def __init__(
        self, codes: str = "0", *, person: int = 0, faces: Faces | None = None, **kwargs: Any
    ) -> None:
        if faces is None:
            if FaceWidget._loaded is None:
                FaceWidget._loaded = Painter.load()
            faces = FaceWidget._loaded
        self._faces = faces
        shown = [u for u in catalogue()["units"] if u["graded"]]
        super().__init__(
            units=[{k: u[k] for k in ("code", "name", "sides")} for u in shown], **kwargs
        )
        self.observe(self._draw, ["codes", "person"])
        self.codes, self.person = codes, person
        self._draw()

    def _draw(self, _: Any = None) -> None:
        """Words and picture of what codes and person say now; what is wrong goes to `error`."""
        try:
            view = look({"codes": self.codes})
            drawn = self._faces.draw(parse(view["codes"]), person=self.person, draft=True)
        except (StudioError, FacsTextError) as error:
            self.error = str(error)
            return
        self.error = ""
        self.text, self.actions, self.png = view["text"], view["actions"], drawn.png
