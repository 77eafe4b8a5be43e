"""Samples from one intent to another, and intents from one skill to another."""

from __future__ import annotations

from dataclasses import dataclass

from nlu_engine.utterances import normalize
from skillbuilder.authoring.editing import (
    Conflict,
    NameTaken,
    add_last,
    append_samples,
    editing,
    next_position,
    stamp,
)
from skillbuilder.authoring.models import Intent, SampleUtterance, Slot
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
    with editing(intent.skill, within=intent):
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
    with editing(intent.skill, within=target):
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
