"""Nobody gets anything without a token, and charlie gets nothing of alice's.

The tests walk the URL map, so an endpoint that is added later is tested without asking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from skillbuilder.api import urls
from skillbuilder.authoring.bin import bin_of
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Catalog, Membership, Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training.models import TrainingRun

METHODS = ("get", "post", "put", "patch", "delete")
# Endpoints that are about no object: a stranger uses them for what is his own.
OWN = {"skills", "bin", "invitations", "catalogs"}

ENDPOINTS = [
    (pattern.name, method)
    for pattern in urls.v1
    for method in METHODS
    if hasattr(pattern.callback.view_class, method)  # type: ignore[attr-defined]
]
BODIES: dict[str, Any] = {
    "skill": {"name": "Stolen"},
    "interaction-model": {"languageModel": {"invocationName": "stolen skill", "intents": []}},
    "parse": {"utterance": "order a big pizza"},
    "catalog": {"name": "Stolen"},
    "explain": {"utterance": "order a big pizza"},
    "dialogue": {"utterance": "order a big pizza"},
    "people": {"user_name": "charlie", "role": "editor"},
    "member": {"role": "editor"},
}
LISTS = {"slot-type-values": "stolen\n", "catalog-versions": "stolen\n"}


def address(name: str, run: TrainingRun) -> str:
    """Return the address of the endpoint ``name`` for alice's skill or its run."""
    pattern = next(pattern for pattern in urls.v1 if pattern.name == name)
    annotation_set = run.skill.annotation_sets.get_or_create(name="Set")[0]
    evaluation = run.evaluations.get_or_create(skill=run.skill, annotation_set=annotation_set)[0]
    catalog = Catalog.objects.get_or_create(owner=run.skill.owner, name="Sizes", newest=1)[0]
    catalog.versions.get_or_create(number=1, rows=[["small", "", []]], count=1)
    values = {
        "slug": binned(run.skill.owner).slug if name.startswith("bin-") else run.skill.slug,
        "member_id": member(run.skill, name).pk,
        "key": catalog.pk,
        "number": 1,
        "run_id": run.pk,
        "type_name": "Size",
        "set_id": annotation_set.pk,
        "evaluation_id": evaluation.pk,
    }
    wanted = pattern.pattern.converters  # type: ignore[attr-defined]
    return reverse(f"api:{name}", kwargs={key: values[key] for key in wanted})


def binned(user: Any) -> Skill:
    """Return a skill of ``user`` that is in the bin."""
    made = bin_of(user).first() or create_skill(user, name="Binned", locale="en-US")
    Skill.objects.filter(pk=made.pk).update(binned_at=timezone.now())
    return made


def member(skill: Skill, name: str) -> Membership:
    """Return someone who is a member, or of an "invitation" the owner himself as invited."""
    if name == "invitation":
        # Only as a test has it: an owner who has invited himself.
        return skill.memberships.get_or_create(user_name=skill.owner.username, role="viewer")[0]
    dora = get_user_model().objects.get_or_create(username="dora")[0]
    return skill.memberships.get_or_create(user=dora, user_name="dora", role="viewer")[0]


def send(client: APIClient, method: str, name: str, path: str) -> Any:
    """Send the endpoint what it wants."""
    if name in LISTS and method != "get":
        return getattr(client, method)(path, LISTS[name], content_type="text/csv")
    return getattr(client, method)(path, BODIES.get(name))


def state_of(skill: Skill) -> Any:
    """Return everything that a stranger might change."""
    fresh = Skill.objects.get(pk=skill.pk)
    runs = list(TrainingRun.objects.order_by("pk").values("pk", "status", "requested_at"))
    sets = list(fresh.annotation_sets.values("name", "revision"))
    evaluations = list(fresh.evaluations.values("pk", "status"))
    people = list(Membership.objects.values("skill", "user_name", "user", "role"))
    kept = list(Skill.with_binned.order_by("pk").values("pk", "binned_at", "owner"))
    catalogs = list(Catalog.objects.values("name", "newest"))
    more = (runs, sets, evaluations, people, kept, catalogs)
    return fresh.name, fresh.revision, export_interaction_model(fresh), more


@pytest.mark.parametrize(("name", "method"), ENDPOINTS)
def test_without_a_token_everything_is_401(
    name: str, method: str, skill: Skill, ready_run: TrainingRun
) -> None:
    response = send(APIClient(), method, name, address(name, ready_run))
    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(("name", "method"), [pair for pair in ENDPOINTS if pair[0] not in OWN])
def test_for_a_stranger_everything_is_404_and_nothing_changes(
    name: str,
    method: str,
    skill: Skill,
    ready_run: TrainingRun,
    charlie: Any,
    api_for: Callable[[Any], APIClient],
) -> None:
    path = address(name, ready_run)
    before = state_of(skill)
    response = send(api_for(charlie), method, name, path)
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert skill.name not in response.text
    assert state_of(skill) == before


@pytest.mark.parametrize(("name", "method"), [pair for pair in ENDPOINTS if pair[0] not in OWN])
def test_for_its_owner_nothing_is_404(
    name: str, method: str, ready_run: TrainingRun, api: APIClient
) -> None:
    # Else the stranger's 404 would prove nothing.
    response = send(api, method, name, address(name, ready_run))
    assert response.status_code != 404


def test_lists_hold_only_my_own(
    skill: Skill, charlie: Any, api: APIClient, api_for: Callable[[Any], APIClient]
) -> None:
    assert [found["slug"] for found in api.get("/api/v1/skills").json()["results"]] == [skill.slug]
    assert api_for(charlie).get("/api/v1/skills").json()["results"] == []


@pytest.mark.parametrize(
    "header",
    ["Token skb_wrong", "Token", "Token a b", "Token sk\xff\xfe", "Token " + "x" * 5000],
)
def test_a_token_that_is_none_is_401(header: str, db: None) -> None:
    response = APIClient().get("/api/v1/skills", HTTP_AUTHORIZATION=header)
    assert response.status_code == 401
    assert response.json()["code"] == "authentication_failed"


def test_a_token_of_someone_deactivated_is_401(alice: Any, api: APIClient) -> None:
    alice.is_active = False
    alice.save()
    assert api.get("/api/v1/skills").status_code == 401


def test_someone_signed_in_needs_the_csrf_token_to_change_things(alice: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/skills").status_code == 200
    assert client.post("/api/v1/skills", {"name": "Forged"}).status_code == 403
    assert not Skill.objects.exists()
