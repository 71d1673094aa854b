"""Plans that no machine should carry out alone."""

from __future__ import annotations

from datetime import timedelta

from reverse_etl.declarations import Guards
from reverse_etl.engine.words import Counts, PlanCounts

# Of fewer answers, a few bad rows are a large share and tell nothing.
_TELLING = 20


def reason_to_hold(counts: PlanCounts, guards: Guards, age: timedelta) -> str:
    """Why a plan of a generation of this `age` must wait for a person; empty where it need not."""
    if guards.max_age_hours is not None and age > timedelta(hours=guards.max_age_hours) and counts.operations:
        hours = age.total_seconds() / 3600
        return f"what is published is {hours:.0f} hours old, more than max_age_hours ({guards.max_age_hours:g})"
    if counts.remove and not counts.desired:
        return f"the model is empty, while the destination holds {counts.acknowledged} of its rows"
    if counts.desired < guards.min_rows:
        return f"the model has {counts.desired} rows, fewer than min_rows ({guards.min_rows})"
    share = counts.remove / counts.acknowledged if counts.acknowledged else 0.0
    if share > guards.max_removal_share:
        return (
            f"it would remove {counts.remove} of {counts.acknowledged} rows ({share:.0%}), "
            f"more than max_removal_share ({guards.max_removal_share:.0%})"
        )
    growth = counts.add / counts.acknowledged if counts.acknowledged else 0.0
    if guards.max_growth_share is not None and growth > guards.max_growth_share:
        return (
            f"it would add {counts.add} rows to {counts.acknowledged} ({growth:.0%}), "
            f"more than max_growth_share ({guards.max_growth_share:.0%})"
        )
    return ""


def reason_to_doubt(answered: Counts, guards: Guards) -> str:
    """Why a run that has ended must not pass for a good one; empty where it may."""
    rows = answered.ok + answered.rejected
    share = answered.rejected / rows if rows else 0.0
    if rows < _TELLING or share <= guards.max_reject_share:
        return ""
    return (
        f"the destination refused {answered.rejected} of {rows} rows ({share:.0%}), "
        f"more than max_reject_share ({guards.max_reject_share:.0%})"
    )
