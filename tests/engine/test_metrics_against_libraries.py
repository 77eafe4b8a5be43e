"""Our measures against those of scikit-learn and nervaluate, on random frames."""

from __future__ import annotations

import random

import pytest
from nervaluate import Evaluator
from sklearn.metrics import f1_score, precision_recall_fscore_support

from nlu_engine.calibration import calibration_error, reliability
from nlu_engine.frames import Frame, SlotSpan
from nlu_engine.metrics import (
    Confusion,
    Score,
    confusions,
    frame_accuracy,
    intent_scores,
    slot_confusions,
    slot_f1,
    slot_scores,
    token_f1,
    token_scores,
    wilson_interval,
)

WORDS = 8
INTENTS, SLOTS = ["A", "B", "C"], ["s", "t"]
Pair = tuple[Frame, Frame]


def random_frame(chance: random.Random) -> Frame:
    """Return a frame over WORDS words "x x x ...", so that token n is at the offset 2 n."""
    spans, at = [], 0
    while at < WORDS:
        length = chance.randint(1, 3)
        if chance.random() < 0.4 and at + length <= WORDS:
            text = " ".join("x" * length)
            spans.append(SlotSpan(chance.choice(SLOTS), 2 * at, 2 * at + len(text), text))
            at += length
        at += 1
    return Frame(chance.choice(INTENTS), tuple(spans))


def nearly(frame: Frame, chance: random.Random) -> Frame:
    """Return ``frame``, or another one in one of three cases."""
    return frame if chance.random() < 0.6 else random_frame(chance)


@pytest.fixture(params=[1, 2, 3])
def pairs(request: pytest.FixtureRequest) -> list[Pair]:
    """Return random pairs of frames, many of them alike."""
    chance = random.Random(request.param)
    frames = [random_frame(chance) for _ in range(120)]
    return [(frame, nearly(frame, chance)) for frame in frames]


def measures(scores: list[Score]) -> dict[str, tuple[float, float, float, int]]:
    return {
        one.name: (one.precision or 0, one.recall or 0, one.f1 or 0, one.expected) for one in scores
    }


def test_intents_are_scored_as_by_scikit_learn(pairs: list[Pair]) -> None:
    expected = [one.intent for one, _ in pairs]
    actual = [other.intent for _, other in pairs]
    columns = precision_recall_fscore_support(expected, actual, labels=INTENTS, zero_division=0)
    theirs = {name: tuple(map(float, row)) for name, *row in zip(INTENTS, *columns, strict=True)}
    for name, ours in measures(intent_scores(pairs)).items():
        assert ours == pytest.approx(theirs[name])
    wrong = sum(one.count for one in confusions(pairs))
    assert wrong == sum(one != other for one, other in zip(expected, actual, strict=True))


def test_slot_tokens_are_scored_as_by_scikit_learn(pairs: list[Pair]) -> None:
    def labels(frame: Frame) -> list[str]:
        names = ["O"] * WORDS
        for slot in frame.slots:
            for at in range(slot.start // 2, slot.end // 2 + 1):
                names[at] = slot.name
        return names

    expected = [label for one, _ in pairs for label in labels(one)]
    actual = [label for _, other in pairs for label in labels(other)]
    columns = precision_recall_fscore_support(expected, actual, labels=SLOTS, zero_division=0)
    theirs = {name: tuple(map(float, row)) for name, *row in zip(SLOTS, *columns, strict=True)}
    for name, ours in measures(token_scores(pairs)).items():
        assert ours == pytest.approx(theirs[name])
    micro = f1_score(expected, actual, labels=SLOTS, average="micro")
    assert token_f1(pairs) == pytest.approx(micro)


def test_strict_spans_are_scored_as_by_nervaluate(pairs: list[Pair]) -> None:
    def entities(frame: Frame) -> list[dict[str, object]]:
        return [{"label": s.name, "start": s.start, "end": s.end} for s in frame.slots]

    expected = [entities(one) for one, _ in pairs]
    actual = [entities(other) for _, other in pairs]
    found = Evaluator(expected, actual, tags=SLOTS, loader="dict").evaluate()
    theirs = found["overall"]["strict"]
    assert slot_f1(pairs) == pytest.approx(theirs.f1)
    ours = slot_scores(pairs)
    assert sum(one.right for one in ours) == theirs.correct
    assert sum(one.expected for one in ours) == theirs.possible
    assert sum(one.found for one in ours) == theirs.actual


def test_what_was_never_expected_or_found_has_no_measure() -> None:
    assert (Score("s", 0, 2, 0).recall, Score("s", 0, 2, 0).precision) == (None, 0)
    assert Score("s", 0, 0, 0).f1 is None
    assert token_f1([(Frame("A"), Frame("A"))]) is None
    whole, half = SlotSpan("s", 0, 3, "x y"), SlotSpan("s", 0, 1, "x")
    pair = [(Frame("A", (whole,)), Frame("A", (half,)))]
    assert (slot_f1(pair), token_f1(pair)) == (0.0, pytest.approx(2 / 3))
    other = [(Frame("A", (whole,)), Frame("A", (SlotSpan("t", 0, 3, "x y"),)))]
    assert slot_confusions(other) == [Confusion("s", "t", 1)]
    assert frame_accuracy(other) == 0


def test_the_interval_of_wilson() -> None:
    # Newcombe (1998), table I: 81 of 263, and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson_interval(0, 0) == (0, 1)


def test_the_bins_of_a_reliability_diagram_add_up() -> None:
    chance = random.Random(4)
    sure = [chance.random() for _ in range(500)] + [1.0, 0.0]
    right = [chance.random() < one for one in sure]
    bins = reliability(sure, right, bins=15)
    assert sum(one.count for one in bins) == len(sure)
    assert all(one.low <= one.confidence <= one.high for one in bins)
    error = sum(one.count * abs(one.confidence - one.accuracy) for one in bins) / len(sure)
    assert error == pytest.approx(calibration_error(sure, right))
