"""A folder of declarations: one thing a file, the file name is its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from cdp.declarations.problems import attempt_all
from cdp.declarations.yaml_source import YamlDocument, parse, read_yaml
from cdp.errors import DeclarationError, Location

# Names become columns, files and comments; PostgreSQL keeps 63 bytes of one.
DeclaredName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Sentence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")
]


class Declaration(BaseModel):
    """What every declaration says about itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: DeclaredName
    description: Sentence
    owner: Sentence


class Named(Protocol):
    @property
    def name(self) -> str: ...


Header = TypeVar("Header", bound=Declaration)
Thing = TypeVar("Thing", bound=Named)


def read_folder(
    folder: Path, read_one: Callable[[Path], Thing], draft: Path | None = None, left_out: Set[str] = frozenset()
) -> tuple[dict[str, Thing], list[DeclarationError]]:
    """Every declaration in `folder` by name, in the order of names, and the complaints about the others.

    Files of `left_out` are not read.
    """
    files = (file for file in declared_files(folder, draft) if file.stem not in left_out)
    things, problems = attempt_all(read_one, files)
    problems += [
        DeclarationError(
            "declarations lie here in files that end in `.yml`.", where=Location(path), remedy=_meant(path)
        )
        for path in sorted(folder.glob("*"))
        if path.suffix != ".yml" and not path.name.startswith(".")
    ]
    return {thing.name: thing for thing in things}, problems


def _meant(path: Path) -> str:
    return "Move its files one folder up." if path.is_dir() else f"Rename it to `{path.name.split('.')[0]}.yml`."


def declared_files(folder: Path, draft: Path | None = None) -> Iterator[Path]:
    """The files of `folder` in the order of names; `draft`, from anywhere, stands in for one of its name."""
    files = {file.stem: file for file in folder.glob("*.yml")}
    if draft is not None:
        files[draft.stem] = draft
    yield from (files[name] for name in sorted(files))


def read_header(
    model: type[Header], file: Path, instead: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Header, YamlDocument]:
    """Validate a whole file as `model`, or, where `instead` has its name, the content there.

    Raises DeclarationError where it does not fit, or is not called what its name says.
    """
    document = YamlDocument(file, instead[file.stem], {}) if file.stem in instead else read_yaml(file)
    header = parse(model, document)
    if header.name != file.stem:
        raise DeclarationError(
            f"the file is called `{file.stem}`, but its name says `{header.name}`.",
            where=document.at("name"),
            remedy="Make them the same.",
        )
    return header, document
