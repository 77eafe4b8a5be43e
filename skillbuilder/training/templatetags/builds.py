"""Template tags that show builds on pages of other apps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.urls import reverse

from skillbuilder.authoring.checklist import Step, checklist_of
from skillbuilder.authoring.models import Skill
from skillbuilder.training.models import Build
from skillbuilder.training.runs import latest_ready_run
from skillbuilder.training.state import BuildState, build_state, elapsed

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


@register.inclusion_tag("training/_checklist.html", takes_context=True)
def builder_checklist(context: dict[str, Any], skill: Skill, steps: list[Step]) -> dict[str, Any]:
    """Show the builder checklist: the ``steps`` of writing, then build and try."""
    state, user = build_state(skill), context["request"].user
    seen = checklist_of(skill, user)
    steps = [*steps, *build_steps(skill, state, tried=seen.tried_at is not None)]
    left = sum(not step.done and not step.optional for step in steps)
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "skill": skill,
        "steps": steps,
        "left": left,
        "hidden": seen.hidden,
    }


@register.inclusion_tag("training/_live_version.html")
def live_version(skill: Skill) -> dict[str, Any]:
    """Show what the skill parses with, and where it can be tried: a viewer's first steps."""
    return {"skill": skill, "run": latest_ready_run(skill)}


def build_steps(skill: Skill, state: BuildState, *, tried: bool) -> list[Step]:
    """Return the last two steps of the checklist."""
    text = "Trains two parsers: a neural network, and a MaxEnt classifier with a CRF beside it."
    if state.changed:
        text = "You have changed the skill since; build again to try that."
    build = Step(bool(state.ready), "Build", text, reverse("skill-build", args=[skill.slug]))
    text = "Type an utterance in the console, see what both parsers make of it."
    return [build, Step(tried, "Try it", text, reverse("skill-console", args=[skill.slug]))]


@register.filter
def seconds(duration: timedelta) -> str:
    """Return a duration as people read it: "7 s", "2 min 5 s"."""
    minutes, rest = divmod(int(duration.total_seconds()), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def run_time(run: Build) -> str:
    """Return how long a run has taken so far."""
    return seconds(elapsed(run))
