"""What the doctor looks at: the machine, the store, the warehouse, the sources."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, requires, version

import duckdb
from packaging.requirements import Requirement
from sqlalchemy import func, select

from cdp.declarations.sources import RAW_PREFIX, load_source_tables
from cdp.landing.lake import Lake
from cdp.operations.doctor import Check, Finding
from cdp.operations.freshness import allowed_hours
from cdp.pipeline.dbt import ensure_manifest
from cdp.pipeline.due import RESUME, why_builds_wait
from cdp.pipeline.summary import freshness
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import leases, sync_runs
from cdp.warehouse import open_warehouse

PRODUCT = "composable-cdp"
UI_PORT = 3000
_LONG_HELD = timedelta(hours=6)
_LOOK_BACK = timedelta(days=7)
_SPARE_BYTES = 1 << 30


def configuration(project: Project) -> Iterator[Finding]:
    tables = load_source_tables(project.dbt_project)
    sources = {table.source for table in tables}
    yield Finding("configuration", "ok", f"{project.document.file.name} reads; {len(sources)} sources are declared.")


def versions(_: Project) -> Iterator[Finding]:
    wrong = [told for line in requires(PRODUCT) or [] if (told := _unmet(Requirement(line)))]
    remedy = "Install the locked versions again: make, or uv pip install -r requirements.lock"
    if wrong:
        yield Finding("versions", "fail", f"{', '.join(wrong)}.", remedy)
    else:
        yield Finding("versions", "ok", f"{PRODUCT} {version(PRODUCT)}; every library has a version that it asks for.")


def _unmet(wanted: Requirement) -> str:
    if wanted.marker and not wanted.marker.evaluate():
        return ""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    return (
        "" if wanted.specifier.contains(found, prereleases=True) else f"{wanted.name} is {found}, not{wanted.specifier}"
    )


def secrets(project: Project) -> Iterator[Finding]:
    """Of databases; what tools ask for is looked at where they are known."""
    settings = project.settings
    wanted = {each.url_env for each in settings.sql_sources.values() if each.file is None}
    if settings.warehouse.engine == "postgres":
        wanted.add(settings.warehouse.url_env)
    yield from missing_variables("addresses of databases", wanted, project)


def missing_variables(check: str, wanted: set[str], project: Project) -> Iterator[Finding]:
    """Which of the environment variables `wanted` are not set; no value is told."""
    missing = sorted(name for name in wanted if not os.environ.get(name))
    if missing:
        told = f"not set: {', '.join(missing)}."
        yield Finding(check, "fail", told, f"Set them, or write them to {project.root / '.env'}.")
    else:
        yield Finding(check, "ok", f"{len(wanted)} asked for, all set." if wanted else "none is asked for.")


def store(project: Project) -> Iterator[Finding]:
    with closing(open_store(project.store_url)) as opened:
        yield Finding("store", "ok", f"the operational store ({opened.dialect}) opens, and is of this version.")
        with opened.reading() as connection:
            before = project.clock.now() - _LONG_HELD
            old = [row.name for row in connection.execute(select(leases).where(leases.c.since < before)).all()]
            newest = connection.scalar(select(func.max(sync_runs.c.started_at)))
        stuck = [name for name in old if opened.is_held(name)]
    if stuck:
        told = f"held for more than {_LONG_HELD // timedelta(hours=1)} hours: {', '.join(stuck)}."
        yield Finding("leases", "warn", told, "Look at the process that `cdp run` names; a lease ends with it.")
    else:
        yield Finding("leases", "ok", "none is held for long.")
    if newest and newest > project.clock.now():
        told = f"it is {project.clock.now()}, and a sync began at {newest}."
        yield Finding("clock", "fail", told, "Set the clock right: what is recorded later than now is misjudged.")
    else:
        yield Finding("clock", "ok", f"it is {project.clock.now()} (UTC).")


def warehouse(project: Project) -> Iterator[Finding]:
    opened = open_warehouse(project)
    published = opened.published()
    if published is None:
        yield Finding("warehouse", "warn", "nothing has been published yet.", "cdp run")
        return
    with opened.reader() as reader:
        reader.query("select 1 as one").read_all()
    yield Finding("warehouse", "ok", f"generation {published.number}, as of {published.as_of}, can be read.")
    if told := why_builds_wait(opened):
        yield Finding("builds", "warn", told, RESUME)


def disk(project: Project) -> Iterator[Finding]:
    there = next(folder for folder in (project.state, *project.state.parents) if folder.is_dir())
    free, kept = shutil.disk_usage(there).free, open_warehouse(project).kept()
    needed = max((each.bytes for each in kept), default=0)
    told = f"{free / 1e9:,.1f} GB are free; a build needs about {needed / 1e9:,.1f}."
    remedy = "Make room, or keep fewer generations (`retention` in cdp.yml)."
    level = "fail" if free < needed else "warn" if free < 2 * needed + _SPARE_BYTES else "ok"
    yield Finding("disk", level, told, "" if level == "ok" else remedy)  # type: ignore[arg-type]


def rejects(project: Project) -> Iterator[Finding]:
    lake, since = Lake(project.lake), project.clock.now() - _LOOK_BACK
    query = (
        "select cast(coalesce(sum(rejected), 0) as bigint), count(case when status = 'refused' then 1 end) "
        f"from {lake.catalog_relation()} where landed_at >= ?"
    )
    with duckdb.connect() as connection:
        ((lines, files),) = connection.execute(query, [since]).fetchall()
    told = f"in {_LOOK_BACK.days} days {lines:,} lines were set aside, {files:,} files refused."
    yield Finding("rejects", "warn", told, "cdp rejects") if lines or files else Finding("rejects", "ok", told)


def dbt_and_sources(project: Project) -> Iterator[Finding]:
    manifest = json.loads(ensure_manifest(project).read_text())
    yield Finding("dbt", "ok", f"the project parses; {len(manifest['nodes'])} models, seeds and tests.")
    allowed, now = allowed_hours(manifest), project.clock.now()
    landed = {f"{RAW_PREFIX}{each.source}.{each.table}": each.last_landed_at for each in freshness(Lake(project.lake))}
    stale = [
        f"{table} (nothing for {(now - at) // timedelta(hours=1):,} hours, {hours:,} are allowed)"
        for table, hours in allowed.items()
        if (at := landed.get(table)) and now - at > timedelta(hours=hours)
    ]
    if stale:
        yield Finding("sources", "warn", f"stale: {', '.join(stale)}.", "Call whoever delivers; cdp status")
    else:
        yield Finding("sources", "ok", "none has been silent for longer than it may.")


def port_of_the_ui(_: Project) -> Iterator[Finding]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", UI_PORT))
        except OSError:
            told = f"{UI_PORT} is taken, by `cdp ui` or by somebody else."
            yield Finding("port", "warn", told, "Where it is somebody else: cdp ui --port NUMBER")
            return
    yield Finding("port", "ok", f"{UI_PORT} is free for `cdp ui`.")


CHECKS: tuple[Check, ...] = (
    configuration,
    versions,
    secrets,
    store,
    warehouse,
    disk,
    rejects,
    dbt_and_sources,
    port_of_the_ui,
)
