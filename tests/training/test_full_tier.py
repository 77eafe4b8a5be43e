"""The full tier of a version: it follows the quick one, takes over, or is kept from doing so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from nlu_engine.annotations import Answer, annotation
from nlu_engine.artifact import read_artifact
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring import bin
from skillbuilder.authoring.editing import add_samples
from skillbuilder.authoring.models import AnnotationSet, Skill
from skillbuilder.training import artifacts, build, full_tier, gate, leases, runs, storage, tasks
from skillbuilder.training.models import Evaluation, FullTier, TrainingRun
from skillbuilder.training.state import build_state

Status, Gate, Tier = FullTier.Status, FullTier.Gate, TrainingRun.Tier
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def both_tiers(own_folders: None, settings: Any) -> None:
    """Let a build go on to the full tier."""
    settings.BUILD_FULL_TIER = True


@pytest.fixture
def trained_at_once(trained_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let builds publish the trained artifact; return what they asked to be trained."""
    asked: list[Any] = []

    def trained(data: Any, **options: Any) -> Any:
        asked.append((options["tier"], options["hurry"]))
        return read_artifact(trained_artifact)

    monkeypatch.setattr(build, "train_parsers", trained)
    monkeypatch.setattr(
        build, "write_artifact", lambda _, directory: shutil.copytree(trained_artifact, directory)
    )
    return asked


@pytest.fixture
def full(ready_run: TrainingRun) -> FullTier:
    """Return the full tier of the ready run, which waits for a worker."""
    return FullTier.objects.select_related("run", "skill").get(run=ready_run)


