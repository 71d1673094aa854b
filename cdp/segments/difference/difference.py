"""Who enters and who leaves each segment that a change touches, and why it is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp.declarations.segments import Segments, load_segments, read_segments
from cdp.project import Project
from cdp.segments.difference.checkout import check_out
from cdp.segments.difference.code import same_models
from cdp.segments.difference.copies import Sides, build_both, compile_both, copies, is_built_from
from cdp.segments.difference.graph import Graph
from cdp.segments.difference.lineage import Reach, reach_of_change
from cdp.segments.difference.movement import Movement, Side, movement
from cdp.segments.difference.reasons import Reasons
from cdp.segments.members import columns_by_schema, model_schema, relations_of
from cdp.warehouse import Reader, open_warehouse


@dataclass(frozen=True, slots=True)
class Touched:
    """A segment that the change touches: why, and how its members move."""

    segment: str
    why: tuple[str, ...]
    moved: Movement


@dataclass(frozen=True, slots=True)
class Difference:
    """The work tree against `base`; `built` are the models that were built to see it.

    All columns of the models in `unread` count as changed, because their SQL could not be taken apart.
    """

    base: str
    commit: str
    as_of: datetime
    touched: list[Touched]
    built: list[str]
    unread: list[str]


@dataclass(frozen=True, slots=True)
class _Compared:
    old: Side
    new: Side
    reach: Reach = field(default_factory=Reach)
    built: frozenset[str] = frozenset()


def segments_difference(project: Project, base: str) -> Difference:
    """Compare the work tree with the commit `base` on the published generation, or on copies of it where models differ.

    Raises DeclarationError where a segment of the work tree is unsound, CdpError where the commit, or something that a
    segment asks, is not there.
    """
    with TemporaryDirectory(prefix="cdp-base-") as folder:
        other = check_out(project, base, Path(folder))
        before, after = _segments_at(other.project, base), load_segments(project)
        with _compared(project, other.project, before, after) as sides:
            why = Reasons(sides.old, sides.new, sides.reach).by_segment()
            touched = [Touched(name, reasons, movement(name, sides.old, sides.new)) for name, reasons in why.items()]
            as_of = sides.new.reader.generation.as_of
        return Difference(base, other.commit, as_of, touched, sorted(sides.built), sorted(sides.reach.unread))


def _segments_at(project: Project, base: str) -> Segments:
    """The sound segments of `base`, in files called as git calls them."""
    segments, _ = read_segments(project)
    return {
        name: replace(segment, file=Path(f"{base}:{segment.file.relative_to(project.root)}"))
        for name, segment in segments.items()
    }


@contextmanager
def _compared(project: Project, base: Project, before: Segments, after: Segments) -> Iterator[_Compared]:
    with open_warehouse(project).reader() as published:
        if same_models(project, base):
            yield _Compared(Side(before, published), Side(after, published))
            return
        relations = _relations(published, before), _relations(published, after)
    with copies(project, base) as sides:
        reach, built = _built(sides, compile_both(sides, relations), base)
        old, new = sides
        with old.reader() as old_reader, new.reader() as new_reader:
            yield _Compared(Side(before, old_reader), Side(after, new_reader), reach, built)


def _relations(reader: Reader, segments: Segments) -> set[str]:
    return set[str]().union(*(relations_of(reader, segment, segments) for segment in segments.values()))


def _built(sides: Sides, graphs: tuple[Graph, Graph], base: Project) -> tuple[Reach, frozenset[str]]:
    """Build on both copies what the change reaches; on that of `base` only if it is not what is published."""
    (old, new), (before, after) = sides, graphs
    with new.reader() as reader:
        tables, models, dialect = columns_by_schema(reader), model_schema(reader), reader.dialect
    reach = reach_of_change(before, after, tables, dialect, models)
    standing = set(tables.get(models, ()))
    wanted = reach.models | (set(after) - standing)
    is_standing = is_built_from(old.generation, base, old.lake)
    outdated = set[str]() if is_standing else (set(before) & wanted) | (set(before) - standing)
    build_both(sides, (outdated, wanted))
    return reach, frozenset(wanted)
