"""Two customers become one, are kept apart by a steward, and everything that stands on them follows.

The tests follow one another: each begins where the one before has left the company.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner

from cdp.errors import DeclarationError
from cdp.identity.commands import register
from cdp.identity.overrides import OVERRIDES_FILE
from cdp.landing.land import land
from cdp.pipeline.dbt import ensure_manifest, run_dbt
from cdp.project import Project
from cdp.starter.begin import begin_project
from cdp.warehouse import open_warehouse

FIRST_DAY = date(2024, 5, 1)
COLUMNS = "ordered_at,order_id,email,phone,first_name,last_name,city,product,quantity,amount,currency,newsletter"
LOOKED_AT = [
    f"+{model}"
    for model in (
        "segment_members",
        "sync_esp__newsletter",
        "dim_customer_ids",
        "rpt_identity_review",
        "int_identity__edges",
        "int_identity__overrides_unmatched",
    )
]
HOME, WORK = "ada@example.com", "ada.moss@example.org"
RECORDS = f"shop:customer:{HOME}", f"shop:customer:{WORK}"


class Shop:
    """The starter company with orders of our own, and a clock that we set."""

    def __init__(self, folder: Path) -> None:
        self.project = begin_project(folder, FIRST_DAY)
        settings = folder / "cdp.yml"
        settings.write_text(settings.read_text().replace("kind: system", "kind: file, file: var/clock.json"))
        self.project = Project.load(folder)
        for file in (self.project.inbox / "shop").iterdir():
            file.unlink()

    def day(self, number: int, *orders: tuple[str, str, str]) -> None:
        """Let a day come, with orders of an address, the end of a phone number and a name; and build."""
        day = date(2024, 5, number)
        if orders:
            self._deliver(day, orders)
        clock = self.project.state / "clock.json"
        clock.parent.mkdir(exist_ok=True)
        clock.write_text(json.dumps({"as_of": f"{day}T20:00:00"}))
        land(self.project, self.project.clock.now())
        self.build("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

    def build(self, *arguments: str) -> None:
        warehouse = open_warehouse(self.project)
        build = warehouse.begin(self.project.clock.now(), "test")
        command = ["build", "--quiet", "--target", build.target, "--select", *LOOKED_AT, *arguments]
        finished = run_dbt(self.project, command, build.environment, capture=True)
        assert finished.returncode == 0, finished.stdout[-3000:]
        warehouse.publish()

    def _deliver(self, day: date, orders: tuple[tuple[str, str, str], ...]) -> None:
        with (self.project.inbox / "shop" / f"orders_{day:%Y%m%d}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS.split(","))
            for number, (email, phone, name) in enumerate(orders):
                place = [f"{day} 10:00:00", f"{day}-{number}", email, f"+1202555{phone}"]
                writer.writerow([*place, *name.split(), "Porto", "Tea", 1, "5.00", "USD", "yes"])

    def rows(self, model: str, columns: str, condition: str = "1 = 1") -> list[tuple[Any, ...]]:
        with open_warehouse(self.project).reader() as reader:
            query = f"select {columns} from {reader.relation(model)} where {condition} order by {columns}"
            return [tuple(row.values()) for row in reader.query(query).read_all().to_pylist()]

    def decide(self, line: str) -> None:
        with (self.project.dbt_project / OVERRIDES_FILE).open("a") as file:
            file.write(f"{line}\n")

    def customers_of_ada(self) -> list[tuple[Any, ...]]:
        return self.rows("int_identity__records", "customer_id", f"record_key in {RECORDS}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shops") / "shop")
    others = [(f"guest{number}@example.com", f"02{number:02}", f"Guest{number} Kent") for number in range(6)]
    shop.day(1, (HOME, "0101", "Ada Moss"), (WORK, "0102", "Ada Moss"), *others)
    yield shop


@pytest.fixture
def cli(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[typer.Typer]:
    monkeypatch.setenv("CDP_PROJECT", str(shop.project.root))
    app = typer.Typer()
    register(app)
    yield app


def explained(app: typer.Typer, a: str, b: str) -> Any:
    ended = CliRunner().invoke(app, ["identity", "explain", a, b, "--json"])
    assert ended.exit_code == 0, ended.exception
    return json.loads(ended.output)


def moment(day: int) -> datetime:
    return datetime(2024, 5, day, 20)


def test_at_first_they_are_two_and_share_nothing(shop: Shop, cli: typer.Typer) -> None:
    assert shop.customers_of_ada() == [(1,), (2,)]
    told = explained(cli, *RECORDS)
    assert (told["is_one_customer"], told["path"], told["obstacles"]) == (False, None, [])


def test_a_phone_they_share_makes_them_one(shop: Shop, cli: typer.Typer) -> None:
    shop.day(2, (WORK, "0101", "Ada Moss"))
    assert shop.customers_of_ada() == [(1,), (1,)]
    assert shop.rows(
        "int_identity__merges", "kind, old_customer_id, new_customer_id, cause, rule, node_id, other_node_id"
    ) == [("merge", 2, 1, "link made", "phone_and_name", 2, 1)]
    assert shop.rows("dim_customer_ids", "customer_id, valid_from, valid_to", "issued_customer_id = 2") == [
        (1, moment(2), None),
        (2, moment(1), moment(2)),
    ]
    assert shop.rows("dim_customers", "customer_id", "customer_id <= 2") == [(1,)]
    assert shop.rows("sync_esp__newsletter", "customer_id", f"email in ('{HOME}', '{WORK}')") == [(1,)]


def test_the_path_between_them_is_explained(cli: typer.Typer) -> None:
    told = explained(cli, "2", RECORDS[0])
    assert told["a"]["replaced_id"] == 2
    (hop,) = explained(cli, *RECORDS)["path"]
    assert {hop[side]["rule"] for side in ("near", "far")} == {"phone_and_name"}
    assert [hop[side]["record_key"] for side in ("near", "far")] == list(RECORDS)
    printed = CliRunner().invoke(cli, ["identity", "explain", *RECORDS]).output
    assert "are one customer: 1." in printed


def test_a_steward_keeps_them_apart_and_the_lost_id_comes_back(shop: Shop) -> None:
    shop.decide(f"{RECORDS[0]},{RECORDS[1]},never,sisters")
    shop.decide(f"{RECORDS[0]},shop:customer:nobody@example.com,always,misspelt")
    shop.day(3)
    assert shop.customers_of_ada() == [(1,), (2,)]
    assert shop.rows(
        "int_identity__merges", "kind, old_customer_id, new_customer_id, cause, reason", "changed_at > '2024-05-03'"
    ) == [("split", 1, 2, "link undone", "keeps apart by steward")]
    assert shop.rows("dim_customer_ids", "customer_id", "issued_customer_id = 2 and is_current") == [(2,)]
    assert shop.rows("int_identity__overrides_unmatched", "is_a_unknown, is_b_unknown") == [(False, True)]


def test_what_stands_on_them_follows(shop: Shop) -> None:
    assert shop.rows("dim_customers", "customer_id", "customer_id <= 2") == [(1,), (2,)]
    assert shop.rows("segment_members", "customer_id", "customer_id <= 2 and segment_name = 'active_shoppers'") == [
        (1,),
        (2,),
    ]
    assert shop.rows("sync_esp__newsletter", "customer_id, email", f"email in ('{HOME}', '{WORK}')") == [
        (1, HOME),
        (2, WORK),
    ]


def test_why_they_did_not_meet_is_told(cli: typer.Typer) -> None:
    obstacles = explained(cli, *RECORDS)["obstacles"]
    assert obstacles[0]["kind"] == "steward"
    assert {"value"} == {obstacle["kind"] for obstacle in obstacles[1:]}
    assert {"phone"} == {obstacle["shown"][0] for obstacle in obstacles[1:]}


def test_the_review_lists_what_keeps_them_apart(shop: Shop) -> None:
    listed = shop.rows("rpt_identity_review", "rule, customers_count, oldest_customer_id, newest_customer_id")
    assert ("phone_and_name", 2, 1, 2) in listed


def test_a_customer_is_shown_with_a_picture(cli: typer.Typer, tmp_path: Path) -> None:
    picture = tmp_path / "one.svg"
    ended = CliRunner().invoke(cli, ["identity", "show", "1", "--svg", str(picture)])
    assert ended.exit_code == 0, ended.exception
    assert "phone" in "".join(ET.parse(picture).getroot().itertext())


@pytest.mark.proof
def test_a_full_refresh_keeps_the_histories(shop: Shop) -> None:
    merges, ids = (shop.rows(model, "count(*)") for model in ("int_identity__merges", "dim_customer_ids"))
    shop.build("--full-refresh", "--exclude-resource-type", "unit_test")
    assert shop.rows("int_identity__merges", "count(*)") == merges
    assert shop.rows("dim_customer_ids", "count(*)") == ids
    assert shop.customers_of_ada() == [(1,), (2,)]


def test_contradictory_overrides_stop_the_next_run_before_dbt_starts(shop: Shop) -> None:
    shop.decide(f"{RECORDS[1]},{RECORDS[0]},always,after all")
    with pytest.raises(DeclarationError, match=r"identity_overrides.csv:4: the pair is `never` and `always` at once"):
        ensure_manifest(shop.project)
