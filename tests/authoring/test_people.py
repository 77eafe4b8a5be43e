"""Owner, editor, viewer, stranger: who may do what, on pages and in the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from skillbuilder.authoring.models import Intent, Membership, Skill
from skillbuilder.authoring.people import EDITOR, OWNER, VIEWER, role_of
from skillbuilder.training.models import TrainingRun

BrowserOf = Callable[[Any], Client]


def join(skill: Skill, user: Any, role: str) -> Membership:
    """Make ``user`` a member who has accepted."""
    return skill.memberships.create(user=user, user_name=user.username, role=role)


def people(skill: Skill) -> str:
    return reverse("skill-people", args=[skill.slug])


def test_an_invitation_counts_once_it_is_accepted(
    skill: Skill, bob: Any, browser: Client, browser_of: BrowserOf
) -> None:
    browser.post(people(skill), {"user_name": "bob", "role": "viewer"})
    assert not Skill.objects.visible_to(bob).exists()
    assert browser_of(bob).get(f"/skills/{skill.slug}/").status_code == 404
    assert "invites you to the skill" in browser_of(bob).get("/").text
    address = reverse("invitation-answer", args=[skill.memberships.get().pk])
    browser_of(bob).post(address, {"answer": "accept"})
    assert Skill.objects.visible_to(bob).get() == skill
    assert role_of(skill, bob) == VIEWER


def test_an_invitation_is_answered_by_whom_it_names_alone(
    skill: Skill, bob: Any, charlie: Any, browser: Client, browser_of: BrowserOf
) -> None:
    browser.post(people(skill), {"user_name": "bob", "role": "editor"})
    address = reverse("invitation-answer", args=[skill.memberships.get().pk])
    assert browser_of(charlie).post(address, {"answer": "accept"}).status_code == 404
    browser_of(bob).post(address, {"answer": "decline"})
    assert not skill.memberships.exists()
    assert browser_of(bob).post(address, {"answer": "accept"}).status_code == 404


def test_inviting_does_not_tell_who_has_an_account(skill: Skill, bob: Any, browser: Client) -> None:
    pages = []
    for name in ("bob", "nob"):
        answer = browser.post(people(skill), {"user_name": name, "role": "viewer"}, follow=True)
        pages.append([str(m).replace(name, "") for m in answer.context["messages"]])
    assert pages[0] == pages[1]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_nobody_is_invited_twice(skill: Skill, bob: Any, browser: Client, name: str) -> None:
    join(skill, bob, "viewer")
    answer = browser.post(people(skill), {"user_name": name, "role": "editor"})
    assert answer.status_code == 422
    assert "in the list already" in answer.text


def test_a_viewer_looks_and_tests_but_changes_nothing(
    intent: Intent, ready_run: TrainingRun, bob: Any, browser_of: BrowserOf
) -> None:
    skill = ready_run.skill
    join(skill, bob, "viewer")
    client = browser_of(bob)
    for name in ("skill-detail", "skill-json", "skill-build", "skill-people", "skill-console"):
        answer = client.get(reverse(name, args=[skill.slug]))
        assert answer.status_code == 200
        assert "You may look and test" in answer.text
    console = client.post(f"/skills/{skill.slug}/console", {"utterance": "order a big pizza"})
    assert console.status_code == 200
    sample = reverse("sample-create", args=[skill.slug, intent.pk])
    refused = client.post(sample, {"text": "changed by bob"})
    assert refused.status_code == 403
    assert "You are viewer of the skill" in refused.text
    assert not intent.samples.filter(text="changed by bob").exists()
    cancel = reverse("run-cancel", args=[ready_run.pk])
    assert client.post(cancel).status_code == 403


def test_an_editor_edits_but_neither_deletes_nor_shares(
    skill: Skill, intent: Intent, bob: Any, browser_of: BrowserOf
) -> None:
    member = join(skill, bob, "editor")
    client = browser_of(bob)
    client.post(reverse("sample-create", args=[skill.slug, intent.pk]), {"text": "by bob"})
    assert intent.samples.filter(text="by bob").exists()
    assert client.get(reverse("skill-delete", args=[skill.slug])).status_code == 403
    assert client.post(people(skill), {"user_name": "x", "role": "editor"}).status_code == 403
    for name in ("member-role", "member-remove", "skill-transfer"):
        address = reverse(name, args=[skill.slug, member.pk])
        assert client.post(address, {"role": "viewer"}).status_code == 403
    assert skill.memberships.get() == member


def test_roles_change_and_end(
    skill: Skill, bob: Any, browser: Client, browser_of: BrowserOf
) -> None:
    member = join(skill, bob, "viewer")
    browser.post(reverse("member-role", args=[skill.slug, member.pk]), {"role": "editor"})
    assert role_of(skill, bob) == EDITOR
    browser_of(bob).post(reverse("skill-leave", args=[skill.slug]))
    assert not Skill.objects.visible_to(bob).exists()
    member = join(skill, bob, "viewer")
    browser.post(reverse("member-remove", args=[skill.slug, member.pk]))
    assert not Skill.objects.visible_to(bob).exists()


def test_handing_over_swaps_the_roles(skill: Skill, bob: Any, alice: Any, browser: Client) -> None:
    address = reverse("skill-transfer", args=[skill.slug, join(skill, bob, "viewer").pk])
    assert "Make bob the owner" in browser.get(address).text
    browser.post(address)
    skill.refresh_from_db()
    assert (role_of(skill, bob), role_of(skill, alice)) == (OWNER, EDITOR)


def test_only_who_accepted_can_become_the_owner(skill: Skill, bob: Any, browser: Client) -> None:
    waiting = skill.memberships.create(user_name="bob", role="editor")
    address = reverse("skill-transfer", args=[skill.slug, waiting.pk])
    assert browser.post(address).status_code == 404


def test_a_skill_with_many_members_is_listed_once(skill: Skill, bob: Any, alice: Any) -> None:
    join(skill, bob, "viewer")
    skill.memberships.create(user_name="nobody", role="viewer")
    assert Skill.objects.visible_to(alice).count() == 1


def test_roles_in_the_api(
    ready_run: TrainingRun, bob: Any, api_for: Callable[[Any], APIClient]
) -> None:
    skill = ready_run.skill
    member = join(skill, bob, "viewer")
    client, address = api_for(bob), f"/api/v1/skills/{skill.slug}"
    assert client.get(address).status_code == 200
    assert client.post(f"{address}/parse", {"utterance": "order a big pizza"}).status_code == 200
    refused = client.patch(address, {"name": "Bob's"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    assert "You are viewer of the skill" in refused.json()["message"]
    member.role = "editor"
    member.save()
    assert client.patch(address, {"name": "Bob's"}).status_code == 200
    assert client.delete(address).status_code == 403
    assert Skill.objects.filter(pk=skill.pk).exists()


def test_a_viewer_reads_the_json_but_is_offered_no_change(
    skill: Skill, bob: Any, browser: Client, browser_of: BrowserOf
) -> None:
    join(skill, bob, "viewer")
    address = reverse("skill-json", args=[skill.slug])
    assert "Review changes" in browser.get(address).text
    seen = browser_of(bob).get(address).text
    assert "interactionModel" in seen
    assert "Review changes" not in seen
    assert "readonly" in seen
