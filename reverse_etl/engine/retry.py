"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential, with full jitter. Seconds; `longest_wait` is the longest Retry-After worth staying for, `patience`
    how long a run stays for the jobs of a tool.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 20.0
    longest_wait: float = 120.0
    patience: float = 300.0

    def delay(self, attempt: int, retry_after: float | None, rng: Random) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        jitter = rng.uniform(0, min(self.cap, self.base * 2 ** (attempt - 1)))
        return jitter if retry_after is None else retry_after + min(jitter, 1.0)

    def ask_again(self, asked: int) -> float:
        """Seconds to wait after having asked for a job `asked` times."""
        return min(self.cap, self.base * 2.0 ** min(asked - 1, 10))
