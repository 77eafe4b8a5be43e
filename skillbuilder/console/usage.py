"""How much a skill is used: its parses a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from skillbuilder.authoring.models import Skill
from skillbuilder.training.parse_log import counts_by_day

DAYS = 30


@dataclass(frozen=True)
class Day:
    """A day: how many parses, and in how many the parsers disagreed."""

    day: date
    number: int
    count: int
    differing: int


def days(skill: Skill, count: int = DAYS) -> list[Day]:
    """Return the last ``count`` days (UTC), today last; ``number`` counts from -29 to 0."""
    today = timezone.now().date()
    numbers = range(1 - count, 1)
    found = counts_by_day(skill, today + timedelta(days=numbers[0]))
    dates = {number: today + timedelta(days=number) for number in numbers}
    return [Day(day, number, *found.get(day, (0, 0))) for number, day in dates.items()]
