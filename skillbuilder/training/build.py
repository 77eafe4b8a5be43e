"""From a claimed run's snapshot to a published artifact. Knows no queue."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, connection

from nlu_engine.artifact import read_manifest, write_artifact
from nlu_engine.errors import TrainingCancelled
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData
from skillbuilder.training import runs, storage
from skillbuilder.training.models import TrainingRun

log = logging.getLogger(__name__)

# Of the whole bar, what training takes; writing and publishing get the rest.
TRAINING_SHARE = 0.97
SECONDS_BETWEEN_REPORTS = 1.0


def build(run: TrainingRun) -> None:
    """Train both parsers of the claimed ``run``, publish them and make it ready.

    Raises TrainingCancelled when the run is cancelled or lost meanwhile, else whatever
    the engine raises.
    """
    started = time.monotonic()
    log.info("run %s of skill %s: attempt %s", run.pk, run.skill.slug, run.attempts)
    model = InteractionModel.from_json(run.snapshot)
    with KeptLease(run) as lease:
        lease.report("expanding", 0.0)
        data = TrainingData.from_interaction_model(model, locale=run.locale, seed=run.seed)
        pair = train_parsers(
            data,
            seed=run.seed,
            on_progress=lambda step, share: lease.report(step, share * TRAINING_SHARE),
        )
        lease.report("publishing", TRAINING_SHARE, now=True)
        storage.publish(run.pk, lambda directory: write_artifact(pair, directory))
    manifest = read_manifest(storage.path_of(run.pk))
    metrics = {
        "train_seconds": round(time.monotonic() - started, 1),
        "artifact_bytes": sum(manifest["sizes"].values()),
    }
    if not runs.finish(run, notes=list(manifest["notes"]), metrics=metrics):
        discard_if_deleted(run)
        raise TrainingCancelled(f"Run {run.pk} was cancelled or lost when it was about to finish.")
    log.info("run %s of skill %s is ready: %s", run.pk, run.skill.slug, metrics)


def discard_if_deleted(run: TrainingRun) -> None:
    """Remove the artifact of a run whose skill was deleted while it was being published."""
    if not TrainingRun.objects.filter(pk=run.pk).exists():
        storage.discard(run.pk)


class KeptLease:
    """Keeps the lease of a run alive while a long step computes, and writes its progress.

    A thread of its own renews the lease, so a step that reports nothing for minutes does
    not look dead, and a worker that is dead does.
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
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

        Raises TrainingCancelled when the run is no longer ours.
        """
        if self._lost is not None:
            raise self._lost
        self.run.step, self.run.progress = step, progress
        if now or time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = time.monotonic()
            runs.heartbeat(self.run)

    def _renew(self) -> None:
        try:
            while not self._over.wait(settings.TRAINING_LEASE.total_seconds() / 3):
                self._renew_once()
        finally:
            # A thread has a database connection of its own.
            connection.close()

    def _renew_once(self) -> None:
        try:
            runs.heartbeat(self.run)
        except TrainingCancelled as lost:
            self._lost = lost
            self._over.set()
        except DatabaseError as error:
            # The next beat may get through; if none does, the lease runs out as it should.
            log.warning("heartbeat of run %s failed: %s", self.run.pk, error)
