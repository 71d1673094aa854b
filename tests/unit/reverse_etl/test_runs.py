"""Declared syncs from end to end: the real readers, clients and tools, in one process."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cdp.cli.explain import explain_app
from cdp.errors import DeclarationError
from cdp.store import open_store
from reverse_etl.commands import register
from reverse_etl.engine.words import Counts, Status
from reverse_etl.runs import plan_syncs, run_sync, run_syncs
from reverse_etl.sandbox.serving import running_sandbox, sandbox_folder
from reverse_etl.saved_plans import read_plans, saved, write_plans
from tests.doubles.company import Company
from tests.doubles.served import KEYS, served_sandbox

NEWS = [("anna@example.com", 1, "Anna", "K", "Kazan", None), ("not-an-address", 2, None, None, None, None)]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(f"CDP_TEST_{name.upper()}_KEY", key)


def test_every_tool_holds_what_the_warehouse_says(tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish("sync_esp__newsletter", NEWS)
        company.publish("sync_ads__champions", [(1, "a" * 64, None)])
        company.publish("sync_sms__cart_reminder", [("+4915112345678", 1, "Anna", 999, "2024-05-01 05:00:00")])
        counts = {result.sync: result.counts for result in run_syncs(company.project)}
        assert counts == {
            "ads_champions": Counts(planned=1, ok=1),
            "esp_newsletter": Counts(planned=2, ok=1, rejected=1),
            "sms_cart_reminder": Counts(planned=1, ok=1),
        }
        stands = sandbox.state.members("sms", "cart-reminder")["+4915112345678"]
        assert '"cart_abandoned_at":"2024-05-01T05:00:00"' in stands
        assert [plan.counts.operations for plan in plan_syncs(company.project)] == [0, 0, 0]


def test_a_saved_plan_is_carried_out_only_while_it_is_the_plan(tmp_path: Path) -> None:
    file = tmp_path / "plan.yml"
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish("sync_esp__newsletter", NEWS[:1])
        write_plans(file, [saved(plan) for plan in plan_syncs(company.project, ["esp_newsletter"])])
        assert "anna" not in file.read_text()
        company.publish("sync_esp__newsletter", [(*NEWS[0][:2], "Hanna", *NEWS[0][3:])])
        (changed,) = run_syncs(company.project, ["esp_newsletter"], agreed=read_plans(file))
        assert (changed.status, changed.counts) == (Status.FAILED, Counts())
        assert "no longer the one that was saved; it would now be +1 ~0 -0" in changed.reason
        assert sandbox.state.members("esp", "newsletter") == {}
        company.publish("sync_esp__newsletter", NEWS[:1])
        (same,) = run_syncs(company.project, ["esp_newsletter"], agreed=read_plans(file))
    assert same.counts == Counts(planned=1, ok=1)


@pytest.mark.parametrize("written", [None, "plans: []", "plans: [{sync: x}]", "nonsense"])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, written: str | None) -> None:
    file = tmp_path / "plan.yml"
    if written is not None:
        file.write_text(written)
    with pytest.raises(DeclarationError, match=r"plan\.yml"):
        read_plans(file)


def test_a_refused_credential_stops_that_sync_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_TEST_ADS_KEY", "wrong")
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish("sync_esp__newsletter", NEWS[:1])
        company.publish("sync_ads__champions", [(1, "a" * 64, None)])
        ads, esp = run_syncs(company.project, ["ads_champions", "esp_newsletter"])
    assert (ads.status, ads.counts.in_flight, ads.exit_code) == (Status.FAILED, 1, 1)
    assert (esp.status, esp.exit_code) == (Status.OK, 0)


def test_two_runs_of_one_sync_do_not_meet(tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish("sync_esp__newsletter", NEWS[:1])
        store = open_store(company.project.store_url)
        with store.lease("sync:esp_newsletter"):
            (result,) = run_syncs(company.project, ["esp_newsletter"])
        store.close()
    assert result.status is Status.FAILED
    assert "another run of sync:esp_newsletter is at work" in result.reason


def test_the_sandbox_comes_up_for_a_run_and_keeps_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(f"CDP_TEST_{name.upper()}_KEY")
    company = Company(tmp_path)
    company.publish("sync_esp__newsletter", NEWS[:1])
    with running_sandbox(company.project) as one:
        url = one.url
        with running_sandbox(company.project) as other:
            assert other.url == url
        assert run_sync(company.project, "esp_newsletter").counts == Counts(planned=1, ok=1)
    keys = sandbox_folder(company.project) / "keys.json"
    assert keys.stat().st_mode & 0o777 == 0o600

    monkeypatch.setenv("CDP_PROJECT", str(company.root))
    shell = typer.Typer()
    shell.add_typer(explain_app, name="explain")
    register(shell)
    shown = CliRunner().invoke(shell, ["sandbox", "show"])
    assert "newsletter" in shown.output
    assert "anna@" not in shown.output
    explained = CliRunner().invoke(shell, ["explain", "sync", "esp_newsletter", "anna@example.com"])
    assert "The destination has it just as the model wants it." in " ".join(explained.output.split())
    company.publish("sync_esp__newsletter", [])
    planned = CliRunner().invoke(shell, ["plan", "esp_newsletter"])
    assert "would be held: the model is empty" in " ".join(planned.output.split())
    assert CliRunner().invoke(shell, ["sync", "run", "esp_newsletter"]).exit_code == 4
    assert CliRunner().invoke(shell, ["sync", "release", "esp_newsletter", "--reason", "checked"]).exit_code == 0
    assert CliRunner().invoke(shell, ["sync", "run", "esp_newsletter", "--json"]).exit_code == 0
    status = CliRunner().invoke(shell, ["sync", "status", "esp_newsletter", "--json"])
    assert '"acknowledged": 0' in status.output
