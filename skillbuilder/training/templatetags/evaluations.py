"""Template tags that show evaluations on pages of other apps."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

from skillbuilder.authoring.models import AnnotationSet, Skill
from skillbuilder.training.evaluations import expected_seconds, latest, quality_of
from skillbuilder.training.models import Evaluation
from skillbuilder.training.results import PARSERS, over_versions
from skillbuilder.training.runs import latest_ready_run
from skillbuilder.training.state import is_upgrading
from skillbuilder.training.versions import ready_versions

register = template.Library()


@register.inclusion_tag("training/_set_result.html", takes_context=True)
def set_result(
    context: dict[str, Any], annotation_set: AnnotationSet, choose: bool = False
) -> dict[str, Any]:
    """Show the newest result of an annotation set, with the button that evaluates it.

    With ``choose`` any version may be, without it the one that the skill parses with.
    """
    skill = annotation_set.skill
    found = latest(annotation_set)
    is_ready = found is not None and found.status == Evaluation.Status.READY
    values = (
        [(title, found.metrics[name]["frame_accuracy"]) for name, title in PARSERS.items()]
        if found and is_ready
        else []
    )
    run = latest_ready_run(skill)
    return {
        "csrf_token": context.get("csrf_token"),
        "may_edit": context.get("may_edit"),
        "skill": skill,
        "set": annotation_set,
        "evaluation": found,
        "values": values,
        "is_old": bool(
            found
            and is_ready
            and (
                found.set_revision != annotation_set.revision
                or (run is not None and run.pk != found.run_id)
            )
        ),
        "can_run": run is not None,
        "run": run,
        "versions": ready_versions(skill) if choose else [],
    }


@register.filter
def hundredfold(share: float) -> str:
    """Return a share as a place on an axis of 100, whatever the language writes for a point."""
    return f"{share * 100:.1f}"


@register.filter
def width_of(interval: tuple[float, float]) -> str:
    """Return how wide an interval of shares is on an axis of 100."""
    return hundredfold(interval[1] - interval[0])


@register.filter
def duration(seconds: float) -> str:
    """Return 114.4 as "1 min 54 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.inclusion_tag("training/_quality.html", takes_context=True)
def quality(context: dict[str, Any], skill: Skill) -> dict[str, Any]:
    """Show how good the live version is on samples that were held back, and its learning curve."""
    run = latest_ready_run(skill)
    folds = quality_of(run, Evaluation.Kind.FOLDS) if run else None
    curve = quality_of(run, Evaluation.Kind.CURVE) if run else None
    is_ready = folds is not None and folds.status == Evaluation.Status.READY
    return {
        "csrf_token": context.get("csrf_token"),
        "may_edit": context.get("may_edit"),
        "skill": skill,
        "run": run,
        "folds": folds,
        "curve": curve,
        "folds_take": expected_seconds(run, Evaluation.Kind.FOLDS) if run else None,
        "curve_takes": expected_seconds(run, Evaluation.Kind.CURVE) if run else None,
        "begins_itself": bool(run and settings.QUALITY_AFTER_BUILD and is_upgrading(run)),
        "values": [(title, folds.metrics[name]) for name, title in PARSERS.items()]
        if folds and is_ready
        else [],
    }


@register.inclusion_tag("training/_over_versions.html")
def versions_chart(annotation_set: AnnotationSet, current: int = 0) -> dict[str, Any]:
    """Show what each version has right of a set; ``current`` is the one that the page is of."""
    return {
        "set": annotation_set,
        "versions": over_versions(annotation_set),
        "current": current,
    }
