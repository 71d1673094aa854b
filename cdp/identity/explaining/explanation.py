"""The whole answer about two records: how they meet, or what keeps them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdp.identity.explaining.links import joining_links, links_shared_with
from cdp.identity.explaining.obstacles import Obstacle, obstacles
from cdp.identity.explaining.path import Hop, strongest_path
from cdp.identity.explaining.subject import Subject, find_subject
from cdp.warehouse.port import Reader

MATCH_PAIRS = "int_identity__match_pairs"
_NEAREST = 5


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike the two customers' most alike records are: a probability, 0 to 1."""

    record_key_a: str
    record_key_b: str
    match_probability: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`path` is None where the two are different customers; then `obstacles`, `nearest` and `likeness` say why.

    `nearest` are customers that share something with both, asked for only where the two share nothing themselves.
    """

    a: Subject
    b: Subject
    path: list[Hop] | None
    obstacles: list[Obstacle]
    nearest: list[int]
    likeness: Likeness | None

    @property
    def is_one_customer(self) -> bool:
        return self.a.customer_id == self.b.customer_id


def explain(reader: Reader, given_a: str, given_b: str) -> Explanation:
    """Explain two records, or two customers by their oldest records.

    Raises CdpError where one of them does not exist.
    """
    a, b = find_subject(reader, given_a), find_subject(reader, given_b)
    if a.customer_id == b.customer_id:
        links = joining_links(reader, a.customer_id, (a.node_id, b.node_id))
        return Explanation(a, b, strongest_path(links, a.record_key, b.record_key), [], [], None)
    mine = links_shared_with(reader, a.customer_id, b.customer_id, a.node_id)
    theirs = links_shared_with(reader, b.customer_id, a.customer_id, b.node_id)
    found = obstacles(mine, theirs, (a.record_key, b.record_key))
    nearest = [] if found else _nearest(reader, a.customer_id, b.customer_id)
    return Explanation(a, b, None, found, nearest, _likeness(reader, a.customer_id, b.customer_id))


def _nearest(reader: Reader, *customers: int) -> list[int]:
    """The oldest customers who share a value with each of the two."""
    edges, records = reader.relation("int_identity__edges"), reader.relation("int_identity__records")
    sharing = (
        f"select theirs.customer_id from {edges} as e inner join {records} as theirs on e.node_id = theirs.node_id "
        f"inner join (select distinct m.identifier_type, m.identifier_value from {edges} as m "
        f"inner join {records} as mine on m.node_id = mine.node_id where mine.customer_id = ?) as shown "
        "on e.identifier_type = shown.identifier_type and e.identifier_value = shown.identifier_value"
    )
    query = f"{sharing} intersect {sharing} order by customer_id limit {_NEAREST}"
    return [int(row["customer_id"]) for row in reader.query(query, customers).read_all().to_pylist()]


def _likeness(reader: Reader, a: int, b: int) -> Likeness | None:
    """The most alike pair between two customers; None where no pair of theirs was compared, or no model compares."""
    if not _exists(reader, MATCH_PAIRS):
        return None
    pairs, records = reader.relation(MATCH_PAIRS), reader.relation("int_identity__records")
    query = (
        "select p.record_key_a, p.record_key_b, cast(p.match_probability as double precision) as match_probability "
        f"from {pairs} as p "
        f"inner join {records} as one on p.record_key_a = one.record_key "
        f"inner join {records} as other on p.record_key_b = other.record_key "
        "where (one.customer_id = ? and other.customer_id = ?) or (one.customer_id = ? and other.customer_id = ?) "
        "order by p.match_probability desc, p.record_key_a, p.record_key_b limit 1"
    )
    found: list[dict[str, Any]] = reader.query(query, [a, b, b, a]).read_all().to_pylist()
    return Likeness(**found[0]) if found else None


def _exists(reader: Reader, model: str) -> bool:
    query = "select 1 as found from information_schema.tables where table_name = ?"
    return bool(reader.query(query, [model]).read_all().num_rows)
