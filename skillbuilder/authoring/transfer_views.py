"""An intent goes to another skill: choose it, see what comes along, then copy or move."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from nlu_engine.dialog_model import dialog_intents
from skillbuilder.authoring import transfers
from skillbuilder.authoring.editing import Conflict, NameTaken
from skillbuilder.authoring.forms import TransferForm, first_error
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.pages import say_done, show, skill_page
from skillbuilder.authoring.people import EDITOR, editable_by

MOST_SKILLS = 500


@require_http_methods(["GET", "POST"])
@skill_page(looking=EDITOR)
def intent_transfer(request: HttpRequest, skill: Skill, pk: int) -> HttpResponse:
    """Copy or move an intent to ``to``, another skill that the user may change too."""
    intent = get_object_or_404(skill.intents, pk=pk)
    wanted = request.POST.get("to") or request.GET.get("to")
    targets = editable_by(request.user)
    if not wanted:
        other_language = Case(When(locale__startswith=skill.locale[:2], then=0), default=1)
        others = targets.exclude(pk=skill.pk).order_by(other_language, "name", "pk")
        return _page(request, intent, targets=others[:MOST_SKILLS])
    target = get_object_or_404(targets, slug=wanted)
    if request.method == "GET":
        return _plan(request, intent, target)
    types = transfers.types_to_bring(intent, target)
    differing = [one.name for one in types if one.there == "differs"]
    form = TransferForm(request.POST, differing=differing)
    if not form.is_valid():
        return _plan(request, intent, target, 422, error=first_error(form))
    chosen = form.cleaned_data
    if chosen["moves"] and target == skill:
        return _plan(request, intent, target, 422, error="It is in this skill: copy it, or rename.")
    try:
        new = transfers.transfer_intent(intent, target, **chosen)
    except NameTaken as error:
        return _plan(request, intent, target, 422, error=str(error))
    except Conflict as conflict:
        return _plan(request, intent, target, 409, error=f"{conflict} Look again.")
    if chosen["moves"]:
        told = f"{intent.name} was moved here from {skill.name}; both histories can take it back."
        messages.success(request, told)
    else:
        say_done(request, f"{intent.name} was copied here from {skill.name}.")
    return redirect("intent-detail", target.slug, new.pk)


def _page(request: HttpRequest, intent: Intent, status: int = 200, **context: Any) -> HttpResponse:
    context |= {"tab": "overview", "intent": intent}
    template = "authoring/intent_transfer.html"
    return show(request, intent.skill, template, context, status=status)


def _plan(
    request: HttpRequest, intent: Intent, target: Skill, status: int = 200, **context: Any
) -> HttpResponse:
    """Show what comes along, and what there is already."""
    taken = list(target.intents.values_list("name", flat=True))
    is_taken = intent.name.casefold() in (name.casefold() for name in taken)
    free = transfers.free_name(intent.name, taken)
    return _page(
        request,
        intent,
        status,
        target=target,
        is_taken=is_taken,
        name=request.POST.get("name") or free,
        seen=transfers.content_digest(intent),
        has_dialog=bool(dialog_intents(intent.skill.extra, intent.name)),
        types=[
            (one, request.POST.get(f"type-{one.name}", ""))
            for one in transfers.types_to_bring(intent, target)
        ],
        **context,
    )
