"""Plans that no machine should carry out alone."""

from __future__ import annotations

from reverse_etl.declarations import Guards
from reverse_etl.engine.words import PlanCounts


def reason_to_hold(counts: PlanCounts, guards: Guards) -> str:
    """Why a plan must wait for a person; empty where it need not."""
    if counts.acknowledged and not counts.desired:
        return f"the model is empty, while the destination holds {counts.acknowledged} of its rows"
    if counts.desired < guards.min_rows:
        return f"the model has {counts.desired} rows, fewer than min_rows ({guards.min_rows})"
    share = counts.remove / counts.acknowledged if counts.acknowledged else 0.0
    if share > guards.max_removal_share:
        return (
            f"it would remove {counts.remove} of {counts.acknowledged} rows ({share:.0%}), "
            f"more than max_removal_share ({guards.max_removal_share:.0%})"
        )
    return ""
