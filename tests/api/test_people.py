"""People and the history over REST: what pages do, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from skillbuilder.authoring.models import Membership, Skill
from skillbuilder.authoring.people import OWNER, VIEWER, role_of

ApiFor = Callable[[Any], APIClient]


@pytest.fixture
def path(skill: Skill) -> str:
    """Return the address of alice's skill."""
    return f"/api/v1/skills/{skill.slug}"


@pytest.fixture
def member(skill: Skill, bob: Any) -> Membership:
    """Return bob's membership: a viewer's."""
    return skill.memberships.create(user=bob, user_name="bob", role="viewer")


def test_from_an_invitation_to_an_owner(
    path: str, skill: Skill, bob: Any, api: APIClient, api_for: ApiFor
) -> None:
    made = api.post(f"{path}/people", {"user_name": "bob", "role": "viewer"})
    assert made.status_code == 201
    assert made.json()["accepted"] is False
    (waiting,) = api_for(bob).get("/api/v1/invitations").json()["results"]
    assert (waiting["skill"], waiting["owner"], waiting["role"]) == (
        "Tiny kitchen",
        "alice",
        "viewer",
    )
    number = made.json()["id"]
    transfer = f"{path}/people/{number}/transfer"
    assert api.post(transfer).status_code == 404  # Not accepted yet.
    accepted = api_for(bob).post(f"/api/v1/invitations/{waiting['id']}")
    assert accepted.json()["slug"] == skill.slug
    changed = api.patch(f"{path}/people/{number}", {"role": "editor"})
    assert (changed.json()["role"], changed.json()["accepted"]) == ("editor", True)
    handed = api.post(transfer).json()
    assert handed["owner"] == "bob"
    assert [(one["user_name"], one["role"]) for one in handed["members"]] == [("alice", "editor")]
    assert role_of(Skill.objects.get(), bob) == OWNER


def test_people_are_listed_to_members(
    path: str, member: Membership, bob: Any, api: APIClient, api_for: ApiFor
) -> None:
    listed = api_for(bob).get(f"{path}/people").json()
    assert listed == api.get(f"{path}/people").json()
    assert listed["owner"] == "alice"
    assert [(one["id"], one["user_name"]) for one in listed["members"]] == [(member.pk, "bob")]


def test_an_invitation_declined(path: str, bob: Any, charlie: Any, api: Any, api_for: Any) -> None:
    number = api.post(f"{path}/people", {"user_name": "bob", "role": "editor"}).json()["id"]
    mine = f"/api/v1/invitations/{number}"
    for method in ("post", "delete"):
        assert getattr(api_for(charlie), method)(mine).status_code == 404
    assert api_for(bob).delete(mine).status_code == 204
    assert api_for(bob).post(mine).status_code == 404
    assert api.get(f"{path}/people").json()["members"] == []


@pytest.mark.parametrize("name", ["alice", "bob", "invited"])
def test_nobody_is_invited_twice(
    path: str, skill: Skill, member: Membership, api: APIClient, name: str
) -> None:
    skill.memberships.create(user_name="invited", role="viewer")
    answer = api.post(f"{path}/people", {"user_name": name, "role": "editor"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "already_there"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user_name": "x"},
        {"user_name": "", "role": "viewer"},
        {"user_name": "a b", "role": "viewer"},
        {"user_name": "x" * 151, "role": "viewer"},
        {"user_name": "x\n", "role": "viewer"},
        {"user_name": 5, "role": "viewer"},
        {"user_name": "x", "role": "owner"},
        {"user_name": "x", "role": "viewer", "more": 1},
    ],
)
def test_a_bad_invitation_is_refused(path: str, skill: Skill, api: Any, body: Any) -> None:
    answer = api.post(f"{path}/people", body)
    assert answer.status_code == 400
    assert answer.json()["problems"]
    assert not skill.memberships.exists()


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_the_owner_changes_people(
    path: str, member: Membership, bob: Any, api_for: ApiFor, role: str
) -> None:
    Membership.objects.update(role=role)
    client, one = api_for(bob), f"{path}/people/{member.pk}"
    refused = [
        client.post(f"{path}/people", {"user_name": "x", "role": "viewer"}),
        client.patch(one, {"role": "editor"}),
        client.delete(one),
        client.post(f"{one}/transfer"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert {answer.json()["code"] for answer in refused} == {"permission_denied"}
    assert [one.role for one in Membership.objects.all()] == [role]


def test_a_member_leaves_and_an_owner_stays(
    path: str, skill: Skill, member: Membership, bob: Any, api: APIClient, api_for: ApiFor
) -> None:
    assert role_of(skill, bob) == VIEWER
    assert api_for(bob).post(f"{path}/leave").status_code == 204
    assert api_for(bob).post(f"{path}/leave").status_code == 404
    stays = api.post(f"{path}/leave")
    assert (stays.status_code, stays.json()["code"]) == (409, "owner_stays")


def test_a_member_is_removed(
    path: str, member: Membership, bob: Any, api: APIClient, api_for: ApiFor
) -> None:
    assert api.delete(f"{path}/people/{member.pk}").status_code == 204
    assert api_for(bob).get(path).status_code == 404
    assert api.delete(f"{path}/people/{member.pk}").status_code == 404


def test_a_member_of_another_skill_is_not_met(
    path: str, member: Membership, bob: Any, api_for: ApiFor
) -> None:
    own = api_for(bob).post("/api/v1/skills", {"name": "Bob's"}).json()["slug"]
    foreign = f"/api/v1/skills/{own}/people/{member.pk}"
    client = api_for(bob)
    assert client.patch(foreign, {"role": "editor"}).status_code == 404
    assert client.delete(foreign).status_code == 404
    assert client.post(f"{foreign}/transfer").status_code == 404


# --- The history --------------------------------------------------------------------------


def test_the_history_is_filtered_and_paged(
    path: str, member: Membership, bob: Any, api: APIClient, api_for: ApiFor
) -> None:
    Membership.objects.update(role="editor")
    api.post(f"{path}/people", {"user_name": "x", "role": "viewer"})
    for number in range(3):
        api_for(bob).patch(path, {"name": f"Name {number}"})
    Membership.objects.update(role="viewer")
    history = f"{path}/history"
    everything = api_for(bob).get(history).json()["results"]
    assert [(one["user"], one["kind"]) for one in everything] == [
        ("bob", "skill"),
        ("bob", "skill"),
        ("bob", "skill"),
        ("alice", "people"),
    ]
    assert everything[0]["differences"] == [
        {
            "kind": "changed",
            "what": "name",
            "within": "",
            "name": "name",
            "before": "Name 1",
            "after": "Name 2",
        }
    ]
    assert api.get(history, {"by": "alice"}).json()["results"] == everything[3:]
    assert api.get(history, {"kind": "skill", "by": "bob"}).json()["results"] == everything[:3]
    assert api.get(history, {"by": "no\x00body"}).json()["results"] == []
    first = api.get(history, {"page_size": 2}).json()
    second = api.get(first["next"]).json()
    assert first["results"] + second["results"] == everything
    assert second["next"] is None
    wrong = api.get(history, {"kind": "nonsense"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")


def test_a_stranger_reads_no_history(path: str, charlie: Any, api_for: ApiFor) -> None:
    assert api_for(charlie).get(f"{path}/history").status_code == 404
