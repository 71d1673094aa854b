"""Who watches the engine: a progress printer for people, and a log for machines. Neither sees a row."""

from __future__ import annotations

import logging
from dataclasses import fields

from rich.console import Console

from reverse_etl.engine.events import (
    BatchAnswered,
    BatchSplit,
    Event,
    Observer,
    Planned,
    RowsLeftOut,
    RunEnded,
    RunStarted,
    Waiting,
)

logger = logging.getLogger("reverse_etl")


def log(event: Event) -> None:
    """One log line per event, `name key=value …`."""
    told = " ".join(f"{field.name}={getattr(event, field.name)}" for field in fields(event))
    logger.info("%s %s", type(event).__name__, told)


def progress_printer(console: Console) -> Observer:
    """Prints a line where something changes; batches that went well are summed up."""
    delivered: dict[str, int] = {}

    def show(event: Event) -> None:
        match event:
            case RunStarted(sync=sync):
                delivered[sync] = 0
            case Planned(sync=sync, counts=counts):
                console.print(f"{sync}: {counts.add} to add, {counts.update} to update, {counts.remove} to remove")
            case BatchAnswered(sync=sync, rows=rows, rejected=rejected, verdict="ok"):
                delivered[sync] += rows - rejected
            case BatchSplit(sync=sync, rows=rows, code=code):
                console.print(f"{sync}: a batch of {rows} was refused ({code}); looking for the row to blame")
            case RowsLeftOut(sync=sync, rows=rows):
                console.print(f"{sync}: {rows} left out, consent was withdrawn since the plan was made")
            case Waiting(sync=sync, seconds=seconds, code=code):
                console.print(f"{sync}: {delivered[sync]} delivered; {code}, waiting {seconds:.1f} s")
            case RunEnded(sync=sync, status=status, reason=reason):
                console.print(f"{sync}: {status}{f' ({reason})' if reason else ''}", markup=False)
            case _:
                pass

    return show
