"""One readable message: what happened, what to do next, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestration.alerts.troubles import Trouble

_RUNBOOKS = "docs/runbooks"


@dataclass(frozen=True, slots=True)
class Message:
    """What a person gets; `kind` is `stopped`, `warning` or `recovered`."""

    kind: str
    title: str
    body: str
    link: str

    def as_json(self) -> dict[str, Any]:
        # `text` is what chat tools show of a webhook.
        return {**asdict(self), "text": f"{self.title}\n\n{self.body}"}


def alert(project: str, troubles: Sequence[Trouble], link: str) -> Message:
    """One message about everything new in one run."""
    kind = "warning" if all(trouble.only_worries for trouble in troubles) else "stopped"
    worst = next((trouble for trouble in troubles if not trouble.only_worries), troubles[0])
    more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
    return Message(kind, f"[{project}] {kind}: {_name(worst.subject)}{more}", _body(troubles, link), link)


def recovered(project: str, subjects: Sequence[str], link: str) -> Message:
    """Good news about what an alert had told of."""
    named = [_name(subject) for subject in subjects]
    more = f" (and {len(named) - 1} more)" if len(named) > 1 else ""
    body = "Well again:\n" + "".join(f"  {name}\n" for name in named) + f"\nThe run: {link}\n"
    return Message("recovered", f"[{project}] recovered: {named[0]}{more}", body, link)


def _body(troubles: Sequence[Trouble], link: str) -> str:
    parts = [
        f"What happened ({_name(trouble.subject)})\n  {trouble.told}\nNext step\n  {_next_step(trouble)}\n"
        for trouble in troubles
    ]
    return "\n".join([*parts, f"The run: {link}\n"])


def _name(subject: str) -> str:
    return subject.replace("sync__", "sync ")


def _next_step(trouble: Trouble) -> str:
    """Where a person begins; the sentence itself often names the command."""
    match trouble.subject.split("__")[0], ":" in trouble.subject:
        case "sync", False:
            name = trouble.subject.removeprefix("sync__")
            return f"See what it would do: cdp plan {name}. The way out: {_RUNBOOKS}/held-sync.md"
        case "land", _:
            return "Look at what was set aside: cdp rejects. Repair the source, then: cdp run"
        case subject, True if subject.startswith("raw_"):
            return "Look at what was set aside: cdp rejects. Have the file delivered again, repaired."
        case (("ingest" | "build" | "activate"), False):
            return "Nothing to repair: the next run does what this one left. If it comes again: cdp doctor"
        case _:
            return f"Readers and tools have what was published before. The way out: {_RUNBOOKS}/blocked-build.md"
