"""What an evaluation prints and writes: shares, and ids of what went wrong; never what a record says."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from cdp.identity.evaluation.evaluate import Evaluation
from cdp.identity.evaluation.share import Share

# Of one cluster; the JSON file has all.
_IDS_SHOWN = 20


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    judgement = evaluation.judgement
    return {
        **_shares("pair", judgement.pairs),
        **_shares("cluster", judgement.clusters),
        "records": evaluation.people.records,
        "judged_records": judgement.records,
        "unjudged_records": judgement.unjudged,
        "unknown_truth_ids": judgement.unknown_ids,
        "persons": judgement.clusters.true,
        "clusters": judgement.clusters.claimed,
        "attributes": sorted(evaluation.people.compared),
        "ignored_columns": list(evaluation.people.ignored),
        "pairs_compared": evaluation.pairs_compared,
        "blocks_skipped": evaluation.blocks_skipped,
        "over_merged": judgement.over_merged.to_pylist(),
        "under_merged": judgement.under_merged.to_pylist(),
        "weight_histogram": judgement.histogram.to_pylist(),
        "seconds": evaluation.seconds,
    }


def summary(evaluation: Evaluation) -> Table:
    """Precision, recall and F1 of pairs and of clusters."""
    judgement = evaluation.judgement
    table = Table("", "precision", "recall", "F1", "right", "found", "true", title=_title(evaluation))
    for name, share in (("pairs", judgement.pairs), ("clusters", judgement.clusters)):
        shares = (f"{value:.4f}" for value in (share.precision, share.recall, share.f1))
        table.add_row(name, *shares, *(f"{count:,}" for count in (share.agreed, share.claimed, share.true)))
    return table


def mistakes(evaluation: Evaluation, most: int) -> list[Table]:
    """The largest clusters that mix persons and the persons who are in several clusters, `most` of each, as ids."""
    judgement = evaluation.judgement
    tables = []
    for title, rows, parts in (
        ("over-merged: clusters of several persons", judgement.over_merged, "persons"),
        ("under-merged: persons in several clusters", judgement.under_merged, "clusters"),
    ):
        if rows.num_rows and most:
            table = Table(parts, "records", title=f"{title} ({rows.num_rows:,})")
            for row in rows.slice(0, most).to_pylist():
                table.add_row(str(row[parts]), _listed(row["record_ids"]))
            tables.append(table)
    return tables


def _listed(ids: list[str]) -> str:
    more = len(ids) - _IDS_SHOWN
    return ", ".join(ids[:_IDS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def remarks(evaluation: Evaluation) -> list[str]:
    """What a reader of the numbers has to know, a sentence each."""
    people, judgement = evaluation.people, evaluation.judgement
    said = [f"Compared by {', '.join(sorted(people.compared))}: {evaluation.pairs_compared:,} pairs."]
    if not evaluation.pairs_compared:
        said.append("No two records share what a blocking rule asks for, so nobody is linked.")
    if people.ignored:
        said.append(f"Ignored columns: {', '.join(people.ignored)}.")
    if evaluation.blocks_skipped:
        said.append(f"{evaluation.blocks_skipped:,} blocks were larger than the model allows and compared nobody.")
    if judgement.unknown_ids:
        said.append(f"{judgement.unknown_ids:,} ids of the truth are in no record.")
    if judgement.unjudged:
        said.append(f"{judgement.unjudged:,} records are not in the truth and were not judged.")
    return said


def _title(evaluation: Evaluation) -> str:
    return f"{evaluation.judgement.records:,} records judged, {sum(evaluation.seconds.values()):.0f} s"


def _shares(name: str, share: Share) -> dict[str, float]:
    return {
        f"{name}_precision": round(share.precision, 6),
        f"{name}_recall": round(share.recall, 6),
        f"{name}_f1": round(share.f1, 6),
    }
