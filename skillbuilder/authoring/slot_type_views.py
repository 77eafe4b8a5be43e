"""The slot type editor: values with their synonyms and ids."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from skillbuilder.authoring import catalogs, editing
from skillbuilder.authoring.editing import Conflict, NameTaken, stamp
from skillbuilder.authoring.forms import (
    CatalogOfTypeForm,
    EditValueForm,
    RenameSlotTypeForm,
    StampForm,
    ValueForm,
    ValuesForm,
)
from skillbuilder.authoring.history import FromCatalog, last_change, told
from skillbuilder.authoring.models import Skill, Slot, SlotType, SlotValue
from skillbuilder.authoring.pages import View, by_htmx, say_done, show, skill_page
from skillbuilder.authoring.slot_type_editor import page_context
from skillbuilder.authoring.value_lists import add_values


def slot_type_page(view: View) -> View:
    """Give ``view`` the slot type of the skill that the address names."""

    @skill_page
    @wraps(view)
    def wrapper(request: HttpRequest, skill: Skill, pk: int, **kwargs: Any) -> HttpResponse:
        slot_type = get_object_or_404(SlotType.objects.select_related("skill"), skill=skill, pk=pk)
        return view(request, slot_type, **kwargs)

    return wrapper


def editor(
    request: HttpRequest, slot_type: SlotType, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the editor; ``context`` adds notices and refused forms."""
    context = page_context(request, slot_type) | {"change": last_change()} | context
    return show(
        request,
        slot_type.skill,
        "authoring/slot_type.html",
        context,
        fragment="authoring/_slot_type_editor.html",
        status=status,
    )


def refused(request: HttpRequest, slot_type: SlotType, form: Any, **context: Any) -> HttpResponse:
    """Render the editor with the first thing that is wrong with ``form``."""
    error = next(message for found in form.errors.values() for message in found)
    return editor(request, slot_type, 422, error=error, **context)


