"""Data that is right, and a rule or a model that is not."""

from __future__ import annotations

from tests.doubles.corruptions.day import Day
from tests.doubles.corruptions.registry import corruption

SIZE = "members|size|rows|left|entered|grew|fell|churn"


@corruption("newsletter|active_shoppers|audience|segment", SIZE, is_rule=True)
def a_segment_inverted(day: Day) -> None:
    day.edit("active_shoppers.yml", "within_last: 60 days", "more_than_ago: 60 days")


@corruption("champions|audience|segment", SIZE, is_rule=True)
def a_segment_turned_upside_down(day: Day) -> None:
    day.edit("champions.yml", "at_least: 4", "at_most: 2")


@corruption("audience|newsletter|consent", "consent|" + SIZE, is_rule=True)
def consent_is_not_asked_for(day: Day) -> None:
    day.edit("int_audiences__candidates.sql", "coalesce(consents.is_granted, false) as", "true as")


@corruption("newsletter", SIZE, is_rule=True)
def a_join_loses_half_of_a_list(day: Day) -> None:
    half = "where subscribers.standing = 1 and customers.customer_id % 2 = 0"
    day.edit("sync_esp__newsletter.sql", "where subscribers.standing = 1", half)


@corruption("champions", "hash|null|share|empty|match", is_rule=True)
def hashes_of_a_list_are_left_out(day: Day) -> None:
    day.edit(
        "sync_ads__champions.sql",
        "then dialects.meta_sha256 end) as varchar) as email",
        "then null end) as varchar) as email",
    )
