"""The compared pairs by weight, those of one person above those of others, as a picture without a library."""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

import pyarrow as pa

_WIDTH, _HEIGHT, _MARGIN = 760, 360, 46
_MATCH, _OTHER = "#2a6f97", "#c8553d"


def weights_svg(histogram: pa.Table, title: str) -> str:
    """An SVG of a histogram (`bits`, `matches`, `others`), counts on a logarithmic scale, others below the axis."""
    rows = histogram.to_pylist()
    highest = max((max(row["matches"], row["others"]) for row in rows), default=1)
    shapes = "\n".join([*_bars(rows, _scale(highest)), *_axis(rows)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>\n'
        f'<text x="{_MARGIN}" y="20" font-size="14">{escape(title)}</text>\n'
        f'<text x="{_MARGIN}" y="38" fill="{_MATCH}">pairs of one person</text>\n'
        f'<text x="{_MARGIN}" y="{_HEIGHT - 26}" fill="{_OTHER}">pairs of different persons</text>\n'
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 26}" text-anchor="end">weight in bits; linked above 0</text>\n'
        f"{shapes}\n</svg>\n"
    )


def _scale(highest: int) -> float:
    """Pixels per unit of the logarithm."""
    return (_HEIGHT / 2 - _MARGIN - 8) / math.log10(max(highest, 1) + 1)


def _bars(rows: list[dict[str, int]], scale: float) -> Iterator[str]:
    middle, width = _HEIGHT / 2, _step(rows)
    for place, row in enumerate(rows):
        left = _MARGIN + place * width
        for count, colour, direction in ((row["matches"], _MATCH, -1), (row["others"], _OTHER, 1)):
            tall = math.log10(count + 1) * scale
            top = middle - tall if direction < 0 else middle
            yield (
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{tall:.1f}" fill="{colour}">'
                f"<title>{row['bits']} bits: {count:,} pairs</title></rect>"
            )


def _axis(rows: list[dict[str, int]]) -> Iterator[str]:
    middle, width = _HEIGHT / 2, _step(rows)
    yield f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{middle}" y2="{middle}" stroke="black"/>'
    for place, row in enumerate(rows):
        if row["bits"] % 10 == 0:
            left = _MARGIN + place * width
            yield f'<text x="{left:.1f}" y="{middle + 14}" fill="black">{row["bits"]}</text>'


def _step(rows: list[dict[str, int]]) -> float:
    return (_WIDTH - 2 * _MARGIN) / max(len(rows), 1)
