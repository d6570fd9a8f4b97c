# SPDX-License-Identifier: MIT
"""Values of one figure over several runs, and the verdict on two such series."""
from __future__ import annotations

import statistics
from dataclasses import dataclass

NOISE_FLOOR = 0.03  # a smaller change of the median is never a verdict


@dataclass(frozen=True)
class Samples:
    """The values of a figure, one a run, in the order of the runs."""
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def smallest(self) -> float:
        return min(self.values)

    @property
    def largest(self) -> float:
        return max(self.values)

    @property
    def spread(self) -> float | None:
        """Largest minus smallest, relative to the median. None if the median is zero."""
        return (self.largest - self.smallest) / abs(self.median) if self.median else None


@dataclass(frozen=True)
class Comparison:
    """The second series relative to the first."""
    ratio: float | None
    verdict: str


def ratio_of(first: Samples, second: Samples) -> float | None:
    return second.median / first.median if first.median > 0 and second.median > 0 else None


def pair_ratios(first: Samples, second: Samples) -> list[float]:
    """Run by run: what changes on the machine during the series is in both runs of a pair."""
    if len(first.values) != len(second.values) or min(first.values + second.values) <= 0:
        return []
    return [b / a for a, b in zip(first.values, second.values)]


def pairs_needed(count: int) -> int:
    """How many of `count` pairs must agree: all, or all but one from eight pairs on."""
    return count if count < 8 else count - 1


def compare(first: Samples, second: Samples, better: str | None, paired: bool = False,
            floor: float = NOISE_FLOOR) -> Comparison:
    """`better` is "smaller", "larger" or None. Verdicts: better, worse, within noise, too few runs, no direction.

    Unpaired series differ if their ranges do not overlap; pairs, if they agree on the side. In both cases the median
    must change by more than `floor`. Fewer than three runs have no verdict, since they show no spread.
    """
    ratios = pair_ratios(first, second) if paired else []
    ratio = statistics.median(ratios) if ratios else ratio_of(first, second)
    if better is None:
        return Comparison(ratio, "no direction")
    if min(len(first.values), len(second.values)) < 3:
        return Comparison(ratio, "too few runs")
    if ratio is not None and abs(ratio - 1) <= floor:
        return Comparison(ratio, "within noise")
    if ratios:
        greater = sum(each > 1 for each in ratios) >= pairs_needed(len(ratios))
        less = sum(each < 1 for each in ratios) >= pairs_needed(len(ratios))
    else:
        greater = second.smallest > first.largest
        less = second.largest < first.smallest
    if not greater and not less:
        return Comparison(ratio, "within noise")
    return Comparison(ratio, "worse" if greater == (better == "smaller") else "better")
