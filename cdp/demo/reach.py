"""How much of what could be known from the evidence alone has been found."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

# What a person's own record shows, by numbers: whatever two people share leads from nobody to anybody here.
_SHOWN = """
create temp table shown as
select distinct record, dense_rank() over (order by person_id, identifier_type, identifier_value) as value
from numbered join evidence using (record_key)
"""
_NUMBERED = """
create temp table numbered as
select record_key, person_id, customer, row_number() over (order by record_key) as record
from truth join assignments using (record_key)
"""
_BEGIN = "create temp table reached as select record, record as lowest from numbered"
# One step from each record over what it shows to all that show the same, and down to where the lowest of them has got.
_STEP = """
create or replace temp table reached_next as
with lowest_of_value as (
    select value, min(lowest) as lowest from shown join reached using (record) group by value
),
lowest_of_record as (
    select record, min(lowest_of_value.lowest) as lowest from shown join lowest_of_value using (value) group by record
)
select reached.record, coalesce(ahead.lowest, reached.lowest) as lowest
from reached
left join lowest_of_record using (record)
left join reached as ahead on ahead.record = lowest_of_record.lowest
"""
_MOVED = "select count(*) from reached join reached_next using (record) where reached.lowest <> reached_next.lowest"
_COUNTS = """
with cells as (
    select lowest, customer, count(*) as records from reached join numbered using (record) group by lowest, customer
),
components as (select sum(records) as records from cells group by lowest)
select
    (select coalesce(sum(records * (records - 1) // 2), 0) from cells),
    (select coalesce(sum(records * (records - 1) // 2), 0) from components)
"""


@dataclass(frozen=True, slots=True)
class ReachScore:
    """Pairs of one person's records between which some path of evidence leads: `agreed` of these are joined."""

    agreed: int
    true: int

    @property
    def recall(self) -> float:
        """Share of those pairs that are joined; 1 where there are none."""
        return self.agreed / self.true if self.true else 1.0


def reach_score(assignments: pa.Table, truth: pa.Table, evidence: pa.Table) -> ReachScore:
    """Score `assignments` on the pairs that `evidence` (`record_key`, `identifier_type`, `identifier_value`) connects.

    A pair counts where a person's own records lead from one to the other: each shows something that the next one shows.
    """
    with duckdb.connect() as engine:
        for name, table in (("assignments", assignments), ("truth", truth), ("evidence", evidence)):
            engine.register(name, table)
        for statement in (_NUMBERED, _SHOWN, _BEGIN):
            engine.execute(statement)
        while _moved(engine):
            engine.execute("create or replace temp table reached as from reached_next")
        [(agreed, true)] = engine.execute(_COUNTS).fetchall()
    return ReachScore(int(agreed), int(true))


def _moved(engine: duckdb.DuckDBPyConnection) -> int:
    engine.execute(_STEP)
    [(moved,)] = engine.execute(_MOVED).fetchall()
    return int(moved)
