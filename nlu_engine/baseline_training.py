"""Fit the MaxEnt-CRF baseline; kept from ``baseline`` so that parsing loads no scikit-learn."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pycrfsuite
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize as normalize_rows

from nlu_engine.baseline import (
    MaxEntCrfRecognizer,
    MaxEntIntents,
    token_features,
    utterance_features,
)
from nlu_engine.calibration import fit_temperature
from nlu_engine.embeddings import Vectors
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import Token, tags_of, tokenize

MAX_ITERATIONS = 100
HURRIED_ITERATIONS = 30
"""Of the CRF that has to answer soon (docs/experiments.md)."""
FOLDS = 3
MAX_CALIBRATED = 1_500
"""Utterances that the temperature is fitted on, at most."""


def train_baseline(
    data: TrainingData,
    *,
    copies: Sequence[AnnotatedUtterance] = (),
    negatives: Sequence[str] = (),
    iterations: int = MAX_ITERATIONS,
    on_progress: Callable[[float], None] = lambda share: None,
) -> MaxEntCrfRecognizer:
    """Fit the baseline on ``data``, and ``negatives`` as what is out of scope.

    Slots are learned from ``copies`` (``augmentation.copies_of``) too; intents lose by them.

    ``iterations``: of the CRF at most. ``on_progress`` is called with the share done, in [0, 1];
    what it raises ends the training.
    """
    utterances = [*data.utterances, *copies]
    tokenized = [tokenize(utterance.text) for utterance in utterances]
    intents = [utterance.frame.intent for utterance in utterances]
    tagged = [
        tags_of(tokens, utterance.frame.slots)
        for tokens, utterance in zip(tokenized, utterances, strict=True)
    ]
    outside = [tokenize(text) for text in negatives]
    written = len(data.utterances)
    return MaxEntCrfRecognizer(
        fit_intents(tokenized[:written], intents[:written], outside),
        fit_slots(tokenized, tagged, intents, iterations, on_progress),
    )


def fit_intents(
    tokenized: Sequence[Sequence[Token]],
    intents: Sequence[str],
    outside: Sequence[Sequence[Token]] = (),
    *,
    inverse_penalty: float = 30.0,
) -> MaxEntIntents:
    """Fit the intent classifier; one intent alone always has probability 1.

    ``outside`` are utterances out of scope, one class more.
    """
    counted = [Counter(utterance_features(tokens)) for tokens in (*tokenized, *outside)]
    frequency = Counter(name for counts in counted for name in counts)
    features = {name: row for row, name in enumerate(sorted(frequency))}
    shares = [(1 + len(counted)) / (1 + frequency[name]) for name in features]
    idf = (1 + np.log(shares)).astype(np.float32)
    names = tuple(sorted(set(intents)))
    rows = {name: row for row, name in enumerate(names)}
    targets = [*(rows[intent] for intent in intents), *[len(names)] * len(outside)]
    # All negatives together weigh as much as one intent, or rare words would all mean "none".
    share = min(1.0, len(tokenized) / len(names) / max(1, len(outside)))
    importance = [1.0] * len(tokenized) + [share] * len(outside)
    matrix = _tf_idf(counted, features, idf)
    weights, intercepts = fit_maxent(matrix, targets, inverse_penalty, importance)
    return MaxEntIntents.of(list(features), idf, weights, intercepts, names)


def intent_temperature(data: TrainingData) -> float:
    """Return the temperature that makes the classifier's confidences true (Guo et al. 2017).

    Fitted on folds that the classifier did not see; of large skills, on a part.
    """
    chosen = list(data.utterances)
    random.Random(0).shuffle(chosen)
    chosen = chosen[:MAX_CALIBRATED]
    probabilities: list[list[float]] = []
    right: list[int] = []
    for fold in range(FOLDS):
        kept = [one for row, one in enumerate(chosen) if row % FOLDS != fold]
        known = {one.frame.intent for one in kept}
        held = [one for row, one in enumerate(chosen) if row % FOLDS == fold]
        if len(known) < 2:
            continue
        tokenized = [tokenize(one.text) for one in kept]
        classifier = fit_intents(tokenized, [one.frame.intent for one in kept])
        for one in held:
            if one.frame.intent in known:
                probabilities.append(classifier.probabilities(tokenize(one.text)).tolist())
                right.append(classifier.intents.index(one.frame.intent))
    return fit_temperature(probabilities, right)


def _tf_idf(counted: Sequence[Counter[str]], features: dict[str, int], idf: Vectors) -> csr_matrix:
    rows = [row for row, counts in enumerate(counted) for _ in counts]
    columns = [features[name] for counts in counted for name in counts]
    values = [count for counts in counted for count in counts.values()]
    matrix = csr_matrix((values, (rows, columns)), shape=(len(counted), len(features)))
    normed: csr_matrix = normalize_rows(matrix.multiply(idf).tocsr())
    return normed


def fit_maxent(
    matrix: csr_matrix | Vectors,
    targets: Sequence[int],
    inverse_penalty: float,
    importance: Sequence[float],
) -> tuple[Vectors, Vectors]:
    """Return the maximum entropy classifier of ``matrix`` (utterances, features).

    Its coefficients (features, intents) and intercepts (intents,); ``importance`` weighs the
    utterances.
    """
    if len(set(targets)) == 1:
        return np.zeros((matrix.shape[1], 1), np.float32), np.zeros(1, np.float32)
    classifier = LogisticRegression(C=inverse_penalty, max_iter=1000)
    classifier.fit(matrix, targets, sample_weight=importance)
    coefficients, intercepts = classifier.coef_, classifier.intercept_
    if len(intercepts) == 1:  # scikit-learn keeps one row for two classes
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    return (
        np.ascontiguousarray(coefficients.T, dtype=np.float32),
        intercepts.astype(np.float32),
    )


class _Trainer(pycrfsuite.Trainer):  # type: ignore[misc]
    """A trainer that tells how far it is; only then can others run, or the training be ended."""

    on_progress: Callable[[float], None]
    most = MAX_ITERATIONS
    iterations = 0

    def message(self, text: str) -> None:
        """Take a line of crfsuite's log."""
        self.iterations += text.startswith("***** Iteration")
        self.on_progress(self.iterations / self.most)


def fit_slots(
    tokenized: Sequence[Sequence[Token]],
    tagged: Sequence[Sequence[str]],
    intents: Sequence[str],
    iterations: int = MAX_ITERATIONS,
    on_progress: Callable[[float], None] = lambda share: None,
) -> bytes:
    """Fit the CRF on tokens, their tags and the intent, and return crfsuite's own file."""
    options = {"c1": 0.05, "c2": 0.01, "feature.possible_transitions": True}
    trainer = _Trainer("lbfgs", options | {"max_iterations": iterations}, verbose=False)
    trainer.on_progress, trainer.most = on_progress, iterations
    for tokens, tags, intent in zip(tokenized, tagged, intents, strict=True):
        trainer.append(token_features(tokens, intent), list(tags))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slots.crfsuite"
        trainer.train(str(path))
        return path.read_bytes()
