"""Content Credentials (C2PA) for a labelled picture, signed with the user's own certificate.

A label can be cut off; a signature shows that nothing was changed since. What is signed is what the
label says already: IPTC's DigitalSourceType, and that this package made the picture. Needs
`pip install 'auface-gen[c2pa]'`, and a certificate that C2PA takes (an X.509 chain with the
extended key usage for e-mail protection or document signing, not signed by itself).
"""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

import auface_gen
from auface_gen.errors import AUFaceGenError
from auface_gen.files import whole
from auface_gen.label import digital_source

__all__ = ["ALGORITHMS", "manifest", "sign"]

ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
"""Signatures that C2PA knows (specification 2.2, section 13.2); the certificate's key decides."""
_MIME = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".tif": "image/tiff", ".tiff": "image/tiff", ".gif": "image/gif",
}  # fmt: skip


def sign(
    path: str | PathLike[str],
    out: str | PathLike[str],
    *,
    certificate: str | PathLike[str],
    key: str | PathLike[str],
    algorithm: str = "es256",
    time_authority: str | None = None,
) -> None:
    """Write `path` to `out` with signed Content Credentials in it; they may be the same file.

    certificate: PEM chain, the signer's first. key: its private key, PEM. time_authority: URL of an
    RFC 3161 service that says when it was signed; without one nobody is asked. Raises
    AUFaceGenError for a picture without a label, for files that are missing or refused, and where
    c2pa-python is not installed.
    """
    path, out = Path(path), Path(out)
    if algorithm not in ALGORITHMS:
        raise AUFaceGenError(f"algorithm {algorithm!r}: one of {', '.join(ALGORITHMS)}")
    mime = _MIME.get(path.suffix.lower())
    if mime is None or _MIME.get(out.suffix.lower()) != mime:
        raise AUFaceGenError(f"{path.name} to {out.name}: one of {', '.join(_MIME)}, both the same")
    source = digital_source(path)
    if source is None:
        raise AUFaceGenError(f"{path} is not labelled as drawn by a machine; sign what was drawn")
    c2pa = _c2pa()
    chain, secret = (_read(Path(p)) for p in (certificate, key))
    with whole(out) as beside:
        try:
            # The library beneath takes bytes.
            when = time_authority and time_authority.encode()
            asked = c2pa.C2paSignerInfo(algorithm.encode(), chain, secret, when)
            with (
                c2pa.Signer.from_info(asked) as signer,
                c2pa.Builder(manifest(path.name, source)) as builder,
                path.open("rb") as given,
                beside.open("w+b") as written,
            ):
                builder.sign(signer, mime, given, written)
        except c2pa.C2paError as error:
            raise AUFaceGenError(
                f"{path} could not be signed with {certificate}: {error}"
            ) from None


def manifest(title: str, source: str) -> str:
    """The C2PA manifest of a picture that this package made: JSON, as c2pa-python takes it."""
    made = {"action": "c2pa.created", "digitalSourceType": source}
    return json.dumps(
        {
            "claim_generator_info": [{"name": "auface-gen", "version": auface_gen.__version__}],
            "title": title,
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}],
        }
    )


def _c2pa() -> Any:
    try:
        import c2pa
    except ImportError:
        raise AUFaceGenError(
            "signing needs c2pa-python: python -m pip install 'auface-gen[c2pa]'"
        ) from None
    return c2pa


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AUFaceGenError(f"{path}: {error.strerror or error}") from error
    if b"-----BEGIN " not in data:
        raise AUFaceGenError(f"{path} is not PEM, which begins with -----BEGIN")
    return data
