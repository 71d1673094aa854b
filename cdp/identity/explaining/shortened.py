"""Texts of any length and content, as a terminal or a picture can take them."""

from __future__ import annotations


def shortened(text: str, letters: int) -> str:
    """The text on one line, its middle left out where it is longer; what does not print is a `�`."""
    half = (letters - 1) // 2
    kept = text if len(text) <= letters else f"{text[:half]}…{text[-half:]}"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in kept)
