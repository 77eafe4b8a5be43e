"""The pages of the dialog: of a slot, and of an intent."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from nlu_engine.dialog_model import intent_dialog
from skillbuilder.authoring.dialog_forms import (
    IntentDialogForm,
    SlotDialogForm,
    Validations,
    intent_initial,
    slot_initial,
    validations_initial,
)
from skillbuilder.authoring.dialogs import dialog_stamp, settings_of, store_intent, store_slot
from skillbuilder.authoring.editing import Conflict
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.intent_views import intent_page
from skillbuilder.authoring.models import Intent, Slot
from skillbuilder.authoring.pages import say_done, show


@require_http_methods(["GET", "POST"])
@intent_page
def slot_settings(request: HttpRequest, intent: Intent, slot_pk: int) -> HttpResponse:
    """Show what is asked for a slot and how its value is checked; store what is written."""
    slot = get_object_or_404(Slot.objects.select_related("intent"), intent=intent, pk=slot_pk)
    if request.method == "GET":
        return slot_form(request, intent, slot)
    form = SlotDialogForm(request.POST, locale=intent.skill.locale, known=slot.samples)
    validations = Validations(request.POST)
    if not (form.is_valid() and validations.is_valid()):
        return slot_page(request, intent, slot, form, validations, status=422)
    wanted = [one.validation for one in validations]
    try:
        new = form.settings(one for one in wanted if one)
        store_slot(slot, form.cleaned_data["stamp"], new)
    except Conflict as conflict:
        intent.skill.refresh_from_db()
        slot = get_object_or_404(Slot.objects.select_related("intent"), pk=slot_pk)
        return slot_form(request, intent, slot, status=409, conflict=conflict)
    say_done(request, f"The slot {slot.name} was saved.")
    return redirect("intent-dialog", intent.skill.slug, intent.pk)


def slot_form(
    request: HttpRequest, intent: Intent, slot: Slot, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the page with what is stored."""
    shown = settings_of(intent.skill, slot)
    initial = {**slot_initial(shown), "stamp": dialog_stamp(shown)}
    form = SlotDialogForm(initial=initial, locale=intent.skill.locale)
    validations = Validations(initial=validations_initial(shown))
    return slot_page(request, intent, slot, form, validations, status, **context)


def slot_page(
    request: HttpRequest,
    intent: Intent,
    slot: Slot,
    form: SlotDialogForm,
    validations: Any,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render the page with these forms."""
    context |= {
        "tab": "overview",
        "intent": intent,
        "slot": slot,
        "form": form,
        "validations": validations,
        "colors": slot_colors(intent.skill),
    }
    return show(request, intent.skill, "authoring/slot.html", context, status=status)


@require_http_methods(["GET", "POST"])
@intent_page
def intent_dialog_page(request: HttpRequest, intent: Intent) -> HttpResponse:
    """Show the dialog of an intent, slot by slot; store what is written about the intent."""
    if request.method == "GET":
        return intent_form(request, intent)
    form = IntentDialogForm(request.POST)
    if not form.is_valid():
        return dialog_page(request, intent, form, status=422)
    try:
        store_intent(intent, form.cleaned_data["stamp"], form.dialog)
    except Conflict as conflict:
        intent.skill.refresh_from_db()
        return intent_form(request, intent, status=409, conflict=conflict)
    say_done(request, f"The dialog of {intent.name} was saved.")
    return redirect("intent-dialog", intent.skill.slug, intent.pk)


def intent_form(
    request: HttpRequest, intent: Intent, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the page with what is stored."""
    shown = intent_dialog(intent.skill.extra, intent.name)
    form = IntentDialogForm(initial={**intent_initial(shown), "stamp": dialog_stamp(shown)})
    return dialog_page(request, intent, form, status, **context)


def dialog_page(
    request: HttpRequest, intent: Intent, form: IntentDialogForm, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the page with this form."""
    slots = intent.slots.select_related("intent")
    context |= {
        "tab": "overview",
        "intent": intent,
        "form": form,
        "slots": [(slot, settings_of(intent.skill, slot)) for slot in slots],
        "colors": slot_colors(intent.skill),
    }
    return show(request, intent.skill, "authoring/intent_dialog.html", context, status=status)
