"""A company whose sources show addresses and say which must not be written to, and keys to list them under."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cdp.landing.lake import Lake
from cdp.suppression.keys import VARIABLE
from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.inbox import Company, ndjson

SOURCES = """\
version: 2
sources:
  - name: raw_files
    tables:
      - name: people
        config: {meta: {landing: {format: ndjson, files: "people/*.ndjson"}}}
        columns:
          - {name: email, data_type: varchar, config: {meta: {address: email}}}
          - {name: either, data_type: varchar, config: {meta: {address: [email, phone]}}}
          - {name: profile, data_type: json, config: {meta: {address: {email: email, home.phone: phone}}}}
      - name: mails
        config:
          meta:
            landing: {format: ndjson, files: "mails/*.ndjson"}
            suppresses:
              bounced: {address: email, when: {event: bounce, kind: hard}, at: sent_at}
              unsubscribed: {address: email, when: {event: unsubscribe}, at: sent_at}
        columns:
          - {name: email, data_type: varchar, config: {meta: {address: email}}}
          - {name: event, data_type: varchar}
          - {name: kind, data_type: varchar}
          - {name: sent_at, data_type: timestamp}
"""
VARIABLES = "vars: {default_calling_code: '7', default_trunk_prefix: '8'}\n"
SECRETS = {f"k{number}": f"{number:02d}{'5e1f' * 16}" for number in range(1, 5)}
Keys = Callable[..., None]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Set the keys of the environment, by their names, the newest first; none where none is named."""

    def set_them(*names: str) -> None:
        monkeypatch.setenv(VARIABLE, ",".join(f"{name}:{SECRETS[name]}" for name in names))

    return set_them


class ListCompany(Company):
    """A company with the macros of the product, and a look at its list."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.declare("files", SOURCES)
        shutil.copytree(REPOSITORY / "dbt_project/macros/portable", root / "dbt_project/macros/portable")
        (root / "dbt_project/dbt_project.yml").write_text(VARIABLES)
        staging = REPOSITORY / "dbt_project/models/staging/suppression"
        self.declare("suppression", (staging / "_suppression__sources.yml").read_text())

    def shows(self, name: str, *people: dict[str, object]) -> None:
        """A file of people arrives and lands."""
        self.deliver(f"people/{name}.ndjson", ndjson(people))
        self.land()

    def forget_addresses(self) -> None:
        """What an erasure does to the lake: no address is left in it."""
        for table in ("files/people", "files/mails", "suppression/tokens"):
            for part in (self.lake.root / "raw" / table).glob("*.parquet"):
                rows = duckdb.sql(f"from read_parquet('{part}') where false").to_arrow_table()
                duckdb.from_arrow(rows).write_parquet(str(part))

    def suppressed(self) -> set[tuple[str, str]]:
        """Reason and address of everything that is listed and known, as the models join it: token to token."""
        tokens, listings = (Lake(self.project.lake).parts("suppression", name) for name in ("tokens", "listings"))
        if not tokens or not listings:
            return set()
        query = f"select distinct reason, address from read_parquet({list(map(str, listings))}) "
        query += f"join read_parquet({list(map(str, tokens))}) using (key_id, token)"
        return set(duckdb.sql(query).fetchall())

    def at(self, moment: str) -> None:
        (self.root / "clock.json").write_text(json.dumps({"as_of": moment}))


@pytest.fixture
def company(tmp_path: Path) -> ListCompany:
    return ListCompany(tmp_path / "company")
