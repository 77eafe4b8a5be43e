"""The trained network's arithmetic in numpy: utterances in, intent scores and tag scores out.

Computes what ``network.Network`` computes in evaluation mode (a test compares the two), for any
number of utterances at once, so that a process that only parses never loads torch. The intents'
scores are the mean of the network's and of the classifier's of pooled vectors (``pooled``).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from threading import Lock
from typing import Any
from weakref import finalize

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors
from nlu_engine.features import (
    MAX_CHARACTERS,
    SHAPE_FEATURES,
    WORD_FACTS,
    FeatureExtractor,
    Rows,
    facts_of_word,
)
from nlu_engine.layout import Layout, layout_of
from nlu_engine.utterances import Token
from nlu_engine.weights import Matrix, unpack

Packed = Mapping[str, npt.NDArray[Any]]
"""Weights as ``weights.pack`` makes them."""
LISTED = "list.weight"
"""The layer that reads listed values; a network trained without any has none."""
POOLED = "pooled"
"""The classifier of pooled vectors (``pooled``); a network of before there was one has none."""
KNOWN_WORDS = 4_096
"""Words whose share of the arithmetic a process keeps, of all networks together: 5 kB each."""
WORDS_AT_ONCE = 32
_WINDOWS = np.arange(MAX_CHARACTERS)[:, None] + np.arange(3)
"""Of each letter of a word that has one place more at either end: its neighbours and itself."""
_ENDS = np.arange(2)[:, None]
_GATES = np.arange(4)[:, None, None]
# In arrays, which numpy takes quicker than numbers.
_HALF, _ONE, _LINEAR, _CUBED = (
    np.array(number, dtype=np.float32)
    for number in (0.5, 1, np.sqrt(2 / np.pi), 0.044715 * np.sqrt(2 / np.pi))
)
_DIRECTIONS = ("l0", "l0_reverse")
_HEAD, _ATTEND = "tag_hidden.weight", "attend.weight"
_LAID_OUT = {_HEAD, _ATTEND} | {
    f"recur.{part}_{end}" for part in ("weight_ih", "weight_hh") for end in _DIRECTIONS
}
"""Matrices that are laid out while they are bytes."""
_ORDER = [0, 1, 3, 2]
"""The gates of an LSTM as torch keeps them, in the order that the steps want."""
_SHARES = np.array([0.5, 0.5, 0.5, 1], dtype=np.float32)[:, None, None]


class Said:
    """Utterances, of at least one token each, as all networks of a skill read them."""

    def __init__(self, utterances: Sequence[Sequence[Token]], extract: FeatureExtractor) -> None:
        self.utterances = utterances
        self._extract = extract
        self.words = [token.text for tokens in utterances for token in tokens]
        self.layout = layout_of(tuple(map(len, utterances)))
        listed = np.concatenate([extract.listed(tokens) for tokens in utterances])
        self.hits = np.flatnonzero(listed.any(axis=1))
        """The tokens of listed values."""
        self.listed = listed[self.hits]

    @cached_property
    def encoded(self) -> tuple[Vectors, Vectors]:
        """What the encoder makes of the words, (t, dimensions), and of each utterance, (b, ...)."""
        # One by one: the encoder's activations are quantised per batch, and what an utterance
        # means may not depend on what else is asked.
        encoded = [self._extract.in_context([tokens])[0] for tokens in self.utterances]
        contexts, sentences = zip(*encoded, strict=True)
        return np.concatenate(contexts), np.stack(sentences)


class KnownWords:
    """What networks make of words: those asked for last, of all networks of a process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[int, str], Vectors] = OrderedDict()
        self._gone: deque[int] = deque()
        self._lock = Lock()

    def __call__(
        self, network: int, words: Sequence[str], make: Callable[[Sequence[str]], Vectors]
    ) -> Vectors:
        """Return what ``make``, of the network of that number, makes of each word."""
        with self._lock:  # what was said last is forgotten last
            self._clear()
            kept = {word: self._kept.pop((network, word), None) for word in dict.fromkeys(words)}
        found = {word: known for word, known in kept.items() if known is not None}
        missing = [word for word in kept if word not in found]
        for start in range(0, len(missing), WORDS_AT_ONCE):
            some = missing[start : start + WORDS_AT_ONCE]
            found.update(zip(some, map(np.copy, make(some)), strict=True))
        with self._lock:
            self._kept.update(((network, word), known) for word, known in found.items())
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.concatenate([found[word] for word in words]).reshape(len(words), -1)

    def forget(self, network: int) -> None:
        """Forget a network's words when others are next asked for.

        Not at once: this is called by the collection of garbage, which may come at any time.
        """
        self._gone.append(network)

    def _clear(self) -> None:
        gone = {self._gone.popleft() for _ in range(len(self._gone))}
        for key in [key for key in self._kept if key[0] in gone] if gone else ():
            del self._kept[key]


