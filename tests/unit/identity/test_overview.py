"""What a customer's records show, as it is summed up by the engine, is what counting in Python gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random

import adbc_driver_postgresql.dbapi as adbc

from cdp.identity.explaining.links import Link, joining_links, links_shared_with
from cdp.identity.explaining.overview import oldest_records, overview_of
from cdp.identity.picture.contents import picture_contents
from cdp.warehouse.port import Reader
from cdp.warehouse.postgres import PostgresReader
from tests.doubles.identity_links import SEEN, link, warehouse
from tests.doubles.readers import MemoryReader

RULES = {"email": 3, "email_and_name": 2, "phone": 3}
REASONS = (None, None, None, "shared record", "more than 5 customers")


def random_links(random: Random, records: int) -> list[Link]:
    found = {}
    for _ in range(2 * records):
        node, rule, value = random.randrange(records), random.choice(list(RULES)), str(random.randrange(6))
        found[node, rule, value] = link(
            f"a:b:{node}", value, rule=rule, tier=RULES[rule], node=node, reason=random.choice(REASONS)
        )
    return list(found.values())


def counted(links: list[Link], customer: int) -> list[tuple[str, str, int, int, str | None]]:
    shown: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for each in links:
        if each.node_id % 2 == customer:
            shown[each.shown].append(each)
    rows = []
    for (kind, value), own in shown.items():
        linking = {each.node_id for each in own if each.is_active}
        first: dict[int, set[str]] = defaultdict(set)
        for each in own:
            first[each.node_id] |= {each.suppression_reason} - {None}  # type: ignore[arg-type]
        reasons = sorted({min(of_record) for of_record in first.values() if of_record})
        rows.append((kind, value, len({each.node_id for each in own}), len(linking), "; ".join(reasons) or None))
    return sorted(rows, key=lambda row: (-row[2], row[:2]))


def test_values_are_counted_by_records_and_links() -> None:
    for seed in range(5):
        links = random_links(Random(seed), 40)
        reader = warehouse(links, [(f"a:b:{node}", node, node % 2) for node in range(40)])
        found, expected = overview_of(reader, 1, 7), counted(links, 1)
        assert [(v.kind, v.value, v.records, v.linking, v.reasons) for v in found.values] == expected[:7]
        assert (found.records, found.values_shown) == (20, len(expected))


def test_records_come_oldest_first_also_those_that_show_nothing() -> None:
    links = [link("a:b:2", "x", node=2), link("a:b:2", "x", rule="email_and_name", node=2), link("a:b:3", "y", node=3)]
    reader = warehouse(links, [(f"a:b:{node}", node, 1) for node in range(4, 0, -1)])
    found = [(each.node_id, each.values_shown, each.first_seen_at) for each in oldest_records(reader, 1, 3)]
    assert found == [(1, 0, None), (2, 1, SEEN), (3, 1, SEEN)]


@contextmanager
def moved_to_postgres(reader: MemoryReader, url: str) -> Iterator[PostgresReader]:
    """The same generation, as the product reads it on PostgreSQL."""
    with adbc.connect(url) as connection:
        for table in ("int_identity__records", "int_identity__edges"):
            with connection.cursor() as cursor:
                cursor.adbc_ingest(table, reader.connection.sql(f"from {table}").to_arrow_reader(1_000))
        connection.commit()
        with closing(PostgresReader(connection, reader.generation, "public")) as moved:
            yield moved


def told(reader: Reader) -> list[object]:
    """Everything that is asked about the customers 0 and 1."""
    overview = overview_of(reader, 1, 40)
    return [
        oldest_records(reader, 1, 5),
        overview,
        picture_contents(reader, overview),
        joining_links(reader, 1, (1, 3)),
        links_shared_with(reader, 1, 0, 1),
    ]


def test_postgresql_tells_the_same(postgres_database: str) -> None:
    links = random_links(Random(0), 100)
    reader = warehouse(links, [(f"a:b:{node}", node, node % 2) for node in range(100)])
    with moved_to_postgres(reader, postgres_database) as moved:
        assert told(moved) == told(reader)
