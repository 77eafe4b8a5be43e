"""Work that a row owns: claimed by one worker, kept alive by a lease, found again when lost.

Every step is one conditional update, so two workers, a doubled message or a worker that
comes back from the dead cannot both win. Leases run by the database's clock alone: hosts may
disagree about the time, and their clocks may jump. Training runs and evaluations are such rows.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

from billiard import current_process
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import ChannelError, KombuError

from nlu_engine.errors import TrainingCancelled, TrainingError
from skillbuilder.training.models import Build, LeasedWork

log = logging.getLogger(__name__)

Work = TypeVar("Work", bound=LeasedWork)
SECONDS_BETWEEN_REPORTS = 1.0
SECONDS_BETWEEN_LOOKS = 0.5
MOST_SENT_AGAIN = 20
SECONDS_TO_HEED = 0.8
INTERRUPTION = signal.SIGUSR2
"""The pool's own soft time limit is SIGUSR1."""


class MemoryExceeded(TrainingError):
    """The work took more memory than it may."""


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
        lease_expires_at=Now() + settings.TRAINING_LEASE,
        attempts=F("attempts") + 1,
        started_at=now,
        step="",
        progress=0.0,
    )
    # None too if its skill is deleted at this very moment.
    work = rows.filter(pk=pk).first() if claimed else None
    if work is not None:
        work.note(f"A worker on {socket.gethostname()} took it, attempt {work.attempts}")
    return work


def held(work: Work) -> QuerySet[Work]:
    """Return the row of ``work``, as long as this worker holds the claim to it."""
    model = type(work)
    rows = model._default_manager.filter(pk=work.pk, claim=work.claim, status=model.WORKING)
    return rows


def heartbeat(work: LeasedWork) -> None:
    """Renew the lease of ``work`` and write down its step and progress.

    Raises TrainingCancelled if it was cancelled, deleted or given to someone else.
    """
    reported = {name: getattr(work, name) for name in work.REPORTED}
    expires = Now() + settings.TRAINING_LEASE
    if not held(work).update(lease_expires_at=expires, **reported):
        raise _lost(work)


def check_held(work: LeasedWork) -> None:
    """Raise TrainingCancelled if ``work`` was cancelled, deleted or given to someone else."""
    if not held(work).exists():
        raise _lost(work)


def _lost(work: LeasedWork) -> TrainingCancelled:
    return TrainingCancelled(f"{work.pk} is no longer ours: cancelled or lost.")


def close(rows: QuerySet[Any], **values: Any) -> bool:
    """End the work of the one row that ``rows`` holds, if any; return whether it did."""
    values |= {"claim": None, "lease_expires_at": None, "finished_at": timezone.now()}
    return bool(rows.update(**values))


def complete(work: Build, **outcome: Any) -> bool:
    """Make ``work`` ready with its ``outcome``; False if it is no longer ours."""
    outcome |= {"status": work.Status.READY, "progress": 1.0, "step": "", "steps": work.steps}
    with transaction.atomic():
        completed = close(held(work), **outcome)
        if completed:
            work.step = ""
            work.note("Ready")
            work.tell("built")
    return completed


def fail(work: LeasedWork, code: str, message: str) -> bool:
    """Make ``work`` failed for good, with the reason; False if it is no longer ours."""
    return _close_failed(work, held(work), code, message)


def _close_failed(work: LeasedWork, rows: QuerySet[Any], code: str, message: str) -> bool:
    values = {"status": type(work).Status.FAILED, "error_code": code, "error_message": message}
    with transaction.atomic():
        failed = close(rows, **values)
        if failed:
            work.note(message, "error")
            work.tell("failed to build", message)
    return failed


