"""Several samples at once: deleted, moved or copied to another intent."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.intent_editor import sample_rows, seen_digest
from skillbuilder.authoring.models import Intent, Skill

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
