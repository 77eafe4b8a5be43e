"""The life of a training run: requested, claimed, kept alive, finished, found again.

The row owns the run and every step of its life is one conditional update, so two workers,
a doubled message or a worker that comes back from the dead cannot both win:

    queued ──claim──► training ──finish──► ready | failed
      ▲                  │ lease ran out
      └── requeue_lost ──┘        queued or training ──cancel_run──► cancelled
"""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.text import camel_case_to_spaces
from kombu.exceptions import ChannelError, KombuError

import nlu_engine
from nlu_engine.embeddings import release_for
from nlu_engine.errors import InvalidInteractionModel, TrainingCancelled
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Skill
from skillbuilder.training import storage
from skillbuilder.training.models import TrainingRun

log = logging.getLogger(__name__)

Status = TrainingRun.Status
# By name, since the task's module imports this one.
TRAIN_TASK = "skillbuilder.training.tasks.train_run"


class NotTrained(Exception):
    """A parse was asked of a skill that has no ready training run."""

    def __init__(self, skill: Skill) -> None:
        super().__init__(f"The skill {skill.slug!r} is not trained yet. Build it first.")


def code_of(error: Exception) -> str:
    """Return the error's code: its class name in snake case ("invalid_utterance")."""
    return camel_case_to_spaces(type(error).__name__).replace(" ", "_")


# --- Asking -------------------------------------------------------------------------------


def request_run(skill: Skill, *, seed: int = 0) -> tuple[TrainingRun, bool]:
    """Return a run of what is in ``skill`` now, and whether it is a new one.

    A run of the same content, seed, engine and embeddings that is queued, training or
    ready is reused; an active run of other content is cancelled, for it is superseded.
    Raises InvalidInteractionModel when a rule is broken or there is nothing to train, and
    Http404 when the skill was deleted meanwhile.
    """
    with transaction.atomic():
        # The lock makes two requests at once come one after the other.
        skill = locked(skill)
        model = export_interaction_model(skill)
        if errors := model.build_errors(skill.locale):
            raise InvalidInteractionModel(errors)
        identity = _identity(skill, model, seed)
        run = _reusable(skill, identity)
        _supersede(skill, by=run)
        if run is not None:
            TrainingRun.objects.filter(pk=run.pk).update(requested_at=timezone.now())
            return run, False
        run = TrainingRun.objects.create(skill=skill, snapshot=model.to_json(), **identity)
        transaction.on_commit(partial(send, run.pk))
    return run, True


def _identity(skill: Skill, model: InteractionModel, seed: int) -> dict[str, Any]:
    """Return all that decides what a run will learn."""
    return {
        "digest": model.digest(),
        "locale": skill.locale,
        "seed": seed,
        "engine_version": nlu_engine.__version__,
        "embeddings": release_for(skill.locale),
    }


def _reusable(skill: Skill, identity: dict[str, Any]) -> TrainingRun | None:
    same = skill.training_runs.filter(**identity).defer("snapshot")
    active = same.filter(status__in=TrainingRun.ACTIVE).first()
    if active is not None:
        return active
    ready = same.filter(status=Status.READY).order_by("-requested_at")
    # A ready run whose artifact was deleted is worth nothing.
    return next((run for run in ready if storage.exists(run.pk)), None)


def _supersede(skill: Skill, by: TrainingRun | None) -> None:
    active = skill.training_runs.filter(status__in=TrainingRun.ACTIVE)
    for run in active:
        if run != by:
            cancel_run(run)


def send(run_id: uuid.UUID) -> None:
    """Put ``run_id`` in the queue; if the broker is away, the reaper does so later."""
    try:
        current_app.send_task(
            TRAIN_TASK, [str(run_id)], ignore_result=True, retry_policy={"max_retries": 1}
        )
    except (KombuError, ChannelError, OSError) as error:
        log.warning("run %s could not be sent, the reaper will: %s", run_id, error)


def latest_ready_run(skill: Skill) -> TrainingRun | None:
    """Return the run that ``skill`` parses with, or None if none is ready."""
    ready = skill.training_runs.filter(status=Status.READY)
    return ready.order_by("-requested_at", "-pk").defer("snapshot").first()


def active_run(skill: Skill) -> TrainingRun | None:
    """Return the run of ``skill`` that is queued or training, or None."""
    return skill.training_runs.filter(status__in=TrainingRun.ACTIVE).defer("snapshot").first()


