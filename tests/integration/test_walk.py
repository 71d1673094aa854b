"""The whole walk on a small company: raw records in, synced audiences out; then nothing, then trouble, then a day more.

The tests follow one another: each begins where the one before has left the company.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cdp.warehouse import open_warehouse
from tests.integration.walk import (
    CANARIES,
    CANARY_EMAIL,
    CANARY_PHONE,
    GUARD,
    REPOSITORY,
    Ended,
    Walk,
    files_that_say,
)

# As docs/profiles.md has it; of every other table the row that arrived at the same place.
_SAME = {
    "fct_orders": "original.order_id = events.subject",
    "fct_order_lines": "'return:' || original.order_line_id = events.event_id",
}
WRITTEN_BY_RUNS = ("dagster", "dbt")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    yield Walk(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def first_run(walk: Walk) -> Ended:
    return walk.cdp("run", "--json")


def test_the_first_run_takes_everything_in_and_accounts_for_it(first_run: Ended) -> None:
    assert first_run.code == 0, first_run.err
    told = first_run.json
    landing = told["landing"]
    assert landing["lines_in"] == landing["landed"] + landing["rejected"]
    assert landing["rejected"] > 0
    assert told["built"]["number"] == 1
    assert 0 < told["contents"]["customers"] < told["contents"]["records"]
    assert {sync["sync"]: sync["status"] for sync in told["syncs"]} == {
        "ads_champions": "ok",
        "esp_newsletter": "ok",
        "sms_cart_reminder": "ok",
    }
    for sync in told["syncs"]:
        parts = ("ok", "rejected", "unknown", "suppressed", "held", "in_flight")
        assert sync["planned"] == sum(sync[part] for part in parts)


def test_every_tool_holds_what_was_acknowledged(walk: Walk, first_run: Ended) -> None:
    standing = {row["account"]: row["members"] for row in json.loads(walk.cdp("sandbox", "show", "--json").out)}
    sent = {sync["sync"].split("_")[0]: sync["ok"] for sync in first_run.json["syncs"]}
    assert sent["esp"] > 0
    assert {tool: standing.get(tool, 0) for tool in sent} == sent


def test_nobody_is_joined_with_somebody_else(walk: Walk, first_run: Ended) -> None:
    found = json.loads(walk.cdp("demo", "score", "--json").out)["customers"]
    # In a world of sixty households, three receipts with one telephone are a thousandth; the whole demo has 1.000.
    assert found["precision"] >= 0.995
    assert found["reachable_recall"] >= 0.97


def test_the_original_of_every_event_is_where_the_timeline_says(walk: Walk, first_run: Ended) -> None:
    with open_warehouse(walk.project).reader() as reader:
        timeline = reader.relation("fct_customer_events")
        tables = reader.query(f"select distinct source_table from {timeline}").read_all()["source_table"].to_pylist()
        assert len(tables) > 5
        for table in tables:
            same = _SAME.get(table, "original._arrival = events._arrival")
            original = table if "." in table else reader.relation(table)
            lost = (
                f"select count(*) as lost from {timeline} as events where source_table = '{table}' "
                f"and not exists (select 1 from {original} as original where {same})"
            )
            assert reader.query(lost).read_all()["lost"].to_pylist() == [0], table


def test_the_timeline_has_only_events_that_are_declared(first_run: Ended) -> None:
    assert not [told for told in first_run.json["warnings"] if "events.yml" in told]


def test_a_withdrawal_whose_address_cannot_be_read_is_told(first_run: Ended) -> None:
    told = (
        "words about consent that decide nothing; int_consent__set_aside has them, counted by source and reason (1 row)"
    )
    assert first_run.json["warnings"] == [told]
    assert f"warning: {told}" in first_run.err


def test_a_second_run_changes_nothing_and_sends_nothing(walk: Walk, first_run: Ended) -> None:
    before = walk.standing()
    second = walk.cdp("run")
    assert second.code == 0, second.err
    assert second.out.startswith("Nothing new: nothing was built and nothing was sent")
    assert walk.standing() == before


def test_a_model_that_breaks_on_data_stops_the_run_and_leaves_everything_as_it_was(
    walk: Walk, first_run: Ended
) -> None:
    before = walk.standing()
    sound, unsound = "        contact_id,", "        cast(cast(email as bigint) as varchar) as contact_id,"
    walk.edit("stg_crm__contacts", sound, unsound)
    broken = walk.cdp("run")
    walk.edit("stg_crm__contacts", unsound, sound)
    assert broken.code == 4
    assert "the build was thrown away" in broken.err
    assert "Readers and tools still have what was published before" in broken.err
    assert "Conversion Error: Could not convert string …" in broken.err
    assert "@" not in broken.err + broken.out
    assert walk.standing() == before


@pytest.mark.proof
def test_an_audience_that_lost_its_members_is_stopped_by_the_audit(walk: Walk, first_run: Ended) -> None:
    before = walk.standing()
    walk.edit("audience_members", "where reachable.choice = 1", "where reachable.customer_id < 0")
    blocked = walk.cdp("run")
    walk.edit("audience_members", "where choice = 1 and customer_id < 0", "where choice = 1")
    assert blocked.code == 4
    assert "audience_members does not hold what it must (has rows: rows is 0" in blocked.err
    assert walk.standing() == before


def test_the_next_day_is_built_upon_the_last(walk: Walk, first_run: Ended) -> None:
    assert walk.cdp("demo", "next-day").code == 0
    ended = walk.cdp("run", "--json", "--log-format", "json")
    told, logged = ended.json, [json.loads(line) for line in ended.err.splitlines()]
    assert {"landed", "published", "synced", "ended"} <= {line["event"] for line in logged}
    assert told["errors"] == []
    assert told["built"]["number"] == 2
    assert 0 < told["landing"]["landed"] < first_run.json["landing"]["landed"] / 10
    assert told["contents"]["records"] >= first_run.json["contents"]["records"]


def test_two_runs_at_once_end_in_one_sentence(walk: Walk) -> None:
    from cdp.store import open_store

    store = open_store(walk.project.store_url)
    with store.lease("cdp run"):
        second = walk.cdp("run")
    store.close()
    assert second.code == 3
    assert "another run of cdp run is at work" in " ".join(second.err.split())


def test_status_says_what_is_published(walk: Walk) -> None:
    status = walk.cdp("status", "--json").json
    assert (status["published"]["number"], status["build_is_due"]) == (2, False)
    assert {source["source"] for source in status["sources"]} >= {"shop", "pos", "web", "crm", "loyalty", "support"}
    assert all(sync["open_holds"] == 0 for sync in status["syncs"])
    assert status["contents"]["segments"]["active_shoppers"] >= 1


@pytest.mark.proof
def test_a_rebuild_keeps_ids_and_histories_and_a_refused_file_does_not_stop_it(walk: Walk) -> None:
    def kept() -> list[tuple[str, int]]:
        with open_warehouse(walk.project).reader() as reader:
            query = "select record_key, node_id from {} union all select membership_id, 0 from {} order by 1, 2"
            relations = map(reader.relation, ("int_identity__nodes", "fct_segment_memberships"))
            rows = reader.query(query.format(*relations)).read_all().to_pylist()
        return [(row["record_key"], row["node_id"]) for row in rows]

    before = kept()
    (walk.project.inbox / "web" / "folder.ndjson").mkdir()
    rebuilt = walk.cdp("run", "--rebuild")
    assert rebuilt.code == 5
    assert "1 file was refused; everything else has landed" in " ".join(rebuilt.err.split())
    assert "web/folder.ndjson" in rebuilt.out
    assert kept() == before
    (walk.project.inbox / "web" / "folder.ndjson").rmdir()
    assert walk.cdp("run").out.startswith("Nothing new")


@pytest.mark.parametrize("canary", CANARIES)
def test_no_run_writes_down_a_secret_or_a_person(walk: Walk, first_run: Ended, canary: str) -> None:
    assert not [output for output in walk.outputs if canary in output]
    for folder in WRITTEN_BY_RUNS:
        assert files_that_say(canary, walk.root / "var" / folder) == []


def test_the_search_for_canaries_finds_them_where_they_are(walk: Walk) -> None:
    crm = walk.root / "var/demo/crm.sqlite"
    for canary in (CANARY_EMAIL, CANARY_PHONE):
        assert crm in files_that_say(canary, crm.parent)


def test_nothing_but_this_machine_was_called(walk: Walk, first_run: Ended) -> None:
    assert not walk.guard_log.exists(), walk.guard_log.read_text()


def test_the_guard_stops_a_child_that_calls_out(walk: Walk) -> None:
    log = walk.root / "control.log"
    tried = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"],
        env={**os.environ, "PYTHONPATH": str(GUARD), "CDP_TEST_GUARD_LOG": str(log)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in tried.stderr
    assert "192.0.2.1" in log.read_text()
