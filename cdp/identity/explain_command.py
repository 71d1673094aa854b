"""`cdp identity explain`: why two records are one customer, or are not."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cdp.cli.console import output
from cdp.errors import Location
from cdp.identity.overrides import OVERRIDES_FILE
from cdp.project import Project

Given = Annotated[str, typer.Argument(help="A record key (`<source>:<entity>:<id>`), or a customer id of any age.")]


def explain_records(
    a: Given,
    b: Given,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Why two records, or customers, are one: the links from one to the other. Or what keeps them apart."""
    from cdp.cli.tables import table_of
    from cdp.identity.explaining import telling
    from cdp.identity.explaining.explanation import explain
    from cdp.warehouse import open_warehouse

    project = Project.load()
    with open_warehouse(project).reader() as reader:
        found = explain(reader, a, b)
    if as_json:
        output.print_json(json.dumps(telling.as_json(found), default=str, ensure_ascii=False))
        return
    for line in telling.headline(found):
        output.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.path:
        output.print(table_of(telling.PATH_COLUMNS, telling.path_rows(found.path)))
    if found.obstacles:
        output.print(table_of(telling.OBSTACLE_COLUMNS, telling.obstacle_rows(found.obstacles)))
    for line in telling.remarks(found, Location(project.dbt_project / OVERRIDES_FILE)):
        output.print(line, markup=False, highlight=False, soft_wrap=True)
