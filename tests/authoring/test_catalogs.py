"""Catalogs: versions, the slot types that take their values from them, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.alexa import for_alexa
from nlu_engine.errors import InvalidInteractionModel
from nlu_engine.interaction_model import InteractionModel, SlotValue
from skillbuilder.authoring import catalogs, undo
from skillbuilder.authoring.catalog_documents import resolved, slot_values_of, unknown_catalogs
from skillbuilder.authoring.editing import Conflict, replace_document, stamp
from skillbuilder.authoring.history import FromCatalog
from skillbuilder.authoring.import_export import (
    export_interaction_model,
    import_interaction_model,
)
from skillbuilder.authoring.models import Catalog, Skill, SlotType
from skillbuilder.authoring.skills import create_skill
from skillbuilder.authoring.transfers import content_digest, transfer_intent
from skillbuilder.authoring.value_lists import add_values, store_list

HTMX = {"HTTP_HX_REQUEST": "true"}
FIRST = (SlotValue("small", ("little",), "S"), SlotValue("large"))
SECOND = (*FIRST, SlotValue("medium"))


@pytest.fixture
def catalog(alice: Any) -> Catalog:
    """Return alice's catalog of sizes, in its first version."""
    made = catalogs.create_catalog(alice, "Sizes")
    catalogs.add_version(made, FIRST, note="first")
    made.refresh_from_db()
    return made


def version(catalog: Catalog, number: int = 1) -> Any:
    return catalog.versions.get(number=number)


def names(slot_type: SlotType) -> list[str]:
    return list(slot_type.values.values_list("value", flat=True))


