"""The peer of `identity_quality`: Splink 5 as its own documentation sets it up, over the same records.

Its ready-made comparisons, blocking on usual pairs of attributes, chances of strangers from random pairs, everything
else by expectation maximisation, clusters by connected components. It gets the usual cleaning: lower case, dates as
dates, digits of telephones.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp.identity.evaluation.people_file import RECORD_ID, load_people
from cdp.identity.evaluation.truth import Judgement, judge
from cdp.identity.match_model import KNOWN_ATTRIBUTES

# Probabilities above which pairs are joined. The best one is shown: labels do help the peer.
THRESHOLDS = (0.5, 0.9, 0.95, 0.99)
SEED = 1
_DATES = ("%Y-%m-%d", "%Y%m%d", "%d-%m-%Y", "%m/%d/%Y", "%d/%m/%Y")
_BLOCKING = (
    ("given_name", "family_name"),
    ("given_name", "birth_date"),
    ("family_name", "birth_date"),
    ("birth_date", "postcode"),
    ("email",),
    ("phone",),
    ("street", "given_name"),
    ("street", "family_name"),
    ("postcode", "given_name"),
    ("postcode", "family_name"),
)
_SURE = (("given_name", "family_name", "birth_date"), ("given_name", "family_name", "street"), ("email", "family_name"))
# Not by street: among the people of one house, its two classes learn what a household is and call it a match.
_TRAINING = (("given_name", "family_name"), ("birth_date",), ("email",))
_NOBODY = pa.schema(
    [("record_key_a", pa.string()), ("record_key_b", pa.string()), ("link_weight", pa.float64())]
).empty_table()


def judged_splink(records: Path, truth: Path) -> Judgement:
    """How well Splink tells the people of `records` apart, at the threshold that suits it best."""
    with duckdb.connect() as engine:
        shown = _prepare(engine, records)
        linker = _trained(engine, shown)
        pairs = linker.inference.predict(threshold_match_probability=min(THRESHOLDS))
        judged = [judge(_clusters(linker, pairs, threshold), _NOBODY, truth) for threshold in THRESHOLDS]
    return max(judged, key=lambda judgement: judgement.clusters.f1)


def _prepare(engine: duckdb.DuckDBPyConnection, records: Path) -> set[str]:
    """Write table `people`; the attributes that it has."""
    people = load_people(engine, records, "arrived", KNOWN_ATTRIBUTES, ())
    given = people.attributes
    columns = [f"{given[RECORD_ID]} as unique_id"]
    for name in sorted(people.compared):
        columns.append(f"{_cleaned(name, given[name])} as {name}")
    engine.execute(f"create table people as select {', '.join(columns)} from arrived")
    return people.compared


def _cleaned(name: str, column: str) -> str:
    if name == "birth_date":
        read = ", ".join(f"try_strptime({column}, '{form}')" for form in _DATES)
        return f"cast(coalesce({read}) as date)"
    if name == "phone":
        return f"nullif(regexp_replace({column}, '[^0-9]', '', 'g'), '')"
    if name == "middle_name":
        return f"lower({column}[1])"
    return f"lower({column})"


def _trained(engine: duckdb.DuckDBPyConnection, shown: set[str]) -> Any:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=_comparisons(shown),
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in _present(_BLOCKING, shown)],
    )
    linker = Linker(DuckDBAPI(connection=engine).register("people"), settings, log_level=None)
    sure: list[Any] = [block_on(*columns) for columns in _present(_SURE, shown)]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=SEED)
    for columns in _present(_TRAINING, shown):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), record_sample_proportion=1.0
        )
    return linker


def _comparisons(shown: set[str]) -> list[Any]:
    import splink.comparison_library as library

    frequent: dict[str, Any] = {"term_frequency_adjustments": True}
    made = {
        "given_name": library.NameComparison("given_name").configure(**frequent),
        "family_name": library.NameComparison("family_name").configure(**frequent),
        "middle_name": library.ExactMatch("middle_name").configure(**frequent),
        "birth_date": library.DateOfBirthComparison("birth_date", input_is_string=False),
        "sex": library.ExactMatch("sex"),
        "email": library.EmailComparison("email"),
        "phone": library.LevenshteinAtThresholds("phone", [1, 2]),
        "street": library.LevenshteinAtThresholds("street", [1, 4]).configure(**frequent),
    }
    return [comparison for name, comparison in made.items() if name in shown]


def _present(rules: Sequence[tuple[str, ...]], shown: set[str]) -> list[tuple[str, ...]]:
    return [columns for columns in rules if shown.issuperset(columns)]


def _clusters(linker: Any, pairs: Any, threshold: float) -> pa.Table:
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=threshold)
    table = found.as_pyarrow_table()
    return pa.table({"record_id": table["unique_id"], "cluster_id": table["cluster_id"].cast(pa.string())})
