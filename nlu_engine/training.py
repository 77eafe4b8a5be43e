"""Train both parsers of a skill from the same training data."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from nlu_engine import __version__
from nlu_engine.augmentation import copies_of
from nlu_engine.baseline_training import (
    HURRIED_ITERATIONS,
    MAX_ITERATIONS,
    intent_temperature,
    train_baseline,
)
from nlu_engine.calibration import Calibration
from nlu_engine.embeddings import (
    SharedEmbeddings,
    Tier,
    is_covered,
    known_share,
    load_embeddings,
    release_for,
)
from nlu_engine.encodings import EncodingCache
from nlu_engine.errors import NotEnoughData
from nlu_engine.neural_training import HURRIED, Schedule, train_neural
from nlu_engine.out_of_scope import negatives_for, shared_talk
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.resolution import joint_of
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import tokenize

Progress = Callable[[str, float], None]
STEPS = ("embed", "train", "calibrate")
"""What a training does, in this order."""
_EMBEDDED, _TRAINED = 0.1, 0.95
"""Shares of the whole that are done after the first steps, for the progress that is reported."""
_NEURAL_SHARE = 0.75
"""Share of the training that the DNN takes."""


def ignore(step: str, fraction: float) -> None:
    """Take progress and do nothing with it."""


def train_parsers(
    data: TrainingData,
    *,
    tier: Tier = "full",
    seed: int = 0,
    schedule: Schedule | None = None,
    hurry: bool = False,
    encodings: EncodingCache | None = None,
    on_progress: Progress = ignore,
) -> ParserPair:
    """Train the DNN and the MaxEnt-CRF baseline on ``data``.

    ``tier``: "quick" reads the static store alone; "full" also the contextual encoder.
    ``schedule``: that of the DNN; without one it is chosen by how much there is to learn from.
    ``hurry``: train for seconds, whatever the size: to try a skill until the rest is trained.
    ``encodings``: of the full tier, kept from build to build; the outcome is the same without.

    ``on_progress(step, fraction)`` is called several times a second with one of STEPS and
    the fraction of the whole, in [0, 1]; an exception that it raises ends the training.
    Raises NotEnoughData without a single utterance, TrainingDiverged when the loss does.
    """
    _check(data)
    torch.set_num_threads(1)  # two threads on a busy machine can be five times slower than one
    embeddings = load_embeddings(release_for(data.locale))
    resolver = data.resolver()
    on_progress("embed", 0.0)
    started = time.process_time()
    negatives = _negatives(data, embeddings, seed)
    neural = train_neural(
        data,
        embeddings,
        tier,
        copies=copies_of(
            data.utterances,
            _talk(embeddings),
            seed=seed,
            never_any=data.closed.union(data.patterns),
            several=data.multiple,
            joint=joint_of(data.locale),
        ),
        negatives=negatives,
        seed=seed,
        schedule=schedule or (HURRIED if hurry else None),
        encodings=encodings,
        on_progress=partial(_report_neural, on_progress),
    )
    between = time.process_time()
    baseline = train_baseline(
        data,
        # Values of the skill alone: the CRF knows words by heart, and any words do it harm.
        copies=copies_of(
            data.utterances, seed=seed, several=data.multiple, joint=joint_of(data.locale)
        ),
        negatives=negatives,
        iterations=HURRIED_ITERATIONS if hurry else MAX_ITERATIONS,
        on_progress=partial(_report_baseline, on_progress),
    )
    on_progress("calibrate", _TRAINED)
    calibration = _baseline_calibration(data)
    seconds = {"maxent_crf": time.process_time() - between, "neural": between - started}
    sharpened = neural_calibration(_per_intent(data), data.written if data.fallback else None)
    shared: dict[str, Any] = {"exact": data.exact, "resolver": resolver, "fallback": data.fallback}
    return ParserPair(
        SkillParser(neural, **shared, calibration=sharpened),
        SkillParser(baseline, **shared, calibration=calibration),
        _manifest(data, tier, seed, seconds, neural.vocabulary.tags) | {"hurried": hurry},
    )


def _report_neural(report: Progress, step: str, share: float) -> None:
    span = (_TRAINED - _EMBEDDED) * _NEURAL_SHARE
    report(step, _EMBEDDED * share if step == "embed" else _EMBEDDED + span * share)


def _report_baseline(report: Progress, share: float) -> None:
    start = _EMBEDDED + (_TRAINED - _EMBEDDED) * _NEURAL_SHARE
    report("train", start + (_TRAINED - start) * share)


def neural_calibration(per_intent: float, scope: int | None = None) -> Calibration:
    """Return what makes the confidences of a DNN true, by how many utterances an intent has.

    Fitted once on utterances held out of other training sets (docs/experiments.md): temperatures
    depend on those, less on the skill, hardly on the tier; a fold of a skill's own would cost as
    much again as its training. ``scope``: of a skill with a fallback, how many sample utterances
    it has. There people also say what is out of scope, and the more a network has learned, the
    surer it is of what it accepts of that; the more samples, the surer it is to be meant at all.
    """
    # Ten an intent was the fewest that was fitted, a hundred the most with a fallback.
    if scope is None:
        return Calibration(0.54 + 0.12 * math.log10(max(per_intent, 10)))
    return Calibration(
        0.4 + 0.3 * math.log10(min(max(per_intent, 10), 100)),
        outside_odds=(min(max(scope, 70), 10_000) / 200) ** 0.8,
    )


def baseline_odds(intents: int, samples: int) -> float:
    """Return by what the odds are multiplied that MaxEnt-CRF has for what is out of scope.

    In training all of that weighs as much as one intent, however many there are, so the more there
    are, the rarer it seems; and the more ``samples`` an intent has, the surer it takes the rest for
    an intent too. Fitted once on utterances held out of other training sets (docs/experiments.md).
    """
    # Seven intents and ten samples each were the fewest that were fitted, 213 samples the most.
    return max(intents, 7) / 8 * math.sqrt(min(max(samples / intents, 10), 200) / 10)


def _baseline_calibration(data: TrainingData) -> Calibration:
    temperature = intent_temperature(data)
    if data.fallback is None:
        return Calibration(temperature)
    intents = len({one.frame.intent for one in data.utterances})
    return Calibration(temperature, outside_odds=baseline_odds(intents, data.written))


def _per_intent(data: TrainingData) -> float:
    return len(data.utterances) / len({one.frame.intent for one in data.utterances})


def _negatives(data: TrainingData, embeddings: SharedEmbeddings, seed: int) -> list[str]:
    if data.fallback is None:
        return []
    texts = [utterance.text for utterance in data.utterances]
    return [*data.negatives, *negatives_for(texts, embeddings, seed=seed)]


def _talk(embeddings: SharedEmbeddings) -> list[str]:
    """Return talk to cut any words from; of a release of many languages it would mix them."""
    return shared_talk(embeddings) if len(embeddings.manifest["languages"]) == 1 else []


def _check(data: TrainingData) -> None:
    if not data.utterances:
        raise NotEnoughData(
            "There is no utterance to learn from: 0 intents with samples. "
            "Add an intent with at least one sample utterance."
        )


def _manifest(
    data: TrainingData,
    tier: Tier,
    seed: int,
    seconds: dict[str, float],
    tags: tuple[str, ...],
) -> dict[str, Any]:
    counts = Counter(utterance.frame.intent for utterance in data.utterances)
    return {
        "engine": __version__,
        "embeddings": release_for(data.locale),
        "tier": tier,
        "locale": data.locale,
        "seed": seed,
        "utterances": len(data.utterances),
        "intents": dict(sorted(counts.items())),
        "slots": sorted({tag[2:] for tag in tags if tag != "O"}),
        "train_seconds": {name: round(value, 3) for name, value in seconds.items()},
        "notes": _notes(data),
    }


def _notes(data: TrainingData) -> list[str]:
    if not is_covered(data.locale):
        return [
            f"There are no shared embeddings for {data.locale} yet: this skill was trained on "
            "sub-word, character and skill-specific embeddings, so words that its samples do not "
            "hold are understood less well than in English."
        ]
    words = sorted(_words(data))
    share = known_share(load_embeddings(release_for(data.locale)), words)
    if share < 0.7:
        return [
            f"Only {share:.0%} of the words of this skill are in the shared vocabulary of "
            f"{data.locale}; the others are composed of sub-words. Is the locale right?"
        ]
    return []


def _words(data: TrainingData) -> set[str]:
    """Return the words that people wrote: no codes that were made up as examples of a pattern."""
    found = set()
    for one in data.utterances:
        codes = [span for span in one.frame.slots if span.name in data.patterns]
        for token in tokenize(one.text):
            if all(token.end <= code.start or code.end <= token.start for code in codes):
                found.add(token.text)
    return found
