"""The detectors' networks: two that are built differently, so that one can check the other.

Legend: B images, C channels, A columns, L = 6 levels, S pixels a side, F pixels a side of a cell.

`grid` is a residual CNN of 3 x 3 convolutions with batch norm, whose head reads the last grid cell
by cell, and beside it, where `fine` says so, the grid before, of twice as many cells a side: the
few pixels of a lid are to be had there and are gone in the last one. `attention` is made of
depthwise 7 x 7 convolutions with layer norm, and each column looks at its own places of the last
grid, which are a map of where it looked.

For both the picture is folded 4 x 4 or 8 x 8 pixels to a cell, so that the first convolution
already works on 32 x 32 cells; lids and lip corners keep their place to the end, because nothing
averages the last grid away: which side moved is a matter of place. The person at rest, when known,
comes in as a second picture; when not, learned values stand there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aaad.columns import COLUMNS, LEVELS
from aaad.detector.run import NETWORKS
from aaad.errors import AAADError
from aaad.learning.blocks import Block

__all__ = ["AttentionNet", "DetectorConfig", "DetectorNet", "GridNet", "build"]


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """What it takes to build the network again. `size` in pixels, a multiple of 4 * `fold`. `fine`:
    channels that the head of `grid` reads of the grid before the last, 0 for none.
    """

    network: str = "grid"
    size: int = 128
    fold: int = 4
    width: int = 48
    hidden: int = 192
    fine: int = 0
    columns: tuple[str, ...] = COLUMNS

    def __post_init__(self) -> None:
        for name in ("size", "width", "hidden", "fine"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value > 1 << 14:
                raise AAADError(f"{name} must be a whole number up to 16384, is {value!r:.40}")
        if not self.columns or not all(isinstance(name, str) for name in self.columns):
            raise AAADError("columns must be names of units")
        if self.network not in NETWORKS:
            raise AAADError(f"network must be one of {', '.join(NETWORKS)}, not {self.network!r}")
        if self.fold <= 0 or self.width <= 0 or self.hidden <= 0 or self.fine < 0:
            raise AAADError(
                f"fold and the widths must be positive, got fold={self.fold}, width={self.width}, "
                f"hidden={self.hidden}, fine={self.fine}"
            )
        if self.fine and self.network != "grid":
            raise AAADError(f"fine={self.fine}: only the network grid reads a second grid")
        if self.size % (4 * self.fold) or self.size <= 0:
            raise AAADError(
                f"size must be a multiple of {4 * self.fold} (4 * fold), got size={self.size}"
            )

    @property
    def grid(self) -> int:
        """Cells a side of the last grid."""
        return self.size // (4 * self.fold)

    @property
    def folded(self) -> int:
        """Numbers in a cell of the first grid: the picture, what moved, and whether it is known."""
        return 6 * self.fold**2 + 1

    @property
    def first(self) -> int:
        """Kernel of the first layer: a cell of 8 pixels sees enough by itself."""
        return 3 if self.fold <= 4 else 1

    def to_json(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return {**asdict(self), "columns": list(self.columns)}

    @staticmethod
    def from_json(values: dict[str, Any]) -> DetectorConfig:
        """The inverse of `to_json`; an unknown or missing key is an `AAADError`."""
        if not isinstance(values.get("columns"), list):
            raise AAADError("not a detector's config: columns must be a list of units")
        try:
            return DetectorConfig(**{**values, "columns": tuple(values["columns"])})
        except (TypeError, KeyError) as error:
            raise AAADError(f"not a detector's config: {error}") from None


_LAST = 4
"""Where the body of `grid` goes over to its last grid."""


class DetectorNet(nn.Module):
    """images (B, 3, S, S) in [0, 1], the same people at rest or None -> logits (B, A, 6)."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.no_neutral = nn.Parameter(torch.zeros(1, 3 * config.fold**2, 1, 1))

    def folded(self, images: Tensor, neutral: Tensor | None, known: Tensor | None) -> Tensor:
        """(B, 6 F^2 + 1, S/F, S/F): the picture, what moved, and whether that is known."""
        fold = self.config.fold
        x = F.pixel_unshuffle(images - 0.5, fold)  # (B, 3 F^2, S/F, S/F)
        b, c, h, w = x.shape
        rest = self.no_neutral.expand(b, c, h, w)
        flag = x.new_zeros(b, 1, h, w)
        if neutral is not None:
            # The difference is what moved; the sum is in the picture already.
            moved = F.pixel_unshuffle(images - neutral, fold)
            use = torch.ones(b, device=x.device) if known is None else known.to(x.dtype)
            use = use.view(b, 1, 1, 1)
            rest = use * moved + (1 - use) * rest
            flag = flag + use
        return torch.cat([x, rest, flag], dim=1)

    def features(self, images: Tensor) -> list[Tensor]:
        """Feature maps from fine to coarse, (B, C, h, w) each, without a picture at rest."""
        raise NotImplementedError

    def embedding(self, images: Tensor) -> Tensor:
        """(B, D) what the head reads of each picture, without a picture at rest."""
        raise NotImplementedError

    def forward(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """`known` (B,) says, where `neutral` is given, for which images it is to be used."""
        raise NotImplementedError

    def maps(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """(B, A, S/4F, S/4F) where each column looked; each map sums to one."""
        raise NotImplementedError

    def start_at(self, log_rates: Tensor) -> None:
        """Begin with these log chances (A, 6): no step is spent on learning what is rare."""
        raise NotImplementedError


class GridNet(DetectorNet):
    """Residual blocks, then a head that reads the last grid, and the one before, cell by cell."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__(config)
        w, grid = config.width, config.grid
        self.stem = nn.Conv2d(config.folded, w, config.first, padding=config.first // 2)
        self.body = nn.Sequential(
            Block(w),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1),
            Block(2 * w),
            Block(2 * w),
            nn.Conv2d(2 * w, 3 * w, 3, stride=2, padding=1),
            Block(3 * w),
            nn.BatchNorm2d(3 * w),
            nn.ReLU(),
            nn.Conv2d(3 * w, w // 2, 1),
        )
        self.hidden = nn.Linear(w // 2 * grid * grid, config.hidden)
        self.drop = nn.Dropout(0.1)
        outputs = len(config.columns) * len(LEVELS)
        self.head = nn.Linear(config.hidden, outputs)
        if config.fine:
            self.near = nn.Sequential(
                nn.BatchNorm2d(2 * w), nn.ReLU(), nn.Conv2d(2 * w, config.fine, 1)
            )
            self.near_hidden = nn.Linear(config.fine * (2 * grid) ** 2, config.hidden)
            self.near_head = nn.Linear(config.hidden, outputs, bias=False)
            nn.init.zeros_(self.near_head.weight)  # begins as the network without it

    def features(self, images: Tensor) -> list[Tensor]:
        found = []
        y = self.stem(self.folded(images, None, None))
        for layer in self.body:
            if isinstance(layer, nn.Conv2d):
                found.append(y)
            y = layer(y)
        return [*found, y]

    def forward(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        return self._read(*self._grids(images, neutral, known))

    def _grids(
        self, images: Tensor, neutral: Tensor | None, known: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The last grid (B, w/2, S/4F, S/4F), and the one before it (B, 2w, S/2F, S/2F)."""
        before = self.body[:_LAST](self.stem(self.folded(images, neutral, known)))
        return self.body[_LAST:](before), before

    def embedding(self, images: Tensor) -> Tensor:
        return F.gelu(self.hidden(self._grids(images, None, None)[0].flatten(1)))

    def _read(self, grid: Tensor, before: Tensor) -> Tensor:
        y = self.head(F.gelu(self.hidden(self.drop(grid.flatten(1)))))
        if self.config.fine:
            near = self.near(before).flatten(1)
            y = y + self.near_head(F.gelu(self.near_hidden(self.drop(near))))
        return y.float().view(len(y), len(self.config.columns), len(LEVELS))

    def maps(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """(B, A, S/4F, S/4F) what each cell adds to the level seen of each column, as gradient
        times value (Shrikumar et al. 2016), by size; each map sums to one."""
        with torch.enable_grad():
            grids = [grid.detach().requires_grad_() for grid in self._grids(images, neutral, known)]
            levels = torch.arange(len(LEVELS), device=images.device).float()
            seen = (self._read(*grids).softmax(-1) * levels).sum(-1).sum(0)  # (A,)
            shares = [self._shares(one, grids) for one in seen]
        maps = torch.stack(shares, 1).detach()  # (B, A, h, w)
        return maps / maps.sum((-2, -1), keepdim=True).clamp(min=1e-12)

    def _shares(self, seen: Tensor, grids: list[Tensor]) -> Tensor:
        """(B, h, w) what each cell of the last grid, and the four before it, add to a sum."""
        read = grids if self.config.fine else grids[:1]
        parts = torch.autograd.grad(seen, read, retain_graph=True)
        cells = [(part * grid).sum(1) for part, grid in zip(parts, read, strict=True)]
        fine = [4 * F.avg_pool2d(one[:, None], 2)[:, 0] for one in cells[1:]]
        return sum([cells[0], *fine], torch.zeros_like(cells[0])).abs()

    def start_at(self, log_rates: Tensor) -> None:
        with torch.no_grad():
            self.head.bias.copy_(log_rates.flatten())
            self.head.weight.mul_(0.1)


class _Wide(nn.Module):
    """x + mix(gelu(widen(norm(depthwise(x))))), after ConvNeXt (Liu et al. 2022)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.widen = nn.Conv2d(width, 3 * width, 1)
        self.mix = nn.Conv2d(3 * width, width, 1)
        nn.init.zeros_(self.mix.weight)  # every block starts as the identity
        if self.mix.bias is not None:
            nn.init.zeros_(self.mix.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.gelu(self.widen(self.norm(self.depthwise(x)))))


class AttentionNet(DetectorNet):
    """Depthwise convolutions, then for each column a mean of the grid, weighted by its own map."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__(config)
        w, grid, columns = config.width, config.grid, len(config.columns)
        self.stages = nn.ModuleList(
            [
                nn.Sequential(
                    nn.Conv2d(config.folded, w, config.first, padding=config.first // 2), _Wide(w)
                ),
                nn.Sequential(nn.Conv2d(w, 2 * w, 2, stride=2), _Wide(2 * w), _Wide(2 * w)),
                nn.Sequential(nn.Conv2d(2 * w, 4 * w, 2, stride=2), _Wide(4 * w), _Wide(4 * w)),
            ]
        )
        self.place = nn.Parameter(0.02 * torch.randn(1, 4 * w, grid, grid))
        self.norm = nn.GroupNorm(1, 4 * w)
        self.look = nn.Conv2d(4 * w, columns, 1)
        self.prior = nn.Parameter(torch.zeros(columns, grid, grid))
        self.shared = nn.Linear(4 * w, config.hidden)
        self.drop = nn.Dropout(0.1)
        self.own = nn.Parameter(torch.zeros(columns, config.hidden, len(LEVELS)))
        self.bias = nn.Parameter(torch.zeros(columns, len(LEVELS)))
        nn.init.normal_(self.own, std=0.1 / config.hidden**0.5)

    def features(self, images: Tensor) -> list[Tensor]:
        found, y = [], self.folded(images, None, None)
        for stage in self.stages:
            y = stage(y)
            found.append(y)
        return found

    def maps(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        return self._looked(images, neutral, known)[0]

    def embedding(self, images: Tensor) -> Tensor:
        return self._looked(images, None, None)[1].mean((2, 3))

    def _looked(
        self, images: Tensor, neutral: Tensor | None, known: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        y = self.folded(images, neutral, known)
        for stage in self.stages:
            y = stage(y)
        y = self.norm(y + self.place)  # (B, 4w, h, w)
        weights = (self.look(y) + self.prior).flatten(2).softmax(-1)  # (B, A, hw)
        return weights.view(len(y), -1, *y.shape[2:]), y

    def forward(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        weights, y = self._looked(images, neutral, known)
        pooled = weights.flatten(2) @ y.flatten(2).transpose(1, 2)  # (B, A, 4w)
        hidden = self.drop(F.gelu(self.shared(pooled)))  # (B, A, hidden)
        # Its own head for each column, as product and sum: the same bits in any batch.
        return ((hidden.unsqueeze(-1) * self.own).sum(-2) + self.bias).float()

    def start_at(self, log_rates: Tensor) -> None:
        with torch.no_grad():
            self.bias.copy_(log_rates)


def build(config: DetectorConfig) -> DetectorNet:
    """The network that a config names, with fresh weights."""
    return GridNet(config) if config.network == "grid" else AttentionNet(config)