def cancel(work: LeasedWork) -> bool:
    """Cancel ``work`` at once; its worker notices within a second (KeptLease).

    Returns False if it was over already.
    """
    model = type(work)
    active = model._default_manager.filter(pk=work.pk, status__in=model.ACTIVE)
    with transaction.atomic():
        cancelled = close(active, status=model.Status.CANCELLED)
        if cancelled:
            work.note("Cancelled", "warning")
            work.tell("cancelled the build of")
    work.refresh_from_db(fields=["status", "claim", "lease_expires_at", "finished_at"])
    return cancelled


def note_stopped(work: LeasedWork) -> None:
    """Write down that the worker of what was cancelled has come to its end; of nothing else."""
    cancelled = type(work)._default_manager.filter(pk=work.pk, status="cancelled")
    if cancelled.exists():
        work.note("The worker stopped its work")


# --- Finding what was lost ----------------------------------------------------------------


def requeue_lost(rows: QuerySet[Any], send: Callable[[uuid.UUID], None], remedy: str) -> int:
    """Queue again every row whose worker or whose message was lost; return how many.

    ``remedy`` is told where every attempt lost its worker.
    """
    _shorten_impossible(rows.model)
    lost = rows.filter(status=rows.model.WORKING, lease_expires_at__lt=Now())
    return sum(requeue(work, send, remedy) for work in lost) + _resend_unheard(rows, send)


def _shorten_impossible(model: Any) -> None:
    """Shorten what no worker can have noted: the clock of the database was set back since.

    A worker that lives renews such a lease soon; one that died would hold it until the clock has
    caught up. The same goes for messages that seem to be sent in the future.
    """
    rows, now, lease = model._default_manager, timezone.now(), settings.TRAINING_LEASE
    too_long = rows.filter(status=model.WORKING, lease_expires_at__gt=Now() + 2 * lease)
    unsent = rows.filter(status=model.Status.QUEUED, enqueued_at__gt=now + lease)
    # SQLite locks all of itself for an update, if of no row.
    if too_long.exists():
        too_long.update(lease_expires_at=Now() + lease)
    if unsent.exists():
        unsent.update(enqueued_at=now)


def requeue(work: LeasedWork, send: Callable[[uuid.UUID], None], remedy: str) -> bool:
    """Give the lost ``work`` another attempt, or fail it if it had them all."""
    now = timezone.now()
    # Looked at again in the update: its worker may have come through a moment ago.
    lost, status = held(work).filter(lease_expires_at__lt=Now()), type(work).Status
    if work.attempts >= settings.TRAINING_ATTEMPTS:
        message = f"The worker was lost in each of {work.attempts} attempts. {remedy}"
        return _close_failed(work, lost, "worker_lost", message)
    requeued = lost.update(status=status.QUEUED, claim=None, lease_expires_at=None, enqueued_at=now)
    if requeued:
        log.warning("%s lost its worker, queued again", work.pk)
        work.note("Its worker was lost; it is queued again", "warning")
        transaction.on_commit(partial(send, work.pk))
    return bool(requeued)


def _resend_unheard(rows: QuerySet[Any], send: Callable[[uuid.UUID], None]) -> int:
    """Send the ids of rows again that waited so long that their message may be lost.

    If it is not lost, the doubled message finds the row claimed and is dropped. Where workers
    are busy with others, the wait is a long queue's more likely: one message will do.
    """
    model, now = rows.model, timezone.now()
    waiting = rows.filter(status=model.Status.QUEUED, enqueued_at__lt=now - settings.TRAINING_LEASE)
    is_moving = rows.filter(status=model.WORKING).exists()
    oldest = waiting.order_by("enqueued_at")[: 1 if is_moving else MOST_SENT_AGAIN]
    ids = list(oldest.values_list("pk", flat=True))
    model._default_manager.filter(pk__in=ids).update(enqueued_at=now)
    for pk in ids:
        transaction.on_commit(partial(send, pk))
    return len(ids)


# --- Keeping it alive ---------------------------------------------------------------------


