"""How many SMS a text becomes, as networks count: septets of GSM 03.38, or UTF-16 where one character is not in it."""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
# What a message holds that is one, and what each of several holds.
_SEPTETS, _UNITS = (160, 153), (70, 67)


def segments(text: str) -> int:
    """1 for an empty text."""
    characters = set(text)
    if characters <= _BASIC | _EXTENDED:
        sizes, (whole, part) = [2 if character in _EXTENDED else 1 for character in text], _SEPTETS
    else:
        sizes, (whole, part) = [2 if ord(character) > 0xFFFF else 1 for character in text], _UNITS
    return 1 if sum(sizes) <= whole else _parts(sizes, part)


def _parts(sizes: list[int], room: int) -> int:
    """A character is never torn in two."""
    parts, left = 1, room
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts
