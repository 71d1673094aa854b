"""The published customers of the demo, judged against its truth."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from cdp.demo.places import Places
from cdp.demo.score import PairScore, same_raw_email, score
from cdp.errors import ConfigurationError
from cdp.project import Project


@dataclass(frozen=True, slots=True)
class Judgement:
    """The product's score beside that of the naive rule, on the same records."""

    customers: PairScore
    same_raw_email: PairScore


def judge(assignments: pa.Table, truth: pa.Table) -> Judgement:
    """Judge `assignments` (`record_key`, `customer`) and the naive rule on the records that `assignments` names."""
    known = truth.join(assignments.select(["record_key"]), "record_key", join_type="left semi")
    return Judgement(score(assignments, known), score(same_raw_email(known), known))


def published_customers(project: Project) -> pa.Table:
    """One row per record of the published generation: `record_key`, `customer`."""
    from cdp.warehouse import open_warehouse

    with open_warehouse(project).reader() as reader:
        records = reader.relation("int_identity__records")
        return reader.query(f"select record_key, customer_id as customer from {records}").read_all()


def read_truth(project: Project) -> pa.Table:
    """One row per record: `record_key`, `person_id`, `email_raw`.

    Raises ConfigurationError where there is no demo world.
    """
    file = Places.of(project).truth
    if not file.is_file():
        raise ConfigurationError("there is no demo world yet.", remedy="Run `cdp demo init`.")
    return pq.read_table(file)
