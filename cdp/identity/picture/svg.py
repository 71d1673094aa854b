"""The picture as one SVG file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from cdp.identity.explaining.shortened import shortened
from cdp.identity.picture.contents import Box, Circle, Contents, Line
from cdp.identity.picture.layout import BOX_HEIGHT, BOX_WIDTH, MARGIN, RADIUS, Layout, layout

_INK, _FAINT, _BAD = "#1f2933", "#9aa5b1", "#b42318"
_FILLS = ("#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#ede9fe", "#ccfbf1", "#ffe4e6", "#e2e8f0")
_BOX_LETTERS, _CIRCLE_LETTERS, _TITLE_LETTERS = 34, 40, 200


def picture_svg(contents: Contents, customer_id: int, subtitle: str) -> str:
    """Records as boxes by source, what they show as circles; what does not link is dashed, with the reason."""
    placed = layout(contents)
    fills = {kind: _FILLS[place % len(_FILLS)] for place, kind in enumerate(sorted({b.kind for b in contents.boxes}))}
    shapes = [
        *_title(placed, customer_id, subtitle, _left_out(contents)),
        *(_line(placed, line) for line in contents.lines),
        *(shape for box in contents.boxes for shape in _box(placed, box, fills[box.kind])),
        *(shape for circle in contents.circles for shape in _circle(placed, circle)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {placed.width} {placed.height}" '
        f'width="{placed.width}" height="{placed.height}" font-family="Helvetica, Arial, sans-serif" font-size="12" '
        f'fill="{_INK}">\n<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def _left_out(contents: Contents) -> str:
    parts = []
    if contents.records_left_out:
        parts.append(f"{contents.records_left_out:,} records")
    if contents.values_left_out:
        parts.append(f"{contents.values_left_out:,} values that few records show")
    return f"not drawn: {' and '.join(parts)}" if parts else ""


def _title(placed: Layout, customer_id: int, subtitle: str, left_out: str) -> Iterator[str]:
    yield f'<text x="{MARGIN}" y="34" font-size="20" font-weight="bold">Customer {customer_id}</text>'
    yield f'<text x="{MARGIN}" y="54">{escape(subtitle)}</text>'
    if left_out:
        yield f'<text x="{MARGIN}" y="72" fill="{_BAD}">{escape(left_out)}</text>'
    yield from _legend(placed.width - MARGIN - 190)


def _legend(left: int) -> Iterator[str]:
    yield f'<line x1="{left}" y1="24" x2="{left + 40}" y2="24" stroke="{_INK}" stroke-width="1.5"/>'
    yield f'<line x1="{left}" y1="44" x2="{left + 40}" y2="44" {_dashed()}/>'
    yield f'<circle cx="{left + 20}" cy="64" r="{RADIUS - 2}" fill="white" stroke="{_FAINT}" stroke-width="1.5"/>'
    for y, told in ((28, "links"), (48, "shown, but does not link"), (68, "nobody else shows it")):
        yield f'<text x="{left + 50}" y="{y}">{told}</text>'


def _dashed() -> str:
    return f'stroke="{_BAD}" stroke-width="1.2" stroke-dasharray="5 4" fill="none"'


def _line(placed: Layout, line: Line) -> str:
    box, circle = placed.boxes[line.box], placed.circles[line.circle]
    direction = 1 if placed.is_left(line.box) else -1
    start, end = box.x + direction * BOX_WIDTH / 2, circle.x - direction * RADIUS
    middle = (start + end) / 2
    curve = f"M{start:.1f} {box.y:.1f} C{middle:.1f} {box.y:.1f} {middle:.1f} {circle.y:.1f} {end:.1f} {circle.y:.1f}"
    style = _dashed() if line.reason else f'stroke="{_INK}" stroke-width="1.3" stroke-opacity="0.65" fill="none"'
    why = f"<title>{escape(line.reason)}</title>" if line.reason else ""
    return f'<path d="{curve}" {style}>{why}</path>'


def _box(placed: Layout, box: Box, fill: str) -> Iterator[str]:
    place = placed.boxes[box]
    yield (
        f'<rect x="{place.x - BOX_WIDTH / 2:.1f}" y="{place.y - BOX_HEIGHT / 2:.1f}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="5" fill="{fill}" stroke="{_FAINT}"/>'
    )
    name = box.record_key if box.records == 1 else f"{box.records:,} × {box.kind}"
    yield (
        f'<text x="{place.x:.1f}" y="{place.y + 4:.1f}" text-anchor="middle">{_told(name, _BOX_LETTERS)}'
        f"<title>{_told(box.record_key, _TITLE_LETTERS)} (number {box.node_id})</title></text>"
    )


def _circle(placed: Layout, circle: Circle) -> Iterator[str]:
    place, (kind, value) = placed.circles[circle], circle.shown
    fill, stroke = ("white", _BAD) if circle.reason else ("white", _FAINT) if circle.records == 1 else (_INK, _INK)
    at = f'cx="{place.x:.1f}" cy="{place.y:.1f}" r="{RADIUS}"'
    yield f'<circle {at} fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'
    label = f"<tspan font-weight='bold'>{escape(kind)}</tspan> {_told(value, _CIRCLE_LETTERS)}"
    yield _outlined(place.x, place.y - RADIUS - 4, label, _INK)
    if circle.reason:
        yield _outlined(place.x, place.y + RADIUS + 11, _told(circle.reason, 60), _BAD)


def _outlined(x: float, y: float, content: str, colour: str) -> str:
    """Text that stays readable over lines."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{colour}" stroke="white" stroke-width="4" '
        f'stroke-linejoin="round" paint-order="stroke" font-size="11">{content}</text>'
    )


def _told(text: str, letters: int) -> str:
    return escape(shortened(text, letters))
