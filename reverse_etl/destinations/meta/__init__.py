"""Connector to Meta's custom audiences; see docs/destinations/meta.md."""

from reverse_etl.destinations.meta.client import CONNECTOR

__all__ = ["CONNECTOR"]