_known = KnownWords(KNOWN_WORDS)
_numbers = count()


class Scorer:
    """One network, its weights unpacked and laid out as parsing wants them."""

    def __init__(self, packed: Packed, extract: FeatureExtractor) -> None:
        self._extract = extract
        self._number = next(_numbers)
        finalize(self, _known.forget, self._number)
        self._weights = weights = unpack(packed, but=_LAID_OUT)
        head = Matrix.of(packed, _HEAD)
        self._onward = _onward(packed)
        self._width = width = self._onward.shape[-1]
        # What the states add to the tag head, and how much they are attended to.
        of_states = Matrix(head.rows[:, : 2 * width], head.scales).turned()
        attend = Matrix.of(packed, _ATTEND).turned()
        self._of_states = np.concatenate([of_states, attend], axis=1)
        of_token = _of_token(packed, Matrix(head.rows[:, 2 * width :], head.scales))
        parts = np.split(of_token, np.cumsum(_sizes(weights)))
        self._of_projected, self._of_own, self._of_place, self._of_listed = parts
        self._bias = np.concatenate([_biases(weights).ravel(), weights.pop("tag_hidden.bias")])
        kernel = weights.pop("convolve.weight")  # (filters, c, 3)
        self._kernel = kernel.transpose(2, 1, 0).reshape(-1, len(kernel))
        # The last row is what lies on either side of a word.
        self._letters = np.pad(weights.pop("characters.weight"), ((0, 1), (0, 0)))

    def __call__(self, said: Said) -> tuple[Vectors, Vectors]:
        """Return intent scores (b, intents), and the tokens' tag scores (t, tags)."""
        of_words = _known(self._number, said.words, self._of_words)
        gates, width = 8 * self._width, len(self._bias)
        mixed, meant = of_words[:, :width], of_words[:, width:]
        sentences = None
        if self._extract.tier == "full":
            projected = meant[:, : len(self._of_projected)]
            contexts, sentences = said.encoded
            projected[:] = self._normalized(projected + self._of_context(contexts))
            mixed += projected @ self._of_projected
        self._add_facts(mixed, said)
        states = self._recur(mixed[:, :gates], said.layout)
        sums = states @ self._of_states
        tags = _linear(gelu(sums[:, :-1] + mixed[:, gates:]), self._weights, "tag_out")
        return self._intents(states, sums[:, -1:], meant, sentences, said.layout), tags

    def _of_words(self, words: Sequence[str]) -> Vectors:
        """Return what each word adds to gates and tag head, its projected and its weighed vector.

        Each by a product of its own: one of several rounds otherwise, and what a word is may not
        depend on those that came to be computed with it. In the full tier the projected vector is
        not whole without the word's context, and adds nothing yet.
        """
        weights = self._weights
        vectors, rows, letters = zip(*map(self._extract.of_word, words), strict=True)
        shared, local = np.array(vectors), weights["words.weight"][list(rows)]
        facts = np.array([facts_of_word(word) for word in words], dtype=np.float32)
        own = np.concatenate([local, self._spelling(np.array(letters)), facts], axis=1)
        mixed = _each(own, self._of_own) + self._bias
        project = weights["project.weight"][:, : shared.shape[1]].T
        projected = _each(shared, project) + weights["project.bias"]
        if self._extract.tier == "quick":
            projected = self._normalized(projected)
            mixed += _each(projected, self._of_projected)
        return np.concatenate([mixed, projected, *self._weighed(shared, list(rows))], axis=1)

    def _spelling(self, letters: Rows) -> Vectors:
        beside = np.full((len(letters), MAX_CHARACTERS + 2), -1)
        beside[:, 1:-1] = letters
        convolved = self._letters[beside[:, _WINDOWS]].reshape(*letters.shape, -1) @ self._kernel
        convolved[letters == 0] = -1e4
        highest: Vectors = np.maximum.reduce(convolved, axis=1)
        highest += self._weights["convolve.bias"]
        return np.maximum(highest, 0, out=highest)

    def _weighed(self, shared: Vectors, rows: list[int]) -> Iterator[Vectors]:
        """Yield what each word adds to the scores of the pooled vectors, and to their weight."""
        if f"{POOLED}.weight" in self._weights:
            rarity = self._weights[f"{POOLED}.rarity"][rows][:, None]
            scores = _each(shared, self._weights[f"{POOLED}.weight"][:, : shared.shape[1]].T)
            yield scores * rarity
            yield rarity * rarity

    def _normalized(self, projected: Vectors) -> Vectors:
        weights = self._weights
        return _layer_norm(projected, weights["normalize.weight"], weights["normalize.bias"])

    def _of_context(self, contexts: Vectors) -> Vectors:
        """Return what the words' context adds to their projected vectors."""
        adds: Vectors = contexts @ self._weights["project.weight"][:, -contexts.shape[1] :].T
        return adds

    def _add_facts(self, mixed: Vectors, said: Said) -> None:
        """Add what is known of each token besides its word and what it means."""
        layout = said.layout
        for tokens, adds in zip(layout.places, self._of_place, strict=True):
            mixed[tokens] += adds
        if len(said.hits) and LISTED in self._weights:
            mixed[said.hits] += said.listed @ self._weights[LISTED].T @ self._of_listed

    def _recur(self, gates: Vectors, layout: Layout) -> Vectors:
        """Run both directions of the LSTM; return the states (t, 2 hidden) of t tokens."""
        # Gate before direction before utterance: numpy is quick where memory is in one piece.
        inputs = gates.reshape(len(gates), 4, 2, -1)[layout.read, _GATES, _ENDS]  # (n, 4, 2, b, h)
        found = np.empty((len(inputs), *inputs.shape[2:]), dtype=np.float32)
        hidden = cell = np.zeros_like(found[0])
        for first, end, among in layout.steps:
            # Three gates, what is proposed, and the cell.
            every = np.empty((5, 2, among, self._width), dtype=np.float32)
            every[4], hidden = cell[:, :among], hidden[:, :among]
            sums, opened, mixed, values = every[:4], every[:3], every[:2], every[3:]
            entered, kept, shown, _, cell = every
            steps = zip(inputs[first:end, ..., :among, :], found[first:end, :, :among], strict=True)
            for added, states in steps:
                np.matmul(hidden, self._onward, out=sums)
                sums += added
                np.tanh(sums, out=sums)
                opened *= _HALF
                opened += _HALF
                mixed *= values
                np.add(entered, kept, out=cell)
                np.tanh(cell, out=states)
                states *= shown
                hidden = states
        return found.reshape(-1, self._width)[layout.written].reshape(len(gates), -1)

    def _intents(
        self,
        states: Vectors,
        scores: Vectors,
        meant: Vectors,
        sentences: Vectors | None,
        layout: Layout,
    ) -> Vectors:
        """Return the intents' scores (b, intents).

        ``scores`` (t, 1): how much each token's states are attended to. ``meant``: the projected
        vectors of t tokens, and beside them the weighed ones.
        """
        weights, starts = self._weights, layout.starts
        peaks = np.maximum.reduceat(scores, starts)
        shares = np.exp(scores - np.repeat(peaks, layout.lengths, axis=0))
        attended = np.add.reduceat(shares * states, starts) / np.add.reduceat(shares, starts)
        sums, projection = np.add.reduceat(meant, starts), len(self._of_projected)
        mean = sums[:, :projection] / layout.sizes
        pooled = [attended, np.maximum.reduceat(states, starts), mean]
        if sentences is not None:
            pooled.append(gelu(_linear(sentences, weights, "summarize")))
        hidden = gelu(_linear(np.concatenate(pooled, axis=1), weights, "intent_hidden"))
        intents = _linear(hidden, weights, "intent_out")
        weighed = sums[:, projection:]
        if weighed.shape[1]:
            return joined(intents, self._second(weighed, sentences), _HALF)
        return intents

    def _second(self, weighed: Vectors, sentences: Vectors | None) -> Vectors:
        """Return the intents' scores by the pooled vectors of each utterance, (b, intents)."""
        weights = self._weights
        length: Vectors = np.sqrt(weighed[:, -1:])
        scores: Vectors = weighed[:, :-1] / length
        scores += weights[f"{POOLED}.bias"]
        if sentences is not None:
            scores += sentences @ weights[f"{POOLED}.weight"][:, -sentences.shape[1] :].T
        return scores


