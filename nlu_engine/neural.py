"""The DNN when it parses: what the network scores, then CRF decoding; without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu_engine.crf import (
    CrfWeights,
    best_path,
    bio_weights,
    span_probabilities,
    tag_probabilities,
)
from nlu_engine.embeddings import Vectors
from nlu_engine.features import FeatureExtractor, Vocabulary
from nlu_engine.frames import RankedIntent
from nlu_engine.parsers import Recognition
from nlu_engine.scoring import Scorer
from nlu_engine.utterances import Token, runs_of
from nlu_engine.weights import unpack

Allowed = npt.NDArray[np.bool_]
READY = 32
"""Skills whose weights a process keeps unpacked, those that parsed last; others wait in 8 bits."""


class NeuralRecognizer:
    """Scores utterances with the weights of one trained network.

    ``packed`` holds the weights as ``weights.pack`` makes them. ``allowed`` (intents, tags) is
    true where an intent may have a tag.
    """

    def __init__(
        self,
        packed: Mapping[str, npt.NDArray[Any]],
        vocabulary: Vocabulary,
        extract: FeatureExtractor,
        allowed: Allowed,
    ) -> None:
        self.packed = packed
        self.vocabulary = vocabulary
        self.allowed = allowed
        self.extract = extract
        own = {name: array for name, array in packed.items() if name.startswith("crf.")}
        crf = bio_weights(_crf(unpack(own)), vocabulary.tags)
        rows = [np.flatnonzero(row) for row in allowed]
        # Only tags of the intent are decoded: a skill has many more than an intent has.
        self._of_intent = [(among, crf.among(among)) for among in rows]

    def recognize(self, utterances: Sequence[Sequence[Token]]) -> list[Recognition]:
        """Return the intents of each utterance, and the best path among the first one's tags."""
        intents, tags = self.scores(utterances)
        return [self._recognized(*both) for both in zip(intents, tags, strict=True)]

    def scores(self, utterances: Sequence[Sequence[Token]]) -> tuple[Vectors, list[Vectors]]:
        """Return intent scores (b, intents), and the tag scores (n, tags) of each utterance."""
        return _ready(self)(utterances)

    def _recognized(self, intents: Vectors, tags: Vectors) -> Recognition:
        names = self.vocabulary.intents
        inside = _softmax(intents[: len(names)])
        order = np.argsort(-inside, kind="stable").tolist()
        rows, crf = self._of_intent[order[0]]
        scores = tags[:, rows]
        path = best_path(scores, crf)
        found = tuple(self.vocabulary.tags[rows[tag]] for tag in path)
        spans = [(first, end) for _, first, end in runs_of(found)]
        # Where the skill has a fallback, the last score is that of everything else.
        outside = float(_softmax(intents)[-1]) if len(intents) > len(names) else None
        return Recognition(
            tuple(RankedIntent(names[row], float(inside[row])) for row in order),
            found,
            tuple(span_probabilities(scores, crf, path, spans)),
            outside,
        )


@lru_cache(READY)
def _ready(recognizer: NeuralRecognizer) -> Scorer:
    return Scorer(recognizer.packed, recognizer.extract)


def _crf(weights: Mapping[str, Vectors]) -> CrfWeights:
    return CrfWeights(weights["crf.start"], weights["crf.end"], weights["crf.transitions"])


def _softmax(scores: Vectors) -> Vectors:
    exponents = np.exp(scores - scores.max())
    shares: Vectors = exponents / exponents.sum()
    return shares


def tag_shares(
    recognizer: NeuralRecognizer, tokens: Sequence[Token]
) -> tuple[tuple[str, ...], Vectors]:
    """Return the tags that the likeliest intent may have, and their probabilities (n, tags)."""
    intents, [tags] = recognizer.scores([tokens])
    names = recognizer.vocabulary.tags
    rows, crf = recognizer._of_intent[intents[0, : len(recognizer.vocabulary.intents)].argmax()]
    return tuple(names[row] for row in rows), tag_probabilities(tags[:, rows], crf)
