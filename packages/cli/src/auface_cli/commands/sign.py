"""auface sign: Content Credentials (C2PA) for a drawn picture."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("sign")
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--certificate", required=True, type=click.Path(path_type=Path),
    help="Sign with your certificate, in PEM with those above it.",
)  # fmt: skip
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path),
    help="Sign with the certificate's key, in PEM.",
)
@click.option(
    "--algorithm",
    default="es256",
    show_default=True,
    help="Name the algorithm that the key is for, such as ps256 or ed25519.",
)
@click.option(
    "--time-authority",
    metavar="URL",
    help="Ask this authority for the time; none is asked unless told.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write there.  [default: PICTURE]")
def command(
    picture: Path,
    certificate: Path,
    key: Path,
    algorithm: str,
    time_authority: str | None,
    out: Path | None,
) -> None:
    """Sign what a drawn picture says of itself: `auface sign face.png --certificate c --key k`.

    PICTURE was written by `auface generate`, `edit` or `sequence`: its label, that a machine drew
    it, becomes Content Credentials (C2PA) with your own certificate. Needs auface-gen[c2pa].
    """
    from auface_gen.signing import sign

    sign(
        picture, out or picture, certificate=certificate, key=key, algorithm=algorithm,
        time_authority=time_authority,
    )  # fmt: skip
    click.echo(f"{out or picture}: signed")
