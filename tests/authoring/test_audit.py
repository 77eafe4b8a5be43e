"""The history tells of more than edits: of the skill, its people, its builds, whoever did it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from skillbuilder.authoring import history
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.models import Change, Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import leases, runs
from skillbuilder.training.models import TrainingRun

BrowserOf = Callable[[Any], Client]


def told(skill: Skill) -> list[tuple[str, str, str, str | None]]:
    """Return all entries, oldest first: kind, what was done, to what, and by whom."""
    return [
        (
            change.kind,
            change.differences[0]["kind"],
            change.differences[0]["name"],
            change.user.username if change.user else None,
        )
        for change in skill.changes.order_by("pk")
    ]


def test_a_new_skill_begins_its_history(browser: Client, api: APIClient, bob: Any) -> None:
    browser.post(reverse("skill-create"), {"start": "blank", "name": "By page", "locale": "en-US"})
    api.post("/api/v1/skills", {"name": "By program"})
    create_skill(bob, name="By command", locale="en-US")
    entries = [told(skill) for skill in Skill.objects.order_by("pk")]
    assert entries == [
        [("skill", "created", "By page", "alice")],
        [("skill", "created", "By program", "alice")],
        [("skill", "created", "By command", None)],
    ]


def test_settings_are_told_apart_from_content(
    skill: Skill, browser: Client, api: APIClient
) -> None:
    new = {"name": "New", "locale": "de-DE", "invocation_name": "new one", "stamp": stamp(skill)}
    browser.post(reverse("skill-settings", args=[skill.slug]), new)
    api.patch(f"/api/v1/skills/{skill.slug}", {"name": "Newer"})
    browser.post(reverse("intent-create", args=[skill.slug]), {"name": "More"})
    assert [change.kind for change in skill.changes.all()] == ["content", "skill", "skill"]


def test_people_come_change_and_go(
    skill: Skill, bob: Any, browser: Client, browser_of: BrowserOf
) -> None:
    def invite(name: str) -> int:
        browser.post(
            reverse("skill-people", args=[skill.slug]), {"user_name": name, "role": "viewer"}
        )
        return skill.memberships.get(user_name=name).pk

    def member(view: str, pk: int, **data: str) -> None:
        browser.post(reverse(view, args=[skill.slug, pk]), data)

    def answer(pk: int, what: str) -> None:
        browser_of(bob).post(reverse("invitation-answer", args=[pk]), {"answer": what})

    answer(invite("bob"), "decline")
    member("member-remove", invite("nobody"))
    pk = invite("bob")
    answer(pk, "accept")
    member("member-role", pk, role="viewer")  # As before: nothing to tell.
    member("member-role", pk, role="editor")
    browser_of(bob).post(reverse("skill-leave", args=[skill.slug]))
    pk = invite("bob")
    answer(pk, "accept")
    member("skill-transfer", pk)
    assert [entry[1:] for entry in told(skill)] == [
        ("invited", "bob", "alice"),
        ("declined", "bob", "bob"),
        ("invited", "nobody", "alice"),
        ("withdrew the invitation of", "nobody", "alice"),
        ("invited", "bob", "alice"),
        ("joined", "bob", "bob"),
        ("changed the role of", "bob", "alice"),
        ("left", "bob", "bob"),
        ("invited", "bob", "alice"),
        ("joined", "bob", "bob"),
        ("handed over to", "bob", "alice"),
    ]
    assert {entry[0] for entry in told(skill)} == {"people"}


def test_a_member_who_is_removed(skill: Skill, bob: Any, browser: Client) -> None:
    pk = skill.memberships.create(user=bob, user_name="bob", role="editor").pk
    browser.post(reverse("member-remove", args=[skill.slug, pk]))
    assert told(skill) == [("people", "removed", "bob", "alice")]


def test_builds_are_told_from_asking_to_their_end(
    skill: Skill, browser: Client, api: APIClient, ready_run: TrainingRun
) -> None:
    address = f"/api/v1/skills/{skill.slug}/training-runs"
    skill.changes.all().delete()
    browser.post(reverse("skill-build", args=[skill.slug]))  # Nothing has changed.
    api.post(address, {"seed": 1})
    first = skill.training_runs.get(number=2)
    api.post(address, {"seed": 1})  # Asked for already.
    api.post(address, {"seed": 2})  # Supersedes the one before.
    failing = runs.claim_next()
    assert failing is not None
    leases.fail(failing, "internal", "It broke.")
    browser.post(reverse("skill-build", args=[skill.slug]))
    browser.post(reverse("run-release", args=[ready_run.pk]))
    api.post(f"/api/v1/training-runs/{first.pk}/cancel")  # Cancelled before.
    assert [entry[1:] for entry in told(skill)] == [
        ("asked again for", "1", "alice"),
        ("asked to build", "2", "alice"),
        ("cancelled the build of", "2", "alice"),
        ("asked to build", "3", "alice"),
        ("failed to build", "3", "alice"),
        ("asked again for", "1", "alice"),
        ("let go live", "1", "alice"),
    ]
    page = browser.get(reverse("skill-history", args=[skill.slug]), {"kind": "builds"}).text
    assert "It broke." in page


def test_a_ready_version_is_told(ready_run: TrainingRun) -> None:
    assert [entry[1:] for entry in told(ready_run.skill)] == [
        ("asked to build", "1", None),
        ("built", "1", None),
    ]


def test_a_build_whose_worker_is_lost_for_good_is_told(skill: Skill, settings: Any) -> None:
    settings.TRAINING_ATTEMPTS = 1
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    TrainingRun.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    runs.requeue_lost()
    assert told(skill)[-1] == ("builds", "failed to build", "1", None)


def test_versions_named_and_restored_are_told(
    skill: Skill, browser: Client, ready_run: TrainingRun
) -> None:
    browser.post(reverse("intent-create", args=[skill.slug]), {"name": "More"})
    skill.changes.all().delete()
    page = reverse("skill-versions", args=[skill.slug])
    for _ in range(2):
        browser.post(f"{page}/1/name", {"name": "Good"})
    browser.post(f"{page}/1/restore", {"digest": "seen long ago"})
    browser.post(f"{page}/1/restore", {"digest": browser.get(page).context["digest"]})
    assert told(skill) == [
        ("builds", "named", "1", "alice"),
        ("builds", "restored", "1", "alice"),
        ("content", "removed", "More", "alice"),
    ]


def test_the_page_shows_what_is_asked_for(
    skill: Skill, bob: Any, browser: Client, browser_of: BrowserOf
) -> None:
    skill.memberships.create(user=bob, user_name="bob", role="editor")
    browser_of(bob).post(reverse("intent-create", args=[skill.slug]), {"name": "Bobs"})
    browser.post(reverse("skill-people", args=[skill.slug]), {"user_name": "x", "role": "viewer"})
    address = reverse("skill-history", args=[skill.slug])

    def shown(**query: str) -> list[str]:
        text = browser.get(address, query).text
        return re.findall(r'<h2 class="card-title">(\w+)</h2>', text)

    assert shown() == ["alice", "bob"]
    assert shown(by="bob") == shown(kind="content") == ["bob"]
    assert shown(kind="people", by="alice") == ["alice"]
    assert shown(kind="nonsense", by="\x00") == ["alice", "bob"]
    assert "Nothing of that kind" in browser.get(address, {"by": "bob", "kind": "builds"}).text


def test_pages_keep_what_was_asked_for(skill: Skill, browser: Client) -> None:
    for number in range(21):
        history.note_event(skill, "people", "invited", "person", f"user{number}")
    page = browser.get(reverse("skill-history", args=[skill.slug]), {"kind": "people"}).text
    assert "?kind=people&amp;page=2" in page


def test_only_the_newest_entries_keep_their_steps_back(
    skill: Skill, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KEPT_UNDO", 3)
    for name in "abcde":
        browser.post(reverse("intent-create", args=[skill.slug]), {"name": name})
    kept = [change.undo is not None for change in skill.changes.all()]
    assert kept == [True, True, True, False, False]


@pytest.mark.django_db(transaction=True)
def test_old_entries_get_their_kind(skill: Skill) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("authoring", "0010_catalogs")])
    try:
        old = executor.loader.project_state([("authoring", "0010_catalogs")]).apps
        entries = old.get_model("authoring", "Change").objects
        for whats in (["name", "locale"], ["annotation set"], ["name", "intent"], []):
            found = [{"kind": "changed", "what": what, "name": "x"} for what in whats]
            entries.create(skill_id=skill.pk, count=len(whats), differences=found, undo={})
        rest = [old.get_model("authoring", "Change")(skill_id=skill.pk, count=0)] * 199
        entries.bulk_create(rest)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    oldest = list(Change.objects.order_by("pk")[:4])
    assert [one.kind for one in oldest] == ["skill", "annotations", "content", "content"]
    assert [one.undo for one in oldest] == [None, None, None, {}]
