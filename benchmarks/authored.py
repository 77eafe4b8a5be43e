"""Measure the DNN on samples as authors write them, and on values that it was not taught.

    python -m benchmarks.authored TRAIN TEST [--tiers quick full] [--seeds 0 1 2] [--lists FILE]

TRAIN and TEST are labelled files. The first line of each tier is trained on TRAIN as it is;
the second on an interaction model made of it: every span becomes a {slot}, and its text a
value of the slot's type, so that no literal span is left. "unseen" is the recall of those
spans of TEST whose text is no span of that slot in TRAIN. With --lists there is a third line:
the same interaction model, whose slot types list the values of the labelled file FILE too, as
those of an author do who has a catalogue.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from nlu_engine.embeddings import TIERS, Tier
from nlu_engine.frames import AnnotatedUtterance, Frame
from nlu_engine.interaction_model import (
    Intent,
    InteractionModel,
    Slot,
    SlotType,
    SlotValue,
)
from nlu_engine.metrics import frame_accuracy, intent_accuracy, slot_f1
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData, read_labelled
from nlu_engine.utterances import normalize

LOCALE = "en-US"


def main() -> None:
    """Print a line of means over the seeds for each tier and each way to write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--tiers", nargs="+", choices=TIERS, default=list(TIERS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--lists", type=Path)
    options = parser.parse_args()
    train, test = read_labelled(options.train), read_labelled(options.test)
    models = {"templates and values": authored(train)}
    if options.lists:
        models["templates and lists"] = authored(train, read_labelled(options.lists))
    for tier in options.tiers:
        literal = TrainingData.from_labelled(train, locale=LOCALE)
        measured = [_measure(literal, tier, seed, train, test) for seed in options.seeds]
        print(_line(tier, "literal spans", measured), flush=True)
        for written, model in models.items():
            measured = [
                _measure(
                    TrainingData.from_interaction_model(model, locale=LOCALE, seed=seed),
                    tier,
                    seed,
                    train,
                    test,
                )
                for seed in options.seeds
            ]
            print(_line(tier, written, measured), flush=True)


def authored(
    utterances: Sequence[AnnotatedUtterance], lists: Sequence[AnnotatedUtterance] = ()
) -> InteractionModel:
    """Return the interaction model of ``utterances``: templates, and a slot type a slot name.

    The values of ``lists`` are added to those of the slot types that there are.
    """
    samples: dict[str, dict[str, None]] = {}
    slots: dict[str, dict[str, None]] = {}
    values: dict[str, dict[str, None]] = {}
    for one in utterances:
        intent, text = one.frame.intent, one.text
        for slot in sorted(one.frame.slots, key=lambda span: -span.start):
            text = f"{text[: slot.start]}{{{slot.name}}}{text[slot.end :]}"
            slots.setdefault(intent, {})[slot.name] = None
            values.setdefault(slot.name, {})[slot.text] = None
        samples.setdefault(intent, {})[text] = None
    for slot in (span for one in lists for span in one.frame.slots):
        if slot.name in values:
            values[slot.name][slot.text] = None
    return InteractionModel(
        invocation_name="labelled utterances",
        intents=tuple(
            Intent(
                name=intent,
                slots=tuple(Slot(name=name, type=f"{name}_type") for name in slots.get(intent, ())),
                samples=tuple(texts),
            )
            for intent, texts in samples.items()
        ),
        slot_types=tuple(
            SlotType(name=f"{name}_type", values=tuple(SlotValue(value=text) for text in texts))
            for name, texts in values.items()
        ),
    )


def _measure(
    data: TrainingData,
    tier: Tier,
    seed: int,
    train: Sequence[AnnotatedUtterance],
    test: Sequence[AnnotatedUtterance],
) -> tuple[float, ...]:
    parser = train_parsers(data, tier=tier, seed=seed).neural
    pairs = [
        (one.frame, parse.frame)
        for one, parse in zip(test, parser.parse_many([one.text for one in test]), strict=True)
    ]
    f1 = slot_f1(pairs) or 0.0
    return intent_accuracy(pairs), f1, frame_accuracy(pairs), unseen_recall(train, pairs)


def unseen_recall(
    train: Sequence[AnnotatedUtterance], pairs: Sequence[tuple[Frame, Frame]]
) -> float:
    """Return the share, in [0, 1], of expected spans with a value new to the slot that are found.

    Raises ValueError if there is none.
    """
    taught = {(slot.name, normalize(slot.text)) for one in train for slot in one.frame.slots}
    found = [
        (slot.name, slot.start, slot.end) in actual.spans()
        for expected, actual in pairs
        for slot in expected.slots
        if (slot.name, normalize(slot.text)) not in taught
    ]
    if not found:
        raise ValueError("Every value of the test set is in the training set.")
    return sum(found) / len(found)


def _line(tier: Tier, written: str, measured: Sequence[tuple[float, ...]]) -> str:
    means = [100 * mean(column) for column in zip(*measured, strict=True)]
    return (
        f"{tier:5} {written:21} intent {means[0]:.1f}  slot F1 {means[1]:.1f}  "
        f"frame {means[2]:.1f}  unseen {means[3]:.1f}"
    )


if __name__ == "__main__":
    main()
