"""What a failed dbt build is told as: the node, the cause, and no data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp.pipeline.dbt_failures import BuildLog


def _event(name: str, **data: Any) -> dict[str, Any]:
    return {"info": {"name": name}, "data": data}


def _failed(message: str) -> dict[str, Any]:
    node = {"node_name": "stg_crm__contacts", "resource_type": "model"}
    return _event("RunResultError", node_info=node, msg=message)


def test_it_counts_what_is_done() -> None:
    log = BuildLog()
    log.follow(_event("LogStartLine", total=12))
    finished = log.follow(_event("LogModelResult", node_info={"node_name": "dim_customers"}))
    assert (finished, log.done, log.total, log.failures) == ("dim_customers", 1, 12, [])


@pytest.mark.parametrize(
    "message",
    [
        "Runtime Error in model x\n  Conversion Error: Could not convert string 'anna@example.com' to INT64",
        'Conversion Error: invalid value "anna@example.com" here',
        "Constraint Error: Duplicate key anna@example.com violates",
        "Database Error\n  Error: DETAIL: Key (phone)=(+7 916 123-45-67) exists",
        "Conversion Error: 'Anna O''Neil' is no date",
        "Conversion Error: 'Anna O'Neil' is no date",
        'Database Error in model x (models/x.sql)\n  Error: invalid input syntax for type bigint: "Anna"\n  LINE 5: …',
        'Database Error\n  Error: duplicate key: Key (name)=(Anna "O") exists',
    ],
)
def test_it_names_the_cause_and_masks_what_it_quotes(message: str) -> None:
    log = BuildLog()
    log.follow(_failed(message))
    told = str(log.error(Path("compiled")))
    assert "model stg_crm__contacts: " in told
    assert "Error: " in told
    assert not [value for value in ("anna@", "Anna", "O'", "123-45", "916") if value in told]


def test_it_keeps_the_names_that_an_engineer_needs() -> None:
    log = BuildLog()
    log.follow(_failed('Binder Error: Referenced column "no_such" not found in FROM clause!'))
    assert 'Referenced column "no_such" not found' in log.failures[0]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "Compilation Error in model fct_orders (models/fct_orders.sql)\n  This model has an enforced contract that "
            "failed.\n  | column | type |\n  > in macro assert_columns_equivalent (macros/x.sql)\n  > called by x",
            "This model has an enforced contract that failed",
        ),
        (
            'Database Error in model x (models/x.sql)\n  column "y" does not exist\n  LINE 5: select y\n'
            "  compiled code at /var/dbt/x.sql",
            'column "y" does not exist',
        ),
        ("", "no reason given"),
    ],
)
def test_it_says_why_and_not_where_the_trace_ends(message: str, cause: str) -> None:
    log = BuildLog()
    log.follow(_failed(message))
    assert log.failures == [f"model stg_crm__contacts: {cause}"]


def test_a_test_is_told_in_its_own_words() -> None:
    node = {"node_name": "segment_a", "resource_type": "test", "meta": {"finding": "a.yml: `seg_a` lists nobody"}}
    log = BuildLog()
    log.follow(_event("RunResultError", node_info=node, msg="Got 2 results, configured to fail if != 0"))
    log.follow(_event("LogTestResult", node_info=node, status="warn", num_failures=1))
    assert log.failures == ["a.yml: `seg_a` lists nobody (2 rows)"]
    assert log.warnings == ["a.yml: `seg_a` lists nobody (1 row)"]


def test_many_failures_are_summed_up() -> None:
    log = BuildLog()
    for count in range(8):
        log.follow(_failed(f"Got {count} results, configured to fail if != 0"))
    assert "(and 3 more)" in str(log.error(Path("compiled")))


def test_a_full_disk_is_told_once() -> None:
    log = BuildLog()
    for model in ("a", "b"):
        log.follow(_failed(f'IO Error: Could not write file "/var/{model}.wal": No space left on device'))
    assert "thrown away: there is no space left on the disk. Readers" in str(log.error(Path("compiled")))
