"""One text for many rows at once: what all share travels once, what differs once per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Template, nodes

from cdp.errors import DeclarationError
from reverse_etl.destinations.texts import Text, UnfilledError, filled

_BETWEEN = "\0"
# What says nothing by itself, but counts for what follows.
_SILENT = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport)


class CutText:
    """A text cut into what everybody gets (`same`) and what differs between: one piece fewer than `same` has.

    Everything of Jinja's language works, as each differing piece is filled in here, a whole `{% if %}` as one piece.
    """

    def __init__(self, text: Text) -> None:
        """Raises DeclarationError where the text extends another."""
        self.same, differing = [""], list[nodes.Node]()
        for node in _printed(text.body):
            if isinstance(node, nodes.TemplateData):
                self.same[-1] += node.data
                continue
            differing.append(node)
            if not isinstance(node, _SILENT):
                differing.append(nodes.Output([nodes.TemplateData(_BETWEEN)]))
                self.same.append("")
        pieces = nodes.Template(differing, lineno=1)
        pieces.set_environment(text.environment)
        self._template: Template = text.environment.from_string(pieces)

    def fill(self, row: Mapping[str, Any]) -> list[str]:
        """The differing pieces for one row; errors as `Text.fill`."""
        pieces = filled(self._template, row).split(_BETWEEN)
        if len(pieces) != len(self.same):
            raise UnfilledError("bad_value", "a value has a character that no text has")
        return pieces[:-1]


def _printed(body: nodes.Template) -> Iterable[nodes.Node]:
    for node in body.body:
        if isinstance(node, nodes.Extends | nodes.Block):
            raise DeclarationError(
                "a template that is sent to many at once cannot extend another.", remedy="Use `{% include %}`."
            )
        if not isinstance(node, nodes.Output):
            yield node
            continue
        for part in node.nodes:
            yield part if isinstance(part, nodes.TemplateData) else nodes.Output([part], lineno=node.lineno)
