"""Who said no to a tool since the build: what the operational store has heard and no model knows yet."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlalchemy import func, or_, select

from cdp.address_macros import AddressMacros
from cdp.declarations.addresses import AddressKind
from cdp.store import Store
from cdp.store.schema import inbound
from reverse_etl.feedback.words import Kind

_HARD = (inbound.c.kind == Kind.BOUNCED) & (inbound.c.detail == "hard")
_SAID_NO = or_(inbound.c.kind.in_([Kind.UNSUBSCRIBED, Kind.COMPLAINED]), _HARD)


class OptOuts:
    """Unsubscribes, complaints, hard bounces and STOPs that a store has received."""

    def __init__(self, store: Store, macros: AddressMacros) -> None:
        self._store, self._macros = store, macros

    def newest(self) -> int:
        """Number of the newest event of any kind; it grows with each."""
        with self._store.reading() as connection:
            return connection.scalar(select(func.max(inbound.c.inbound_id))) or 0

    def after(self, batch: int) -> list[str]:
        """The addresses, as the warehouse writes them, whose no landed after `batch` of the lake, or not yet."""
        unknown_to_it = or_(inbound.c.landed_batch.is_(None), inbound.c.landed_batch > batch)
        wanted = select(inbound.c.address).distinct().where(unknown_to_it, _SAID_NO, inbound.c.address.is_not(None))
        with self._store.reading() as connection:
            shown: list[str] = list(connection.scalars(wanted))
        return self._normalised(shown) if shown else []

    def _normalised(self, shown: list[str]) -> list[str]:
        forms = ", ".join(self._macros.normalised(kind, "shown") for kind in AddressKind)
        with duckdb.connect() as engine:
            engine.register("typed", pa.table({"shown": pa.array(shown, pa.string())}))
            found = engine.execute(f"select distinct coalesce({forms}, shown) from typed").fetchall()
        return [address for (address,) in found]