def cancel_run(run: TrainingRun) -> bool:
    """Cancel ``run`` at once; its worker notices at its next heartbeat.

    Returns False if it was over already.
    """
    cancelled = TrainingRun.objects.filter(pk=run.pk, status__in=TrainingRun.ACTIVE).update(
        status=Status.CANCELLED, claim=None, lease_expires_at=None, finished_at=timezone.now()
    )
    run.refresh_from_db(fields=["status", "claim", "lease_expires_at", "finished_at"])
    return bool(cancelled)


# --- Working ------------------------------------------------------------------------------


def claim(run_id: uuid.UUID) -> TrainingRun | None:
    """Take the queued run ``run_id`` for this worker; None if it is not there to be taken."""
    now = timezone.now()
    claimed = TrainingRun.objects.filter(pk=run_id, status=Status.QUEUED).update(
        status=Status.TRAINING,
        claim=uuid.uuid4(),
        lease_expires_at=now + settings.TRAINING_LEASE,
        attempts=F("attempts") + 1,
        started_at=now,
        step="",
        progress=0.0,
    )
    # None too if its skill is deleted at this very moment.
    return (
        TrainingRun.objects.select_related("skill").filter(pk=run_id).first() if claimed else None
    )


def _held(run: TrainingRun) -> QuerySet[TrainingRun]:
    """Return the row of ``run``, as long as this worker holds the claim to it."""
    return TrainingRun.objects.filter(pk=run.pk, claim=run.claim, status=Status.TRAINING)


def heartbeat(run: TrainingRun) -> None:
    """Renew the lease of ``run`` and write down its step and progress.

    Raises TrainingCancelled if the run was cancelled, deleted or given to someone else.
    """
    renewed = _held(run).update(
        lease_expires_at=timezone.now() + settings.TRAINING_LEASE,
        step=run.step,
        progress=run.progress,
    )
    if not renewed:
        raise TrainingCancelled(f"Run {run.pk} is no longer ours: cancelled or lost.")


def finish(run: TrainingRun, **outcome: Any) -> bool:
    """Make ``run`` ready, with ``notes`` and ``metrics``; False if it is no longer ours."""
    return _close(_held(run), status=Status.READY, progress=1.0, step="", **outcome)


def fail(run: TrainingRun, code: str, message: str) -> bool:
    """Make ``run`` failed for good, with the reason; False if it is no longer ours."""
    return _close(_held(run), status=Status.FAILED, error_code=code, error_message=message)


def _close(held: QuerySet[TrainingRun], **values: Any) -> bool:
    values |= {"claim": None, "lease_expires_at": None, "finished_at": timezone.now()}
    return bool(held.update(**values))


# --- Finding what was lost ----------------------------------------------------------------


def requeue_lost() -> int:
    """Queue again every run whose worker or whose message was lost; return how many."""
    return _requeue_expired() + _resend_unheard()


def _requeue_expired() -> int:
    lost = TrainingRun.objects.filter(status=Status.TRAINING, lease_expires_at__lt=timezone.now())
    return sum(_requeue(run) for run in lost.defer("snapshot"))


def _requeue(run: TrainingRun) -> bool:
    """Give the lost ``run`` another attempt, or fail it if it had them all."""
    now = timezone.now()
    # Looked at again in the update: its worker may have come through a moment ago.
    lost = _held(run).filter(lease_expires_at__lt=now)
    if run.attempts >= settings.TRAINING_ATTEMPTS:
        message = (
            f"The worker was lost in each of {run.attempts} attempts. It may lack memory: "
            "build a smaller interaction model, or give the worker more."
        )
        return _close(lost, status=Status.FAILED, error_code="worker_lost", error_message=message)
    requeued = lost.update(status=Status.QUEUED, claim=None, lease_expires_at=None, enqueued_at=now)
    if requeued:
        log.warning("run %s lost its worker, queued again", run.pk)
        transaction.on_commit(partial(send, run.pk))
    return bool(requeued)


def _resend_unheard() -> int:
    """Send the ids of runs again that waited so long that their message may be lost.

    If it is not lost, the doubled message finds the run claimed and is dropped.
    """
    now = timezone.now()
    waiting = TrainingRun.objects.filter(
        status=Status.QUEUED, enqueued_at__lt=now - settings.TRAINING_LEASE
    )
    ids = list(waiting.values_list("pk", flat=True))
    TrainingRun.objects.filter(pk__in=ids).update(enqueued_at=now)
    for run_id in ids:
        transaction.on_commit(partial(send, run_id))
    return len(ids)
