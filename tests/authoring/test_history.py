"""The history: every edit leaves an entry of whoever made it, and what is removed comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model, parts_of
from skillbuilder.authoring.models import Change, Intent, Skill, SlotType
from skillbuilder.authoring.rows import rows_of


def sent(
    skill: Skill, intent: Intent, slot_type: SlotType
) -> dict[str, tuple[str, list[int], Any]]:
    """Return one request for each kind of edit."""
    sample, slot, value = intent.samples.all()[0], intent.slots.get(), slot_type.values.all()[0]
    i, t = intent.pk, slot_type.pk
    changed = {"name": "New", "locale": "de-DE", "invocation_name": "new one"}
    return {
        "settings": ("skill-settings", [], {**changed, "stamp": stamp(skill)}),
        "intent": ("intent-create", [], {"name": "New"}),
        "rename": ("intent-rename", [i], {"name": "New", "stamp": stamp(intent)}),
        "remove": ("intent-delete", [i], {"stamp": stamp(intent)}),
        "sample": ("sample-create", [i], {"text": "new one"}),
        "edit": ("sample-edit", [i, sample.pk], {"text": "new", "stamp": stamp(sample)}),
        "unsay": ("sample-delete", [i, sample.pk], {"stamp": stamp(sample)}),
        "slot": ("slot-create", [i], {"name": "new", "type_name": "Size"}),
        "rename slot": ("slot-rename", [i, slot.pk], {"name": "new", "stamp": stamp(slot)}),
        "remove slot": ("slot-delete", [i, slot.pk], {"stamp": stamp(slot)}),
        "slot type": ("slot-type-create", [], {"name": "New"}),
        "rename type": ("slot-type-rename", [t], {"name": "New", "stamp": stamp(slot_type)}),
        "remove type": ("slot-type-delete", [t], {"stamp": stamp(slot_type)}),
        "value": ("value-create", [t], {"value": "new", "synonyms": ""}),
        "values": ("values-create", [t], {"lines": "new"}),
        "edit value": ("value-edit", [t, value.pk], {"value": "new", "stamp": stamp(value)}),
        "remove value": ("value-delete", [t, value.pk], {"stamp": stamp(value)}),
    }


EDITS = [
    "settings",
    "intent",
    "rename",
    "remove",
    "sample",
    "edit",
    "unsay",
    "slot",
    "rename slot",
    "remove slot",
    "slot type",
    "rename type",
    "remove type",
    "value",
    "values",
    "edit value",
    "remove value",
]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_leaves_one_entry_of_its_person_and_can_be_undone_and_redone(
    edit: str, skill: Skill, intent: Intent, slot_type: SlotType, alice: Any, browser: Client
) -> None:
    before = state(skill)
    name, args, data = sent(skill, intent, slot_type)[edit]
    browser.post(reverse(name, args=[skill.slug, *args]), data)
    change = skill.changes.get()
    assert change.user == alice
    assert change.count == len(change.differences) >= 1
    after = state(skill)
    undo(browser, change)
    assert state(skill) == before
    undo(browser, skill.changes.first())
    assert state(skill) == after


def state(skill: Skill) -> dict[Any, Any]:
    """Return all rows of the skill as they are now."""
    fresh = Skill.objects.get(pk=skill.pk)
    return rows_of(fresh, *parts_of(fresh)).values


def undo(browser: Client, change: Change, **data: Any) -> Any:
    address = reverse("change-undo", args=[change.skill.slug, change.pk])
    return browser.post(address, data, follow=True)


def test_what_was_edited_since_is_not_taken_back(
    skill: Skill, intent: Intent, browser: Client, browser_of: Any, bob: Any, charlie: Any
) -> None:
    add = reverse("sample-create", args=[skill.slug, intent.pk])
    browser.post(add, {"text": "one more\nand another"})
    change = skill.changes.get()
    first, second = intent.samples.filter(text__in=["one more", "and another"])
    edit = reverse("sample-edit", args=[skill.slug, intent.pk, second.pk])
    browser.post(edit, {"text": "by someone else", "stamp": stamp(second)})
    answer = undo(browser, change)
    assert "was changed again since" in answer.text
    assert intent.samples.filter(text="one more").exists()
    # The later edit first, then the earlier one: both go.
    assert "Changed “and another” to “by someone else”" in undo(browser, skill.changes.first()).text
    assert "Redo" in undo(browser, change).text
    assert intent.samples.count() == 3
    # A place that is taken again, or gone.
    remove = reverse("intent-delete", args=[skill.slug, intent.pk])
    browser.post(remove, {"stamp": stamp(intent)})
    removal = skill.changes.first()
    browser.post(reverse("intent-create", args=[skill.slug]), {"name": "orderPIZZA"})
    assert "was changed again since" in undo(browser, removal).text
    # Not of those who may not change the skill.
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert undo(browser_of(bob), removal).status_code == 403
    assert undo(browser_of(charlie), removal).status_code == 404


def test_what_was_put_into_a_new_intent_is_not_lost_by_undo(skill: Skill, browser: Client) -> None:
    browser.post(reverse("intent-create", args=[skill.slug]), {"name": "New"})
    change, new = skill.changes.get(), skill.intents.get(name="New")
    new.samples.create(text="precious")
    assert "was changed again since" in undo(browser, change).text
    new.samples.all().delete()
    answer = undo(browser, change, next=reverse("intent-detail", args=[skill.slug, new.pk]))
    assert answer.redirect_chain[-1][0] == reverse("skill-detail", args=[skill.slug])
    assert not skill.intents.filter(name="New").exists()


def test_what_is_refused_leaves_no_entry(skill: Skill, intent: Intent, browser: Client) -> None:
    address = reverse("intent-rename", args=[skill.slug, intent.pk])
    browser.post(address, {"name": "New", "stamp": "seen long ago"})
    assert not Change.objects.exists()


def test_the_api_leaves_entries_of_the_tokens_owner(
    skill: Skill, bob: Any, api_for: Callable[[Any], APIClient], tiny_document: dict[str, Any]
) -> None:
    skill.memberships.create(user=bob, user_name="bob", role="editor")
    tiny_document["interactionModel"]["languageModel"]["intents"].pop(1)
    client = api_for(bob)
    client.put(f"/api/v1/skills/{skill.slug}/interaction-model", tiny_document)
    client.patch(f"/api/v1/skills/{skill.slug}", {"name": "Bob's"})
    assert [change.user for change in skill.changes.all()] == [bob, bob]


def test_a_removed_intent_comes_back(skill: Skill, intent: Intent, browser: Client) -> None:
    browser.post(reverse("intent-delete", args=[skill.slug, intent.pk]), {"stamp": stamp(intent)})
    page = reverse("skill-history", args=[skill.slug])
    assert "Restore OrderPizza" in browser.get(page).text
    address = reverse("change-restore", args=[skill.slug, skill.changes.get().pk])
    stale = {"what": "intent", "name": "OrderPizza", "digest": "of something else"}
    browser.post(address, stale)
    assert not skill.intents.filter(name="OrderPizza").exists()
    wanted = stale | {"digest": export_interaction_model(skill).digest()}
    browser.post(address, wanted)
    assert skill.intents.get(name="OrderPizza").samples.count() == 3
    again = browser.post(address, wanted, follow=True)
    assert "There is intent OrderPizza again" in again.text


def test_a_replaced_skill_comes_back_whole(
    skill: Skill, api: APIClient, browser: Client, tiny_document: dict[str, Any]
) -> None:
    before = export_interaction_model(skill).digest()
    tiny_document["interactionModel"]["languageModel"]["intents"].pop(0)
    api.put(f"/api/v1/skills/{skill.slug}/interaction-model", tiny_document)
    address = reverse("change-restore", args=[skill.slug, skill.changes.get().pk])
    browser.post(address, {"digest": export_interaction_model(Skill.objects.get()).digest()})
    assert export_interaction_model(Skill.objects.get()).digest() == before
    assert skill.changes.count() == 2


def test_the_history_of_one_person(skill: Skill, bob: Any, browser: Client) -> None:
    one = {"kind": "added", "what": "intent", "within": "A", "name": "A", "before": "", "after": ""}
    skill.changes.create(user=bob, count=1, differences=[one])
    skill.changes.create(user=skill.owner, count=1, differences=[one | {"name": "B"}])
    page = browser.get(reverse("skill-history", args=[skill.slug]), {"by": "bob"})
    assert [change.user for change, _ in page.context["entries"]] == [bob]
