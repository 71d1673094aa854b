"""A company with a warehouse of three sync models, built by hand: no dbt, the real readers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp.project import Project
from cdp.warehouse.duckdb import FILE_NAME

REPOSITORY = Path(__file__).parents[2]

SETTINGS = """
name: test
clock: {kind: file, file: var/clock.json}
destinations:
  esp: {type: sandbox_esp, base_url: "%(esp)s", secret_env: CDP_TEST_ESP_KEY}
  sms: {type: sandbox_sms, base_url: "%(sms)s", secret_env: CDP_TEST_SMS_KEY}
  ads: {type: sandbox_ads, base_url: "%(ads)s", secret_env: CDP_TEST_ADS_KEY}
"""

MODELS = {
    "sync_esp__newsletter": "email varchar, customer_id bigint, first_name varchar, last_name varchar, city varchar, "
    "favourite_department varchar",
    "sync_sms__cart_reminder": "phone varchar, customer_id bigint, first_name varchar, cart_value_cents bigint, "
    "cart_abandoned_at timestamp",
    "sync_ads__champions": "customer_id bigint, email_meta_sha256 varchar, phone_meta_sha256 varchar",
}


class Company:
    """A project folder under `root`; `publish` gives its warehouse new content."""

    def __init__(self, root: Path, base_url: str = "sandbox") -> None:
        self.root = root
        if not (root / "cdp.yml").exists():
            urls = {tool: base_url if base_url == "sandbox" else f"{base_url}/{tool}" for tool in ("esp", "sms", "ads")}
            root.mkdir(parents=True, exist_ok=True)
            (root / "cdp.yml").write_text(SETTINGS % urls)
            (root / "var").mkdir()
            (root / "var" / "clock.json").write_text('{"as_of": "2024-05-01T06:00:00"}')
            shutil.copytree(REPOSITORY / "activation" / "syncs", root / "activation" / "syncs")
        self.project = Project.load(root)

    def publish(self, model: str, rows: Sequence[Sequence[Any]]) -> None:
        """A new generation in which `model` has exactly `rows`, and the others stay as they were."""
        folder = self.project.warehouse_folder
        folder.mkdir(parents=True, exist_ok=True)
        pointer = folder / "published.json"
        number = json.loads(pointer.read_text())["number"] if pointer.exists() else 0
        file = folder / f"{number + 1:06d}" / FILE_NAME
        file.parent.mkdir()
        if number:
            shutil.copyfile(folder / f"{number:06d}" / FILE_NAME, file)
        with duckdb.connect(str(file)) as connection:
            connection.execute("create schema if not exists cdp")
            for name, columns in MODELS.items():
                connection.execute(f"create table if not exists cdp.{name} ({columns})")
            connection.execute(f"delete from cdp.{model}")
            if rows:
                content = pa.table([list(column) for column in zip(*rows, strict=True)], MODELS[model].split(", "))
                connection.register("content", content)
                connection.execute(f"insert into cdp.{model} from content")
        published = {"number": number + 1, "as_of": "2024-05-01T06:00:00", "batch": 1, "fingerprint": str(number + 1)}
        unfinished = pointer.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(published))
        unfinished.replace(pointer)
