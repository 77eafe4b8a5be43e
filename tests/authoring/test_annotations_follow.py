"""Annotations follow what is renamed, and what was deleted of them comes back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from nlu_engine.annotations import Answer, ExpectedSlot, annotation
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import AnnotationSet, Intent, Skill


@pytest.fixture
def filled(skill: Skill) -> AnnotationSet:
    """Return a set whose first annotation accepts two answers."""
    sized = Answer("OrderPizza", (ExpectedSlot("size", "huge", 2, 6),))
    return sets.create_set(
        skill,
        "Customers",
        [
            annotation("a huge one", [sized, Answer("OpeningHours")]),
            annotation("open now", [Answer("OpeningHours")]),
        ],
    )


def names(one: AnnotationSet) -> list[list[tuple[str, list[str]]]]:
    """Return the intent and the slots of each accepted answer of each annotation."""
    return [
        [(answer.intent, [slot.name for slot in answer.slots]) for answer in found.answers]
        for found in sets.expected_in(one)
    ]


BEFORE = [[("OrderPizza", ["size"]), ("OpeningHours", [])], [("OpeningHours", [])]]


def undo(browser: Client, skill: Skill) -> str:
    change = skill.changes.first()
    assert change is not None
    address = reverse("change-undo", args=[skill.slug, change.pk])
    return browser.post(address, follow=True).text


def test_annotations_follow_an_intent_and_its_undo(
    filled: AnnotationSet, intent: Intent, browser: Client
) -> None:
    skill, revision = filled.skill, filled.revision
    rename = reverse("intent-rename", args=[skill.slug, intent.pk])
    told = browser.post(rename, {"name": "Order", "stamp": stamp(intent)}, follow=True).text
    assert "In Customers 1 annotation follows the new name." in told
    assert names(filled)[0][0] == ("Order", ["size"])
    assert filled.annotations.filter(intent="Order").count() == 1
    filled.refresh_from_db()
    assert filled.revision > revision  # Results of the older names are old.
    told = undo(browser, skill)
    assert "Taken back: Renamed intent “OrderPizza” to “Order”." in told
    assert "Renamed to" not in told
    assert names(filled) == BEFORE
    undo(browser, skill)
    assert names(filled)[0][0] == ("Order", ["size"])


def test_annotations_follow_a_slot(filled: AnnotationSet, intent: Intent, browser: Client) -> None:
    slot = intent.slots.get()
    rename = reverse("slot-rename", args=[filled.skill.slug, intent.pk, slot.pk])
    told = browser.post(rename, {"name": "extent", "stamp": stamp(slot)}, follow=True).text
    assert "1 annotation follows" in told
    assert names(filled)[0] == [("OrderPizza", ["extent"]), ("OpeningHours", [])]
    undo(browser, filled.skill)
    assert names(filled) == BEFORE


def test_annotations_follow_what_is_restored(
    filled: AnnotationSet, intent: Intent, browser: Client
) -> None:
    """Both names go back with the document of before, whose rows are other ones."""
    skill = filled.skill
    hours = skill.intents.get(name="OpeningHours")
    remove = reverse("intent-delete", args=[skill.slug, hours.pk])
    browser.post(remove, {"stamp": stamp(hours)})
    [removal] = skill.changes.filter(before__isnull=False)
    slot = intent.slots.get()
    for name, args, row in [
        ("intent-rename", [intent.pk], intent),
        ("slot-rename", [intent.pk, slot.pk], slot),
    ]:
        address = reverse(name, args=[skill.slug, *args])
        browser.post(address, {"name": "Other", "stamp": stamp(row)})
    assert names(filled)[0][0] == ("Other", ["Other"])
    digest = export_interaction_model(Skill.objects.get(pk=skill.pk)).digest()
    restore = reverse("change-restore", args=[skill.slug, removal.pk])
    told = browser.post(restore, {"digest": digest}, follow=True).text
    assert "1 annotation follows" in told
    assert names(filled) == BEFORE


def test_a_deleted_intent_leaves_its_annotations_told(
    filled: AnnotationSet, intent: Intent, browser: Client
) -> None:
    skill = filled.skill
    address = reverse("intent-delete", args=[skill.slug, intent.pk])
    assert "1 annotation expects this intent" in browser.get(address).text
    assert "Undo" in browser.post(address, {"stamp": stamp(intent)}, follow=True).text
    page = browser.get(reverse("annotation-set", args=[skill.slug, filled.pk])).text
    assert page.count("expects an intent that is gone") == 1
    assert names(filled) == BEFORE


def test_a_deleted_set_comes_back(
    filled: AnnotationSet, browser: Client, browser_of: Any, charlie: Any
) -> None:
    skill, page = filled.skill, reverse("annotation-set", args=[filled.skill.slug, filled.pk])
    delete = reverse("annotation-set-delete", args=[skill.slug, filled.pk])
    told = browser.post(delete, {"stamp": stamp(filled)}, follow=True).text
    assert "Customers was deleted." in told and "Undo" in told
    assert browser.get(page).status_code == 404
    history = browser.get(reverse("skill-history", args=[skill.slug])).text
    assert "Restore Customers" in history
    removal = skill.changes.first()
    assert removal is not None
    address = reverse("change-undo", args=[skill.slug, removal.pk])
    assert browser_of(charlie).post(address).status_code == 404
    # Its name is taken meanwhile, so it waits until that is free.
    sets.create_set(skill, "CUSTOMERS")
    assert "not taken back" in browser.post(address, follow=True).text
    skill.annotation_sets.update(name="Other")
    browser.post(address)
    assert browser.get(page).status_code == 200
    assert names(filled) == BEFORE
    assert "was changed again since" in browser.post(address, follow=True).text


def test_what_a_file_replaced_and_one_that_was_removed_come_back(
    filled: AnnotationSet, browser: Client
) -> None:
    skill = filled.skill
    fill = {"stamp": stamp(filled), "how": "replace", "document": "utterance,intent\nhi,Help"}
    told = browser.post(
        reverse("annotation-set-fill", args=[skill.slug, filled.pk]), fill, follow=True
    ).text
    assert names(filled) == [[("Help", [])]] and "Undo" in told
    undo(browser, skill)
    assert names(filled) == BEFORE
    row = filled.annotations.all()[0]
    remove = reverse("annotation-delete", args=[skill.slug, filled.pk, row.pk])
    assert "Undo" in browser.post(remove, {"stamp": stamp(row)}, follow=True).text
    assert names(filled) == BEFORE[1:]
    undo(browser, skill)
    assert names(filled) == BEFORE


def test_only_the_last_deleted_sets_are_kept(skill: Skill) -> None:
    for number in range(sets.KEPT_DELETED + 2):
        one = sets.create_set(skill, f"Set {number}")
        sets.delete_set(one, stamp(one))
    deleted = AnnotationSet.with_deleted.filter(skill=skill)
    assert deleted.count() == sets.KEPT_DELETED
    assert not deleted.filter(name__in=["Set 0", "Set 1"]).exists()
