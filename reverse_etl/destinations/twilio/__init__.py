"""SMS through Twilio; see docs/destinations/twilio.md."""

from reverse_etl.destinations.twilio.client import CONNECTOR

__all__ = ["CONNECTOR"]
