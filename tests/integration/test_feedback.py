"""An unsubscribe that one tool reports: heard over HTTP, landed with the next run, and gone from the other tool."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cdp.clock import SystemClock
from cdp.project import Project
from cdp.starter.begin import begin_project
from cdp.warehouse import open_warehouse
from reverse_etl.sandbox.serving import sandbox_folder
from reverse_etl.sandbox.state import SandboxState
from tests.doubles.feedback import SECRETS, Shot, hook, now_hook

CDP = str(Path(sys.executable).with_name("cdp"))
MAILER = "  mailer: {type: webhook, base_url: 'http://127.0.0.1:9', secret_env: CDP_MAILER_KEY, feedback: {}}\n"


class Company:
    """The starter company, with one more tool, which only reports."""

    def __init__(self, folder: Path) -> None:
        begin_project(folder, SystemClock().now().date())
        settings = folder / "cdp.yml"
        settings.write_text(settings.read_text() + MAILER)
        self.project = Project.load(folder)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CDP_MAILER_KEY": SECRETS["hook"]}

    def cdp(self, *arguments: str) -> str:
        ended = subprocess.run(
            [CDP, *arguments],
            cwd=self.project.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
        return ended.stdout + ended.stderr

    @contextmanager
    def receiver(self) -> Iterator[tuple[str, list[str]]]:
        """`cdp feedback serve`: where it answers, and what it logged once it has ended."""
        log: list[str] = []
        with subprocess.Popen(
            [CDP, "feedback", "serve", "--port", "0"],
            cwd=self.project.root,
            env=self.environment | {"COLUMNS": "200"},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            try:
                yield line.split()[2].removesuffix("/feedback/…"), log
            finally:
                process.terminate()
                log += [line, process.stderr.read()]

    def audience(self) -> set[str]:
        with open_warehouse(self.project).reader() as reader:
            query = f"select address from {reader.relation('audience_members')} where audience_name = 'newsletter'"
            return set(reader.query(query).read_all().column(0).to_pylist())

    def rows(self, query: str, model: str) -> list[dict[str, object]]:
        with open_warehouse(self.project).reader() as reader:
            found: list[dict[str, object]] = reader.query(query.format(reader.relation(model))).read_all().to_pylist()
            return found

    def of_one_address(self) -> set[str]:
        """Addresses of customers who have no other, which would take its place."""
        one = (
            "select min(address) as email from {} where address_kind = 'email' group by customer_id having count(*) = 1"
        )
        return {str(row["email"]) for row in self.rows(one, "int_profiles__addresses")}

    def held(self) -> int:
        state = SandboxState(sandbox_folder(self.project))
        (newsletter,) = [one for one in state.lists() if one.name == "newsletter"]
        state.close()
        return newsletter.members


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("companies") / "shop")


def post(url: str, shot: Shot) -> int:
    return httpx.post(url + shot.path, content=shot.body, headers=dict(shot.headers)).status_code


def test_an_unsubscribe_at_one_tool_is_gone_from_all_by_the_next_run(company: Company) -> None:
    company.cdp("run")
    before = company.audience()
    person = min(before & company.of_one_address())
    assert company.held() == len(before)
    with company.receiver() as (url, log):
        opened = now_hook("opened", "m1", "/feedback/mailer", email=person, id="letter", campaign="june")
        assert post(url, opened) == 200
        assert post(url, now_hook("unsubscribed", "m2", "/feedback/mailer", email=person.upper(), id="letter")) == 200
        assert post(url, hook("unsubscribed", "m3", path="/feedback/mailer", email=max(before))) == 401
        assert post(url, now_hook("opened", "m4", "/feedback/esp", email=person)) == 404
    said = "".join(log)
    assert "mailer: 200, 1 events, 1 new, 0 unreadable" in said
    assert person not in said.casefold()

    company.cdp("run")
    assert company.audience() == before - {person}
    assert company.held() == len(before) - 1
    (message,) = company.rows("select * from {}", "fct_messages")
    assert (message["message_id"], message["campaign"], message["opens_count"]) == (
        f"mailer:letter:{person}",
        "june",
        1,
    )
    assert message["customer_id"] is not None and message["unsubscribed_at"] is not None
    (delivery,) = company.rows("select * from {}", "rpt_message_delivery")
    assert (delivery["opened_count"], delivery["unsubscribed_count"]) == (1, 1)

    assert "Nothing new" in company.cdp("land")
    assert len(company.rows("select * from {}", "stg_feedback__events")) == 2
