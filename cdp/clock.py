"""Where `as_of` comes from. Nothing below the command line asks the system for the time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cdp.errors import ConfigurationError, Location


class Clock(Protocol):
    def now(self) -> datetime:
        """The moment a run is asked for, as naive UTC."""
        ...


class SystemClock:
    """The machine's clock, to the minute, so that runs of one minute agree."""

    def now(self) -> datetime:
        return datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)


class FileClock:
    """A clock that stands still until somebody moves it (`{"as_of": "2017-11-01T00:00:00"}`)."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def now(self) -> datetime:
        try:
            moment = datetime.fromisoformat(json.loads(self.file.read_text())["as_of"])
        except FileNotFoundError:
            raise ConfigurationError(
                "the clock file does not exist.", where=Location(self.file), remedy="Run `cdp demo init`."
            ) from None
        except (KeyError, ValueError, TypeError):
            raise ConfigurationError(
                'the clock file does not hold {"as_of": "<ISO timestamp>"}.', where=Location(self.file)
            ) from None
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

    def set(self, as_of: datetime) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        replacement = self.file.with_suffix(".tmp")
        replacement.write_text(json.dumps({"as_of": as_of.isoformat()}))
        replacement.replace(self.file)
