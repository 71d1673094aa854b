"""What went wrong in a dbt build, from its event stream, in words that quote no data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdp.errors import GateError

_RESULTS = {"LogSeedResult", "LogModelResult", "LogSnapshotResult", "LogTestResult"}
_HEADING = re.compile(r"^\w+ Error in \w+ \S+")
# The trace of macros, the table of a contract's columns, where the SQL is.
_ASIDE = (">", "|", "compiled code at ")
# From the first quote to the last: a value may hold quotes. PostgreSQL puts values into double ones, after a colon.
_QUOTED = re.compile(r"""'.*'|(?<=: )".*"|(?<==)\(.*\)|\S+@\S+|\+?\d[\d\s()-]{6,}""")
_FOUND = re.compile(r"Got (\d+) results?, configured to fail")
_SHOWN = 5
_FULL_DISK = "No space left on device"


@dataclass(slots=True)
class BuildLog:
    """Follows the events of one build: how far it is, what failed, and what only worries."""

    total: int = 0
    done: int = 0
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def follow(self, event: Mapping[str, Any]) -> str | None:
        """Take one event in; the name of the node it finished, if it did."""
        name, data = event["info"]["name"], event["data"]
        if name == "LogStartLine":
            self.total = max(self.total, int(data["total"]))
        elif name == "RunResultError":
            self._fail(_told(data["node_info"], str(data["msg"])))
        elif name == "MainEncounteredError":
            self._fail(f"dbt stopped: {_cause(str(data['exc']))}")
        elif name in _RESULTS:
            if data.get("status") == "warn":
                self.warnings.append(_found(data["node_info"], int(data["num_failures"])))
            self.done += 1
            return str(data["node_info"]["node_name"])
        return None

    def _fail(self, told: str) -> None:
        # A full disk fails every model after it in the same way.
        told = "there is no space left on the disk" if _FULL_DISK in told else told
        if told not in self.failures:
            self.failures.append(told)

    def error(self, compiled: Path) -> GateError:
        """The build's failure as one message; `compiled` is the folder of compiled SQL."""
        told = "; ".join(self.failures[:_SHOWN]) or "dbt stopped without a word"
        more = f" (and {len(self.failures) - _SHOWN} more)" if len(self.failures) > _SHOWN else ""
        return GateError(
            f"the build was thrown away: {told}{more}. Readers and tools still have what was published before.",
            remedy=f"The SQL that ran is under {compiled}; docs/runbooks/blocked-build.md says how to look at it.",
        )


def _found(node: Mapping[str, Any], rows: int) -> str:
    """What a test found, in the words that its `meta` has for it."""
    told = (node.get("meta") or {}).get("finding") or f"{node['resource_type']} {node['node_name']}"
    return f"{told} ({rows:,} {'row' if rows == 1 else 'rows'})"


def _told(node: Mapping[str, Any], message: str) -> str:
    if found := _FOUND.match(message):
        return _found(node, int(found[1]))
    return f"{node['resource_type']} {node['node_name']}: {_cause(message)}"


def _cause(message: str) -> str:
    """The line that says why, with everything quoted, and whatever looks like an address or number, masked."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_ASIDE) and not _HEADING.match(line)]
    cause = next((line for line in telling if "Error:" in line), telling[0] if telling else "no reason given")
    return _QUOTED.sub("…", cause).rstrip(".")
