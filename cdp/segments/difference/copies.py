"""Two copies of the published generation, in which both sides of a comparison compile and build their models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

import duckdb

from cdp.errors import CdpError, ConfigurationError
from cdp.landing.lake import Lake
from cdp.pipeline.building import building
from cdp.pipeline.dbt import manifest_file, run_dbt
from cdp.pipeline.dbt_failures import BuildLog
from cdp.project import Project
from cdp.segments.difference.graph import Graph, read_graph
from cdp.warehouse import Generation
from cdp.warehouse.duckdb import FILE_VARIABLE, DuckDBReader
from cdp.warehouse.fingerprint import fingerprint


@dataclass(frozen=True, slots=True)
class Copy:
    """One side, called `label`: `project` writes what dbt makes beside `file`, a copy of the published `generation`."""

    label: str
    project: Project
    file: Path
    generation: Generation
    lake: Lake

    def compiled(self, relations: Iterable[str]) -> Graph:
        """The models that `relations` are made of, each in the form that builds it from the beginning.

        Raises CdpError with what dbt says where they do not compile.
        """
        ended = self._dbt("compile", "--quiet", "--select", *(f"+{relation}" for relation in sorted(relations)))
        if ended.returncode:
            raise CdpError(f"the models {self.label} do not compile:\n{ended.stdout.strip()}")
        return read_graph(self.project, manifest_file(self.project))

    def build(self, models: Collection[str]) -> None:
        """Build models, if any, from the beginning; registries and histories go on from what they hold.

        Raises CdpError with what failed, in words that quote no data.
        """
        if not models:
            return
        only = [f"--exclude-resource-type={kind}" for kind in ("test", "unit_test")]
        ended = self._dbt("build", "--log-format=json", *only, "--select", *sorted(models))
        if ended.returncode:
            told = f"the changed models {self.label} do not build: {_failures(ended.stdout)}."
            raise CdpError(told, remedy="`cdp dbt build` shows more.")

    @contextmanager
    def reader(self) -> Iterator[DuckDBReader]:
        with duckdb.connect(str(self.file), read_only=True) as connection:
            yield DuckDBReader(connection, self.generation, self.lake)

    def _dbt(self, command: str, *arguments: str) -> CompletedProcess[str]:
        whole = [command, "--full-refresh", "--target=duckdb", *arguments]
        return run_dbt(self.project, whole, {FILE_VARIABLE: str(self.file)}, capture=True)


Sides = tuple[Copy, Copy]


@contextmanager
def copies(project: Project, base: Project) -> Iterator[Sides]:
    """A copy for `base` and one for the project as it is, gone afterwards.

    Raises BusyError where a build is going on, ConfigurationError where the engine has no such copies.
    """
    if project.settings.warehouse.engine != "duckdb":
        raise ConfigurationError(
            "models have changed, and `cdp segments diff` builds them in a copied file, which only DuckDB has.",
            where=project.document.at("warehouse", "engine"),
            remedy="Changes of rules alone are compared on every engine.",
        )
    with _folder(project) as folder:
        file, generation = _copy_published(project, _made(folder / "now"))
        other = _made(folder / "base") / file.name
        shutil.copyfile(file, other)
        lake = Lake(project.lake)
        yield (
            Copy("at the base", _writing_to(base, other.parent), other, generation, lake),
            Copy("of the work tree", _writing_to(project, file.parent), file, generation, lake),
        )


def compile_both(sides: Sides, relations: tuple[set[str], set[str]]) -> tuple[Graph, Graph]:
    """What both sides compile to; they do it at the same time, for most of it is dbt's start."""
    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(Copy.compiled, sides, relations)
    return before, after


def build_both(sides: Sides, models: tuple[set[str], set[str]]) -> None:
    """Build on both sides at the same time; a side without models is left as it is."""
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(Copy.build, sides, models):
            pass


def is_built_from(published: Generation, base: Project, lake: Lake) -> bool:
    """Whether what is published is what `base` builds of the same data."""
    query = f"select coalesce(max(batch), 0) from {lake.catalog_relation()} where landed > 0 and batch <= ?"
    with duckdb.connect() as connection:
        ((batch,),) = connection.execute(query, [published.batch]).fetchall()
    return published.fingerprint == fingerprint(base, published.as_of, int(batch))


@contextmanager
def _folder(project: Project) -> Iterator[Path]:
    parent = project.state / "scratch"
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="diff-", dir=parent) as folder:
        yield Path(folder)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _copy_published(project: Project, folder: Path) -> tuple[Path, Generation]:
    """A fresh copy as a build would begin with, at the moment of what is published."""
    with building(project) as held:
        published = held.warehouse.published()
        if published is None:
            raise ConfigurationError("nothing has been built yet.", remedy="Run `cdp run` first.")
        candidate = Path(held.warehouse.begin(published.as_of, published.fingerprint).environment[FILE_VARIABLE])
        # Views name the database they are in, and that is called like the file.
        return candidate.replace(folder / candidate.name), published


def _writing_to(project: Project, folder: Path) -> Project:
    return Project(project.root, project.settings.model_copy(update={"state": folder}), project.document)


def _failures(output: str) -> str:
    log = BuildLog()
    for line in output.splitlines():
        if line.startswith("{"):
            log.follow(json.loads(line))
    return "; ".join(log.failures) or "dbt stopped without a word"
