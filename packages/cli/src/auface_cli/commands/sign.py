"""auface sign: Content Credentials (C2PA) for a drawn picture."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("sign")
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--certificate", required=True, type=click.Path(path_type=Path),
    help="Your certificate and those above it, PEM.",
)  # fmt: skip
@click.option("--key", required=True, type=click.Path(path_type=Path), help="Its key, PEM.")
@click.option("--algorithm", default="es256", show_default=True, help="As the key: ps256, ed25519.")
@click.option("--time-authority", metavar="URL", help="Is asked for the time; none unless told.")
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
