"""Whether a new version goes live, and which of its parsers answers.

Every build is evaluated on all annotation sets of its skill. Where a set has a threshold, the
version before goes on serving until the results are there, and after that too if the new one
fell below. Of the two parsers the baseline answers if it has more of the annotations right.

The full tier of a version is judged alike: until it passes, and where it does not, the quick tier
answers; one that passes takes its version along, should the quick tier have been held back.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.models import AnnotationSet
from skillbuilder.training import evaluations, full_tier
from skillbuilder.training.models import Build, Evaluation, FullTier, TrainingRun
from skillbuilder.training.results import PARSERS

log = logging.getLogger(__name__)

Gate = TrainingRun.Gate
LEAST_ANNOTATIONS = 20
"""With fewer annotations the DNN serves, for by chance any parser can win a few."""


def begin(build: Build) -> None:
    """Evaluate what ``build`` trained on its skill's annotation sets; decide if that is over."""
    run = build.version
    for annotation_set in _sets(run):
        try:
            evaluations.request_evaluation(_fresh(run), annotation_set, _tier(build))
        except (evaluations.NothingToEvaluate, Http404, TrainingRun.DoesNotExist) as error:
            log.info("run %s is not evaluated on %s: %s", run.pk, annotation_set, error)
    decide(run)


def _fresh(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.select_related("skill").defer("snapshot").get(pk=run.pk)


def _tier(build: Build) -> str:
    """Return the tier that ``build`` trained: a run the full one before there were two."""
    if isinstance(build, TrainingRun) and full_tier.of_run(build) is None:
        return build.tier
    return build.trains


def _sets(run: TrainingRun) -> QuerySet[AnnotationSet]:
    filled = AnnotationSet.objects.filter(skill=run.skill_id, annotations__isnull=False)
    return filled.distinct()


def decide(run: TrainingRun) -> None:
    """Open or shut the gates of ``run`` once its evaluations are over; choose what serves."""
    with transaction.atomic():
        try:
            locked(run.skill)
            run = _fresh(run)
        except (Http404, TrainingRun.DoesNotExist):
            return
        full = full_tier.of_run(run)
        for build in filter(None, (run, full)):
            if build.status == build.Status.READY:
                _decide(run, build)


def _decide(run: TrainingRun, build: Build) -> None:
    tier = _tier(build)
    results = {one: evaluations.newest_on(run, one, tier) for one in _sets(run)}
    parser, reason = _better([one for one in results.values() if one])
    serving = {"serves": parser, "serves_reason": reason}
    rows = TrainingRun.objects.filter(pk=run.pk)
    rows.filter(tier=tier).update(**serving)
    judged = {one: found for one, found in results.items() if one.threshold is not None}
    if any(found is None or found.is_active for found in judged.values()):
        return
    why = " ".join(_too_low(one, found, parser) for one, found in judged.items()).strip()
    pending = type(build)._default_manager.filter(pk=build.pk, gate=Gate.PENDING)
    decided = pending.update(gate=Gate.HELD if why else Gate.OPEN, gate_reason=why)
    if decided:
        build.note(f"Held back: {why}" if why else "It may go live")
    if decided and not why and isinstance(build, FullTier):
        full_tier.go_live(build)
        rows.update(gate=Gate.OPEN, gate_reason="", **serving)


def _better(found: list[Evaluation]) -> tuple[str, str]:
    """Return which parser serves, and why if it is not the DNN."""
    ready = [one.metrics for one in found if one.status == Evaluation.Status.READY]
    right = {name: sum(metrics[name]["right"] for metrics in ready) for name in PARSERS}
    count = sum(metrics["neural"]["count"] for metrics in ready)
    if count < LEAST_ANNOTATIONS or right["maxent_crf"] <= right["neural"]:
        return "neural", ""
    reason = (
        f"Of {count:,} annotations MaxEnt-CRF has {right['maxent_crf']:,} right, "
        f"the DNN {right['neural']:,}: so MaxEnt-CRF answers."
    )
    return "maxent_crf", reason


def _too_low(annotation_set: AnnotationSet, found: Evaluation | None, parser: str) -> str:
    """Return why the version may not go live for this set; "" if it may."""
    name, threshold = annotation_set.name, annotation_set.threshold or 0.0
    if found is None or found.status != Evaluation.Status.READY:
        return f"It could not be evaluated on {name}: {found.error_message if found else ''}"
    accuracy = found.metrics[parser]["frame_accuracy"]
    if accuracy >= threshold:
        return ""
    return (
        f"On {name} {PARSERS[parser]} has a frame accuracy of {accuracy:.1%}, "
        f"below the {threshold:.1%} that the set asks for."
    )


def resume() -> None:
    """Go on with what a worker left undecided when it was lost; called by beat."""
    undecided = TrainingRun.objects.filter(gate=Gate.PENDING, skill__binned_at=None)
    for run in undecided.defer("snapshot"):
        begin(run)
    for full in FullTier.objects.filter(gate=Gate.PENDING, skill__binned_at=None).select_related(
        "run__skill"
    ):
        begin(full)


def release(run: TrainingRun) -> None:
    """Let what was held back of ``run`` go live whatever its results are: someone wants it to."""
    now = {"gate": Gate.OPEN, "gate_reason": ""}
    full = FullTier.objects.filter(run=run.pk, gate=Gate.HELD).select_related("run").first()
    if full is not None:
        FullTier.objects.filter(pk=full.pk).update(**now)
        full_tier.go_live(full)
    run.tell("let go live")
    TrainingRun.objects.filter(pk=run.pk).update(requested_at=timezone.now(), **now)
