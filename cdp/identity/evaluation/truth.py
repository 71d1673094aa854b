"""Comparing the clusters found with who the records are really about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp.errors import CdpError, Location
from cdp.identity.evaluation.people_file import load_text, quoted
from cdp.identity.evaluation.share import Share

_COUNTS = """
with judged as (select * from clusters inner join truth using (record_id)),
cells as (
    select count(*) as records,
        sum(count(*)) over (partition by cluster_id) as in_cluster,
        sum(count(*)) over (partition by person_id) as of_person
    from judged group by cluster_id, person_id
),
found as (select cluster_id, count(*) as records from judged group by cluster_id),
persons as (select person_id, count(*) as records from judged group by person_id)
select
    (select count(*) from judged),
    (select coalesce(sum(records * (records - 1) // 2), 0) from cells),
    (select coalesce(sum(records * (records - 1) // 2), 0) from found),
    (select coalesce(sum(records * (records - 1) // 2), 0) from persons),
    (select count(*) from cells where records = in_cluster and records = of_person),
    (select count(*) from found),
    (select count(*) from persons)
"""

_OVER_MERGED = """
select cluster_id, count(distinct person_id) as persons, list(record_id order by record_id) as record_ids
from clusters inner join truth using (record_id)
group by cluster_id having count(distinct person_id) > 1
order by count(*) desc, cluster_id
"""

_UNDER_MERGED = """
select person_id, count(distinct cluster_id) as clusters, list(record_id order by record_id) as record_ids
from clusters inner join truth using (record_id)
group by person_id having count(distinct cluster_id) > 1
order by count(*) desc, person_id
"""

_HISTOGRAM = """
select
    cast(floor(least(greatest(link_weight, -30), 30) / 2) * 2 as integer) as bits,
    count(*) filter (one.person_id = other.person_id) as matches,
    count(*) filter (one.person_id <> other.person_id) as others
from compared
inner join truth as one on compared.record_key_a = one.record_id
inner join truth as other on compared.record_key_b = other.record_id
group by bits
order by bits
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Pairs of records, clusters as exact sets of records, and which of them went wrong.

    `histogram` counts the compared pairs by weight: `bits`, `matches` of one person, `others`.
    """

    records: int
    unknown_ids: int
    unjudged: int
    pairs: Share
    clusters: Share
    over_merged: pa.Table
    under_merged: pa.Table
    histogram: pa.Table


def judge(clusters: pa.Table, compared: pa.Table, truth_file: Path) -> Judgement:
    """Judge `clusters` (`record_id`, `cluster_id`) by a file of `record_id`, `person_id`.

    `compared` pairs (`record_key_a`, `record_key_b`, `link_weight`) are counted by weight, in bits, and by truth. Ids
    that only one side knows are counted and left out. Raises CdpError where the file lacks a column, says two things of
    one record, or knows none of the records.
    """
    with duckdb.connect() as engine:
        engine.register("clusters", clusters)
        engine.register("compared", compared)
        unknown = _load_truth(engine, truth_file)
        [(records, agreed, claimed, true, exact, found, persons)] = engine.execute(_COUNTS).fetchall()
        if not records:
            raise CdpError("the truth knows none of the records.", where=Location(truth_file))
        return Judgement(
            records,
            unknown,
            clusters.num_rows - records,
            Share(int(agreed), int(claimed), int(true)),
            Share(exact, found, persons),
            engine.sql(_OVER_MERGED).to_arrow_table(),
            engine.sql(_UNDER_MERGED).to_arrow_table(),
            engine.sql(_HISTOGRAM).to_arrow_table(),
        )


def _load_truth(engine: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Load the truth; how many of its records nobody knows."""
    columns = load_text(engine, file, "given_truth")
    missing = [name for name in ("record_id", "person_id") if name not in columns]
    if missing:
        raise CdpError(f"there is no column `{missing[0]}`.", where=Location(file))
    record, person = quoted(columns["record_id"]), quoted(columns["person_id"])
    [(blank, repeated)] = engine.execute(
        f"select count(*) filter ({record} is null or {person} is null), count({record}) - count(distinct {record}) "
        "from given_truth"
    ).fetchall()
    if blank:
        raise CdpError(f"{blank:,} rows lack a record or a person.", where=Location(file))
    if repeated:
        raise CdpError(f"{repeated:,} rows repeat a record.", where=Location(file), remedy="One row per record.")
    engine.execute(f"create table truth as select {record} as record_id, {person} as person_id from given_truth")
    rows = engine.execute(
        "select count(*) from truth where record_id not in (select record_id from clusters)"
    ).fetchall()
    return int(rows[0][0])
