"""One row per segment and customer: a segment is about as large as it used to be."""

from quality.measures import Suite

SUITE = Suite(table="segment_members", boundary="audiences", by="segment_name")
