"""The app of what the machine makes."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete


class TrainingConfig(AppConfig):
    """Training runs and their artifacts."""

    name = "skillbuilder.training"
    verbose_name = "Training"

    def ready(self) -> None:
        """Tie the life of artifacts to that of their runs."""
        post_delete.connect(discard_artifact, sender="training.TrainingRun")
        post_delete.connect(discard_artifact, sender="training.FullTier")


def discard_artifact(instance: Any, **_: Any) -> None:
    """Remove the artifact of a deleted run or full tier once the deletion is certain."""
    from django.db import transaction

    from skillbuilder.training import storage

    run_id = instance.pk
    transaction.on_commit(lambda: storage.discard(run_id))
