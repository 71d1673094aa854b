"""Syncs whose runs are killed: one to a tool that remembers keys, one to a tool that would send everything twice."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import duckdb
from sqlalchemy import select

from cdp.store import open_store
from cdp.store.schema import outbox, sync_runs
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.sandbox.faults import Fault, Faults
from tests.contracts.fakes.twilio import ACCOUNT, SENDER, TOKEN, TwilioFake
from tests.contracts.messages import TEMPLATES
from tests.doubles.company import Company
from tests.doubles.served import KEYS, ServedSandbox, served_sandbox

LAUNCHER = Path(__file__).with_name("sync_launcher.py")
MODEL = "sync_sms__cart_reminder"
_PATIENCE, _HANG = 0.3, 0.6
_KINDS = frozenset(Fault) - {Fault.NONE}


def weather(rate: float, seed: int) -> Faults:
    """Every fault there is: lost before and after, half an answer, 500, 429, and no answer at all."""
    return Faults(rate=rate, kinds=sorted(_KINDS), seed=seed, hang_seconds=_HANG)


class Launcher:
    """Runs a sync in children of its own; a run gives its wait status, 0 for one that ended well."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._ended() == 0, "the first run was to go well"

    def run(self, kill_after: float | None = None) -> int:
        """Killed after so many seconds, or not at all."""
        child = self._begin("")
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return self._ended()

    def run_to_call(self, system_call: str, number: int) -> int:
        """Killed before a thread makes that system call for the time `number`, where one does."""
        child = self._begin("stopped")
        kill = ["-e", f"trace={system_call}", "-e", f"inject={system_call}:signal=KILL:when={number}"]
        command = ["strace", "-f", "-o", os.devnull, *kill, "-p", str(child)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            told = tracer.stderr.readline()
            os.kill(child, signal.SIGCONT)
            assert "attached" in told, told
            return self._ended()

    def _begin(self, how: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{how}\n")
        self._process.stdin.flush()
        return self._ended()

    def _ended(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class Scene(ABC):
    """A company with one sync, before one tool whose network fails as `faults` say."""

    sync: str

    def __init__(self, root: Path, faults: Faults, url: str) -> None:
        self.faults, self.company = faults, Company(root, url)

    @abstractmethod
    def want(self, cycle: int, rng: Random) -> None:
        """Publish what is wanted now."""

    @abstractmethod
    def check(self) -> None:
        """Between two cycles, when a run has ended well: the tool holds just what it should."""

    @contextmanager
    def launcher(self) -> Iterator[Launcher]:
        keys = {f"CDP_TEST_{name.upper()}_KEY": key for name, key in {**KEYS, "twilio": TOKEN}.items()}
        command = [sys.executable, str(LAUNCHER), str(self.company.root), self.sync, str(_PATIENCE)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **keys}
        ) as process:
            yield Launcher(process)
            assert process.stdin is not None
            process.stdin.close()

    def runs_cut_short(self) -> int:
        """How many runs began and did not end by themselves."""
        return sum(status != "ok" for status in self._statuses())

    def check_books(self) -> None:
        """Every run adds up, and nothing is left in the outbox."""
        assert set(self._statuses()) <= {"ok", "interrupted"}
        store = open_store(self.company.project.store_url)
        with store.reading() as connection:
            runs = connection.execute(select(sync_runs)).all()
            assert connection.execute(select(outbox)).all() == []
        ReceiptsProjection(store, self.company.project.lake).catch_up()
        store.close()
        for run in runs:
            assert run.planned == run.ok + run.rejected + run.unknown + run.suppressed + run.held + run.in_flight

    def verdicts(self) -> dict[str, str]:
        """The last verdict of every key, by the receipts that the warehouse sees."""
        parts = self.company.project.lake / "raw" / "receipts" / "receipts" / "*.parquet"
        with duckdb.connect() as engine:
            latest = f"select key, arg_max(verdict, seq) from read_parquet('{parts}') group by key"
            return dict(engine.execute(latest).fetchall())

    def _statuses(self) -> list[str]:
        store = open_store(self.company.project.store_url)
        with store.reading() as connection:
            found = list(connection.scalars(select(sync_runs.c.status)))
        store.close()
        return found


class KeyedList(Scene):
    """A list that is kept equal to a model, at a tool that remembers the key of every request."""

    sync, people = "sms_cart_reminder", 300

    def __init__(self, root: Path, sandbox: ServedSandbox) -> None:
        super().__init__(root, sandbox.faults, sandbox.url)
        self._state, self._expected = sandbox.state, set[str]()

    def want(self, cycle: int, rng: Random) -> None:
        wanted = sorted(rng.sample(range(self.people), self.people // 2))
        self._expected = {_phone(one) for one in wanted if one % 97}
        self.company.publish(MODEL, [(_phone(one), one, "Anna", cycle, "2024-05-01 05:00:00") for one in wanted])

    def check(self) -> None:
        assert set(self._state.members("sms", "cart-reminder")) == self._expected
        assert self._state.repeated_changes("sms") == 0

    def check_books(self) -> None:
        super().check_books()
        store = open_store(self.company.project.store_url)
        assert ReceiptsProjection(store, self.company.project.lake).standing(self.sync)[0] == len(self._expected)
        store.close()


def _phone(number: int) -> str:
    """The sandbox refuses those that end in four zeros."""
    return f"+4915{number:06d}0000" if number % 97 == 0 else f"+4915{number:06d}1234"


_SETTINGS = """
name: test
clock: {{kind: file, file: var/clock.json}}
destinations:
  sms:
    type: twilio
    base_url: "{url}"
    secret_env: CDP_TEST_TWILIO_KEY
    options: {{account_sid: {account}, messages_per_second: "1000"}}
"""
_SYNC = """
name: reminder
description: A message that is sent once.
owner: crm
model: sync_sms__cart_reminder
destination: sms
object: reminder
mode: send
key: customer_id
fields: {{phone: to, first_name: first_name, customer_id: customer_id}}
options: {{from: "{sender}", template: reminder.txt}}
"""


class MessagesSentOnce(Scene):
    """New messages in every cycle, at a tool that sends again whatever it is told again."""

    sync, messages = "reminder", 12

    def __init__(self, root: Path, fake: TwilioFake) -> None:
        root.mkdir()
        (root / "cdp.yml").write_text(_SETTINGS.format(url=fake.url, account=ACCOUNT))
        (root / "var").mkdir()
        (root / "var" / "clock.json").write_text('{"as_of": "2024-05-01T06:00:00"}')
        (root / "activation" / "syncs").mkdir(parents=True)
        (root / "activation" / "syncs" / "reminder.yml").write_text(_SYNC.format(sender=SENDER))
        shutil.copytree(TEMPLATES, root / "activation" / "templates")
        super().__init__(root, fake.faults, fake.url)
        self._fake, self._asked = fake, set[int]()

    def want(self, cycle: int, rng: Random) -> None:
        wanted = range(cycle * self.messages, (cycle + 1) * self.messages)
        self._asked.update(wanted)
        bad = rng.choice(wanted)
        self._fake.refusals[_number(bad)] = 21_610
        self.company.publish(MODEL, [(_number(one), one, f"Anna{one}", cycle, "2024-05-01 05:00:00") for one in wanted])

    def check(self) -> None:
        assert self._fake.repeated() == 0

    def check_books(self) -> None:
        """What was sent is known as sent, what was not is known as that, and of the rest nobody says either."""
        super().check_books()
        verdicts = {int(key): verdict for key, verdict in self.verdicts().items()}
        arrived = {int(re.findall(r"\d+", to)[0][4:]) for to, _ in self._fake.sent}
        assert set(verdicts) == self._asked, "each has an answer"
        assert set(verdicts.values()) == {"ok", "rejected", "unknown"}
        assert {key for key, verdict in verdicts.items() if verdict == "ok"} <= arrived
        assert not {key for key, verdict in verdicts.items() if verdict == "rejected"} & arrived
        assert arrived <= {key for key, verdict in verdicts.items() if verdict in {"ok", "unknown"}}


def _number(message: int) -> str:
    return f"+4915{message:09d}"


@contextmanager
def keyed_list(folder: Path, faults: Faults) -> Iterator[Scene]:
    with served_sandbox(folder / "tools", faults) as sandbox:
        yield KeyedList(folder / "company", sandbox)


@contextmanager
def messages_sent_once(folder: Path, faults: Faults) -> Iterator[Scene]:
    fake = TwilioFake(faults=faults)
    with fake.up():
        yield MessagesSentOnce(folder / "company", fake)
