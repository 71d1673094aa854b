"""A company's project: where its declarations are, where its data goes, and which clock it follows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cdp.clock import Clock, FileClock, SystemClock
from cdp.declarations.yaml_source import YamlDocument, parse, read_yaml
from cdp.errors import ConfigurationError, Location

SETTINGS_FILE = "cdp.yml"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockSettings(_Settings):
    """`system`, or `file` with the file that holds `as_of`."""

    kind: Literal["system", "file"] = "system"
    file: Path = Path("var/clock.json")


class WarehouseSettings(_Settings):
    """`duckdb` keeps generations under `folder`; `postgres` reads its URL from the environment."""

    engine: Literal["duckdb", "postgres"] = "duckdb"
    folder: Path = Path("var/warehouse")
    url_env: str = "CDP_WAREHOUSE_URL"


class StoreSettings(_Settings):
    """The operational store: the URL in `url_env`, or SQLite in `file`; a row may wait `outbox_days` in its outbox."""

    url_env: str = "CDP_STORE_URL"
    file: Path = Path("var/store.db")
    outbox_days: int = Field(default=7, ge=1)


class SqlSourceSettings(_Settings):
    """Where a source of `format: sql` is read: the URL in `url_env`, or a SQLite file."""

    url_env: str
    file: Path | None = None


class FeedbackSettings(_Settings):
    """How a tool reports what became of messages: what it signs with, where that is not its credential.

    `public_url` is how the outside world calls the receiver, `https://cdp.example.com`: some tools sign that too.
    """

    secret_env: str = ""
    public_url: str = ""


class RetentionSettings(_Settings):
    """What every run clears away: published generations but the newest, and rejected lines older than some days.

    `runs` are those that Dagster remembers.
    """

    generations: int = Field(default=3, ge=2)
    rejects_days: int = Field(default=90, ge=1)
    runs: int = Field(default=150, ge=10)


class AlertEmailSettings(_Settings):
    """Alerts by e-mail: `server_env` names the variable that holds smtps://user:password@host."""

    to: list[str] = Field(min_length=1)
    sender: str
    server_env: str = "CDP_ALERT_SMTP_URL"


class AlertWebhookSettings(_Settings):
    """Alerts by webhook: `url_env` names the variable that holds its address, which is often a secret itself."""

    url_env: str = "CDP_ALERT_WEBHOOK_URL"


class AlertSettings(_Settings):
    """Who is told when something is stopped; `ui_url` is where people open Dagster."""

    email: AlertEmailSettings | None = None
    webhook: AlertWebhookSettings | None = None
    ui_url: str = "http://127.0.0.1:3000"


class DestinationSettings(_Settings):
    """A tool that audiences go to. Secrets are named by environment variable, never written here.

    Without a `base_url` it is where its connector knows it to be; without `feedback` it has nothing to report.
    """

    type: str
    base_url: str = ""
    secret_env: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    feedback: FeedbackSettings | None = None


class ProjectSettings(_Settings):
    name: str
    clock: ClockSettings = ClockSettings()
    inbox: Path = Path("var/inbox")
    lake: Path = Path("var/lake")
    state: Path = Path("var")
    dbt_project: Path = Path("dbt_project")
    activation: Path = Path("activation")
    warehouse: WarehouseSettings = WarehouseSettings()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings = RetentionSettings()
    alerts: AlertSettings = AlertSettings()
    sql_sources: dict[str, SqlSourceSettings] = Field(default_factory=dict)
    destinations: dict[str, DestinationSettings] = Field(default_factory=dict)


