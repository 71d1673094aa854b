"""Made-up people in households, and what two sources write down of them: typos, swaps, short forms, moves, gaps."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

_SYLLABLES = ("ka", "mo", "ri", "ten", "lo", "var", "shi", "del", "nor", "ba", "gus", "pel", "ti", "wan", "zor", "he")
_GIVEN = ("robert", "william", "elizabeth", "margaret", "michael", "katherine", "susan", "thomas", "jennifer", "andrew")
_SHORT = {"robert": "bob", "william": "bill", "elizabeth": "liz", "margaret": "peggy", "michael": "mike"}
_KINDS = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Lane", "Ln"))


@dataclass(frozen=True)
class Person:
    given_name: str
    family_name: str
    birth_date: date
    phone: str
    email: str
    street: str
    city: str
    postcode: str


def write_people(folder: Path, households: int, seed: int, copies: int = 0) -> tuple[Path, Path]:
    """Files of records and of truth: half of the people are known to both sources, one of them by many `copies`."""
    chance = random.Random(seed)
    return _write(folder, _people(households, chance), _written, chance, copies)


def write_namesakes(folder: Path, people: int, seed: int) -> tuple[Path, Path]:
    """Files of records and of truth: few names, mailboxes made of them, birth dates rare, no street."""
    chance = random.Random(seed)
    return _write(folder, _namesakes(people, chance), _written_by_name, chance)


def _write(
    folder: Path,
    people: Iterable[Person],
    written: Callable[[Person, str, random.Random], dict[str, str | None]],
    chance: random.Random,
    copies: int = 0,
) -> tuple[Path, Path]:
    rows: list[dict[str, str | None]] = []
    truth: list[dict[str, str | None]] = []
    for number, person in enumerate(people):
        known_to = ("shop", "crm") if chance.random() < 0.5 else (chance.choice(("shop", "crm")),)
        for source in known_to:
            key = f"{chance.getrandbits(48):012x}"
            rows.append({"record_id": key, "source": source, **written(person, source, chance)})
            truth.append({"record_id": key, "person_id": str(number)})
    fullest = max(range(len(rows)), key=lambda place: sum(value is not None for value in rows[place].values()))
    for number in range(copies):
        rows.append({**rows[fullest], "record_id": f"copy{number}"})
        truth.append({**truth[fullest], "record_id": f"copy{number}"})
    chance.shuffle(rows)
    files = folder / "records.parquet", folder / "truth.csv"
    with duckdb.connect() as connection:
        connection.register("rows", pa.Table.from_pylist(rows))
        connection.register("truth", pa.Table.from_pylist(truth))
        connection.execute(f"copy rows to '{files[0]}'")
        connection.execute(f"copy truth to '{files[1]}' (header true)")
    return files


def _people(households: int, chance: random.Random) -> Iterator[Person]:
    for number in range(households):
        family = _word(chance, 3)
        kind = chance.choice(_KINDS)[0]
        born = date(1940, 1, 1) + timedelta(days=chance.randrange(22_000))
        home = Person(
            given_name="",
            family_name=family,
            birth_date=born,
            phone=f"+1555{chance.randrange(10**7):07d}",
            email="",
            street=f"{chance.randrange(1, 400)} {_word(chance, 2).title()} {kind}",
            city=_word(random.Random(number % 40), 3).title(),
            postcode=f"{10_000 + number % 40 * 7 + chance.randrange(3)}",
        )
        names = {chance.choice(_GIVEN) if chance.random() < 0.6 else _word(chance, 2) for _ in range(1 + number % 4)}
        for place, given in enumerate(sorted(names)):
            born = home.birth_date + timedelta(days=chance.randrange(-1500, 1500) + (9000 if place > 1 else 0))
            yield replace(home, given_name=given, birth_date=born, email=f"{given}.{family}{number}@mail.example")


def _written(person: Person, source: str, chance: random.Random) -> dict[str, str | None]:
    """What a source has of a person; each kind of damage happens rarely and by itself."""

    def rarely(share: float) -> bool:
        return chance.random() < share

    given, family = person.given_name, person.family_name
    if rarely(0.1):
        given = _SHORT.get(given, given)
    if rarely(0.08):
        given = _typo(given, chance)
    if rarely(0.08):
        family = _typo(family, chance)
    if rarely(0.03):
        given, family = family, given
    street = person.street
    for long, short in _KINDS:
        street = street.replace(long, short) if rarely(0.5) else street
    written = f"{person.birth_date:%Y-%m-%d}" if source == "shop" else f"{person.birth_date:%d.%m.%Y}"
    return {
        "given_name": given.title(),
        "family_name": None if rarely(0.02) else family.title(),
        "birth_date": None if rarely(0.15) else written,
        "phone": None if rarely(0.3) else person.phone,
        "email": None if rarely(0.4) else person.email,
        "street": None if rarely(0.1) else _typo(street, chance) if rarely(0.1) else street,
        "city": "unknown" if rarely(0.03) else person.city,
        "postcode": None if rarely(0.1) else person.postcode,
    }


def _namesakes(people: int, chance: random.Random) -> Iterator[Person]:
    names = [_word(chance, 3) for _ in range(60)]
    for number in range(people):
        given, family = chance.choice(_GIVEN), chance.choice(names)
        yield Person(
            given_name=given,
            family_name=family,
            birth_date=date(1940, 1, 1) + timedelta(days=chance.randrange(22_000)),
            phone=f"+1555{chance.randrange(10**7):07d}",
            email=f"{given}.{family}{number}@mail.example",
            street="",
            city=_word(random.Random(number % 20), 3).title(),
            postcode="",
        )


def _written_by_name(person: Person, source: str, chance: random.Random) -> dict[str, str | None]:
    swapped = chance.random() < 0.1
    names = [person.given_name.title(), person.family_name.title()]
    return {
        "given_name": names[swapped],
        "family_name": names[not swapped],
        "birth_date": f"{person.birth_date:%Y-%m-%d}" if chance.random() < 0.3 else None,
        "phone": person.phone if chance.random() < 0.7 else None,
        "email": person.email if chance.random() < 0.7 else None,
        "city": person.city,
    }


def _typo(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice((text[:place] + text[place + 1 :], text[:place] + letter + text[place:]))


def _word(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(syllables))
