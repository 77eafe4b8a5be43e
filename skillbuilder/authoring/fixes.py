"""The one-click fixes of checks, each one edit of the skill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from django.db import transaction

from nlu_engine.checks import Fix
from nlu_engine.utterances import normalize
from skillbuilder.authoring.checking import checked
from skillbuilder.authoring.editing import (
    Conflict,
    NameTaken,
    add_last,
    editing,
    forget_in_dialog,
    locked,
    next_position,
)
from skillbuilder.authoring.import_export import structure_of
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill, SlotType, SlotValue

Row = TypeVar("Row")


def apply_fix(skill: Skill, check_key: str, fix_key: str) -> Fix:
    """Do what the fix of a check says, if the check still holds; return the fix.

    Looks for both in the skill as it is now, so that what was changed since a page showed them
    is never overwritten. Raises Conflict if they are gone.
    """
    with transaction.atomic():
        fix = _find(locked(skill), check_key, fix_key)
        part = None if fix.do in _OF_VALUES else partial(structure_of, skill)
        with editing(skill, part=part) as fresh:
            _DO[fix.do](fresh, fix)
    return fix


def _find(skill: Skill, check_key: str, fix_key: str) -> Fix:
    found = checked(skill)
    for check in (*found.shown, *found.dismissed):
        if check.key == check_key:
            for fix in check.fixes:
                if fix.key == fix_key:
                    return fix
    raise Conflict(None)


def _at(rows: Sequence[Row], fix: Fix, text: Callable[[Row], str]) -> Row:
    """Return the row that ``fix`` means; raises Conflict if another text stands there."""
    if fix.number >= len(rows) or text(rows[fix.number]) != fix.text:
        raise Conflict(None)
    return rows[fix.number]


def _intent(skill: Skill, name: str) -> Intent:
    intent = skill.intents.filter(name=name).first()
    if intent is None:
        raise Conflict(None)
    return intent


def _slot_type(skill: Skill, name: str) -> SlotType:
    slot_type = skill.slot_types.filter(name=name).first()
    if slot_type is None:
        raise Conflict(None)
    return slot_type


def _sample(skill: Skill, fix: Fix) -> SampleUtterance:
    rows = list(_intent(skill, fix.within).samples.all())
    return _at(rows, fix, lambda row: row.text)


def _value(skill: Skill, fix: Fix) -> SlotValue:
    rows = list(_slot_type(skill, fix.within).values.all())
    return _at(rows, fix, lambda row: row.value)


def _set_invocation_name(skill: Skill, fix: Fix) -> None:
    skill.invocation_name = fix.to
    skill.save(update_fields=["invocation_name"])


def _remove_sample(skill: Skill, fix: Fix) -> None:
    _sample(skill, fix).delete()


def _move_sample(skill: Skill, fix: Fix) -> None:
    sample, target = _sample(skill, fix), _intent(skill, fix.to)
    sample.position = next_position(target.samples.all())
    sample.intent = target
    sample.save(update_fields=["intent", "position"])


def _replace_sample(skill: Skill, fix: Fix) -> None:
    sample = _sample(skill, fix)
    sample.text = fix.to
    sample.save(update_fields=["text"])


def _add_slot(skill: Skill, fix: Fix) -> None:
    """Declare a slot that samples name, with a new slot type where there is none for it."""
    intent = _intent(skill, fix.within)
    # Names of Alexa's are taken as they are, also those that we do not know.
    is_there = fix.to.startswith("AMAZON.") or skill.slot_types.filter(name=fix.to).exists()
    try:
        if not is_there:
            add_last(skill.slot_types, name=fix.to)
        add_last(intent.slots, name=fix.text, type_name=fix.to)
    except NameTaken:
        raise Conflict(None) from None


def _remove_slot(skill: Skill, fix: Fix) -> None:
    slot = _at(list(_intent(skill, fix.within).slots.all()), fix, lambda row: row.name)
    forget_in_dialog(skill, slot)
    slot.delete()


def _remove_slot_type(skill: Skill, fix: Fix) -> None:
    _slot_type(skill, fix.within).delete()


def _remove_synonym(skill: Skill, fix: Fix) -> None:
    value = _value(skill, fix)
    places = [number for number, synonym in enumerate(value.synonyms) if synonym == fix.to]
    if not places:
        raise Conflict(None)
    value.synonyms = [s for number, s in enumerate(value.synonyms) if number != places[-1]]
    value.save(update_fields=["synonyms"])


def _merge_value(skill: Skill, fix: Fix) -> None:
    """Give the first value of that name what this one knows, and remove this one."""
    value = _value(skill, fix)
    rows = value.slot_type.values.all()
    first = next(row for row in rows if normalize(row.value) == normalize(value.value))
    known = {normalize(text) for text in (first.value, *first.synonyms)}
    first.synonyms = first.synonyms + [s for s in value.synonyms if normalize(s) not in known]
    first.value_id = first.value_id or value.value_id
    first.save(update_fields=["synonyms", "value_id"])
    value.delete()


_OF_VALUES = {"remove-slot-type", "remove-synonym", "merge-value"}
_DO: dict[str, Callable[[Skill, Fix], Any]] = {
    "set-invocation-name": _set_invocation_name,
    "remove-sample": _remove_sample,
    "move-sample": _move_sample,
    "replace-sample": _replace_sample,
    "add-slot": _add_slot,
    "remove-slot": _remove_slot,
    "remove-slot-type": _remove_slot_type,
    "remove-synonym": _remove_synonym,
    "merge-value": _merge_value,
}
