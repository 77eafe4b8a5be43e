"""Versions: each build froze one; they are compared, named and brought back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from nlu_engine.differences import differences
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring import editing
from skillbuilder.authoring.digests import digest_of
from skillbuilder.authoring.forms import storable
from skillbuilder.authoring.history import last_change
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.pages import by_htmx, show, skill_page
from skillbuilder.authoring.renames import followed
from skillbuilder.authoring.skills import has_many_values
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.runs import NotTrained, latest_ready_run

WORKING_COPY = "now"
VERSIONS_A_PAGE = 20


class VersionNameForm(forms.Form):
    """What people call a version; empty takes the name away."""

    name = forms.CharField(max_length=80, required=False)

    def clean_name(self) -> str:
        return storable(self.cleaned_data["name"])


def versions(skill: Skill) -> QuerySet[TrainingRun]:
    """Return all versions of ``skill``, newest first, without their snapshots."""
    return skill.training_runs.order_by("-number").defer("snapshot")


def find(skill: Skill, number: str) -> TrainingRun:
    """Return the version ``number`` of ``skill``; raises Http404."""
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Http404
    return get_object_or_404(versions(skill), number=number)


def ready_versions(skill: Skill) -> QuerySet[TrainingRun]:
    """Return the versions of ``skill`` that can parse, newest first."""
    return versions(skill).filter(status=TrainingRun.Status.READY)


def ready_version(skill: Skill, number: str = "") -> TrainingRun:
    """Return the version ``number`` of ``skill``, or else the one that it parses with.

    Raises NotTrained if that is not built; Http404 if there is none of that number.
    """
    if number:
        version = find(skill, number)
        if version.status != TrainingRun.Status.READY:
            raise NotTrained(skill)
        return version
    run = latest_ready_run(skill)
    if run is None:
        raise NotTrained(skill)
    return run


def document(skill: Skill, number: str) -> InteractionModel:
    """Return the interaction model of a version, or of the working copy ("now")."""
    if number == WORKING_COPY:
        return export_interaction_model(skill)
    return InteractionModel.from_stored(find(skill, number).snapshot)


@require_GET
@skill_page
def skill_versions(request: HttpRequest, skill: Skill) -> HttpResponse:
    """List the versions; ``old`` and ``new`` say which two to compare."""
    is_later = has_many_values(skill) and not by_htmx(request)
    context = {"tab": "versions", "is_later": is_later and versions(skill).exists()}
    context |= {} if context["is_later"] else compared(request, skill)
    piece = "training/_versions.html"
    return show(request, skill, "training/versions.html", context, fragment=piece)


def compared(request: HttpRequest, skill: Skill) -> dict[str, Any]:
    """Return the versions of ``skill``, and what differs between the two that were chosen."""
    page = Paginator(versions(skill), VERSIONS_A_PAGE).get_page(request.GET.get("page"))
    names = list(versions(skill).values_list("number", "name"))
    newest = str(names[0][0]) if names else WORKING_COPY
    old, new = request.GET.get("old", newest), request.GET.get("new", WORKING_COPY)
    documents = {number: document(skill, number) for number in {old, new}}
    return {
        "page": page,
        "names": [(str(number), name) for number, name in names],
        "old": old,
        "new": new,
        "differences": differences(documents[old], documents[new]),
        "digest": digest_of(skill),
    }


@require_POST
@skill_page
def version_name(request: HttpRequest, skill: Skill, number: int) -> HttpResponse:
    """Name a version."""
    run = find(skill, str(number))
    form = VersionNameForm(request.POST)
    if form.is_valid():
        with transaction.atomic():
            TrainingRun.objects.filter(pk=run.pk).update(name=form.cleaned_data["name"])
            if form.cleaned_data["name"] != run.name:
                run.tell("named", form.cleaned_data["name"])
        messages.success(request, "Saved.")
    else:
        messages.error(request, "A name has at most 80 characters. Nothing was changed.")
    return redirect("skill-versions", skill.slug)


@require_POST
@skill_page
def version_restore(request: HttpRequest, skill: Skill, number: int) -> HttpResponse:
    """Make a version the working copy; the history keeps what was there before."""
    run = find(skill, str(number))
    model = InteractionModel.from_stored(run.snapshot)
    try:
        with transaction.atomic():
            run.tell("restored")
            digest = request.POST.get("digest", "")
            editing.replace_document(skill, model, digest, since=run.created_at)
    except editing.Conflict:
        messages.error(
            request,
            "The skill was changed in the meantime, so nothing was restored. Compare again below.",
        )
    else:
        told = f"Version {number} is the working copy now. The history can take this back."
        messages.success(request, f"{told} {followed(last_change())}")
    return redirect("skill-versions", skill.slug)
