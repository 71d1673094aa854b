"""How well an assignment of customers to records agrees with who the records are really about."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from cdp.identity.evaluation.share import Share

PAIR_COUNTS = """
with cells as (
    select person_id, customer, count(*) as records
    from truth join assignments using (record_key)
    group by person_id, customer
),
persons as (select sum(records) as records from cells group by person_id),
customers as (select sum(records) as records from cells group by customer)
select
    (select coalesce(sum(records), 0) from cells),
    (select coalesce(sum(records * (records - 1) // 2), 0) from cells),
    (select coalesce(sum(records * (records - 1) // 2), 0) from customers),
    (select coalesce(sum(records * (records - 1) // 2), 0) from persons)
"""


@dataclass(frozen=True, slots=True)
class PairScore(Share):
    """Pairs of `records`: `agreed` are joined rightly, `claimed` joined at all, `true` of one person."""

    records: int


def score(assignments: pa.Table, truth: pa.Table) -> PairScore:
    """Score `assignments` (`record_key`, `customer`) against `truth` (`record_key`, `person_id`).

    Only records that both know count: a record that has not arrived yet can be judged by nobody. Counted from the
    sizes of the intersections, never pair by pair.
    """
    with duckdb.connect() as engine:
        engine.register("assignments", assignments)
        engine.register("truth", truth)
        [(records, agreed, claimed, true)] = engine.execute(PAIR_COUNTS).fetchall()
    return PairScore(int(agreed), int(claimed), int(true), int(records))


def same_raw_email(truth: pa.Table) -> pa.Table:
    """The naive assignment: one customer per e-mail as it was written; a record without one stands alone."""
    with duckdb.connect() as engine:
        engine.register("truth", truth)
        return engine.sql(
            "select record_key, coalesce('email ' || nullif(email_raw, ''), record_key) as customer from truth"
        ).to_arrow_table()
