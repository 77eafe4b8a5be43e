"""What an evaluation tells of a parser: all measures of pairs of expected frame and parse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nlu_engine.annotations import is_right
from nlu_engine.calibration import calibration_error, reliability
from nlu_engine.frames import Frame, Parse
from nlu_engine.metrics import (
    Confusion,
    Pairs,
    confusions,
    frame_accuracy,
    intent_accuracy,
    intent_scores,
    slot_confusions,
    slot_f1,
    slot_scores,
    token_f1,
    token_scores,
    wilson_interval,
)
from nlu_engine.out_of_scope import LABELS

MOST_CONFUSIONS = 50
STEPS = 20
"""In how many steps the threshold of the fallback is moved from 0 to 1."""

Judged = Sequence[tuple[Frame, Parse]]


def measured(judged: Judged) -> dict[str, Any]:
    """Return all measures, as JSON has them; raises ValueError where there is nothing.

    Shares are in [0, 1], ``interval`` is where the true frame accuracy lies with 95 %.
    """
    pairs = [(expected, parse.frame) for expected, parse in judged]
    right = sum(is_right(expected, actual) for expected, actual in pairs)
    sure = [parse.confidence for _, parse in judged]
    hits = [expected.intent == actual.intent for expected, actual in pairs]
    return {
        "count": len(pairs),
        "right": right,
        "intent_accuracy": intent_accuracy(pairs),
        "frame_accuracy": frame_accuracy(pairs),
        "interval": list(wilson_interval(right, len(pairs))),
        "slot_f1": slot_f1(pairs),
        "token_f1": token_f1(pairs),
        "intents": [score.to_dict() for score in intent_scores(pairs)],
        "slots": _slots(pairs),
        "confusions": _listed(confusions(pairs)),
        "slot_confusions": _listed(slot_confusions(pairs)),
        "calibration_error": calibration_error(sure, hits),
        "reliability": [asdict(one) for one in reliability(sure, hits)],
        "thresholds": thresholds(judged),
    }


def _slots(pairs: Pairs) -> list[dict[str, Any]]:
    lenient = {score.name: score.f1 for score in token_scores(pairs)}
    return [score.to_dict() | {"token_f1": lenient.get(score.name)} for score in slot_scores(pairs)]


def _listed(found: Sequence[Confusion]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found[:MOST_CONFUSIONS]]


def thresholds(judged: Judged) -> list[dict[str, Any]]:
    """Return for each threshold what the fallback would answer, and what would go through.

    The fallback answers what is less sure to be in scope than the threshold; how sure that is,
    is 1 - ``out_of_scope`` where the parser has learned it, else the confidence. Of what goes
    through, ``right`` has its intent; of what is rejected, ``rightly`` was out of scope.
    """
    rows = [_in_scope(expected, parse) for expected, parse in judged]
    table = []
    for step in range(STEPS + 1):
        threshold = step / STEPS
        through = [row for row in rows if row[0] >= threshold]
        rejected = [row for row in rows if row[0] < threshold]
        right = sum(hit for _, hit, _ in through)
        rightly = sum(outside for _, _, outside in rejected)
        table.append(
            {
                "threshold": threshold,
                "right": right,
                "wrong": len(through) - right,
                "rightly": rightly,
                "wrongly": len(rejected) - rightly,
            }
        )
    return table


def _in_scope(expected: Frame, parse: Parse) -> tuple[float, bool, bool]:
    """Return how sure the parse is in scope, whether its own intent is right, what is expected."""
    likeliest, outside = parse.frame.intent, expected.intent in LABELS
    if parse.frame.intent in LABELS and parse.alternatives:
        likeliest = parse.alternatives[0].intent
    sure = parse.confidence if parse.out_of_scope is None else 1 - parse.out_of_scope
    return sure, likeliest == expected.intent, outside
