"""Syncs that send messages: what their pages show can be declared, and what cannot be is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdp.errors import DeclarationError
from cdp.project import Project
from reverse_etl.destinations.accounts import target_of
from reverse_etl.syncs import load_syncs
from tests.doubles.company import REPOSITORY

_BLOCK = re.compile(r"```(?:yaml|jinja)\n(?:# (\S+)\n)?(.*?)```", re.DOTALL)
PAGES = ("smtp", "twilio", "unisender_go")


@pytest.fixture
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A project with what a destination's page shows."""
    page = (REPOSITORY / "docs" / "destinations" / f"{request.param}.md").read_text()
    for name, content in _BLOCK.findall(page):
        if name:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(("name: shown\n" if name == "cdp.yml" else "") + content)
    folder = tmp_path / "activation" / "templates"
    folder.mkdir()
    for name in ("spring-news.html", "spring-news.txt", "cart-reminder.txt"):
        (folder / name).write_text('Hi {{ first_name | default("there") }}!\n')
    return Project.load(tmp_path)


@pytest.mark.parametrize("shown", PAGES, indirect=True)
def test_what_its_page_shows_can_be_declared(shown: Project) -> None:
    sync = load_syncs(shown)[0]
    assert sync.mode == "send"
    target = target_of(shown, sync)
    assert (target.name, target.templates) == (sync.object, shown.activation / "templates")
    assert {"to", "first_name"} <= target.fields


@pytest.mark.parametrize(
    ("shown", "written", "instead", "complaint"),
    [
        ("smtp", "email: to, ", "", r"mail_spring_news.yml:10: the message needs `to`, .* Add it under `fields:`"),
        ("smtp", "token | urlencode", "tokens", r"yml:10: the message needs `tokens`"),
        ("smtp", "spring-news.html", "autumn.html", r"yml:10: there is no template `autumn.html`"),
        ("smtp", "from_name: ", "fromname: ", r"yml:15: `fromname` is not a known key"),
        ("smtp", "mode: send", "mode: mirror", r"yml:7: `smtp` cannot do `mirror`. It can do: send"),
        (
            "twilio",
            "first_name: first_name",
            "city: city",
            r"twilio_cart_reminder.yml:10: the message needs `first_name`",
        ),
        ("twilio", 'from: "+15005550006", ', "", r"yml:10: .*say either `from` or `messaging_service_sid`"),
        ("unisender_go", "  subject: ", "  template_id: ", r"yml:10: .*say either `template` or `template_id`"),
    ],
    indirect=["shown"],
)
def test_what_cannot_be_sent_is_told_before_anything_runs(
    shown: Project, written: str, instead: str, complaint: str
) -> None:
    file = next((shown.activation / "syncs").glob("*.yml"))
    content = file.read_text()
    assert written in content
    file.write_text(content.replace(written, instead))
    with pytest.raises(DeclarationError, match=complaint):
        load_syncs(shown)


@pytest.mark.parametrize("shown", ["smtp"], indirect=True)
def test_a_template_that_is_none_is_told_with_its_own_line(shown: Project) -> None:
    (shown.activation / "templates" / "spring-news.html").write_text("<p>\n{{ first_name\n</p>\n")
    with pytest.raises(DeclarationError, match=r"templates/spring-news.html:\d: this is not a template"):
        load_syncs(shown)
