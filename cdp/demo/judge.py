"""The published customers of the demo, judged against its truth."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from cdp.demo.places import Places
from cdp.demo.reach import ReachScore, reach_score
from cdp.demo.score import PairScore, same_raw_email, score
from cdp.errors import ConfigurationError
from cdp.project import Project


@dataclass(frozen=True, slots=True)
class Judgement:
    """The product's score beside that of the naive rule, on the same records.

    The `reachable` scores count those pairs only between which some path of evidence leads.
    """

    customers: PairScore
    same_raw_email: PairScore
    reachable_customers: ReachScore
    reachable_same_raw_email: ReachScore


def judge(assignments: pa.Table, truth: pa.Table, evidence: pa.Table) -> Judgement:
    """Judge `assignments` (`record_key`, `customer`) and the naive rule on the records that `assignments` names.

    `evidence` is what records show: `record_key`, `identifier_type`, `identifier_value`.
    """
    known = truth.join(assignments.select(["record_key"]), "record_key", join_type="left semi")
    naive = same_raw_email(known)
    return Judgement(
        customers=score(assignments, known),
        same_raw_email=score(naive, known),
        reachable_customers=reach_score(assignments, known, evidence),
        reachable_same_raw_email=reach_score(naive, known, evidence),
    )


def published_customers(project: Project) -> pa.Table:
    """One row per record of the published generation: `record_key`, `customer`."""
    from cdp.warehouse import open_warehouse

    with open_warehouse(project).reader() as reader:
        records = reader.relation("int_identity__records")
        return reader.query(f"select record_key, customer_id as customer from {records}").read_all()


def published_evidence(project: Project) -> pa.Table:
    """One row per record and identifier that it shows and that may link somebody, i.e. is not on the block list."""
    from cdp.warehouse import open_warehouse

    with open_warehouse(project).reader() as reader:
        observations, blocked = reader.relation("int_identity__observations"), reader.relation("identifier_block_list")
        return reader.query(
            f"select o.record_key, o.identifier_type, o.identifier_value from {observations} as o "
            f"where o.identifier_value is not null and not exists (select 1 from {blocked} as b "
            "where b.identifier_type = o.identifier_type and o.identifier_value like b.pattern)"
        ).read_all()


def read_truth(project: Project) -> pa.Table:
    """One row per record: `record_key`, `person_id`, `email_raw`.

    Raises ConfigurationError where there is no demo world.
    """
    file = Places.of(project).truth
    if not file.is_file():
        raise ConfigurationError("there is no demo world yet.", remedy="Run `cdp demo init`.")
    return pq.read_table(file)
