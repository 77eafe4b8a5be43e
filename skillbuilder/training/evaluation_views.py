"""Pages of evaluations: start one, watch it, look at what came of it, take it away as a file."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from nlu_engine.interaction_model import InteractionModel
from nlu_engine.training_data import fallback_in
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.models import Annotation, AnnotationSet, Skill
from skillbuilder.authoring.pages import by_htmx, show, signed_in, skill_page
from skillbuilder.authoring.people import refuse_role
from skillbuilder.training import evaluations, leases, runs
from skillbuilder.training.models import Evaluation, TrainingRun
from skillbuilder.training.results import (
    CHANGES,
    PARSERS,
    WRITERS,
    chosen_rows,
    reliability_rows,
    shown,
    tiles,
)
from skillbuilder.training.versions import find, ready_versions

ROWS_A_PAGE = 25
_SHOWN_CONFUSIONS = 8


def evaluation_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponse]:
    """Give ``view`` the evaluation that the address names; of somebody else's skill a 404."""

    @signed_in
    @wraps(view)
    def wrapper(request: HttpRequest, evaluation_id: uuid.UUID) -> Any:
        kept = Evaluation.objects.filter(annotation_set__deleted_at=None)
        rows = kept.select_related("skill", "annotation_set", "run", "previous__run")
        found = rows.defer("run__snapshot", "previous__run__snapshot")
        evaluation = get_object_or_404(found, pk=evaluation_id)
        refuse_role(evaluation.skill, request.user, request.method)
        return view(request, evaluation)

    return wrapper


@require_POST
@skill_page
def evaluation_start(request: HttpRequest, skill: Skill, set_pk: int) -> HttpResponse:
    """Evaluate a version, the one that the skill parses with or another, on a set."""
    annotation_set = get_object_or_404(AnnotationSet, skill=skill, pk=set_pk)
    number = request.POST.get("version", "")
    run = find(skill, number) if number else runs.latest_ready_run(skill)
    if run is None:
        messages.error(request, "There is no version yet to evaluate. Build the skill first.")
        return redirect("annotation-set", skill.slug, set_pk)
    try:
        evaluation, created = evaluations.request_evaluation(run, annotation_set)
    except evaluations.NothingToEvaluate as error:
        messages.error(request, str(error))
        return redirect("annotation-set", skill.slug, set_pk)
    if not created and not evaluation.is_active:
        messages.info(request, "Nothing has changed since that evaluation, so it is shown again.")
    return redirect("evaluation", evaluation.pk)


@require_GET
@evaluation_page
def evaluation_detail(request: HttpRequest, evaluation: Evaluation) -> HttpResponse:
    """Show how far an evaluation is, or what came of it."""
    if by_htmx(request) and not evaluation.is_active:
        # What asks is the piece that watched it: the whole page is another one now.
        return HttpResponseClientRefresh()
    context: dict[str, Any] = {
        "tab": "evaluate",
        "evaluation": evaluation,
        "set": evaluation.annotation_set,
        "version": evaluation.run.number,
        "ready_versions": ready_versions(evaluation.skill),
        "percent_done": round(evaluation.progress * 100),
        "seconds_left": seconds_left(evaluation),
    }
    if evaluation.status == Evaluation.Status.READY:
        is_curve = evaluation.kind == Evaluation.Kind.CURVE
        context |= curve_context(evaluation) if is_curve else results_context(request, evaluation)
    return show(
        request,
        evaluation.skill,
        "training/evaluation.html",
        context,
        fragment="training/_evaluation_progress.html" if evaluation.is_active else "",
    )


def seconds_left(evaluation: Evaluation) -> int | None:
    """Return about how long an evaluation still takes, None while too little is known."""
    if not evaluation.is_active or evaluation.started_at is None or evaluation.progress < 0.05:
        return None
    taken = (timezone.now() - evaluation.started_at).total_seconds()
    return round(taken * (1 / evaluation.progress - 1))


