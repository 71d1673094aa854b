"""A column that nobody declared is kept as text, under a name that is safe everywhere."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.doubles.inbox import Company, ndjson


def test_a_new_column_lands_beside_the_declared_ones(company: Company) -> None:
    company.deliver("people/1.csv", "person_id,email,orders\n1,a@example.com,2\n")
    company.deliver("people/2.csv", "person_id,loyalty tier,email,orders\n2,gold,,3\n")
    company.land_one("people")
    assert company.columns("people") == ["person_id", "email", "orders", "loyalty_tier"]
    assert company.rows("people", "person_id, loyalty_tier") == [("1", None), ("2", "gold")]


@pytest.mark.parametrize(
    ("found", "landed"),
    [
        ("E-mail", "e_mail"),
        ("email ", "email_new"),
        ("Email", "email_new"),
        ("_batch", "batch"),
        ("_op", "op"),
        ("_file", "file"),
        ("_line", "line"),
        ("_text", "text"),
        ("_problem", "problem"),
        ("_arrival", "arrival"),
        ("filename", "filename"),
        ("n", "n"),
        ("2fa", "c_2fa"),
        ("Город", "column"),
        ("select", "select"),
        ('drop"; --', "drop"),
        ("a/b~c", "a_b_c"),
        ("it's", "it_s"),
        ("x" * 200, "x" * 50),
    ],
)
def test_a_new_name_is_made_safe_in_every_format(company: Company, found: str, landed: str) -> None:
    quoted = found.replace('"', '""')
    company.deliver("people/1.csv", f'person_id,"{quoted}",email\n1,new,old\n')
    company.deliver("events/1.ndjson", ndjson([{"messageId": "1", found: "new", "email": "old"}]))
    company.deliver_parquet("products/1.parquet", [{"product_id": "1", found: "new", "email_": 1}])
    result = company.land()
    assert (result.refused, result.landed) == (0, 3)
    assert company.rows("people", f'email, "{landed}"') == [("old", "new")]
    assert company.rows("events", f'email, "{landed}"') == [("old", "new")]
    name = landed.removesuffix("_new")  # products declare no `email`
    assert company.rows("products", f'"{name}"') == [("new",)]


def test_names_that_differ_by_case_alone_all_land(company: Company) -> None:
    company.deliver("people/1.csv", "person_id,email,Email,EMAIL\n1,a,b,c\n")
    company.deliver("events/1.ndjson", ndjson([{"messageId": "1", "email": "a", "Email": "b", "EMAIL": "c"}]))
    company.land()
    assert sorted(company.rows("people", "email, email_new, email_new_new")[0]) == ["a", "b", "c"]
    assert sorted(company.rows("events", "email, email_new, email_new_new")[0]) == ["a", "b", "c"]
    assert company.rows("people", "email") == company.rows("events", "email") == [("a",)]


def test_a_new_column_of_any_type_is_text(company: Company) -> None:
    schema = pa.schema({"product_id": pa.string(), "size": pa.int64(), "tags": pa.list_(pa.string())})
    company.deliver_parquet("products/1.parquet", [{"product_id": "a", "size": 7, "tags": ["x", "y"]}], schema)
    company.deliver_parquet("products/2.parquet", [{"product_id": "b", "size": "large"}])
    company.land_one("products")
    assert company.rows("products", "size, tags") == [("7", '["x","y"]'), ("large", None)]
