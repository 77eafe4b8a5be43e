"""Template tags that show builds on pages of other apps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template

from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.state import build_state, elapsed

register = template.Library()


@register.inclusion_tag("training/_build_controls.html", takes_context=True)
def build_controls(context: dict[str, Any], skill: Skill, oob: bool = False) -> dict[str, Any]:
    """Show the state of the skill's build with the buttons Build and Try.

    ``oob`` marks the piece as one that htmx puts in the place of the one on the page.
    """
    return {
        "request": context.get("request"),
        "csrf_token": context.get("csrf_token"),
        "skill": skill,
        "state": build_state(skill),
        "oob": oob,
        "tab": context.get("tab"),
        "may_edit": context.get("may_edit"),
    }


@register.inclusion_tag("training/_build_steps.html")
def build_steps(skill: Skill) -> dict[str, Any]:
    """Show the last two lines of the builder checklist: build, try."""
    return {"skill": skill, "state": build_state(skill)}


@register.filter
def seconds(duration: timedelta) -> str:
    """Return a duration as people read it: "7 s", "2 min 5 s"."""
    minutes, rest = divmod(int(duration.total_seconds()), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def run_time(run: TrainingRun) -> str:
    """Return how long a run has taken so far."""
    return seconds(elapsed(run))
