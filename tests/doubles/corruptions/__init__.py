"""Ways to spoil a day of the demo. To add one, write a function beside its like."""

from tests.doubles.corruptions import people, rules, unforeseen, values, volumes
from tests.doubles.corruptions.day import Day
from tests.doubles.corruptions.registry import CORRUPTIONS, HARMLESS, Corruption

__all__ = ["CORRUPTIONS", "HARMLESS", "Corruption", "Day", "people", "rules", "unforeseen", "values", "volumes"]
