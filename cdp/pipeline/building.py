"""One build from its lease to its end: published, or thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cdp.errors import GateError
from cdp.pipeline.due import RESUME, wanted_fingerprint, why_builds_wait
from cdp.project import Project
from cdp.store import open_store
from cdp.warehouse import Build, Generation, Warehouse, open_warehouse


@dataclass(frozen=True, slots=True)
class Building:
    """The right to build: whoever has one holds the `build` lease."""

    project: Project
    warehouse: Warehouse

    def begin(self) -> Build:
        """Start a generation for the project's clock and everything that has landed.

        Raises GateError where a person rolled back and has not let builds go on.
        """
        if told := why_builds_wait(self.warehouse):
            raise GateError(told, remedy=RESUME)
        as_of = self.project.clock.now()
        return self.warehouse.begin(as_of, wanted_fingerprint(self.project, as_of))

    def current(self) -> Build:
        """The build that has begun.

        Raises GateError where none has: models are only ever built in a generation of their own.
        """
        build = self.warehouse.building()
        if build is None:
            raise GateError("no build has begun.", remedy="Launch the job `build`, or run `cdp run`.")
        return build

    def publish(self) -> Generation:
        """Let readers see the build from now on."""
        return self.warehouse.publish()


@contextmanager
def running(project: Project) -> Iterator[None]:
    """The one `cdp run` of a project, for the length of a block.

    Raises BusyError where another one is at work.
    """
    store = open_store(project.store_url)
    try:
        with store.lease("cdp run"):
            yield
    finally:
        store.close()


@contextmanager
def building(project: Project) -> Iterator[Building]:
    """The right to build, for the length of a block; what is not published by its end is thrown away.

    Raises BusyError where another run is building.
    """
    store = open_store(project.store_url)
    try:
        with store.lease("build"):
            warehouse = open_warehouse(project)
            try:
                yield Building(project, warehouse)
            finally:
                if warehouse.building():
                    warehouse.discard()
    finally:
        store.close()
