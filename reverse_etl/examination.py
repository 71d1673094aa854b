"""What the doctor looks at in this room: credentials of tools, and syncs that wait for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import select

from cdp.operations.checks import missing_variables
from cdp.operations.doctor import Check, Finding
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import holds, sync_runs
from reverse_etl.destinations.accounts import SANDBOX_URL, address_of
from reverse_etl.destinations.registry import connector
from reverse_etl.syncs import load_syncs


def credentials(project: Project) -> Iterator[Finding]:
    """Of every destination outside the sandbox, whose keys are made where nobody sets them."""
    wanted = set[str]()
    for name, settings in project.settings.destinations.items():
        if address_of(project, name) == SANDBOX_URL:
            continue
        if connector(settings.type, project).needs_secret or settings.secret_env:
            wanted.add(settings.secret_env or f"secret_env of {name}")
        if settings.feedback and settings.feedback.secret_env:
            wanted.add(settings.feedback.secret_env)
    yield from missing_variables("credentials", wanted, project)


def syncs(project: Project) -> Iterator[Finding]:
    """The declared ones: those that are held, or ended badly."""
    names = [sync.name for sync in load_syncs(project)]
    with closing(open_store(project.store_url)) as store, store.reading() as connection:
        is_open = holds.c.released_at.is_(None)
        runs = connection.execute(select(sync_runs.c.sync, sync_runs.c.status).order_by(sync_runs.c.run_id)).all()
        held = {row.sync for row in connection.execute(select(holds.c.sync).where(is_open)).all()}
    last = {str(run.sync): str(run.status) for run in runs}
    waiting = sorted(name for name in names if last.get(name) == "held" and name in held)
    bad = sorted(name for name in names if last.get(name, "") in {"failed", "incomplete", "interrupted"})
    if waiting:
        yield Finding("syncs", "warn", f"held for a person: {', '.join(waiting)}.", "docs/runbooks/held-sync.md")
    if bad:
        yield Finding("syncs", "warn", f"the last run did not end well: {', '.join(bad)}.", "cdp sync status")
    if not waiting and not bad:
        yield Finding("syncs", "ok", f"{len(names)} are declared; none is held or ended badly.")


CHECKS: tuple[Check, ...] = (credentials, syncs)
