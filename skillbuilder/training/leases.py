"""Work that a row owns: claimed by one worker, kept alive by a lease, found again when lost.

Every step is one conditional update, so two workers, a doubled message or a worker that
comes back from the dead cannot both win. Training runs and evaluations are such rows.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import ChannelError, KombuError

from nlu_engine.errors import TrainingCancelled
from skillbuilder.training.models import LeasedWork

log = logging.getLogger(__name__)

Work = TypeVar("Work", bound=LeasedWork)
SECONDS_BETWEEN_REPORTS = 1.0


def send(task: str, pk: uuid.UUID) -> None:
    """Put the id of a row in the queue; if the broker is away, the reaper does so later."""
    try:
        current_app.send_task(task, [str(pk)], ignore_result=True, retry_policy={"max_retries": 1})
    except (KombuError, ChannelError, OSError) as error:
        log.warning("%s could not be sent, the reaper will: %s", pk, error)


def claim(rows: QuerySet[Work], pk: uuid.UUID) -> Work | None:
    """Take the queued row ``pk`` for this worker; None if it is not there to be taken."""
    model, now = rows.model, timezone.now()
    claimed = model._default_manager.filter(pk=pk, status=model.Status.QUEUED).update(
        status=model.WORKING,
        claim=uuid.uuid4(),
        lease_expires_at=now + settings.TRAINING_LEASE,
        attempts=F("attempts") + 1,
        started_at=now,
        step="",
        progress=0.0,
    )
    # None too if its skill is deleted at this very moment.
    return rows.filter(pk=pk).first() if claimed else None


def held(work: Work) -> QuerySet[Work]:
    """Return the row of ``work``, as long as this worker holds the claim to it."""
    model = type(work)
    rows = model._default_manager.filter(pk=work.pk, claim=work.claim, status=model.WORKING)
    return rows


def heartbeat(work: LeasedWork) -> None:
    """Renew the lease of ``work`` and write down its step and progress.

    Raises TrainingCancelled if it was cancelled, deleted or given to someone else.
    """
    renewed = held(work).update(
        lease_expires_at=timezone.now() + settings.TRAINING_LEASE,
        step=work.step,
        progress=work.progress,
    )
    if not renewed:
        raise TrainingCancelled(f"{work.pk} is no longer ours: cancelled or lost.")


def close(rows: QuerySet[Any], **values: Any) -> bool:
    """End the work of the one row that ``rows`` holds, if any; return whether it did."""
    values |= {"claim": None, "lease_expires_at": None, "finished_at": timezone.now()}
    return bool(rows.update(**values))


def close_failed(work: LeasedWork, rows: QuerySet[Any], code: str, message: str) -> bool:
    """Make ``work`` failed for good if it is still what ``rows`` holds; return whether it was."""
    failed = type(work).Status.FAILED
    with transaction.atomic():
        closed = close(rows, status=failed, error_code=code, error_message=message)
        if closed:
            work.tell("failed to build", message)
    return closed


def cancel(work: LeasedWork) -> bool:
    """Cancel ``work`` at once; its worker notices at its next heartbeat.

    Returns False if it was over already.
    """
    model = type(work)
    active = model._default_manager.filter(pk=work.pk, status__in=model.ACTIVE)
    with transaction.atomic():
        cancelled = close(active, status=model.Status.CANCELLED)
        if cancelled:
            work.tell("cancelled the build of")
    work.refresh_from_db(fields=["status", "claim", "lease_expires_at", "finished_at"])
    return cancelled


# --- Finding what was lost ----------------------------------------------------------------


def requeue_lost(rows: QuerySet[Any], send: Callable[[uuid.UUID], None], remedy: str) -> int:
    """Queue again every row whose worker or whose message was lost; return how many.

    ``remedy`` is told where every attempt lost its worker.
    """
    working, now = rows.model.WORKING, timezone.now()
    lost = rows.filter(status=working, lease_expires_at__lt=now)
    return sum(requeue(work, send, remedy) for work in lost) + _resend_unheard(rows, send)


def requeue(work: LeasedWork, send: Callable[[uuid.UUID], None], remedy: str) -> bool:
    """Give the lost ``work`` another attempt, or fail it if it had them all."""
    now = timezone.now()
    # Looked at again in the update: its worker may have come through a moment ago.
    lost, status = held(work).filter(lease_expires_at__lt=now), type(work).Status
    if work.attempts >= settings.TRAINING_ATTEMPTS:
        message = f"The worker was lost in each of {work.attempts} attempts. {remedy}"
        return close_failed(work, lost, "worker_lost", message)
    requeued = lost.update(status=status.QUEUED, claim=None, lease_expires_at=None, enqueued_at=now)
    if requeued:
        log.warning("%s lost its worker, queued again", work.pk)
        transaction.on_commit(partial(send, work.pk))
    return bool(requeued)


def _resend_unheard(rows: QuerySet[Any], send: Callable[[uuid.UUID], None]) -> int:
    """Send the ids of rows again that waited so long that their message may be lost.

    If it is not lost, the doubled message finds the row claimed and is dropped.
    """
    model, now = rows.model, timezone.now()
    waiting = rows.filter(status=model.Status.QUEUED, enqueued_at__lt=now - settings.TRAINING_LEASE)
    ids = list(waiting.values_list("pk", flat=True))
    model._default_manager.filter(pk__in=ids).update(enqueued_at=now)
    for pk in ids:
        transaction.on_commit(partial(send, pk))
    return len(ids)


# --- Keeping it alive ---------------------------------------------------------------------


class KeptLease:
    """Keeps the lease of a row alive while a long step computes, and writes its progress.

    A thread of its own renews the lease, so a step that reports nothing for minutes does
    not look dead, and a worker that is dead does.
    """

    def __init__(self, work: LeasedWork) -> None:
        self.work = work
        self._reported = float("-inf")
        self._over = threading.Event()
        self._lost: TrainingCancelled | None = None
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> KeptLease:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def report(self, step: str, progress: float, *, now: bool = False) -> None:
        """Note the step and the share done, 0 to 1; written at most once a second.

        Raises TrainingCancelled when the row is no longer ours.
        """
        if self._lost is not None:
            raise self._lost
        self.work.step, self.work.progress = step, progress
        if now or time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = time.monotonic()
            heartbeat(self.work)

    def _renew(self) -> None:
        try:
            while not self._over.wait(settings.TRAINING_LEASE.total_seconds() / 3):
                self._renew_once()
        finally:
            # A thread has a database connection of its own.
            connection.close()

    def _renew_once(self) -> None:
        try:
            heartbeat(self.work)
        except TrainingCancelled as lost:
            self._lost = lost
            self._over.set()
        except DatabaseError as error:
            # The next beat may get through; if none does, the lease runs out as it should.
            log.warning("heartbeat of %s failed: %s", self.work.pk, error)
