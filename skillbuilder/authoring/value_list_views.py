"""Lists of slot values as CSV: download, and upload with a look at what it would change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from nlu_engine.differences import list_changes
from nlu_engine.value_lists import write_values
from skillbuilder.authoring.editing import Conflict
from skillbuilder.authoring.forms import ValueListForm
from skillbuilder.authoring.history import FromCatalog
from skillbuilder.authoring.models import SlotType
from skillbuilder.authoring.pages import csv_answer, say_done, show
from skillbuilder.authoring.skill_forms import with_value
from skillbuilder.authoring.slot_type_views import slot_type_page
from skillbuilder.authoring.value_lists import store_list, values_of, with_list

DIFFERENCES_SHOWN = 200


@require_GET
@slot_type_page
def list_download(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Send the values as a CSV file."""
    text = write_values(values_of(slot_type).slot_types[0].values)
    return csv_answer(text, f"{slot_type.skill.slug}.{slot_type.name.removeprefix('AMAZON.')}")


@require_http_methods(["GET", "POST"])
@slot_type_page
def list_import(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Ask for a list, show what it would change, then store it."""
    form = ValueListForm(request.POST or None, request.FILES or None)
    if request.method == "GET":
        return list_page(request, slot_type, form)
    if not form.is_valid():
        return list_page(request, slot_type, form, status=422)
    if request.POST.get("back"):
        return list_page(request, slot_type, form)
    if not form.cleaned_data["is_reviewed"]:
        return list_review(request, slot_type, form)
    try:
        mode, seen = form.cleaned_data["mode"], form.cleaned_data["digest"]
        store_list(slot_type, form.values, mode, seen)
    except Conflict as conflict:
        return list_review(request, slot_type, form, status=409, conflict=conflict)
    except FromCatalog as error:
        form.add_error("text", str(error))
        return list_page(request, slot_type, form, status=422)
    count = slot_type.values.count()
    say_done(request, f"The list was stored. {slot_type.name} has {count:,} values now.")
    return redirect("slot-type-detail", slot_type.skill.slug, slot_type.pk)


def list_page(
    request: HttpRequest, slot_type: SlotType, form: ValueListForm, status: int = 200
) -> HttpResponse:
    """Render the page that takes a list."""
    context = _context(slot_type, form) | {"value_count": slot_type.values.count()}
    return show(request, slot_type.skill, "authoring/value_list.html", context, status=status)


def list_review(
    request: HttpRequest, slot_type: SlotType, form: ValueListForm, status: int = 200, **more: Any
) -> HttpResponse:
    """Show what the list would change, and ask."""
    old = values_of(slot_type)
    mode = form.cleaned_data["mode"]
    new = with_list(old, form.values, mode)
    found, counts = list_changes(old.slot_types[0], new.slot_types[0], DIFFERENCES_SHOWN)
    with_value(form, "digest", old.digest())
    context = _context(slot_type, form) | {
        "mode": mode,
        "is_replacing": mode == "replace",
        "differences": found,
        "count": sum(counts.values()),
        "counts": counts.items(),
    }
    template = "authoring/value_list_review.html"
    return show(request, slot_type.skill, template, context | more, status=status)


def _context(slot_type: SlotType, form: ValueListForm) -> dict[str, Any]:
    return {"tab": "overview", "slot_type": slot_type, "form": form}
