"""Connector to whoever listens for Standard Webhooks; see README.md."""

from reverse_etl.destinations.webhook.client import CONNECTOR

__all__ = ["CONNECTOR"]
