"""All rows of a skill at one moment, and the steps that lead back from a later one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db import models

from skillbuilder.authoring.models import (
    Intent,
    SampleUtterance,
    Skill,
    Slot,
    SlotType,
    SlotValue,
)

Key = tuple[str, int]

# A part comes after what it is part of.
TABLES: dict[str, type[models.Model]] = {
    "skill": Skill,
    "intent": Intent,
    "slot": Slot,
    "sample": SampleUtterance,
    "slot type": SlotType,
    "value": SlotValue,
}
PARENTS = {
    "intent": ("skill", "skill_id"),
    "slot": ("intent", "intent_id"),
    "sample": ("intent", "intent_id"),
    "slot type": ("skill", "skill_id"),
    "value": ("slot type", "slot_type_id"),
}
# What no edit of a skill's content changes, or what follows from the rest.
_NOT_EDITED = {
    "id",
    "owner_id",
    "binned_at",
    "status",
    "slug",
    "revision",
    "created_at",
    "updated_at",
    "search_text",
}
_FIELDS = {
    label: [
        field.attname
        for field in table._meta.concrete_fields
        if label != "skill" or field.attname not in _NOT_EDITED
    ]
    for label, table in TABLES.items()
}


@dataclass(frozen=True)
class Rows:
    """The rows of a skill by table and key, each with the values of its fields."""

    values: dict[Key, tuple[Any, ...]]

    def fields(self, key: Key) -> dict[str, Any]:
        """Return the fields of one row; KeyError where there is none."""
        return dict(zip(_FIELDS[key[0]], self.values[key], strict=True))

    def parent(self, key: Key) -> Key | None:
        """Return what the row is part of, None of the skill itself."""
        if key[0] == "skill":
            return None
        label, field = PARENTS[key[0]]
        return label, self.fields(key)[field]

    def parts(self, label: str, of: Key) -> dict[Key, tuple[Any, ...]]:
        """Return the rows of the table ``label`` that are part of ``of``."""
        place = _FIELDS[label].index(PARENTS[label][1])
        return {
            key: row for key, row in self.values.items() if key[0] == label and row[place] == of[1]
        }

    def mark(self, key: Key) -> str:
        """Return a short digest of the row, "" where there is none."""
        if key not in self.values:
            return ""
        text = json.dumps(self.values[key], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def rows_of(skill: Skill, intents: Iterable[Intent], slot_types: Iterable[SlotType]) -> Rows:
    """Return the rows of ``skill``, whose parts were read with all that is in them."""
    values: dict[Key, tuple[Any, ...]] = {}
    for label, found in _by_table(skill, list(intents), list(slot_types)):
        read = attrgetter(*_FIELDS[label])
        values |= {(label, row.pk): read(row) for row in found}
    # Renaming writes into the dialog, which is in the skill's own row, in place.
    values["skill", skill.pk] = deepcopy(values["skill", skill.pk])
    return Rows(values)


def _by_table(
    skill: Skill, intents: list[Intent], slot_types: list[SlotType]
) -> Iterator[tuple[str, list[Any]]]:
    yield "skill", [skill]
    yield "intent", intents
    yield "slot", [row for intent in intents for row in intent.slots.all()]
    yield "sample", [row for intent in intents for row in intent.samples.all()]
    yield "slot type", slot_types
    yield "value", [row for slot_type in slot_types for row in slot_type.values.all()]


def steps_back(before: Rows, after: Rows) -> dict[str, list[Any]]:
    """Return, as JSON, what leads from ``after`` back to ``before``.

    ``made`` and ``changed`` rows carry the mark of what they became, so that nobody takes back
    what was edited since.
    """
    old, new = before.values, after.values
    return {
        "made": [[*key, after.mark(key)] for key in new if key not in old],
        "changed": [
            [*key, _changed(before.fields(key), after.fields(key)), after.mark(key)]
            for key in new
            if key in old and old[key] != new[key]
        ],
        "removed": [[*key, before.fields(key)] for key in old if key not in new],
    }


def _changed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in old.items() if new[field] != value}
