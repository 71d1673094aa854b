"""A whole sync in front of a tool that is sent messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.engine.ports import Destination
from reverse_etl.engine.words import Status, Verdict
from tests.doubles.workbench import Workbench

_RUNS_AT_MOST = 40

# A sample of the networks that fail, and for `make proof` many more.
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(2, 20))]


class Sending(Workbench):
    """A sync of mode `send`: the key of a message is also where it goes to, and `first_name` is its value."""

    def __init__(self, folder: Path, destination: Destination) -> None:
        super().__init__(folder, mode="send", fields={"id": "to", "value": "first_name"})
        self.destination = destination  # type: ignore[assignment]

    def run_to_the_end(self) -> None:
        """Run until nothing is left in the outbox."""
        for _ in range(_RUNS_AT_MOST):
            if self.run().status is Status.OK:
                return
        raise AssertionError("the sync does not come to an end")

    def verdicts(self) -> dict[str, Verdict]:
        """The last verdict of every key."""
        told = self.reader.query(f"select key, verdict from {self.reader.receipts()} order by seq").read_all()
        return {row["key"]: Verdict(row["verdict"]) for row in told.to_pylist()}
