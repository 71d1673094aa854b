"""The dbt project keeps its shape: described, contracted, portable, and blind to the database's clock."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
DBT = REPOSITORY / "dbt_project"
MODELS = DBT / "models"
MODEL_FILES = sorted(MODELS.rglob("*.sql"))
SQL_FILES = [
    *MODEL_FILES,
    *sorted(file for file in (DBT / "macros").rglob("*.sql") if file.parent.name != "portable"),
]
STAGING = sorted(folder for folder in (MODELS / "staging").iterdir() if folder.is_dir())

# What one engine has and another has not, or has under another name; macros/portable is where they differ.
ENGINE_PRIVATE = {
    "::": r"::",
    "json_extract": r"\bjson_extract\w*\s*\(",
    "json operator": r"->>?|#>>?",
    "epoch()": r"\bepoch(_ms)?\s*\(",
    "ilike": r"\bilike\b",
    "lists": r"\b(list_\w+|array_agg|unnest)\s*\(",
    "regular expressions": r"\bregexp_(matches|extract|replace)\w*\s*\(|\ssimilar\s+to\s",
    "filter": r"\bfilter\s*\(",
    "qualify": r"\bqualify\b",
    "concat": r"\bconcat(_ws)?\s*\(",
    "datediff": r"\bdate(diff|add|_diff|_add|_sub|sub)\s*\(",
    "strptime": r"\b(try_)?(strptime|strftime|to_timestamp|to_char)\s*\(",
    "try_cast": r"\btry_cast\s*\(",
    "exclude": r"\*\s*(exclude|replace)\b",
    "group by all": r"\b(group|order)\s+by\s+all\b",
    "distinct on": r"\bdistinct\s+on\b",
    "lower": r"\b(lower|upper|initcap)\s*\(",
    "random": r"\b(random|gen_random_uuid|uuid)\s*\(",
    "struct": r"\bstruct_pack\s*\(|\bread_(csv|parquet|json)\w*\s*\(",
}
MATCHES = r"\s!?~\*?\s"
CLOCK = (
    r"\bnow\s*\(|\bcurrent_(timestamp|date|time)\b|\blocaltime|\bget_current|\btoday\s*\(|\bgetdate\s*\(|run_started_at"
)


def code_of(file: Path) -> str:
    """SQL without comments of either language."""
    text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"--.*|/\*.*?\*/", "", text)


def declared_models() -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(MODELS.rglob("*.yml")):
        for model in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models") or []:
            yield file, model


DECLARED = {model["name"]: (file, model) for file, model in declared_models()}


def named(path: Path) -> str:
    return path.stem


def test_there_is_a_project_to_look_at() -> None:
    assert len(MODEL_FILES) > 50
    assert len(STAGING) > 5


@pytest.mark.parametrize("model", MODEL_FILES, ids=named)
def test_a_model_says_what_its_rows_are(model: Path) -> None:
    assert model.stem in DECLARED, f"{model.stem} is in no YAML"
    file, declared = DECLARED[model.stem]
    assert file.parent in model.parents, f"{model.stem} is described far from where it is"
    first_sentence = re.split(r"\.\s", declared.get("description", "").strip())[0]
    assert re.search(r"\bone row per \w", first_sentence, re.IGNORECASE), f"{model.stem} does not name its grain"


def test_yaml_describes_only_models_that_exist() -> None:
    assert sorted(set(DECLARED) - {file.stem for file in MODEL_FILES}) == []


@pytest.mark.parametrize(
    "model",
    [file for file in MODEL_FILES if "marts" in file.parts and file.stem.startswith(("dim_", "fct_", "sync_"))]
    + [file for file in MODEL_FILES if "reports" in file.parts],
    ids=named,
)
def test_a_mart_is_a_contract(model: Path) -> None:
    config = DECLARED[model.stem][1].get("config") or {}
    assert (config.get("contract") or {}).get("enforced") is True
    untyped = [column["name"] for column in DECLARED[model.stem][1]["columns"] if not column.get("data_type")]
    assert not untyped


@pytest.mark.parametrize("model", MODEL_FILES, ids=named)
def test_a_model_is_named_after_its_room(model: Path) -> None:
    prefixes = {
        "staging": ("stg_",),
        "intermediate": ("int_",),
        "marts": ("dim_", "fct_", "int_", "sync_", "seg_", "segment_members", "audience_members"),
        "reports": ("rpt_",),
    }
    room = model.relative_to(MODELS).parts[0]
    assert model.stem.startswith(prefixes[room])
    if room == "staging":
        assert re.fullmatch(rf"stg_{model.parent.name}__[a-z_]+s", model.stem)


@pytest.mark.parametrize("folder", STAGING, ids=named)
def test_a_source_has_its_four_names(folder: Path) -> None:
    name = folder.name
    assert (folder / f"_{name}__models.yml").is_file()
    sources = yaml.safe_load((folder / f"_{name}__sources.yml").read_text(encoding="utf-8"))["sources"]
    assert [source["name"] for source in sources] == [f"raw_{name}"]
    tables = {table["name"] for table in sources[0]["tables"]}
    assert {file.stem.removeprefix(f"stg_{name}__") for file in folder.glob("*.sql")} == tables
    assert all(table.get("description", "").strip().startswith("One row per ") for table in sources[0]["tables"])


@pytest.mark.parametrize("file", SQL_FILES, ids=named)
def test_only_portable_macros_know_an_engine(file: Path) -> None:
    code = code_of(file)
    found = [name for name, pattern in ENGINE_PRIVATE.items() if re.search(pattern, code, re.IGNORECASE)]
    assert found == []
    outside_jinja = re.sub(r"\{[{%].*?[%}]\}", "", code, flags=re.DOTALL)  # where `~` joins texts
    assert re.search(MATCHES, outside_jinja) is None


@pytest.mark.parametrize("file", [*SQL_FILES, *sorted((DBT / "macros" / "portable").glob("*.sql"))], ids=named)
def test_nothing_asks_the_database_for_the_time(file: Path) -> None:
    assert re.search(CLOCK, code_of(file), re.IGNORECASE) is None


@pytest.mark.parametrize("model", MODEL_FILES, ids=named)
def test_only_staging_reads_what_landed(model: Path) -> None:
    if "staging" not in model.parts:
        assert "source('raw_" not in code_of(model)


def models_with_a_test() -> set[str]:
    """Models that a test of their own, a unit test or one of `tests/` looks at."""
    found = {model["model"] for _, model in described("unit_tests")}
    for file in (DBT / "tests").rglob("*.sql"):
        found |= set(re.findall(r"ref\('(\w+)'\)", file.read_text(encoding="utf-8")))
    for name, (_, model) in DECLARED.items():
        if model.get("data_tests") or any(column.get("data_tests") for column in model.get("columns", [])):
            found.add(name)
    return found


def described(kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(MODELS.rglob("*.yml")):
        for each in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get(kind) or []:
            yield file, each


TESTED = models_with_a_test()
# A view that takes masks apart, which have tests: a test of its own would take all of them apart in every build.
TESTED_AS_WHAT_IT_SHOWS = {"segment_members"}


@pytest.mark.parametrize("model", MODEL_FILES, ids=named)
def test_a_model_has_a_test(model: Path) -> None:
    assert model.stem in TESTED | TESTED_AS_WHAT_IT_SHOWS


def test_a_model_has_a_group_and_a_group_an_owner() -> None:
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))
    grouped = {room: settings.get("+group") for room, settings in project["models"]["cdp"].items() if room[0] != "+"}
    rooms = {model.relative_to(MODELS).parts[0] for model in MODEL_FILES}
    owners = {group["name"]: group["owner"]["name"] for _, group in described("groups")}
    assert {room for room in rooms if not owners.get(grouped.get(room))} == set()


def test_a_sync_is_an_exposure_with_its_owner() -> None:
    exposed = {
        each["name"]: (each["owner"]["name"], *re.findall(r"ref\('(\w+)'\)", str(each["depends_on"])))
        for _, each in described("exposures")
    }
    syncs = [yaml.safe_load(file.read_text("utf-8")) for file in (REPOSITORY / "activation/syncs").glob("*.yml")]
    assert exposed == {sync["name"]: (sync["owner"], sync["model"]) for sync in syncs}


def test_imports_run_one_way() -> None:
    """As `lint-imports` says, of which CI runs the same contracts."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    rooms = [set(layer.split(" | ")) for layer in contracts[0]["layers"]]
    for height, layer in enumerate(rooms):
        above = set().union(*rooms[:height]) | (layer if len(layer) > 1 else set())
        for room in layer:
            forbidden = "|".join(sorted(above - {room})) or "nobody"
            pattern = re.compile(rf"^\s*(?:from|import) (?:{forbidden})\b", re.MULTILINE)
            found = [str(file) for file in (REPOSITORY / room).rglob("*.py") if pattern.search(file.read_text("utf-8"))]
            assert found == [], f"{room} imports against the arrow"


@pytest.mark.parametrize("sync", sorted((REPOSITORY / "activation" / "syncs").glob("*.yml")), ids=named)
def test_a_sync_has_its_model(sync: Path) -> None:
    declared = yaml.safe_load(sync.read_text(encoding="utf-8"))
    assert declared["name"] == sync.stem
    assert (MODELS / "marts" / "activation" / f"{declared['model']}.sql").is_file()


@pytest.mark.parametrize("pattern", ENGINE_PRIVATE.values(), ids=ENGINE_PRIVATE)
def test_the_deny_list_can_bite(pattern: str) -> None:
    code = """x::int json_extract_string(a, b) a ->> b epoch(t) a ilike b list_sort(x) regexp_matches(a, b)
    sum(a) filter (where b) qualify 1 concat(a, b) datediff('day', a, b) strptime(a, b) try_cast(a as int)
    * exclude (a) group by all distinct on (a) lower(a) random() struct_pack(a := 1)"""
    assert re.search(pattern, code, re.IGNORECASE)
