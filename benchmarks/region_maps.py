"""Makes the region maps that the package carries: where on the crop each unit moves the face.

    python benchmarks/region_maps.py FACEXMODEL_OR_NPZ [--grid 16] [--out FILE]

Run it when the rig's table or its shapes change, and say so in the changelog: models are trained
with these maps and carry their own, so none that ships changes. Without --out it writes
`auface_gen/data/prior.safetensors` of this checkout.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from auface_gen.columns import COLUMNS
from auface_gen.rig.move import Rig
from auface_gen.rig.region_maps import region_maps

DATA = Path(__file__).parents[1] / "packages" / "auface-gen" / "src" / "auface_gen" / "data"


def main() -> None:
    """Make and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig", type=Path)
    parser.add_argument("--grid", type=int, default=16)
    parser.add_argument("--out", type=Path, default=DATA / "prior.safetensors")
    args = parser.parse_args()
    maps = region_maps(Rig.load(args.rig), args.grid).astype(np.float16)
    partial = args.out.with_suffix(".part")
    partial.write_bytes(save({"maps": maps}))
    partial.replace(args.out)
    flat = [
        f"{unit} {side}" for (unit, side), one in zip(COLUMNS, maps, strict=True) if one.min() == 1
    ]
    print(f"{args.out}: {maps.shape}; maps of ones: {', '.join(flat) or 'none'}")


if __name__ == "__main__":
    main()
