"""The DNN when it parses: the trained network's arithmetic in numpy, then CRF decoding.

Computes what ``network.Network`` computes in evaluation mode (a test compares the two), so
that a process that only parses never loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nlu_engine.crf import CrfWeights, best_path, bio_weights
from nlu_engine.embeddings import Vectors
from nlu_engine.features import FeatureExtractor, TokenFeatures, Vocabulary
from nlu_engine.frames import RankedIntent
from nlu_engine.parsers import Recognition
from nlu_engine.utterances import Token

Allowed = npt.NDArray[np.bool_]


class NeuralRecognizer:
    """Scores utterances with the weights of one trained network.

    ``allowed`` (intents, tags) is true where an intent may have a tag.
    """

    def __init__(
        self,
        weights: Mapping[str, Vectors],
        vocabulary: Vocabulary,
        extract: FeatureExtractor,
        allowed: Allowed,
    ) -> None:
        self.weights = weights
        self.vocabulary = vocabulary
        self.allowed = allowed
        self._extract = extract
        crf = CrfWeights(weights["crf.start"], weights["crf.end"], weights["crf.transitions"])
        crf = bio_weights(crf, vocabulary.tags)
        self._restricted = [crf.restricted(row) for row in list(allowed)]

    def recognize(self, tokens: Sequence[Token]) -> Recognition:
        """Return the intents, and the best path among the tags that the first of them may have."""
        intents, tags = self.scores(self._extract(tokens))
        probabilities = np.exp(_log_softmax(intents))
        order = np.argsort(-probabilities, kind="stable")
        path = best_path(tags, self._restricted[order[0]])
        names = self.vocabulary.intents
        return Recognition(
            tuple(RankedIntent(names[row], float(probabilities[row])) for row in order),
            tuple(self.vocabulary.tags[tag] for tag in path),
        )

    def scores(self, features: TokenFeatures) -> tuple[Vectors, Vectors]:
        """Return the network's intent scores (intents,) and tag scores (n, tags)."""
        weights = self.weights
        shared = _layer_norm(
            _linear(features.shared, weights, "project"),
            weights["normalize.weight"],
            weights["normalize.bias"],
        )
        local = weights["words.weight"][features.words]
        spelling = self._spelling(features)
        token = np.concatenate([shared, local, spelling, features.shapes], axis=1)
        context = np.concatenate(
            [_lstm(token, weights, ""), _lstm(token[::-1], weights, "_reverse")[::-1]], axis=1
        )
        hidden = _gelu(_linear(np.concatenate([context, token], axis=1), weights, "tag_hidden"))
        return self._intents(context, shared), _linear(hidden, weights, "tag_out")

    def _spelling(self, features: TokenFeatures) -> Vectors:
        characters = features.characters
        vectors = self.weights["characters.weight"][characters]  # (n, width, c)
        padded = np.pad(vectors, ((0, 0), (1, 1), (0, 0)))
        windows = np.stack([padded[:, k : k + characters.shape[1]] for k in range(3)], axis=-1)
        kernel = self.weights["convolve.weight"]  # (filters, c, 3)
        flat = windows.reshape(*characters.shape, -1) @ kernel.reshape(len(kernel), -1).T
        flat = flat + self.weights["convolve.bias"]
        flat[characters == 0] = -1e4
        spelled: Vectors = np.maximum(flat, 0).max(axis=1)
        return spelled

    def _intents(self, context: Vectors, shared: Vectors) -> Vectors:
        attention = np.exp(_log_softmax(_linear(context, self.weights, "attend")[:, 0]))
        pooled = np.concatenate([attention @ context, context.max(axis=0), shared.mean(axis=0)])
        return _linear(
            _gelu(_linear(pooled, self.weights, "intent_hidden")), self.weights, "intent_out"
        )


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


def _lstm(tokens: Vectors, weights: Mapping[str, Vectors], direction: str) -> Vectors:
    """Run one direction of the LSTM over (n, width) and return its states (n, hidden)."""
    name = f"recur.{{}}_l0{direction}"
    recurrent = weights[name.format("weight_hh")].T
    bias = weights[name.format("bias_ih")] + weights[name.format("bias_hh")]
    inputs = tokens @ weights[name.format("weight_ih")].T + bias  # (n, 4 hidden)
    hidden = np.zeros(len(recurrent), dtype=np.float32)
    cell = hidden
    states = []
    for row in inputs:
        enter, forget, update, leave = np.split(row + hidden @ recurrent, 4)
        cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(update)
        hidden = _sigmoid(leave) * np.tanh(cell)
        states.append(hidden)
    return np.stack(states)


def _sigmoid(values: Vectors) -> Vectors:
    result: Vectors = 0.5 * (1 + np.tanh(0.5 * values))
    return result


def _log_softmax(scores: Vectors) -> Vectors:
    shifted = scores - scores.max()
    result: Vectors = shifted - np.log(np.exp(shifted).sum())
    return result
