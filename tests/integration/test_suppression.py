"""Who was erased comes back, and is in no audience of that very build; nothing says who they were in between.

The tests follow one another: each begins where the one before has left the company. The commands are the pages' own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from cdp.landing.lake import Lake
from cdp.segments.consent import explain_consent
from cdp.suppression.keys import VARIABLE
from cdp.warehouse import open_warehouse
from tests.integration.shop import Shop
from tests.integration.walk import files_that_say

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANNA, PHONE, ROBERT = "anna@example.com", "+12025550101", "robert@example.com"


def steps(page: str) -> list[str]:
    """The blocks of a page, without the builds, for which the shop has a shorter way."""
    return [
        block.replace("cdp run\n", "") for block in BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    ]


class Reader:
    """Somebody who types in the shop's folder; `said` is all that was answered."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.said = shop, ""

    def type(self, commands: str) -> str:
        own = {name: value for name, value in os.environ.items() if not name.startswith("CDP_")}
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.shop.project.root,
            env={**own, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += ended.stdout + ended.stderr
        assert ended.returncode == 0, ended.stderr
        self.remember_keys()
        return ended.stdout

    def remember_keys(self) -> None:
        """What the shop, in this process, reads from its environment."""
        os.environ[VARIABLE] = self.keys

    @property
    def keys(self) -> str:
        found = re.findall(rf"^{VARIABLE}=(.*)$", (self.shop.project.root / ".env").read_text(), re.MULTILINE)
        return str(found[-1])


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    shop = Shop(tmp_path_factory.mktemp("shops") / "shop")
    shop.arrive(1, (ANNA, "0101", "Anna Archer"), (ROBERT, "0102", "Robert Reed"))
    before = os.environ.get(VARIABLE)
    yield Reader(shop)
    os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})


def forget(shop: Shop, *addresses: str) -> None:
    """An erasure: no row of the lake has the addresses any more, and the warehouse is built anew from it."""
    lake = Lake(shop.project.lake)
    for source, table, column in (("shop", "orders", "email"), ("suppression", "tokens", "address")):
        for part in map(str, lake.parts(source, table)):
            kept = f"from read_parquet(?) where not list_contains(?, lower(trim({column})))"
            pq.write_table(duckdb.sql(kept, params=[part, list(addresses)]).to_arrow_table(), part)
    shutil.rmtree(shop.project.warehouse_folder, ignore_errors=True)


def test_the_page_lists_an_address(reader: Reader) -> None:
    set_key, list_them = steps("consent")
    reader.type(set_key)
    reader.shop.arrive(2, ("carla@example.com", "0103", "Carla Cole"))
    assert "1  erased" in reader.type(list_them)


def test_who_comes_back_is_caught_in_the_build_they_come_back_in(reader: Reader) -> None:
    shop = reader.shop
    forget(shop, ANNA, ROBERT, PHONE, "+12025550102")
    back = (f" {ANNA.title()}", "0104", "Anna Archer"), (ROBERT, "0105", "Robert Reed")
    shop.day(3, *back, ("nina@example.com", "0101", "Nina Noble"))
    assert len(shop.rows("dim_customers", "customer_id")) == 4
    assert shop.rows("int_consent__suppressions", "address, reason") == [(ANNA, "erased")]
    on_the_list = shop.rows("sync_esp__newsletter", "email")
    assert on_the_list == [("carla@example.com",), ("nina@example.com",), (ROBERT,)]
    assert len(shop.rows("int_audiences__verdicts", "customer_id", "fell_at = 'suppressed'")) == 1
    with open_warehouse(shop.project).reader() as published:
        assert explain_consent(published, ANNA, shop.project.clock.now()).suppressed_for == "erased"


def test_a_listed_unsubscribe_is_a_no_at_its_moment(reader: Reader) -> None:
    said = reader.shop.rows("fct_consent_events", "source_name, form, action", f"address = '{PHONE}'")
    assert said == [("listed", "unsubscribed", "withdrawn")]


def test_the_runbook_gives_the_list_a_new_key(reader: Reader) -> None:
    new_key, move, drop = steps("runbooks/rotate-suppression-keys")
    reader.type(new_key)
    assert reader.type(move) == "Moved to k2: 2 listings.\nNo other key is needed any more.\n"
    reader.type(drop)
    assert re.fullmatch(r"k2:[0-9a-f]{64}", reader.keys)
    forget(reader.shop, ANNA)
    reader.shop.day(5, (ANNA, "0106", "Anna Archer"))
    assert reader.shop.rows("int_consent__suppressions", "address, reason") == [(ANNA, "erased")]
    assert ANNA not in {address for (address,) in reader.shop.rows("sync_esp__newsletter", "email")}


def test_neither_key_nor_token_nor_address_is_written_where_people_look(reader: Reader) -> None:
    tokens = {token for (token,) in reader.shop.rows("raw_suppression.listings", "token")}
    secrets = {entry.partition(":")[2] for entry in reader.keys.split(",")}
    compiled = reader.shop.project.state / "dbt"
    assert files_that_say("stg_suppression__tokens", compiled)
    for word in (*tokens, *secrets, ANNA):
        assert word not in reader.said
        assert files_that_say(word, compiled) == []
    assert json.dumps(reader.shop.rows("raw_suppression.listings", "listing_id")).count("@") == 0