def conflicts_shown(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Turn a Conflict or NameTaken of ``view`` into the editor with a clear message."""

    @wraps(view)
    def wrapper(request: HttpRequest, slot_type: SlotType, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, slot_type, **kwargs)
        except Conflict as conflict:
            if not SlotType.objects.filter(pk=slot_type.pk).exists():
                raise Http404 from conflict
            parts = (request.POST.get("value", ""), request.POST.get("synonyms", ""))
            typed = ": ".join(part for part in parts if part) or request.POST.get("name", "")
            return editor(request, slot_type, 409, conflict=conflict, typed=typed)
        except (NameTaken, FromCatalog) as error:
            return editor(request, slot_type, 422, error=str(error))

    return wrapper


def back(request: HttpRequest, slot_type: SlotType, **context: Any) -> HttpResponse:
    """Answer a change that worked: the editor to htmx, a redirect to a plain form.

    Either way it says what was done and offers to take that back.
    """
    if by_htmx(request):
        return editor(request, slot_type, **context)
    if change := last_change():
        say_done(request, " ".join(filter(None, [f"{told(change)}.", context.get("notice")])))
    return redirect("slot-type-detail", slot_type.skill.slug, slot_type.pk)


# --- The slot type ------------------------------------------------------------------------


@require_GET
@slot_type_page
def slot_type_detail(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Show the editor of a slot type."""
    return editor(request, slot_type)


@require_POST
@slot_type_page
@conflicts_shown
def slot_type_rename(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Give the slot type another name, in the slots that have it too."""
    form = RenameSlotTypeForm(request.POST)
    if not form.is_valid():
        return refused(request, slot_type, form)
    stamped, name = form.cleaned_data["stamp"], form.cleaned_data["name"]
    count = editing.rename_slot_type(slot_type, stamped, name)
    say_done(request, f"Renamed to {name}, also in {count} slot{'s'[: count != 1]}.")
    return redirect("slot-type-detail", slot_type.skill.slug, slot_type.pk)


@require_http_methods(["GET", "POST"])
@slot_type_page
@conflicts_shown
def slot_type_delete(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Ask, then delete the slot type with its values."""
    form = StampForm(request.POST or None, initial={"stamp": stamp(slot_type)})
    if request.method == "POST" and form.is_valid():
        editing.remove(slot_type.skill, slot_type, form.cleaned_data["stamp"])
        say_done(request, f"{slot_type.name} was deleted.")
        return redirect("skill-detail", slot_type.skill.slug)
    used_by = Slot.objects.filter(intent__skill=slot_type.skill, type_name=slot_type.name)
    context = {
        "tab": "overview",
        "slot_type": slot_type,
        "form": form,
        "used_by": used_by.select_related("intent"),
    }
    return show(request, slot_type.skill, "authoring/slot_type_delete.html", context)


@require_POST
@slot_type_page
@conflicts_shown
def slot_type_catalog(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Take the values from a version of a catalog, or make those that it has its own."""
    form = CatalogOfTypeForm(request.POST)
    if not form.is_valid():
        return refused(request, slot_type, form)
    stamped, wanted = form.cleaned_data["stamp"], form.cleaned_data["version"]
    if wanted == "none":
        catalogs.detach(slot_type, stamped)
    else:
        chosen = catalogs.choices_for(request.user)
        catalog = get_object_or_404(chosen, pk=form.cleaned_data["catalog"])
        number = int(wanted) if wanted.isdecimal() else catalog.newest
        version = get_object_or_404(catalog.versions, number=number)
        catalogs.attach(slot_type, stamped, version, follows=wanted == "newest")
    slot_type.refresh_from_db()
    return back(request, slot_type)


# --- Values -------------------------------------------------------------------------------


@require_POST
@slot_type_page
@conflicts_shown
def value_create(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Add a value with its synonyms."""
    form = ValueForm(request.POST)
    if not form.is_valid():
        return refused(request, slot_type, form, draft=request.POST)
    values = form.cleaned_data
    pair = (values["value"], values["synonyms"])
    if not add_values(slot_type, [pair], value_id=values["value_id"]):
        notice = f"The slot type has {values['value']} already: edit it there."
        return editor(request, slot_type, 422, error=notice, draft=request.POST)
    return back(request, slot_type, announce="Added")


@require_POST
@slot_type_page
@conflicts_shown
def values_create(request: HttpRequest, slot_type: SlotType) -> HttpResponse:
    """Add several values, one a line."""
    form = ValuesForm(request.POST)
    if not form.is_valid():
        return refused(request, slot_type, form, many_draft=request.POST.get("lines", ""))
    pairs = form.cleaned_data["lines"]
    added = add_values(slot_type, pairs)
    notice = f"{added} value{'s'[: added != 1]} added."
    if added < len(pairs):
        notice += f" {len(pairs) - added} skipped: the slot type has them already."
    return back(request, slot_type, notice=notice)


@require_http_methods(["GET", "POST"])
@slot_type_page
@conflicts_shown
def value_edit(request: HttpRequest, slot_type: SlotType, value_pk: int) -> HttpResponse:
    """Show the value as fields; store what is written into them."""
    if request.method == "GET":
        return editor(request, slot_type, editing_value=value_pk)
    value = SlotValue.objects.filter(slot_type=slot_type, pk=value_pk).first()
    if value is None:
        raise Conflict(None)
    form = EditValueForm(request.POST)
    if not form.is_valid():
        return refused(request, slot_type, form, editing_value=value_pk, edit_draft=request.POST)
    values = {field: form.cleaned_data[field] for field in ("value", "synonyms", "value_id")}
    editing.set_fields(slot_type.skill, value, form.cleaned_data["stamp"], **values)
    return back(request, slot_type, saved=value.pk)


@require_POST
@slot_type_page
@conflicts_shown
def value_delete(request: HttpRequest, slot_type: SlotType, value_pk: int) -> HttpResponse:
    """Remove a value; the page offers to take that back."""
    value = SlotValue.objects.filter(slot_type=slot_type, pk=value_pk).first()
    if value is None:
        return back(request, slot_type)
    editing.remove(slot_type.skill, value, request.POST.get("stamp", ""))
    return back(request, slot_type, undo_focused=True)
