"""Tables in a narrow terminal, or in a log."""

from __future__ import annotations

from rich.console import Console

from cdp.cli.tables import table_of

COLUMNS = ["sync", "status", "started_at", "acknowledged", "rejected", "in_flight", "open_holds"]
ROW = {
    "sync": "sms_cart_reminder",
    "status": "ok",
    "started_at": "2017-11-01 00:00:00",
    "acknowledged": 1453,
    "rejected": 0,
    "in_flight": None,
    "open_holds": 0,
}


def test_a_narrow_terminal_cuts_nothing_off() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table_of(COLUMNS, [ROW]))
    shown = capture.get()
    assert "sms_cart_reminder" in shown
    assert "1,453" in shown
    assert "acknowledged" in shown
    assert "…" not in shown
    assert "None" not in shown
