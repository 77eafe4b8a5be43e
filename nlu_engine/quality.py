"""How good a skill is without a test set: trained on part of its samples, tried on the rest.

Both parsers are trained as in a build, but the DNN in the quick tier, for two thirds of its
steps, and on fewer samples: a build is somewhat better than what is measured here. Samples are
held back, not the utterances made of them, so no parser has seen the words around the slots;
the values in the slots it may know.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nlu_engine.baseline_training import HURRIED_ITERATIONS, MAX_ITERATIONS
from nlu_engine.expansion import expand
from nlu_engine.frames import AnnotatedUtterance, Frame, Parse
from nlu_engine.interaction_model import Intent, InteractionModel
from nlu_engine.metrics import frame_accuracy
from nlu_engine.neural_training import HURRIED, Schedule, schedule_for
from nlu_engine.parsers import ParserPair
from nlu_engine.training import Progress, ignore, train_parsers
from nlu_engine.training_data import TrainingData

FOLDS = 3
LEAST_SAMPLES = 12
"""With fewer samples to hold back there is nothing to be measured."""
SHARES = (0.25, 0.5, 0.75, 1.0)
SHORTER = 2 / 3
"""The DNN learns for two thirds of the quick tier's steps, and for LEAST_STEPS at least."""
LEAST_STEPS = 150
PRIOR = 10
"""How many trials of an intent weigh as much as what is known of the whole skill."""

Sample = tuple[int, str]  # the number of the intent, and the text


@dataclass(frozen=True)
class Trial:
    """An utterance of a sample that was held back, and what both parsers made of it."""

    sample: str
    expected: AnnotatedUtterance
    neural: Parse
    maxent_crf: Parse


def cross_validate(
    model: InteractionModel, *, locale: str, seed: int = 0, on_progress: Progress = ignore
) -> list[Trial]:
    """Return a trial of each sample, by parsers that were trained without it.

    Samples whose intent has no other are left out. Empty where there are too few.
    """
    folds = dealt(model, FOLDS, seed)
    trials: list[Trial] = []
    if sum(map(len, folds)) < LEAST_SAMPLES:
        return trials
    for number, held in enumerate(folds):

        def report(step: str, share: float, number: int = number) -> None:
            on_progress(f"fold {number + 1} of {FOLDS}", (number + share) / FOLDS)

        pair = trained(without(model, held), locale, seed, report)
        trials += tried(pair, model, held, locale)
    return trials


def learning_curve(
    model: InteractionModel, *, locale: str, seed: int = 0, on_progress: Progress = ignore
) -> list[dict[str, Any]]:
    """Return what both parsers get right of the same held-out samples, by how much they learned.

    One point for each of SHARES: ``{share, samples, count, neural, maxent_crf, intents, counts}``,
    the accuracies of frames in [0, 1], of each intent those of the DNN, and of how many trials.
    """
    held, *rest = dealt(model, FOLDS + 1, seed)
    kept = [sample for fold in rest for sample in fold]
    points: list[dict[str, Any]] = []
    if len(held) < LEAST_SAMPLES // 2:
        return points
    for number, share in enumerate(SHARES):

        def report(step: str, done: float, number: int = number) -> None:
            on_progress(f"{SHARES[number]:.0%} of the samples", (number + done) / len(SHARES))

        # The first of each intent, in the order in which they were dealt.
        dropped = [*held, *_rest_of(kept, share)]
        pair = trained(without(model, dropped), locale, seed, report)
        trials = tried(pair, model, held, locale)
        points.append(_point(share, len(kept) - len(dropped) + len(held), trials))
    return points


def worth_of_more(points: Sequence[dict[str, Any]], key: str) -> float:
    """Return about how much the accuracy ``key`` would gain from twice as many samples.

    The last doubling, from half of the samples to all, less in the proportion in which it gave
    less than the doubling before: what it gave itself where that is the other way round.
    """
    accuracy = {point["share"]: point[key] for point in points}
    last, before = accuracy[1.0] - accuracy[0.5], accuracy[0.5] - accuracy[0.25]
    if last <= 0:
        return 0.0
    return float(last * min(1.0, last / before) if before > 0 else last)


