"""The bin: a deleted skill is gone for everybody, comes back whole, and goes in the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from nlu_engine.annotations import Answer, annotation
from skillbuilder.authoring import bin, checking
from skillbuilder.authoring.annotation_sets import create_set
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import SlugTaken, create_skill
from skillbuilder.console.demo import import_sample_skills
from skillbuilder.training import evaluations, gate, reaper, runs, storage, tasks
from skillbuilder.training.models import Evaluation, TrainingRun

BrowserOf = Callable[[Any], Client]


@pytest.fixture
def full(ready_run: TrainingRun, bob: Any) -> Skill:
    """Return a skill with people, a version, a set, a dismissal, and a parse log."""
    skill = ready_run.skill
    skill.memberships.create(user=bob, user_name="bob", role="editor")
    skill.memberships.create(user_name="charlie", role="viewer")
    create_set(skill, "Set", [annotation("hi", [Answer("OpeningHours")])])
    skill.dismissed_checks.create(key="some-check")
    return skill


def everything(skill: Skill) -> Any:
    """Return all that is to come back."""
    fresh = Skill.objects.get(slug=skill.slug)
    return (
        export_interaction_model(fresh).to_json(),
        list(fresh.memberships.values()),
        list(fresh.training_runs.order_by("number").values("pk", "number", "status")),
        list(fresh.annotation_sets.values("name", "annotations__utterance")),
        list(fresh.dismissed_checks.values("key")),
        (fresh.updated_at, fresh.revision, fresh.owner_id),
    )


def test_what_is_restored_is_whole(full: Skill, browser: Client) -> None:
    before, artifact = everything(full), full.training_runs.get().pk
    address = reverse("skill-delete", args=[full.slug])
    assert "for 30 days" in browser.get(address).text
    answer = browser.post(address, {"stamp": stamp(full)}, follow=True)
    assert "Tiny kitchen is in the bin." in answer.text
    assert not Skill.objects.exists()
    assert storage.exists(artifact)
    page = browser.get(reverse("skill-bin")).text
    gone = timezone.now() + timedelta(days=30)
    assert "Tiny kitchen" in page and f"gone for good on {gone.day} {gone:%B}" in page
    answer = browser.post(reverse("bin-restore", args=[full.slug]), follow=True)
    assert "Tiny kitchen is back" in answer.text
    assert everything(full) == before
    entries = [
        (c.differences[0]["kind"], c.user.username) for c in full.changes.all()[:2] if c.user
    ]
    assert entries == [("restored", "alice"), ("deleted", "alice")]


def test_nobody_meets_it_anywhere_else(
    full: Skill, bob: Any, charlie: Any, browser: Client, browser_of: BrowserOf, api: APIClient
) -> None:
    run = full.training_runs.get()
    evaluation = evaluations.request_evaluation(run, full.annotation_sets.get())[0]
    bin.put_away(full)
    for client in (browser, browser_of(bob), browser_of(charlie)):
        assert full.name not in client.get("/").text
        for name in ("skill-detail", "skill-console", "skill-history", "skill-people"):
            assert client.get(reverse(name, args=[full.slug])).status_code == 404
        assert client.get(reverse("run-status", args=[run.pk])).status_code == 404
        assert client.get(reverse("evaluation", args=[evaluation.pk])).status_code == 404
    path = f"/api/v1/skills/{full.slug}"
    assert api.get("/api/v1/skills").json()["results"] == []
    assert api.post(f"{path}/parse", {"utterance": "hi"}).status_code == 404
    assert api.get(f"{path}/interaction-model").status_code == 404
    assert api.get(f"/api/v1/training-runs/{run.pk}").status_code == 404
    assert api.get("/api/v1/invitations").json()["results"] == []
    with pytest.raises(Http404):
        runs.request_run(full)


def test_its_bin_is_its_owners_alone(
    full: Skill, bob: Any, charlie: Any, browser_of: BrowserOf, api_for: Any
) -> None:
    bin.put_away(full)
    for user in (bob, charlie):
        assert "The bin is empty" in browser_of(user).get(reverse("skill-bin")).text
        for name in ("bin-restore", "bin-delete"):
            assert browser_of(user).post(reverse(name, args=[full.slug])).status_code == 404
        assert api_for(user).get("/api/v1/bin").json()["results"] == []
        assert api_for(user).post(f"/api/v1/bin/{full.slug}/restore").status_code == 404
        assert api_for(user).delete(f"/api/v1/bin/{full.slug}").status_code == 404
    assert bin.bin_of(full.owner).get() == full


def test_only_what_is_in_the_bin_is_restored_or_deleted_for_good(
    skill: Skill, browser: Client, api: APIClient
) -> None:
    for name in ("bin-restore", "bin-delete"):
        assert browser.post(reverse(name, args=[skill.slug])).status_code == 404
    assert api.delete(f"/api/v1/bin/{skill.slug}").status_code == 404
    assert Skill.objects.get() == skill


def test_work_on_it_is_cancelled_and_told(full: Skill, browser: Client) -> None:
    evaluation = evaluations.request_evaluation(
        full.training_runs.get(), full.annotation_sets.get()
    )[0]
    full.intents.create(name="New")
    run = runs.request_run(full, seed=1)[0]
    bin.put_away(full)
    run.refresh_from_db()
    evaluation.refresh_from_db()
    assert run.status == TrainingRun.Status.CANCELLED
    assert evaluation.status == Evaluation.Status.CANCELLED
    assert runs.claim_next() is None
    whats = [change.differences[0]["kind"] for change in full.changes.all()[:2]]
    assert whats == ["deleted", "cancelled the build of"]


def test_beat_leaves_it_alone(full: Skill, sent_messages: Any) -> None:
    TrainingRun.objects.update(gate=TrainingRun.Gate.PENDING)
    bin.put_away(full)
    gate.resume()
    reaper.reap()
    assert not Evaluation.objects.exists()
    bin.restore(full.owner, full.slug)
    gate.resume()
    assert Evaluation.objects.get().status == Evaluation.Status.QUEUED


def test_a_build_that_is_ready_at_that_moment_does_no_harm(
    skill: Skill, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None

    def build(claimed: TrainingRun) -> None:
        runs.finish(claimed, notes=[], metrics={})
        bin.put_away(skill)

    monkeypatch.setattr("skillbuilder.training.build.build", build)
    tasks.record(run)
    run.refresh_from_db()
    assert run.status == TrainingRun.Status.READY


def test_its_slug_stays_taken(full: Skill, bob: Any, api: APIClient, api_for: Any) -> None:
    bin.put_away(full)
    mine = api.post("/api/v1/skills", {"name": "Mine", "slug": full.slug})
    assert mine.status_code == 409
    assert "by a skill in your bin" in mine.json()["message"]
    others = api_for(bob).post("/api/v1/skills", {"name": "Bob's", "slug": full.slug})
    assert others.status_code == 409
    assert "bin" not in others.json()["message"]
    assert create_skill(bob, name="Tiny kitchen", locale="en-US").slug == "tiny-kitchen-2"
    with pytest.raises(SlugTaken):
        create_skill(bob, name="x", locale="en-US", slug=full.slug)


def test_a_sample_skill_in_the_bin_is_not_imported_again(alice: Any) -> None:
    first = import_sample_skills(alice)[0]
    bin.put_away(first)
    assert import_sample_skills(alice) == []


def test_deleting_for_good_asks_once_more(full: Skill, browser: Client) -> None:
    artifact = full.training_runs.get().pk
    bin.put_away(full)
    address = reverse("bin-delete", args=[full.slug])
    assert "Nothing brings it back" in browser.get(address).text
    assert Skill.with_binned.filter(pk=full.pk).exists()
    browser.post(address)
    assert not Skill.with_binned.exists()
    assert not TrainingRun.objects.filter(pk=artifact).exists()


@pytest.mark.django_db(transaction=True)
def test_after_thirty_days_it_goes_with_its_artifacts(full: Skill, alice: Any) -> None:
    artifact = full.training_runs.get().pk
    newer, kept = (create_skill(alice, name=name, locale="en-US") for name in ("Newer", "Kept"))
    for skill, days in ((full, 30), (newer, 29)):
        bin.put_away(skill)
        moment = timezone.now() - timedelta(days=days, minutes=1)
        Skill.with_binned.filter(pk=skill.pk).update(binned_at=moment)
    tasks.empty_bin()
    assert set(Skill.with_binned.all()) == {newer, kept}
    assert not storage.exists(artifact)


def test_the_api_restores_and_deletes(full: Skill, api: APIClient) -> None:
    before, path = everything(full), f"/api/v1/bin/{full.slug}"
    assert api.delete(f"/api/v1/skills/{full.slug}").status_code == 204
    assert api.delete(f"/api/v1/skills/{full.slug}").status_code == 404
    (listed,) = api.get("/api/v1/bin").json()["results"]
    assert listed["slug"] == full.slug
    assert listed["leaves_at"] > listed["deleted_at"]
    assert api.post(f"{path}/restore").json()["slug"] == full.slug
    assert everything(full) == before
    api.delete(f"/api/v1/skills/{full.slug}")
    assert api.delete(path).status_code == 204
    assert not Skill.with_binned.exists()


def test_the_list_leads_to_the_bin_once_there_is_something(skill: Skill, browser: Client) -> None:
    assert reverse("skill-bin") not in browser.get("/").text
    bin.put_away(skill)
    assert reverse("skill-bin") in browser.get("/").text


def test_two_deletions_at_once(skill: Skill) -> None:
    bin.put_away(skill)
    with pytest.raises(Http404):
        bin.put_away(skill)


def test_dismissals_come_back(full: Skill) -> None:
    key = next(check.key for check in checking.checked(full).shown if check.severity != "error")
    checking.dismiss(full, key)
    bin.put_away(full)
    restored = bin.restore(full.owner, full.slug)
    assert key in {check.key for check in checking.checked(restored).dismissed}
