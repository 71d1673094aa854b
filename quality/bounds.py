"""Bounds of a measure of a build: those declared, drawn closer by what it was in the last good builds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from quality.thresholds import Limit

_NOISE, _SLACK = 3.0, 3.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What a measure was in the last good builds: its median, and the median distance from it (times 1.4826)."""

    median: float
    spread: float
    observations: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Both inclusive, None where there is none."""

    low: float | None
    high: float | None


def bounds(limit: Limit, usual: Usual | None) -> Bounds:
    """What holds always, and what holds beside the last good builds, whichever is closer."""
    low, high = limit.least, limit.most
    if usual is not None:
        near_low, near_high = _near(limit, usual)
        low = near_low if low is None else max(low, near_low)
        high = near_high if high is None else min(high, near_high)
    return Bounds(None if low == -math.inf else low, None if high == math.inf else high)


def _near(limit: Limit, usual: Usual) -> tuple[float, float]:
    if limit.share is not None:
        reach = max(limit.share, limit.spread * usual.spread)
        return usual.median - reach, usual.median + reach
    if limit.ratio is None:
        return -math.inf, math.inf
    if usual.median < limit.few or usual.median <= 0:
        return -math.inf, limit.few * limit.ratio * _SLACK if limit.few else math.inf
    noise = _NOISE / math.sqrt(usual.median) if limit.few else 0.0
    reach = max(math.log(limit.ratio), limit.spread * usual.spread / usual.median) + noise
    return usual.median * math.exp(-reach), usual.median * math.exp(reach)
