"""Connector to Klaviyo; see docs/destinations/klaviyo.md."""

from reverse_etl.destinations.klaviyo.client import CONNECTOR

__all__ = ["CONNECTOR"]
