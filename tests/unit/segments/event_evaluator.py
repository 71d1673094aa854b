"""What a rule about events means, one customer and one event at a time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.segments.event_worlds import DECLARED

WINDOW = ("within_last", "more_than_ago")


class Evaluator:
    """True or false for each customer of a world, from the YAML alone."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.as_of, self.people, self.events = world["as_of"], world["people"], world["events"]

    def meets(self, rule: dict[str, Any], who: int) -> bool:
        match rule:
            case {"all": several}:
                return all(self.meets(each, who) for each in several)
            case {"any": several}:
                return any(self.meets(each, who) for each in several)
            case {"not": one}:
                return not self.meets(one, who)
            case {"did": _}:
                return self.did(rule, who)
            case {"did_not": event, **others}:
                return not self.did({"did": event, **others}, who)
            case {"top": {"count": count, "by": by}}:
                ranked = [(-value, each) for each in range(len(self.people)) if (value := self.ranked(by, each))]
                return who in [each for _, each in sorted(ranked)[:count]]
            case {"sample": {"percent": percent, "salt": salt}}:
                digest = md5(f"{salt}|{who}".encode(), usedforsecurity=False).hexdigest()
                return int(digest[:8], 16) % 10_000 < percent * 100
            case {"trait": trait, **asked}:
                return self.holds(self.trait(trait, who), asked, who)
            case {"first": _, **asked} | {"last": _, **asked}:
                where = asked.pop("where", {})
                shape = next(key for key in rule if key in ("first", "last"))
                return self.holds(self.fact({shape: rule[shape], "where": where}, who), asked, who)
        asked = {
            key: value
            for key, value in rule.items()
            if key in ("at_least", "at_most", "between", "less_than", "known", "is_not")
        }
        return self.holds(self.fact(rule, who), asked, who)

    def ranked(self, by: str, who: int) -> int | None:
        """Plus one, so that a known zero counts; of a count, nothing is no value."""
        value = self.trait(by, who)
        return None if value is None or (by in DECLARED and value == 0) else value + 1

    def trait(self, name: str, who: int) -> Any:
        return self.fact(DECLARED[name], who) if name in DECLARED else self.people[who][name]

    def fact(self, rule: dict[str, Any], who: int) -> Any:
        shape = next(key for key in rule if key in ("count", "first", "last", "sum", "avg", "max", "min"))
        found = self.found({"did": rule.get("of", rule[shape]), **rule}, who)
        moments = [event["occurred_at"] for event in found]
        if shape == "count":
            return len(found)
        if "expires_after" in rule and not (moments and max(moments) >= self.as_of - length(rule["expires_after"])):
            return None
        if shape in ("first", "last"):
            return (min if shape == "first" else max)(moments, default=None)
        values = [event["value_cents"] for event in found if event["value_cents"] is not None]
        if not values:
            return None
        return {"sum": sum(values), "avg": sum(values) / len(values), "max": max(values), "min": min(values)}[shape]

    def did(self, rule: dict[str, Any], who: int) -> bool:
        times = len(self.found(rule, who))
        if "exactly" in rule:
            return times == rule["exactly"]
        least = rule.get("at_least", 0 if "at_most" in rule else 1)
        return bool(least <= times <= rule.get("at_most", times))

    def found(self, rule: dict[str, Any], who: int) -> list[dict[str, Any]]:
        """The customer's events that the leaf is about."""
        return [
            event
            for event in self.events
            if event["customer_id"] == who
            and event["occurred_at"] <= self.as_of
            and self.is_one(event, rule["did"], rule.get("where", {}))
            and all(self.in_window(event["occurred_at"], key, rule[key], who) for key in WINDOW if key in rule)
            and self.is_followed(event, rule)
        ]

    def is_one(self, event: dict[str, Any], name: str, where: dict[str, Any]) -> bool:
        asked = {
            column: written if isinstance(written, dict) else {"in" if isinstance(written, list) else "is": written}
            for column, written in where.items()
        }
        return event["event_type"] == name and all(
            self.holds(event[column], each, -1) for column, each in asked.items()
        )

    def is_followed(self, event: dict[str, Any], rule: dict[str, Any]) -> bool:
        key = next((key for key in ("then", "then_not") if key in rule), None)
        if key is None:
            return True
        wanted = rule[key] if isinstance(rule[key], dict) else {"did": rule[key]}
        start, end = event["occurred_at"], event["occurred_at"] + length(rule["within"])
        follows = any(
            start < other["occurred_at"] <= min(end, self.as_of)
            for other in self.events
            if other["customer_id"] == event["customer_id"]
            and self.is_one(other, wanted["did"], wanted.get("where", {}))
        )
        return follows if key == "then" else end <= self.as_of and not follows

    def holds(self, value: Any, asked: dict[str, Any], who: int) -> bool:
        return all(self.compares(value, operator, operand, who) for operator, operand in asked.items())

    def compares(self, value: Any, operator: str, operand: Any, who: int) -> bool:
        if operator == "known":
            return (value is not None) is operand
        if value is None:
            return False
        if operator in WINDOW:
            return self.in_window(value, operator, operand, who)
        answers = {
            "is": lambda: value == operand,
            "is_not": lambda: value != operand,
            "in": lambda: value in operand,
            "at_least": lambda: value >= operand,
            "at_most": lambda: value <= operand,
            "less_than": lambda: value < operand,
            "between": lambda: operand[0] <= value <= operand[1],
        }
        return bool(answers[operator]())

    def in_window(self, moment: datetime, operator: str, span: str, who: int) -> bool:
        start = self.start(span, who)
        return start <= moment <= self.as_of if operator == "within_last" else moment < start

    def start(self, span: str, who: int) -> datetime:
        if "calendar" not in span:
            return self.as_of - length(span)
        zone = ZoneInfo(self.people[who]["time_zone"])
        today = self.as_of.replace(tzinfo=UTC).astimezone(zone).date()
        midnight = datetime.combine(today - timedelta(days=int(span.split(maxsplit=1)[0]) - 1), time.min)
        # Of two midnights the later; where there is none, the moment at which clocks are put forward.
        return max(midnight.replace(tzinfo=zone, fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1))


def length(span: str) -> timedelta:
    count, unit = span.split()
    return timedelta(**{f"{unit.rstrip('s')}s": int(count)})
