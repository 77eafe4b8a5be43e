"""Samples from one intent to another, and intents, with their dialog, from a skill to another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain, count

from django.db import models, transaction

from nlu_engine.dialog_copies import with_dialog_copied
from nlu_engine.dialog_model import dialog_intents
from nlu_engine.utterances import normalize
from skillbuilder.authoring.editing import (
    Conflict,
    NameTaken,
    add_last,
    append_samples,
    editing,
    forget_in_dialog,
    locked,
    next_position,
    stamp,
)
from skillbuilder.authoring.import_export import (
    all_intents,
    export_interaction_model,
    parts_around,
    structure_of,
)
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, Slot
from skillbuilder.authoring.sample_lines import mentioned

_BATCH = 500

# --- Samples ------------------------------------------------------------------------------


class SlotsDiffer(Exception):
    """Slots of that name are of another slot type in the intent that gets the samples."""

    def __init__(self, pairs: list[tuple[Slot, Slot]], target: Intent) -> None:
        told = [
            f"{{{own.name}}} is {other.type_name} there, not {own.type_name}"
            for own, other in pairs
        ]
        super().__init__(f"In {target.name} a slot has another slot type: {', '.join(told)}.")


@dataclass(frozen=True)
class Transferred:
    """What came of moving or copying: new in the target, there already, slots that it got."""

    new: int
    known: int
    slots: list[str]


def remove_samples(intent: Intent, seen: dict[int, str]) -> int:
    """Remove samples by key and stamp; return how many. Raises Conflict if one was changed."""
    with editing(intent.skill, within=intent, part=partial(parts_around, intent)):
        rows = _unchanged_samples(intent, seen)
        _delete_samples(rows)
    return len(rows)


def transfer_samples(
    intent: Intent, seen: dict[int, str], target: Intent, *, moves: bool, anyway: bool = False
) -> Transferred:
    """Copy samples to ``target``, with the slots that it lacks; or move them, for ``moves``.

    Raises Conflict if a sample was changed; SlotsDiffer, unless ``anyway``, where a slot of
    the target has another type; NameTaken where a built-in intent would get slots.
    """
    with editing(intent.skill, within=target, part=partial(all_intents, intent.skill)):
        rows = _unchanged_samples(intent, seen)
        slots = _give_slots(intent, target, mentioned(row.text for row in rows), anyway)
        known = {normalize(text) for text in target.samples.values_list("text", flat=True)}
        new = [row for row in rows if normalize(row.text) not in known]
        if moves:
            first = next_position(target.samples.all())
            for number, row in enumerate(new):
                row.intent, row.position = target, first + number
            SampleUtterance.objects.bulk_update(new, ["intent", "position"], batch_size=300)
            _delete_samples([row for row in rows if row not in new])
        else:
            append_samples(target, [row.text for row in new])
    return Transferred(len(new), len(rows) - len(new), slots)


def _unchanged_samples(intent: Intent, seen: dict[int, str]) -> list[SampleUtterance]:
    rows = [row for row in intent.samples.all() if row.pk in seen]
    if len(rows) < len(seen) or any(stamp(row) != seen[row.pk] for row in rows):
        raise Conflict(intent)
    return rows


def _delete_samples(rows: list[SampleUtterance]) -> None:
    keys = [row.pk for row in rows]
    for start in range(0, len(keys), _BATCH):
        SampleUtterance.objects.filter(pk__in=keys[start : start + _BATCH]).delete()


def _give_slots(intent: Intent, target: Intent, names: list[str], anyway: bool) -> list[str]:
    """Make the slots ``names`` of ``intent`` in ``target`` where it lacks them."""
    there = {slot.name: slot for slot in target.slots.all()}
    needed = list(intent.slots.filter(name__in=names))
    if names and target.is_builtin:
        raise NameTaken(f"{target.name} is built in and has no slots. Choose samples without.")
    other = [(slot, there[slot.name]) for slot in needed if slot.name in there]
    differ = [pair for pair in other if pair[0].type_name != pair[1].type_name]
    if differ and not anyway:
        raise SlotsDiffer(differ, target)
    new = [slot for slot in needed if slot.name not in there]
    for slot in new:
        add_last(target.slots, name=slot.name, type_name=slot.type_name)
    return [slot.name for slot in new]


# --- Intents ------------------------------------------------------------------------------


@dataclass(frozen=True)
class TypeToBring:
    """A slot type that an intent needs in another skill, and whether that has one of its name.

    ``there`` is "new", "same" or "differs"; ``free_name`` is one that the other skill has not.
    """

    name: str
    there: str
    free_name: str


def types_to_bring(intent: Intent, target: Skill) -> list[TypeToBring]:
    """Return the skill's own slot types that the slots of ``intent`` have."""
    own = {one.name: one for one in export_interaction_model(intent.skill).slot_types}
    there = {one.name: one for one in export_interaction_model(target).slot_types}
    used = dict.fromkeys(slot.type_name for slot in intent.slots.all())
    return [
        TypeToBring(
            name,
            "new" if name not in there else "same" if there[name] == own[name] else "differs",
            free_name(name, there),
        )
        for name in used
        if name in own
    ]


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return ``name``, or with the first number after it that makes it another than ``taken``."""
    known = {other.casefold() for other in taken}
    numbered = (f"{name}{number}" for number in count(2))
    return next(one for one in chain([name], numbered) if one.casefold() not in known)


def content_digest(intent: Intent) -> str:
    """Return a short digest of all that is in ``intent``, and of its dialog."""
    slots = list(intent.slots.values_list("name", "type_name", "samples", "extra"))
    samples = list(intent.samples.values_list("text", flat=True))
    dialog = dialog_intents(intent.skill.extra, intent.name)
    text = json.dumps([intent.name, slots, samples, intent.extra, dialog], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def transfer_intent(
    intent: Intent,
    target: Skill,
    name: str,
    seen: str,
    *,
    copied_types: Iterable[str] = (),
    moves: bool = False,
) -> Intent:
    """Copy ``intent`` with slots, dialog and slot types to ``target``; or move it, for ``moves``.

    A slot type that ``target`` has by that name is used as it is there, but of those in
    ``copied_types`` a copy is made under a free name. Raises Conflict if ``intent`` is not
    what was ``seen``, NameTaken.
    """
    with transaction.atomic():
        for pk in sorted({intent.skill.pk, target.pk}):  # always in one order: no deadlock
            locked(Skill(pk=pk))
        fresh = Intent.objects.filter(pk=intent.pk).select_related("skill").first()
        if fresh is None or content_digest(fresh) != seen:
            raise Conflict(fresh)
        with editing(target) as skill:
            renamed = _bring_types(fresh, skill, set(copied_types))
            new = add_last(skill.intents, name=name, extra=fresh.extra)
            _copy_parts(fresh, new, renamed)
            _copy_dialog(fresh, new, skill, renamed)
        if moves:
            part = partial(structure_of, fresh.skill)
            with editing(fresh.skill, part=part, keeps=True) as source:
                forget_in_dialog(source, fresh)
                Intent.objects.filter(pk=fresh.pk).delete()
    return new


def _bring_types(intent: Intent, target: Skill, copied: set[str]) -> dict[str, str]:
    """Copy the slot types that ``target`` needs; return old name -> new name."""
    names: dict[str, str] = {}
    for one in types_to_bring(intent, target):
        if one.there == "new" or (one.there == "differs" and one.name in copied):
            names[one.name] = one.free_name
            source = intent.skill.slot_types.get(name=one.name)
            kept = ("extra", "catalog_id", "catalog_version", "follows_newest")
            same = {field: getattr(source, field) for field in kept}
            new = add_last(target.slot_types, name=one.free_name, **same)
            _copy_rows(source.values.all(), slot_type=new)
    return names


def _copy_parts(intent: Intent, new: Intent, renamed: dict[str, str]) -> None:
    slots = list(intent.slots.all())
    for slot in slots:
        slot.type_name = renamed.get(slot.type_name, slot.type_name)
    _copy_rows(slots, intent=new)
    _copy_rows(intent.samples.all(), intent=new)


def _copy_dialog(intent: Intent, new: Intent, target: Skill, renamed: dict[str, str]) -> None:
    source = intent.skill.extra
    extra = with_dialog_copied(target.extra, target.layout, new.name, source, intent.name, renamed)
    if extra is not target.extra:
        target.extra = extra
        target.save(update_fields=["extra"])


def _copy_rows(rows: Iterable[models.Model], **parent: models.Model) -> None:
    copies = list(rows)
    for row in copies:
        row.pk = None
        row._state.adding = True
        for field, value in parent.items():
            setattr(row, field, value)
    if copies:
        type(copies[0])._default_manager.bulk_create(copies, batch_size=_BATCH)
