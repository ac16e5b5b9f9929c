"""What a request asks for: one JSON object."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from auface_studio.errors import StudioError

__all__ = ["body"]


async def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises StudioError for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise StudioError("a request here is JSON (content-type application/json)")
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise StudioError("this request is no JSON") from None
    if not isinstance(value, dict):
        raise StudioError(f"a request is a JSON object, not {type(value).__name__}")
    return value
