"""From a claimed evaluation to its measures and rows. Knows no queue."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from nlu_engine.annotations import Annotation as Expected
from nlu_engine.annotations import is_right
from nlu_engine.errors import EmbeddingsError, TrainingCancelled
from nlu_engine.evaluation import measured
from nlu_engine.frames import Frame, Parse
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.nearest import NearestSamples
from nlu_engine.parsers import SkillParser
from skillbuilder.authoring.annotation_sets import expected_of
from skillbuilder.authoring.models import AnnotationSet
from skillbuilder.training import evaluations
from skillbuilder.training.artifacts import load_parsers
from skillbuilder.training.leases import KeptLease
from skillbuilder.training.models import EvaluatedRow, Evaluation

log = logging.getLogger(__name__)

PARSERS = ("neural", "maxent_crf")
AT_ONCE = 200
MOST_NEAREST = 1_000
"""For so many wrong rows the nearest sample is looked for."""
_SHOWN_ALTERNATIVES = 2


def evaluate(evaluation: Evaluation) -> None:
    """Do the claimed evaluation, of whatever kind, and store what came of it.

    Raises TrainingCancelled when it is cancelled or lost meanwhile, GaveWay when a build is
    waiting for the worker, else what the engine raises.
    """
    if evaluation.kind == Evaluation.Kind.ANNOTATIONS:
        evaluate_annotations(evaluation)
    else:
        # Trains, so it brings torch.
        from skillbuilder.training.quality import measure

        measure(evaluation)


def evaluate_annotations(evaluation: Evaluation) -> None:
    """Parse what the evaluation's set holds with both parsers."""
    started = time.monotonic()
    with KeptLease(evaluation) as lease:
        lease.report("reading", 0.0)
        revision, keys, expected = _read(evaluation)
        pair = load_parsers(evaluation.run, evaluation.tier)
        parses = {
            name: parsed(getattr(pair, name), expected, share, lease.report)
            for share, name in ((0.0, PARSERS[0]), (0.6, PARSERS[1]))
        }
        lease.report("measuring", 0.85, now=True)
        metrics, rows = judged(evaluation, keys, expected, parses)
        evaluation.previous = evaluations.previous_of(evaluation)
        compare_rows(rows, evaluation.previous)
        for name in PARSERS:
            metrics[name]["changes"] = changes_of(rows, name) if evaluation.previous else None
        lease.report("nearest samples", 0.9, now=True)
        _add_nearest(evaluation, rows)
    metrics["seconds"] = round(time.monotonic() - started, 1)
    outcome = {"metrics": metrics, "set_revision": revision, "previous": evaluation.previous}
    if not evaluations.finish(evaluation, rows, **outcome):
        raise TrainingCancelled(f"Evaluation {evaluation.pk} was cancelled or lost.")
    log.info("evaluation %s: %s rows in %s s", evaluation.pk, len(rows), metrics["seconds"])


def _read(evaluation: Evaluation) -> tuple[int, list[int], list[Expected]]:
    """Return the set's revision, and its annotations of that moment with their keys."""
    with transaction.atomic():
        found = AnnotationSet.objects.select_for_update().filter(evaluations=evaluation)
        annotation_set = found.first()
        if annotation_set is None:
            raise TrainingCancelled("The annotation set was deleted.")
        rows = list(annotation_set.annotations.all())
    return annotation_set.revision, [row.pk for row in rows], [expected_of(row) for row in rows]


def parsed(
    parser: SkillParser,
    expected: Sequence[Expected],
    done: float,
    report: Callable[[str, float], None],
) -> list[Parse]:
    """Return the parse of each utterance, in order; "tomorrow" is that of its annotation."""
    parses: dict[int, Parse] = {}
    now = datetime.now(UTC)
    by_moment: defaultdict[datetime, list[int]] = defaultdict(list)
    for number, one in enumerate(expected):
        by_moment[one.reference or now].append(number)
    for moment, numbers in by_moment.items():
        for some in batched(numbers, AT_ONCE):
            report("parsing", done + (0.6 if done == 0 else 0.25) * len(parses) / len(expected))
            found = parser.parse_many([expected[number].utterance for number in some], moment)
            parses.update(zip(some, found, strict=True))
    return [parses[number] for number in range(len(expected))]


