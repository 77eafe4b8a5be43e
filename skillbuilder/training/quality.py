"""Quality without a test set: folds and learning curves, measured by a worker; brings torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nlu_engine.annotations import Annotation, Answer, ExpectedSlot
from nlu_engine.errors import NotEnoughData, TrainingCancelled
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.quality import Trial, cross_validate, learning_curve, worth_by_intent, worth_of_more
from skillbuilder.training import evaluations
from skillbuilder.training.evaluation import PARSERS, judged
from skillbuilder.training.leases import KeptLease
from skillbuilder.training.models import EvaluatedRow, Evaluation

TOO_FEW = (
    "There are too few samples to hold some back. Write more of them, for two intents or more."
)
_SECONDS_BETWEEN_LOOKS = 2.0


def measure(evaluation: Evaluation) -> None:
    """Do the claimed ``evaluation`` of the kind folds or curve, and store what came of it.

    Raises TrainingCancelled, GaveWay, and what the engine raises.
    """
    started = time.monotonic()
    run = evaluation.run
    model = InteractionModel.from_stored(run.snapshot)
    with KeptLease(evaluation) as lease:
        options: dict[str, Any] = {"locale": run.locale, "seed": run.seed}
        options["on_progress"] = giving_way(lease.report)
        if evaluation.kind == Evaluation.Kind.FOLDS:
            metrics, rows = _folds(evaluation, cross_validate(model, **options))
        else:
            metrics, rows = _curve(learning_curve(model, **options)), []
    metrics["seconds"] = round(time.monotonic() - started, 1)
    if not evaluations.finish(evaluation, rows, metrics=metrics):
        raise TrainingCancelled(f"Evaluation {evaluation.pk} was cancelled or lost.")


def giving_way(report: Callable[[str, float], None]) -> Callable[[str, float], None]:
    """Return ``report`` that now and then looks whether a build waits, and raises GaveWay."""
    looked = float("-inf")

    def reporting(step: str, share: float) -> None:
        nonlocal looked
        report(step, share)
        if time.monotonic() - looked > _SECONDS_BETWEEN_LOOKS:
            looked = time.monotonic()
            evaluations.refuse_if_builds_wait()

    return reporting


def _folds(
    evaluation: Evaluation, trials: list[Trial]
) -> tuple[dict[str, Any], list[EvaluatedRow]]:
    if not trials:
        raise NotEnoughData(TOO_FEW)
    expected = [as_annotation(one.expected) for one in trials]
    parses = {name: [getattr(one, name) for one in trials] for name in PARSERS}
    return judged(evaluation, [None] * len(trials), expected, parses)


def as_annotation(utterance: AnnotatedUtterance) -> Annotation:
    """Return what is expected of a parser as an annotation with one accepted answer."""
    slots = tuple(
        ExpectedSlot(slot.name, slot.text, slot.start, slot.end) for slot in utterance.frame.slots
    )
    return Annotation(utterance.text, (Answer(utterance.frame.intent, slots),))


def _curve(points: list[dict[str, Any]]) -> dict[str, Any]:
    if not points:
        raise NotEnoughData(TOO_FEW)
    worth = {name: worth_of_more(points, name) for name in PARSERS}
    return {"points": points, "worth": worth, "worth_by_intent": worth_by_intent(points)}