def worth_by_intent(points: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return about how much more of each intent the DNN would have right from twice its samples.

    What the last doubling gave of the intent, drawn towards what it gave of the whole skill as by
    PRIOR trials more, since a few trials tell little; never more than there is left to gain.
    """
    half, full = ({p["share"]: p for p in points}[share] for share in (0.5, 1.0))
    general = worth_of_more(points, "neural")
    found = {}
    for name, now in full["intents"].items():
        count = full.get("counts", {}).get(name, 0)
        gain = max(0.0, now - half["intents"].get(name, 0.0))
        found[name] = min((count * gain + PRIOR * general) / (count + PRIOR), 1 - now)
    return found


def dealt(model: InteractionModel, count: int, seed: int) -> list[list[Sample]]:
    """Return the samples that can be held back in ``count`` folds, each intent in all of them."""
    folds: list[list[Sample]] = [[] for _ in range(count)]
    chance = random.Random(seed)
    next_fold = 0
    for number, intent in enumerate(model.intents):
        texts = list(dict.fromkeys(intent.samples))
        chance.shuffle(texts)
        for text in texts if not intent.is_builtin and len(texts) > 1 else ():
            folds[next_fold % count].append((number, text))
            next_fold += 1
    return folds


def _rest_of(samples: Sequence[Sample], share: float) -> Iterator[Sample]:
    """Yield what of each intent's samples is beyond ``share``; one of each is always kept."""
    by_intent: dict[int, list[Sample]] = {}
    for sample in samples:
        by_intent.setdefault(sample[0], []).append(sample)
    for of_intent in by_intent.values():
        yield from of_intent[max(1, round(len(of_intent) * share)) :]


def without(model: InteractionModel, held: Sequence[Sample]) -> InteractionModel:
    """Return ``model`` without the ``held`` samples."""
    gone = set(held)
    intents = tuple(
        replace(intent, samples=tuple(t for t in intent.samples if (number, t) not in gone))
        for number, intent in enumerate(model.intents)
    )
    return replace(model, intents=intents)


def trained(model: InteractionModel, locale: str, seed: int, report: Progress) -> ParserPair:
    """Return parsers of ``model``, trained in two thirds of a quick build's time."""
    data = TrainingData.from_interaction_model(model, locale=locale, seed=seed)
    schedule = shortened(len(data.utterances))
    return train_parsers(data, tier="quick", seed=seed, schedule=schedule, on_progress=report)


def shortened(utterances: int) -> Schedule:
    """Return the schedule of a quick tier of so many utterances, cut to two thirds."""
    usual = schedule_for(utterances, "quick")
    return replace(usual, steps=max(LEAST_STEPS, round(SHORTER * usual.steps)))


def expected_seconds(
    utterances: int, *, prepared: float, neural: float, maxent_crf: float
) -> dict[str, float]:
    """Return about how long ``folds`` and ``curve`` take, going by what a hurried training took.

    ``prepared``, ``neural``, ``maxent_crf``: its seconds for all around the training, for the
    DNN, and for the baseline, which learn on for longer here.
    """

    def of(share: float) -> float:
        steps = shortened(round(utterances * share)).steps
        baseline = maxent_crf * share * MAX_ITERATIONS / HURRIED_ITERATIONS
        return prepared + neural * steps / HURRIED.steps + baseline

    rest = FOLDS / (FOLDS + 1)
    return {
        "folds": round(FOLDS * of(1 - 1 / FOLDS), 1),
        "curve": round(sum(of(share * rest) for share in SHARES), 1),
    }


def tried(
    pair: ParserPair, model: InteractionModel, held: Sequence[Sample], locale: str
) -> list[Trial]:
    """Return one trial of each held-out sample, its slots filled with values."""
    spoken = [
        (sample, utterance)
        for sample in held
        for utterance in said(model.intents[sample[0]], sample[1], model, locale)
    ]
    texts = [utterance.text for _, utterance in spoken]
    parses = zip(pair.neural.parse_many(texts), pair.maxent_crf.parse_many(texts), strict=True)
    return [
        Trial(text, utterance, neural, maxent_crf)
        for ((_, text), utterance), (neural, maxent_crf) in zip(spoken, parses, strict=True)
    ]


def said(
    intent: Intent, sample: str, model: InteractionModel, locale: str
) -> list[AnnotatedUtterance]:
    """Return the sample with values in its slots: one utterance, or none if it is unusable."""
    alone = replace(model, intents=(replace(intent, samples=(sample,)),))
    # Another seed for each sample, or all would say the same values.
    chance = random.Random(sample)
    return expand(alone, locale=locale, seed=chance.randrange(2**31))[:1]


def _point(share: float, samples: int, trials: Sequence[Trial]) -> dict[str, Any]:
    neural = [(one.expected.frame, one.neural.frame) for one in trials]
    maxent_crf = [(one.expected.frame, one.maxent_crf.frame) for one in trials]
    return {
        "share": share,
        "samples": samples,
        "count": len(trials),
        "neural": frame_accuracy(neural),
        "maxent_crf": frame_accuracy(maxent_crf),
        "intents": _by_intent(neural),
        "counts": Counter(expected.intent for expected, _ in neural),
    }


def _by_intent(pairs: Sequence[tuple[Frame, Frame]]) -> dict[str, float]:
    names = sorted({expected.intent for expected, _ in pairs})
    return {
        name: frame_accuracy([pair for pair in pairs if pair[0].intent == name]) for name in names
    }
