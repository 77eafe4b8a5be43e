"""How good a parser is: measures over pairs of frames, (expected, actual)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nlu_engine.frames import Frame
from nlu_engine.utterances import tokenize

Pairs = Sequence[tuple[Frame, Frame]]
_CERTAINTY = 1.959964
"""Of a normal distribution, 95 % is within so many standard deviations of the mean."""


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


@dataclass(frozen=True)
class Score:
    """How often a name was expected, found, and found where it was expected.

    ``precision``, ``recall`` and ``f1`` are in [0, 1], or None where they would be 0 / 0.
    """

    name: str
    expected: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Of those found, the share that is right."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Of those expected, the share that was found."""
        return self.right / self.expected if self.expected else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        total = self.expected + self.found
        return 2 * self.right / total if total else None

    def to_dict(self) -> dict[str, Any]:
        """Return counts and measures as JSON has them."""
        measures = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        rounded = {
            key: None if value is None else round(value, 6) for key, value in measures.items()
        }
        counts = {"expected": self.expected, "found": self.found, "right": self.right}
        return {"name": self.name, **counts, **rounded}


@dataclass(frozen=True)
class Confusion:
    """How often ``actual`` was found where ``expected`` was right."""

    expected: str
    actual: str
    count: int


def intent_scores(pairs: Pairs) -> list[Score]:
    """Return the score of each intent, by name."""
    return _scores(
        ([(expected.intent, number)], [(actual.intent, number)])
        for number, (expected, actual) in enumerate(pairs)
    )


def slot_scores(pairs: Pairs) -> list[Score]:
    """Return the score of each slot over strict spans (name, start, end), by name."""
    return _scores(
        ([(span[0], span) for span in expected.spans()], [(span[0], span) for span in a.spans()])
        for expected, a in pairs
    )


def token_scores(pairs: Pairs) -> list[Score]:
    """Return the score of each slot over tokens, by name: half a span counts half, roughly.

    More lenient than strict spans; the two are never to be compared.
    """
    return _scores((list(_tokens(expected)), list(_tokens(actual))) for expected, actual in pairs)


def token_f1(pairs: Pairs) -> float | None:
    """Return the micro F1 of slot tokens; None where no slot was expected and none was found."""
    return total(token_scores(pairs)).f1


def total(scores: Iterable[Score]) -> Score:
    """Return all ``scores`` added up, for micro averages."""
    every = list(scores)
    return Score(
        "",
        sum(score.expected for score in every),
        sum(score.found for score in every),
        sum(score.right for score in every),
    )


def confusions(pairs: Pairs) -> list[Confusion]:
    """Return which intents were taken for which, the most frequent first."""
    return _confusions(
        (expected.intent, actual.intent)
        for expected, actual in pairs
        if expected.intent != actual.intent
    )


def slot_confusions(pairs: Pairs) -> list[Confusion]:
    """Return which slots were taken for which at the same place, the most frequent first."""
    return _confusions(
        (mine.name, theirs.name)
        for expected, actual in pairs
        for mine in expected.slots
        for theirs in actual.slots
        if (mine.start, mine.end) == (theirs.start, theirs.end) and mine.name != theirs.name
    )


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Return where the true share lies with a certainty of 95 %, in [0, 1] (Wilson 1927).

    For small counts too: one of one right tells little. (0, 1) for none at all.
    """
    if not count:
        return 0.0, 1.0
    share, square = right / count, _CERTAINTY**2
    middle = share + square / (2 * count)
    half = _CERTAINTY * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    scale = 1 + square / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _tokens(frame: Frame) -> Iterator[tuple[str, Hashable]]:
    for slot in frame.slots:
        for token in tokenize(slot.text):
            yield slot.name, slot.start + token.start


def _scores(
    marked: Iterable[tuple[Sequence[tuple[str, Hashable]], Sequence[tuple[str, Hashable]]]],
) -> list[Score]:
    """Return the scores of names, each with what identifies it within its pair."""
    expected, found, right = Counter[str](), Counter[str](), Counter[str]()
    for mine, theirs in marked:
        expected.update(name for name, _ in set(mine))
        found.update(name for name, _ in set(theirs))
        right.update(name for name, _ in set(mine) & set(theirs))
    names = sorted(expected.keys() | found.keys())
    return [Score(name, expected[name], found[name], right[name]) for name in names]


def _confusions(wrong: Iterable[tuple[str, str]]) -> list[Confusion]:
    counted = sorted(Counter(wrong).items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(expected, actual, count) for (expected, actual), count in counted]


def _share(outcomes: Sequence[bool]) -> float:
    if not outcomes:
        raise ValueError("There are no pairs of frames to compare.")
    return sum(outcomes) / len(outcomes)
