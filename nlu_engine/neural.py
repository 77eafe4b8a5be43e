"""The DNN when it parses: the trained network's arithmetic in numpy, then CRF decoding.

Computes what ``network.Network`` computes in evaluation mode (a test compares the two), so
that a process that only parses never loads torch.
"""

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
from nlu_engine.features import FeatureExtractor, Rows, TokenFeatures, Vocabulary
from nlu_engine.frames import RankedIntent
from nlu_engine.parsers import Recognition
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
        self._extract = extract
        own = {name: array for name, array in packed.items() if name.startswith("crf.")}
        crf = bio_weights(_crf(unpack(own)), vocabulary.tags)
        rows = [np.flatnonzero(row) for row in allowed]
        # Only tags of the intent are decoded: a skill has many more than an intent has.
        self._of_intent = [(among, crf.among(among)) for among in rows]

    def recognize(self, tokens: Sequence[Token]) -> Recognition:
        """Return the intents, and the best path among the tags that the first of them may have."""
        intents, tags = self.scores(self._extract(tokens))
        names = self.vocabulary.intents
        inside = intents[: len(names)]
        probabilities = np.exp(_log_softmax(inside))
        order = np.argsort(-probabilities, kind="stable")
        rows, crf = self._of_intent[order[0]]
        scores = tags[:, rows]
        path = best_path(scores, crf)
        found = tuple(self.vocabulary.tags[rows[tag]] for tag in path)
        spans = [(first, end) for _, first, end in runs_of(found)]
        # Where the skill has a fallback, the last score is that of everything else.
        outside = float(np.exp(_log_softmax(intents))[-1]) if len(intents) > len(names) else None
        return Recognition(
            tuple(RankedIntent(names[row], float(probabilities[row])) for row in order),
            found,
            tuple(span_probabilities(scores, crf, path, spans)),
            outside,
        )

    def scores(self, features: TokenFeatures) -> tuple[Vectors, Vectors]:
        """Return the network's intent scores (intents,) and tag scores (n, tags)."""
        weights = _ready(self)
        shared = _layer_norm(
            _linear(features.shared, weights, "project"),
            weights["normalize.weight"],
            weights["normalize.bias"],
        )
        local = weights["words.weight"][features.words]
        spelling = _spelling(features.characters, weights)
        token = np.concatenate([shared, local, spelling, features.shapes], axis=1)
        context = _recur(token, weights)
        hidden = _gelu(_linear(np.concatenate([context, token], axis=1), weights, "tag_hidden"))
        tags = _linear(hidden, weights, "tag_out")
        return _intents(context, shared, features.sentence, weights), tags


