"""Values of a declaration as SQL literals that no template engine and no SQL dialect can mistake for code."""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlglot import exp
from sqlglot.generator import Generator

from cdp.declarations.rule import Duration, Scalar

# Jinja's opening marks, and the mark that SQLGlot's printer leaves for a line break, are cut in two.
_LINE_BREAK = Generator().SENTINEL_LINE_BREAK
_MARKS = re.compile(rf"(?<=\{{)(?=[{{%#])|(?<={_LINE_BREAK[:2]})(?={_LINE_BREAK[2:]})")


def scalar_literal(value: Scalar) -> exp.Expr:
    match value:
        case bool():
            return exp.Boolean(this=value)
        case str():
            return text_literal(value)
        case datetime():
            return timestamp_literal(value)
        case date():
            return exp.cast(exp.Literal.string(value.isoformat()), exp.DataType.Type.DATE)
        case int() | float():
            return exp.convert(value)


def text_literal(value: str) -> exp.Expr:
    """The text as one literal; as several, concatenated, where it holds what a template engine would act on."""
    first, *rest = [exp.Literal.string(part) for part in _MARKS.split(value)]
    joined: exp.Expr = first
    for part in rest:
        joined = exp.DPipe(this=joined, expression=part)
    return exp.paren(joined, copy=False) if rest else joined


def timestamp_literal(value: datetime) -> exp.Expr:
    return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), exp.DataType.Type.TIMESTAMP)


def interval(duration: Duration) -> exp.Expr:
    """`INTERVAL '30' DAY`, the spelling that every engine reads."""
    return exp.Interval(this=exp.Literal.string(str(duration.count)), unit=exp.var(duration.unit))


def typed(value: exp.Expr, type_: str | exp.DataType, name: str) -> exp.Expr:
    """`CAST(value AS type) AS name`."""
    return exp.alias_(exp.cast(value, type_, copy=False), name, copy=False)
