"""Building a run: the real training, and every way in which it can end."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from nlu_engine.artifact import read_artifact
from nlu_engine.errors import EngineError, NotEnoughData, TrainingCancelled
from nlu_engine.parsers import ParserPair
from nlu_engine.training_data import TrainingData
from skillbuilder.authoring.models import Skill
from skillbuilder.training import artifacts, build, leases, progress, reaper, runs, storage, tasks
from skillbuilder.training.models import TrainingRun

Status = TrainingRun.Status


@pytest.fixture
def run(skill: Skill) -> TrainingRun:
    """Return a run of the tiny skill that this worker has claimed."""
    runs.request_run(skill)
    claimed = runs.claim_next()
    assert claimed is not None
    return claimed


@pytest.fixture
def short_lease(settings: Any) -> Iterator[None]:
    """Let leases last for less than a second."""
    settings.TRAINING_LEASE = timedelta(seconds=0.6)
    yield


def read(run: TrainingRun) -> TrainingRun:
    """Return ``run`` as the database has it."""
    return TrainingRun.objects.get(pk=run.pk)


@pytest.mark.django_db(transaction=True)
def test_a_task_trains_publishes_and_the_skill_parses(skill: Skill) -> None:
    queued, _ = runs.request_run(skill)
    steps = watched_steps(queued, during=lambda: tasks.train_run(str(queued.pk)))
    done = read(queued)
    assert (done.status, done.progress, done.attempts) == (Status.READY, 1.0, 1)
    assert done.error_code == ""
    assert done.finished_at is not None
    assert done.metrics["train_seconds"] > 0
    assert done.metrics["quality_seconds"]["folds"] > done.steps["train"]["seconds"]
    assert done.metrics["artifact_bytes"] > 1000
    assert done.metrics["loaded_bytes"] > done.metrics["artifact_bytes"]
    assert done.metrics["load_ms"] > 0
    assert done.metrics["parse_ms"] > 0
    assert "train" in steps
    assert set(done.steps) == set(progress.STEPS)
    assert all(step["seconds"] >= 0 for step in done.steps.values())
    assert done.metrics["samples"]["neural"] > 0.9
    used, pair = artifacts.parse(skill, "i want a big pizza")
    assert used == done
    for parse in (pair.neural, pair.maxent_crf):
        assert parse.frame.intent == "OrderPizza"
        assert [(slot.name, slot.text, slot.value) for slot in parse.frame.slots] == [
            ("size", "big", "large")
        ]
    # The doubled message of a finished run trains nothing.
    tasks.train_run(str(queued.pk))
    assert read(queued).attempts == 1


def watched_steps(run: TrainingRun, during: Any) -> set[str]:
    """Return the steps that another thread sees in the row while ``during`` works."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        from django.db import connection

        while not over.wait(0.2):
            seen.add(read(run).step)
        connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        during()
    finally:
        over.set()
        thread.join()
    return seen


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["validate", "embed", "calibrate", "evaluate", "publish"])
def test_cancelling_takes_effect_in_any_step(
    run: TrainingRun,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    trained_artifact: Path,
    settings: Any,
) -> None:
    """Each step is made to hang where it computes, without ever telling how far it is."""
    hangs = threading.Event()

    def hang(*_: Any, **__: Any) -> None:
        hangs.set()
        while True:
            time.sleep(0.01)

    def trained(data: TrainingData, **options: Any) -> ParserPair:
        options["on_progress"]("embed", 0.0)
        if step in ("embed", "calibrate"):
            options["on_progress"](step, 0.5)
            hang()
        return read_artifact(trained_artifact)

    places: dict[str, tuple[Any, str]] = {
        "validate": (build.TrainingData, "from_interaction_model"),
        "evaluate": (build, "tried"),
        "publish": (storage.os, "rename"),
    }
    monkeypatch.setattr(build, "train_parsers", trained)
    monkeypatch.setattr(
        build, "write_artifact", lambda _, path: shutil.copytree(trained_artifact, path)
    )
    if step in places:
        monkeypatch.setattr(*places[step], hang)
    cancelled: list[float] = []

    def cancel() -> None:
        assert hangs.wait(20)
        cancel_elsewhere(run)
        cancelled.append(time.monotonic())

    canceller = threading.Thread(target=cancel)
    canceller.start()
    tasks.record(run)
    # Two seconds, or some more where others keep the machine busy; a step would hang for ever.
    assert time.monotonic() - cancelled[0] < 15
    canceller.join()
    assert read(run).status == Status.CANCELLED
    assert run.log.order_by("pk").last().text == "The worker stopped its work"
    monkeypatch.undo()
    assert list((Path(settings.ARTIFACT_ROOT) / "runs").glob("*")) == []