class KeptLease:
    """Keeps the lease of a row alive while a long step computes, and writes its progress.

    A thread of its own renews the lease, so a step that reports nothing for minutes does
    not look dead, and a worker that is dead does. The thread also looks twice a second whether
    the row is still ours. If it was cancelled, the computing thread is interrupted by a signal,
    as a time limit does it; a child of a worker that does not heed it, for it is deep in some
    library, is killed: the pool starts another one.
    """

    def __init__(self, work: LeasedWork) -> None:
        self.work = work
        self._reported = float("-inf")
        self._over = threading.Event()
        self._lost: TrainingError | None = None
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        # Only where nothing is half said to the database may the signal raise.
        self._interruptible = False
        self._handles_signals = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> KeptLease:
        if self._handles_signals:
            self._usual_handler = signal.signal(INTERRUPTION, self._interrupted)
        self._thread.start()
        self._interruptible = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._interruptible = False
        self._over.set()
        self._thread.join()
        if self._handles_signals:
            signal.signal(INTERRUPTION, self._usual_handler)

    def report(self, step: str, progress: float, *, now: bool = False) -> None:
        """Note the step and the share done, 0 to 1; written at most once a second.

        Raises TrainingCancelled when the row is no longer ours.
        """
        self._raise_if_lost()
        self.work.step, self.work.progress = step, progress
        if now or time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = time.monotonic()
            with self.uninterrupted():
                heartbeat(self.work)

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """Let no signal raise in the block, which speaks to the database; only after it."""
        before, self._interruptible = self._interruptible, False
        yield
        self._interruptible = before
        self._raise_if_lost()

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        # A module that is cut off while it is imported stays broken as long as the process lives.
        # While one interruption unwinds, another would cut off what cleans up, our own end too; but
        # a library, or a destructor of Python's, may have swallowed the first.
        if self._interruptible and not _is_importing(frame) and not _is_handled(self._lost):
            self._raise_if_lost()

    def _keep(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._over.wait(SECONDS_BETWEEN_LOOKS):
                due = time.monotonic() - renewed > settings.TRAINING_LEASE.total_seconds() / 3
                self._look(heartbeat if due else check_held)
                self._check_memory()
                renewed = time.monotonic() if due else renewed
                if self._lost is not None:
                    self._interrupt()
                    return
        finally:
            # A thread has a database connection of its own.
            connection.close()

    def _look(self, at: Callable[[LeasedWork], None]) -> None:
        try:
            at(self.work)
        except TrainingCancelled as lost:
            self._lost = lost
        except DatabaseError as error:
            # The next beat may get through; if none does, the lease runs out as it should.
            log.warning("heartbeat of %s failed: %s", self.work.pk, error)

    def _check_memory(self) -> None:
        used, most = _resident_mb(), settings.TRAINING_MEMORY_MB
        if used > most and self._lost is None and _in_a_child():
            self._lost = MemoryExceeded(
                f"The work took {used:,} MB of memory, more than the {most:,} MB that it may. "
                "Make the interaction model or the set smaller, or give the worker more."
            )

    def _interrupt(self) -> None:
        """Stop the computing thread: by a signal, and this whole child if it does not heed it."""
        if not self._handles_signals:
            return
        deadline = time.monotonic() + SECONDS_TO_HEED
        while time.monotonic() < deadline:
            signal.pthread_kill(threading.main_thread().ident or 0, INTERRUPTION)
            if self._over.wait(0.1):
                return
        if _in_a_child():
            log.warning("%s was stopped and its child did not heed it: killed", self.work.pk)
            os.kill(os.getpid(), signal.SIGKILL)


def _in_a_child() -> bool:
    """Return whether this process is a child of a worker, which another takes the place of."""
    return bool(current_process().name != "MainProcess")


def _resident_mb() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0  # Where there is no /proc, the pool's own limit has to do.
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def _is_handled(error: BaseException | None) -> bool:
    """Return whether ``error`` was raised and what cleans up after it is running."""
    handled = sys.exc_info()[1]
    while handled is not None and handled is not error:
        handled = handled.__context__
    return handled is not None


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
