"""Connector to a table of a PostgreSQL database; see docs/destinations/postgres.md."""

from reverse_etl.destinations.postgres.client import CONNECTOR

__all__ = ["CONNECTOR"]
