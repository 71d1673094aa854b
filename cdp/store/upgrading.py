"""From an older schema to this one, once, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from cdp.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 0x63647002

Transaction = Callable[[], AbstractContextManager[Connection]]


def upgrade(reading: Transaction, writing: Transaction, revision: str = "head") -> None:
    """Apply the missing migrations in one transaction.

    Raises ConfigurationError where the store has a revision this code does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    with reading() as connection:
        current = _revision(connection)
    if current == scripts.get_current_head():
        return
    _refuse_newer(scripts, current)
    with writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, current: str | None) -> None:
    if current is None:
        return
    try:
        scripts.get_revision(current)
    except CommandError:
        raise ConfigurationError(
            f"the operational store is at revision {current}, which this version does not know: a newer one wrote it.",
            remedy="Install that version again, or point to another store.",
        ) from None
