"""Texts of messages: what a row puts into them, and what it cannot do to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.errors import DeclarationError
from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.cut_text import CutText
from reverse_etl.destinations.texts import Texts, UnfilledError, check_mapped
from reverse_etl.engine.words import Verdict


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    folder = tmp_path / "activation" / "templates"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(
        "<p>{{ name }}</p>{% if vip is defined %}<b>VIP</b>{% endif %}{% include 'end.html' %}"
    )
    (folder / "end.html").write_text("<i>bye</i>")
    (folder / "child.html").write_text("{% extends 'page.html' %}")
    (folder / "broken.html").write_text("one\n{% if %}")
    (folder / "includes.html").write_text("{% include 'end.html' %}{% include 'nowhere.html' %}")
    (folder / "loop.html").write_text("{% include 'loop.html' %}")
    (folder / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    return Texts(folder)


def test_html_escapes_and_plain_does_not(texts: Texts) -> None:
    row = {"name": "<i>&{{ name }}"}
    assert texts.file("page.html").fill(row) == "<p>&lt;i&gt;&amp;{{ name }}</p><i>bye</i>"
    assert texts.line("Hi {{ name }}").fill(row) == "Hi <i>&{{ name }}"


@pytest.mark.parametrize("row", [{}, {"name": None}])
def test_nobody_is_called_none(texts: Texts, row: dict[str, None]) -> None:
    with pytest.raises(UnfilledError) as refused:
        texts.line("Hi {{ name }}").fill(row)
    assert (refused.value.verdict.verdict, refused.value.verdict.code) == (Verdict.REJECTED, "missing_value")
    assert texts.line("Hi {{ name | default('you') }}").fill(row) == "Hi you"


@pytest.mark.parametrize(
    "said",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ name.__init__.__globals__ }}",
        "{{ name / 0 }}",
        "{{ name.nothing.more }}",
        "{{ range(10000000) | list }}",
    ],
)
def test_a_template_has_no_way_out_and_its_errors_say_no_value(texts: Texts, said: str) -> None:
    with pytest.raises(UnfilledError) as refused:
        texts.line(said).fill({"name": "Anna"})
    assert "Anna" not in str(refused.value) + refused.value.verdict.reason
    assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize("name", ["nowhere.html", "../../cdp.yml", "/etc/passwd"])
def test_a_template_is_a_file_of_the_folder(texts: Texts, name: str) -> None:
    with pytest.raises(DeclarationError, match="there is no template"):
        texts.file(name)


def test_a_template_that_is_none_is_told_with_its_line(texts: Texts) -> None:
    with pytest.raises(DeclarationError, match=r"broken\.html:2: this is not a template"):
        texts.file("broken.html")
    with pytest.raises(DeclarationError, match="not UTF-8"):
        texts.file("latin.txt")
    with pytest.raises(DeclarationError, match="this is not a template"):
        texts.line("{{ name")


def test_what_a_template_includes_is_there(texts: Texts) -> None:
    with pytest.raises(DeclarationError, match=r"there is no template `nowhere\.html`"):
        texts.file("includes.html")
    with pytest.raises(UnfilledError):
        texts.file("loop.html").fill({})


def test_what_a_text_asks_for_is_mapped(texts: Texts) -> None:
    page = texts.file("page.html")
    assert page.names == {"name", "vip"}
    check_mapped(Target("x", "send", {}, frozenset({"to", "name", "vip"})), [page], "to")
    with pytest.raises(DeclarationError, match="`vip`"):
        check_mapped(Target("x", "send", {}, frozenset({"to", "name"})), [page], "to")


def test_a_cut_text_keeps_what_everybody_gets(texts: Texts) -> None:
    cut = CutText(texts.file("page.html"))
    assert cut.same == ["<p>", "</p>", "", ""]
    assert cut.fill({"name": "<", "vip": True}) == ["&lt;", "<b>VIP</b>", "<i>bye</i>"]


def test_what_was_set_is_there_in_the_pieces_that_follow(texts: Texts) -> None:
    cut = CutText(
        texts.line(
            "{% set double = 2 * n %}{% macro twice() %}{{ n + n }}{% endmacro %}{{ n }} and {{ twice() }}{# a note #}."
        )
    )
    assert (cut.same, cut.fill({"n": 4})) == (["", " and ", "."], ["4", "8"])


def test_a_text_that_extends_another_cannot_be_cut(texts: Texts) -> None:
    assert texts.file("child.html").fill({"name": "x"}) == "<p>x</p><i>bye</i>"
    with pytest.raises(DeclarationError, match="cannot extend"):
        CutText(texts.file("child.html"))


_VALUES = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(name=_VALUES, other=_VALUES)
def test_the_pieces_and_what_is_the_same_make_the_text(name: str, other: str) -> None:
    source = (
        "a {{ name }} b {% if name %}{{ other }} c{% endif %}{{ other | upper }}{% for x in name %}{{ x }}-{% endfor %}"
    )
    text = Texts(Path("nowhere")).line(source)
    row, cut = {"name": name, "other": other}, CutText(text)
    pieces = [*cut.fill(row), ""]
    assert "".join(part + piece for part, piece in zip(cut.same, pieces, strict=True)) == text.fill(row)


def test_a_value_with_the_mark_between_pieces_is_refused() -> None:
    with pytest.raises(UnfilledError):
        CutText(Texts(Path("nowhere")).line("{{ a }}{{ b }}")).fill({"a": "\0", "b": ""})
