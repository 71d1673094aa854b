"""E-mail through Unisender Go; see docs/destinations/unisender_go.md."""

from reverse_etl.destinations.unisender_go.client import CONNECTOR

__all__ = ["CONNECTOR"]
