"""The report as one HTML file that needs nothing beside itself: no network, no script."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from cdp.report import figures
from cdp.report.contents import CART_DAYS, FLOW_DAYS, Contents


def render(contents: Contents, title: str, currency: str) -> str:
    """The whole page; every value is escaped. Money is in `currency`."""
    environment = Environment(
        loader=PackageLoader("cdp.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": _count, "percent": _percent, "money": _money}
    return environment.get_template("report.html.j2").render(
        title=title,
        currency=currency,
        contents=contents,
        customers=contents.completeness[0]["customers_count"] if contents.completeness else 0,
        weeks=figures.weeks(contents.carts),
        member_counts=figures.member_counts(contents),
        rfm=figures.grid(contents.rfm, "recency_score", "frequency_score"),
        overlaps=figures.grid(contents.overlaps, "segment_name", "other_segment_name"),
        Series=figures.Series,
        share=figures.share,
        flow_days=FLOW_DAYS,
        cart_weeks=CART_DAYS // 7,
    )


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{value:.1%}" if 0 < value < 0.1 else f"{value:.0%}"


def _money(cents: int) -> str:
    return f"{cents / 100:,.0f}"
