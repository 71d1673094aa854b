"""How well an assignment of customers to records agrees with who the records are really about."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

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
class PairScore:
    """Pairs of records: `agreed` are joined rightly, `claimed` joined at all, `true` of one person."""

    records: int
    agreed: int
    claimed: int
    true: int

    @property
    def precision(self) -> float:
        """Share of joined pairs that belong together; 1 where nothing is joined."""
        return self.agreed / self.claimed if self.claimed else 1.0

    @property
    def recall(self) -> float:
        """Share of true pairs that are joined; 1 where there are none."""
        return self.agreed / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def score(assignments: pa.Table, truth: pa.Table) -> PairScore:
    """Score `assignments` (`record_key`, `customer`) against `truth` (`record_key`, `person_id`).

    Only records that both know count: a record that has not arrived yet can be judged by nobody. Counted from the
    sizes of the intersections, never pair by pair.
    """
    with duckdb.connect() as engine:
        engine.register("assignments", assignments)
        engine.register("truth", truth)
        [(records, agreed, claimed, true)] = engine.execute(PAIR_COUNTS).fetchall()
    return PairScore(int(records), int(agreed), int(claimed), int(true))


def same_raw_email(truth: pa.Table) -> pa.Table:
    """The naive assignment: one customer per e-mail as it was written; a record without one stands alone."""
    with duckdb.connect() as engine:
        engine.register("truth", truth)
        return engine.sql(
            "select record_key, coalesce('email ' || nullif(email_raw, ''), record_key) as customer from truth"
        ).to_arrow_table()
