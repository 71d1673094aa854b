"""A measure that is out of bounds, as a sentence. No value that a source table holds is quoted, but declared ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quality.landing.looking import Looked


def told(row: Mapping[str, object], looked: Sequence[Looked]) -> str:
    """What is unusual, how it is, how it used to be, and how far it might have gone."""
    subject = _subject(str(row["kind"]), str(row["what"]), str(row["measure"]), looked)
    return f"{subject}: {_number(row, 'value')} (usually {_number(row, 'median')}, {_bound(row)})"


def _bound(row: Mapping[str, object]) -> str:
    value, low = float(str(row["value"])), float(str(row["low"]))
    return f"at least {_number(row, 'low')}" if value < low else f"at most {_number(row, 'high')}"


def _number(row: Mapping[str, object], name: str) -> str:
    value = float(str(row[name]))
    match row["scale"]:
        case "share":
            return f"{value:.0%}" if value > 0.1 or value == 0 else f"{value:.1%}"
        case "count":
            return f"{value:,.0f}"
        case _:
            return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _subject(kind: str, what: str, measure: str, looked: Sequence[Looked]) -> str:
    names = [_name(part, looked) for part in what.split("|")[: 2 if kind == "links" else 1]]
    subjects = {
        "filled": f"rows that have `{names[0]}`",
        "known": f"values of `{names[0]}` that had come before",
        "strangers": f"values of `{names[0]}` that had come before",
        "volume": measure,
        "relations": f"{f'`{what}`' if what else 'rows'} {measure}",
    }
    if kind == "values":
        return f"rows whose `{names[0]}` is {_value(what, looked)}"
    if kind == "links":
        agree, before = "`{0}` whose rows agree on `{1}`", "`{1}` as it was before for the same `{0}`"
        return (agree if measure == "in one" else before).format(*names)
    return subjects.get(kind, f"`{names[0]}`, {measure}")


def _name(part: str, looked: Sequence[Looked]) -> str:
    return looked[int(part[1:])].name if part[:1] == "c" and part[1:].isdigit() else part


def _value(what: str, looked: Sequence[Looked]) -> str:
    column, value = what.split("|", 1)
    listed = {known.lower() for known in looked[int(column[1:])].known_values}
    return f"`{value}`" if value in listed else "one of the values not listed in its description"
