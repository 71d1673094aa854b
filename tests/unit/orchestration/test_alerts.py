"""Alerts: one readable message per cause, by real servers, and good news when it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    Definitions,
    Failure,
    asset,
    asset_check,
    define_asset_job,
)

from cdp.project import Project
from orchestration.alerts.memory import PAGE, remember
from orchestration.alerts.telling import tell_of_runs
from tests.contracts.fakes.smtp import MailServer

pytestmark = pytest.mark.filterwarnings("ignore")

HELD = "the sync esp is held: 35 of 40 rows would go. cdp sync release esp --reason …"
SETTINGS = """\
name: shop
clock: {kind: file}
alerts:
  ui_url: http://dagster.shop.example
  email: {to: [owner@shop.example], sender: cdp@shop.example}
  webhook: {}
"""


@dataclass
class Hook:
    """A webhook's other end; `code` is what it answers."""

    url: str = ""
    code: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return [str(message["title"]) for message in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.code == 200:
                hook.got.append(json.loads(content))
            self.send_response(hook.code)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    hook.url = f"http://127.0.0.1:{server.server_port}/alerts?token=webhook-secret-77"
    yield hook
    server.shutdown()
    server.server_close()


@dataclass
class World:
    """A project whose runs end as `broken` and `warns` say."""

    project: Project
    instance: DagsterInstance
    mail: MailServer
    broken: str = ""
    warns: bool = False

    def at(self, moment: str) -> None:
        (self.project.root / "var").mkdir(exist_ok=True)
        (self.project.root / "var/clock.json").write_text(json.dumps({"as_of": moment}))

    def run(self, *, told: bool = True) -> list[str]:
        @asset(key=AssetKey(["sync", "esp"]))
        def sync() -> None:
            if self.broken:
                raise Failure(self.broken, allow_retries=False)

        @asset
        def orders() -> None: ...

        @asset_check(asset=orders)
        def every_line_accounted_for() -> AssetCheckResult:
            told = {"refusals": ["orders_1.csv: the column `amount` is missing"]}
            return AssetCheckResult(passed=not self.warns, severity=AssetCheckSeverity.WARN, metadata=told)

        job = define_asset_job("activate")
        defined = Definitions(assets=[sync, orders], asset_checks=[every_line_accounted_for], jobs=[job])
        ended = defined.resolve_job_def("activate").execute_in_process(instance=self.instance, raise_on_error=False)
        return tell_of_runs(self.project, self.instance, [ended.run_id]) if told else []


@pytest.fixture
def world(tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    (tmp_path / "cdp.yml").write_text(SETTINGS)
    with MailServer().up() as mail, DagsterInstance.ephemeral() as instance:
        monkeypatch.setenv("CDP_ALERT_SMTP_URL", mail.url)
        monkeypatch.setenv("CDP_ALERT_WEBHOOK_URL", hook.url)
        world = World(Project.load(tmp_path), instance, mail)
        world.at("2024-05-01T06:00:00")
        yield world


def test_a_stopped_sync_is_told_once_with_its_next_step(world: World, hook: Hook) -> None:
    world.broken = HELD
    assert world.run() == []
    world.broken = HELD.replace("35 of 40", "36 of 41")
    assert world.run() == []
    assert hook.titles == ["[shop] stopped: sync esp"]
    body = hook.got[0]["body"]
    assert HELD in body
    assert "cdp plan esp" in body and "docs/runbooks/held-sync.md" in body
    assert "http://dagster.shop.example/runs/" in body
    (letter,) = world.mail.letters
    assert letter.parsed["Subject"] == "[shop] stopped: sync esp"
    assert letter.parsed["To"] == "owner@shop.example"
    assert HELD in letter.parsed.get_content()


def test_another_cause_of_the_same_sync_is_told(world: World, hook: Hook) -> None:
    world.broken = HELD
    world.run()
    world.broken = "the sync esp is failed: the credential was refused."
    world.run()
    assert len(hook.got) == 2


def test_it_is_told_again_after_a_day(world: World, hook: Hook) -> None:
    world.broken = HELD
    world.run()
    world.at("2024-05-02T05:59:00")
    world.run()
    assert len(hook.got) == 1
    world.at("2024-05-02T06:00:00")
    world.run()
    assert len(hook.got) == 2


def test_good_news_comes_once_and_then_the_cause_is_new(world: World, hook: Hook) -> None:
    world.broken = HELD
    world.run()
    world.broken = ""
    world.run()
    world.run()
    assert hook.titles == ["[shop] stopped: sync esp", "[shop] recovered: sync esp"]
    world.broken = HELD
    world.run()
    assert hook.titles[2:] == ["[shop] stopped: sync esp"]


def test_a_check_that_only_warns_is_told_until_it_is_well(world: World, hook: Hook) -> None:
    world.warns = True
    world.run()
    world.at("2024-05-09T06:00:00")
    world.run()
    assert hook.titles == ["[shop] warning: orders: every_line_accounted_for"]
    assert "orders_1.csv: the column `amount` is missing" in hook.got[0]["text"]


def test_one_run_is_one_message(world: World, hook: Hook) -> None:
    world.warns, world.broken = True, HELD
    world.run()
    assert hook.titles == ["[shop] stopped: sync esp (and 1 more)"]


def test_what_did_not_go_waits_and_is_told_on_the_other_channel(world: World, hook: Hook) -> None:
    hook.code, world.broken = 500, HELD
    (untold,) = world.run()
    assert untold == "an alert could not be sent by webhook and waits for the next run: it answered 500"
    assert len(world.mail.letters) == 1
    hook.code = 200
    assert world.run() == []
    assert hook.titles == ["[shop] stopped: sync esp"]
    assert len(world.mail.letters) == 1


def test_a_missing_address_stops_nothing_and_names_the_variable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDP_ALERT_WEBHOOK_URL")
    world.broken = HELD
    (untold,) = world.run()
    assert "CDP_ALERT_WEBHOOK_URL is not set" in untold


def test_no_message_tells_a_secret(world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ALERT_WEBHOOK_URL", hook.url.replace("127.0.0.1", "127.0.0.1:1@nowhere"))
    world.broken = HELD
    assert not [told for told in world.run() if "webhook-secret" in told]


def test_the_page_knows_what_stands_without_any_channel(world: World, tmp_path: Path) -> None:
    (tmp_path / "cdp.yml").write_text("name: shop\nclock: {kind: file}\n")
    world.project, world.broken = Project.load(tmp_path), HELD
    assert world.run() == []
    (known,) = remember(world.instance)[PAGE].told.values()
    assert known["told"] == HELD
    world.broken = ""
    world.run()
    assert remember(world.instance)[PAGE].told == {}
