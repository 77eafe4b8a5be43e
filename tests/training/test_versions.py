"""Versions: named, compared with each other and with the working copy, restored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
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


def test_numbers_never_shift(browser: Client, address: str, skill: Skill) -> None:
    skill.training_runs.get(number=1).delete()
    runs.request_run(skill)
    assert list(skill.training_runs.order_by("number").values_list("number", flat=True)) == [2, 3]
    assert browser.get(address, {"old": "1"}).status_code == 404
    assert "Version 3" in browser.get(address, {"old": "2"}).text


@pytest.mark.django_db(transaction=True)
def test_old_runs_are_numbered_as_they_were_counted(skill: Skill) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("training", "0006_gate")])
    try:
        old = executor.loader.project_state([("training", "0006_gate")]).apps
        Run = old.get_model("training", "TrainingRun")
        ids = [UUID(int=number) for number in (5, 3, 4)]
        for position, pk in enumerate(ids):
            moment = datetime(2026, 1, 1 + position // 2, tzinfo=UTC)
            made = Run.objects.create(pk=pk, skill_id=skill.pk, snapshot={}, status="ready")
            Run.objects.filter(pk=made.pk).update(created_at=moment)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    numbers = dict(skill.training_runs.values_list("pk", "number"))
    assert numbers == {ids[1]: 1, ids[0]: 2, ids[2]: 3}
