"""Whether what is published was built from the rule that the file has now."""

from __future__ import annotations

from collections.abc import Mapping

from cdp.declarations.segments import Segment
from cdp.segments.definitions import rule_fingerprint
from cdp.warehouse.port import Reader


def is_published(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> bool:
    """Whether the published generation asked what the segment asks now, the segments that it names included."""
    query = f"select fingerprint from {reader.relation('int_segments__definitions')} where segment_name = ?"
    published = reader.query(query, [segment.name]).read_all().column(0).to_pylist()
    return bool(published == [rule_fingerprint(segment, segments)])
