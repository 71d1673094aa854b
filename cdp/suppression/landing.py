"""What a landing does for suppression: a token for every new address, a listing for every new reason not to write.

Both are of the batch that brought the addresses: who was erased and comes back is caught in that very build.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cdp.address_macros import AddressMacros
from cdp.declarations.sources import SourceTable, SuppressionLanding, SuppressionTable
from cdp.errors import ConfigurationError
from cdp.landing.batch import Batch
from cdp.landing.files import FileOutcome
from cdp.project import Project
from cdp.suppression.keys import KeyRing, keyed_token
from cdp.suppression.listings import LISTING_ORDER, new_listings
from cdp.suppression.shown import ShownIn, fill_shown
from cdp.suppression.state import open_state

_NEW_TOKENS = (
    f"select k.key_id, {keyed_token('s.address_kind', 's.address')} as token, s.address_kind, s.address "
    "from shown_addresses s cross join suppression_keys k where not exists (select 1 from known_tokens t "
    "where t.key_id = k.key_id and t.address_kind = s.address_kind and t.address = s.address)"
)


class Suppression:
    """The tokens and listings of one project, and the keys of the environment."""

    def __init__(self, project: Project, tables: Sequence[SourceTable]) -> None:
        """Raises ConfigurationError where the keys are malformed."""
        self.ring = KeyRing.from_environment()
        macros = AddressMacros(project.dbt_project)
        self._shown = [ShownIn(table, macros) for table in tables if any(column.addresses for column in table.columns)]
        self._landed_here = {
            table.landing.format: table for table in tables if isinstance(table.landing, SuppressionLanding)
        }

    def table(self, kind: SuppressionTable) -> SourceTable:
        """The table of `tokens` or `listings`.

        Raises ConfigurationError where the dbt project does not declare it.
        """
        if kind not in self._landed_here:
            raise ConfigurationError(
                f"the dbt project declares no table with `landing: {{format: {kind}}}`.",
                remedy="Copy models/staging/suppression from the product's dbt project.",
            )
        return self._landed_here[kind]

    def check(self, batch: Batch) -> None:
        """Open what is known.

        Raises ConfigurationError where a key that is needed is missing, or is another one.
        """
        open_state(batch.connection, batch.lake, self.ring)

    def land(self, batch: Batch) -> list[tuple[SourceTable, FileOutcome]]:
        """Write the tokens and listings of what the batch, or an earlier one without these keys, has brought.

        Gives the tables that got rows.
        """
        if not self.ring or not self._landed_here:
            return []
        tokens, listings = self.table("tokens"), self.table("listings")
        digest = self._digest()
        fresh = self._fresh(batch, tokens, digest)
        if not fresh:
            return []
        fill_shown(batch.connection, fresh)
        written = [
            (tokens, batch.write_query(tokens, _NEW_TOKENS, "key_id, token", digest)),
            (listings, batch.write_query(listings, new_listings("shown_suppressions"), LISTING_ORDER)),
        ]
        return [(table, outcome) for table, outcome in written if outcome.landed]

    def _digest(self) -> str:
        """Of what decides which tokens a row gives: the keys' names, what is declared, how it is normalised."""
        said = list(self.ring.key_ids)
        for shown in self._shown:
            columns = [column.name for column in shown.table.columns]
            name = shown.table.qualified_name
            said += [*shown.addresses(name, columns), *shown.suppressions(name, columns)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def _fresh(self, batch: Batch, tokens: SourceTable, digest: str) -> list[tuple[ShownIn, list[Path]]]:
        """The parts without tokens: those since the last batch that wrote some in the same way, else all."""
        last = batch.connection.execute(
            f"select batch, sha256 from {batch.lake.catalog_relation()} where source = ? and table_name = ? "
            "order by batch desc limit 1",
            [tokens.source, tokens.name],
        ).fetchall()
        since = last[0][0] if last and last[0][1] == digest else 0
        found = [(shown, _parts(batch, shown.table, since)) for shown in self._shown]
        return [(shown, parts) for shown, parts in found if parts]


def _parts(batch: Batch, table: SourceTable, since: int) -> list[Path]:
    own = batch.lake.part(table.source, table.name, batch.number)
    committed = [part for part in batch.lake.parts(table.source, table.name) if int(part.stem) > since]
    return [*committed, own] if own.exists() else committed
