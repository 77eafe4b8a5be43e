"""The full tier of a version: trained when its quick tier is ready, then it takes over.

Its row has a life like that of a run (leases.py), an artifact of its own, and a gate of its own
(gate.py): until it goes live, and for good where it may not, the quick tier answers.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from skillbuilder.training import leases, storage, turns
from skillbuilder.training.models import FullTier, TrainingRun

Status = FullTier.Status
# By name, since the task's module imports this one.
TRAIN_TASK = "skillbuilder.training.tasks.train_full"


def request(run: TrainingRun) -> FullTier | None:
    """Return the full tier of the ready ``run``, queued if it is neither ready nor active.

    Called with the skill locked. None where settings say that there are only quick tiers.
    """
    if run.tier == TrainingRun.Tier.FULL or not settings.BUILD_FULL_TIER:
        return None
    known = FullTier.objects.filter(run=run).first()
    if known is not None and (known.is_active or is_whole(known)):
        return known
    if known is not None:
        # Nobody has its artifact loaded: it never had one, or that is gone.
        known.delete()
    made = FullTier.objects.create(skill=run.skill, run=run, size=run.size)
    made.note("Requested")
    transaction.on_commit(partial(send, made.pk))
    return made


def is_whole(full: FullTier) -> bool:
    """Return whether ``full`` is ready and its artifact is there."""
    return full.status == Status.READY and storage.exists(full.pk)


def of_run(run: TrainingRun) -> FullTier | None:
    """Return the full tier of ``run``, or None if none was requested."""
    return FullTier.objects.filter(run=run).first()


def send(pk: uuid.UUID) -> None:
    """Put ``pk`` in the queue."""
    leases.send(TRAIN_TASK, pk)


def claim_next() -> FullTier | None:
    """Take the queued full tier whose turn it is for this worker; None if there is none."""
    return turns.claim_next(FullTier.objects.select_related("skill", "run"))


def finish(full: FullTier, *, is_judged: bool, **outcome: Any) -> bool:
    """Make ``full`` ready, with ``metrics``; False if it is no longer ours.

    It answers for its version at once, unless it is judged first.
    """
    outcome["gate"] = FullTier.Gate.PENDING if is_judged else FullTier.Gate.OPEN
    with transaction.atomic():
        finished = leases.complete(full, **outcome)
        if finished and not is_judged:
            go_live(full)
    return finished


def go_live(full: FullTier) -> None:
    """Let ``full`` answer for its version from now on."""
    rows = TrainingRun.objects.filter(pk=full.run_id)
    rows.update(tier=TrainingRun.Tier.FULL, artifact=full.pk)
    full.note("The full tier answers from now on")
