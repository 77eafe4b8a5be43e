"""Taking one edit back, whatever came after it elsewhere in the skill."""

from __future__ import annotations

from functools import partial
from typing import Any

from skillbuilder.authoring import annotation_sets
from skillbuilder.authoring.editing import Conflict, NameTaken, editing
from skillbuilder.authoring.import_export import parts_of, structure_of
from skillbuilder.authoring.models import Catalog, Change, Skill
from skillbuilder.authoring.rows import PARENTS, TABLES, Key, Rows, rows_of

_BATCH = 1_000
_NAMED = ("intent", "slot", "slot type")


class CannotUndo(Conflict):
    """What the edit made or changed was changed again, or its place is taken."""

    def __init__(self, why: str = "This was changed again since") -> None:
        super().__init__(None)
        self.args = (f"{why}, so it was not taken back. See the history.",)


def take_back(change: Change) -> None:
    """Undo ``change``, whole or not at all; this is an edit too. Raises CannotUndo."""
    steps = change.undo
    if not steps:
        raise CannotUndo
    if "annotation set" in steps:
        return _take_back_of_set(change.skill, **steps["annotation set"])
    read = partial(parts_of if _meets_values(steps) else structure_of, change.skill)
    with editing(change.skill, part=read, keeps=removes_page(change)) as skill:
        _refuse_edited(rows_of(skill, *read()), steps)
        _delete(steps["made"])
        for label, pk, fields, _ in steps["changed"]:
            TABLES[label]._default_manager.filter(pk=pk).update(**fields)
        _insert(skill, steps["removed"])


def _meets_values(steps: dict[str, list[Any]]) -> bool:
    """Return whether slot values, or slot types with theirs, come, go or change by ``steps``."""
    return any(one[0] in ("slot type", "value") for kind in steps.values() for one in kind)


def _take_back_of_set(skill: Skill, pk: int, **step: Any) -> None:
    try:
        if "other" in step:
            annotation_sets.swap(skill, pk, step["other"])
        elif "row" in step:
            annotation_sets.put_back_annotation(skill, pk, step["row"])
        else:
            annotation_sets.put_back(skill, pk, deleted=step["deleted"])
    except Conflict as error:
        raise CannotUndo from error
    except (NameTaken, annotation_sets.SetFull) as error:
        raise CannotUndo(str(error).rstrip(".")) from error


def removes_page(change: Change) -> bool:
    """Return whether taking ``change`` back removes an intent or slot type, so its page too."""
    made = (change.undo or {}).get("made", [])
    return any(label in ("intent", "slot type") for label, *_ in made)


def _refuse_edited(now: Rows, steps: dict[str, list[Any]]) -> None:
    """Raise CannotUndo unless all is there as the edit left it, and what it removed has room."""
    made: set[Key] = {(label, pk) for label, pk, _ in steps["made"]}
    left = [(label, pk, mark) for label, pk, *_, mark in steps["made"] + steps["changed"]]
    if any(now.mark((label, pk)) != mark for label, pk, mark in left):
        raise CannotUndo
    wholes = {key for key in made if key[0] in ("intent", "slot type")}
    if wholes and any(key not in made and now.parent(key) in wholes for key in now.values):
        raise CannotUndo  # Something was put into what would go.
    back: set[Key] = {(label, pk) for label, pk, _ in steps["removed"]}
    for label, pk, fields in steps["removed"]:
        parent, field = PARENTS[label]
        parent_key = (parent, fields[field])
        if (label, pk) in now.values or not (parent_key in now.values or parent_key in back):
            raise CannotUndo
    _refuse_taken_names(now, steps, made)
    _refuse_lost_catalogs(steps)


def _refuse_lost_catalogs(steps: dict[str, list[Any]]) -> None:
    """Raise CannotUndo if a slot type would come back to a catalog that is deleted."""
    rows = [fields for _, _, fields, *_ in steps["removed"] + steps["changed"]]
    wanted = {fields["catalog_id"] for fields in rows if fields.get("catalog_id")}
    if Catalog.objects.filter(pk__in=wanted).count() < len(wanted):
        raise CannotUndo


def _refuse_taken_names(now: Rows, steps: dict[str, list[Any]], made: set[Key]) -> None:
    stays = {key: now.fields(key) for key in now.values if key not in made and key[0] in _NAMED}
    back = {(label, pk): fields for label, pk, fields in steps["removed"]}
    for label, pk, fields, _ in steps["changed"]:
        if "name" in fields:
            back[label, pk] = stays.pop((label, pk), {}) | fields
    taken = {_name_of(key, fields) for key, fields in stays.items()}
    if any(_name_of(key, fields) in taken for key, fields in back.items() if key[0] in _NAMED):
        raise CannotUndo


def _name_of(key: Key, fields: dict[str, Any]) -> tuple[str, int, str]:
    label = key[0]
    return label, fields[PARENTS[label][1]], fields["name"].casefold()


def _delete(made: list[Any]) -> None:
    for label, table in TABLES.items():
        keys = [pk for other, pk, _ in made if other == label]
        for start in range(0, len(keys), _BATCH):
            table._default_manager.filter(pk__in=keys[start : start + _BATCH]).delete()


def _insert(skill: Skill, removed: list[Any]) -> None:
    for label, table in TABLES.items():
        rows = [table(**fields) for other, _, fields in removed if other == label]
        table._default_manager.bulk_create(rows, batch_size=_BATCH)