@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_a_real_training(run: TrainingRun) -> None:
    canceller = threading.Timer(2.5, lambda: cancel_elsewhere(run))
    canceller.start()
    started = time.monotonic()
    tasks.record(run)
    canceller.join()
    # The training itself would take longer, were it not for the cancellation.
    assert time.monotonic() - started < 2.5 + 15
    assert read(run).status == Status.CANCELLED
    assert not storage.exists(run.pk)


@pytest.mark.django_db(transaction=True)
def test_nothing_cuts_off_what_cleans_up_after_a_cancellation(run: TrainingRun) -> None:
    cleaned_up = False
    with pytest.raises(TrainingCancelled), leases.KeptLease(run):
        cancel_elsewhere(run)
        try:
            while True:
                time.sleep(0.01)
        finally:
            # Signals come every tenth of a second until the work has ended.
            time.sleep(0.4)
            cleaned_up = True
    assert cleaned_up


@pytest.mark.django_db(transaction=True)
def test_an_interruption_that_a_library_swallows_comes_again(run: TrainingRun) -> None:
    came = 0
    with pytest.raises(TrainingCancelled), leases.KeptLease(run):
        cancel_elsewhere(run)
        for _ in range(2):
            with suppress(TrainingCancelled):
                time.sleep(5)
            came += 1
        time.sleep(5)
    assert came == 2


def cancel_elsewhere(run: TrainingRun) -> None:
    """Cancel ``run`` as a web process would, on a connection of its own."""
    from django.db import connection

    runs.cancel_run(read(run))
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_the_lease_outlives_a_step_that_says_nothing(run: TrainingRun, short_lease: None) -> None:
    with leases.KeptLease(run) as lease:
        lease.report("silent", 0.4)
        time.sleep(1.5)
        assert runs.requeue_lost() == 0
        lease.report("silent", 0.5, now=True)
    assert read(run).progress == 0.5


@pytest.mark.django_db(transaction=True)
def test_the_lease_notices_that_the_run_was_given_away(run: TrainingRun, short_lease: None) -> None:
    with leases.KeptLease(run) as lease:
        TrainingRun.objects.filter(pk=run.pk).update(claim=uuid.uuid4())
        with pytest.raises(TrainingCancelled):
            time.sleep(2)
        with pytest.raises(TrainingCancelled):
            lease.report("neural", 0.5)


@pytest.mark.django_db(transaction=True)
def test_one_failed_heartbeat_does_not_end_a_training(
    run: TrainingRun, short_lease: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([DatabaseError("gone for a moment")])
    beat = leases.heartbeat

    def shaky(beating: TrainingRun) -> None:
        for failure in failures:
            raise failure
        beat(beating)

    monkeypatch.setattr(leases, "heartbeat", shaky)
    with leases.KeptLease(run) as lease:
        time.sleep(1.25)  # Between two looks of the thread: it has written what was before.
        lease.report("neural", 0.5, now=True)
    assert next(failures, None) is None
    assert read(run).progress == 0.5


def test_progress_is_written_once_a_second_at_most(
    run: TrainingRun, django_assert_num_queries: Any
) -> None:
    lease = leases.KeptLease(run)
    with django_assert_num_queries(1):
        for number in range(200):
            lease.report("neural", number / 200)
    assert run.progress == 199 / 200


# What build raises decides what the row says: here the errors, not build, are of interest.
@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            NotEnoughData("Intent 'A' has no samples."),
            "not_enough_data",
            "Intent 'A' has no samples.",
        ),
        (EngineError("odd"), "engine_error", "odd"),
        (SoftTimeLimitExceeded(), "time_limit", "Training took longer than 10 minutes. Simplify."),
    ],
)
def test_an_error_of_the_developer_is_recorded_and_not_retried(
    run: TrainingRun,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: str,
    message: str,
) -> None:
    monkeypatch.setattr(build, "build", raising(error))
    tasks.record(run)
    failed = read(run)
    assert (failed.status, failed.error_code, failed.error_message) == (
        Status.FAILED,
        code,
        message,
    )
    assert runs.requeue_lost() == 0


