"""The life of a training run, transition by transition."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from nlu_engine.errors import InvalidInteractionModel, TrainingCancelled
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.import_export import import_interaction_model
from skillbuilder.authoring.models import Intent, SampleUtterance, Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import leases, runs, storage
from skillbuilder.training.models import TrainingRun

Status = TrainingRun.Status
Sent = Callable[[], list[Path]]


def claimed(skill: Skill) -> TrainingRun:
    """Return a run of ``skill`` that a worker has just claimed."""
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    return run


def made_ready(skill: Skill) -> TrainingRun:
    """Return a ready run of ``skill`` with something where its artifact belongs."""
    run = claimed(skill)
    storage.publish(run.pk, lambda directory: directory.mkdir())
    assert runs.finish(run, notes=[], metrics={})
    run.refresh_from_db()
    return run


def lose(run: TrainingRun) -> None:
    """Let the lease of ``run`` run out."""
    past = timezone.now() - timedelta(seconds=1)
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=past)


def change(skill: Skill, text: str = "what time do you close") -> SampleUtterance:
    """Add a sample utterance to ``skill``."""
    intent = Intent.objects.get(skill=skill, name="OpeningHours")
    return SampleUtterance.objects.create(intent=intent, text=text, position=99)


# --- Asking -------------------------------------------------------------------------------


def test_a_request_freezes_the_skill_and_sends_nothing_but_an_id(
    skill: Skill, sent_messages: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run, created = runs.request_run(skill)
        assert sent_messages() == []  # Not before the row can be read.
    assert created
    assert run.status == Status.QUEUED
    assert run.snapshot["interactionModel"]["languageModel"]["invocationName"] == "tiny kitchen"
    assert run.digest == InteractionModel.from_json(run.snapshot).digest()
    [message] = sent_messages()
    document = json.loads(message.read_text())
    assert document["headers"]["task"] == "skillbuilder.training.tasks.train_run"
    assert document["headers"]["argsrepr"] == f"['{run.pk}']"
    assert "tiny kitchen" not in message.read_text()


def test_the_sent_task_exists() -> None:
    current_app.loader.import_default_modules()
    assert runs.TRAIN_TASK in current_app.tasks
    scheduled = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert scheduled <= set(current_app.tasks)


def test_the_same_content_is_not_trained_twice_while_active(skill: Skill) -> None:
    first, _ = runs.request_run(skill)
    again, created = runs.request_run(skill)
    assert (again, created) == (first, False)
    assert runs.claim_next()
    again, created = runs.request_run(skill)
    assert (again, created, again.status) == (first, False, Status.TRAINING)


def test_the_same_content_is_not_trained_twice_when_ready(skill: Skill) -> None:
    ready = made_ready(skill)
    assert runs.request_run(skill) == (ready, False)


def test_a_ready_run_whose_artifact_is_gone_is_not_reused(skill: Skill) -> None:
    ready = made_ready(skill)
    storage.discard(ready.pk)
    run, created = runs.request_run(skill)
    assert created
    assert run != ready


@pytest.mark.parametrize("end", [Status.FAILED, Status.CANCELLED])
def test_a_failed_or_cancelled_run_is_not_reused(skill: Skill, end: str) -> None:
    first, _ = runs.request_run(skill)
    TrainingRun.objects.filter(pk=first.pk).update(status=end)
    assert runs.request_run(skill)[1]


@pytest.mark.parametrize("field", ["digest", "locale", "seed", "engine_version", "embeddings"])
def test_a_run_that_differs_in_anything_that_decides_its_outcome_is_not_reused(
    skill: Skill, field: str
) -> None:
    first, _ = runs.request_run(skill)
    TrainingRun.objects.filter(pk=first.pk).update(**{field: 7 if field == "seed" else "x"})
    assert runs.request_run(skill)[1]


def test_a_changed_skill_supersedes_its_active_run(skill: Skill) -> None:
    old = claimed(skill)
    change(skill)
    new, created = runs.request_run(skill)
    old.refresh_from_db()
    assert created
    assert old.status == Status.CANCELLED
    assert runs.active_run(skill) == new


def test_after_an_undone_change_the_skill_parses_with_the_old_run_again(skill: Skill) -> None:
    old = made_ready(skill)
    added = change(skill)
    new = made_ready(skill)
    assert runs.latest_ready_run(skill) == new
    added.delete()
    assert runs.request_run(skill) == (old, False)
    assert runs.latest_ready_run(skill) == old


def test_a_skill_with_problems_is_not_queued(skill: Skill) -> None:
    change(skill, text="open at {hour}")
    with pytest.raises(InvalidInteractionModel, match="hour"):
        runs.request_run(skill)
    assert not TrainingRun.objects.exists()


def test_an_empty_skill_is_not_queued(alice: Any) -> None:
    with pytest.raises(InvalidInteractionModel):
        runs.request_run(create_skill(alice, name="Empty", locale="en-US"))


def test_a_broker_that_is_away_does_not_lose_the_run(
    skill: Skill, sent_messages: Sent, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    messages = tmp_path / "broker" / "messages"
    messages.rename(tmp_path / "gone")
    with django_capture_on_commit_callbacks(execute=True):
        run, _ = runs.request_run(skill)
    (tmp_path / "gone").rename(messages)
    assert sent_messages() == []
    long_ago = timezone.now() - 2 * django_settings.TRAINING_LEASE
    TrainingRun.objects.filter(pk=run.pk).update(enqueued_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.requeue_lost() == 1
    assert len(sent_messages()) == 1


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_make_one_run(skill: Skill) -> None:
    barrier = threading.Barrier(5)
    made: list[tuple[TrainingRun, bool]] = []

    def ask() -> None:
        try:
            barrier.wait()
            made.append(runs.request_run(skill))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.pk for run, _ in made}) == 1
    assert [created for _, created in made].count(True) == 1
    assert len(made) == 5


# --- Claiming and keeping -----------------------------------------------------------------


def test_a_claim_takes_the_run_and_a_lease(skill: Skill) -> None:
    run = claimed(skill)
    assert (run.status, run.attempts) == (Status.TRAINING, 1)
    assert run.started_at is not None
    assert run.lease_expires_at is not None
    assert run.lease_expires_at > timezone.now()


def test_a_doubled_message_finds_nothing_to_claim(skill: Skill) -> None:
    run = claimed(skill)
    assert runs.claim_next() is None
    run.refresh_from_db()
    assert run.attempts == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_wins(skill: Skill) -> None:
    run, _ = runs.request_run(skill)
    barrier = threading.Barrier(6)
    won: list[bool] = []

    def work() -> None:
        try:
            barrier.wait()
            won.append(runs.claim_next() is not None)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


def test_a_heartbeat_renews_the_lease_and_shows_progress(skill: Skill) -> None:
    run = claimed(skill)
    lose(run)
    run.step, run.progress = "neural", 0.5
    leases.heartbeat(run)
    run.refresh_from_db()
    assert (run.step, run.progress) == ("neural", 0.5)
    assert run.lease_expires_at is not None
    assert run.lease_expires_at > timezone.now()


def test_a_cancelled_run_ends_at_once_and_its_worker_notices(skill: Skill) -> None:
    run = claimed(skill)
    assert runs.cancel_run(TrainingRun.objects.get(pk=run.pk))
    assert TrainingRun.objects.get(pk=run.pk).status == Status.CANCELLED
    with pytest.raises(TrainingCancelled):
        leases.heartbeat(run)
    assert not runs.finish(run, notes=[], metrics={})
    assert not leases.fail(run, "late", "too late")
    assert TrainingRun.objects.get(pk=run.pk).status == Status.CANCELLED


def test_what_is_over_cannot_be_cancelled(skill: Skill) -> None:
    ready = made_ready(skill)
    assert not runs.cancel_run(ready)
    assert TrainingRun.objects.get(pk=ready.pk).status == Status.READY


def test_a_deleted_skill_stops_its_worker(skill: Skill) -> None:
    run = claimed(skill)
    skill.delete()
    with pytest.raises(TrainingCancelled):
        leases.heartbeat(run)


def test_deleting_a_skill_removes_its_artifacts(
    skill: Skill, django_capture_on_commit_callbacks: Any
) -> None:
    ready = made_ready(skill)
    with django_capture_on_commit_callbacks(execute=True):
        skill.delete()
    assert not storage.exists(ready.pk)


# --- Losing and finding -------------------------------------------------------------------


def test_a_live_run_is_left_alone(skill: Skill) -> None:
    run = claimed(skill)
    assert runs.requeue_lost() == 0
    run.refresh_from_db()
    assert run.status == Status.TRAINING


def test_a_lost_run_is_queued_and_sent_again(
    skill: Skill, sent_messages: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    run = claimed(skill)
    lose(run)
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.requeue_lost() == 1
    assert len(sent_messages()) == 1
    second = runs.claim_next()
    assert second is not None
    assert (second.status, second.attempts) == (Status.TRAINING, 2)


def test_a_worker_that_comes_back_from_the_dead_has_lost_its_run(skill: Skill) -> None:
    undead = claimed(skill)
    lose(undead)
    runs.requeue_lost()
    heir = runs.claim_next()
    assert heir is not None
    with pytest.raises(TrainingCancelled):
        leases.heartbeat(undead)
    assert not runs.finish(undead, notes=["undead"], metrics={})
    assert not leases.fail(undead, "undead", "undead")
    leases.heartbeat(heir)
    assert runs.finish(heir, notes=["heir"], metrics={})
    assert TrainingRun.objects.get(pk=heir.pk).notes == ["heir"]


def test_a_run_that_kills_its_workers_fails_after_three_attempts(skill: Skill) -> None:
    run, _ = runs.request_run(skill)
    for attempt in (1, 2, 3):
        assert runs.claim_next(), attempt
        lose(run)
        runs.requeue_lost()
    run.refresh_from_db()
    assert (run.status, run.error_code, run.attempts) == (Status.FAILED, "worker_lost", 3)
    assert "3 attempts" in run.error_message
    assert runs.claim_next() is None
    # It does not block the next build.
    assert runs.request_run(skill)[1]


def test_a_lease_from_before_the_clock_was_set_back_holds_no_longer_than_a_new_one(
    skill: Skill, settings: Any
) -> None:
    run = claimed(skill)
    ahead = timezone.now() + timedelta(hours=1)
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=ahead)
    runs.requeue_lost()
    run.refresh_from_db()
    # Its worker may live, so it keeps the run for another lease.
    assert run.status == Status.TRAINING
    assert run.lease_expires_at is not None
    assert run.lease_expires_at < timezone.now() + settings.TRAINING_LEASE
    lose(run)
    assert runs.requeue_lost() == 1


def test_a_message_from_before_the_clock_was_set_back_is_sent_again(
    skill: Skill, settings: Any
) -> None:
    run, _ = runs.request_run(skill)
    rows = TrainingRun.objects.filter(pk=run.pk)
    rows.update(enqueued_at=timezone.now() + timedelta(hours=1))
    assert runs.requeue_lost() == 0
    settings.TRAINING_LEASE = timedelta(0)
    assert runs.requeue_lost() == 1


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_worker_that_renews_its_lease_at_the_last_moment_keeps_its_run(
    skill: Skill, attempts: int
) -> None:
    run = claimed(skill)
    TrainingRun.objects.filter(pk=run.pk).update(attempts=attempts)
    seen_as_lost = TrainingRun.objects.get(pk=run.pk)
    leases.heartbeat(run)
    assert not leases.requeue(seen_as_lost, runs.send, runs.REMEDY)
    assert TrainingRun.objects.get(pk=run.pk).status == Status.TRAINING


def test_a_run_that_waits_for_a_moment_is_not_sent_again(skill: Skill) -> None:
    runs.request_run(skill)
    assert runs.requeue_lost() == 0


def test_the_reaper_does_not_touch_what_is_over(skill: Skill) -> None:
    ready = made_ready(skill)
    lose(ready)
    assert runs.requeue_lost() == 0
    ready.refresh_from_db()
    assert ready.status == Status.READY


def test_runs_of_other_skills_do_not_mix(
    skill: Skill, bob: Any, tiny_model: InteractionModel
) -> None:
    other = create_skill(bob, name="Other", locale="en-US")
    import_interaction_model(other, tiny_model)
    ready = made_ready(skill)
    run, created = runs.request_run(other)
    assert created
    assert run.digest == ready.digest
    assert runs.latest_ready_run(other) is None
