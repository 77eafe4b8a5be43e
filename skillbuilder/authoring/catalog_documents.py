"""Catalogs in documents: slot types that name one get its values when they are imported."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from nlu_engine import interaction_model as im
from nlu_engine.errors import InvalidInteractionModel, Problem
from nlu_engine.type_settings import CatalogLink, catalog_in, with_catalog
from skillbuilder.authoring.models import Catalog, CatalogVersion


def slot_values_of(version: CatalogVersion) -> tuple[im.SlotValue, ...]:
    """Return the values of ``version``."""
    return tuple(
        im.SlotValue(value, tuple(synonyms), id_ or None) for value, id_, synonyms in version.rows
    )


def resolved(model: im.InteractionModel, user: Any) -> im.InteractionModel:
    """Return ``model`` with the values of the catalogs that it names, as far as ``user`` sees them.

    Alexa's ``valueSupplier`` of a catalog of ours becomes our own key. What names a catalog
    that is unknown here stays as it is. Raises InvalidInteractionModel where a slot type lists
    values that the version it names does not have.
    """
    problems: list[Problem] = []
    found = [
        _resolved_type(one, user, f"{model.path()}.types[{number}]", problems)
        for number, one in enumerate(model.slot_types)
    ]
    if problems:
        raise InvalidInteractionModel(problems)
    return replace(model, slot_types=tuple(found))


def _resolved_type(
    slot_type: im.SlotType, user: Any, path: str, problems: list[Problem]
) -> im.SlotType:
    link = catalog_in(slot_type.extra)
    catalog = catalog_of(link, user)
    if link is None or catalog is None:
        return slot_type
    named = catalog.versions.filter(number=link.version or catalog.newest).first()
    if named is None:
        message = f"The catalog {catalog.name!r} has no version {link.version}."
        fix = f"Write one from 1 to {catalog.newest}." if catalog.newest else "Upload one first."
        problems.append(Problem("unknown-version", path, message, link.version, fix))
        return slot_type
    values = slot_values_of(named)
    if slot_type.values and _told(slot_type.values) != _told(values):
        message = f"These are not the values of version {named.number} of {catalog.name!r}."
        fix = "Leave the values out, or take the catalog out of the slot type to change them."
        problems.append(Problem("catalog-values", f"{path}.values", message, None, fix))
        return slot_type
    if link.newest and named.number != catalog.newest:
        named = catalog.versions.get(number=catalog.newest)
        values = slot_values_of(named)
    new = CatalogLink(str(catalog.pk), named.number, link.newest)
    shape = {key: one for key, one in slot_type.extra.items() if key != "shape"}
    return im.SlotType(slot_type.name, values, with_catalog(shape, new))


def _told(values: Sequence[im.SlotValue]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.value, one.id, one.synonyms) for one in values]


def catalog_of(link: CatalogLink | None, user: Any) -> Catalog | None:
    """Return the catalog that ``link`` names, None where it is unknown to ``user``."""
    if link is None:
        return None
    try:
        key = uuid.UUID(link.id)
    except ValueError:
        return None
    return Catalog.objects.visible_to(user).filter(pk=key).first()


def catalogs_in(model: im.InteractionModel, user: Any) -> dict[str, Catalog]:
    """Return the catalogs that ``model`` names and ``user`` may see, by how it names them."""
    links = {link.id: link for one in model.slot_types if (link := catalog_in(one.extra))}
    found = {name: catalog_of(link, user) for name, link in links.items()}
    return {name: catalog for name, catalog in found.items() if catalog}


def unknown_catalogs(model: im.InteractionModel, user: Any) -> Iterator[Problem]:
    """Yield a warning for each slot type that names a catalog that is unknown here."""
    for number, slot_type in enumerate(model.slot_types):
        link = catalog_in(slot_type.extra)
        if link is not None and catalog_of(link, user) is None:
            message = f"The catalog {link.id!r} is unknown here; it is kept, and not read."
            fix = "List values to train on them, or choose a catalog on the slot type's page."
            path = f"{model.path()}.types[{number}]"
            yield Problem("unknown-catalog", path, message, link.id, fix, "warning")
