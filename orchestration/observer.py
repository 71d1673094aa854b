"""What a run tells whoever watches it. Nothing here carries a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dagster import Failure

from cdp.errors import CdpError, unexpected
from cdp.landing.land import LandingResult
from cdp.operations.retention import Cleared
from cdp.warehouse import Generation
from quality.verdicts import Verdict
from reverse_etl.engine.events import Event
from reverse_etl.engine.run import SyncResult


class Observer:
    """Watches nothing; whoever watches overrides what is of interest."""

    def landing(self, table: str, files: int) -> None:
        """`files` new files of `table` are being read."""

    def landed(self, result: LandingResult) -> None:
        """The landing ended."""

    def cleared(self, cleared: Cleared) -> None:
        """What is older than `retention` says is gone."""

    def inspected(self, verdicts: Sequence[Verdict]) -> None:
        """What has arrived was judged, before it becomes visible."""

    def node_finished(self, name: str, done: int, total: int) -> None:
        """dbt finished a model, a seed or a test."""

    def auditing(self, table: str) -> None:
        """The expectations on `table` are being checked."""

    def published(self, generation: Generation) -> None:
        """Readers see `generation` from now on."""

    def syncing(self, event: Event) -> None:
        """Something happened in a run of a sync."""

    def synced(self, result: SyncResult) -> None:
        """A run of a sync ended."""

    def warned(self, what: str) -> None:
        """The build found something that does not stop it."""

    def failed(self, error: CdpError) -> None:
        """A step could not do what it is for."""

    @contextmanager
    def watching(self, step: str) -> Iterator[None]:
        """Turn what `step` raises into a failure that Dagster shows as a sentence, and tell about it."""
        try:
            yield
        except CdpError as error:
            self.failed(error)
            raise Failure(str(error), allow_retries=error.is_passing) from None
        except Exception as error:
            told = unexpected(step, error)
            self.failed(told)
            # The original message may quote data: Dagster keeps what it is given for ever.
            raise Failure(str(told), allow_retries=False) from None
