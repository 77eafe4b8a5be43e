"""MaxEnt-CRF, the baseline: a maximum-entropy intent classifier and a CRF tagger.

Intent: multinomial logistic regression (Berger et al. 1996) over tf-idf of utterance
n-grams and the utterance's length. Slots: a linear-chain CRF (Lafferty et al. 2001) over
words, affixes, shapes, neighbours and the relative position of each token. Both read
nothing but the skill's own training data. Parsing needs numpy and crfsuite alone.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pycrfsuite

from nlu_engine.embeddings import Vectors
from nlu_engine.frames import RankedIntent
from nlu_engine.parsers import Recognition
from nlu_engine.utterances import Token, normalize, runs_of
from nlu_engine.weights import quantize

NGRAM_LENGTHS = (1, 2, 3)


def utterance_features(tokens: Sequence[Token]) -> list[str]:
    """Return the utterance's n-grams, one entry an occurrence, and its length."""
    words = ["<", *(normalize(token.text) for token in tokens), ">"]
    grams = [
        " ".join(words[start : start + length])
        for length in NGRAM_LENGTHS
        for start in range(len(words) - length + 1)
    ]
    return [gram for gram in grams if gram not in "<>"] + [f"length={_bucket(len(tokens))}"]


def _bucket(length: int) -> str:
    for limit, name in ((12, "8-11"), (20, "12-19")):
        if 8 <= length < limit:
            return name
    return str(length) if length < 8 else "20+"


@dataclass(frozen=True)
class MaxEntIntents:
    """The intent classifier as plain arrays: f features, i intents.

    A feature is known by its hash alone (Weinberger et al. 2009, "Feature Hashing for Large Scale
    Multitask Learning"), its coefficients have 8 bits and one scale: an eighth of the memory that
    names and 32 bits take. One more column than there are intents is that of everything out of
    scope.
    """

    hashes: npt.NDArray[np.uint32]  # (f,), ascending
    idf: npt.NDArray[np.float16]  # (f,)
    rows: npt.NDArray[np.int8]  # (f, i), the coefficients
    scales: npt.NDArray[np.float16]  # (f,)
    intercepts: Vectors  # (i,)
    intents: tuple[str, ...]

    @classmethod
    def of(
        cls,
        features: Sequence[str],
        idf: Vectors,
        coefficients: Vectors,
        intercepts: Vectors,
        intents: Sequence[str],
    ) -> MaxEntIntents:
        """Pack what was fitted: of f ``features`` their ``idf`` and ``coefficients`` (f, i)."""
        hashes, kept = np.unique(_hashes(features), return_index=True)
        rows, scales = quantize(coefficients)
        halves = scales[kept].astype(np.float16), idf[kept].astype(np.float16)
        return cls(hashes, halves[1], rows[kept], halves[0], intercepts, tuple(intents))

    def terms(self, tokens: Sequence[Token]) -> tuple[list[str], Vectors]:
        """Return the k known features of ``tokens`` and what each adds to every score, (k, i)."""
        counts = Counter(utterance_features(tokens))
        hashes = _hashes(counts)
        near = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known = self.hashes[near] == hashes
        rows = near[known]
        values = np.fromiter(counts.values(), np.float32)[known] * self.idf[rows]
        values *= self.scales[rows] / max(float(np.linalg.norm(values)), 1e-9)
        terms: Vectors = values[:, None] * self.rows[rows]
        return [name for name, is_known in zip(counts, known, strict=True) if is_known], terms

    def probabilities(self, tokens: Sequence[Token]) -> Vectors:
        """Return the probability of each intent, and of out of scope if learned, shape (i,)."""
        scores = self.intercepts + self.terms(tokens)[1].sum(axis=0)
        exponents = np.exp(scores - scores.max())
        shares: Vectors = exponents / exponents.sum()
        return shares


def _hashes(features: Collection[str]) -> npt.NDArray[np.uint32]:
    return np.fromiter((crc32(name.encode()) for name in features), np.uint32, len(features))


class MaxEntCrfRecognizer:
    """The baseline's two parts; the CRF reads the intent that MaxEnt found likeliest.

    One CRF over all intents with the intent as a feature beats both one CRF an intent and
    one that knows no intent (docs/experiments.md).
    """

    def __init__(self, intents: MaxEntIntents, slots: bytes) -> None:
        self.intents = intents
        self.slots = slots
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(slots)
        # A tagger remembers what it tagged last: threads take turns.
        self._lock = threading.Lock()

    def recognize(self, utterances: Sequence[Sequence[Token]]) -> list[Recognition]:
        """Return intents and tags of each utterance."""
        return [self._recognized(tokens) for tokens in utterances]

    def _recognized(self, tokens: Sequence[Token]) -> Recognition:
        names = self.intents.intents
        probabilities = self.intents.probabilities(tokens)
        outside = float(probabilities[-1]) if len(probabilities) > len(names) else None
        inside = probabilities[: len(names)] / probabilities[: len(names)].sum()
        ranked = tuple(
            RankedIntent(names[row], float(inside[row]))
            for row in np.argsort(-inside, kind="stable")
        )
        features = token_features(tokens, ranked[0].intent)
        with self._lock:
            tags = tuple(self._tagger.tag(features))
            confidences = tuple(self._confidences(tags))
        return Recognition(ranked, tags, confidences, outside)

    def _confidences(self, tags: Sequence[str]) -> Iterator[float]:
        """Yield, of each span in what was tagged last, the least probability of its tags.

        crfsuite tells the probability of a tag, not of a span, which the least bounds.
        """
        for _, first, end in runs_of(tags):
            yield min(self._tagger.marginal(tags[token], token) for token in range(first, end))


def token_features(tokens: Sequence[Token], intent: str) -> list[list[str]]:
    """Return the CRF's features of each token of an utterance with that intent."""
    words = [normalize(token.text) for token in tokens]
    shapes = [_shape(token.text) for token in tokens]
    shared = ["bias", f"intent={intent}"]
    return [shared + _features_at(words, shapes, index) for index in range(len(tokens))]


def _features_at(words: Sequence[str], shapes: Sequence[str], index: int) -> list[str]:
    word = words[index]
    features = [f"w={word}", f"shape={shapes[index]}"]
    features += [f"pre{n}={word[:n]}" for n in (1, 2, 3, 4) if len(word) > n]
    features += [f"suf{n}={word[-n:]}" for n in (1, 2, 3, 4) if len(word) > n]
    for offset in (-2, -1, 1, 2):
        near = index + offset
        inside = 0 <= near < len(words)
        features.append(f"w{offset}={words[near] if inside else '<>'}")
        if inside and abs(offset) == 1:
            features.append(f"shape{offset}={shapes[near]}")
    before = words[index - 1] if index else "<"
    after = words[index + 1] if index + 1 < len(words) else ">"
    features += [f"w-1|w={before}|{word}", f"w|w+1={word}|{after}", f"w-1|w+1={before}|{after}"]
    features.append(f"position={min(4, 5 * index // len(words))}")
    if index == 0:
        features.append("first")
    if index == len(words) - 1:
        features.append("last")
    return features


def _shape(text: str) -> str:
    kinds = [_kind(character) for character in text[:20]]
    return "".join(kind for kind, _ in groupby(kinds))


def _kind(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character
