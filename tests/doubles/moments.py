"""Moments that tests agree on, naive UTC."""

from datetime import datetime

MORNING = datetime(2024, 5, 1, 6)
