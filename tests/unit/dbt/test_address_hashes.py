"""Addresses as ad platforms hash them: their documented examples, and a hundred thousand more against an oracle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from random import Random

import duckdb
import phonenumbers
import psycopg2
import pyarrow as pa
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros
from tests.doubles.models import Models

PORTABLE = sorted((REPOSITORY / "dbt_project" / "macros" / "portable").glob("*.sql"))
HOME = {"default_calling_code": "7", "default_trunk_prefix": "8"}
# As written by a person: what Google hashes of it, and what Meta hashes.
EXAMPLES = {
    ("email", "cloudy.sanfrancisco+shopping@gmail.com"): (
        "cloudysanfrancisco@gmail.com",
        "cloudy.sanfrancisco+shopping@gmail.com",
    ),
    ("email", " Cloudy.SanFrancisco@GoogleMail.com "): (
        "cloudysanfrancisco@googlemail.com",
        "cloudy.sanfrancisco@googlemail.com",
    ),
    ("email", "user.name+NYC@Example.com"): ("user.name+nyc@example.com", "user.name+nyc@example.com"),
    ("email", "a.b@gmail.com.example"): ("a.b@gmail.com.example", "a.b@gmail.com.example"),
    ("email", "+all@gmail.com"): (None, "+all@gmail.com"),
    ("email", "nobody"): (None, None),
    ("phone", "+1 (800) 555-0100"): ("+18005550100", "18005550100"),
    ("phone", "+44 844 412 4653"): ("+448444124653", "448444124653"),
    ("phone", "8 (916) 123-45-67"): ("+79161234567", "79161234567"),
    ("phone", "916 123 45 67"): ("+79161234567", "79161234567"),
    ("phone", "00 49 151 00010001"): ("+4915100010001", "4915100010001"),
    ("phone", "+44 (0)20 7946 0018"): ("+442079460018", "442079460018"),
    ("phone", "+1 800 555 0100 ext. 12"): ("+18005550100", "18005550100"),
    ("phone", "+39 06 698 12345"): ("+390669812345", "390669812345"),
    ("phone", "00 682 71 234"): ("+68271234", "68271234"),
    ("phone", "12"): (None, None),
}


def hashed(dialect: str, text: str = "given") -> str:
    """What becomes of a text in each dialect, by kind: normalised as staging does, then hashed."""
    macros = Macros(PORTABLE, lambda _: [], dialect=dialect, var=HOME.__getitem__)
    address = f"case when kind = 'email' then {macros.normalise_email(text)} else {macros.normalise_phone(text)} end"
    columns = ", ".join(macros.address_sha256(name, "kind", "address") for name in macros.hash_dialects())
    return f"select {columns} from (select kind, {address} as address from shown) as normalised"


def sha256(text: str | None) -> str | None:
    return text and hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("shown", "forms"), EXAMPLES.items(), ids=lambda value: str(value[1]))
def test_documented_examples_on_duckdb(shown: tuple[str, str], forms: tuple[str | None, str | None]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table shown as select ? as kind, ? as given", shown)
        assert connection.execute(hashed("duckdb")).fetchall() == [tuple(map(sha256, forms))]


def test_documented_examples_on_postgres(postgres_database: str) -> None:
    with psycopg2.connect(postgres_database) as connection, connection.cursor() as cursor:
        cursor.execute("create temp table shown (kind varchar, given varchar)")
        for shown, forms in EXAMPLES.items():
            cursor.execute("delete from shown")
            cursor.execute("insert into shown values (%s, %s)", shown)
            cursor.execute(hashed("postgres"))
            assert cursor.fetchall() == [tuple(map(sha256, forms))], shown


def emails(rng: Random, count: int) -> Iterator[tuple[str, str, str]]:
    """Kind, as written, and what Google is to hash of it; for Meta the plain lower case."""
    for _ in range(count):
        names = ["".join(rng.choices("abcxyz0189_-", k=rng.randint(1, 6))) for _ in range(rng.randint(1, 3))]
        plus = rng.choice(["", "", f"+{rng.choice(['news', 'a.b', 'x+y'])}"])
        domain = rng.choice(["gmail.com", "googlemail.com", "example.com", "mail.example.org", "gmail.com.example"])
        is_gmail = domain in {"gmail.com", "googlemail.com"}
        mailbox = "".join(names) if is_gmail else ".".join(names) + plus
        written = "".join(rng.choice([letter, letter.upper()]) for letter in f"{'.'.join(names)}{plus}@{domain}")
        yield "email", " " * rng.randint(0, 2) + written + " " * rng.randint(0, 2), f"{mailbox}@{domain}"


def phones(rng: Random, count: int) -> Iterator[tuple[str, str, str]]:
    """Kind, as people of every country write one, and its E.164."""
    examples = [
        found
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
        if (found := phonenumbers.example_number_for_type(region, kind))
    ]
    for _ in range(count):
        number = PhoneNumber()
        number.merge_from(rng.choice(examples))
        number.national_number = number.national_number // 1000 * 1000 + rng.randrange(1000)
        yield "phone", _written(number, rng), phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _written(number: PhoneNumber, rng: Random) -> str:
    abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    forms = [abroad, abroad.replace(" ", ""), f" {abroad.replace('-', ' ')}", f"00{abroad[1:]}", f"{abroad} ext. 12"]
    if number.country_code == 44:
        forms.append(abroad.replace("+44 ", "+44 (0)"))
    if number.country_code == 7 and len(str(number.national_number)) == 10:
        forms += [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), str(number.national_number)]
    return rng.choice(forms)


@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.proof)])
def test_addresses_of_the_whole_world(count: int) -> None:
    rng = Random(5)
    rows = [*emails(rng, count), *phones(rng, count)]
    shown = pa.table([[row[column] for row in rows] for column in (0, 1)], ["kind", "given"])
    with duckdb.connect() as connection:
        found = connection.register("shown", shown).execute(hashed("duckdb")).fetchall()
    for (kind, given, form), (google, meta) in zip(rows, found, strict=True):
        assert google == sha256(form), given
        assert meta == sha256(given.strip().lower() if kind == "email" else form[1:]), given


def test_an_address_is_hashed_once_and_forgotten_with_its_owner() -> None:
    models, columns = Models(datetime(2024, 5, 1)), "customer_id bigint, address_kind varchar, address varchar"
    anna, ben = (1, "email", "anna@example.com"), (2, "phone", "+79161234567")
    models.load("int_profiles__addresses", columns, [anna, (3, *anna[1:])])
    models.build("dim_address_hashes")
    models.rows("update dim_address_hashes set meta_sha256 = 'as it was'")
    models.load("int_profiles__addresses", columns, [anna, ben])
    models.build("dim_address_hashes")
    found = models.rows("select address, google_sha256, meta_sha256 from dim_address_hashes order by address")
    assert found == [
        ("+79161234567", sha256("+79161234567"), sha256("79161234567")),
        ("anna@example.com", sha256("anna@example.com"), "as it was"),
    ]
    models.load("int_profiles__addresses", columns, [ben])
    models.build("dim_address_hashes")
    assert models.rows("select address from dim_address_hashes") == [("+79161234567",)]
    models.close()
