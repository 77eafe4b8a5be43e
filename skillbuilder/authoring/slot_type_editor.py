"""What the slot type editor shows: one page of values, however many thousands there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse

from nlu_engine import builtins
from nlu_engine import interaction_model as im
from nlu_engine.errors import Problem
from nlu_engine.type_settings import catalog_in, settings_in
from skillbuilder.authoring.catalogs import choices_for
from skillbuilder.authoring.checking import open_problems_of
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.highlight import slot_colors
from skillbuilder.authoring.import_export import export_values
from skillbuilder.authoring.models import Slot, SlotType, SlotValue
from skillbuilder.authoring.pages import part_of_list
from skillbuilder.authoring.places import problems_by_row, problems_of_whole
from skillbuilder.authoring.skills import MANY_VALUES

VALUES_A_PAGE = 30
# Duplicates that are looked at to say which values of a page are some.
_MOST_ALIKE = 500


@dataclass(frozen=True)
class ValueRow:
    """A slot value as the editor shows it."""

    pk: int
    value: str
    synonyms: list[str]
    value_id: str
    stamp: str
    problems: list[Problem]


def value_rows(slot_type: SlotType, rows: Iterable[SlotValue]) -> list[ValueRow]:
    """Return ``rows`` of ``slot_type`` with their stamps and problems."""
    rows = list(rows)
    # What a rule says of a value depends on no other value but those that are the same.
    alike = slot_type.values.filter(key__in={row.key for row in rows})[:_MOST_ALIKE]
    judged = list(alike)
    found = problems_by_row(_problems(slot_type, judged), "types", 0, "values")
    by_pk = {judged[number].pk: problems for number, problems in found.items()}
    return [
        ValueRow(row.pk, row.value, row.synonyms, row.value_id, stamp(row), by_pk.get(row.pk, []))
        for row in rows
    ]


def _problems(slot_type: SlotType, values: list[SlotValue]) -> list[Problem]:
    return open_problems_of(slot_type.skill, export_values(slot_type, values))


def problems_of_type(slot_type: SlotType, slot_types: list[SlotType]) -> list[Problem]:
    """Return what is wrong with ``slot_type``, one of ``slot_types``, but not with its values."""
    own = export_values(slot_type, slot_type.values.all()[:1]).slot_types[0]
    types = [own if row == slot_type else im.SlotType(row.name) for row in slot_types]
    model = replace(im.InteractionModel(), slot_types=tuple(types))
    found = open_problems_of(slot_type.skill, model)
    return problems_of_whole(found, "types", slot_types.index(slot_type))


def shown_settings(request: HttpRequest, slot_type: SlotType) -> dict[str, Any]:
    """Return the settings that the editor shows: what was written, else what is stored."""
    settings = settings_in(slot_type.extra)
    patterns, is_closed = "\n".join(settings.patterns), settings.is_closed
    written = request.POST if "patterns" in request.POST else request.GET
    if "patterns" in written:
        patterns, is_closed = written["patterns"], "is_closed" in written
    rows = min(10, max(2, patterns.count("\n") + 1))
    return {"shown_patterns": patterns, "shown_closed": is_closed, "pattern_rows": rows}


def page_context(request: HttpRequest, slot_type: SlotType) -> dict[str, Any]:
    """Return all that the editor of ``slot_type`` shows."""
    skill = slot_type.skill
    slot_types = list(skill.slot_types.all())
    query = (request.GET.get("q") or request.POST.get("q") or "").strip().replace("\x00", "")
    number = request.GET.get("page") or request.POST.get("page")
    newest_first = slot_type.values.order_by("-position", "-pk")
    chosen = newest_first.saying(query) if query else newest_first
    page = Paginator(chosen, VALUES_A_PAGE).get_page(number)
    extends = slot_type.name in builtins.SLOT_TYPES
    value_count = slot_type.values.count() if query else page.paginator.count
    return shown_settings(request, slot_type) | {
        "tab": "overview",
        "page_address": part_of_list(
            reverse("slot-type-detail", args=[skill.slug, slot_type.pk]), query, page.number
        ),
        "slot_type": slot_type,
        "catalog": slot_type.catalog,
        "unknown_catalog": None if slot_type.catalog else catalog_in(slot_type.extra),
        "catalog_choices": choices_for(request.user),
        "slot_types": slot_types,
        "intents": skill.intents.all(),
        "slot_type_stamp": stamp(slot_type),
        "colors": slot_colors(skill),
        "query": query,
        "values": page,
        "rows": value_rows(slot_type, page.object_list),
        "value_count": value_count,
        "is_large": value_count > MANY_VALUES,
        "used_by": Slot.objects.filter(
            intent__skill=skill, type_name=slot_type.name
        ).select_related("intent"),
        "problems": problems_of_type(slot_type, slot_types),
        "extends": slot_type.name if extends else "",
        "builtin_values": builtins.sample_values(slot_type.name, skill.locale)[:12]
        if extends
        else (),
    }
