"""Sources into the lake: every file exactly once, whole or not at all, bad lines set aside and counted (ADR 2)."""
