"""The report of a run, as a table for people: what went in, what came out, how long it took."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Column, Table

from cdp.landing.land import LandingResult
from cdp.pipeline.summary import Contents
from orchestration.report import Report
from reverse_etl.engine.run import SyncResult

Row = tuple[str, str, str, str]

NEXT_STEPS = """\
What to look at next:
  cdp explain customer ID --segment NAME   why somebody is, or is not, in a segment
  cdp explain customer ID --audience NAME  why an audience reaches them, or not
  cdp explain sync NAME KEY                why somebody is, or is not, at a tool
  cdp sandbox show                         what stands in each tool
  cdp status, cdp ui                       how things stand; the asset graph"""


def report_table(report: Report) -> Table:
    """One row per stage, source, segment, audience and sync."""
    table = Table(
        Column("stage", no_wrap=True), "in", "out", Column("seconds", justify="right"), box=None, pad_edge=False
    )
    for row in _rows(report):
        table.add_row(*row)
    return table


def _rows(report: Report) -> Iterator[Row]:
    if report.landing_result:
        yield from _landing_rows(report.landing_result, _shown(report, "landing"))
    if report.generation:
        number = report.generation.number
        yield ("build", f"as of {report.generation.as_of}", f"{report.nodes} models and tests", _shown(report, "build"))
        yield ("audit", "", f"generation {number} published", _shown(report, "audit"))
    if report.contents:
        yield from _content_rows(report.contents)
    for sync in sorted(report.syncs, key=lambda sync: sync.sync):
        yield (f"sync {sync.sync}", _planned(sync), _done(sync), _shown(report, f"sync {sync.sync}"))


def _shown(report: Report, stage: str) -> str:
    return f"{report.seconds[stage]:.1f}" if stage in report.seconds else ""


def _landing_rows(result: LandingResult, seconds: str) -> Iterator[Row]:
    yield ("landing", "", f"batch {result.batch}" if result.batch else "nothing new", seconds)
    for each in result.tables:
        if each.files:
            came = f"{each.files:,} files, {each.lines_in:,} lines"
            refused = f", {each.refused:,} files refused" if each.refused else ""
            went = f"{each.landed:,} landed, {each.rejected:,} rejected{refused}"
            yield (f"{each.table.source}.{each.table.name}", came, went, "")
            yield from (("", escape(refusal), "refused", "") for refusal in each.refusals)


def _content_rows(contents: Contents) -> Iterator[Row]:
    yield ("identity", f"{contents.records:,} records", f"{contents.customers:,} customers", "")
    for segment, members in contents.segments.items():
        yield (f"segment {segment}", f"{contents.customers:,} customers", f"{members:,} members", "")
    for funnel in contents.audiences:
        came, went = f"{funnel.in_segment:,} in the segment", f"{funnel.reachable:,} reachable"
        yield (f"audience {funnel.audience}", came, went, "")


def _planned(sync: SyncResult) -> str:
    plan = sync.plan
    details = f": +{plan.add:,} ~{plan.update:,} -{plan.remove:,}" if plan else ""
    return f"{sync.counts.planned:,} planned{details}"


def _done(sync: SyncResult) -> str:
    counts = sync.counts
    others = {"unknown": counts.unknown, "held": counts.held, "in flight": counts.in_flight}
    told = "".join(f", {count:,} {name}" for name, count in others.items() if count)
    return f"{sync.status.value}: {counts.ok:,} ok, {counts.rejected:,} rejected{told}"