def read(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(pk=run.pk)


def publish(full: FullTier, trained_artifact: Path) -> None:
    storage.publish(full.pk, lambda directory: shutil.copytree(trained_artifact, directory))


@pytest.mark.django_db(transaction=True)
def test_a_build_makes_the_quick_tier_live_and_goes_on_to_the_full_one(
    skill: Skill, trained_at_once: list[Any]
) -> None:
    run, _ = runs.request_run(skill)
    tasks.train_run(str(run.pk))
    quick = read(run)
    assert (quick.status, quick.tier, quick.artifact_key) == (Status.READY, Tier.QUICK, run.pk)
    assert artifacts.parse(skill, "i want a big pizza")[0] == quick
    waiting = FullTier.objects.get(run=run)
    assert waiting.status == Status.QUEUED
    assert build_state(skill).kind == "upgrading"

    tasks.train_full(str(waiting.pk))
    done = read(run)
    assert (done.status, done.tier, done.artifact_key) == (Status.READY, Tier.FULL, waiting.pk)
    assert trained_at_once == [("quick", True), ("full", False)]
    assert build_state(skill).kind == "ready"
    assert storage.exists(run.pk), "an artifact is never written over"
    used, pair = artifacts.parse(skill, "i want a big pizza")
    assert used == done
    assert pair.neural.frame.intent == "OrderPizza"
    assert [line.tier for line in run.log.all()][-1] == "full"


def test_with_quick_tiers_alone_none_is_asked_for(
    skill: Skill, settings: Any, trained_artifact: Path
) -> None:
    settings.BUILD_FULL_TIER = False
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    assert runs.finish(run, notes=[], metrics={})
    assert not FullTier.objects.exists()


def test_the_database_allows_one_active_full_tier_a_skill(full: FullTier) -> None:
    other = TrainingRun.objects.create(
        skill=full.skill,
        snapshot={},
        digest="x",
        locale="en-US",
        engine_version="0",
        embeddings="en@2",
        status=Status.READY,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        FullTier.objects.create(skill=full.skill, run=other)


def test_a_build_of_other_content_cancels_the_full_tier_of_the_one_before(
    skill: Skill, full: FullTier
) -> None:
    assert full_tier.claim_next()
    add_samples(skill.intents.get(name="OpeningHours"), ["what time do you close"])
    runs.request_run(skill)
    full.refresh_from_db()
    assert full.status == Status.CANCELLED
    assert read(full.run).status == Status.READY


def test_a_build_of_the_same_content_trains_only_what_is_missing(
    skill: Skill, full: FullTier
) -> None:
    assert runs.request_run(skill) == (full.run, False)
    assert FullTier.objects.get() == full, "that is on its way already"
    assert runs.cancel_run(full.run)
    assert read(full.run).status == Status.READY
    assert runs.request_run(skill) == (full.run, False)
    again = FullTier.objects.get()
    assert (again.run, again.status) == (full.run, Status.QUEUED)
    assert TrainingRun.objects.count() == 1


@pytest.mark.parametrize("by_hand", [False, True])
def test_restoring_a_skill_asks_again_for_what_the_bin_cancelled(
    skill: Skill, full: FullTier, by_hand: bool
) -> None:
    if by_hand:
        runs.cancel_run(full.run)
    bin.put_away(skill)
    full.refresh_from_db()
    assert full.status == Status.CANCELLED
    bin.restore(skill.owner, skill.slug)
    wanted = Status.CANCELLED if by_hand else Status.QUEUED
    assert FullTier.objects.get(run=full.run).status == wanted


def test_a_full_tier_whose_worker_is_lost_is_queued_again(full: FullTier) -> None:
    claimed = full_tier.claim_next()
    assert claimed is not None
    past = timezone.now() - timedelta(seconds=1)
    FullTier.objects.filter(pk=full.pk).update(lease_expires_at=past)
    assert runs.requeue_lost() == 1
    assert full_tier.claim_next() is not None
    assert not full_tier.finish(claimed, is_judged=False, metrics={})
    assert read(full.run).tier == Tier.QUICK


def test_one_that_fails_leaves_the_quick_tier_live(
    skill: Skill, full: FullTier, browser_of: Callable[[Any], Client], alice: Any
) -> None:
    claimed = full_tier.claim_next()
    assert claimed is not None
    leases.fail(claimed, "training_diverged", "The loss became nan at step 3.")
    assert runs.latest_ready_run(skill) == full.run
    page = browser_of(alice).get(reverse("run-status", args=[full.run.pk]), **HTMX).text
    assert "Full tier: failed" in page
    assert "The loss became nan at step 3." in page
    assert "every 1s" not in page


@pytest.fixture
def half_right(skill: Skill) -> AnnotationSet:
    """Return a set with a threshold, of which the parsers have one of two right."""
    made = sets.create_set(
        skill,
        "Customers",
        [
            annotation("are you open", [Answer("OpeningHours")]),
            annotation("when do you open", [Answer("MoonIntent")]),
        ],
    )
    AnnotationSet.objects.filter(pk=made.pk).update(threshold=0.8)
    return made


def finished(full: FullTier, trained_artifact: Path) -> FullTier:
    """Return ``full`` once it was trained and its evaluations are over."""
    claimed = full_tier.claim_next()
    assert claimed is not None
    publish(claimed, trained_artifact)
    assert build.finish(claimed, [], {})
    gate.begin(claimed)
    full.refresh_from_db()
    assert full.gate == Gate.PENDING
    assert read(full.run).tier == Tier.QUICK, "nothing takes over before it is evaluated"
    for evaluation in Evaluation.objects.filter(status="queued", kind="annotations"):
        assert evaluation.tier == Tier.FULL
        tasks.evaluate_run(str(evaluation.pk))
    full.refresh_from_db()
    return full


def test_one_below_a_threshold_is_held_back_until_someone_lets_it_answer(
    skill: Skill,
    full: FullTier,
    half_right: AnnotationSet,
    trained_artifact: Path,
    browser_of: Callable[[Any], Client],
    alice: Any,
    charlie: Any,
) -> None:
    held = finished(full, trained_artifact)
    assert held.gate == Gate.HELD
    assert "below the 80.0%" in held.gate_reason
    assert read(full.run).tier == Tier.QUICK
    assert runs.latest_ready_run(skill) == full.run
    release = reverse("run-release", args=[full.run.pk])
    assert browser_of(charlie).post(release).status_code == 404
    assert read(full.run).tier == Tier.QUICK
    page = browser_of(alice).get(reverse("skill-build", args=[skill.slug])).text
    assert "Full tier: held back" in page
    browser_of(alice).post(release)
    assert read(full.run).tier == Tier.FULL


def test_one_that_passes_takes_a_quick_tier_along_that_was_held_back(
    skill: Skill, full: FullTier, half_right: AnnotationSet, trained_artifact: Path
) -> None:
    TrainingRun.objects.filter(pk=full.run.pk).update(gate=Gate.HELD, gate_reason="Too low.")
    AnnotationSet.objects.filter(pk=half_right.pk).update(threshold=0.5)
    assert finished(full, trained_artifact).gate == Gate.OPEN
    run = read(full.run)
    assert (run.tier, run.gate, run.gate_reason) == (Tier.FULL, Gate.OPEN, "")
    assert runs.latest_ready_run(skill) == run


def test_the_gate_of_a_lost_worker_is_decided_by_the_next(
    full: FullTier, half_right: AnnotationSet, trained_artifact: Path
) -> None:
    claimed = full_tier.claim_next()
    assert claimed is not None
    publish(claimed, trained_artifact)
    assert build.finish(claimed, [], {})
    gate.resume()
    assert Evaluation.objects.get(kind="annotations").tier == Tier.FULL


def test_programs_see_both_tiers_and_cancel_the_one_that_is_trained(
    api: APIClient, full: FullTier
) -> None:
    address = f"/api/v1/training-runs/{full.run.pk}"
    run = api.get(address).json()
    assert (run["status"], run["tier"]) == ("ready", "quick")
    assert (run["full_tier"]["status"], run["full_tier"]["queue_position"]) == ("queued", 0)
    run = api.post(f"{address}/cancel").json()
    assert (run["status"], run["full_tier"]["status"]) == ("ready", "cancelled")


def test_deleting_a_skill_removes_both_artifacts(
    skill: Skill, full: FullTier, trained_artifact: Path, django_capture_on_commit_callbacks: Any
) -> None:
    publish(full, trained_artifact)
    with django_capture_on_commit_callbacks(execute=True):
        skill.delete()
    assert not storage.exists(full.pk)
    assert not storage.exists(full.run.pk)
