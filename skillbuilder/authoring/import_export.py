"""Rows to interaction models and back, nothing lost either way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Cast
from django.utils import timezone

from nlu_engine import interaction_model as im
from nlu_engine.errors import InvalidInteractionModel
from nlu_engine.type_settings import CatalogLink, catalog_in, with_catalog
from skillbuilder.authoring.catalog_documents import catalogs_in, resolved
from skillbuilder.authoring.models import (
    Catalog,
    Intent,
    SampleUtterance,
    Skill,
    Slot,
    SlotType,
    SlotValue,
)

_BATCH = 2_000


def read_upload(raw: bytes, locale: str) -> im.InteractionModel:
    """Return the interaction model in ``raw`` JSON, fit to be stored and built.

    Raises InvalidInteractionModel with all problems, each with its path and fix.
    """
    model = im.InteractionModel.from_json(im.read_document(raw))
    refuse_errors(model, locale)
    return model


def refuse_errors(model: im.InteractionModel, locale: str) -> None:
    """Raise InvalidInteractionModel if ``model`` breaks a rule that a build depends on."""
    errors = model.errors(locale)
    if errors:
        raise InvalidInteractionModel(errors)


@transaction.atomic
def import_interaction_model(skill: Skill, model: im.InteractionModel, user: Any = None) -> None:
    """Replace everything in ``skill`` by ``model``, in one transaction.

    Values come from catalogs that ``user``, else the owner, may see. Raises
    InvalidInteractionModel as ``catalog_documents.resolved`` does.
    """
    user = user or skill.owner
    model = resolved(model, user)
    # Before anything is removed: a user may see a catalog by the slot types of this very skill.
    catalogs = catalogs_in(model, user)
    # First of all, for it locks the row: two imports into one skill come one after the other.
    Skill.objects.filter(pk=skill.pk).update(
        revision=F("revision") + 1,
        updated_at=timezone.now(),
        invocation_name=model.invocation_name,
        layout=model.layout,
        extra=model.extra,
    )
    skill.intents.all().delete()
    skill.slot_types.all().delete()
    _import_intents(skill, model.intents)
    _import_slot_types(skill, model.slot_types, catalogs)
    skill.refresh_from_db()


def _import_intents(skill: Skill, intents: Iterable[im.Intent]) -> None:
    rows = Intent.objects.bulk_create(
        Intent(skill=skill, name=intent.name, position=position, extra=intent.extra)
        for position, intent in enumerate(intents)
    )
    pairs = list(zip(rows, intents, strict=True))
    Slot.objects.bulk_create(_slot_rows(pairs), batch_size=_BATCH)
    SampleUtterance.objects.bulk_create(
        (
            SampleUtterance(intent=row, text=text, position=position)
            for row, intent in pairs
            for position, text in enumerate(intent.samples)
        ),
        batch_size=_BATCH,
    )


def _slot_rows(pairs: Iterable[tuple[Intent, im.Intent]]) -> Iterator[Slot]:
    for row, intent in pairs:
        for position, slot in enumerate(intent.slots):
            yield Slot(
                intent=row,
                name=slot.name,
                type_name=slot.type,
                samples=list(slot.samples),
                position=position,
                extra=slot.extra,
            )


def _import_slot_types(
    skill: Skill, slot_types: Iterable[im.SlotType], catalogs: dict[str, Catalog]
) -> None:
    rows = SlotType.objects.bulk_create(
        _slot_type_row(skill, slot_type, position, catalogs)
        for position, slot_type in enumerate(slot_types)
    )
    pairs = zip(rows, slot_types, strict=True)
    insert_values(pairs)


def _slot_type_row(
    skill: Skill, slot_type: im.SlotType, position: int, catalogs: dict[str, Catalog]
) -> SlotType:
    row = SlotType(skill=skill, name=slot_type.name, position=position, extra=slot_type.extra)
    link = catalog_in(slot_type.extra)
    if link is not None and link.id in catalogs:
        row.catalog, row.catalog_version = catalogs[link.id], link.version
        row.follows_newest = link.newest
        row.extra = with_catalog(slot_type.extra, None)
    return row


def insert_values(pairs: Iterable[tuple[SlotType, im.SlotType]], first: int = 0) -> None:
    """Store the values of each slot type, which has none at the position ``first`` or later."""
    SlotValue.objects.insert_plain(
        (row.pk, position, value.value, value.id or "", list(value.synonyms), value.extra)
        for row, slot_type in pairs
        for position, value in enumerate(slot_type.values, first)
    )


def parts_of(skill: Skill) -> tuple[list[Intent], list[SlotType]]:
    """Return the intents and slot types of ``skill``, read with all that is in them."""
    intents, _ = all_intents(skill)
    return intents, list(skill.slot_types.prefetch_related("values"))


def no_parts() -> tuple[list[Intent], list[SlotType]]:
    """Return no parts of a skill at all, like ``parts_of``: what is changed is in its own row."""
    return [], []


def structure_of(
    skill: Skill, values: models.QuerySet[SlotValue] | None = None
) -> tuple[list[Intent], list[SlotType]]:
    """Return the parts of ``skill``, like ``parts_of``, without slot values but those given."""
    intents, _ = all_intents(skill)
    chosen = SlotValue.objects.none() if values is None else values
    return intents, list(skill.slot_types.prefetch_related(models.Prefetch("values", chosen)))


def export_interaction_model(skill: Skill) -> im.InteractionModel:
    """Return everything in ``skill`` as an interaction model, in the order it was written."""
    values: dict[int, list[im.SlotValue]] = {}
    for key, value in _exported(SlotValue.objects.filter(slot_type__skill=skill)):
        values.setdefault(key, []).append(value)
    slot_types = (
        im.SlotType(row.name, tuple(values.get(row.pk, ())), extra_of(row))
        for row in skill.slot_types.all()
    )
    return _model_with(skill, all_intents(skill)[0], slot_types)


def _exported(rows: models.QuerySet[SlotValue]) -> Iterator[tuple[int, im.SlotValue]]:
    """Yield the values, each with the key of its slot type, in their order.

    There may be 50,000: to make a row's object of each, and to read its JSON where that is
    empty, would take most of the time that it takes to answer.
    """
    as_text = (Cast(name, models.TextField()) for name in ("synonyms", "extra"))
    found = rows.order_by("slot_type_id", "position", "pk")
    for key, value, id_, synonyms, extra in found.values_list(
        "slot_type_id", "value", "value_id", *as_text
    ):
        others = () if synonyms == "[]" else tuple(json.loads(synonyms))
        yield (
            key,
            im.SlotValue(value, others, id_ or None, {} if extra == "{}" else json.loads(extra)),
        )


def model_of(
    skill: Skill, intents: Iterable[Intent], slot_types: Iterable[SlotType]
) -> im.InteractionModel:
    """Return ``skill`` with these parts, which were read already, as an interaction model."""
    return _model_with(skill, intents, (_export_slot_type(row) for row in slot_types))


def _model_with(
    skill: Skill, intents: Iterable[Intent], slot_types: Iterable[im.SlotType]
) -> im.InteractionModel:
    return im.InteractionModel(
        invocation_name=skill.invocation_name,
        intents=tuple(_export_intent(row) for row in intents),
        slot_types=tuple(slot_types),
        layout=skill.layout,
        extra=skill.extra,
    )


def _export_intent(row: Intent) -> im.Intent:
    slots = tuple(
        im.Slot(slot.name, slot.type_name, tuple(slot.samples), slot.extra)
        for slot in row.slots.all()
    )
    samples = tuple(sample.text for sample in row.samples.all())
    return im.Intent(row.name, slots, samples, row.extra)


def export_intents(skill: Skill) -> im.InteractionModel:
    """Return the interaction model of ``skill`` but for the values of its slot types."""
    intents = skill.intents.prefetch_related("slots", "samples")
    return im.InteractionModel(
        invocation_name=skill.invocation_name,
        intents=tuple(_export_intent(row) for row in intents),
        slot_types=tuple(
            im.SlotType(row.name, (), extra_of(row)) for row in skill.slot_types.all()
        ),
        layout=skill.layout,
        extra=skill.extra,
    )


def parts_around(row: models.Model) -> tuple[list[Intent], list[SlotType]]:
    """Return the parts of a skill that an edit of ``row`` can change.

    Of an intent, sample utterance or slot that is its intent; of a slot value this value alone:
    whoever edits one among 50,000 waits for none of the others.
    """
    if isinstance(row, SlotValue):
        return parts_with(row.slot_type, SlotValue.objects.filter(pk=row.pk))
    intent = getattr(row, "intent", row)
    if not isinstance(intent, Intent):
        raise TypeError(f"an edit of a {type(row).__name__} may change everything")
    return list(Intent.objects.filter(pk=intent.pk).prefetch_related("slots", "samples")), []


def all_intents(skill: Skill) -> tuple[list[Intent], list[SlotType]]:
    """Return the intents of ``skill`` without its slot types, like ``parts_of``."""
    return list(skill.intents.prefetch_related("slots", "samples")), []


def parts_with(
    slot_type: SlotType, values: models.QuerySet[SlotValue]
) -> tuple[list[Intent], list[SlotType]]:
    """Return nothing but ``slot_type`` with some of its ``values``, like ``parts_of``."""
    chosen = models.Prefetch("values", values.all())
    return [], list(SlotType.objects.filter(pk=slot_type.pk).prefetch_related(chosen))


def export_values(slot_type: SlotType, values: Iterable[SlotValue]) -> im.InteractionModel:
    """Return an interaction model of nothing but some ``values`` of ``slot_type``."""
    rows = tuple(_export_value(value) for value in values)
    return im.InteractionModel(slot_types=(im.SlotType(slot_type.name, rows, extra_of(slot_type)),))


def export_all_values(slot_type: SlotType) -> im.InteractionModel:
    """Return an interaction model of nothing but ``slot_type`` and all its values."""
    rows = tuple(value for _, value in _exported(slot_type.values.all()))
    return im.InteractionModel(slot_types=(im.SlotType(slot_type.name, rows, extra_of(slot_type)),))


def _export_slot_type(row: SlotType) -> im.SlotType:
    values = tuple(_export_value(value) for value in row.values.all())
    return im.SlotType(row.name, values, extra_of(row))


def extra_of(row: SlotType) -> dict[str, Any]:
    """Return what a document has of a slot type besides name and values."""
    if row.catalog_id is None:
        extra: dict[str, Any] = row.extra
        return extra
    link = CatalogLink(str(row.catalog_id), row.catalog_version, row.follows_newest)
    return with_catalog(row.extra, link)


def _export_value(row: SlotValue) -> im.SlotValue:
    return im.SlotValue(row.value, tuple(row.synonyms), row.value_id or None, row.extra)
