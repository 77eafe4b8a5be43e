"""Edits of the dialog: what is asked for and confirmed, slot by slot, and by the intent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nlu_engine.dialog_model import (
    VALIDATIONS,
    IntentDialog,
    SlotDialog,
    intent_dialog,
    slot_dialog,
    with_intent_dialog,
    with_slot_dialog,
)
from nlu_engine.interaction_model import Slot as DocumentSlot
from skillbuilder.authoring.editing import Conflict, editing
from skillbuilder.authoring.import_export import parts_around
from skillbuilder.authoring.models import Intent, Skill, Slot


@dataclass(frozen=True)
class SlotSettings:
    """All that people set of a slot beside its name and type."""

    dialog: SlotDialog
    takes_several: bool = False
    answers: tuple[str, ...] = ()


def settings_of(skill: Skill, slot: Slot) -> SlotSettings:
    """Return the settings of ``slot``."""
    return SlotSettings(
        slot_dialog(skill.extra, slot.intent.name, slot.name),
        DocumentSlot(slot.name, slot.type_name, extra=slot.extra).takes_several,
        tuple(slot.samples),
    )


def dialog_stamp(shown: SlotSettings | IntentDialog) -> str:
    """Return a short digest of what was shown."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def store_slot(slot: Slot, seen: str, new: SlotSettings) -> None:
    """Give ``slot`` the settings ``new``. Raises Conflict if they are not what was seen."""
    with editing(slot.intent.skill, part=partial(parts_around, slot.intent)) as skill:
        fresh = Slot.objects.filter(pk=slot.pk).select_related("intent").first()
        if fresh is None or dialog_stamp(old := settings_of(skill, fresh)) != seen:
            raise Conflict(fresh)
        intent = fresh.intent
        # No form shows a validation that Alexa does not have, so none removes it.
        unknown = tuple(v for v in old.dialog.validations if v.type not in VALIDATIONS)
        dialog = replace(new.dialog, validations=new.dialog.validations + unknown)
        write = partial(with_slot_dialog, slot=fresh.name, new=dialog)
        _write(skill, intent, write)
        if new.takes_several != old.takes_several:
            others = fresh.extra.setdefault("unknown", {})
            had = others.get("multipleValues")
            kept = had if isinstance(had, dict) else {}
            others["multipleValues"] = {**kept, "enabled": new.takes_several}
        fresh.samples = list(new.answers)
        fresh.save(update_fields=["extra", "samples"])


def store_intent(intent: Intent, seen: str, new: IntentDialog) -> None:
    """Give ``intent`` the dialog ``new``. Raises Conflict if it is not what was seen."""
    with editing(intent.skill, part=partial(parts_around, intent)) as skill:
        fresh = Intent.objects.filter(pk=intent.pk).first()
        if fresh is None or dialog_stamp(intent_dialog(skill.extra, fresh.name)) != seen:
            raise Conflict(fresh)
        _write(skill, fresh, partial(with_intent_dialog, new=new))


def _write(skill: Skill, intent: Intent, write: Callable[..., dict[str, Any]]) -> None:
    slots = list(intent.slots.values_list("name", "type_name"))
    skill.extra = write(skill.extra, skill.layout, intent.name, slots)
    skill.save(update_fields=["extra"])
