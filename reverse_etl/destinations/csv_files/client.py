"""A file that holds what a list should: batches are collected, and published together as one file.

A batch is kept on this machine until then, and in the ledger. What a process that died has kept is asked to be sent
again, so that who has withdrawn consent since is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb

from cdp.errors import DeclarationError
from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.csv_files.config import CAPABILITIES, SyncOptions
from reverse_etl.destinations.csv_files.manifest import Manifest, digest_of
from reverse_etl.destinations.csv_files.parts import Parts
from reverse_etl.destinations.csv_files.place import Place, PlaceError, meaning_of
from reverse_etl.engine.words import Batch, Reply, RowVerdict, Verdict

Answer = TypeVar("Answer")

_CHANGED = Reply(Verdict.FATAL, "not_ours", "the file that is there is none that was published, or was changed since")
_GONE = Reply(Verdict.FATAL, "gone", "the file that was published is not there any more")
_STILL_THERE = Reply(Verdict.FATAL, "still_there", "the file is still there: move it away first")
_NOT_KEPT = RowVerdict(Verdict.RETRY, "not_kept", "the run that kept it ended before it was published")
_NOT_MADE = Reply(Verdict.RETRY, "not_made", "this machine could not put the file together: look at its disk")


class CsvFile:
    """See `reverse_etl.engine.ports.WorksInJobs` and `ReadsBack`."""

    capabilities = CAPABILITIES

    def __init__(self, place: Place, target: Target) -> None:
        options = SyncOptions.model_validate(target.options)
        self._place, self._key, self._name = place, options.key_column, f"{target.name}.csv"
        self._manifest_name, self._begun_name = f"{target.name}.manifest.json", f".{target.name}.begun.json"
        self._manifest: Manifest | None = None
        self._has_looked = False
        self._parts = Parts(neutralises=options.formulas == "neutralise")

    def send(self, batch: Batch) -> Reply:
        """Keep the batch for the next publication."""
        return self._tried(lambda: self._keep(batch))

    def poll(self, batch: Batch) -> Reply:
        """Whether the published file has the batch; the first question publishes all that are kept."""
        return self._tried(lambda: self._answer(batch))

    def found(self, keys: Sequence[str]) -> int | Reply:
        """By the file that is published."""
        return self._tried(lambda: self._parts.held(*self._base(), keys))

    def start_over(self) -> Reply:
        """Publish a file of no rows in the place of one that is gone."""
        return self._tried(self._begin_anew)

    def close(self) -> None:
        self._parts.close()
        self._place.close()

    def _tried(self, step: Callable[[], Answer]) -> Answer | Reply:
        try:
            if not self._has_looked:
                self._look()
            return step()
        except PlaceError as error:
            reply = error.reply
        except OSError as error:
            reply = meaning_of(error)
        except duckdb.Error:
            reply = _NOT_MADE
        self._has_looked = False
        return reply

    def _keep(self, batch: Batch) -> Reply:
        self._parts.add(batch)
        return Reply(Verdict.PENDING, job=batch.idempotency_key)

    def _answer(self, batch: Batch) -> Reply:
        if self._manifest is not None and batch.idempotency_key in self._manifest.batches:
            return Reply(Verdict.OK)
        if batch.idempotency_key not in self._parts.names:
            return Reply(Verdict.OK, rows=dict.fromkeys(range(len(batch)), _NOT_KEPT))
        self._publish()
        return Reply(Verdict.OK)

    def _begin_anew(self) -> Reply:
        if self._digest() is not None:
            return _STILL_THERE
        content, told = self._parts.folder / "new.csv", self._parts.folder / "manifest.json"
        content.write_text(f"{self._key}\n", encoding="utf-8")
        Manifest.of(content, self._name, 0, [self._key], []).write(told)
        self._place.publish(content, self._name)
        self._place.publish(told, self._manifest_name)
        self._has_looked = False
        return Reply(Verdict.OK)

    def _publish(self) -> None:
        folder, (base, columns) = self._parts.folder, self._base()
        content, told = folder / "new.csv", folder / "manifest.json"
        rows, columns = self._parts.merge(base, columns, self._key, content)
        manifest = Manifest.of(content, self._name, rows, columns, self._parts.names)
        manifest.write(told)
        self._place.publish(told, self._begun_name)
        self._place.publish(content, self._name)
        self._place.publish(told, self._manifest_name)
        self._manifest = manifest
        self._parts.clear()

    def _look(self) -> None:
        """See what is published, and finish a publication that was cut short before its manifest."""
        self._manifest, begun = self._read(self._manifest_name), self._read(self._begun_name)
        if begun is not None and begun != self._manifest and self._digest() == begun.sha256:
            self._place.publish(self._local(self._begun_name), self._manifest_name)
            self._manifest = begun
        self._has_looked = True

    def _base(self) -> tuple[Path | None, list[str]]:
        """The file that is published, and its columns; raises PlaceError where it is not as we left it."""
        digest = self._digest()
        if digest is None and self._manifest is None:
            return None, []
        if digest is None:
            raise PlaceError(_GONE)
        if self._manifest is None or digest != self._manifest.sha256:
            raise PlaceError(_CHANGED)
        return self._local(self._name), list(self._manifest.columns)

    def _digest(self) -> str | None:
        local = self._local(self._name)
        return digest_of(local) if self._place.fetch(self._name, local) else None

    def _read(self, name: str) -> Manifest | None:
        local = self._local(name)
        return Manifest.read(local) if self._place.fetch(name, local) else None

    def _local(self, name: str) -> Path:
        return self._parts.folder / f"fetched-{name}"


def check(target: Target) -> None:
    """Raises DeclarationError where two columns of the file would have one name."""
    key = SyncOptions.model_validate(target.options).key_column
    if key in target.fields:
        raise DeclarationError(
            f"a field is called `{key}`, as the key's column is.",
            remedy="The key is written without being among the `fields`; `key_column` names its column.",
        )
