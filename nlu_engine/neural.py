"""The DNN when it parses: the trained network's arithmetic in numpy, then CRF decoding.

Computes what ``network.Network`` computes in evaluation mode (a test compares the two), so
that a process that only parses never loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nlu_engine.crf import CrfWeights, best_path, bio_weights, span_probabilities
from nlu_engine.embeddings import Vectors
from nlu_engine.features import FeatureExtractor, TokenFeatures, Vocabulary
from nlu_engine.frames import RankedIntent
from nlu_engine.parsers import Recognition
from nlu_engine.utterances import Token, runs_of

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
        weights = self.weights
        shared = _layer_norm(
            _linear(features.shared, weights, "project"),
            weights["normalize.weight"],
            weights["normalize.bias"],
        )
        local = weights["words.weight"][features.words]
        spelling = self._spelling(features)
        token = np.concatenate([shared, local, spelling, features.shapes], axis=1)
        context = self._recur(token)
        hidden = _gelu(_linear(np.concatenate([context, token], axis=1), weights, "tag_hidden"))
        return self._intents(context, shared, features), _linear(hidden, weights, "tag_out")

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

    def _recur(self, tokens: Vectors) -> Vectors:
        """Run both directions of the LSTM over (n, width) and return the states (n, 2 hidden)."""
        weights, ends = self.weights, ("l0", "l0_reverse")
        ahead, back = (
            tokens @ weights[f"recur.weight_ih_{end}"].T
            + (weights[f"recur.bias_ih_{end}"] + weights[f"recur.bias_hh_{end}"])
            for end in ends
        )
        inputs = np.stack([ahead, back[::-1]], axis=1)  # (n, 2, 4 hidden)
        onward = [weights[f"recur.weight_hh_{end}"].T for end in ends]
        width = inputs.shape[2] // 4
        hidden = cell = np.zeros((2, width), dtype=np.float32)
        states = np.empty((len(tokens), 2, width), dtype=np.float32)
        for step, gates in enumerate(inputs):
            gates[0] += hidden[0] @ onward[0]
            gates[1] += hidden[1] @ onward[1]
            # One sigmoid for all four costs less than three for those that want one.
            enter, forget, _, leave = np.split(_sigmoid(gates), 4, axis=1)
            cell = forget * cell + enter * np.tanh(gates[:, 2 * width : 3 * width])
            hidden = leave * np.tanh(cell)
            states[step] = hidden
        return np.concatenate([states[:, 0], states[::-1, 1]], axis=1)

    def _intents(self, context: Vectors, shared: Vectors, features: TokenFeatures) -> Vectors:
        attention = np.exp(_log_softmax(_linear(context, self.weights, "attend")[:, 0]))
        pooled = [attention @ context, context.max(axis=0), shared.mean(axis=0)]
        if len(features.sentence):
            pooled.append(_gelu(_linear(features.sentence, self.weights, "summarize")))
        hidden = _gelu(_linear(np.concatenate(pooled), self.weights, "intent_hidden"))
        return _linear(hidden, self.weights, "intent_out")


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


def _sigmoid(values: Vectors) -> Vectors:
    result: Vectors = 0.5 * (1 + np.tanh(0.5 * values))
    return result


def _log_softmax(scores: Vectors) -> Vectors:
    shifted = scores - scores.max()
    result: Vectors = shifted - np.log(np.exp(shifted).sum())
    return result
