"""The parse log: whether it is kept, the review queue, how much the skill is used."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from nlu_engine.templates import TemplateError
from skillbuilder.authoring import editing
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.models import Skill, Slot
from skillbuilder.authoring.pages import by_htmx, show, skill_page
from skillbuilder.authoring.people import EDITOR, OWNER
from skillbuilder.authoring.sample_lines import clean_sample
from skillbuilder.console import lessons, usage
from skillbuilder.training import parse_log
from skillbuilder.training.models import LoggedParse, ParseLog

ENTRIES_A_PAGE = 20
MOST_INTENTS = 12
Review = LoggedParse.Review


class ParseLogForm(forms.Form):
    """Whether parses are kept, how long, and which slots are taken out before."""

    enabled = forms.BooleanField(required=False)
    retention_days = forms.TypedChoiceField(
        choices=[(days, days) for days in parse_log.RETENTION_DAYS], coerce=int, required=False
    )
    sensitive_slots = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, skill: Skill) -> None:
        super().__init__(*args)
        self.fields["sensitive_slots"].choices = [(name, name) for name in slot_names(skill)]  # type: ignore[attr-defined]


def slot_names(skill: Skill) -> list[str]:
    """Return the names of all slots of ``skill``, each once."""
    names = Slot.objects.filter(intent__skill=skill).values_list("name", flat=True)
    return sorted(set(names), key=str.casefold)


@require_GET
@skill_page(looking=EDITOR)
def skill_log(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show the review queue and how much the skill is used; before, what a parse log is."""
    log = ParseLog.objects.filter(skill=skill).first()
    intents = parse_log.counts_by_intent(skill)
    context = {
        "tab": "console",
        "log": log,
        "retention": parse_log.RETENTION_DAYS,
        "slots": slot_names(skill),
        "entries": parse_log.queue(skill)[:ENTRIES_A_PAGE],
        "waiting": parse_log.count_waiting(skill),
        "colors": slot_colors(skill),
        "days": usage.days(skill),
        "total": sum(count for _, count, _ in intents),
        "by_intent": intents[:MOST_INTENTS],
        "most": intents[0][1] if intents else 1,
    }
    return show(request, skill, "console/log.html", context)


@require_POST
@skill_page(changing=OWNER)
def log_settings(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Switch the parse log on, change how it is kept, or switch it off and delete it."""
    form = ParseLogForm(request.POST, skill=skill)
    if not form.is_valid():
        messages.error(request, "Choose how long, and slots of this skill. Nothing was changed.")
    elif form.cleaned_data["enabled"]:
        days = form.cleaned_data["retention_days"] or 30
        parse_log.switch_on(skill, days, form.cleaned_data["sensitive_slots"])
        messages.success(request, "Saved. What programs have parsed is kept from now on.")
    else:
        parse_log.switch_off(skill)
        messages.success(request, "Switched off. All that was kept is deleted.")
    return redirect("skill-log", skill.slug)


@require_POST
@skill_page
def log_review(request: HttpRequest, skill: Skill, entry_pk: int) -> HttpResponse:
    """Accept, ignore or open an entry of the queue again, or show the form that corrects it."""
    entry = get_object_or_404(skill.logged_parses, pk=entry_pk)
    verdict = request.POST.get("verdict", "")
    context: dict[str, Any] = {"entry": entry, "colors": slot_colors(skill), "verdict": verdict}
    if verdict == "accept":
        context |= accepted(skill, entry)
    elif verdict == "correct":
        context["lesson"] = lessons.lesson_of(skill, entry.neural_sample, entry.neural_intent)
    elif verdict in ("ignore", "again"):
        parse_log.reviewed(entry, Review.IGNORED if verdict == "ignore" else Review.OPEN)
    if not by_htmx(request) and verdict != "correct":
        return redirect("skill-log", skill.slug)
    fragment = "console/_log_entry.html"
    return show(request, skill, "console/log_entry.html", context, fragment=fragment)


def accepted(skill: Skill, entry: LoggedParse) -> dict[str, Any]:
    """Add what the DNN made of ``entry`` to the samples of its intent, and tell what came of it.

    A built-in intent, or one that is gone, learns nothing; the entry is done all the same.
    """
    intent = skill.intents.filter(name=entry.neural_intent).first()
    added = 0
    if intent is not None and not intent.is_builtin:
        try:
            # What was said may hold brackets, which are no groups of an author: they go.
            sample = clean_sample(lessons.opened(intent, entry.neural_sample), skill.locale)
            added = editing.add_samples(intent, [sample]).added
        except (TemplateError, editing.LinesRefused):
            added = 0
    parse_log.reviewed(entry, Review.ACCEPTED)
    return {"intent": intent, "added": added}
