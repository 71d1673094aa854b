"""Connector to the sandbox's stand-in; see README.md."""

from reverse_etl.destinations.sandbox_esp.client import CONNECTOR

__all__ = ["CONNECTOR"]
