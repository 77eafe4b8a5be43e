"""Samples held back: every one once, never learned from, and what more of them would be worth."""

from __future__ import annotations

import pytest

from nlu_engine.interaction_model import Intent, InteractionModel, Slot, SlotType, SlotValue
from nlu_engine.quality import (
    cross_validate,
    dealt,
    learning_curve,
    said,
    without,
    worth_by_intent,
    worth_of_more,
)

MODEL = InteractionModel(
    intents=(
        Intent("A", (Slot("s", "T"),), tuple(f"a {word} {{s}}" for word in "bcdefgh")),
        Intent("Alone", samples=("the only one",)),
        Intent("AMAZON.HelpIntent", samples=("help me", "help us")),
        Intent("B", samples=tuple(f"say {word}" for word in "xyz")),
    ),
    slot_types=(SlotType("T", tuple(SlotValue(value) for value in ("one", "two", "three"))),),
)


def test_each_sample_is_held_back_once_and_every_fold_has_of_each_intent() -> None:
    folds = dealt(MODEL, 3, seed=0)
    held = [sample for fold in folds for sample in fold]
    assert sorted(held) == sorted(
        [(0, text) for text in MODEL.intents[0].samples]
        + [(3, text) for text in MODEL.intents[3].samples]
    ), "neither what is looked up nor an intent's only sample"
    assert all({number for number, _ in fold} == {0, 3} for fold in folds)
    for fold in folds:
        rest = without(MODEL, fold)
        for number, text in fold:
            assert text not in rest.intents[number].samples
        assert sum(len(i.samples) for i in rest.intents) == 13 - len(fold)


def test_a_held_out_sample_is_said_with_values() -> None:
    [utterance] = said(MODEL.intents[0], "a b {s}", MODEL, "en-US")
    [slot] = utterance.frame.slots
    assert utterance.text == f"a b {slot.text}" and slot.text in ("one", "two", "three")
    assert said(MODEL.intents[0], "a {unknown}", MODEL, "en-US") == []


def test_too_few_samples_measure_nothing() -> None:
    assert cross_validate(MODEL, locale="en-US") == []
    assert learning_curve(MODEL, locale="en-US") == []


@pytest.mark.parametrize(
    ("quarter", "half", "all_", "worth"),
    [
        (0.5, 0.7, 0.8, 0.05),  # the gain halves with each doubling
        (0.5, 0.6, 0.8, 0.2),  # never more than the last doubling gave
        (0.5, 0.7, 0.7, 0.0),
        (0.5, 0.7, 0.6, 0.0),
        (0.7, 0.6, 0.7, 0.1),
    ],
)
def test_what_more_samples_would_buy(
    quarter: float, half: float, all_: float, worth: float
) -> None:
    shares = {0.25: quarter, 0.5: half, 0.75: 0.5, 1.0: all_}
    points = [{"share": share, "neural": value} for share, value in shares.items()]
    assert worth_of_more(points, "neural") == pytest.approx(worth)


def test_the_worth_of_more_leans_on_the_whole_skill_where_few_were_tried() -> None:
    def point(share: float, whole: float, **intents: float) -> dict[str, object]:
        counts = dict.fromkeys(intents, 2) | {"Known": 1_000}
        return {"share": share, "neural": whole, "intents": intents, "counts": counts}

    points = [
        point(0.25, 0.3, Known=0.2, Few=0.0, Done=0.0),
        point(0.5, 0.4, Known=0.4, Few=0.0, Done=0.5),
        point(1.0, 0.5, Known=0.7, Few=0.0, Done=1.0),
    ]
    worth = worth_by_intent(points)
    assert worth["Known"] == pytest.approx(0.3, abs=0.01)
    assert worth["Few"] == pytest.approx(0.1 * 10 / 12)
    assert worth["Done"] == 0, "there is nothing left to gain"
