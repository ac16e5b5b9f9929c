"""What a corpus consists of, by arithmetic alone: people, their sittings, and shards of people.

A corpus is never listed in memory. Who is in which split, which sittings a person has and which
shard holds them follow from a few numbers, so that any process on any machine can find the n-th
shard and make it, and ten thousand million pictures are planned as fast as ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from auface_gen.errors import AUFaceGenError
from facs_text.corpus import SPLITS, split_of_number

__all__ = ["CODINGS", "CorpusPlan", "Shard", "SittingPlan"]

CODINGS = ("mixture", "balanced")
"""What people are asked to do: the mixture of `codings.mixture`, which generators learn from and
are tested on, or units that tell nothing of each other (`codings.balanced`), for detectors.
"""

_PEOPLE = 10_000  # of one seed, before the people of the next seed begin
_SITTINGS = 100_000  # likewise


@dataclass(frozen=True)
class SittingPlan:
    """One sitting: a person under one light, at rest first and then doing `count` - 1 codings.

    index: which sitting of the corpus it is; stride: pictures of a full one. person, light: seeds.
    codings: one of CODINGS.
    """

    split: str
    person: int
    light: int
    seed: int
    index: int
    count: int
    stride: int
    codings: str = "mixture"

    @property
    def subject(self) -> str:
        """Name of the person."""
        return f"p{self.person:05d}"

    def file_name(self, number: int) -> str:
        """Name of the number-th picture, relative to the folder of its split."""
        return f"{self.subject}/{self.light}_{number:03d}.png"


@dataclass(frozen=True)
class Shard:
    """Some people of one split, made and written together. number: from 0 within its split;
    first: place in the split of its first person; people: how many.
    """

    split: str
    seed: int
    number: int
    first: int
    people: int

    @property
    def name(self) -> str:
        """Its name without a suffix, a function of seed and number."""
        return f"{self.split}-{self.seed:04d}-{self.number:08d}"


@cache
def _tenths(split: str) -> tuple[int, ...]:
    """Which of each ten people are in a split."""
    return tuple(k for k in range(10) if split_of_number(k) == split)


@dataclass(frozen=True)
class CorpusPlan:
    """A corpus as numbers.

    count: pictures in all. size: their side in pixels. sittings: of each person, each under a light
    of its own. per_sitting: pictures of a sitting, the first at rest. samples: of light, for each
    pixel. people_per_shard: how many people are made and written together. codings: one of CODINGS.

    Corpora of two seeds share no person while none has more than 10,000, and no light while none
    has more than 100,000 sittings.
    """

    count: int = 12_600
    size: int = 128
    seed: int = 0
    sittings: int = 2
    per_sitting: int = 21
    samples: int = 8
    people_per_shard: int = 8
    codings: str = "mixture"

    def __post_init__(self) -> None:
        """Refuse what no corpus can be, naming the number."""
        if self.codings not in CODINGS:
            raise AUFaceGenError(f"codings={self.codings!r}: one of {', '.join(CODINGS)}")
        least = {"count": 2, "size": 32, "seed": 0, "sittings": 1, "per_sitting": 2}
        least |= {"samples": 1, "people_per_shard": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise AUFaceGenError(f"{name}={getattr(self, name)}: at least {low}")

    @property
    def per_person(self) -> int:
        """Pictures of a person who has all sittings."""
        return self.sittings * self.per_sitting

    @property
    def people(self) -> int:
        """People in all; the last one may have fewer pictures."""
        return -(-self.count // self.per_person)

    def people_of(self, split: str) -> int:
        """People of a split."""
        tens, rest = divmod(self.people, 10)
        places = _tenths(split)
        return tens * len(places) + sum(place < rest for place in places)

    def number_of(self, split: str, place: int) -> int:
        """Number, among all people, of the place-th person of a split."""
        tens, at = divmod(place, len(_tenths(split)))
        return 10 * tens + _tenths(split)[at]

    def pictures_of(self, split: str) -> int:
        """Pictures of a split."""
        people = self.people_of(split)
        last = people and self.number_of(split, people - 1) == self.people - 1
        missing = self.people * self.per_person - self.count if last else 0
        return people * self.per_person - missing

    def shards_of(self, split: str) -> int:
        """Shards of a split."""
        return -(-self.people_of(split) // self.people_per_shard)

    @property
    def shard_count(self) -> int:
        """Shards in all."""
        return sum(self.shards_of(split) for split in SPLITS)

    def shards(self, part: tuple[int, int] = (1, 1)) -> Iterator[Shard]:
        """Shards one by one: every n-th, from the i-th on, for `part` (i, n), i from 1."""
        for split, numbers in self._numbers(part):
            yield from (self._shard(split, number) for number in numbers)

    def _numbers(self, part: tuple[int, int]) -> Iterator[tuple[str, range]]:
        """For each split the numbers of its shards that are in a part. Shards are counted through
        all splits, so that parts are as even as can be.
        """
        before = 0
        for split in SPLITS:
            count = self.shards_of(split)
            yield split, range((part[0] - 1 - before) % part[1], count, part[1])
            before += count

    def _shard(self, split: str, number: int) -> Shard:
        first = number * self.people_per_shard
        people = min(self.people_per_shard, self.people_of(split) - first)
        return Shard(split, self.seed, number, first, people)

    def pictures_in_part(self, part: tuple[int, int]) -> int:
        """Pictures of a part, found without going through its shards: only the last shard of a
        split can be short.
        """
        total = 0
        for split, numbers in self._numbers(part):
            total += len(numbers) * self.people_per_shard * self.per_person
            last = self.shards_of(split) - 1
            if last in numbers:
                full = self.people_per_shard * self.per_person
                total -= full - self.pictures_in(self._shard(split, last))
        return total

    def sittings_of(self, shard: Shard) -> Iterator[SittingPlan]:
        """The sittings of a shard, person by person; the corpus's last one may be shorter."""
        for place in range(shard.first, shard.first + shard.people):
            number = self.number_of(shard.split, place)
            for index in range(number * self.sittings, (number + 1) * self.sittings):
                left = self.count - index * self.per_sitting
                if left <= 0:
                    return
                yield SittingPlan(
                    split=shard.split,
                    person=_PEOPLE * self.seed + number,
                    light=_SITTINGS * self.seed + index,
                    seed=self.seed,
                    index=index,
                    count=min(self.per_sitting, left),
                    stride=self.per_sitting,
                    codings=self.codings,
                )

    def pictures_in(self, shard: Shard) -> int:
        """Pictures of a shard."""
        full = shard.people * self.per_person
        last = self.number_of(shard.split, shard.first + shard.people - 1) == self.people - 1
        return full - (self.people * self.per_person - self.count if last else 0)
