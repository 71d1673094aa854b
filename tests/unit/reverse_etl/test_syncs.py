from __future__ import annotations

from pathlib import Path

import pytest

from cdp.errors import DeclarationError
from cdp.project import Project
from reverse_etl.syncs import load_sync, load_syncs
from tests.doubles.company import REPOSITORY, Company


def test_the_declared_syncs_are_good() -> None:
    names = [sync.name for sync in load_syncs(Project.load(REPOSITORY))]
    assert {"ads_champions", "esp_newsletter", "sms_cart_reminder"} <= set(names)


@pytest.mark.parametrize(
    ("written", "instead", "complaint"),
    [
        (
            "destination: esp",
            "destination: mail",
            r"esp_newsletter.yml:6: `mail` is not a destination .* ads, esp, sms",
        ),
        ("mode: mirror", "mode: replace", r"esp_newsletter.yml:8: `mode`"),
        ("model: sync_esp__", "model: sync_sms__", r"esp_newsletter.yml:4: a model for `esp` is named"),
        ("city: city", "city: first_name", r"two columns go to the field `first_name`"),
        ("name: esp_newsletter", "name: other", r"esp_newsletter.yml:1: the file is called"),
        ("max_removal_share: 0.2", "max_removal_share: 20", r"at most 1.0 is allowed"),
    ],
)
def test_a_bad_declaration_is_told_with_its_line(tmp_path: Path, written: str, instead: str, complaint: str) -> None:
    company = Company(tmp_path)
    file = company.project.activation / "syncs" / "esp_newsletter.yml"
    file.write_text(file.read_text().replace(written, instead))
    with pytest.raises(DeclarationError, match=complaint):
        load_sync(company.project, "esp_newsletter")


@pytest.mark.parametrize(
    ("sync", "written", "instead", "complaint"),
    [
        (
            "ads_champions",
            "hashing: meta\n",
            "",
            r"ads_champions.yml:1: `ads` takes hashes of `meta`. Write `hashing: meta`",
        ),
        ("ads_champions", "hashing: meta", "hashing: google", r"ads_champions.yml:10: `ads` takes hashes of `meta`"),
        (
            "ads_champions",
            "email_meta_sha256:",
            "email:",
            r"ads_champions.yml:12: `email` is not called like a hash of",
        ),
        ("ads_champions", "email_meta_sha256:", "email_google_sha256:", r"yml:12: .* call it `…_meta_sha256`"),
        (
            "ads_champions",
            ": phone_sha256",
            ": phone",
            r"yml:13: `ads` has no field `phone`. It has: email_sha256, phone",
        ),
        (
            "esp_newsletter",
            "key: email",
            "key: email\nhashing: meta",
            r"newsletter.yml:10: `esp` takes values as they are",
        ),
    ],
)
def test_hashes_of_another_dialect_or_none_are_refused(
    tmp_path: Path, sync: str, written: str, instead: str, complaint: str
) -> None:
    company = Company(tmp_path)
    file = company.project.activation / "syncs" / f"{sync}.yml"
    text = file.read_text()
    assert written in text
    file.write_text(text.replace(written, instead))
    with pytest.raises(DeclarationError, match=complaint):
        load_sync(company.project, sync)


def test_an_unknown_sync_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"no sync called `news`.*ads_champions, esp_newsletter"):
        load_sync(Company(tmp_path).project, "news")