@lru_cache(READY)
def _ready(recognizer: NeuralRecognizer) -> dict[str, Vectors]:
    """Return the weights in the layout that parsing wants."""
    weights = unpack(recognizer.packed)
    kernel = weights["convolve.weight"]  # (filters, c, 3)
    weights["convolve.weight"] = kernel.transpose(0, 2, 1).reshape(len(kernel), -1)
    ends = ("l0", "l0_reverse")
    # The sigmoid of x is half the hyperbolic tangent of x / 2, moved: with three of the four
    # gates halved, one tangent does for all of them.
    gates = np.full((4, 1), 0.5, dtype=np.float32)
    gates[2] = 1
    scale = np.repeat(gates, len(weights["recur.bias_ih_l0"]) // 4, axis=0)  # (4 hidden, 1)
    into = [weights.pop(f"recur.weight_ih_{end}") * scale for end in ends]
    bias = [
        (weights.pop(f"recur.bias_ih_{end}") + weights.pop(f"recur.bias_hh_{end}")) * scale[:, 0]
        for end in ends
    ]
    onward = [(weights.pop(f"recur.weight_hh_{end}") * scale).T for end in ends]
    weights["into.weight"], weights["into.bias"] = np.concatenate(into), np.concatenate(bias)
    weights["onward"] = np.stack(onward)  # (2, hidden, 4 hidden)
    return weights


def _crf(weights: Mapping[str, Vectors]) -> CrfWeights:
    return CrfWeights(weights["crf.start"], weights["crf.end"], weights["crf.transitions"])


def _spelling(characters: Rows, weights: Mapping[str, Vectors]) -> Vectors:
    vectors = weights["characters.weight"][characters]  # (n, width, c)
    count, width, size = vectors.shape
    padded = np.zeros((count, width + 2, size), dtype=np.float32)
    padded[:, 1:-1] = vectors
    windows = np.concatenate([padded[:, k : k + width] for k in range(3)], axis=-1)
    flat = windows.reshape(count * width, -1) @ weights["convolve.weight"].T
    flat = flat.reshape(count, width, -1) + weights["convolve.bias"]
    flat[characters == 0] = -1e4
    spelled: Vectors = np.maximum(flat.max(axis=1), 0)
    return spelled


def _recur(tokens: Vectors, weights: Mapping[str, Vectors]) -> Vectors:
    """Run both directions of the LSTM over (n, width) and return the states (n, 2 hidden)."""
    onward = weights["onward"]
    width = onward.shape[1]
    inputs = _linear(tokens, weights, "into").reshape(len(tokens), 2, 1, -1)
    inputs[:, 1] = inputs[::-1, 1].copy()
    hidden = cell = np.zeros((2, 1, width), dtype=np.float32)
    states = np.empty((len(tokens), 2, 1, width), dtype=np.float32)
    for step, gates in enumerate(inputs):
        gates += hidden @ onward
        np.tanh(gates, out=gates)
        proposed = gates[..., 2 * width : 3 * width].copy()
        gates *= 0.5
        gates += 0.5
        cell = gates[..., width : 2 * width] * cell
        cell += gates[..., :width] * proposed
        hidden = np.multiply(gates[..., 3 * width :], np.tanh(cell), out=states[step])
    return np.concatenate([states[:, 0, 0], states[::-1, 1, 0]], axis=1)


def _intents(
    context: Vectors, shared: Vectors, sentence: Vectors, weights: Mapping[str, Vectors]
) -> Vectors:
    attention = np.exp(_log_softmax(_linear(context, weights, "attend")[:, 0]))
    pooled = [attention @ context, context.max(axis=0), shared.mean(axis=0)]
    if len(sentence):
        pooled.append(_gelu(_linear(sentence, weights, "summarize")))
    hidden = _gelu(_linear(np.concatenate(pooled), weights, "intent_hidden"))
    return _linear(hidden, weights, "intent_out")


def _linear(values: Vectors, weights: Mapping[str, Vectors], name: str) -> Vectors:
    result: Vectors = values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return result


def _layer_norm(values: Vectors, weight: Vectors, bias: Vectors) -> Vectors:
    centred = values - values.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    normed: Vectors = centred / np.sqrt(variance + 1e-5) * weight + bias
    return normed


def _gelu(values: Vectors) -> Vectors:
    activated: Vectors = 0.5 * values * (1 + _erf(values / np.float32(np.sqrt(2))))
    return activated


def _erf(values: Vectors) -> Vectors:
    # Abramowitz and Stegun 1964, formula 7.1.26: off by at most 1.5e-7.
    t = 1 / (1 + np.float32(0.3275911) * np.abs(values))
    coefficients = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    series: Vectors = np.zeros_like(values)
    for coefficient in coefficients:
        series = ((series + np.float32(coefficient)) * t).astype(np.float32)
    result: Vectors = np.sign(values) * (1 - series * np.exp(-np.square(values)))
    return result


def _log_softmax(scores: Vectors) -> Vectors:
    shifted = scores - scores.max()
    result: Vectors = shifted - np.log(np.exp(shifted).sum())
    return result


def tag_shares(
    recognizer: NeuralRecognizer, tokens: Sequence[Token]
) -> tuple[tuple[str, ...], Vectors]:
    """Return the tags that the likeliest intent may have, and their probabilities (n, tags)."""
    intents, tags = recognizer.scores(recognizer._extract(tokens))
    names = recognizer.vocabulary.tags
    rows, crf = recognizer._of_intent[intents[: len(recognizer.vocabulary.intents)].argmax()]
    return tuple(names[row] for row in rows), tag_probabilities(tags[:, rows], crf)
