"""How much a skill is used, as bars: a parse a day and an intent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from skillbuilder.authoring.models import Skill

DAYS = 30
WIDTH, HEIGHT = 720.0, 120.0
_GAP = 3.0


@dataclass(frozen=True)
class Bar:
    """A day: how many parses, and in how many the parsers disagreed, as heights from below."""

    day: date
    count: int
    differing: int
    x: float
    width: float
    height: float
    differing_height: float

    @property
    def top(self) -> float:
        """Where the bar begins, from above."""
        return HEIGHT - self.height

    @property
    def differing_top(self) -> float:
        """Where its part with a disagreement begins, from above."""
        return HEIGHT - self.differing_height


def bars(skill: Skill, days: int = DAYS) -> list[Bar]:
    """Return a bar for each of the last ``days``, today last."""
    today = timezone.now().date()
    first = today - timedelta(days=days - 1)
    kept = skill.logged_parses.filter(created_at__date__gte=first).order_by()
    counts: Counter[date] = Counter()
    differing: Counter[date] = Counter()
    # Counted here: databases differ in what a day is.
    for created_at, differ in kept.values_list("created_at", "differ").iterator():
        counts[created_at.date()] += 1
        differing[created_at.date()] += differ
    step, most = WIDTH / days, max(counts.values(), default=0) or 1
    return [
        Bar(
            day,
            counts[day],
            differing[day],
            round(number * step, 1),
            round(step - _GAP, 1),
            round(counts[day] / most * HEIGHT, 1),
            round(differing[day] / most * HEIGHT, 1),
        )
        for number, day in enumerate(first + timedelta(days=number) for number in range(days))
    ]
