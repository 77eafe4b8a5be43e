"""The trained network's arithmetic in numpy: utterances in, intent scores and tag scores out.

Computes what ``network.Network`` computes in evaluation mode (a test compares the two), for any
number of utterances at once, so that a process that only parses never loads torch. The intents'
scores are the mean of the network's and of the classifier's of pooled vectors (``pooled``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors
from nlu_engine.features import FeatureExtractor, Rows, shapes_of
from nlu_engine.utterances import Token
from nlu_engine.weights import unpack

LISTED = "list.weight"
"""The layer that reads listed values; a network trained without any has none."""
POOLED = "pooled"
"""The classifier of pooled vectors (``pooled``); a network of before there was one has none."""
WORDS_AT_ONCE = 8
"""Words that are computed together, always as many: a product of matrices of another size rounds
otherwise, and what a word is may not depend on those that came to be computed with it."""
KNOWN_WORDS = 200
"""Words whose share of the arithmetic is kept for each skill in the quick tier, 1 MB in all."""


class Scorer:
    """One network, its weights unpacked and laid out as parsing wants them."""

    def __init__(self, packed: Mapping[str, npt.NDArray[Any]], extract: FeatureExtractor) -> None:
        self._extract = extract
        weights = unpack(packed)
        kernel = weights["convolve.weight"]  # (filters, c, 3)
        weights["convolve.weight"] = kernel.transpose(0, 2, 1).reshape(len(kernel), -1)
        ends = ("l0", "l0_reverse")
        into = [_gates(weights.pop(f"recur.weight_ih_{end}")) for end in ends]
        bias = [
            _gates(weights.pop(f"recur.bias_ih_{end}") + weights.pop(f"recur.bias_hh_{end}"))
            for end in ends
        ]
        onward = [_gates(weights.pop(f"recur.weight_hh_{end}")) for end in ends]
        self._onward = np.stack([one.T for one in onward])  # (2, h, 4 h)
        head = weights.pop("tag_hidden.weight")
        self._states = 2 * onward[0].shape[1]
        # What a token adds to the gates of both directions and to the tag head, in one product.
        whole = np.concatenate([*into, head[:, self._states :]])
        shapes = whole.shape[1] - _token_width(weights)
        self._of_word = whole[:, :-shapes].T.copy()
        self._of_facts = whole[:, -shapes:].T.copy()
        self._bias = np.concatenate([*bias, weights.pop("tag_hidden.bias")])
        self._tag_context = head[:, : self._states].T.copy()
        self._projection = len(weights["project.bias"])
        self._pooled = f"{POOLED}.weight" in weights
        self._weights = weights
        self._known: dict[str, Vectors] = {}
        self._lock = Lock()

    def __call__(self, utterances: Sequence[Sequence[Token]]) -> tuple[Vectors, list[Vectors]]:
        """Return intent scores (b, intents), and the tag scores (n, tags) of each utterance.

        The b utterances have at least one token each.
        """
        lengths = np.array([len(tokens) for tokens in utterances])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        words = [token.text for tokens in utterances for token in tokens]
        # One by one: the encoder's activations are quantised per batch, and what an utterance
        # means may not depend on what else is asked.
        encoded = [self._extract.in_context([tokens])[0] for tokens in utterances]
        of_words = (
            self._words_in_context(words, np.concatenate([context for context, _ in encoded]))
            if self._extract.tier == "full"
            else self._words(words)
        )
        width = self._of_word.shape[1]
        mixed, shared = of_words[:, :width], of_words[:, width : width + self._projection]
        mixed = mixed + np.concatenate([self._facts(one) for one in utterances]) @ self._of_facts
        gates = 4 * self._states
        context = self._recur(mixed[:, :gates], lengths, starts)
        hidden = gelu(context @ self._tag_context + mixed[:, gates:])
        tags = _linear(hidden, self._weights, "tag_out")
        sentences = np.stack([sentence for _, sentence in encoded])
        intents = self._intents(context, shared, sentences, lengths, starts)
        if self._pooled:
            pooled = of_words[:, width + self._projection :]
            intents = _with_second(intents, self._second(pooled, sentences, starts))
        return intents, [tags[first : first + n] for first, n in zip(starts, lengths, strict=True)]

    def _facts(self, tokens: Sequence[Token]) -> Vectors:
        """Return what is known of each token besides its word, (n, shape and listed facts)."""
        shapes = shapes_of(tokens)
        if LISTED not in self._weights:
            return shapes
        listed = self._extract.listed(tokens) @ self._weights[LISTED].T
        return np.concatenate([shapes, listed], axis=1)

    def _words(self, words: Sequence[str]) -> Vectors:
        """Return ``_parts`` of words without context, each computed once while it is known."""
        with self._lock:
            missing = [word for word in dict.fromkeys(words) if word not in self._known]
            for start in range(0, len(missing), WORDS_AT_ONCE):
                some = missing[start : start + WORDS_AT_ONCE]
                filled = [*some, *[some[0]] * (WORDS_AT_ONCE - len(some))]
                nothing = np.zeros((len(filled), 0), dtype=np.float32)
                parts = self._words_in_context(filled, nothing)
                self._known.update(zip(some, parts, strict=False))
            for word in dict.fromkeys(words):  # what was said last is forgotten last
                self._known[word] = self._known.pop(word)
            found = np.stack([self._known[word] for word in words])
            for word in list(self._known)[: max(0, len(self._known) - KNOWN_WORDS)]:
                del self._known[word]
        return found

    def _words_in_context(self, words: Sequence[str], context: Vectors) -> Vectors:
        """Return what each word adds to gates and tag head, then its projected shared vector."""
        shared, rows, characters = zip(*map(self._extract.of_word, words), strict=True)
        weights = self._weights
        vectors = np.concatenate([np.stack(shared), context], axis=1)
        projected = _layer_norm(
            _linear(vectors, weights, "project"),
            weights["normalize.weight"],
            weights["normalize.bias"],
        )
        local = weights["words.weight"][np.array(rows)]
        spelling = _spelling(np.stack(characters), weights)
        word = np.concatenate([projected, local, spelling], axis=1)
        parts = [word @ self._of_word + self._bias, projected]
        if self._pooled:
            parts.append(self._weighed(np.stack(shared), weights[f"{POOLED}.rarity"][list(rows)]))
        return np.concatenate(parts, axis=1)

    def _weighed(self, shared: Vectors, rarity: Vectors) -> Vectors:
        """Return what each word adds to the scores of the pooled vectors, and to their weight."""
        weight = self._weights[f"{POOLED}.weight"][:, : shared.shape[1]]
        rare = rarity[:, None]
        weighed: Vectors = np.concatenate([shared @ weight.T, rare], axis=1) * rare
        return weighed

    def _second(self, weighed: Vectors, sentences: Vectors, starts: Rows) -> Vectors:
        """Return the intents' scores by the pooled vectors of each utterance, (b, intents)."""
        sums: Vectors = np.add.reduceat(weighed, starts)
        length: Vectors = np.sqrt(sums[:, -1:], dtype=np.float32)
        scores = sums[:, :-1] / length + self._weights[f"{POOLED}.bias"]
        if sentences.shape[1]:
            scores += sentences @ self._weights[f"{POOLED}.weight"][:, -sentences.shape[1] :].T
        return scores

    def _recur(self, gates: Vectors, lengths: Rows, starts: Rows) -> Vectors:
        """Run both directions of the LSTM; return the states (t, 2 hidden) of t tokens.

        Utterances are taken longest first, so that those not yet at their end are the first.
        """
        onward, width = self._onward, self._states // 2
        order = np.argsort(-lengths, kind="stable")
        longest, count = int(lengths.max()), len(lengths)
        steps = np.arange(longest)[:, None]
        ends = lengths[order]
        ahead = np.minimum(steps, ends - 1) + starts[order]  # (longest, b), rows of tokens
        back = np.maximum(ends - 1 - steps, 0) + starts[order]
        halves = gates.reshape(len(gates), 2, -1)
        inputs = np.stack([halves[ahead, 0], halves[back, 1]], axis=1)  # (longest, 2, b, 4 h)
        spoken = steps < ends
        hidden = np.zeros((2, count, width), dtype=np.float32)
        cell = np.zeros((2, count, width), dtype=np.float32)
        found = np.empty((longest, 2, count, width), dtype=np.float32)
        for step, among in enumerate(spoken.sum(axis=1).tolist()):
            now = inputs[step, :, :among]
            now += hidden[:, :among] @ onward
            np.tanh(now, out=now)
            opened = now[..., : 3 * width]
            opened *= 0.5
            opened += 0.5
            cell = now[..., width : 2 * width] * cell[:, :among]
            cell += now[..., :width] * now[..., 3 * width :]
            hidden = found[step, :, :among]
            np.tanh(cell, out=hidden)
            hidden *= now[..., 2 * width : 3 * width]
        states = np.empty((len(gates), 2, width), dtype=np.float32)
        states[ahead[spoken], 0] = found[:, 0][spoken]
        states[back[spoken], 1] = found[:, 1][spoken]
        return states.reshape(len(gates), -1)

    def _intents(
        self, context: Vectors, shared: Vectors, sentences: Vectors, lengths: Rows, starts: Rows
    ) -> Vectors:
        weights = self._weights
        scores = _linear(context, weights, "attend")
        peaks = np.maximum.reduceat(scores, starts)
        shares = np.exp(scores - np.repeat(peaks, lengths, axis=0))
        attended = np.add.reduceat(shares * context, starts) / np.add.reduceat(shares, starts)
        highest = np.maximum.reduceat(context, starts)
        mean = np.add.reduceat(shared, starts) / lengths[:, None].astype(np.float32)
        pooled = [attended, highest, mean]
        if sentences.shape[1]:
            pooled.append(gelu(_linear(sentences, weights, "summarize")))
        hidden = gelu(_linear(np.concatenate(pooled, axis=1), weights, "intent_hidden"))
        return _linear(hidden, weights, "intent_out")


