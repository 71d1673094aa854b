"""A demo company in a folder of its own, whose `cdp` runs as a person would run it: in a process, guarded."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cdp.demo.world import WorldSpec
from cdp.demo.year import DemoYear
from cdp.project import Project

REPOSITORY = Path(__file__).parents[2]
CDP = str(Path(sys.executable).with_name("cdp"))
GUARD = Path(__file__).parent / "loopback_guard"
CANARY_EMAIL, CANARY_PHONE, CANARY_SECRET = "canary.bird@example.com", "+79035550199", "canary-secret-5e1f"
CANARIES = (CANARY_EMAIL, CANARY_PHONE, CANARY_SECRET)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Installation:
    """The product in a folder of its own, `root`; nothing has arrived."""

    def __init__(self, root: Path) -> None:
        self.root, self.outputs = root, list[str]()
        for name in ("dbt_project", "activation"):
            shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("target", "logs"))
        shutil.copy(REPOSITORY / "cdp.yml", root)
        self.project = Project.load(root)

    def cdp(self, *arguments: str) -> Ended:
        ended = subprocess.run(
            [CDP, *arguments],
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        self.outputs += [ended.stdout, ended.stderr]
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def killed_run(self, after: float) -> bool:
        """Start a run and kill it with all its children `after` seconds; False where it ended well before that."""
        process = subprocess.Popen(
            [CDP, "run"],
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert process.wait(after) == 0
            return False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(GUARD),
            "CDP_TEST_GUARD_LOG": str(self.guard_log),
            "CDP_SANDBOX_ESP_KEY": CANARY_SECRET,
            "COLUMNS": "200",
        }

    @property
    def guard_log(self) -> Path:
        return self.root / "guard.log"

    def standing(self) -> dict[str, str]:
        """What readers and tools see, by digest: the pointer, the generations, and every list of the sandbox."""
        files = sorted(file for file in (self.root / "var/warehouse").rglob("*") if file.is_file())
        digests = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        return {**digests, "sandbox": self.cdp("sandbox", "show", "--json").out}

    def edit(self, model: str, old: str, new: str) -> None:
        """Change the SQL of one model."""
        (file,) = (self.root / "dbt_project/models").rglob(f"{model}.sql")
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


class Walk(Installation):
    """A world of a few dozen households, and canaries among its people."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        DemoYear(self.project).begin(WorldSpec(households=60), date(2017, 11, 1))
        self._plant()

    def _plant(self) -> None:
        with sqlite3.connect(self.root / "var/demo/crm.sqlite") as crm:
            crm.execute(
                "update contacts set email = ?, phone = ?, updated_at = '2017-10-31 12:00:00.000000' "
                "where contact_id = (select min(contact_id) from contacts)",
                (CANARY_EMAIL, CANARY_PHONE),
            )
        (self.project.inbox / "web" / "canary.ndjson").write_text(f'{{"email": "{CANARY_EMAIL}", "unfinished": \n')
        unreadable = {
            "event_id": "unreadable",
            "address_kind": "email",
            "address": "anna at home",
            "action": "withdrawn",
        }
        what = {"purpose": "marketing", "channel": "email", "occurred_at": "2017-10-31T12:00:00"}
        (self.project.inbox / "consent" / "unreadable.ndjson").write_text(json.dumps(unreadable | what) + "\n")


def files_that_say(word: str, folder: Path) -> list[Path]:
    """Files under `folder` that have `word` among their bytes."""
    wanted = word.encode()
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and wanted in file.read_bytes()]
