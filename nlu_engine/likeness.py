"""Intents by the samples that an utterance is most like, in the full tier.

A network tells what the samples of an intent have in common. Where an intent has few, or means
several things, it helps to ask as well which sample is nearest, by the encoder's sentence
vectors (Khandelwal et al. 2020, "Generalization through Memorization"). Of a vector is kept in
which direction each number lies from the mean of all samples, one bit: 48 bytes a sample lose
next to nothing of what whole vectors give (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors

ARRAYS = frozenset({"likeness.centre", "likeness.signs", "likeness.counts"})
"""What ``fit_likeness`` returns; a skill trained before there was one has none of them."""
SHARPNESS = np.float32(20)
"""What likeness, from -1 to 1, counts for in the scores."""

MOST_SAMPLES = 20_000
"""Of more samples than this, some of each intent are kept."""

Packed = dict[str, npt.NDArray[Any]]
Bits = npt.NDArray[np.uint64]


def fit_likeness(sentences: Vectors, intents: Sequence[int]) -> Packed:
    """Return the arrays that tell samples apart; none for one intent, or without the encoder.

    Of each of b samples: ``sentences`` (b, width), in the quick tier of width 0, and its intent,
    from 0 on, of which each has a sample.
    """
    if not sentences.shape[1] or len(set(intents)) == 1:
        return {}
    centre = sentences.mean(axis=0).astype(np.float16)
    signs = _signs(sentences, centre.astype(np.float32))
    every = -(-len(signs) // MOST_SAMPLES)
    # Samples of one pattern with like values have the same signs.
    of_intents = [
        np.unique(signs[np.flatnonzero(np.array(intents) == intent)], axis=0)[::every]
        for intent in sorted(set(intents))
    ]
    counts = np.array([len(some) for some in of_intents], dtype=np.uint32)
    return {
        "likeness.centre": centre,
        "likeness.signs": np.concatenate(of_intents),
        "likeness.counts": counts,
    }


class Likeness:
    """Scores intents by the sample of each that is nearest."""

    def __init__(self, packed: Mapping[str, npt.NDArray[Any]]) -> None:
        self._centre: Vectors = packed["likeness.centre"].astype(np.float32)
        self._signs = _words(packed["likeness.signs"])
        counts = packed["likeness.counts"].astype(np.int64)
        self._starts = np.cumsum(counts) - counts

    def __call__(self, sentences: Vectors) -> Vectors:
        """Return the intents' scores (b, intents) by sentence vectors (b, width)."""
        return np.stack([self._of(signs) for signs in _words(_signs(sentences, self._centre))])

    def _of(self, signs: Bits) -> Vectors:
        # As many signs differ as the angle between two vectors says (Charikar 2002).
        differ = np.add.reduce(np.bitwise_count(self._signs ^ signs), axis=1, dtype=np.float32)
        least = np.minimum.reduceat(differ, self._starts)
        scores: Vectors = least * (-2 * SHARPNESS / np.float32(len(self._centre)))
        return scores


def _signs(sentences: Vectors, centre: Vectors) -> npt.NDArray[np.uint8]:
    """Return one bit a number, in bytes (b, width / 8)."""
    return np.packbits(sentences > centre, axis=1)


def _words(signs: npt.NDArray[np.uint8]) -> Bits:
    """Return the same bits in words of 64, the last one filled up with zeros."""
    short = -signs.shape[1] % 8
    return np.ascontiguousarray(np.pad(signs, ((0, 0), (0, short)))).view(np.uint64)
