"""`cdp identity evaluate`: prepare, compare, train, link, and only then look at the truth."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cdp.identity.evaluation.people_file import PeopleFile, load_people
from cdp.identity.evaluation.scratch import RAW_TABLE, ScratchWarehouse
from cdp.identity.evaluation.truth import Judgement, judge
from cdp.identity.match_model import KNOWN_ATTRIBUTES, MatchModel
from cdp.identity.training import NothingToLearnError, train

COMPARED = ("+int_identity__match_levels", "int_identity__match_rules", "int_identity__match_term_frequencies")
LINKED = (
    *("match_weights", "match_source_priors", "match_namesakes"),
    *("int_identity__match_weights+", "int_identity__match_source_weights+"),
)

_CLUSTERS = """
select records.record_key as record_id, coalesce(clusters.cluster_key, records.record_key) as cluster_id
from {match_records} as records left join {match_clusters} as clusters on records.record_key = clusters.record_key
"""
_PAIRS = "select record_key_a, record_key_b, link_weight from {match_pairs}"
_SKIPPED = "select count(distinct rule || '|' || block_key) from {match_blocks} where records > ?"
_RELATIONS = ("match_records", "match_clusters", "match_pairs", "match_blocks")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was compared, how well it was linked, and how long each step took, in seconds."""

    people: PeopleFile
    pairs_compared: int
    blocks_skipped: int
    judgement: Judgement
    seconds: dict[str, float]


class Steps:
    """Names each step as it begins, and remembers how long it took."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._progress(name)
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 1)


def evaluate(
    records: Path, truth: Path, model: MatchModel, product: Path, progress: Callable[[str], None] = lambda _: None
) -> Evaluation:
    """Link the records of a file with the product's own models, trained on them alone, and judge the clusters.

    Where no two records can be compared, nobody is linked. Raises CdpError where a file does not say what it must.
    """
    step = Steps(progress)
    with tempfile.TemporaryDirectory(prefix="identity-evaluate-") as folder:
        scratch = ScratchWarehouse(Path(folder), product, model.as_variable())
        with step("reading the records"):
            people = _prepare(scratch, records, model)
        with step("comparing candidate pairs"):
            scratch.build(*COMPARED)
        with step("training"), scratch.reader() as reader, suppress(NothingToLearnError):
            train(reader).write(scratch.seeds)
        with step("linking"):
            scratch.build(*LINKED)
        with step("judging"), scratch.reader() as reader:
            names = {name: reader.relation(f"int_identity__{name}") for name in _RELATIONS}
            pairs = reader.query(_PAIRS.format(**names)).read_all()
            skipped = reader.query(_SKIPPED.format(**names), [model.largest_block]).read_all()
            judgement = judge(reader.query(_CLUSTERS.format(**names)).read_all(), pairs, truth)
    return Evaluation(people, pairs.num_rows, skipped.column(0)[0].as_py(), judgement, step.seconds)


def _prepare(scratch: ScratchWarehouse, records: Path, model: MatchModel) -> PeopleFile:
    with scratch.connection() as connection:
        connection.execute("create schema raw")
        people = load_people(connection, records, RAW_TABLE, KNOWN_ATTRIBUTES, model.attributes)
    scratch.prepare(people, [*KNOWN_ATTRIBUTES, *model.attributes])
    return people
