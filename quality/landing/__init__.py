"""The landing boundary: what has just arrived in each source table, beside what used to arrive (ADR 24)."""
