"""The app of what the machine makes."""

from datetime import datetime
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete


class TrainingConfig(AppConfig):
    """Training runs and their artifacts."""

    name = "skillbuilder.training"
    verbose_name = "Training"

    def ready(self) -> None:
        """Tie the life of artifacts and a skill's status to runs, and builds to live skills."""
        from skillbuilder.authoring.bin import binned, restored
        from skillbuilder.training.models import statuses_changed

        statuses_changed.connect(note_statuses)
        post_delete.connect(note_status_without, sender="training.TrainingRun")
        post_delete.connect(discard_artifact, sender="training.TrainingRun")
        post_delete.connect(discard_artifact, sender="training.FullTier")
        binned.connect(cancel_all)
        restored.connect(request_full_tier)


def note_statuses(keys: set[int], **_: Any) -> None:
    """Set the status of the skills ``keys``, whose runs changed."""
    from skillbuilder.training import state

    state.note_statuses(keys)


def note_status_without(instance: Any, origin: Any, **_: Any) -> None:
    """Set the status of a skill one of whose runs was deleted, unless all of it is going."""
    if getattr(origin, "model", type(origin)) is type(instance):
        note_statuses({instance.skill_id})


def discard_artifact(instance: Any, **_: Any) -> None:
    """Remove the artifact of a deleted run or full tier once the deletion is certain."""
    from django.db import transaction

    from skillbuilder.training import storage

    run_id = instance.pk
    transaction.on_commit(lambda: storage.discard(run_id))


def cancel_all(skill: Any, **_: Any) -> None:
    """Cancel what is queued or worked on for a skill that goes into the bin."""
    from skillbuilder.training import leases
    from skillbuilder.training.models import Evaluation, FullTier, TrainingRun

    for work in (TrainingRun, FullTier, Evaluation):
        for one in work.objects.filter(skill=skill, status__in=work.ACTIVE):
            leases.cancel(one)


def request_full_tier(skill: Any, binned_at: datetime, **_: Any) -> None:
    """Ask again for the full tier that was cancelled because its skill went into the bin."""
    from skillbuilder.training import full_tier, runs
    from skillbuilder.training.models import FullTier

    run = runs.latest_ready_run(skill)
    cancelled = FullTier.objects.filter(run=run, status=FullTier.Status.CANCELLED)
    if run is not None and cancelled.filter(finished_at__gte=binned_at).exists():
        full_tier.request(run)
