"""What was allowed at an address, for people in a terminal of 80 columns."""

from __future__ import annotations

from rich.table import Column, Table
from rich.text import Text

from cdp.segments.consent import ConsentAnswer, Standing


def consent_table(answer: ConsentAnswer) -> Table | str:
    """A line per purpose, channel and class of messages that anything was said about."""
    if not answer.standings:
        return "Nothing had been said about this address, so nothing was allowed."
    short = [Column(heading, overflow="fold") for heading in ("purpose", "channel", "class")]
    exact = [Column(heading, no_wrap=True) for heading in ("allowed", "since")]
    table = Table(*short, *exact, Column("as said at", overflow="fold"), box=None, pad_edge=False)
    for each in answer.standings:
        named = map(Text, (each.purpose, each.channel, each.message_class))
        allowed, since = "yes" if each.is_granted else "no", f"{each.decided_at:%Y-%m-%d %H:%M}"
        table.add_row(*named, allowed, since, Text(_said(each)))
    return table


def _said(standing: Standing) -> str:
    """Where it was said, under which text, and whether we knew of it by then."""
    text = " ".join(part for part in (standing.text_version, standing.locale) if part)
    parts = [
        standing.source,
        standing.form,
        f"text {text}" if text else "",
        "" if standing.was_known else "known later",
    ]
    return ", ".join(part for part in parts if part)
