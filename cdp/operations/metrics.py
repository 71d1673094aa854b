"""How the product does, as OpenMetrics: declared names for labels, numbers for values, nothing of a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from cdp.errors import OtherModelsError
from cdp.landing.lake import Lake
from cdp.operations.durations import read_durations
from cdp.operations.exposition import CONTENT_TYPE, Family, Sample, exposed
from cdp.pipeline.summary import contents, freshness
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import checks, holds, outbox, sync_runs
from cdp.warehouse import open_warehouse

__all__ = ["CONTENT_TYPE", "exposition"]

_ROWS = ("ok", "rejected", "unknown", "suppressed")


def exposition(project: Project) -> str:
    """Everything as it is now, in the OpenMetrics text format; errors as those who are asked raise them."""
    return exposed(_families(project))


def _families(project: Project) -> Iterator[Family]:
    about = {"version": version("composable-cdp"), "project": project.name, "engine": project.settings.warehouse.engine}
    yield Family("cdp", "info", "The installation.", [Sample(1, about, "_info")])
    now = [Sample(_epoch(project.clock.now()))]
    yield Family("cdp_clock_timestamp_seconds", "gauge", "The project's clock, which ages are measured by.", now)
    yield from _of_sources(project)
    yield from _of_generations(project)
    yield from _of_checks(project)
    yield from _of_syncs(project)
    yield from _of_stages(project)


def _of_sources(project: Project) -> Iterator[Family]:
    found = [(each, {"source": each.source, "table": each.table}) for each in freshness(Lake(project.lake))]
    landed = [Sample(_epoch(each.last_landed_at), of) for each, of in found if each.last_landed_at]
    yield Family("cdp_source_last_landed_timestamp_seconds", "gauge", "When a table last got rows.", landed)
    counts = {
        "cdp_source_rows": ("Rows that landed.", [Sample(each.rows, of) for each, of in found]),
        "cdp_source_rejected_lines": ("Lines that were set aside.", [Sample(each.rejected, of) for each, of in found]),
        "cdp_source_refused_files": ("Files that were refused.", [Sample(each.refused, of) for each, of in found]),
    }
    for name, (told, samples) in counts.items():
        yield Family(name, "counter", told, samples)


def _of_generations(project: Project) -> Iterator[Family]:
    warehouse = open_warehouse(project)
    kept = warehouse.kept()
    published = next((each for each in kept if each.is_published), None)
    yield _gauge("cdp_generations_kept", "Generations that can be read.", len(kept))
    yield _gauge("cdp_builds_waiting", "1 while builds wait after a rollback.", int(warehouse.set_aside() is not None))
    if published is None:
        return
    yield _gauge("cdp_generation_number", "The generation that readers see.", published.generation.number)
    as_of = _epoch(published.generation.as_of)
    yield _gauge("cdp_generation_as_of_timestamp_seconds", "The moment it was built for.", as_of)
    yield _gauge("cdp_generation_size_bytes", "What it takes on the disk.", published.bytes)
    try:
        with warehouse.reader() as reader:
            found = contents(reader)
    except OtherModelsError:  # after an upgrade, until the next run
        return
    yield _gauge("cdp_customers", "Customers.", found.customers)
    yield _gauge("cdp_records", "Records of customers in sources.", found.records)
    segments = [Sample(members, {"segment": name}) for name, members in found.segments.items()]
    yield Family("cdp_segment_members", "gauge", "Customers in a segment.", segments)
    wanted = [Sample(each.in_segment, {"audience": each.audience}) for each in found.audiences]
    yield Family("cdp_audience_wanted", "gauge", "Customers in the segment of an audience.", wanted)
    reached = [Sample(each.reachable, {"audience": each.audience}) for each in found.audiences]
    yield Family("cdp_audience_members", "gauge", "Those of them who may be reached.", reached)


def _of_checks(project: Project) -> Iterator[Family]:
    newest = select(checks.c.boundary, checks.c.table_name, func.max(checks.c.round).label("round"))
    last = newest.group_by(checks.c.boundary, checks.c.table_name).subquery()
    same = and_(*(checks.c[name] == last.c[name] for name in ("boundary", "table_name", "round")))
    said = (checks.c.boundary, checks.c.verdict)
    with closing(open_store(project.store_url)) as store, store.reading() as connection:
        found = _counted(connection, select(*said, func.count()).join(last, same).group_by(*said))
    told = "Checks when each table was judged last, by how they ended."
    samples = [Sample(count, {"boundary": boundary, "verdict": verdict}) for (boundary, verdict), count in found]
    yield Family("cdp_checks", "gauge", told, samples)


def _of_syncs(project: Project) -> Iterator[Family]:
    by_sync, runs = sync_runs.c.sync, sync_runs.c
    with closing(open_store(project.store_url)) as store, store.reading() as connection:
        ended = _counted(connection, select(by_sync, runs.status, func.count()).group_by(by_sync, runs.status))
        sums = {name: select(by_sync, func.sum(runs[name])).group_by(by_sync) for name in _ROWS}
        answered = {name: _counted(connection, statement) for name, statement in sums.items()}
        last = connection.execute(select(by_sync, func.max(runs.started_at)).group_by(by_sync)).all()
        flying = _counted(connection, select(outbox.c.sync, func.sum(outbox.c.row_count)).group_by(outbox.c.sync))
        is_open = holds.c.released_at.is_(None)
        held = _counted(connection, select(holds.c.sync, func.count()).where(is_open).group_by(holds.c.sync))
    outcomes = [Sample(count, {"sync": sync, "status": status}) for (sync, status), count in ended]
    yield Family("cdp_sync_runs", "counter", "Runs of a sync, by how they ended.", outcomes)
    verdicts = [
        Sample(count, {"sync": sync, "verdict": verdict})
        for verdict, found in answered.items()
        for (sync,), count in found
    ]
    yield Family("cdp_sync_rows", "counter", "Rows that a tool has answered for, or that were left out.", verdicts)
    begun = [Sample(_epoch(row[1]), {"sync": row[0]}) for row in last]
    yield Family("cdp_sync_last_run_timestamp_seconds", "gauge", "When the last run began.", begun)
    waiting = [Sample(count, {"sync": sync}) for (sync,), count in flying]
    yield Family("cdp_sync_rows_in_flight", "gauge", "Rows that wait for an answer.", waiting)
    stopped = [Sample(count, {"sync": sync}) for (sync,), count in held]
    yield Family("cdp_sync_open_holds", "gauge", "Plans that were held, and never released.", stopped)


def _counted(connection: Connection, statement: Select[Any]) -> list[tuple[tuple[str, ...], int]]:
    """Labels and a count, which comes last in a row."""
    return [(tuple(row[:-1]), int(row[-1] or 0)) for row in connection.execute(statement).all()]


def _of_stages(project: Project) -> Iterator[Family]:
    taken = [Sample(seconds, {"stage": stage}) for stage, seconds in sorted(read_durations(project).items())]
    yield Family("cdp_stage_duration_seconds", "gauge", "What a stage took when it last ran.", taken, unit="seconds")


def _gauge(name: str, told: str, value: float) -> Family:
    return Family(name, "gauge", told, [Sample(value)])


def _epoch(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
