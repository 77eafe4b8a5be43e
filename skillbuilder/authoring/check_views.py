"""The Checks tab, and what other pages show of the checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from nlu_engine.checks import SEVERITIES, Check
from skillbuilder.authoring import checking
from skillbuilder.authoring.checking import CannotBeDismissed, checked
from skillbuilder.authoring.editing import Conflict
from skillbuilder.authoring.fixes import apply_fix
from skillbuilder.authoring.history import FromCatalog
from skillbuilder.authoring.models import SampleUtterance, Skill
from skillbuilder.authoring.pages import next_address, say_done, show, skill_page
from skillbuilder.authoring.places import placed, problems_by_row, worst_by_address

CHECKS_A_PAGE = 30


@dataclass(frozen=True)
class Badge:
    """How many checks are of one thing on the page, and the worst of them."""

    place: str
    severity: str
    count: int
    message: str = ""


@require_GET
@skill_page
def check_list(request: HttpRequest, skill: Skill) -> HttpResponse:
    """List the checks of one severity, the dismissed ones, or all that are to be seen."""
    found = checked(skill)
    wanted = request.GET.get("show", "")
    chosen = found.dismissed if wanted == "dismissed" else found.shown
    if wanted in SEVERITIES:
        chosen = [check for check in chosen if check.severity == wanted]
    page = Paginator(placed(skill, chosen), CHECKS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "checks",
        "wanted": wanted,
        "page": page,
        "next": request.get_full_path(),
        "limits": found.limits,
        **_badge(found),
    }
    return show(request, skill, "authoring/checks.html", context)


@require_GET
@skill_page
def check_badge(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Say in the tab how many checks there are."""
    return show(request, skill, "authoring/_check_badge.html", _badge(checked(skill)))


@require_GET
@skill_page
def skill_problems(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show what is wrong with the skill, as a piece that comes after its overview."""
    context = problems_of(skill, checked(skill))
    context |= {"badges": _badges_of_objects(context), "custom_intents": skill.intents.exists()}
    return show(request, skill, "authoring/_skill_problems.html", context)


@require_GET
@skill_page
def object_checks(request: HttpRequest, skill: Skill, kind: str, pk: int) -> HttpResponse:
    """Show the checks of one intent or slot type that are no rules: those stand in its rows."""
    rows = skill.intents if kind == "intents" else skill.slot_types
    row: Any = get_object_or_404(rows, pk=pk)
    found = checked(skill)
    name = "intent-detail" if kind == "intents" else "slot-type-detail"
    address = reverse(name, args=[skill.slug, row.pk])
    own = [check for check in found.shown if check.subject == row.name and not check.is_rule]
    items = [item for item in placed(skill, own) if item.url == address]
    own_limits = checking.limits_of(row)
    context = {"items": items, "next": address, "limits": own_limits, **_badge(found)}
    context["in_editor"] = kind == "intents"
    context["badges"] = _badges_of_objects(problems_of(skill, found))
    context["badges"] += _badges_of_rows(skill, own, kind, row.pk)
    return show(request, skill, "authoring/_object_checks.html", context)


def problems_of(skill: Skill, found: checking.Checked | None) -> dict[str, Any]:
    """Return what pages tell of the checks that were ``found``, None if none was yet, but hints."""
    shown = placed(skill, found.shown if found else ())
    problems = [one for one in shown if one.problem.severity != "hint"]
    return {
        "is_checked": found is not None,
        "problems": problems,
        "worst": worst_by_address(problems),
        "check_counts": Counter(one.url for one in problems),
        "errors": sum(one.problem.severity == "error" for one in problems),
    }


def _badges_of_objects(seen: dict[str, Any]) -> list[Badge]:
    """Return the badges of the intents and slot types with errors or warnings."""
    return [Badge(url, worst, seen["check_counts"][url]) for url, worst in seen["worst"].items()]


def _badges_of_rows(skill: Skill, own: list[Check], kind: str, pk: int) -> list[Badge]:
    """Return the badges of an intent's samples; what breaks a rule is told in the row itself."""
    if kind != "intents":
        return []
    index = list(skill.intents.values_list("pk", flat=True)).index(pk)
    keys = list(SampleUtterance.objects.filter(intent=pk).values_list("pk", flat=True))
    by_row = problems_by_row(own, "intents", index, "samples")
    return [
        Badge(f"sample-{keys[n]}", found[0].severity, len(found), found[0].message)
        for n, found in by_row.items()
        if n < len(keys)
    ]


def _badge(found: checking.Checked) -> dict[str, Any]:
    counts = found.counts
    return {"counts": counts, "total": len(found.shown), "urgent": counts["error"]}


@require_POST
@skill_page
def check_fix(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Do what the button of a check says."""
    try:
        fix = apply_fix(skill, request.POST.get("key", ""), request.POST.get("fix", ""))
    except Conflict:
        messages.warning(
            request, "That was changed in the meantime, so nothing was done. Here is what is now."
        )
    except FromCatalog as error:
        messages.warning(request, str(error))
    else:
        say_done(request, f"Done: {fix.label}.")
    return _back(request, skill)


@require_POST
@skill_page
def check_dismiss(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Hide a check."""
    try:
        checking.dismiss(skill, request.POST.get("key", ""))
    except CannotBeDismissed:
        messages.warning(request, "An error cannot be dismissed: it refuses a build.")
    else:
        messages.success(request, "Dismissed. It can be restored in Checks, under Dismissed.")
    return _back(request, skill)


@require_POST
@skill_page
def check_restore(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show a dismissed check again."""
    checking.restore(skill, [request.POST.get("key", "")])
    return _back(request, skill)


def _back(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Return to the page that the button was on."""
    return redirect(next_address(request) or reverse("check-list", args=[skill.slug]))
