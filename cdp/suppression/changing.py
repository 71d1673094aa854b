"""What people do to the list: add addresses, look some up, move all to a newer key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from cdp.address_macros import AddressMacros
from cdp.declarations.addresses import AddressKind, Reason
from cdp.declarations.sources import load_source_tables
from cdp.errors import ConfigurationError
from cdp.landing.batch import open_batch
from cdp.landing.lake import Lake
from cdp.project import Project
from cdp.suppression.keys import KeyRing
from cdp.suppression.landing import Suppression
from cdp.suppression.listings import LISTING_ORDER, listed_addresses, new_listings, rotated_listings
from cdp.suppression.state import known_by_one_key, open_state

_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class Added:
    """`listed` are new; `known` were listed for this reason before."""

    listed: int
    known: int


@dataclass(frozen=True, slots=True)
class Found:
    """A reason for which the address on a line is listed, and since when (naive UTC)."""

    line: int
    reason: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class Rotated:
    """`moved` to the newest key; `waiting` by older key: listings that only it knows, for their address is gone."""

    newest: str
    moved: int
    waiting: dict[str, int]


def add_addresses(project: Project, reason: Reason, kind: AddressKind, lines: Iterable[str]) -> Added:
    """List addresses, one a line, from the project's moment on. The caller holds the `landing` lease.

    Raises ConfigurationError where no key is set, or where a line is no address; then nothing is listed.
    """
    suppression = Suppression(project, load_source_tables(project.dbt_project))
    suppression.ring.required()
    table = suppression.table("listings")
    with open_batch(project, project.clock.now()) as batch:
        suppression.check(batch)
        count = _read_addresses(batch.connection, project, kind, lines)
        candidates = f"(select '{reason}' as reason, *, timestamp '{batch.as_of}' as listed_at from given)"
        listed = batch.write_query(table, new_listings(candidates), LISTING_ORDER).landed
        batch.commit()
    return Added(listed, count - listed)


def find_addresses(project: Project, kind: AddressKind, lines: Iterable[str]) -> list[Found]:
    """What is listed of addresses, one a line, by line.

    Raises ConfigurationError where no key is set, or where a line is no address.
    """
    ring = KeyRing.from_environment().required()
    with duckdb.connect() as connection:
        open_state(connection, Lake(project.lake), ring)
        _read_addresses(connection, project, kind, lines)
        return [Found(*row) for row in connection.execute(listed_addresses("given")).fetchall()]


def rotate(project: Project) -> Rotated:
    """Make every listing known to the newest key, where its address is still known.

    The caller holds the `landing` lease. Raises ConfigurationError where no key is set.
    """
    suppression = Suppression(project, load_source_tables(project.dbt_project))
    newest = suppression.ring.required().keys[0].key_id
    table = suppression.table("listings")
    with open_batch(project, project.clock.now()) as batch:
        suppression.check(batch)
        moved = batch.write_query(table, rotated_listings(), LISTING_ORDER).landed
        batch.commit()
        suppression.check(batch)
        waiting = known_by_one_key(batch.connection)
    waiting.pop(newest, None)
    return Rotated(newest, moved, waiting)


def _read_addresses(
    connection: duckdb.DuckDBPyConnection, project: Project, kind: AddressKind, lines: Iterable[str]
) -> int:
    """`given` (`line`, `address_kind`, `address`) from lines as people type them; how many addresses that are."""
    typed = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not typed:
        raise ConfigurationError("there is no address on standard input.", remedy="Give one a line.")
    numbers, texts = zip(*typed, strict=True)
    connection.register(
        "typed", pa.table({"line": pa.array(numbers, pa.int64()), "shown": pa.array(texts, pa.string())})
    )
    normalised = AddressMacros(project.dbt_project).normalised(kind, "shown")
    connection.execute(
        f"create temp table given as select line, '{kind}' as address_kind, {normalised} as address from typed"
    )
    connection.unregister("typed")
    wrong = [line for (line,) in connection.execute("select line from given where address is null").fetchall()]
    if wrong:
        told = ", ".join(map(str, sorted(wrong)[:_SHOWN_LINES])) + (", …" if len(wrong) > _SHOWN_LINES else "")
        raise ConfigurationError(
            f"{len(wrong):,} of {len(typed):,} lines are no {kind} address: line {told}.",
            remedy="Nothing was done; give them again without these.",
        )
    [(count,)] = connection.execute("select count(distinct address) from given").fetchall()
    return int(count)
