"""Which table a sync keeps."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.sql import Identifier

from cdp.errors import DeclarationError
from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.postgres.config import SyncOptions


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its declared name, and the column that tells its rows apart."""

    name: Identifier
    key: str

    @classmethod
    def of(cls, target: Target) -> Table:
        """Raises DeclarationError where there can be no such table."""
        parts, key = target.name.split("."), SyncOptions.model_validate(target.options).key_column
        if len(parts) > 2 or not all(parts):
            raise DeclarationError(f"`{target.name}` is no table.", remedy="An `object` is `schema.table`.")
        if key in target.fields:
            raise DeclarationError(
                f"a field is called `{key}`, as the key column is.",
                remedy="The key is sent without being among the `fields`; `key_column` names its column.",
            )
        return cls(Identifier(*parts), key)


def check(target: Target) -> None:
    """Raises DeclarationError where there can be no such table."""
    Table.of(target)
