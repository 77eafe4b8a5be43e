"""How good a parser is: measures over pairs of frames, (expected, actual)."""

from __future__ import annotations

from collections.abc import Sequence

from nlu_engine.frames import Frame

Pairs = Sequence[tuple[Frame, Frame]]


def intent_accuracy(pairs: Pairs) -> float:
    """Return the share of pairs with the same intent, in [0, 1]; raises ValueError for none."""
    return _share([expected.intent == actual.intent for expected, actual in pairs])


def frame_accuracy(pairs: Pairs) -> float:
    """Return the share of pairs with the same intent and the same strict slot spans.

    In the literature: exact match, or sentence-level semantic frame accuracy. Resolved
    values do not count. Raises ValueError when there are no pairs.
    """
    return _share(
        [
            expected.intent == actual.intent and expected.spans() == actual.spans()
            for expected, actual in pairs
        ]
    )


def slot_f1(pairs: Pairs) -> float | None:
    """Return the micro F1 of strict slot spans (name, start, end), whatever the intent.

    None when no slot was expected and none was found: there is nothing to measure.
    """
    right = sum(len(expected.spans() & actual.spans()) for expected, actual in pairs)
    total = sum(len(expected.spans()) + len(actual.spans()) for expected, actual in pairs)
    return 2 * right / total if total else None


def _share(outcomes: Sequence[bool]) -> float:
    if not outcomes:
        raise ValueError("There are no pairs of frames to compare.")
    return sum(outcomes) / len(outcomes)
