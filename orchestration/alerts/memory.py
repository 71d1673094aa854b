"""What a channel has told, kept in Dagster's storage: once per cause, until it is well or a day is over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dagster import DagsterInstance

from orchestration.alerts.messages import Message, alert, recovered
from orchestration.alerts.troubles import RunStory, Trouble

# Not a channel: what stands on the page in Dagster.
PAGE = "page"
AGAIN_AFTER = timedelta(days=1)
_KEY = "cdp/alerts"
_MOST_UNSENT = 20


@dataclass(slots=True)
class Memory:
    """Of one channel: causes that were told and are not well yet, and messages that did not go."""

    told: dict[str, dict[str, str]] = field(default_factory=dict)
    unsent: list[dict[str, str]] = field(default_factory=list)

    def take_in(self, project: str, story: RunStory, link: str, now: datetime) -> None:
        """Queue what is new in a run: at most one alert, and one piece of good news."""
        if new := [trouble for trouble in story.troubles if self._is_new(trouble, now)]:
            self._queue(alert(project, new, link))
            for trouble in new:
                self.told[trouble.cause] = {
                    "subject": trouble.subject,
                    "told": trouble.told,
                    "at": now.isoformat(),
                    "kind": "warning" if trouble.only_worries else "stopped",
                }
        mended = {cause for cause, known in self.told.items() if known["subject"] in story.well}
        if mended:
            self._queue(recovered(project, sorted({self.told[cause]["subject"] for cause in mended}), link))
            self.told = {cause: known for cause, known in self.told.items() if cause not in mended}

    def _is_new(self, trouble: Trouble, now: datetime) -> bool:
        known = self.told.get(trouble.cause)
        if known is None:
            return True
        return not trouble.only_worries and now - datetime.fromisoformat(known["at"]) >= AGAIN_AFTER

    def _queue(self, message: Message) -> None:
        queued = {"kind": message.kind, "title": message.title, "body": message.body, "link": message.link}
        self.unsent = [*self.unsent, queued][-_MOST_UNSENT:]


def remember(instance: DagsterInstance) -> dict[str, Memory]:
    """By channel."""
    kept: dict[str, Any] = json.loads(instance.run_storage.get_cursor_values({_KEY}).get(_KEY, "{}"))
    return {channel: Memory(**memory) for channel, memory in kept.items()}


def keep(instance: DagsterInstance, memories: dict[str, Memory]) -> None:
    kept = {channel: {"told": memory.told, "unsent": memory.unsent} for channel, memory in memories.items()}
    instance.run_storage.set_cursor_values({_KEY: json.dumps(kept)})
