"""The life of a demo world: made once, then delivered day by day, with the clock moving along."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path

from cdp.clock import FileClock
from cdp.demo import crm
from cdp.demo.deliver import Due, deliver
from cdp.demo.places import Places
from cdp.demo.world import MANIFEST, WorldSpec, build_world
from cdp.errors import CdpError, ConfigurationError
from cdp.project import Project

FIRST_DAY = date(2017, 1, 1)
END = date(2018, 1, 1)
"""The day after the last delivery."""

END_AT = datetime(2018, 1, 1, 5)
"""The last baskets were paid on New Year's Eve in the retailer's own time: in the first hours of 2018, UTC."""

Progress = Callable[[str], None]


class DemoYear:
    """A demo world in a project.

    Raises ConfigurationError where the project does not follow a file clock.
    """

    def __init__(self, project: Project) -> None:
        clock = project.clock
        if not isinstance(clock, FileClock):
            raise ConfigurationError(
                "the demo moves the clock, but the project follows the system's.",
                where=project.document.at("clock"),
                remedy="Set `clock: {kind: file}`.",
            )
        self.clock, self.places, self.crm_url = clock, Places.of(project), project.sql_source_url("crm")

    @property
    def delivered_until(self) -> date | None:
        """The first day whose files have not arrived; None before the first delivery is complete."""
        try:
            return date.fromisoformat(json.loads(self._mark.read_text())["until"])
        except FileNotFoundError:
            return None

    def begin(self, spec: WorldSpec, until: date, *, replace: bool = False, progress: Progress = lambda _: None) -> int:
        """Make the world and deliver all that arrived before `until`; the number of files.

        A begin that was killed is finished by the same call. Raises CdpError where a world stands already.
        """
        if not FIRST_DAY < until <= END:
            raise ConfigurationError(f"the demo's year runs from {FIRST_DAY} to {END}.", remedy="Choose a day in it.")
        if replace:
            self._clear()
        elif self.delivered_until is not None:
            raise CdpError(
                f"a demo world stands in {self.places.world} already.",
                remedy="Deliver more of it with `cdp demo next-day`, or start over with `--replace`.",
            )
        if not self._is_staged(spec):
            self._clear()
            build_world(spec, self.places, progress=lambda persons: progress(f"persons: {persons:,}"))
        return self._advance(Due(FIRST_DAY, until), progress)

    def next_days(self, days: int = 1, *, progress: Progress = lambda _: None) -> int:
        """Deliver the next days; the number of files. Raises CdpError when the year has ended."""
        since = self.delivered_until
        if since is None:
            raise ConfigurationError("there is no demo world yet.", remedy="Run `cdp demo init`.")
        if since >= END:
            raise CdpError("the real year has ended on 2017-12-31: there is no next day.")
        return self._advance(Due(since, min(since + timedelta(days), END)), progress)

    def _advance(self, due: Due, progress: Progress) -> int:
        files = deliver(self.places, due, progress=progress)
        crm.apply_changes(self.places, self.crm_url, due)
        self.clock.set(END_AT if due.until == END else datetime.combine(due.until, time()))
        self._mark.write_text(json.dumps({"until": due.until.isoformat()}))
        return files

    def _is_staged(self, spec: WorldSpec) -> bool:
        manifest = self.places.world / MANIFEST
        return manifest.is_file() and json.loads(manifest.read_text())["spec"] == asdict(spec)

    def _clear(self) -> None:
        for folder in (self.places.world, self.places.inbox):
            shutil.rmtree(folder, ignore_errors=True)
        crm.empty(self.crm_url)

    @property
    def _mark(self) -> Path:
        return self.places.world / "delivered.json"
