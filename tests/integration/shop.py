"""The starter company with orders of our own: a world of identities that a test makes by hand."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

from cdp.identity.overrides import OVERRIDES_FILE
from cdp.landing.land import land
from cdp.pipeline.dbt import run_dbt
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


class Shop:
    """The company, and a clock that we set."""

    def __init__(self, folder: Path, engine: str = "duckdb") -> None:
        self.project = begin_project(folder, FIRST_DAY)
        settings = folder / "cdp.yml"
        text = settings.read_text().replace("kind: system", "kind: file, file: var/clock.json")
        settings.write_text(f"{text}\nwarehouse: {{engine: {engine}}}\n")
        self.project = Project.load(folder)
        for file in (self.project.inbox / "shop").iterdir():
            file.unlink()

    def day(self, number: int, *orders: tuple[str, str, str]) -> None:
        """Let a day come, with orders, and build."""
        self.arrive(number, *orders)
        self.build("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

    def arrive(self, number: int, *orders: tuple[str, str, str]) -> None:
        """Let a day come and land its orders: of an address, the end of a phone number and a name."""
        day = date(2024, 5, number)
        if orders:
            self._deliver(day, orders)
        clock = self.project.state / "clock.json"
        clock.parent.mkdir(exist_ok=True)
        clock.write_text(json.dumps({"as_of": f"{day}T20:00:00"}))
        land(self.project, self.project.clock.now())

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

    def customers_of(self, *records: str) -> list[tuple[Any, ...]]:
        return self.rows("int_identity__records", "customer_id", f"record_key in {records}")
