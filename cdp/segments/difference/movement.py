"""How the members of a segment move from one side of a comparison to the other."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from cdp.declarations.segments import Segments
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.segments.members import members_sql, require_published
from cdp.warehouse import Reader

_NOBODY = pa.table({CUSTOMER_KEY: pa.array([], pa.int64())})
_COMPARED = """
select count(before.customer_id), count(after.customer_id),
    count(*) - count(before.customer_id), count(*) - count(after.customer_id)
from before full outer join after on before.customer_id = after.customer_id
"""


@dataclass(frozen=True, slots=True)
class Side:
    """The segments of one side, and a generation with that side's models."""

    segments: Segments
    reader: Reader

    def members(self, name: str) -> pa.Table:
        """One `customer_id` per member; nobody where the side has no such segment.

        Raises CdpError where the generation lacks something that the segment asks.
        """
        segment = self.segments.get(name)
        if segment is None:
            return _NOBODY
        require_published(self.reader, segment, self.segments)
        return self.reader.query(members_sql(self.reader, segment, self.segments)).read_all()


@dataclass(frozen=True, slots=True)
class Movement:
    """Members on both sides, and how many of them are on one side only."""

    before: int
    after: int
    enter: int
    leave: int


def former_names(old: Segments, new: Segments) -> dict[str, str]:
    """The names that renamed segments have in `old`, by those they have in `new`."""
    return {
        segment.name: former
        for segment in new.values()
        for former in segment.formerly
        if former in old and former not in new and segment.name not in old
    }


def movement(name: str, old: Side, new: Side) -> Movement:
    """Compare the two sides beside them, for they may be two files, or an engine that is not ours."""
    with duckdb.connect() as connection:
        connection.register("before", old.members(former_names(old.segments, new.segments).get(name, name)))
        connection.register("after", new.members(name))
        (counts,) = connection.execute(_COMPARED).fetchall()
    return Movement(*counts)
