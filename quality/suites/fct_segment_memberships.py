"""One row per stay of a customer in a segment: most of those who are in it have stayed where they were."""

from quality.measures import Measure, Suite

_NOW = "(select max(as_of) from control.clock)"
_MOVED = f"sum(case when entered_at = {_NOW} or left_at = {_NOW} then 1 else 0 end)"
_STAND = "sum(case when left_at is null then 1 else 0 end)"
# A segment that is new, or that has few members, says nothing: everybody has just come.
_SAYS_NOTHING = f"min(entered_at) = {_NOW} or {_STAND} < 30"

SUITE = Suite(
    table="fct_segment_memberships",
    boundary="audiences",
    by="segment_name",
    measures={
        "moved_share": Measure(
            f"case when {_SAYS_NOTHING} then 0 else {_MOVED} / cast(greatest({_STAND}, 1) as double) end",
            "most of its members have stayed",
        )
    },
)
