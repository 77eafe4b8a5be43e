"""Edits of a skill, each one whole or not at all.

Two tabs must never overwrite each other silently, so whoever changes or removes a row
shows the *stamp* of the row that was on the page; if the row has changed since, Conflict.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, cast

from django.db import models, transaction
from django.shortcuts import get_object_or_404

from nlu_engine.dialog_model import (
    dialog_intents,
    dialog_slots,
    with_renamed_mentions,
    without_intent,
    without_slot,
)
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.history import Part, acting_user, noted, noted_whole
from skillbuilder.authoring.import_export import (
    all_intents,
    export_interaction_model,
    import_interaction_model,
    parts_around,
    parts_with,
    structure_of,
)
from skillbuilder.authoring.models import (
    Annotation,
    AnnotationSet,
    Intent,
    SampleUtterance,
    Skill,
    Slot,
    SlotType,
    SlotValue,
)
from skillbuilder.authoring.renames import Renames, follow, renames_taken_back
from skillbuilder.authoring.sample_lines import Review, Written, review
from skillbuilder.authoring.skills import changed

Row = TypeVar("Row", bound=models.Model)

_EDITABLE: dict[type[models.Model], tuple[str, ...]] = {
    Skill: ("name", "invocation_name", "locale"),
    Intent: ("name",),
    Slot: ("name", "type_name"),
    SampleUtterance: ("text",),
    SlotType: ("name", "extra", "catalog_version", "follows_newest"),
    SlotValue: ("value", "synonyms", "value_id"),
    AnnotationSet: ("name", "threshold", "revision"),
    Annotation: ("utterance", "expected", "reference_timestamp"),
}


class Conflict(Exception):
    """The row was changed or removed after it was shown; ``current`` is what it is now."""

    def __init__(self, current: models.Model | None) -> None:
        self.current = current
        super().__init__(
            "This was changed in another tab or by another program in the meantime."
            if current
            else "This was removed in another tab or by another program in the meantime."
        )


class NameTaken(Exception):
    """Something else in this place has that name already."""


def stamp(row: models.Model) -> str:
    """Return a short digest of all that people can edit in ``row``."""
    values = [getattr(row, field) for field in _EDITABLE[type(row)]]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def locked(skill: Skill) -> Skill:
    """Return ``skill`` as it is now, held until the transaction ends; 404 if it was deleted."""
    return get_object_or_404(Skill.objects.select_for_update(), pk=skill.pk)


@contextmanager
def editing(
    skill: Skill,
    within: models.Model | None = None,
    part: Part | None = None,
    *,
    keeps: bool = False,
) -> Iterator[Skill]:
    """Make the block one edit of ``skill``: whole or not at all, one after the other.

    A 404 if the skill was deleted, or ``within``, the part of it that gets new rows. ``part``
    gives all that the block may change, for the history: without it, it compares everything.
    With ``keeps`` the block may remove an intent or slot type (see ``history.noted``).
    """
    with transaction.atomic():
        fresh = locked(skill)
        if within is not None:
            get_object_or_404(type(within), pk=within.pk)
        with noted(fresh, part=part, keeps=keeps):
            yield fresh
        changed(skill)


def part_of(skill: Skill, row: models.Model) -> Part:
    """Return what gives all that an edit of ``row``, a part of ``skill`` or itself, changes."""
    whole = isinstance(row, Skill | Intent | SlotType)
    return partial(structure_of, skill) if whole else partial(parts_around, row)


def part_with(skill: Skill, row: models.Model) -> Part:
    """Return what gives the part of ``skill`` that is gone when ``row`` is removed."""
    if isinstance(row, SlotType):
        return partial(parts_with, row, SlotValue.objects.all())
    return part_of(skill, row)


def unchanged(row: Row, seen: str) -> Row:
    """Return ``row`` as it is in the database; raises Conflict if that is not what was seen."""
    fresh = type(row)._default_manager.filter(pk=row.pk).first()
    if fresh is None or stamp(fresh) != seen:
        raise Conflict(fresh)
    return fresh


def set_fields(skill: Skill, row: models.Model, seen: str, **values: Any) -> None:
    """Change ``row``, which is ``skill`` or a part of it. Raises Conflict."""
    with editing(skill, part=part_of(skill, row)) as held:
        fresh = unchanged(row, seen)
        if isinstance(fresh, Slot) and "type_name" in values:
            found = dialog_slots(held.extra, fresh.intent.name, fresh.name)
            _rename_in_dialog(held, found, "type", fresh.type_name, values["type_name"])
        for field, value in values.items():
            setattr(fresh, field, value)
        fresh.save(update_fields=list(values))


def remove(skill: Skill, row: models.Model, seen: str) -> None:
    """Remove ``row`` from ``skill``. Raises Conflict."""
    keeps = isinstance(row, Intent | SlotType)
    with editing(skill, part=part_with(skill, row), keeps=keeps) as fresh:
        unchanged(row, seen).delete()
        forget_in_dialog(fresh, row)


def next_position(rows: models.QuerySet[Any]) -> int:
    """Return the position after the last of ``rows``."""
    last = rows.aggregate(last=models.Max("position"))["last"]
    return 0 if last is None else last + 1


def add_named(skill: Skill, siblings: models.Manager[Row], **values: Any) -> Row:
    """Add a row with a name, last of ``siblings`` (skill.intents...). Raises NameTaken."""
    part = partial(structure_of, skill)
    with editing(skill, within=cast(Any, siblings).instance, part=part):
        return add_last(siblings, **values)


def add_last(siblings: models.Manager[Row], **values: Any) -> Row:
    """Add a row with a name, last of ``siblings``, within an edit. Raises NameTaken."""
    refuse_taken(siblings.all(), values["name"])
    return siblings.create(**values, position=next_position(siblings.all()))


def refuse_taken(rows: models.QuerySet[Any], name: str, other_than: models.Model | None = None):
    """Raise NameTaken if one of ``rows`` (but ``other_than``) has that name, in any case."""
    others = rows.exclude(pk=other_than.pk) if other_than else rows
    for other in others.values_list("name", flat=True):
        if other.casefold() == name.casefold():
            raise NameTaken(f"There is {other} already. Choose another name.")


# --- Samples ------------------------------------------------------------------------------


def set_sample(intent: Intent, pk: int, text: str, stamp: str) -> None:
    """Write another text into the sample ``pk`` of ``intent``. Raises Conflict."""
    sample = intent.samples.filter(pk=pk).first()
    if sample is None:
        raise Conflict(None)
    set_fields(intent.skill, sample, stamp, text=text)


class LinesRefused(Exception):
    """Some of the lines are wrong, so nothing was added; ``review`` tells which and why."""

    def __init__(self, review: Review) -> None:
        super().__init__(review.errors[0].error)
        self.review = review


def reviewed(
    skill: Skill, rows: list[Written], intent: Intent | None = None, *, makes: bool = False
) -> Review:
    """Return what ``rows`` would add to ``intent``, or without one to those that they name.

    With ``makes`` they may name intents that ``skill`` does not have yet.
    """
    intents = [intent] if intent else list(skill.intents.prefetch_related("samples"))
    present = {one.name: [sample.text for sample in one.samples.all()] for one in intents}
    only = intent.name if intent else ""
    return review(rows, present, locale=skill.locale, only=only, makes=makes)


def import_samples(
    skill: Skill, rows: list[Written], intent: Intent | None = None, *, makes: bool = False
) -> Review:
    """Add what ``reviewed`` says, all or nothing. Raises LinesRefused if a line is wrong."""
    part = partial(parts_around, intent) if intent else partial(all_intents, skill)
    with editing(skill, within=intent, part=part) as fresh:
        found = reviewed(fresh, rows, intent, makes=makes)
        if found.errors:
            raise LinesRefused(found)
        for name in found.new_intents:
            target = intent or fresh.intents.filter(name=name).first()
            append_samples(target or add_last(fresh.intents, name=name), found.samples(name))
    return found


def append_samples(intent: Intent, texts: list[str]) -> None:
    """Add ``texts``, which are clean, to the samples of ``intent``, within an edit."""
    first = next_position(intent.samples.all())
    intent.samples.bulk_create(
        (
            SampleUtterance(intent=intent, text=text, position=first + number)
            for number, text in enumerate(texts)
        ),
        batch_size=500,
    )


def add_samples(intent: Intent, lines: Iterable[str]) -> Review:
    """Add each line to the samples of ``intent`` but those that it has. Raises LinesRefused."""
    rows = [Written(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    return import_samples(intent.skill, rows, intent)


# --- Names that other rows, and the dialog, refer to --------------------------------------


def _rename_in_dialog(
    skill: Skill, objects: list[dict[str, Any]], key: str, old: str, new: str
) -> None:
    for found in objects:
        if found.get(key) == old:
            found[key] = new
    Skill.objects.filter(pk=skill.pk).update(extra=skill.extra)


def forget_in_dialog(skill: Skill, row: models.Model) -> None:
    """Remove what the dialog says of ``row``, an intent or slot that is removed, within an edit."""
    extra = skill.extra
    if isinstance(row, Intent):
        extra = without_intent(extra, row.name)
    elif isinstance(row, Slot):
        extra = without_slot(extra, row.intent.name, row.name)
    if extra is not skill.extra:
        skill.extra = extra
        skill.save(update_fields=["extra"])


def add_slot(intent: Intent, name: str, type_name: str) -> None:
    """Add a slot to ``intent``; a ``type_name`` "+Color" makes the slot type Color first.

    Raises NameTaken.
    """
    part = partial(structure_of, intent.skill)
    with editing(intent.skill, within=intent, part=part) as skill:
        if type_name.startswith("+"):
            type_name = type_name[1:]
            add_last(skill.slot_types, name=type_name)
        add_last(intent.slots, name=name, type_name=type_name)


def rename_slot(slot: Slot, seen: str, name: str) -> int:
    """Rename ``slot`` and its {mentions} in the intent's samples; return how many changed.

    Raises Conflict, NameTaken.
    """
    intent = slot.intent
    with editing(intent.skill, part=partial(parts_around, intent)) as skill:
        fresh = unchanged(slot, seen)
        refuse_taken(intent.slots.all(), name, other_than=slot)
        mention = re.compile(r"(\{(?:[^{}|]*\|)?\s*)" + re.escape(fresh.name) + r"(\s*\})")
        rows = [row for row in intent.samples.all() if mention.search(row.text)]
        for row in rows:
            row.text = mention.sub(lambda found: found[1] + name + found[2], row.text)
        SampleUtterance.objects.bulk_update(rows, ["text"], batch_size=500)
        fresh.samples = [
            mention.sub(lambda found: found[1] + name + found[2], text) for text in fresh.samples
        ]
        skill.extra = with_renamed_mentions(skill.extra, intent.name, fresh.name, name)
        _rename_in_dialog(skill, dialog_slots(skill.extra, intent.name), "name", fresh.name, name)
        fresh.name = name
        fresh.save(update_fields=["name", "samples"])
    return len(rows)


def rename_slot_type(slot_type: SlotType, seen: str, name: str) -> int:
    """Rename ``slot_type`` and the type of the slots that have it; return how many had it.

    Raises Conflict, NameTaken.
    """
    # With a value of it, which tells the history that this is the same slot type.
    known = SlotValue.objects.filter(pk__in=slot_type.values.values_list("pk", flat=True)[:1])
    part = partial(structure_of, slot_type.skill, known)
    with editing(slot_type.skill, part=part) as skill:
        fresh = unchanged(slot_type, seen)
        refuse_taken(skill.slot_types.all(), name, other_than=slot_type)
        slots = Slot.objects.filter(intent__skill=skill, type_name=fresh.name)
        count = slots.update(type_name=name)
        _rename_in_dialog(skill, dialog_slots(skill.extra), "type", fresh.name, name)
        fresh.name = name
        fresh.save(update_fields=["name"])
    return count


def rename_intent(intent: Intent, seen: str, name: str) -> None:
    """Rename ``intent``. Raises Conflict, NameTaken."""
    with editing(intent.skill, part=partial(structure_of, intent.skill)) as skill:
        fresh = unchanged(intent, seen)
        refuse_taken(skill.intents.all(), name, other_than=intent)
        _rename_in_dialog(skill, dialog_intents(skill.extra), "name", fresh.name, name)
        fresh.name = name
        fresh.save(update_fields=["name"])


# --- The whole document -------------------------------------------------------------------


def replace_document(
    skill: Skill, model: InteractionModel, seen_digest: str, since: datetime | None = None
) -> None:
    """Replace all of ``skill`` by ``model``. Raises Conflict if it is not what was seen.

    If ``model`` is what the skill was at the moment ``since``, what was renamed from then on gets
    its old name in annotations too.
    """
    with transaction.atomic():
        fresh = locked(skill)
        if export_interaction_model(fresh).digest() != seen_digest:
            raise Conflict(skill)
        renames = Renames()
        if since is not None:
            later = fresh.changes.filter(created_at__gte=since).only("undo")
            renames = renames_taken_back(fresh, later, model)
        with noted_whole(fresh) as more:
            import_interaction_model(skill, model, acting_user())
            more += follow(fresh, renames)