def test_a_skill_over_its_budget_fails_with_the_figure_and_the_fix(
    run: TrainingRun, settings: Any, monkeypatch: pytest.MonkeyPatch, trained_artifact: Path
) -> None:
    settings.SKILL_BUDGET = {**settings.SKILL_BUDGET, "artifact_bytes": 10_000}
    pair = read_artifact(trained_artifact)
    monkeypatch.setattr(build, "train_parsers", lambda *arguments, **options: pair)
    tasks.record(run)
    failed = read(run)
    assert (failed.status, failed.error_code) == (Status.FAILED, "over_budget")
    assert "a skill may take 0.01 MB (SKILL_MAX_ARTIFACT_BYTES). Split" in failed.error_message
    assert not storage.exists(run.pk)


def test_a_full_disk_fails_the_build_and_leaves_nothing_of_it(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch, trained_artifact: Path, settings: Any
) -> None:
    pair = read_artifact(trained_artifact)

    def write(_: ParserPair, directory: Path) -> None:
        shutil.copytree(trained_artifact, directory)
        with open("/dev/full", "wb") as disk:
            disk.write(b"the last file")

    monkeypatch.setattr(build, "train_parsers", lambda *arguments, **options: pair)
    monkeypatch.setattr(build, "write_artifact", write)
    with pytest.raises(OSError, match="No space left"):
        tasks.record(run)
    failed = read(run)
    assert (failed.status, failed.error_code) == (Status.FAILED, "disk_full")
    assert list((Path(settings.ARTIFACT_ROOT) / "runs").iterdir()) == []
    assert runs.request_run(run.skill)[1], "with room again, the same content is built anew"


def test_an_error_of_ours_is_recorded_without_details_and_raised(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "build", raising(ZeroDivisionError("secret path /x")))
    with pytest.raises(ZeroDivisionError):
        tasks.record(run)
    failed = read(run)
    assert (failed.status, failed.error_code) == (Status.FAILED, "internal")
    assert "secret" not in failed.error_message


def test_a_run_whose_database_went_away_is_left_to_its_lease(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "build", raising(OperationalError("server closed")))
    with pytest.raises(OperationalError):
        tasks.record(run)
    assert read(run).status == Status.TRAINING


def raising(error: Exception) -> Any:
    """Return a function that raises ``error``, whatever it is given."""

    def fail(*_: Any) -> None:
        raise error

    return fail


def test_a_run_deleted_while_it_was_published_leaves_nothing(
    run: TrainingRun, trained_artifact: Any
) -> None:
    storage.publish(run.pk, lambda directory: directory.mkdir())
    TrainingRun.objects.filter(pk=run.pk).delete()
    storage.publish(run.pk, lambda directory: directory.mkdir())
    build.discard_if_over(run)
    assert not storage.exists(run.pk)


def test_reap_is_harmless_with_nothing_to_do(db: None) -> None:
    reaper.reap()
    tasks.clear_away()


@pytest.mark.django_db(transaction=True)
def test_the_reaper_goes_on_after_the_database_was_away(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = timezone.now() - timedelta(seconds=1)
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=past)

    def away() -> int:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as broken:
        broken.setattr(runs, "requeue_lost", away)
        reaper.reap_once()
    assert read(run).status == Status.TRAINING
    reaper.reap_once()
    assert read(run).status == Status.QUEUED
