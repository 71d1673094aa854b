"""E-mail through a mail server; see docs/destinations/smtp.md."""

from reverse_etl.destinations.smtp.client import CONNECTOR

__all__ = ["CONNECTOR"]
