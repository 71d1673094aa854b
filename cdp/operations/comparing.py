"""Two generations side by side: rows per table and who came and went, members per segment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdp.pipeline.dbt import ensure_manifest
from cdp.pipeline.summary import segment_sizes
from cdp.project import Project
from cdp.warehouse import SideBySide, Warehouse, open_warehouse

INNER_ROOMS = ("int_", "stg_")
# What a build writes about itself differs in every generation.
_OF_THE_BUILD = {"_arrival", "_batch", "_file", "_line", "_loaded_at"}
Keys = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TableChange:
    """One table: rows in both, and by key what was added, removed and changed; None where it has no known key."""

    table: str
    older: int
    newer: int
    added: int | None
    removed: int | None
    changed: int | None

    @property
    def is_change(self) -> bool:
        return self.older != self.newer or bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class SegmentChange:
    segment: str
    older: int
    newer: int


@dataclass(frozen=True, slots=True)
class Difference:
    older: int
    newer: int
    tables: list[TableChange]
    segments: list[SegmentChange]


def compare(project: Project, older: int, newer: int, *, inner: bool = False) -> Difference:
    """Compare two kept generations table by table; `inner`: the tables between sources and marts too.

    Raises ConfigurationError where one is not kept.
    """
    warehouse, keys = open_warehouse(project), known_keys(json.loads(ensure_manifest(project).read_text()))
    with warehouse.side_by_side(older, newer) as both:
        before, after = both.columns(older), both.columns(newer)
        tables = [
            _table(both, (older, newer), table, (before.get(table, []), after.get(table, [])), keys.get(table, ()))
            for table in sorted({*before, *after})
            if inner or not table.startswith(INNER_ROOMS)
        ]
    return Difference(older, newer, tables, _segments(warehouse, older, newer))


def known_keys(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """By model, the columns that a test of the project holds unique."""
    keys: dict[str, tuple[str, ...]] = {}
    for node in manifest["nodes"].values():
        test, model = node.get("test_metadata"), manifest["nodes"].get(node.get("attached_node") or "")
        if not test or not model:
            continue
        if test["name"] == "unique":
            keys[model["name"]] = (test["kwargs"]["column_name"].strip('"'),)
        elif test["name"] == "unique_combination":
            keys.setdefault(model["name"], tuple(test["kwargs"]["columns"]))
    return keys


def _table(
    both: SideBySide, numbers: tuple[int, int], table: str, columns: tuple[list[str], list[str]], key: tuple[str, ...]
) -> TableChange:
    older, newer = (_count(both, number, table) if there else 0 for number, there in zip(numbers, columns, strict=True))
    common = [column for column in columns[0] if column in columns[1]]
    if not key or not set(key) <= set(common):
        return TableChange(table, older, newer, None, None, None)
    compared = [column for column in common if column not in key and column not in _OF_THE_BUILD]
    a, b = (both.relation(number, table) for number in numbers)
    ((added, removed, changed),) = both.query(_keyed(a, b, key, compared))
    return TableChange(table, older, newer, added or 0, removed or 0, changed or 0)


def _keyed(a: str, b: str, key: tuple[str, ...], compared: list[str]) -> str:
    # A key has no nulls, as a full join needs it: what has is found on neither side.
    same = " and ".join(f'a."{column}" = b."{column}"' for column in key)
    differs = " or ".join(f'a."{column}" is distinct from b."{column}"' for column in compared) or "false"
    first = f'"{key[0]}"'
    return (
        f"select cast(sum(case when a.{first} is null then 1 end) as bigint), "
        f"cast(sum(case when b.{first} is null then 1 end) as bigint), "
        f"cast(sum(case when a.{first} is not null and b.{first} is not null and ({differs}) then 1 end) as bigint) "
        f"from {a} as a full join {b} as b on {same}"
    )


def _count(both: SideBySide, number: int, table: str) -> int:
    ((counted,),) = both.query(f"select count(*) from {both.relation(number, table)}")
    return int(counted)


def _segments(warehouse: Warehouse, older: int, newer: int) -> list[SegmentChange]:
    sizes = []
    for number in (older, newer):
        with warehouse.reader_of(number) as reader:
            sizes.append(segment_sizes(reader))
    before, after = sizes
    return [SegmentChange(name, before.get(name, 0), after.get(name, 0)) for name in sorted({*before, *after})]
