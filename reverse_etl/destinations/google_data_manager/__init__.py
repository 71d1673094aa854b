"""Connector to Google's Data Manager; see docs/destinations/google_data_manager.md."""

from reverse_etl.destinations.google_data_manager.client import CONNECTOR

__all__ = ["CONNECTOR"]
