"""Intents by what an utterance's words mean together: a linear classifier beside the network.

The network learns in what order words matter, and needs samples to. What an utterance is about,
the sum of its words' shared vectors tells, rare words first (Arora et al. 2017), in the full tier
the encoder's sentence vector too. A linear classifier of those learns from ten samples an intent,
and the mean of both scores is better than either, as in wide and deep learning (Cheng et al. 2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nlu_engine.baseline_training import fit_maxent
from nlu_engine.embeddings import Vectors
from nlu_engine.features import UNKNOWN, Rows
from nlu_engine.scoring import POOLED

INVERSE_PENALTY = 100.0


def fit_pooled(
    words: Sequence[Rows],
    vectors: Sequence[Vectors],
    sentences: Vectors,
    intents: Sequence[int],
    vocabulary: int,
) -> Mapping[str, Vectors]:
    """Return the classifier's weights, by the names that ``scoring`` reads; none for one intent.

    Of each of b utterances of n words: ``words`` (n,), their rows among the ``vocabulary`` of the
    skill's own words; ``vectors`` (n, dimensions), what they mean to all skills; ``sentences``
    (b, width), in the quick tier of width 0; and its intent.
    """
    if len(set(intents)) == 1:
        return {}
    rarity = _rarity(words, vocabulary)
    pooled = np.stack(
        [
            rarity[rows] @ shared / np.linalg.norm(rarity[rows])
            for rows, shared in zip(words, vectors, strict=True)
        ]
    )
    whole, scale = _scaled(pooled, sentences)
    weights, bias = fit_maxent(whole, intents, INVERSE_PENALTY, [1.0] * len(intents))
    return {
        f"{POOLED}.rarity": rarity,
        f"{POOLED}.weight": np.ascontiguousarray(weights.T * scale),
        f"{POOLED}.bias": bias,
    }


def _rarity(words: Sequence[Rows], vocabulary: int) -> Vectors:
    """Return the inverse document frequency of each of the skill's words, (vocabulary,).

    A word that it does not know is as rare as one that was said once.
    """
    said = np.zeros(vocabulary, dtype=np.float32)
    for rows in words:
        said[np.unique(rows)] += 1
    said[UNKNOWN] = 1
    return np.log1p(len(words) / (1 + said)).astype(np.float32)


def _scaled(pooled: Vectors, sentences: Vectors) -> tuple[Vectors, Vectors]:
    """Return both side by side, each of length 1 in the mean, and what their numbers were times."""
    parts = [part for part in (pooled, sentences) if part.shape[1]]
    scales = [
        np.full(part.shape[1], 1 / np.linalg.norm(part, axis=1).mean(), dtype=np.float32)
        for part in parts
    ]
    scale = np.concatenate(scales)
    return np.concatenate(parts, axis=1) * scale, scale
