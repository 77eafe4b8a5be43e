"""What a slot type takes beside its values: patterns, and whether it is closed; to be tried."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from nlu_engine import interaction_model as im
from nlu_engine.patterns import Patterns, examples
from nlu_engine.resolution import MATCH
from nlu_engine.training_data import resolver_of
from nlu_engine.type_settings import TypeSettings, with_settings
from skillbuilder.authoring.editing import set_fields
from skillbuilder.authoring.forms import StoredTypeSettingsForm, TypeSettingsForm, first_error
from skillbuilder.authoring.import_export import export_values
from skillbuilder.authoring.models import SlotType
from skillbuilder.authoring.pages import by_htmx, show
from skillbuilder.authoring.skills import MANY_VALUES
from skillbuilder.authoring.slot_type_views import (
    back,
    conflicts_shown,
    editor,
    slot_type_page,
)

EXAMPLES_SHOWN = 5
LONGEST_TRIED = 500


@dataclass(frozen=True)
class Tried:
    """What a slot of the type would make of some words."""

    text: str
    value: str
    is_known: bool
    is_accepted: bool
    pattern: str = ""
    """The pattern that they fit, "" where a value or a built-in type knows them."""


def tried(slot_type: SlotType, settings: TypeSettings, text: str) -> Tried:
    """Return what ``slot_type`` would make of ``text`` if it had ``settings``."""
    values = slot_type.values.all()
    if values.count() > MANY_VALUES:
        values = values.saying(text)[:MANY_VALUES]
    own = export_values(slot_type, values).slot_types[0]
    own = im.SlotType(own.name, own.values, with_settings(own.extra, settings))
    intent = im.Intent("Try", (im.Slot("slot", own.name),))
    model = im.InteractionModel(intents=(intent,), slot_types=(own,))
    found = resolver_of(model, slot_type.skill.locale).resolve("slot", text)
    listed = {surface for value in own.values for surface in (value.value, *value.synonyms)}
    is_known, is_listed = found.status == MATCH, found.value in listed
    patterns = Patterns(settings.patterns)
    pattern = patterns.which(found.value) if is_known and not is_listed else ""
    return Tried(text, found.value, is_known, found.is_accepted, pattern)


@require_GET
@slot_type_page
def type_settings_try(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Tell what the slot type makes of ``text`` with the settings that are being written."""
    form = TypeSettingsForm(request.GET)
    text = " ".join(request.GET.get("text", "").replace("\x00", "").split())[:LONGEST_TRIED]
    context: dict[str, Any] = {"try_text": text}
    if not form.is_valid():
        context["try_error"] = first_error(form)
    else:
        patterns = form.settings.patterns
        context["examples"] = list(islice(examples(patterns), EXAMPLES_SHOWN)) if patterns else []
        context["tried"] = tried(slot_type, form.settings, text) if text else None
    if not by_htmx(request):
        return editor(request, slot_type, **context)
    fragment = "authoring/_type_tried.html"
    return show(request, slot_type.skill, fragment, context, fragment=fragment)


@require_POST
@slot_type_page
@conflicts_shown
def type_settings_store(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Store the patterns, and whether the type is closed."""
    form = StoredTypeSettingsForm(request.POST)
    if not form.is_valid():
        return editor(request, slot_type, 422, settings_error=first_error(form))
    extra = with_settings(slot_type.extra, form.settings)
    set_fields(slot_type.skill, slot_type, form.cleaned_data["stamp"], extra=extra)
    slot_type.refresh_from_db()
    return back(request, slot_type)
