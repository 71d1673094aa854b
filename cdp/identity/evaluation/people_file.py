"""The file of records to be evaluated: which of its columns say what about a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.errors import CdpError, Location

RECORD_ID = "record_id"
SOURCE = "source"

# What files call the attributes that records are compared by.
ALIASES: dict[str, tuple[str, ...]] = {
    "record_id": ("rec_id", "record", "unique_id", "id"),
    "source": ("source_name", "source_system", "source_dataset", "dataset", "system"),
    "full_name": ("name", "person_name", "customer_name"),
    "given_name": ("first_name", "firstname", "givenname", "forename", "fname", "given"),
    "middle_name": ("middlename", "middle_initial", "middle", "second_name"),
    "family_name": ("last_name", "lastname", "surname", "familyname", "lname", "family"),
    "birth_date": ("date_of_birth", "dob", "birthdate", "birthday", "birth_day", "born"),
    "sex": ("gender",),
    "email": ("e_mail", "email_address", "mail"),
    "phone": ("phone_number", "telephone", "tel", "mobile", "phone1"),
    "street": ("street_address", "address", "address_1", "address1", "address_line1", "address_line_1", "street_name"),
    "street_extra": ("address_2", "address2", "address_line2", "address_line_2", "unit_number"),
    "city": ("suburb", "town", "locality", "municipality"),
    "postcode": ("postal_code", "zip", "zip_code", "zipcode", "post_code"),
    "state": ("region", "province", "county", "state_code"),
    "country": ("country_code",),
}
# A number that some files keep apart from the street it belongs to.
_HOUSE_NUMBER = ("street_number", "house_number", "street_no")


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """A relation of records and, for each attribute, the expression over its columns that gives it."""

    records: int
    sources: int
    attributes: dict[str, str]
    ignored: tuple[str, ...]

    @property
    def compared(self) -> set[str]:
        """Attributes that say something about a person."""
        return set(self.attributes) - {RECORD_ID, SOURCE}


def load_people(
    connection: duckdb.DuckDBPyConnection, file: Path, table: str, wanted: Sequence[str], own: Sequence[str]
) -> PeopleFile:
    """Load `file` (Parquet or CSV) into `table`, every column as text.

    `own` are attributes that only the match model names. Raises CdpError where there is no record id, where one is
    missing or repeated, or where no column says anything about a person.
    """
    columns = load_text(connection, file, table)
    key = _column(RECORD_ID, columns)
    if key is None:
        raise CdpError(
            f"there is no column `{RECORD_ID}`.", where=Location(file), remedy=f"It has: {_listed(columns)}."
        )
    attributes = {name: column for name in wanted if (column := _column(name, columns))}
    attributes = {name: quoted(column) for name, column in attributes.items()} | {
        name: quoted(columns[name]) for name in own if name in columns
    }
    number = next((columns[name] for name in _HOUSE_NUMBER if name in columns), None)
    if number and "street" in attributes:
        attributes["street"] = f"coalesce({quoted(number)} || ' ', '') || {attributes['street']}"
    if not attributes:
        raise CdpError(
            "no column says anything about a person.",
            where=Location(file),
            remedy=f"Known are {', '.join(wanted)}; a match model given with --config may name others.",
        )
    source = _column(SOURCE, columns)
    attributes |= {RECORD_ID: quoted(key), SOURCE: f"coalesce({quoted(source)}, '')" if source else "'records'"}
    records, sources = _checked(connection, file, table, attributes)
    used = " ".join(attributes.values())
    ignored = tuple(name for name in columns.values() if quoted(name) not in used)
    return PeopleFile(records, sources, attributes, ignored)


def load_text(connection: duckdb.DuckDBPyConnection, file: Path, table: str) -> dict[str, str]:
    """Load a Parquet or CSV file as text into `table`; its columns by their folded names.

    Raises CdpError where the file is missing or is neither.
    """
    if not file.is_file():
        raise CdpError("the file does not exist.", where=Location(file))
    if not file.stat().st_size:
        raise CdpError("the file is empty.", where=Location(file))
    is_parquet = file.suffix.lower() in {".parquet", ".pq"}
    reader = "read_parquet(?)" if is_parquet else "read_csv(?, all_varchar = true, header = true, skip = 0)"
    try:
        connection.execute(
            f"create or replace temp table arrived as select columns(*)::varchar from {reader}", [str(file)]
        )
    except duckdb.Error as error:
        kind = "Parquet" if is_parquet else "CSV in UTF-8"
        raise CdpError(
            f"this is not {kind} that can be read ({type(error).__name__}).",
            where=Location(file),
            remedy="" if is_parquet else "Convert it, or give Parquet.",
        ) from None
    written = [name for name, *_ in connection.execute("describe arrived").fetchall()]
    if len(written) == 1 and any(mark in written[0] for mark in ",;\t|"):
        raise CdpError("not every row has the columns of the header.", where=Location(file))
    shown = ", ".join(f"nullif(trim({quoted(name)}), '') as {quoted(name.strip())}" for name in written)
    connection.execute(f"create or replace table {table} as select {shown} from arrived")
    connection.execute("drop table arrived")
    return {_folded(name): name.strip() for name in written}


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _checked(
    connection: duckdb.DuckDBPyConnection, file: Path, table: str, attributes: dict[str, str]
) -> tuple[int, int]:
    key = attributes[RECORD_ID]
    [(records, named, distinct, sources)] = connection.execute(
        f"select count(*), count({key}), count(distinct {key}), count(distinct {attributes[SOURCE]}) from {table}"
    ).fetchall()
    if not records:
        raise CdpError("there are no records.", where=Location(file))
    if named < records:
        raise CdpError(f"{records - named:,} records have no `{RECORD_ID}`.", where=Location(file))
    if distinct < records:
        raise CdpError(f"{records - distinct:,} records repeat a `{RECORD_ID}`.", where=Location(file))
    return records, sources


def _column(attribute: str, columns: dict[str, str]) -> str | None:
    return next((columns[name] for name in (attribute, *ALIASES.get(attribute, ())) if name in columns), None)


def _folded(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
