"""The Celery skin: claim, build, record."""

from __future__ import annotations

import errno
import logging
import os
import uuid
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import task_postrun, task_prerun, worker_process_init
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import Http404

from nlu_engine.errors import EngineError, TrainingCancelled
from skillbuilder import broker
from skillbuilder.authoring import bin
from skillbuilder.training import evaluations, full_tier, gate, leases, parse_log, runs, storage
from skillbuilder.training import reaper as reaper  # starts with the worker
from skillbuilder.training.models import Evaluation, FullTier, TrainingRun

log = logging.getLogger(__name__)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _limits(limit: timedelta) -> dict[str, float]:
    """Return a task's options: it may clear up for a minute after its limit."""
    return {"soft_time_limit": limit.total_seconds(), "time_limit": limit.total_seconds() + 60}


@shared_task(**_limits(settings.QUICK_TIME_LIMIT))
def train_run(run_id: str) -> None:
    """Train the quick tier of the run whose turn it is: ``run_id`` but tells that there is one."""
    # Torch takes seconds to come in on a busy machine: before the claim, whose lease runs.
    import skillbuilder.training.build  # noqa: F401

    run = runs.claim_next()
    if run is not None:
        record(run)


@shared_task(**_limits(settings.TRAINING_TIME_LIMIT))
def train_full(pk: str) -> None:
    """Train the full tier whose turn it is: ``pk`` but tells that there is one."""
    import skillbuilder.training.build  # noqa: F401

    full = full_tier.claim_next()
    if full is not None:
        record(full)


def record(work: TrainingRun | FullTier) -> None:
    """Build the claimed ``work`` and write down how it ended.

    An EngineError comes from what was written, so it is the developer's to read and no
    retry cures it. Anything else is ours: recorded and raised, for operators to see.
    """
    # Brings torch, which only a worker's child needs.
    from skillbuilder.training.build import build

    try:
        build(work)
        judge(work)
    except (TrainingCancelled, Http404) as error:
        # Http404: its skill was deleted when it was just ready.
        log.info("%s", error)
        leases.note_stopped(work)
    except EngineError as error:
        leases.fail(work, runs.code_of(error), str(error))
    except SoftTimeLimitExceeded:
        is_full = isinstance(work, FullTier)
        limit = settings.TRAINING_TIME_LIMIT if is_full else settings.QUICK_TIME_LIMIT
        minutes = limit.total_seconds() / 60
        leases.fail(work, "time_limit", f"Training took longer than {minutes:g} minutes. Simplify.")
    except (OperationalError, InterfaceError):
        # The database is away: the lease will run out, and the run be queued again.
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            leases.fail(work, "disk_full", "There is no room left for the artifact. Build again.")
        leases.fail(work, "internal", "Something went wrong on our side. It has been logged.")
        raise


def judge(work: TrainingRun | FullTier) -> None:
    """Have what was built evaluated, and its quality measured once all of it is built."""
    gate.begin(work)
    is_last = isinstance(work, FullTier) or full_tier.of_run(work) is None
    if settings.QUALITY_AFTER_BUILD and is_last:
        evaluations.request_quality(work.version, Evaluation.Kind.FOLDS)


@shared_task
def judge_run(run_id: str) -> None:
    """Evaluate a version on the skill's annotation sets again, to see whether it may go live."""
    for run in TrainingRun.objects.defer("snapshot").filter(pk=run_id):
        gate.begin(run)
    for full in FullTier.objects.filter(run__pk=run_id, status=FullTier.Status.READY):
        gate.begin(full)


@shared_task(**_limits(settings.EVALUATION_TIME_LIMIT))
def evaluate_run(pk: str) -> None:
    """Evaluate a version if it is still there to be claimed; its row tells what came of it."""
    evaluation = evaluations.claim(uuid.UUID(pk))
    if evaluation is not None:
        try:
            record_evaluation(evaluation)
        finally:
            gate.decide(evaluation.run)


def record_evaluation(evaluation: Evaluation) -> None:
    """Do the claimed ``evaluation`` and write down how it ended, as ``record`` does."""
    # Brings the parsers, which only a worker's child needs.
    from skillbuilder.training.evaluation import evaluate

    try:
        evaluate(evaluation)
    except evaluations.GaveWay:
        evaluations.give_way(evaluation)
    except TrainingCancelled as error:
        log.info("%s", error)
    except EngineError as error:
        leases.fail(evaluation, runs.code_of(error), str(error))
    except SoftTimeLimitExceeded:
        leases.fail(evaluation, "time_limit", "The evaluation took too long. Split the set.")
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        message = "Something went wrong on our side. It has been logged."
        leases.fail(evaluation, "internal", message)
        raise


@shared_task
def purge_parse_logs() -> None:
    """Delete what parse logs have kept long enough; called by beat."""
    parse_log.purge()


@shared_task
def empty_bin() -> None:
    """Delete for good what has been in the bin long enough; called by beat."""
    bin.empty_out()


@shared_task
def clear_away() -> None:
    """Delete the files that dead processes left; called by beat."""
    storage.sweep()
    broker.prune()


@worker_process_init.connect
def warm_up(**_: object) -> None:
    """Give way to whoever is waited for, and load what this child will need for all its builds."""
    os.nice(settings.WORKER_NICE)
    if settings.WORKER_WARMS:
        import skillbuilder.training.build  # noqa: F401
        from nlu_engine.embeddings import load_embeddings, load_encoder, release_for

        release = release_for("en-US")
        load_embeddings(release)
        if settings.WORKER_WARMS == "full":
            load_encoder(release)


@task_prerun.connect
@task_postrun.connect
def drop_broken_connections(sender: Any, **_: object) -> None:
    """Let no task use a connection that a restart of the database has cut.

    Celery does so in children that are forked, not in those that are spawned.
    """
    if not sender.request.is_eager:
        close_old_connections()
