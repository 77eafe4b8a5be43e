"""From a claimed run's snapshot to a published artifact. Knows no queue."""

from __future__ import annotations

import logging
import time

from nlu_engine.artifact import read_manifest, write_artifact
from nlu_engine.errors import TrainingCancelled
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData
from skillbuilder.training import runs, storage
from skillbuilder.training.leases import KeptLease
from skillbuilder.training.models import TrainingRun

log = logging.getLogger(__name__)

# Of the whole bar, what training takes; writing and publishing get the rest.
TRAINING_SHARE = 0.97


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
        published = storage.publish(run.pk, lambda directory: write_artifact(pair, directory))
    manifest = read_manifest(published)
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
