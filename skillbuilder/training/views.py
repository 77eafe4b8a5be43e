"""Pages about builds: start one, watch it, cancel it, look at earlier ones."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine.errors import InvalidInteractionModel
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.pages import show, signed_in, skill_page
from skillbuilder.authoring.people import EDITOR, OWNER, refuse_role, role_of
from skillbuilder.authoring.places import placed
from skillbuilder.training import full_tier, gate, runs
from skillbuilder.training.models import Build, FullTier, TrainingRun
from skillbuilder.training.progress import expected_seconds, log_lines, step_states
from skillbuilder.training.state import edited_since, elapsed
from skillbuilder.training.turns import builds_ahead

Gate = Build.Gate
RUNS_A_PAGE = 15
# A run that waits longer than this with nothing before it has probably no worker.
PATIENCE = timedelta(seconds=20)


def run_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give ``view`` the run that the address names; one of somebody else's skill is a 404."""

    @signed_in
    @wraps(view)
    def wrapper(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        runs_with = TrainingRun.objects.select_related("skill").defer("snapshot")
        run = get_object_or_404(runs_with, pk=run_id)
        refuse_role(run.skill, request.user, request.method)
        return view(request, run)

    return wrapper


@require_http_methods(["GET", "POST"])
@skill_page
def skill_build(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the builds of a skill; a POST starts one, or finds the one that is the same."""
    if request.method == "GET":
        return builds(request, skill)
    try:
        run, created = runs.request_run(skill)
    except InvalidInteractionModel as error:
        return builds(request, skill, 422, problems=placed(skill, error.problems))
    if not created and not run.is_active:
        messages.info(request, "Nothing has changed since that build, so it is used again.")
    return redirect("skill-build", skill.slug)


def builds(request: HttpRequest, skill: Skill, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page with the build that matters now, and those before it."""
    history = skill.training_runs.defer("snapshot")
    current = runs.active_run(skill) or history.first()
    context |= {"tab": "builds"} | history_context(request, skill)
    if current:
        context |= run_context(current)
    return show(request, skill, "training/builds.html", context, status=status)


def history_context(request: HttpRequest, skill: Skill) -> dict[str, Any]:
    """Return a page of the runs of ``skill``, and the one that the console parses with."""
    history = skill.training_runs.defer("snapshot")
    page = Paginator(history, RUNS_A_PAGE).get_page(request.GET.get("page"))
    return {"page": page, "ready": runs.latest_ready_run(skill)}


def run_context(run: TrainingRun) -> dict[str, Any]:
    """Return what the panel of ``run`` shows: its quick tier, and its full one if there is one."""
    full = full_tier.of_run(run)
    latest = runs.latest_ready_run(run.skill)
    return {
        "run": run,
        "quick": phase_context(run),
        "full": phase_context(full) if full else None,
        "is_live": latest is not None and latest.pk == run.pk,
        "percent_done": round(run.progress * 100),
        "edited": run.is_active and edited_since(run.skill, run),
        "watched": run.is_active or run.gate == Gate.PENDING or bool(full and is_watched(full)),
        "lines": log_lines(run),
    }


def is_watched(full: FullTier) -> bool:
    """Return whether something is going to happen to ``full`` by itself."""
    return full.is_active or full.gate == Gate.PENDING


def phase_context(build: Build) -> dict[str, Any]:
    """Return what is shown of one tier of a build."""
    waits = build.status == Build.Status.QUEUED
    ahead = builds_ahead(build) if waits else 0
    return {
        "build": build,
        "ahead": ahead,
        "unheard": waits and not ahead and elapsed(build) > PATIENCE and not are_built(build),
        "percent_done": round(build.progress * 100),
        "cost": build.metrics,
        "steps": step_states(build),
        "expected": sum(expected_seconds(build).values()),
    }


def are_built(build: Build) -> bool:
    """Return whether a worker is busy with another one of the kind of ``build``."""
    return type(build)._default_manager.filter(status=Build.Status.TRAINING).exists()


@require_GET
@run_page
def run_status(request: HttpRequest, run: TrainingRun) -> HttpResponse:
    """Show how far a run is: the piece of a page that htmx asks for every second."""
    may_edit = role_of(run.skill, request.user) in (EDITOR, OWNER)
    context = {"skill": run.skill, "is_fragment": True, "tab": "builds", "may_edit": may_edit}
    context |= run_context(run)
    if not run.is_active:
        context |= history_context(request, run.skill)
    return render(request, "training/_run.html", context)


@require_GET
@skill_page
def build_controls(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the state of the skill's build, for the heading of pages open during a build."""
    return show(request, skill, "training/_controls_only.html", {})


@require_POST
@run_page
def run_cancel(request: HttpRequest, run: TrainingRun) -> HttpResponse:
    """Cancel a run, if it is not over."""
    if not runs.cancel_run(run):
        messages.info(request, "It was over already.")
    return redirect("skill-build", run.skill.slug)


@require_POST
@run_page
def run_release(request: HttpRequest, run: TrainingRun) -> HttpResponse:
    """Let a version go live that annotation sets held back."""
    gate.release(run)
    messages.success(request, "That version is live now.")
    return redirect("skill-build", run.skill.slug)
