"""What a skill cannot do: the utterances that no intent of its own should take.

A skill with AMAZON.FallbackIntent (or a labelled set with utterances marked ``oos``) learns
one class more, "none of these", from negatives that all skills share: utterances of other
skills and everyday talk, shipped with each embedding release. Those that lie nearest to the
skill's own samples are left out, for they may well be meant for it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from nlu_engine.embeddings import SharedEmbeddings, Vectors, checked_file, read_manifest
from nlu_engine.utterances import normalize, tokenize

NEGATIVES = "negatives.txt"
FALLBACK_INTENT = "AMAZON.FallbackIntent"
LABELS = frozenset({FALLBACK_INTENT, "oos"})
"""Intents of labelled utterances that mean "out of scope"."""
THRESHOLDS = {"LOW": 0.7, "MEDIUM": 0.5, "HIGH": 0.3}
"""Sensitivity -> the probability of being out of scope from which the fallback answers."""
MOST = 600
TIMES = 3
"""How often a negative in the skill's own language counts, where a release has many."""
AT_HOME = 1.5
"""How much more frequent its words are in the skill, in nats, if a negative is in its language."""
_NEAR = 0.3
"""Share of the negatives, those most like the skill's samples, that are left out."""


@dataclass(frozen=True)
class Fallback:
    """The intent that answers what is out of scope, and how readily it does."""

    intent: str = FALLBACK_INTENT
    sensitivity: str = "MEDIUM"

    @property
    def threshold(self) -> float:
        """The probability of being out of scope from which the fallback answers."""
        return THRESHOLDS[self.sensitivity]


def negatives_for(
    utterances: Sequence[str], embeddings: SharedEmbeddings, *, seed: int
) -> list[str]:
    """Return shared negatives for a skill with these utterances, at most MOST of them.

    Of a release of many languages those in the skill's own come first, each several times: from
    the others a network learns that what is out of scope is in another language.
    """
    shared = shared_talk(embeddings)
    own = _means(utterances, embeddings)
    several = len(embeddings.manifest["languages"]) > 1
    alike = _of_its_language(shared, utterances) if several else []
    chance = random.Random(seed)
    # By chance, not the farthest: what is nearly in scope teaches most.
    chosen = chance.sample(shared, min(len(shared), 2 * MOST))
    home = _unlike(alike, own, embeddings)
    home = chance.sample(home, min(len(home), MOST // (2 * TIMES)))  # others have half the room
    others = [line for line in _unlike(chosen, own, embeddings) if line not in home]
    return [*home * TIMES, *others][:MOST]


def _unlike(lines: Sequence[str], own: Vectors, embeddings: SharedEmbeddings) -> list[str]:
    """Return the lines without those that lie nearest to the ``own`` means (n, dimensions)."""
    if not lines:
        return []
    likeness = (_means(lines, embeddings) @ own.T).max(axis=1)
    far = np.argsort(likeness, kind="stable")[: int(len(lines) * (1 - _NEAR))]
    return [lines[row] for row in sorted(far)]


def _of_its_language(lines: Sequence[str], utterances: Sequence[str]) -> list[str]:
    """Return the lines that are in the language of the utterances, as far as their words tell.

    At least two words, and a third of them, are said in utterances, and are on average far more
    frequent there: a German skill may say "play" and "the", but not as often as English talk does.
    """
    own = Counter(word for text in utterances for word in _words(text))
    every = Counter(word for line in lines for word in _words(line))
    share = every.total() / max(1, own.total())
    found = []
    for line in lines:
        words = _words(line)
        gains = [math.log(share * own[word] / every[word]) for word in words if word in own]
        if len(gains) > 1 and 3 * len(gains) >= len(words) and mean(gains) > AT_HOME:
            found.append(line)
    return found


def _words(text: str) -> list[str]:
    return [word for token in tokenize(text) if (word := normalize(token.text)).isalpha()]


def shared_talk(embeddings: SharedEmbeddings) -> list[str]:
    """Return the utterances of other skills and of everyday talk that a release comes with."""
    directory = embeddings.directory
    path = checked_file(directory, read_manifest(directory), NEGATIVES)
    return path.read_text().splitlines()


def _means(texts: Sequence[str], embeddings: SharedEmbeddings) -> Vectors:
    """Return the mean word vector of each text, scaled to length 1, shape (texts, dimensions)."""
    means = [
        np.mean([embeddings.vector(normalize(token.text)) for token in tokenize(text)], axis=0)
        for text in texts
    ]
    stacked: Vectors = np.stack(means).astype(np.float32)
    stacked /= np.linalg.norm(stacked, axis=1, keepdims=True) + 1e-8
    return stacked
