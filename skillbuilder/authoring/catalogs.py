"""Catalogs: lists of values in versions, which slot types of several skills share.

A slot type that takes its values from a catalog holds a copy of them, so every document is
whole by itself, and a catalog that is deleted takes nothing along. The copy is renewed from a
version that someone chooses, or, where the type follows the newest, whenever there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from nlu_engine import interaction_model as im
from skillbuilder.authoring.catalog_documents import slot_values_of
from skillbuilder.authoring.editing import Conflict, NameTaken, locked, unchanged
from skillbuilder.authoring.history import acting_user, noted
from skillbuilder.authoring.import_export import parts_with
from skillbuilder.authoring.models import Catalog, CatalogVersion, Skill, SlotType, SlotValue
from skillbuilder.authoring.skills import changed
from skillbuilder.authoring.value_lists import put_values

MOST_VERSIONS = 200


class CatalogFull(Exception):
    """The catalog has as many versions as it may have."""


# --- The catalog ---------------------------------------------------------------------------


def create_catalog(owner: Any, name: str) -> Catalog:
    """Make an empty catalog. Raises NameTaken."""
    try:
        with transaction.atomic():
            return Catalog.objects.create(owner=owner, name=name)
    except IntegrityError:
        raise NameTaken(f"You have a catalog {name} already. Choose another name.") from None


def rename_catalog(catalog: Catalog, name: str) -> None:
    """Give ``catalog`` another name. Raises NameTaken."""
    try:
        with transaction.atomic():
            Catalog.objects.filter(pk=catalog.pk).update(name=name)
    except IntegrityError:
        raise NameTaken(f"You have a catalog {name} already. Choose another name.") from None


def delete_catalog(catalog: Catalog) -> None:
    """Delete ``catalog`` with its versions; slot types keep the values that they have."""
    with transaction.atomic():
        held = _locked(catalog)
        for slot_type in held.slot_types.select_related("skill").order_by("skill_id", "pk"):
            detach(slot_type)
        held.delete()


def _locked(catalog: Catalog) -> Catalog:
    return get_object_or_404(Catalog.objects.select_for_update(), pk=catalog.pk)


def add_version(
    catalog: Catalog, values: Sequence[im.SlotValue], *, note: str = "", after: int | None = None
) -> CatalogVersion:
    """Add a version; slot types that follow the newest take it at once.

    ``after``: the number of the newest version that was seen. Raises Conflict if there is a
    newer one, CatalogFull.
    """
    with transaction.atomic():
        held = _locked(catalog)
        if after is not None and after != held.newest:
            raise Conflict(held)
        if held.versions.count() >= MOST_VERSIONS:
            raise CatalogFull(f"A catalog has at most {MOST_VERSIONS} versions. Make a new one.")
        rows = [[one.value, one.id or "", list(one.synonyms)] for one in values]
        version = held.versions.create(
            number=held.newest + 1, note=note, rows=rows, count=len(rows), user=acting_user()
        )
        held.newest = version.number
        held.save(update_fields=["newest"])
        followers = held.slot_types.filter(follows_newest=True).select_related("skill")
        for slot_type in followers.order_by("skill_id", "pk"):  # in one order: no deadlock
            _take(slot_type, version, follows=True)
    catalog.newest = version.number
    return version


@dataclass(frozen=True)
class Use:
    """A skill with the slot types that take their values from a catalog."""

    skill: Skill
    slot_types: list[SlotType]


@dataclass(frozen=True)
class Uses:
    """Who uses a catalog: the skills that may be told, and how many there are in all."""

    shown: list[Use]
    count: int

    @property
    def hidden(self) -> int:
        """How many skills use it that the user may not see."""
        return self.count - len(self.shown)


def uses_of(catalog: Catalog, user: Any) -> Uses:
    """Return who uses ``catalog``, as far as ``user`` may know."""
    rows = catalog.slot_types.select_related("skill").order_by("skill__name", "skill_id", "name")
    mine = set(Skill.objects.visible_to(user).filter(slot_types__catalog=catalog).values_list("pk"))
    found: dict[int, Use] = {}
    for row in rows:
        if (row.skill_id,) in mine:
            found.setdefault(row.skill_id, Use(row.skill, [])).slot_types.append(row)
    return Uses(list(found.values()), len({row.skill_id for row in rows}))


def listed(user: Any) -> QuerySet[Catalog]:
    """Return the catalogs that ``user`` may see, with how many skills use each."""
    used = Count("slot_types__skill", distinct=True)
    return Catalog.objects.visible_to(user).select_related("owner").annotate(skill_count=used)


# --- Slot types that use it ----------------------------------------------------------------


def attach(
    slot_type: SlotType, seen: str | None, version: CatalogVersion, *, follows: bool
) -> None:
    """Give ``slot_type`` the values of ``version``, in the place of its own.

    With ``follows`` it takes each newer version too. Raises Conflict if it is not what was
    ``seen``.
    """
    with transaction.atomic():
        if seen is not None:
            unchanged(slot_type, seen)
        _take(slot_type, version, follows=follows)


def _take(slot_type: SlotType, version: CatalogVersion, *, follows: bool) -> None:
    skill = slot_type.skill
    with transaction.atomic():
        fresh = locked(skill)
        row = get_object_or_404(fresh.slot_types, pk=slot_type.pk)
        has_it = (row.catalog_id, row.catalog_version) == (version.catalog_id, version.number)
        if has_it:
            _set_catalog(fresh, row, follows_newest=follows)
        else:
            link = {"catalog": version.catalog_id, "catalog_version": version.number}
            put_values(fresh, row, slot_values_of(version), **link, follows_newest=follows)
        changed(skill)


def _set_catalog(skill: Skill, slot_type: SlotType, **fields: Any) -> None:
    """Change of ``slot_type`` where its values come from, but none of them, within an edit."""
    part = partial(parts_with, slot_type, SlotValue.objects.none())
    with noted(skill, part=part):
        SlotType.objects.filter(pk=slot_type.pk).update(**fields)


def detach(slot_type: SlotType, seen: str | None = None) -> None:
    """Make the values that ``slot_type`` has its own. Raises Conflict as ``attach`` does."""
    skill = slot_type.skill
    with transaction.atomic():
        fresh = locked(skill)
        if seen is not None:
            unchanged(slot_type, seen)
        _set_catalog(fresh, slot_type, catalog=None, catalog_version=0, follows_newest=False)
        changed(skill)


def choices_for(user: Any) -> QuerySet[Catalog]:
    """Return the catalogs with a version that ``user`` may give to a slot type."""
    return Catalog.objects.visible_to(user).filter(~Q(newest=0))
