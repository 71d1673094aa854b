"""Everything that `cdp compile` writes, as text by path; and the comparison with what is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from cdp.declarations.audiences import ReadAudiences
from cdp.declarations.consent_terms import load_consent_terms
from cdp.declarations.problems import together
from cdp.declarations.segments import ModelReference, Segments
from cdp.declarations.vocabulary import Vocabulary
from cdp.errors import DeclarationError
from cdp.identity.checks import identity_problems
from cdp.project import Project
from cdp.segments.canonical import canonical_query
from cdp.segments.checks import EVENT_CHECKS, GENERATED, SEGMENT_CHECKS, checks
from cdp.segments.columns import columns_of
from cdp.segments.definitions import (
    audience_definitions,
    audience_variants,
    former_names,
    segment_definitions,
    segment_members,
)
from cdp.segments.editor_schemas import audience_schema, segment_schema, trait_schema
from cdp.segments.emptiness import pointless_segments
from cdp.segments.event_facts import event_facts_query
from cdp.segments.masks import masks_query
from cdp.segments.ranks import ranks_query
from cdp.segments.source import DbtSource
from cdp.segments.standing import (
    ANALYSES,
    AUDIENCES,
    FACTS,
    audiences_declared_as,
    declared_as,
    read_standing,
    read_standing_audiences,
    traits_declared_as,
)

SEGMENT_MODELS = Path("models/marts/segments")
AUDIENCE_MODELS = Path("models/marts/audiences")


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the files differ from what the declarations say: to write, and to delete."""

    stale: tuple[Path, ...]
    orphaned: tuple[Path, ...]

    def __bool__(self) -> bool:
        return bool(self.stale or self.orphaned)


def compile_project(project: Project) -> dict[Path, str]:
    """The text of every generated file.

    Raises DeclarationError with every complaint about every declaration.
    """
    compiled = compile_what_stands(project)
    if compiled.problems:
        raise together(compiled.problems)
    return compiled.generated


@dataclass(frozen=True, slots=True)
class Compiled:
    """The text of every generated file, what is wrong with what stays as it was before, and what is sound but odd."""

    generated: dict[Path, str]
    problems: list[DeclarationError]
    warnings: list[DeclarationError]


def compile_what_stands(project: Project) -> Compiled:
    """Every declaration, a broken one as it was compiled before.

    Raises DeclarationError where nothing is to be written: a declaration is broken that has nothing to stand in for
    it, and leaving it out would make members leave.
    """
    standing = read_standing(project)
    segments, vocabulary = standing.segments, standing.vocabulary
    audiences = read_standing_audiences(project, standing.left_out)
    broken = standing.problems + audiences.problems
    if problems := identity_problems(project.dbt_project):
        raise together(broken + problems)
    schemas = project.activation / "schemas"
    generated = {
        **{project.dbt_project / path: text for path, text in _statements(segments, audiences, vocabulary).items()},
        schemas / "segment.schema.json": _json(segment_schema(vocabulary, segments)),
        schemas / "trait.schema.json": _json(trait_schema(vocabulary.events)),
        schemas / "audience.schema.json": _json(audience_schema(segments, load_consent_terms(project.dbt_project))),
    }
    return Compiled(generated, broken, list(pointless_segments(segments)))


def drift(project: Project, generated: Mapping[Path, str]) -> Drift:
    """What differs on disk from `generated`; analyses and checks of segments that are gone are orphaned."""
    stale = [path for path, text in generated.items() if not path.is_file() or path.read_text("utf-8") != text]
    folders = [project.dbt_project / folder for folder in (ANALYSES, SEGMENT_CHECKS, EVENT_CHECKS)]
    orphaned = {file for folder in folders for file in folder.glob("*.sql") if _is_ours(file)} - set(generated)
    return Drift(tuple(sorted(stale)), tuple(sorted(orphaned)))


def _is_ours(file: Path) -> bool:
    return file.read_text("utf-8").startswith(GENERATED)


def what_a_build_would_miss(project: Project) -> str:
    """A sentence where the declarations say something else than the SQL that a build reads; empty where they do not."""
    try:
        found = drift(project, compile_project(project))
    except DeclarationError as error:
        return f"What is declared cannot be compiled, so the SQL of before is built: {error}"
    files = len(found.stale) + len(found.orphaned)
    return (
        f"{files} generated files are not what is declared: this builds without it. First: cdp compile."
        if found
        else ""
    )


def write(found: Drift, generated: Mapping[Path, str]) -> None:
    for path in found.stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated[path], "utf-8", newline="\n")
    for path in found.orphaned:
        path.unlink()


def _statements(segments: Segments, read: ReadAudiences, vocabulary: Vocabulary) -> dict[Path, str]:
    dbt, audiences = DbtSource(), read.audiences
    rules = [each.definition for each in segments.values() if not isinstance(each.definition, ModelReference)]
    columns = columns_of(rules, vocabulary.declared.values())
    analyses = {
        ANALYSES / f"{name}.sql": _sql(
            canonical_query(segment, segments, dbt), f"activation/segments/{name}.yml", declared_as(segment)
        )
        for name, segment in segments.items()
    }
    models: dict[Path, exp.Query] = {
        SEGMENT_MODELS / "int_segments__definitions.sql": segment_definitions(segments),
        FACTS: event_facts_query(columns.facts, dbt),
        SEGMENT_MODELS / "int_segments__ranks.sql": ranks_query(columns.ranks, dbt),
        SEGMENT_MODELS / "int_segments__masks.sql": masks_query(segments, dbt),
        SEGMENT_MODELS / "int_segments__former_names.sql": former_names(segments),
        SEGMENT_MODELS / "segment_members.sql": segment_members(segments, dbt),
        AUDIENCES: audience_definitions(audiences),
        AUDIENCE_MODELS / "int_audiences__variants.sql": audience_variants(audiences),
    }
    notes = {FACTS: traits_declared_as(vocabulary), AUDIENCES: audiences_declared_as(read)}
    models_text = {
        path: _sql(query, f"activation/{path.parent.name}/", *notes.get(path, ())) for path, query in models.items()
    }
    return analyses | models_text | checks(segments, vocabulary.events.names)


def _sql(query: exp.Query, declared_in: str, *notes: str) -> str:
    header = "\n".join([f"{GENERATED}; edit {declared_in} instead", *notes])
    return f"{header}\n{query.sql(pretty=True, normalize_functions='lower')}\n"


def _json(schema: Mapping[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
