"""Edits of many slot values at once: several lines, or a whole list as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q, QuerySet

from nlu_engine import interaction_model as im
from nlu_engine.value_lists import merged, replaced
from skillbuilder.authoring.editing import Conflict, editing, locked, next_position
from skillbuilder.authoring.history import FromCatalog, noted, noted_values
from skillbuilder.authoring.import_export import (
    export_all_values,
    export_interaction_model,
    insert_values,
    parts_with,
)
from skillbuilder.authoring.models import Skill, SlotType, SlotValue, value_key
from skillbuilder.authoring.skills import changed

Mode = Literal["add", "replace"]
MOST_UNDONE = 4_000
"""Values before and after, in all, up to which a stored list can be taken back by Undo."""


def add_values(
    slot_type: SlotType, pairs: Sequence[tuple[str, list[str]]], value_id: str = ""
) -> int:
    """Add the values with their synonyms that are new to ``slot_type``; return how many."""
    wanted: dict[str, tuple[str, list[str]]] = {}
    for value, synonyms in pairs:
        wanted.setdefault(value_key(value), (value, synonyms))
    same = slot_type.values.filter(key__in=list(wanted))
    skill = slot_type.skill
    with editing(skill, within=slot_type, part=lambda: parts_with(slot_type, same)):
        for key in same.values_list("key", flat=True):
            wanted.pop(key, None)
        first = next_position(slot_type.values.all())
        SlotValue.objects.bulk_create(
            SlotValue(
                slot_type=slot_type,
                value=value,
                synonyms=synonyms,
                value_id=value_id,
                position=first + number,
            )
            for number, (value, synonyms) in enumerate(wanted.values())
        )
    return len(wanted)


def values_of(slot_type: SlotType) -> im.InteractionModel:
    """Return an interaction model of nothing but ``slot_type`` and all its values."""
    return export_all_values(slot_type)


def with_list(
    model: im.InteractionModel, values: Sequence[im.SlotValue], mode: Mode
) -> im.InteractionModel:
    """Return the ``model`` of one slot type with ``values`` added, or in the place of its own."""
    (slot_type,) = model.slot_types
    make = merged if mode == "add" else replaced
    new = im.SlotType(slot_type.name, make(slot_type.values, values), slot_type.extra)
    return im.InteractionModel(slot_types=(new,))


def put_values(
    skill: Skill, slot_type: SlotType, new: Sequence[im.SlotValue], **fields: Any
) -> None:
    """Store ``new`` in the place of all values of ``slot_type``, and ``fields`` in itself.

    Within a transaction that holds ``skill``; leaves an entry in its history. The values that
    both lists begin with stay as they are, so whoever adds ten to 50,000 writes ten.
    """
    kept, rest, whole = _to_replace(skill, slot_type, new)
    # The steps back hold every value, so a long list comes back from the history alone.
    if whole is not None:
        entry: AbstractContextManager[object] = noted_values(skill, slot_type, new, whole)
    else:
        entry = noted(skill, part=partial(parts_with, slot_type, rest))
    with entry:
        SlotType.objects.filter(pk=slot_type.pk).update(**fields)
        rest.all().delete()
        insert_values(
            [(slot_type, im.SlotType(slot_type.name, tuple(new[kept:])))],
            first=next_position(slot_type.values.all()),
        )


def _to_replace(
    skill: Skill, slot_type: SlotType, new: Sequence[im.SlotValue]
) -> tuple[int, QuerySet[SlotValue], im.InteractionModel | None]:
    """Return how many values stay, those that do not, and ``skill`` if those are very many."""
    whole = None
    rows = slot_type.values.order_by("position", "pk")
    if rows.count() + len(new) > MOST_UNDONE:
        whole = export_interaction_model(skill)
        old = next(one.values for one in whole.slot_types if one.name == slot_type.name)
    else:
        old = values_of(slot_type).slot_types[0].values
    kept = next((n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), -1)
    kept = min(len(old), len(new)) if kept < 0 else kept
    if len(old) + len(new) - 2 * kept <= MOST_UNDONE:
        whole = None
    if kept:
        last = rows.only("position")[kept - 1]
        after = Q(position__gt=last.position) | Q(position=last.position, pk__gt=last.pk)
        rows = rows.filter(after)
    return kept, rows, whole


def store_list(
    slot_type: SlotType, values: Sequence[im.SlotValue], mode: Mode, seen: str | None = None
) -> None:
    """Add ``values`` to ``slot_type``, or put them in the place of its own.

    ``seen`` is the digest of ``values_of`` that was shown: raises Conflict if it is another now.
    Raises FromCatalog where the values are those of a catalog.
    """
    skill = slot_type.skill
    with transaction.atomic():
        fresh = locked(skill)
        row = SlotType.objects.filter(pk=slot_type.pk).first()
        if row is None:
            raise Conflict(None)
        old = values_of(row)
        if seen is not None and old.digest() != seen:
            raise Conflict(slot_type)
        before, after = (one.slot_types[0].values for one in (old, with_list(old, values, mode)))
        if row.catalog_id is not None and before != after:
            raise FromCatalog(row.name)
        put_values(fresh, row, after)
        changed(skill)
