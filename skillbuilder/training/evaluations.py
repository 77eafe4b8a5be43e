"""The life of an evaluation: requested, claimed, finished, found again; and what is known of it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.shortcuts import get_object_or_404
from django.utils import timezone

from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.models import AnnotationSet
from skillbuilder.training import leases
from skillbuilder.training.models import EvaluatedRow, Evaluation, FullTier, TrainingRun

Status, Kind = Evaluation.Status, Evaluation.Kind
# By name, since the task's module imports this one.
EVALUATE_TASK = "skillbuilder.training.tasks.evaluate_run"
REMEDY = "It may lack memory: give the worker more."
WITH_ROWS = 10
"""Of so many evaluations of a set the rows are kept, of older ones the measures alone."""


class NothingToEvaluate(Exception):
    """The run is not ready, or the set is empty."""


class GaveWay(Exception):
    """A build is waiting for the worker, and this can wait."""


def request_evaluation(
    run: TrainingRun, annotation_set: AnnotationSet, tier: str = ""
) -> tuple[Evaluation, bool]:
    """Return an evaluation of ``run`` on what is in the set now, and whether it is a new one.

    ``tier``: of the run, what is evaluated; without it the tier that answers. One of the same
    tier of the run and the same content that is queued, running or ready is used again.
    Raises NothingToEvaluate, and Http404 when either was deleted meanwhile.
    """
    with transaction.atomic():
        skill = locked(run.skill)
        fresh = get_object_or_404(skill.annotation_sets, pk=annotation_set.pk)
        _refuse_nothing(run, fresh)
        tier = tier or run.tier
        same = fresh.evaluations.filter(run=run, tier=tier, set_revision=fresh.revision)
        known = same.filter(status__in=[*Evaluation.ACTIVE, Status.READY]).first()
        if known is not None:
            return known, False
        return _requested(run, Kind.ANNOTATIONS, annotation_set=fresh, tier=tier), True


def request_quality(run: TrainingRun, kind: str) -> tuple[Evaluation, bool]:
    """Return folds or the learning curve of ``run``, and whether it is a new request.

    What is still measured of versions before it is cancelled: nobody will look at that.
    """
    with transaction.atomic():
        skill = locked(run.skill)
        of_kind = Evaluation.objects.filter(skill=skill, kind=kind)
        known = of_kind.filter(run=run, status__in=[*Evaluation.ACTIVE, Status.READY]).first()
        if known is not None:
            return known, False
        for old in of_kind.filter(status__in=Evaluation.ACTIVE):
            leases.cancel(old)
        return _requested(run, kind), True


def quality_of(run: TrainingRun, kind: str) -> Evaluation | None:
    """Return the newest folds or learning curve of ``run``, or None."""
    return Evaluation.objects.filter(run=run, kind=kind).first()


def expected_seconds(run: TrainingRun, kind: str) -> float | None:
    """Return about how long it takes to measure folds or the learning curve of ``run``.

    As long as it took of the version before, by how much larger this one is; without one, what
    the build of ``run`` reckoned from its own training. None where neither is known.
    """
    before = Evaluation.objects.filter(skill=run.skill_id, kind=kind, status=Status.READY)
    last = before.select_related("run").defer("run__snapshot").first()
    if last is not None and last.run.size and "seconds" in last.metrics:
        return float(last.metrics["seconds"] * run.size / last.run.size)
    reckoned = run.metrics.get("quality_seconds", {})
    return float(reckoned[kind]) if kind in reckoned else None


def refuse_if_builds_wait() -> None:
    """Raise GaveWay if a build is waiting: who waits for that comes first."""
    for model in (TrainingRun, FullTier):
        if model._default_manager.filter(status=model.Status.QUEUED).exists():
            raise GaveWay


def give_way(evaluation: Evaluation) -> None:
    """Put the evaluation back into the queue; the reaper sends it again after a while."""
    leases.held(evaluation).update(
        status=Status.QUEUED,
        claim=None,
        lease_expires_at=None,
        enqueued_at=timezone.now(),
        attempts=F("attempts") - 1,
    )


def _refuse_nothing(run: TrainingRun, annotation_set: AnnotationSet) -> None:
    if run.status != TrainingRun.Status.READY:
        raise NothingToEvaluate("That version is not ready. Build the skill first.")
    if not annotation_set.annotations.exists():
        raise NothingToEvaluate(f"The set {annotation_set.name!r} is empty. Add an annotation.")


def _requested(
    run: TrainingRun, kind: str, annotation_set: AnnotationSet | None = None, tier: str = ""
) -> Evaluation:
    made = Evaluation.objects.create(
        skill=run.skill,
        run=run,
        kind=kind,
        tier=tier,
        annotation_set=annotation_set,
        set_revision=annotation_set.revision if annotation_set else 0,
    )
    transaction.on_commit(partial(send, made.pk))
    return made


def send(pk: uuid.UUID) -> None:
    """Put the evaluation ``pk`` in the queue."""
    leases.send(EVALUATE_TASK, pk)


def claim(pk: uuid.UUID) -> Evaluation | None:
    """Take the queued evaluation ``pk`` for this worker; None if it is not there to be taken."""
    return leases.claim(Evaluation.objects.select_related("skill", "run", "annotation_set"), pk)


def finish(evaluation: Evaluation, rows: list[EvaluatedRow], **outcome: Any) -> bool:
    """Make the evaluation ready, with its rows; False, and nothing stored, if it is not ours."""
    held = leases.held(evaluation)
    with transaction.atomic():
        if not leases.close(held, status=Status.READY, progress=1.0, step="", **outcome):
            return False
        EvaluatedRow.objects.bulk_create(rows, batch_size=500)
        _forget_old_rows(evaluation)
    return True


def _forget_old_rows(evaluation: Evaluation) -> None:
    of_set = Evaluation.objects.filter(
        skill=evaluation.skill_id, kind=evaluation.kind, annotation_set=evaluation.annotation_set_id
    )
    kept = list(of_set.filter(status=Status.READY).values_list("pk", flat=True)[:WITH_ROWS])
    old = EvaluatedRow.objects.filter(evaluation__in=of_set.exclude(pk__in=kept))
    old.exclude(evaluation=evaluation).delete()


def requeue_lost() -> int:
    """Queue again every evaluation whose worker or message was lost; return how many."""
    return leases.requeue_lost(Evaluation.objects.all(), send, REMEDY)


# --- What is known ------------------------------------------------------------------------


def latest(annotation_set: AnnotationSet) -> Evaluation | None:
    """Return the newest evaluation of a set that is ready, queued or running, or None."""
    shown = [*Evaluation.ACTIVE, Status.READY]
    return annotation_set.evaluations.filter(status__in=shown).first()


def previous_of(evaluation: Evaluation) -> Evaluation | None:
    """Return the newest ready evaluation of another version on the same set, or None."""
    same_set = Evaluation.objects.filter(annotation_set=evaluation.annotation_set_id)
    ready = same_set.filter(kind=evaluation.kind, skill=evaluation.skill_id, status=Status.READY)
    return ready.exclude(run=evaluation.run_id).first()


def newest_on(run: TrainingRun, annotation_set: AnnotationSet, tier: str = "") -> Evaluation | None:
    """Return the newest evaluation of ``run`` on a set, whatever came of it, or None.

    ``tier``: of the run, what was evaluated; without it the tier that answers.
    """
    return annotation_set.evaluations.filter(run=run.pk, tier=tier or run.tier).first()
