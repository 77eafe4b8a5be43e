"""Several samples at once, and whole intents: deleted, moved or copied elsewhere."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.intent_editor import sample_rows, seen_digest
from skillbuilder.authoring.models import Intent, Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.authoring.transfers import content_digest

HTMX = {"HTTP_HX_REQUEST": "true"}


def texts(intent: Intent) -> list[str]:
    return [sample.text for sample in intent.samples.all()]


def send(browser: Client, intent: Intent, what: str, *numbers: int, **more: Any) -> Any:
    """Do ``what`` to the samples of these numbers."""
    rows = intent.samples.all()
    chosen = [f"{rows[number].pk}:{stamp(rows[number])}" for number in numbers]
    address = reverse("samples-chosen", args=[intent.skill.slug, intent.pk])
    return browser.post(address, {"do": what, "sample": chosen, **more}, **HTMX)


def undo(browser: Client, skill: Skill) -> None:
    browser.post(reverse("change-undo", args=[skill.slug, skill.changes.all()[0].pk]))


def test_chosen_samples_are_deleted_moved_and_copied(
    browser: Client, skill: Skill, intent: Intent, browser_of: Any, bob: Any, charlie: Any
) -> None:
    hours = skill.intents.get(name="OpeningHours")
    before = texts(intent), texts(hours)
    page = send(browser, intent, "delete", 0, 2).text
    assert "Removed 2 sample utterances" in page
    assert texts(intent) == before[0][1:2]
    undo(browser, skill)
    # The target gets the slot that it lacks; what it has already is not doubled.
    hours.samples.create(text="I want  a {size} pizza", position=9)
    page = send(browser, intent, "move", 0, 1, target=hours.pk).text
    assert "Moved 2 sample utterances to OpeningHours. 1 was there already." in page
    assert "It got the slot {size}." in page
    assert texts(intent) == before[0][2:]
    assert texts(hours)[-2:] == ["I want  a {size} pizza", "order a {size} pizza"]
    assert hours.slots.get().type_name == "Size"
    undo(browser, skill)
    assert texts(intent) == before[0]
    assert not hours.slots.exists()
    assert "Copied 1 sample" in send(browser, intent, "copy", 0, target=hours.pk).text
    assert texts(intent) == before[0]
    # A slot of that name with another type is asked about first.
    hours.slots.update(type_name="AMAZON.NUMBER")
    answer = send(browser, intent, "move", 2, target=hours.pk)
    assert answer.status_code == 409
    assert "{size} is AMAZON.NUMBER there, not Size" in answer.text
    assert texts(intent) == before[0]
    assert send(browser, intent, "move", 2, target=hours.pk, anyway="1").status_code == 200
    assert texts(hours)[-1] == before[0][2]
    # A built-in intent takes samples, but no slots.
    stop = skill.intents.get(name="AMAZON.StopIntent")
    assert "has no slots" in send(browser, intent, "move", 0, target=stop.pk).text
    assert "Moved 1 sample" in send(browser, hours, "move", 0, target=stop.pk).text
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert send(browser_of(bob), intent, "delete", 0).status_code == 403
    assert send(browser_of(charlie), intent, "delete", 0).status_code == 404
    assert send(browser, intent, "delete").status_code == 422
    assert send(browser, intent, "move", 0, target="9" * 30).status_code == 422


def test_what_was_changed_meanwhile_is_neither_moved_nor_deleted(
    browser: Client, skill: Skill, intent: Intent
) -> None:
    for number in range(40):
        intent.samples.create(text=f"sample {'x' * number}", position=number + 9)
    seen = seen_digest(sample_rows(intent, "sample", [], 0))
    everything = {"all": "1", "q": "sample", "seen": seen}
    changed = intent.samples.last()
    pair = f"{changed.pk}:{stamp(changed)}"
    type(changed).objects.filter(pk=changed.pk).update(text="sample, changed")
    assert send(browser, intent, "delete", sample=[pair]).status_code == 409
    assert send(browser, intent, "delete", **everything).status_code == 409
    assert intent.samples.count() == 43
    everything["seen"] = seen_digest(sample_rows(intent, "sample", [], 0))
    assert "Removed 40 sample utterances" in send(browser, intent, "delete", **everything).text
    assert intent.samples.count() == 3
    undo(browser, skill)
    assert intent.samples.count() == 43


def test_an_intent_is_copied_and_moved_to_another_skill(
    browser: Client,
    skill: Skill,
    intent: Intent,
    alice: Any,
    bob: Any,
    tiny_model: InteractionModel,
) -> None:
    other = create_skill(alice, name="Other", locale="de-DE")
    address = reverse("intent-transfer", args=[skill.slug, intent.pk])
    assert f'<option value="{other.slug}">' in browser.get(address).text
    form = {"to": other.slug, "name": "OrderPizza", "seen": content_digest(intent)}
    assert "That skill is in de-DE" in browser.get(address, {"to": other.slug}).text
    page = browser.post(address, form, follow=True).text
    assert "OrderPizza was copied here from" in page
    copy = other.intents.get()
    assert texts(copy) == texts(intent)
    new, old = export_interaction_model(other), export_interaction_model(skill)
    assert new.slot_types == old.slot_types
    assert new.intents[0] == old.intents[0]
    undo(browser, other)
    assert not other.intents.exists()
    assert not other.slot_types.exists()
    browser.post(address, form)
    # Again: the name is taken, and the slot type differs meanwhile.
    other.slot_types.get().values.create(value="medium", position=9)
    page = browser.get(address, {"to": other.slug}).text
    assert 'value="OrderPizza2"' in page
    assert "is there already, with other values" in page
    form["name"] = "ORDERPIZZA"
    assert "Choose which Size the copy gets" in browser.post(address, form).text
    form["type-Size"] = "copy"
    assert "There is OrderPizza already" in browser.post(address, form).text
    assert other.slot_types.count() == 1  # nothing of it was stored
    form["name"] = "Again"
    browser.post(address, form)
    assert other.intents.get(name="Again").slots.get().type_name == "Size2"
    form |= {"name": "Moved", "type-Size": "theirs", "moves": "1"}
    stale = form | {"seen": "something else"}
    assert browser.post(address, stale).status_code == 409
    assert "both histories" in browser.post(address, form, follow=True).text
    assert other.intents.get(name="Moved").slots.get().type_name == "Size"
    assert not skill.intents.filter(name="OrderPizza").exists()
    # Both skills must be the user's to change.
    hours = skill.intents.get(name="OpeningHours")
    address = reverse("intent-transfer", args=[skill.slug, hours.pk])
    bobs = create_skill(bob, name="Bobs", locale="en-US", model=tiny_model)
    form = {"to": bobs.slug, "name": "New", "seen": content_digest(hours)}
    assert browser.post(address, form).status_code == 404
    bobs.memberships.create(user=alice, user_name="alice", role="viewer")
    assert browser.post(address, form).status_code == 404
    assert bobs.intents.count() == 3
    bobs.memberships.update(role="editor")
    assert browser.post(address, form).status_code == 302
    assert bobs.changes.filter(kind="content").get().user == alice
    # A copy beside it, in the same skill.
    form = {"to": skill.slug, "name": "OpeningHours2", "seen": content_digest(hours)}
    assert browser.post(address, form | {"moves": "1"}).status_code == 422
    browser.post(address, form)
    assert texts(skill.intents.get(name="OpeningHours2")) == texts(hours)


def test_the_dialog_goes_along_and_leaves_when_moved(
    browser: Client, alice: Any, dialog_document: dict[str, Any]
) -> None:
    model = InteractionModel.from_json(dialog_document)
    skill = create_skill(alice, name="Asking", locale="en-US", model=model)
    other = create_skill(alice, name="Other", locale="en-US")
    intent = skill.intents.get(name="OrderPizza")
    address = reverse("intent-transfer", args=[skill.slug, intent.pk])
    seen = content_digest(intent)
    assert "Its dialog goes along" in browser.get(address, {"to": other.slug}).text
    for name in ("OrderPizza", "Again"):
        browser.post(address, {"to": other.slug, "name": name, "seen": seen})
    inner = export_interaction_model(Skill.objects.get(pk=other.pk)).to_json()["interactionModel"]
    first, again = inner["dialog"]["intents"]
    assert first == dialog_document["interactionModel"]["dialog"]["intents"][0]
    assert again["prompts"] == {"confirmation": "Confirm.2"}
    assert [prompt["id"] for prompt in inner["prompts"]] == [
        "Confirm", "Elicit.size", "Known.size", "Confirm.2", "Elicit.size.2", "Known.size.2"
    ]  # fmt: skip
    undo(browser, other)
    assert len(Skill.objects.get(pk=other.pk).extra["interactionModel"]["unknown"]["prompts"]) == 3
    form = {"to": other.slug, "name": "Moved", "seen": seen, "moves": "1"}
    assert browser.post(address, form).status_code == 302
    left = Skill.objects.get(pk=skill.pk).extra["interactionModel"]["unknown"]
    assert left == {"dialog": {"intents": []}, "prompts": []}
