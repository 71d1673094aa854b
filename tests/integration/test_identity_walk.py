"""Two customers become one, are kept apart by a steward, and everything that stands on them follows.

The tests follow one another: each begins where the one before has left the company.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner

from cdp.errors import DeclarationError
from cdp.identity.commands import register
from cdp.identity.overrides import load_overrides
from cdp.pipeline.dbt import ensure_manifest
from cdp.warehouse import open_warehouse
from tests.integration.identity_pages import PAGES, commands, over, queries
from tests.integration.shop import Shop

HOME, WORK = "ada@example.com", "ada.moss@example.org"
RECORDS = f"shop:customer:{HOME}", f"shop:customer:{WORK}"


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
    assert shop.customers_of(*RECORDS) == [(1,), (2,)]
    told = explained(cli, *RECORDS)
    assert (told["is_one_customer"], told["path"], told["obstacles"]) == (False, None, [])


def test_a_phone_they_share_makes_them_one(shop: Shop, cli: typer.Typer) -> None:
    shop.day(2, (WORK, "0101", "Ada Moss"))
    assert shop.customers_of(*RECORDS) == [(1,), (1,)]
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
    assert shop.customers_of(*RECORDS) == [(1,), (2,)]
    assert shop.rows(
        "int_identity__merges", "kind, old_customer_id, new_customer_id, cause, reason", "changed_at > '2024-05-03'"
    ) == [("split", 1, 2, "link undone", "a steward keeps apart those it would join")]
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


# What stands for the words of the pages, here.
MEANT = {"ID": "1", "RECORD": RECORDS[0], "OTHER_RECORD": RECORDS[1], "OLDEST": "1", "NEWEST": "2"}
# What the walk, the docs test and the tests of the demo run, and the queries of `cdp dbt show` the test below.
ELSEWHERE = ("cdp run", "cdp compile", "cdp dbt", "cdp demo score")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_pages_runs(shop: Shop, cli: typer.Typer, tmp_path: Path, page: str) -> None:
    for command in commands(page):
        words = shlex.split(command)
        if words[:2] == ["cdp", "identity"]:
            ask_for(cli, words[1:], tmp_path)
        elif command not in ELSEWHERE and words[:3] != ["cdp", "dbt", "show"]:
            type_in(shop, command)
    load_overrides(shop.project.dbt_project)


def ask_for(app: typer.Typer, words: list[str], folder: Path) -> None:
    """Explain or show our own records; of what other tests run, see that the options are there."""
    if words[1] in ("train", "evaluate"):
        told = CliRunner().invoke(app, [*words[:2], "--help"], env={"COLUMNS": "200"}).output
        assert all(word in told for word in (each.strip("[") for each in words) if word.startswith("--"))
        return
    meant = [MEANT.get(word, RECORDS[word.startswith("web:")] if ":" in word else word) for word in words]
    ended = CliRunner().invoke(app, [str(folder / word) if word.endswith(".svg") else word for word in meant])
    assert ended.exit_code == 0, (words, ended.exception)


def type_in(shop: Shop, command: str) -> str:
    """Run a command in the company's folder; what it printed."""
    path = f"PATH={Path(sys.executable).parent}:$PATH COLUMNS=200"
    ended = subprocess.run(
        ["bash", "-c", f"export {path}; {command}"], cwd=shop.project.root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}"
    return ended.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_query_of_the_pages_runs(shop: Shop, page: str) -> None:
    with open_warehouse(shop.project).reader() as reader:
        for query in queries(page):
            reader.query(f"with list as (select 2 as customer_id) {over(query, reader.relation)}").read_all()


@pytest.mark.proof
def test_a_full_refresh_keeps_the_histories(shop: Shop) -> None:
    merges, ids = (shop.rows(model, "count(*)") for model in ("int_identity__merges", "dim_customer_ids"))
    shop.build("--full-refresh", "--exclude-resource-type", "unit_test")
    assert shop.rows("int_identity__merges", "count(*)") == merges
    assert shop.rows("dim_customer_ids", "count(*)") == ids
    assert shop.customers_of(*RECORDS) == [(1,), (2,)]


def test_contradictory_overrides_stop_the_next_run_before_dbt_starts(shop: Shop) -> None:
    shop.decide(f"{RECORDS[1]},{RECORDS[0]},always,after all")
    with pytest.raises(DeclarationError, match=r"identity_overrides.csv:5: the pair is `never` and `always` at once"):
        ensure_manifest(shop.project)