def _each(vectors: Vectors, matrix: Vectors) -> Vectors:
    """Return the product of each of the ``vectors`` (n, m) with ``matrix`` (m, k), by itself."""
    products: Vectors = (vectors[:, None] @ matrix)[:, 0]
    return products


def joined(first: Vectors, second: Vectors, share: Vectors) -> Vectors:
    """Return scores (b, intents) by the mean of what both say in logarithms.

    ``share``: what the ``second`` counts for, a number. ``first`` may have one intent more, of
    everything else: what it has against all others stays.
    """
    inside, rest = first[:, : second.shape[1]], _ONE - share
    if inside.shape == first.shape:
        return rest * first + share * second
    whole = _log_sums(inside)
    mixed = rest * (inside - whole) + share * (second - _log_sums(second))
    return np.concatenate([mixed - _log_sums(mixed) + whole, first[:, second.shape[1] :]], axis=1)


def _log_sums(scores: Vectors) -> Vectors:
    highest: Vectors = np.maximum.reduce(scores, axis=1, keepdims=True)
    sums: Vectors = np.log(np.add.reduce(np.exp(scores - highest), axis=1, keepdims=True))
    sums += highest
    return sums


def _onward(packed: Packed) -> Vectors:
    """Return what the states add to the gates, (4, 2, h, h): a product for each and direction."""
    onward = _gates(packed, "weight_hh")
    scales = onward.scales[:, :, None]
    laid: Vectors = np.multiply(onward.rows.swapaxes(2, 3), scales, order="C", dtype=np.float32)
    return laid