def _with_second(first: Vectors, second: Vectors) -> Vectors:
    """Return scores (b, intents) by which intents are as likely as both say in the (log) mean.

    ``first`` may have one more, of everything else: what it has against all others stays.
    """
    inside = first[:, : second.shape[1]]
    if inside.shape == first.shape:
        return np.float32(0.5) * (first + second)
    whole = _log_sums(inside)
    mixed = np.float32(0.5) * (inside - whole + second - _log_sums(second))
    return np.concatenate([mixed - _log_sums(mixed) + whole, first[:, second.shape[1] :]], axis=1)


def _log_sums(scores: Vectors) -> Vectors:
    highest = scores.max(axis=1, keepdims=True)
    sums: Vectors = highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return sums


def _gates(weights: Vectors) -> Vectors:
    """Return the rows (4 h, ...) of an LSTM's gates as the steps want them: the cell's last.

    The sigmoid of x is half the hyperbolic tangent of x / 2, moved: with the other three
    gates halved, one tangent does for all of them.
    """
    entered, kept, proposed, shown = np.split(weights, 4)
    half = np.float32(0.5)
    return np.concatenate([entered * half, kept * half, shown * half, proposed])


def _token_width(weights: Mapping[str, Vectors]) -> int:
    projection, words = weights["normalize.weight"], weights["words.weight"]
    spelling = weights["convolve.bias"]
    return int(len(projection) + words.shape[1] + len(spelling))


