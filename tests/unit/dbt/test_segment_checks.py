"""Hand-written segments are held to list customers, each once, on both engines."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from cdp.declarations.segments import ModelReference, Segment
from cdp.segments.checks import checks
from tests.doubles.dbt_project import EmptyWarehouse

CUSTOMERS = "select cast(1 as bigint) as customer_id union all select cast(2 as bigint) as customer_id"
LISTED = {
    "good": "select cast(1 as bigint) as customer_id",
    "text": "select '1' as customer_id",
    "nameless": "select cast(1 as bigint) as customer",
    "twice": f"{CUSTOMERS} union all select cast(2 as bigint) as customer_id",
    "stranger": "select cast(3 as bigint) as customer_id",
    "nobody": "select cast(null as bigint) as customer_id",
}


def generated() -> dict[Path, str]:
    definitions = {name: ModelReference(f"seg_{name}") for name in LISTED}
    return checks({name: Segment(name, "", "", Path(), each) for name, each in definitions.items()}, [])


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_model_that_lists_anything_but_customers_fails(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    if engine == "postgres":
        monkeypatch.setenv("CDP_TEST_WAREHOUSE_URL", request.getfixturevalue("postgres_database"))
    warehouse = EmptyWarehouse(tmp_path / engine, engine)
    dbt_project = warehouse.project.dbt_project
    # The sheet of traits, without the models that it is made from.
    traits = dbt_project / "models/marts/customers/dim_customer_traits.sql"
    traits.write_text("{{ config(contract={'enforced': false}) }}\n" + CUSTOMERS)
    for name, query in LISTED.items():
        (dbt_project / f"models/marts/segments/hand_written/seg_{name}.sql").write_text(query)
    for path, text in generated().items():
        (dbt_project / path).write_text(text)
    models = ["dim_customer_traits", *(f"seg_{name}" for name in LISTED)]
    warehouse.dbt("run", "--select", *models)
    with pytest.raises(AssertionError) as failed:
        warehouse.dbt("test", "--select", *(f"segment_{name}" for name in LISTED))
    judged = dict(reversed(each) for each in re.findall(r"(PASS|FAIL|ERROR)(?: \d+)? segment_(\w+)", str(failed.value)))
    assert judged == {name: "PASS" if name == "good" else "FAIL" for name in LISTED}


def test_a_check_names_the_file_that_declares_the_segment() -> None:
    text = generated()[Path("tests/segments/segment_twice.sql")]
    assert "'finding': 'activation/segments/twice.yml: in `seg_twice`, `customer_id` must be" in text


def test_an_event_that_nobody_declared_is_told_and_stops_nothing() -> None:
    (text,) = checks({}, ["order_placed", "email_open"]).values()
    assert "severity='warn'" in text
    assert "'finding': 'activation/events.yml lacks names of events that `fct_customer_events` has" in text
    with duckdb.connect() as connection:
        connection.execute("create table fct_customer_events as select 'order_placed' as event_type")
        query = text[text.index("select") :].replace("{{ ref('fct_customer_events') }}", "fct_customer_events")
        assert connection.execute(query).fetchall() == []
        connection.execute("insert into fct_customer_events values ('sms_open'), ('sms_open')")
        assert connection.execute(query).fetchall() == [("sms_open", 2)]
