"""Addresses that must not be written to, known by keyed tokens that outlive the addresses themselves (ADR 17)."""
