"""`cdp segments preview` and `cdp segments diff`: what a change of segments would do, before it does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cdp.cli.console import output
from cdp.errors import ConfigurationError
from cdp.project import Project

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def register_reviews(segments_app: typer.Typer) -> None:
    """Add `preview` and `diff` to `cdp segments`."""
    segments_app.command("preview")(preview_segment)
    segments_app.command("diff")(diff_segments)


def preview_segment(
    file: Annotated[Path, typer.Argument(help="A segment's YAML, in activation/segments or anywhere.")],
    as_json: AsJson = False,
) -> None:
    """A segment on what is published: size, change, where its rule cuts, overlaps, a few members. Builds nothing."""
    from cdp.segments.previewing.draft import read_draft
    from cdp.segments.previewing.preview import preview
    from cdp.segments.previewing.telling import told
    from cdp.warehouse import open_warehouse

    project = Project.load()
    segment, segments = read_draft(project, file)
    with open_warehouse(project).reader() as reader:
        found = preview(reader, segment, segments)
    if as_json:
        output.print_json(json.dumps(asdict(found), default=str))
        return
    for part in told(found):
        output.print(part)


def diff_segments(
    base: Annotated[str, typer.Argument(help="A branch, a tag or a commit, such as origin/main.")],
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A table for a pull request.")] = False,
) -> None:
    """Who enters and who leaves each segment that the change since BASE touches, changed models upstream included."""
    from cdp.segments.difference.difference import segments_difference
    from cdp.segments.difference.telling import markdown, told

    if as_json and as_markdown:
        raise ConfigurationError("`--json` and `--markdown` exclude each other.", remedy="Choose one.")
    found = segments_difference(Project.load(), base)
    if as_json:
        output.print_json(json.dumps(asdict(found), default=str))
    elif as_markdown:
        typer.echo(markdown(found))
    else:
        for part in told(found):
            output.print(part)