def address(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def test_a_pinned_type_stays_and_a_following_one_takes_the_newest(
    catalog: Catalog, slot_type: SlotType
) -> None:
    skill = slot_type.skill
    other = skill.slot_types.create(name="Other", position=9)
    catalogs.attach(slot_type, stamp(slot_type), version(catalog), follows=False)
    catalogs.attach(other, None, version(catalog), follows=True)
    assert names(slot_type) == names(other) == ["small", "large"]
    assert slot_values_of(version(catalog)) == FIRST
    before = skill.changes.count()
    catalogs.add_version(catalog, SECOND)
    assert names(slot_type) == ["small", "large"]
    assert names(other) == ["small", "large", "medium"]
    other.refresh_from_db()
    assert (other.catalog_version, other.follows_newest) == (2, True)
    assert skill.changes.count() == before + 1  # told in the history, and can be taken back
    undo.take_back(skill.changes.first())
    assert names(other) == ["small", "large"]


def test_values_from_a_catalog_are_changed_there_alone(
    catalog: Catalog, slot_type: SlotType
) -> None:
    catalogs.attach(slot_type, None, version(catalog), follows=False)
    with pytest.raises(FromCatalog, match="The values of Size come from a catalog"):
        add_values(slot_type, [("huge", [])])
    with pytest.raises(FromCatalog):
        store_list(slot_type, SECOND, "replace")
    assert names(slot_type) == ["small", "large"]
    catalogs.detach(slot_type)
    add_values(slot_type, [("huge", [])])
    assert names(slot_type) == ["small", "large", "huge"]


def test_an_older_edit_is_not_undone_into_a_catalogs_values(
    catalog: Catalog, slot_type: SlotType
) -> None:
    from skillbuilder.authoring.editing import remove

    value = slot_type.values.get(value="large")
    remove(slot_type.skill, value, stamp(value))
    removed = slot_type.skill.changes.first()
    catalogs.attach(slot_type, None, version(catalog), follows=False)
    with pytest.raises((FromCatalog, Conflict)):
        undo.take_back(removed)
    attached = slot_type.skill.changes.first()
    undo.take_back(attached)
    slot_type.refresh_from_db()
    assert slot_type.catalog is None
    assert names(slot_type) == ["small"]
    undo.take_back(removed)
    assert sorted(names(slot_type)) == ["large", "small"]


def test_two_uploads_at_once_make_no_version_unseen(catalog: Catalog) -> None:
    catalogs.add_version(catalog, SECOND, after=1)
    with pytest.raises(Conflict):
        catalogs.add_version(catalog, FIRST, after=1)
    assert catalog.versions.count() == 2


def test_a_deleted_catalog_leaves_its_values(catalog: Catalog, slot_type: SlotType) -> None:
    catalogs.attach(slot_type, None, version(catalog), follows=True)
    attached = slot_type.skill.changes.first()
    catalogs.delete_catalog(catalog)
    slot_type.refresh_from_db()
    assert (slot_type.catalog, slot_type.follows_newest) == (None, False)
    assert names(slot_type) == ["small", "large"]
    # Undoing the detachment would lead to a catalog that is gone.
    with pytest.raises(undo.CannotUndo):
        undo.take_back(slot_type.skill.changes.first())
    assert attached.pk


# --- Documents -----------------------------------------------------------------------------


def named(model: InteractionModel, **supplier: Any) -> InteractionModel:
    """Return ``model`` with these keys at its slot type, and without values."""
    document = model.to_json()
    document["interactionModel"]["languageModel"]["types"][0] = {"name": "Size", **supplier}
    return InteractionModel.from_json(document)


def test_documents_are_whole_and_keep_the_catalog(
    catalog: Catalog, slot_type: SlotType, alice: Any
) -> None:
    skill = slot_type.skill
    catalogs.attach(slot_type, None, version(catalog), follows=True)
    model = export_interaction_model(skill)
    (exported,) = model.slot_types
    assert exported.values == FIRST
    link = {"id": str(catalog.pk), "version": 1, "newest": True}
    assert exported.to_json()["skillbuilder"] == {"catalog": link}
    assert "skillbuilder" not in str(for_alexa(model).to_json())
    assert for_alexa(model).slot_types[0].values == FIRST
    # Uploaded as it is, nothing changes; once there is a newer version, it comes along.
    import_interaction_model(skill, model, alice)
    assert export_interaction_model(skill) == model
    catalogs.add_version(catalog, SECOND)
    import_interaction_model(skill, model, alice)
    assert names(skill.slot_types.get()) == ["small", "large", "medium"]
    assert skill.slot_types.get().catalog == catalog


@pytest.mark.parametrize(("number", "follows"), [("1", False), (1, False), ("~current", True)])
def test_alexas_value_supplier_names_a_catalog_of_ours(
    catalog: Catalog, skill: Skill, alice: Any, number: Any, follows: bool
) -> None:
    supplier = {
        "type": "CatalogValueSupplier",
        "valueCatalog": {"catalogId": str(catalog.pk), "version": number},
    }
    model = named(export_interaction_model(skill), valueSupplier=supplier)
    import_interaction_model(skill, model, alice)
    row = skill.slot_types.get()
    assert (row.catalog, row.catalog_version, row.follows_newest) == (catalog, 1, follows)
    assert names(row) == ["small", "large"]
    assert "valueSupplier" not in str(export_interaction_model(skill).to_json())


def test_an_unknown_catalog_is_kept_and_told(
    catalog: Catalog, skill: Skill, bob: Any, browser: Client
) -> None:
    supplier = {"type": "CatalogValueSupplier", "valueCatalog": {"catalogId": "amzn1.x"}}
    model = named(export_interaction_model(skill), valueSupplier=supplier)
    (told,) = unknown_catalogs(model, skill.owner)
    assert (told.code, told.severity) == ("unknown-catalog", "warning")
    assert told.path == "$.interactionModel.languageModel.types[0]"
    import_interaction_model(skill, model)
    assert export_interaction_model(skill) == model
    page = browser.get(address("slot-type-detail", skill.slug, skill.slot_types.get().pk)).text
    assert "amzn1.x</code>, which is unknown here" in page
    # One that a stranger owns is as unknown as one that there is not.
    link = {"catalog": {"id": str(catalog.pk), "version": 1}}
    bobs = named(export_interaction_model(skill), skillbuilder=link)
    assert [one.code for one in unknown_catalogs(bobs, bob)] == ["unknown-catalog"]
    assert resolved(bobs, bob) == bobs


def test_values_or_versions_that_a_catalog_has_not_are_refused(
    catalog: Catalog, skill: Skill, alice: Any
) -> None:
    link = {"catalog": {"id": str(catalog.pk), "version": 1}}
    other = named(
        export_interaction_model(skill), skillbuilder=link, values=[{"name": {"value": "huge"}}]
    )
    later = named(
        export_interaction_model(skill), skillbuilder={"catalog": {**link["catalog"], "version": 7}}
    )
    before = export_interaction_model(skill)
    for model, code in ((other, "catalog-values"), (later, "unknown-version")):
        with pytest.raises(InvalidInteractionModel) as caught:
            import_interaction_model(skill, model, alice)
        assert [problem.code for problem in caught.value.problems] == [code]
    assert export_interaction_model(skill) == before


def test_an_editor_who_sees_it_only_here_keeps_it_in_the_document(
    catalog: Catalog, slot_type: SlotType, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    skill = slot_type.skill
    skill.memberships.create(user=bob, user_name="bob", role="editor")
    catalogs.attach(slot_type, None, version(catalog), follows=False)
    model = export_interaction_model(skill)
    import_interaction_model(skill, model, bob)
    assert skill.slot_types.get().catalog == catalog
    replace_document(skill, model, model.digest())
    assert skill.slot_types.get().catalog == catalog


def test_a_copied_intent_takes_the_catalog_along(
    catalog: Catalog, slot_type: SlotType, alice: Any
) -> None:
    catalogs.attach(slot_type, None, version(catalog), follows=True)
    other = create_skill(alice, name="Other", locale="en-US")
    intent = slot_type.skill.intents.get(name="OrderPizza")
    transfer_intent(intent, other, "OrderPizza", content_digest(intent))
    copy = other.slot_types.get()
    assert (copy.catalog, copy.follows_newest, names(copy)) == (catalog, True, ["small", "large"])


# --- Pages ---------------------------------------------------------------------------------


def test_a_list_becomes_a_version_after_a_look(browser: Client, alice: Any) -> None:
    made = browser.post(address("catalog-list"), {"name": " My  sizes "}, follow=True)
    catalog = Catalog.objects.get(owner=alice)
    assert catalog.name == "My sizes"
    assert "no version yet" in made.text
    assert browser.post(address("catalog-list"), {"name": "My sizes"}).status_code == 422
    upload = address("catalog-upload", catalog.pk)
    form = {"mode": "replace", "text": "small,S,little\nlarge", "note": "first"}
    page = browser.post(upload, form)
    assert "2 changes against version 0" in page.text
    assert not catalog.versions.exists()
    bad = browser.post(upload, form | {"text": "small\nsmall"})
    assert bad.status_code == 422
    assert "line 2" in bad.text
    reviewed = form | {"is_reviewed": "1", "digest": page.context["form"].data["digest"]}
    assert "Version 1 was stored" in browser.post(upload, reviewed, follow=True).text
    stale = browser.post(upload, reviewed)
    assert stale.status_code == 409
    assert "newer version than you saw" in stale.text
    added = {"mode": "add", "text": "medium", "is_reviewed": "1", "digest": "1"}
    browser.post(upload, added)
    detail = address("catalog", catalog.pk)
    assert browser.get(detail).context["version"].number == 2
    assert browser.get(detail, {"version": "1"}).context["page"].paginator.count == 2
    assert browser.get(detail, {"q": "MED"}).context["page"].paginator.count == 1
    assert browser.get(detail, {"version": "9"}).status_code == 404
    download = browser.get(address("catalog-download", catalog.pk, 2)).text
    assert download.splitlines() == [
        "\ufeffvalue,id,synonyms",
        "small,S,little",
        "large,",
        "medium,",
    ]
    browser.post(address("catalog-rename", catalog.pk), {"name": "Sizes"})
    assert "Sizes" in browser.get(address("catalog-list")).text
    assert "go for good" in browser.get(address("catalog-delete", catalog.pk)).text
    browser.post(address("catalog-delete", catalog.pk))
    assert not Catalog.objects.exists()


def test_a_slot_type_takes_updates_and_leaves_a_catalog(
    browser: Client, catalog: Catalog, slot_type: SlotType
) -> None:
    page = address("slot-type-detail", slot_type.skill.slug, slot_type.pk)
    choose = address("slot-type-catalog", slot_type.skill.slug, slot_type.pk)

    def send(wanted: str, **more: str) -> str:
        slot_type.refresh_from_db()
        form = {"stamp": stamp(slot_type), "catalog": str(catalog.pk), "version": wanted}
        return str(browser.post(choose, form | more, **HTMX).text)

    assert "Sizes (version 1)" in browser.get(page).text
    linked = send("current")
    assert "values of the catalog" in linked
    assert "data-undo" in linked
    assert 'id="new-value"' not in linked
    catalogs.add_version(catalog, SECOND)
    assert "Update to version 2" in browser.get(page).text
    assert "version 2 is there" in browser.get(address("catalog", catalog.pk)).text
    send("2")
    assert names(slot_type) == ["small", "large", "medium"]
    send("newest")
    assert "A newer version comes here at once" in browser.get(page).text
    stale = browser.post(
        choose, {"stamp": "0" * 16, "catalog": str(catalog.pk), "version": "1"}, **HTMX
    )
    assert stale.status_code == 409
    assert send("9") and slot_type.catalog_version == 2
    send("none")
    slot_type.refresh_from_db()
    assert slot_type.catalog is None
    assert names(slot_type) == ["small", "large", "medium"]
    # Values of a catalog are refused wherever they are edited.
    send("current")
    added = browser.post(
        address("value-create", slot_type.skill.slug, slot_type.pk), {"value": "x"}, **HTMX
    )
    assert added.status_code == 422
    assert "come from a catalog" in added.text


def test_who_may_see_and_change_a_catalog(
    catalog: Catalog, slot_type: SlotType, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    paths = [
        address("catalog", catalog.pk),
        address("catalog-download", catalog.pk, 1),
        address("catalog-delete", catalog.pk),
    ]
    posts = [address(f"catalog-{what}", catalog.pk) for what in ("rename", "delete", "upload")]
    bobs = browser_of(bob)
    assert [bobs.get(path).status_code for path in paths] == [404, 404, 404]
    assert [bobs.post(path, {"name": "x"}).status_code for path in posts] == [404, 404, 404]
    own = create_skill(bob, name="Bobs", locale="en-US")
    mine = own.slot_types.create(name="Mine")
    choose = address("slot-type-catalog", own.slug, mine.pk)
    form = {"stamp": stamp(mine), "catalog": str(catalog.pk), "version": "newest"}
    assert bobs.post(choose, form).status_code == 404
    # In a skill that he may see, he sees it too; then he may use it, and change nothing of it.
    catalogs.attach(slot_type, None, version(catalog), follows=False)
    slot_type.skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert [bobs.get(path).status_code for path in paths] == [200, 200, 403]
    assert [bobs.post(path, {"name": "x"}).status_code for path in posts] == [403, 403, 403]
    assert "of <bdi>alice</bdi>" in bobs.get(address("catalog-list")).text
    assert bobs.post(choose, form).status_code == 302
    uses = catalogs.uses_of(catalog, catalog.owner)
    assert (uses.count, uses.hidden) == (2, 1)
    assert catalogs.uses_of(catalog, bob).hidden == 0
    viewer = address("slot-type-catalog", slot_type.skill.slug, slot_type.pk)
    assert bobs.post(viewer, form | {"stamp": stamp(slot_type)}).status_code == 403