def batched(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield ``numbers`` in slices of at most ``size``."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def judged(
    evaluation: Evaluation,
    keys: Sequence[int | None],
    expected: Sequence[Expected],
    parses: dict[str, list[Parse]],
) -> tuple[dict[str, Any], list[EvaluatedRow]]:
    """Return the measures of each parser, and one row an utterance."""
    pairs = {
        name: [
            (one.expected_frame(parse.frame), parse)
            for one, parse in zip(expected, of, strict=True)
        ]
        for name, of in parses.items()
    }
    rows = [
        _row(evaluation, number, one, {name: of[number] for name, of in pairs.items()})
        for number, one in enumerate(expected)
    ]
    for row, key in zip(rows, keys, strict=True):
        row.annotation_pk = key
    return {name: measured(of) for name, of in pairs.items()}, rows


def _row(
    evaluation: Evaluation, number: int, one: Expected, pairs: dict[str, tuple[Frame, Parse]]
) -> EvaluatedRow:
    fields: dict[str, Any] = {}
    for name, (frame, parse) in pairs.items():
        shown = parse.to_dict()
        fields[name] = shown | {"alternatives": shown["alternatives"][:_SHOWN_ALTERNATIVES]}
        fields[f"{name}_intent"] = parse.frame.intent
        fields[f"{name}_right"] = is_right(frame, parse.frame)
    return EvaluatedRow(
        evaluation=evaluation,
        position=number,
        utterance=one.utterance,
        expected=[answer.to_dict() for answer in one.answers],
        expected_intent=one.answers[0].intent,
        **fields,
    )


def compare_rows(rows: Sequence[EvaluatedRow], previous: Evaluation | None) -> None:
    """Note in each row what came of it since the ``previous`` evaluation."""
    if previous is None:
        return
    fields = [f"{name}{part}" for name in PARSERS for part in ("", "_right")]
    before = {
        (key, utterance): dict(zip(fields, values, strict=True))
        for key, utterance, *values in previous.rows.values_list(
            "annotation_pk", "utterance", *fields
        )
    }
    for row in rows:
        old = before.get((row.annotation_pk, row.utterance))
        for name in PARSERS if old else ():
            change = _change(old[name], old[f"{name}_right"], row, name)  # type: ignore[index]
            setattr(row, f"{name}_change", change)


def _change(old: dict[str, Any], was_right: bool, row: EvaluatedRow, name: str) -> str:
    is_right_now, new = getattr(row, f"{name}_right"), getattr(row, name)
    if is_right_now != was_right:
        return "fixed" if is_right_now else "broken"
    return "" if _meaning(old) == _meaning(new) else "changed"


def changes_of(rows: Sequence[EvaluatedRow], name: str) -> dict[str, int]:
    """Return how many rows the parser ``name`` has fixed, broken, or changed otherwise."""
    counts = Counter(getattr(row, f"{name}_change") for row in rows)
    return {change: count for change, count in counts.items() if change}


def _meaning(parse: dict[str, Any]) -> tuple[Any, ...]:
    slots = {(slot["name"], slot["start"], slot["end"]) for slot in parse["slots"]}
    return parse["intent"], slots


def _add_nearest(evaluation: Evaluation, rows: Sequence[EvaluatedRow]) -> None:
    """Note beside what went wrong the sample utterance that is nearest to it."""
    wrong = [row for row in rows if not (row.neural_right and row.maxent_crf_right)]
    if not wrong:
        return
    run = evaluation.run
    try:
        samples = NearestSamples(InteractionModel.from_stored(run.snapshot), run.locale)
    except EmbeddingsError as error:
        log.warning("no nearest samples for evaluation %s: %s", evaluation.pk, error)
        return
    for row in wrong[:MOST_NEAREST]:
        for near in samples.nearest(row.utterance, 1):
            row.nearest = {"intent": near.intent, "text": near.sample}
