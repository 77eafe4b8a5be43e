"""Every page of every app, walked by its address: nobody sees or changes another's skill.

The addresses come from the URL maps, so a new page cannot be forgotten here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, reverse
from knox.models import AuthToken

from nlu_engine.annotations import Answer, annotation
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring import urls as authoring
from skillbuilder.authoring.annotation_sets import create_set
from skillbuilder.authoring.bin import bin_of, put_away
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Annotation, AnnotationSet, Catalog, Membership, Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.console import urls as console
from skillbuilder.training import runs
from skillbuilder.training import urls as training
from skillbuilder.training.models import Evaluation, TrainingRun

PATTERNS: list[URLPattern] = [
    *authoring.urlpatterns,
    *training.urlpatterns,
    *console.urlpatterns,
]
OWNED = [
    p
    for p in PATTERNS
    if {"slug", "run_id", "evaluation_id", "key", "catalog_id"} & set(p.pattern.converters)
]
OF_A_SKILL = [p for p in OWNED if "slug" in p.pattern.converters]
FOR_ALL = {"login", "logout"}


def names(patterns: list[URLPattern]) -> list[str]:
    return [str(pattern.name) for pattern in patterns]


def dora() -> Any:
    """Return someone whom every owner has made a member."""
    return get_user_model().objects.get_or_create(username="dora")[0]


def binned(owner: Any) -> str:
    """Return the slug of a skill in the bin of ``owner``."""
    if not bin_of(owner).exists():
        put_away(create_skill(owner, name="Binned", locale="en-US"))
    return bin_of(owner)[0].slug


def annotated(skill: Skill) -> AnnotationSet:
    """Return an annotation set of ``skill`` that has one annotation."""
    new = [annotation("hi", [Answer("OpeningHours")])]
    return skill.annotation_sets.first() or create_set(skill, "Set", new)


def catalog_of(user: Any) -> Catalog:
    """Return a catalog of ``user`` that has one version."""
    catalog = Catalog.objects.get_or_create(owner=user, name="Sizes", newest=1)[0]
    catalog.versions.get_or_create(number=1, rows=[["small", "", []]], count=1)
    return catalog


def arguments(pattern: URLPattern, skill: Skill) -> dict[str, Any]:
    """Return arguments that name things of ``skill`` which exist."""
    intent, slot_type = skill.intents.all()[0], skill.slot_types.all()[0]
    annotation_set = annotated(skill)
    known = {
        "slug": binned(skill.owner) if (pattern.name or "").startswith("bin-") else skill.slug,
        "pk": slot_type.pk if "slot-types" in str(pattern.pattern) else intent.pk,
        "sample_pk": intent.samples.all()[0].pk,
        "slot_pk": intent.slots.all()[0].pk,
        "value_pk": slot_type.values.all()[0].pk,
        "set_pk": annotation_set.pk,
        "annotation_pk": annotation_set.annotations.all()[0].pk,
        "evaluation_id": Evaluation.objects.get_or_create(
            skill=skill, run=runs.request_run(skill)[0], annotation_set=annotation_set
        )[0].pk,
        "run_id": runs.request_run(skill)[0].pk,
        "number": 1,
        "change_pk": skill.changes.create(
            count=0, before=export_interaction_model(skill).to_json()
        ).pk,
        "entry_pk": skill.logged_parses.create(
            run=runs.request_run(skill)[0],
            neural_confidence=1,
            maxent_crf_confidence=1,
            differ=False,
            doubt=0,
            milliseconds=1,
        ).pk,
        "member_pk": skill.memberships.get_or_create(user=dora(), user_name="dora")[0].pk,
        "key": AuthToken.objects.create(skill.owner)[0].digest,
        "catalog_id": catalog_of(skill.owner).pk,
    }
    return {name: known[name] for name in pattern.pattern.converters}


def state_of(skill: Skill) -> tuple[Any, ...]:
    """Return all of the database that a stranger might have changed."""
    skill.refresh_from_db()
    statuses = list(TrainingRun.objects.values_list("pk", "status"))
    statuses += list(Evaluation.objects.values_list("pk", "status"))
    tokens = list(AuthToken.objects.values_list("digest", flat=True))
    model = export_interaction_model(skill)
    kept = list(Skill.with_binned.order_by("pk").values_list("pk", "binned_at"))
    members = list(Membership.objects.values_list("skill", "user", "role"))
    annotations = list(Annotation.objects.values_list("annotation_set__name", "expected"))
    return (
        (skill.owner_id, members, annotations, kept),
        list(Catalog.objects.values_list("name", "newest")),
        skill.name,
        skill.locale,
        skill.revision,
        model.digest(),
        statuses,
        tokens,
    )


def answers(client: Client, address: str) -> list[int]:
    """Return the statuses of a GET, a POST, and both as htmx sends them."""
    htmx = {"HTTP_HX_REQUEST": "true"}
    return [
        client.get(address).status_code,
        client.get(address, **htmx).status_code,
        client.post(address).status_code,
        client.post(address, **htmx).status_code,
    ]


@pytest.mark.parametrize("pattern", OWNED, ids=names(OWNED))
def test_a_stranger_gets_404_and_changes_nothing(
    pattern: URLPattern, skill: Skill, charlie: Any, browser_of: Callable[[Any], Client]
) -> None:
    address = reverse(pattern.name or "", kwargs=arguments(pattern, skill))
    before = state_of(skill)
    # 405 is for a method that nobody may use there, and says nothing of the skill.
    statuses = answers(browser_of(charlie), address)
    assert set(statuses) <= {404, 405}
    assert 404 in statuses
    assert state_of(skill) == before


@pytest.mark.parametrize("pattern", OWNED, ids=names(OWNED))
def test_its_owner_gets_the_page(
    pattern: URLPattern, skill: Skill, alice: Any, browser_of: Callable[[Any], Client]
) -> None:
    address = reverse(pattern.name or "", kwargs=arguments(pattern, skill))
    client = browser_of(alice)
    status = client.get(address).status_code
    if status == 405:
        status = client.post(address).status_code
    assert status in {200, 302, 409, 422}


@pytest.mark.parametrize("pattern", OF_A_SKILL, ids=names(OF_A_SKILL))
def test_parts_of_anothers_skill_are_not_reached_through_ones_own(
    pattern: URLPattern,
    skill: Skill,
    bob: Any,
    tiny_model: InteractionModel,
    browser_of: Callable[[Any], Client],
) -> None:
    own = create_skill(bob, name="Bob's", locale="en-US", model=tiny_model)
    mine = arguments(pattern, own)
    foreign = {**arguments(pattern, skill), "slug": own.slug}
    before = state_of(skill)
    for name in foreign.keys() - {"slug"}:
        address = reverse(pattern.name or "", kwargs={**mine, name: foreign[name]})
        client = browser_of(bob)
        client.post(address, {"stamp": "x", "name": "Hacked", "text": "hacked", "value": "hacked"})
        assert state_of(skill) == before
    if "pk" in foreign:
        address = reverse(pattern.name or "", kwargs={**mine, "pk": foreign["pk"]})
        assert set(answers(browser_of(bob), address)) <= {404, 405}


@pytest.mark.parametrize("pattern", PATTERNS, ids=names(PATTERNS))
def test_nobody_sees_anything_without_signing_in(pattern: URLPattern, skill: Skill) -> None:
    address = reverse(pattern.name or "", kwargs=arguments(pattern, skill))
    before = state_of(skill)
    for answer in (Client().get(address), Client().post(address)):
        if pattern.name in FOR_ALL:
            continue
        assert answer.status_code in {302, 405}
        if answer.status_code == 302:
            assert answer["Location"].startswith("/login?next=")
    assert state_of(skill) == before


@pytest.mark.parametrize("pattern", OWNED, ids=names(OWNED))
def test_what_does_not_exist_is_a_404(
    pattern: URLPattern, skill: Skill, alice: Any, browser_of: Callable[[Any], Client]
) -> None:
    nowhere = {
        "slug": "nowhere",
        "pk": 987654,
        "sample_pk": 987654,
        "slot_pk": 987654,
        "value_pk": 987654,
        "set_pk": 987654,
        "annotation_pk": 987654,
        "evaluation_id": uuid.uuid4(),
        "run_id": uuid.uuid4(),
        "entry_pk": skill.logged_parses.create(
            run=runs.request_run(skill)[0],
            neural_confidence=1,
            maxent_crf_confidence=1,
            differ=False,
            doubt=0,
            milliseconds=1,
        ).pk,
        "member_pk": 987654,
        "change_pk": 987654,
        "number": 987654,
        "key": "0" * 128,
        "catalog_id": uuid.uuid4(),
    }
    kwargs = {name: nowhere[name] for name in pattern.pattern.converters}
    statuses = answers(browser_of(alice), reverse(pattern.name or "", kwargs=kwargs))
    assert set(statuses) <= {404, 405}


def test_an_expired_session_sends_htmx_to_the_sign_in_page(skill: Skill) -> None:
    address = reverse("skill-console", args=[skill.slug])
    answer = Client().post(address, {"utterance": "hi"}, HTTP_HX_REQUEST="true")
    assert answer["HX-Redirect"] == "/login"


@pytest.mark.parametrize("pattern", PATTERNS, ids=names(PATTERNS))
def test_no_change_without_the_csrf_token(pattern: URLPattern, skill: Skill, alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    kwargs = arguments(pattern, skill)
    before = state_of(skill)
    answer = client.post(reverse(pattern.name or "", kwargs=kwargs))
    assert answer.status_code in {403, 405}
    assert state_of(skill) == before