def _spelling(characters: Rows, weights: Mapping[str, Vectors]) -> Vectors:
    vectors = weights["characters.weight"][characters]  # (n, width, c)
    count, width, size = vectors.shape
    padded = np.zeros((count, width + 2, size), dtype=np.float32)
    padded[:, 1:-1] = vectors
    windows = np.concatenate([padded[:, k : k + width] for k in range(3)], axis=-1)
    # A product for each word, so that none depends on the others.
    convolved = windows @ weights["convolve.weight"].T + weights["convolve.bias"]
    convolved[characters == 0] = -1e4
    spelled: Vectors = np.maximum(convolved.max(axis=1), 0)
    return spelled


def _linear(values: Vectors, weights: Mapping[str, Vectors], name: str) -> Vectors:
    result: Vectors = values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return result


def _layer_norm(values: Vectors, weight: Vectors, bias: Vectors) -> Vectors:
    centred = values - values.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    normed: Vectors = centred / np.sqrt(variance + 1e-5) * weight + bias
    return normed


def gelu(values: Vectors) -> Vectors:
    """Return the Gaussian error linear unit of ``values`` (Hendrycks and Gimpel 2016).

    By the hyperbolic tangent, as they propose and as the network learns with: the error function
    takes twice the time.
    """
    inner = np.square(values)
    inner *= np.float32(0.044715)
    inner += 1
    inner *= values
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1
    inner *= values
    inner *= np.float32(0.5)
    return inner
