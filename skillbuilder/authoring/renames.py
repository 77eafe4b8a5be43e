"""What annotations expect follows intents and slots that get other names."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from nlu_engine.differences import Difference
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.models import Annotation, AnnotationSet, Change, Intent, Skill, Slot
from skillbuilder.authoring.rows import Rows

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Renames:
    """The old names and the new ones: of intents, and of slots by the old name of their intent."""

    intents: dict[str, str] = field(default_factory=dict)
    slots: dict[tuple[str, str], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.intents or self.slots)

    def applied(self, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the answers of an annotation with the new names in them."""
        answers = deepcopy(answers)
        for answer in answers:
            for slot in answer["slots"]:
                slot["name"] = self.slots.get((answer["intent"], slot["name"]), slot["name"])
            answer["intent"] = self.intents.get(answer["intent"], answer["intent"])
        return answers


def renames_between(before: Rows, after: Rows) -> Renames:
    """Return what is called otherwise in ``after``."""
    found = Renames()
    for key in before.values:
        if key[0] not in ("intent", "slot") or key not in after.values:
            continue
        old, new = before.fields(key), after.fields(key)
        if old["name"] == new["name"]:
            continue
        if key[0] == "intent":
            found.intents[old["name"]] = new["name"]
        else:
            intent = before.fields(("intent", old["intent_id"]))["name"]
            found.slots[intent, old["name"]] = new["name"]
    return found


def renames_taken_back(
    skill: Skill, since: Iterable[Change], restored: InteractionModel
) -> Renames:
    """Return what is called as before again when ``restored`` takes the place of the skill.

    ``since`` are the changes that were made after it, newest first. What the skill has under a
    name of its own in either document is no rename.
    """
    old: dict[tuple[str, int], str] = {}
    for change in since:
        for label, pk, fields, _ in (change.undo or {}).get("changed", []):
            if label in ("intent", "slot") and "name" in fields:
                old[label, pk] = fields["name"]
    back = {one.name: {slot.name for slot in one.slots} for one in restored.intents}
    found = Renames()
    was: dict[int, str] = {}
    for pk, name in Intent.objects.filter(skill=skill).values_list("pk", "name"):
        was[pk] = old.get(("intent", pk), name)
        if was[pk] != name and was[pk] in back and name not in back:
            found.intents[name] = was[pk]
    slots = Slot.objects.filter(intent__skill=skill)
    for pk, name, intent_pk, intent in slots.values_list("pk", "name", "intent_id", "intent__name"):
        before, there = old.get(("slot", pk), name), back.get(was[intent_pk], set())
        if before != name and before in there and name not in there:
            found.slots[intent, name] = before
    return found


def follow(skill: Skill, renames: Renames) -> list[Difference]:
    """Write the new names into the annotations of ``skill``, within an edit; return what changed.

    Sets that were deleted follow too, for they may come back.
    """
    if not renames:
        return []
    found = []
    for annotation_set in AnnotationSet.with_deleted.filter(skill=skill):
        changed = list(_changed(annotation_set, renames))
        if not changed:
            continue
        Annotation.objects.bulk_update(changed, ["expected", "intent"], batch_size=_ROWS_AT_ONCE)
        same = AnnotationSet.with_deleted.filter(pk=annotation_set.pk)
        same.update(revision=F("revision") + 1)
        if annotation_set.deleted_at is None:
            found.append(_difference(annotation_set, len(changed)))
    return found


def _changed(annotation_set: AnnotationSet, renames: Renames) -> Iterable[Annotation]:
    rows = annotation_set.annotations.only("pk", "expected", "intent")
    for row in rows.iterator(chunk_size=1_000):
        expected = renames.applied(row.expected)
        if expected != row.expected:
            row.expected, row.intent = expected, expected[0]["intent"]
            yield row


def _difference(annotation_set: AnnotationSet, count: int) -> Difference:
    follows = f"{count:,} annotation{'s'[: count != 1]} {'follows' if count == 1 else 'follow'}"
    return Difference(
        "changed", "annotation set", "", annotation_set.name, "", f"{follows} the new name"
    )


def followed(change: Change | None) -> str:
    """Return in words that annotations follow what ``change`` renamed, "" if none do."""
    found = change.differences if change else []
    told = [one for one in found if one["what"] == "annotation set" and "follow" in one["after"]]
    return " ".join(f"In {one['name']} {one['after']}." for one in told)


def expecting(skill: Skill, intent: str, slot: str = "") -> int:
    """Return how many annotations of ``skill`` expect an intent, or a slot of it."""
    rows = Annotation.objects.filter(
        annotation_set__skill=skill, annotation_set__deleted_at=None
    ).values_list("expected", flat=True)
    return sum(
        any(
            answer["intent"] == intent
            and (not slot or any(one["name"] == slot for one in answer["slots"]))
            for answer in expected
        )
        for expected in rows.iterator(chunk_size=1_000)
    )
