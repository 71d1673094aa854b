"""Connector to Mailchimp; see docs/destinations/mailchimp.md."""

from reverse_etl.destinations.mailchimp.client import CONNECTOR

__all__ = ["CONNECTOR"]
