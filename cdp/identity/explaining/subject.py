"""Whom a person means by a record key, or by a customer id of any age."""

from __future__ import annotations

from dataclasses import dataclass

from cdp.errors import CdpError
from cdp.warehouse.port import Reader

_GREATEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Subject:
    """A record of the published generation and its customer; `replaced_id` is the older customer id that was given."""

    record_key: str
    node_id: int
    customer_id: int
    replaced_id: int | None = None


def find_subject(reader: Reader, given: str) -> Subject:
    """The record `given` names, or the oldest record of the customer whose id it is.

    Raises CdpError where there is none.
    """
    if given.isascii() and given.isdecimal():
        return _by_customer(reader, int(given))
    return _by_record(reader, given)


def _by_record(reader: Reader, record_key: str) -> Subject:
    if found := _subjects(reader, "record_key = ?", record_key):
        return found[0]
    nodes = reader.relation("int_identity__nodes")
    known = reader.query(f"select 1 as found from {nodes} where record_key = ?", [record_key]).read_all().num_rows
    if known:
        raise CdpError(f"the source has taken the record {record_key} back.", remedy="It belongs to nobody now.")
    raise CdpError(
        f"there is no record `{record_key}` in the published generation.",
        remedy="Record keys are written `<source>:<entity>:<id>`.",
    )


def _by_customer(reader: Reader, customer_id: int) -> Subject:
    if customer_id > _GREATEST_ID:
        raise _never_issued(customer_id)
    if found := _subjects(reader, "customer_id = ?", customer_id):
        return found[0]
    ids = reader.relation("dim_customer_ids")
    query = f"select customer_id from {ids} where issued_customer_id = ? and is_current"
    current = reader.query(query, [customer_id]).read_all().to_pylist()
    if not current:
        raise _never_issued(customer_id)
    if current[0]["customer_id"] is None:
        raise CdpError(f"customer {customer_id} is gone: the sources have taken all their records back.")
    (subject, *_) = _subjects(reader, "customer_id = ?", current[0]["customer_id"])
    return Subject(subject.record_key, subject.node_id, subject.customer_id, replaced_id=customer_id)


def _never_issued(customer_id: int) -> CdpError:
    return CdpError(
        f"no customer has ever had the id {customer_id}.", remedy="A record is asked for by its key, not by its number."
    )


def _subjects(reader: Reader, condition: str, value: str | int) -> list[Subject]:
    records = reader.relation("int_identity__records")
    query = f"select record_key, node_id, customer_id from {records} where {condition} order by node_id limit 1"
    return [Subject(**row) for row in reader.query(query, [value]).read_all().to_pylist()]
