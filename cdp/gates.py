"""What checks have stopped, by their last word: asked by whoever is about to send, and by whoever looks (ADR 24)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Row, func, select

from cdp.errors import GateError
from cdp.store import Store
from cdp.store.schema import checks

LANDING = "landing"
STOPPING = ("failed", "broke")
NOTHING = "nothing"


def standing(connection: Connection) -> list[Row[tuple[object, ...]]]:
    """The verdicts that stop something now, oldest first.

    Those count that were found last: of the landing as a whole, and of each table of a build.
    """
    of_landing = select(func.max(checks.c.round)).where(checks.c.boundary == LANDING).scalar_subquery()
    of_tables = select(func.max(checks.c.round)).where(checks.c.boundary != LANDING).group_by(checks.c.table_name)
    is_last: ColumnElement[bool] = (checks.c.round == of_landing) | checks.c.round.in_(of_tables)
    is_stopping = checks.c.verdict.in_(STOPPING) & (checks.c.stops != NOTHING)
    return list(connection.execute(select(checks).where(is_last, is_stopping).order_by(checks.c.check_run_id)))


def refuse_stopped(store: Store, sync: str) -> None:
    """Raises GateError where a check stops `sync`: nothing may be planned or sent."""
    with store.reading() as connection:
        found = [row for row in standing(connection) if row.stops == "syncs" and sync in row.syncs.split()]
    if found:
        told = "; ".join(f"{row.check_name}: {row.told}" for row in found)
        raise GateError(
            f"{sync} is stopped: {told}.",
            remedy=f"Mend the data or the model and build again, or: cdp gate release {found[0].check_name} --reason …",
        )
