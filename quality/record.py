"""What checks found, in the operational store: appended to, looked up for what is stopped, and released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from cdp.errors import CdpError
from cdp.gates import standing
from cdp.store import Store
from cdp.store.schema import audit_log, checks, gate_releases
from quality.verdicts import Verdict, Word

RELEASED_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Stop:
    """A check whose last verdict stops something; `since` is when it began to."""

    check: str
    boundary: str
    table: str
    verdict: Word
    stops: str
    syncs: tuple[str, ...]
    told: str
    since: datetime
    released_until: datetime | None = None


def with_releases(store: Store, verdicts: Sequence[Verdict], at: datetime) -> list[Verdict]:
    """The verdicts, with those that a person has let pass as `released`. What broke is not released."""
    with store.reading() as connection:
        unused = {name for name, expires in _unused(connection).items() if expires >= at}
    return [
        replace(verdict, word=Word.RELEASED) if verdict.word is Word.FAILED and verdict.check in unused else verdict
        for verdict in verdicts
    ]


def record(
    store: Store, verdicts: Sequence[Verdict], at: datetime, *, batch: int | None = None, generation: int | None = None
) -> None:
    """Write down what was found at once; a release is used where nothing else stops what it let pass."""
    if not verdicts:
        return
    used = [verdict.check for verdict in verdicts if verdict.word is Word.RELEASED]
    about = {"at": at, "batch": batch, "generation": generation}
    with store.writing() as connection:
        about["round"] = (connection.scalar(select(func.max(checks.c.round))) or 0) + 1
        connection.execute(insert(checks), [{**_row(verdict), **about} for verdict in verdicts])
        if used and not any(verdict.is_stopping for verdict in verdicts):
            is_used = gate_releases.c.check_name.in_(used) & gate_releases.c.used_at.is_(None)
            connection.execute(update(gate_releases).where(is_used).values(used_at=at))


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "check_name": verdict.check,
        "boundary": verdict.boundary,
        "table_name": verdict.table,
        "verdict": verdict.word.value,
        "value": verdict.value,
        "low": verdict.low,
        "high": verdict.high,
        "median": verdict.median,
        "observations": verdict.observations,
        "told": "; ".join(verdict.told),
        "stops": verdict.stops,
        "syncs": " ".join(verdict.syncs),
    }


def restarts(store: Store) -> dict[str, date]:
    """The day from which on the history of a check counts, for those that were ever released: that of what passed."""
    newest = select(gate_releases.c.check_name, func.max(gate_releases.c.used_at)).group_by(gate_releases.c.check_name)
    with store.reading() as connection:
        return {row[0]: (row[1] - timedelta(days=1)).date() for row in connection.execute(newest) if row[1] is not None}


def open_stops(store: Store) -> list[Stop]:
    """Every check whose last verdict stops something, oldest first."""
    with store.reading() as connection:
        released = _unused(connection)
        return [
            Stop(
                check=row.check_name,
                boundary=row.boundary,
                table=row.table_name,
                verdict=Word(row.verdict),
                stops=row.stops,
                syncs=tuple(row.syncs.split()),
                told=row.told,
                since=_since(connection, row.check_name),
                released_until=released.get(row.check_name),
            )
            for row in standing(connection)
        ]


def release(store: Store, check: str, actor: str, reason: str, at: datetime) -> datetime:
    """Let a check that failed pass once, within a day; gives until when.

    Raises CdpError where it stops nothing, or broke: then nobody knows what the data is like.
    """
    stops = {stop.check: stop for stop in open_stops(store)}
    if check not in stops:
        raise CdpError(f"{check} stops nothing.", remedy="See `cdp gate list`.")
    if stops[check].verdict is Word.BROKE:
        raise CdpError(f"{check} broke: nobody knows what the data is like.", remedy="Mend the check, then run again.")
    expires = at + RELEASED_FOR
    let = {"check_name": check, "actor": actor, "reason": reason, "released_at": at, "expires_at": expires}
    noted = {"at": at, "actor": actor, "action": "release", "subject": f"check:{check}", "detail": reason}
    with store.writing() as connection:
        connection.execute(insert(gate_releases).values(**let))
        connection.execute(insert(audit_log).values(**noted))
    return expires


def releases(store: Store) -> list[dict[str, object]]:
    """Every release there was, newest first."""
    with store.reading() as connection:
        found = connection.execute(select(gate_releases).order_by(gate_releases.c.release_id.desc())).mappings()
        return [dict(row) for row in found]


def _unused(connection: Connection) -> dict[str, datetime]:
    """Until when each check may pass that was released, and has not passed yet."""
    columns = gate_releases.c.check_name, gate_releases.c.expires_at
    unused = select(*columns).where(gate_releases.c.used_at.is_(None)).order_by(gate_releases.c.release_id)
    return {row[0]: row[1] for row in connection.execute(unused)}


def _since(connection: Connection, check: str) -> datetime:
    good = [Word.PASSED.value, Word.RELEASED.value]
    mine = checks.c.check_name == check
    last_good = select(func.max(checks.c.check_run_id)).where(mine, checks.c.verdict.in_(good)).scalar_subquery()
    first_bad = select(func.min(checks.c.at)).where(mine, checks.c.check_run_id > func.coalesce(last_good, 0))
    found: datetime = connection.execute(first_bad).scalar_one()
    return found
