"""One row per audience: as many members as it used to have, of whom as many as before may be reached."""

from quality.measures import Measure, Suite

_OF_SEGMENT = "/ cast(nullif(sum(in_segment), 0) as double)"

SUITE = Suite(
    table="rpt_audience_funnel",
    boundary="audiences",
    by="audience_name",
    measures={
        "in_segment": Measure("sum(in_segment)", "its segment has as many customers as it used to"),
        "members": Measure("sum(members)", "it has as many members as it used to"),
        "reached_share": Measure(f"sum(members) {_OF_SEGMENT}", "as many of its segment may be reached as before"),
        "without_consent_share": Measure(
            f"sum(no_consent) {_OF_SEGMENT}", "as many of its segment have not agreed as before"
        ),
    },
)
