"""Which generation readers see: going back to an older one, and letting builds go on (ADR 25)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from sqlalchemy import insert, select

from cdp.errors import CdpError, ConfigurationError
from cdp.project import Project
from cdp.store import Store, open_store
from cdp.store.schema import audit_log
from cdp.warehouse import Generation, Warehouse, open_warehouse

ROLL_BACK, RESUME = "roll back", "resume builds"


def roll_back(project: Project, number: int | None, actor: str, reason: str) -> Generation:
    """Let readers see a kept generation again, the one before the published by default; the newest is set aside.

    What tools have acknowledged stays as it is: the next plan takes back what only the newer one wanted. Builds wait
    until `resume_builds`. Raises BusyError where a build is going on, ConfigurationError where the generation is not
    kept, CdpError where it is what readers see.
    """
    with _deciding(project) as (store, warehouse):
        published = warehouse.published()
        if published is None:
            raise ConfigurationError("nothing has been built yet.", remedy="Run `cdp run` first.")
        chosen = _before(warehouse, published) if number is None else number
        if chosen == published.number:
            raise CdpError(f"readers see generation {chosen} already.", remedy="See `cdp generations list`.")
        generation = warehouse.roll_back(chosen)
        told = f"from generation {published.number} to {chosen}: {reason}"
        _note(store, project.clock.now(), actor, ROLL_BACK, told)
    return generation


def resume_builds(project: Project, actor: str, reason: str) -> Generation:
    """Let builds go on from what is published; gives the generation that was set aside.

    Raises BusyError where a build is going on, CdpError where none waits.
    """
    with _deciding(project) as (store, warehouse):
        aside = warehouse.set_aside()
        if aside is None:
            raise CdpError("no build waits.", remedy="See `cdp generations list`.")
        warehouse.resume()
        _note(store, project.clock.now(), actor, RESUME, f"without generation {aside.number}: {reason}")
    return aside


def last_decision(store: Store) -> str:
    """The newest decision about generations, with who made it and when; empty where there was none."""
    newest = select(audit_log).where(audit_log.c.action.in_([ROLL_BACK, RESUME])).order_by(audit_log.c.entry_id.desc())
    with store.reading() as connection:
        rows = connection.execute(newest.limit(1)).all()
    return "".join(f"{row.at:%Y-%m-%d %H:%M} {row.actor}: {row.action} {row.detail}" for row in rows)


@contextmanager
def _deciding(project: Project) -> Iterator[tuple[Store, Warehouse]]:
    with closing(open_store(project.store_url)) as store, store.lease("build"):
        yield store, open_warehouse(project)


def _before(warehouse: Warehouse, published: Generation) -> int:
    older = [each.generation.number for each in warehouse.kept() if each.generation.number < published.number]
    if not older:
        raise ConfigurationError(
            f"no generation before {published.number} is kept.",
            remedy="`retention.generations` in cdp.yml says how many stay.",
        )
    return max(older)


def _note(store: Store, at: datetime, actor: str, action: str, detail: str) -> None:
    with store.writing() as connection:
        connection.execute(
            insert(audit_log).values(at=at, actor=actor, action=action, subject="generations", detail=detail)
        )