class Project:
    """One project folder with its settings; every path is absolute."""

    def __init__(self, root: Path, settings: ProjectSettings, document: YamlDocument) -> None:
        self.root, self.settings, self.document = root.resolve(), settings, document

    @classmethod
    def load(cls, start: Path | None = None) -> Project:
        """Find `cdp.yml` in `start` (default: `CDP_PROJECT`, else the current folder) or above it.

        Raises ConfigurationError where there is none, DeclarationError where it is malformed.
        """
        folder = Path(start or os.environ.get("CDP_PROJECT") or Path.cwd()).resolve()
        for candidate in (folder, *folder.parents):
            if (candidate / SETTINGS_FILE).is_file():
                document = read_yaml(candidate / SETTINGS_FILE)
                _load_environment_file(candidate / ".env")
                return cls(candidate, parse(ProjectSettings, document), document)
        raise ConfigurationError(
            f"no {SETTINGS_FILE} in {folder} or above it.",
            remedy="Go to a project folder, pass `--project`, or make one with `cdp init DIR`.",
        )

    def _path(self, path: Path) -> Path:
        return path if path.is_absolute() else self.root / path

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def inbox(self) -> Path:
        return self._path(self.settings.inbox)

    @property
    def lake(self) -> Path:
        return self._path(self.settings.lake)

    @property
    def state(self) -> Path:
        """Everything the product writes that is not the lake: store, logs, Dagster's storage."""
        return self._path(self.settings.state)

    @property
    def dbt_project(self) -> Path:
        return self._path(self.settings.dbt_project)

    @property
    def activation(self) -> Path:
        return self._path(self.settings.activation)

    @property
    def warehouse_folder(self) -> Path:
        return self._path(self.settings.warehouse.folder)

    @property
    def clock(self) -> Clock:
        return FileClock(self._path(self.settings.clock.file)) if self.settings.clock.kind == "file" else SystemClock()

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the operational store."""
        return os.environ.get(self.settings.store.url_env) or f"sqlite:///{self._path(self.settings.store.file)}"

    def sql_source_url(self, source: str) -> str:
        """SQLAlchemy URL of a SQL source.

        Raises ConfigurationError where neither the variable nor a file is set.
        """
        settings = self.settings.sql_sources.get(source)
        if settings is None:
            raise ConfigurationError(
                f"`sql_sources` says nothing about `{source}`.", where=Location(self.document.file)
            )
        if url := os.environ.get(settings.url_env):
            return with_driver(url)
        if settings.file is None:
            raise self.missing_variable(settings.url_env, "sql_sources", source)
        return f"sqlite:///{self._path(settings.file)}"

    def secret(self, destination: str) -> str:
        """The credential of a destination, from the environment.

        Raises ConfigurationError that names the variable, never a value.
        """
        variable = self.settings.destinations[destination].secret_env
        if not variable:
            raise ConfigurationError(
                f"`{destination}` does not say which environment variable holds its credential.",
                where=self.document.at("destinations", destination),
                remedy="Name it: `secret_env: …`.",
            )
        if value := os.environ.get(variable):
            return value
        raise self.missing_variable(variable, "destinations", destination, "secret_env")

    def missing_variable(self, variable: str, *path: str) -> ConfigurationError:
        return ConfigurationError(
            f"the environment variable {variable} is not set.",
            where=self.document.at(*path),
            remedy=f"Set it, or write it to {self.root / '.env'}.",
        )


def with_driver(url: str) -> str:
    """A SQLAlchemy URL whose PostgreSQL driver is the installed one, however the URL spells it.

    Raises ConfigurationError where it is no URL; the message does not repeat it, for it may hold a password.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # the latter: a port that is no number
        raise ConfigurationError("a database address is not a URL such as postgresql://user@host/database.") from None
    if address.get_backend_name() in {"postgres", "postgresql"}:
        address = address.set(drivername="postgresql+psycopg2")
    return address.render_as_string(hide_password=False)


def _load_environment_file(file: Path) -> None:
    """`NAME=value` lines become environment variables, unless the environment has them already.

    Raises ConfigurationError that names the line, and never quotes it.
    """
    if not file.is_file():
        return
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError("the file is not UTF-8 text.", where=Location(file)) from None
    for number, line in enumerate(lines, start=1):
        name, separator, value = (part.strip() for part in line.removeprefix("export ").partition("="))
        if not separator or name.startswith("#"):
            continue
        if not name or "\0" in line:
            raise ConfigurationError("this is not NAME=value.", where=Location(file, number))
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        os.environ.setdefault(name, value[1:-1] if is_quoted else value)
