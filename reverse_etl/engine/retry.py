"""When to try again, and how fast to go."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from reverse_etl.engine.ports import Time


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential, with full jitter. Seconds; `longest_wait` is the longest Retry-After worth staying for."""

    attempts: int = 6
    base: float = 0.5
    cap: float = 20.0
    longest_wait: float = 120.0

    def delay(self, attempt: int, retry_after: float | None, rng: Random) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        jitter = rng.uniform(0, min(self.cap, self.base * 2 ** (attempt - 1)))
        return jitter if retry_after is None else retry_after + min(jitter, 1.0)


class Pace:
    """Spaces calls out, so that a known limit is kept rather than hit."""

    def __init__(self, time: Time, per_second: float) -> None:
        self._time, self._interval, self._next = time, 1.0 / per_second, time.monotonic()

    def wait(self) -> None:
        now = self._time.monotonic()
        if now < self._next:
            self._time.sleep(self._next - now)
        self._next = max(now, self._next) + self._interval