def _of_token(packed: Packed, head: Matrix) -> Vectors:
    """Return what a token adds to the gates of both directions, and by ``head`` to the tags."""
    into = _gates(packed, "weight_ih")
    rows = into.rows.reshape(-1, into.rows.shape[-1])
    scales = np.concatenate([into.scales.ravel(), head.scales])
    return Matrix(np.concatenate([rows, head.rows]), scales).turned()


def _sizes(weights: Mapping[str, Vectors]) -> tuple[int, int, int]:
    """Return how many numbers a token has: projected, of its own word, of its place."""
    own = weights["words.weight"].shape[1] + len(weights["convolve.bias"]) + WORD_FACTS
    return len(weights["project.bias"]), own, SHAPE_FEATURES - WORD_FACTS


def _gates(packed: Packed, part: str) -> Matrix:
    """Return the gates of both directions (4, 2, h, ...) as the steps want them: the cell's last.

    The sigmoid of x is half the hyperbolic tangent of x / 2, moved: with the other three
    gates halved, one tangent does for all of them.
    """
    ways = [Matrix.of(packed, f"recur.{part}_{end}") for end in _DIRECTIONS]
    rows, scales = (
        np.stack([_by_gate(one) for one in each], axis=1) for each in zip(*ways, strict=True)
    )
    return Matrix(rows, scales * _SHARES)


def _by_gate(rows: Vectors) -> Vectors:
    return rows.reshape(4, -1, *rows.shape[1:])[_ORDER]


def _biases(weights: dict[str, Vectors]) -> Vectors:
    """Return the biases of the gates of both directions, (4, 2, h)."""
    sums = [
        weights.pop(f"recur.bias_ih_{end}") + weights.pop(f"recur.bias_hh_{end}")
        for end in _DIRECTIONS
    ]
    return np.stack([_by_gate(one) for one in sums], axis=1) * _SHARES


def _linear(values: Vectors, weights: Mapping[str, Vectors], name: str) -> Vectors:
    result: Vectors = values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return result


def _layer_norm(values: Vectors, weight: Vectors, bias: Vectors) -> Vectors:
    share = np.float32(1 / values.shape[-1])
    mean: Vectors = np.add.reduce(values, axis=-1, keepdims=True) * share
    centred = values - mean
    variance: Vectors = np.add.reduce(np.square(centred), axis=-1, keepdims=True) * share
    centred /= np.sqrt(variance + np.float32(1e-5))
    centred *= weight
    centred += bias
    return centred


def gelu(values: Vectors) -> Vectors:
    """Return the Gaussian error linear unit of ``values`` (Hendrycks and Gimpel 2016).

    By the hyperbolic tangent, as they propose and as the network learns with: the error function
    takes twice the time.
    """
    inner = np.square(values)
    inner *= _CUBED
    inner += _LINEAR
    inner *= values
    np.tanh(inner, out=inner)
    inner += _ONE
    inner *= values
    inner *= _HALF
    return inner
