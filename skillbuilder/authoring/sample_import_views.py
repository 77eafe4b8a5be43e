"""Samples of all intents as CSV, out and in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine.spreadsheets import csv_table
from skillbuilder.authoring import editing
from skillbuilder.authoring.editing import LinesRefused
from skillbuilder.authoring.forms import ImportForm, first_error
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.models import SampleUtterance, Skill
from skillbuilder.authoring.pages import csv_answer, say_done, show, skill_page
from skillbuilder.authoring.sample_lines import Review


def import_page(
    request: HttpRequest, skill: Skill, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the page that takes the samples, or for htmx what would come of them."""
    context |= {"tab": "overview", "names_intents": True, "colors": slot_colors(skill)}
    template, fragment = "authoring/samples_import.html", "authoring/_sample_review.html"
    return show(request, skill, template, context, fragment=fragment, status=status)


@require_http_methods(["GET", "POST"])
@skill_page
def samples_import(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Take samples of several intents, all lines or none."""
    if request.method == "GET":
        return import_page(request, skill)
    form = ImportForm(request.POST, request.FILES)
    kept = {"many_text": request.POST.get("text", ""), "makes": "makes" in request.POST}
    if not form.is_valid():
        return import_page(request, skill, 422, error=first_error(form), **kept)
    chosen = form.cleaned_data
    try:
        found = editing.import_samples(skill, chosen["rows"], makes=chosen["makes"])
    except LinesRefused as refused:
        kept["many_text"] = chosen["text"]
        return import_page(request, skill, 422, review=refused.review, **kept)
    say_done(request, _told(found))
    return redirect("skill-detail", skill.slug)


def _told(found: Review) -> str:
    samples, intents = found.added, len(found.new_intents)
    if not samples:
        return "Nothing was new: the intents have all of these samples already."
    counted = f"{samples:,} sample utterance{'s'[: samples != 1]}"
    return f"Added {counted} to {intents} intent{'s'[: intents != 1]}."


@require_POST
@skill_page
def samples_import_review(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show what would come of the lines; stores nothing."""
    form = ImportForm(request.POST, request.FILES)
    context: dict[str, Any] = {"makes": "makes" in request.POST}
    if form.is_valid():
        rows, makes = form.cleaned_data["rows"], form.cleaned_data["makes"]
        context["review"] = editing.reviewed(skill, rows, makes=makes)
        context["many_text"] = form.cleaned_data["text"]
        context["is_file"] = bool(form.cleaned_data["file"])
    elif request.POST.get("text") or request.FILES:
        context["error"] = first_error(form)
    return import_page(request, skill, **context)


@require_GET
@skill_page
def samples_download(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Send all samples of the skill as CSV."""
    samples = SampleUtterance.objects.filter(intent__skill=skill)
    ordered = samples.order_by("intent__position", "intent__pk", "position", "pk")
    rows = ordered.values_list("intent__name", "text")
    return csv_answer(csv_table(("intent", "sample"), rows), f"{skill.slug}.{skill.locale}.samples")
