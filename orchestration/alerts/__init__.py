"""Telling a person what went wrong: once per cause, with the next step, by e-mail and by webhook (ADR 26)."""