@require_POST
@skill_page
def quality_start(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Measure the live version on samples held back, or its learning curve (``kind``)."""
    run = runs.latest_ready_run(skill)
    if run is None:
        messages.error(request, "There is no version yet to measure. Build the skill first.")
        return redirect("annotation-set-list", skill.slug)
    asked = request.POST.get("kind")
    kind = Evaluation.Kind.CURVE if asked == "curve" else Evaluation.Kind.FOLDS
    return redirect("evaluation", evaluations.request_quality(run, kind)[0].pk)


def curve_context(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the page of a learning curve shows."""
    points, worth = evaluation.metrics["points"], evaluation.metrics["worth"]
    by_share = {point["share"]: point for point in points}
    counts = by_share[1.0].get("counts", {})
    gains = evaluation.metrics.get("worth_by_intent", {})
    rows = [
        {
            "name": name,
            "count": counts.get(name),
            "half": by_share[0.5]["intents"].get(name),
            "all": by_share[1.0]["intents"][name],
            "worth": gains.get(name, 0.0) * 100,
        }
        for name in by_share[1.0]["intents"]
    ]
    return {
        "points": points,
        "worths": [(title, worth[name] * 100) for name, title in PARSERS.items()],
        "by_intent": sorted(rows, key=lambda row: (-row["worth"], row["all"])),
    }


def results_context(request: HttpRequest, evaluation: Evaluation) -> dict[str, Any]:
    """Return all that the page of results shows."""
    asked = request.GET.get("parser", "")
    parser = asked if asked in PARSERS else "neural"
    metrics = evaluation.metrics[parser]
    rows = chosen_rows(evaluation, parser, request.GET)
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    return {
        "parser": parser,
        "parsers": PARSERS,
        "metrics": metrics,
        "failed": metrics["count"] - metrics["right"],
        "tiles": tiles(evaluation.metrics),
        "page": page,
        "rows": with_actions(request, evaluation, page.object_list, parser),
        "has_rows": evaluation.rows.exists(),
        "changes": changes_of(evaluation, parser),
        "asked": request.GET,
        "expected_intents": [one["name"] for one in metrics["intents"] if one["expected"]],
        "actual_intents": [one["name"] for one in metrics["intents"] if one["found"]],
        "confusions": metrics["confusions"][:_SHOWN_CONFUSIONS],
        "slot_confusions": metrics["slot_confusions"][:_SHOWN_CONFUSIONS],
        "is_old": bool(
            evaluation.annotation_set
            and evaluation.annotation_set.revision != evaluation.set_revision
        ),
    }


def changes_of(evaluation: Evaluation, parser: str) -> dict[str, Any] | None:
    """Return how many rows were fixed, broken or changed since the version before, and which."""
    if evaluation.previous is None:
        return None
    counts = evaluation.metrics[parser].get("changes") or {}
    before = evaluation.previous.metrics[parser]["frame_accuracy"]
    return {
        "version": evaluation.previous.run.number,
        "previous": evaluation.previous,
        "counts": [(name, counts.get(name, 0)) for name in CHANGES],
        "points": (evaluation.metrics[parser]["frame_accuracy"] - before) * 100,
    }


def with_actions(
    request: HttpRequest, evaluation: Evaluation, rows: Any, parser: str
) -> list[dict[str, Any]]:
    """Return what is shown of each row, with its annotation's stamp if that is still there."""
    colors = slot_colors(evaluation.skill)
    keys = [row.annotation_pk for row in rows]
    there = {row.pk: row for row in Annotation.objects.filter(pk__in=keys)}
    intents = dict(evaluation.skill.intents.values_list("name", "pk"))
    found = []
    for row in rows:
        annotation = there.get(row.annotation_pk)
        found.append(
            {
                "shown": shown(row, parser, colors),
                "annotation": annotation,
                "stamp": stamp(annotation) if annotation else "",
                "next_answer": len(annotation.expected) if annotation else 0,
                # What was held back is a sample already.
                "intent_pk": evaluation.annotation_set and intents.get(row.expected[0]["intent"]),
            }
        )
    return found


@require_GET
@evaluation_page
def evaluation_calibration(request: HttpRequest, evaluation: Evaluation) -> HttpResponse:
    """Show how true the confidences are, and what the fallback would reject."""
    is_curve = evaluation.kind == Evaluation.Kind.CURVE
    if is_curve or evaluation.status != Evaluation.Status.READY:
        return redirect("evaluation", evaluation.pk)
    asked = request.GET.get("parser", "")
    parser = asked if asked in PARSERS else "neural"
    sensitivity, current = fallback_of(evaluation)
    table = evaluation.metrics[parser]["thresholds"]
    context = {
        "tab": "evaluate",
        "evaluation": evaluation,
        "parser": parser,
        "parsers": PARSERS,
        "count": evaluation.metrics[parser]["count"],
        "errors": [
            (title, evaluation.metrics[name]["calibration_error"])
            for name, title in PARSERS.items()
        ],
        "bins": reliability_rows(evaluation.metrics),
        "thresholds": table,
        "sensitivity": sensitivity,
        "current": current,
        "step": round(current * (len(table) - 1)),
    }
    return show(request, evaluation.skill, "training/calibration.html", context)


def fallback_of(evaluation: Evaluation) -> tuple[str, float]:
    """Return the sensitivity of the version's fallback, "" if it has none, and the threshold."""
    snapshot = TrainingRun.objects.values_list("snapshot", flat=True).get(pk=evaluation.run_id)
    fallback = fallback_in(InteractionModel.from_stored(snapshot))
    return (fallback.sensitivity, 1 - fallback.threshold) if fallback else ("", 0.0)


@require_POST
@evaluation_page
def evaluation_cancel(request: HttpRequest, evaluation: Evaluation) -> HttpResponse:
    """Cancel an evaluation, if it is not over."""
    if not leases.cancel(evaluation):
        messages.info(request, "It was over already.")
    return redirect("evaluation", evaluation.pk)


@require_GET
@evaluation_page
def evaluation_export(request: HttpRequest, evaluation: Evaluation) -> StreamingHttpResponse:
    """Send the results as CSV, JSON or JUnit XML, by ``format``, of one ``parser``."""
    kind, parser = request.GET.get("format", "csv"), request.GET.get("parser", "neural")
    parser = parser if parser in PARSERS else "neural"
    content_type, write = WRITERS.get(kind, WRITERS["csv"])
    answer = StreamingHttpResponse(write(evaluation, parser), content_type=content_type)
    suffix = kind if kind in WRITERS else "csv"
    name = f"{evaluation.skill.slug}.{parser}.{str(evaluation.pk)[:8]}.{suffix}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
