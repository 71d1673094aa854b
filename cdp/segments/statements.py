"""What each column of a statement is made of, so that two versions of the statement can be compared by column.

A column is its expression, the columns that it names, and the rows that the statement keeps. A relation that is joined
from the left adds columns and no rows (its key is unique, which is what the tests of a model hold it to), so it matters
to the columns that name it and to no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

Read = tuple[str, str]
Schema = Mapping[str, Mapping[str, Iterable[str]]]
Tables = dict[str, dict[str, object]]
ROWS = ""
_NO_ROWS = {"expressions", "from_", "joins", "with_", "order"}
_FILTERING = {"SEMI", "ANTI"}


@dataclass(frozen=True, slots=True)
class Column:
    """`own` is a digest of what the statement says about the column; `reads` are the columns of other relations in it.

    A relation is called `table`, or `schema.table` outside the models' schema; its column `ROWS` stands for its rows.
    """

    own: str
    reads: frozenset[Read] = frozenset()


Columns = dict[str, Column]


class UnreadableError(Exception):
    """A statement that the parser cannot take apart into columns."""


def columns_of_statement(statement: str | exp.Expr, schema: Schema, dialect: str, models: str) -> Columns:
    """Every output column of a query, and `ROWS` for its rows.

    `schema` has the columns of each table by schema; `models` is the schema whose tables go by their bare name.
    Raises UnreadableError.
    """
    try:
        query = parse_one(statement, dialect=dialect) if isinstance(statement, str) else statement.copy()
        tables = _tables_of(query, schema)
        query = qualify(
            query, schema=dict(tables), dialect=dialect, validate_qualify_columns=False, quote_identifiers=False
        )
        return _Statement(models, tables).columns(query)
    except (SqlglotError, RecursionError, KeyError, IndexError) as error:
        raise UnreadableError(str(error)) from None


def _tables_of(query: exp.Expr, schema: Schema) -> Tables:
    """What the qualifier has to know of the tables in `query`; they lose their database, which is that of one side."""
    known: Tables = {}
    for table in query.find_all(exp.Table):
        table.set("catalog", None)
        if columns := schema.get(table.db, {}).get(table.name):
            known.setdefault(table.db, {})[table.name] = dict.fromkeys(columns, "text")
    return known


def _together(text: str, parts: Iterable[Column]) -> Column:
    found = list(parts)
    digest = hashlib.sha256("\0".join([text, *(part.own for part in found)]).encode()).hexdigest()[:16]
    return Column(digest, frozenset().union(*(part.reads for part in found)))


class _Statement:
    """The scopes of one statement, the inner ones first."""

    def __init__(self, models: str, tables: Tables) -> None:
        self._models, self._tables = models, tables
        self._known: dict[int, Columns] = {}

    def columns(self, query: exp.Expr) -> Columns:
        last: Columns = {}
        for scope in traverse_scope(query):
            last = self._known[id(scope.expression)] = self._of(scope)
        if not last:
            raise UnreadableError("there is no query in it")
        return last

    def _of(self, scope: Scope) -> Columns:
        if isinstance(scope.expression, exp.SetOperation):
            return self._united(scope)
        if isinstance(scope.expression, exp.Select):
            return _SelectScope(scope, self._known, self._models, self._tables).columns()
        return {ROWS: _together(scope.expression.sql(), ())}

    def _united(self, scope: Scope) -> Columns:
        left, right = (self._known[id(branch.expression)] for branch in scope.set_operation_scopes)
        kind = f"{type(scope.expression).__name__} {scope.expression.args.get('distinct')}"
        is_plain = isinstance(scope.expression, exp.Union) and not scope.expression.args.get("distinct")
        parts = [left[ROWS], right[ROWS]] if is_plain else [*left.values(), *right.values()]
        rows = _together(kind, parts)
        named = [(name, column) for name, column in left.items() if name != ROWS]
        others = [column for name, column in right.items() if name != ROWS]
        united = zip(named, others, strict=True)
        return {ROWS: rows, **{name: _together(kind, [column, other, rows]) for (name, column), other in united}}


class _SelectScope:
    def __init__(self, scope: Scope, known: Mapping[int, Columns], models: str, tables: Tables) -> None:
        self._scope, self._known, self._models, self._tables = scope, known, models, tables
        self._joins: list[exp.Join] = scope.expression.args.get("joins") or []
        self._left = {join.this.alias_or_name: join for join in self._joins if _adds_no_rows(join)}

    def columns(self) -> Columns:
        select = self._scope.expression
        rows = self._rows(select)
        named = {projection.alias_or_name: self._made_of(projection.unalias()) for projection in select.expressions}
        return {ROWS: rows, **{name: _together("", [column, rows]) for name, column in named.items()}}

    def _rows(self, select: exp.Expr) -> Column:
        from_ = select.args.get("from_")
        parts = [self._rows_of(from_.this)] if from_ else []
        for join in self._joins:
            if not _adds_no_rows(join):
                parts += [self._rows_of(join.this), self._condition(join)]
        skipped = _NO_ROWS - ({"expressions"} if select.args.get("distinct") else set())
        skipped -= {"order"} if select.args.get("limit") or select.args.get("offset") else set()
        outputs = {projection.alias_or_name: projection for projection in select.expressions}
        for key, value in sorted(select.args.items()):
            if key not in skipped:
                parts += [self._made_of(node, outputs) for node in _nodes(value)]
        return _together("rows", parts)

    def _rows_of(self, node: exp.Expr) -> Column:
        return (
            self._of_source(node.alias_or_name, ROWS)
            if isinstance(node, exp.Table | exp.Subquery)
            else self._made_of(node)
        )

    def _condition(self, join: exp.Join) -> Column:
        on = [self._made_of(node) for node in _nodes([join.args.get("on"), *(join.args.get("using") or [])])]
        return _together(f"{join.side} {join.kind}", on)

    def _made_of(self, node: exp.Expr, outputs: Mapping[str, exp.Expr] | None = None) -> Column:
        """An expression with everything that it names, subqueries included; `outputs` may be named without a table."""
        named = sorted({(column.table, column.name) for column in node.find_all(exp.Column)})
        inner = {id(part) for part in node.walk()}
        subqueries = [scope for scope in self._scope.subquery_scopes if id(scope.expression) in inner]
        parts = [self._named(table, name) for table, name in named if table in self._scope.sources]
        parts += [self._output(name, outputs or {}) for table, name in named if not table]
        parts += [_together("", self._known[id(scope.expression)].values()) for scope in subqueries]
        return _together(node.sql(comments=False), parts)

    def _output(self, name: str, outputs: Mapping[str, exp.Expr]) -> Column:
        """A name without a table: an output, or a column of the only table, where nobody knows its columns."""
        if name in outputs:
            return self._made_of(outputs[name].unalias())
        match list(self._scope.sources.items()):
            case [(table, exp.Table() as source)] if source.name not in self._tables.get(source.db, {}):
                return self._of_source(table, name)
        raise UnreadableError(f"nobody knows whose column {name} is")

    def _named(self, table: str, name: str) -> Column:
        column, join = self._of_source(table, name), self._left.get(table)
        if join is None:
            return column
        # Its own columns in the condition are taken as they are: the join that brings them is this one.
        keys = sorted({(each.table, each.name) for each in join.find_all(exp.Column)})
        condition = [self._of_source(*key) for key in keys if key[0] in self._scope.sources]
        return _together(join.sql(comments=False), [column, *condition])

    def _of_source(self, table: str, name: str) -> Column:
        source = self._scope.sources[table]
        if isinstance(source, exp.Table):
            relation = source.name if source.db == self._models else f"{source.db}.{source.name}"
            return Column(f"{relation}.{name}", frozenset({(relation, name)}))
        known = self._known[id(source.expression)]
        return known[name] if name in known else _together(name, known.values())


def _adds_no_rows(join: exp.Join) -> bool:
    return join.side == "LEFT" and join.kind not in _FILTERING


def _nodes(value: object) -> list[exp.Expr]:
    held = value if isinstance(value, list) else [value]
    return [node for node in held if isinstance(node, exp.Expr)]
