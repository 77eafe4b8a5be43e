"""Versions: named, compared with each other and with the working copy, restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from skillbuilder.authoring import editing
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.training import runs


@pytest.fixture
def browser(browser_of: Callable[[Any], Client], alice: Any) -> Client:
    """Return alice's browser."""
    return browser_of(alice)


@pytest.fixture
def address(skill: Skill) -> str:
    """Return the page of a skill that was built, changed, built, and changed again."""
    hours = skill.intents.get(name="OpeningHours")
    for sample in ("second one", "third one"):
        runs.request_run(skill)
        editing.add_samples(hours, [sample])
    return f"/skills/{skill.slug}/versions"


def shown(browser: Client, address: str, **sides: str) -> list[tuple[str, str, str]]:
    found = browser.get(address, sides).context["differences"]
    return [(one.kind, one.what, one.name) for one in found]


def test_any_two_are_compared(browser: Client, address: str) -> None:
    second, third = ("added", "sample", "second one"), ("added", "sample", "third one")
    assert shown(browser, address) == [third]
    assert shown(browser, address, old="1", new="2") == [second]
    assert shown(browser, address, old="1", new="now") == [second, third]
    assert shown(browser, address, old="2", new="1") == [("removed", *second[1:])]
    assert browser.get(address, {"old": "99"}).status_code == 404


def test_a_version_has_a_name(browser: Client, address: str, skill: Skill) -> None:
    answer = browser.post(f"{address}/1/name", {"name": "Before the move"}, follow=True)
    assert "Version 1 · Before the move" in answer.text
    browser.post(f"{address}/1/name", {"name": "x" * 81})
    assert {run.name for run in skill.training_runs.all()} == {"", "Before the move"}


def test_a_version_is_restored_and_that_can_be_taken_back(
    browser: Client, address: str, skill: Skill
) -> None:
    digest = export_interaction_model(skill).digest()
    browser.post(f"{address}/1/restore", {"digest": digest})
    assert shown(browser, address, old="1") == []
    change = skill.changes.first()
    assert change is not None
    assert change.user == skill.owner
    now = export_interaction_model(Skill.objects.get()).digest()
    browser.post(f"/skills/{skill.slug}/history/{change.pk}/restore", {"digest": now})
    assert export_interaction_model(Skill.objects.get()).digest() == digest


def test_a_change_meanwhile_is_not_overwritten(browser: Client, address: str, skill: Skill) -> None:
    before = export_interaction_model(skill).digest()
    answer = browser.post(f"{address}/1/restore", {"digest": "seen long ago"}, follow=True)
    assert "nothing was restored" in answer.text
    assert export_interaction_model(skill).digest() == before


def test_a_viewer_compares_but_does_not_restore(
    address: str, skill: Skill, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert shown(browser_of(bob), address, old="1", new="2")
    assert browser_of(bob).post(f"{address}/1/restore").status_code == 403
    assert browser_of(bob).post(f"{address}/1/name", {"name": "x"}).status_code == 403
