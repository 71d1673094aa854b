"""YAML that remembers its lines, and pydantic errors told in terms of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer

from cdp.declarations.complaints import told
from cdp.errors import DeclarationError, Location

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[str | int, ...]
# An alias may stand for an alias that stands for an alias …
MOST_VALUES = 50_000
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One YAML file: its plain content, and the line of every key and item in it."""

    file: Path
    content: Any
    lines: dict[Path_, int]

    def at(self, *path: str | int) -> Location:
        """The location of `path`, or of its nearest ancestor that the file has."""
        for end in range(len(path), -1, -1):
            line = self.lines.get(tuple(path[:end]))
            if line is not None:
                return Location(self.file, line)
        return Location(self.file, 1)


_UNWANTED = {f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "int")}
_RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNWANTED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Plain(yaml.SafeLoader):
    """Safe YAML without dates: a date stays the text its author wrote, and so do `1:30` and `010`."""

    yaml_implicit_resolvers = _RESOLVERS


_Plain.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789"))


# The parser in C, where PyYAML was built with it, is ten times as fast. Its composer is left alone: what is nested too
# deeply would end the process.
class _Fast(Composer, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same, told less about what is wrong."""

    yaml_implicit_resolvers = _Plain.yaml_implicit_resolvers

    def __init__(self, text: str) -> None:
        Composer.__init__(self)
        super(Composer, self).__init__(text)


def read_yaml(file: Path) -> YamlDocument:
    """Read one YAML file.

    Raises DeclarationError where the file is missing, is not YAML or repeats a key.
    """
    try:
        # Reading takes seconds a megabyte, before anything in it can be counted.
        if file.stat().st_size > MOST_BYTES:
            raise DeclarationError(f"the file has more than {MOST_BYTES:,} bytes.", where=Location(file))
        text = file.read_text(encoding="utf-8")
        content, lines = _read(text, file)
    except FileNotFoundError:
        raise DeclarationError("the file does not exist.", where=Location(file)) from None
    except UnicodeDecodeError:
        raise DeclarationError("the file is not UTF-8 text.", where=Location(file)) from None
    except OSError as error:
        raise DeclarationError(f"the file cannot be read: {error.strerror}.", where=Location(file)) from None
    except RecursionError:
        raise DeclarationError("the file is nested too deeply to read.", where=Location(file)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise DeclarationError(f"this is not YAML: {error.problem}.", where=Location(file, line)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        told = f"this is not YAML: it has the character U+{ord(text[error.position]):04X}."
        raise DeclarationError(told, where=Location(file, line)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise DeclarationError(f"this is not YAML: {error}.", where=Location(file)) from None
    return YamlDocument(file, content, lines)


def _read(text: str, file: Path) -> tuple[Any, dict[Path_, int]]:
    """The content, and the line of everything in it. What the fast reader refuses the plain one tells more about."""
    try:
        return _read_by(_Fast, text, file)
    except (yaml.YAMLError, ValueError):
        return _read_by(_Plain, text, file)


def _read_by(kind: type[yaml.SafeLoader], text: str, file: Path) -> tuple[Any, dict[Path_, int]]:
    loader = kind(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path_, int] = {}
        if node is not None:
            _collect_lines(node, (), lines, file)
        return loader.construct_document(node) if node is not None else None, lines
    finally:
        loader.dispose()


def parse(model: type[Model], document: YamlDocument, *path: str | int) -> Model:
    """Validate the part of `document` at `path` as `model`.

    Raises DeclarationError with the file, the line and every complaint of that file.
    """
    content = document.content
    for step in path:
        content = content[step]
    if not isinstance(content, dict):
        raise DeclarationError("expected a mapping of keys to values.", where=document.at(*path))
    try:
        return model.model_validate(content)
    except ValidationError as error:
        complaints = [(document.at(*path, *_steps(each["loc"])), told(each)) for each in error.errors()]
        first_place, first = complaints[0]
        others = "".join(f"\n{place}: {sentence}" for place, sentence in complaints[1:])
        raise DeclarationError(first + others, where=first_place) from None


def _steps(location: Sequence[str | int]) -> Sequence[str | int]:
    return [step for step in location if not (isinstance(step, str) and step.startswith(("function-", "tagged-")))]


def _collect_lines(node: yaml.Node, path: Path_, lines: dict[Path_, int], file: Path) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(lines) > MOST_VALUES:
        raise DeclarationError(f"the file says more than {MOST_VALUES:,} things.", where=Location(file))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here, key_line = (*path, str(key.value)), key.start_mark.line + 1
            if here in lines:
                raise DeclarationError(f"`{key.value}` is written twice.", where=Location(file, key_line))
            lines[here] = key_line
            _collect_lines(value, here, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect_lines(value, (*path, index), lines, file)
