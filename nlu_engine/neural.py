"""The DNN when it parses: what its networks score, then CRF decoding; without torch.

The full tier has two networks: its own, and that of the quick tier. They err differently, so the
mean of their scores is better than either (Hansen and Salamon 1990, "Neural Network Ensembles").
The nearest samples (``likeness``) have their say on intents besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nlu_engine.crf import CrfWeights, Decoded, Decoder, Numbers
from nlu_engine.embeddings import Vectors
from nlu_engine.features import FeatureExtractor, Vocabulary
from nlu_engine.frames import RankedIntent
from nlu_engine.likeness import ARRAYS, Likeness
from nlu_engine.parsers import Recognition
from nlu_engine.scoring import Packed, Said, Scorer, joined
from nlu_engine.utterances import Token
from nlu_engine.weights import unpack

Allowed = npt.NDArray[np.bool_]
READY = 32
"""Skills whose weights a process keeps laid out, those that parsed last; others wait compressed."""
SHARE_OF_LIKENESS = np.array(0.25, dtype=np.float32)
"""What the nearest samples count for among the scores of intents (docs/experiments.md)."""
STATIC = "static."
"""What the weights' names begin with of the network that reads no context, in the full tier."""

Scores = tuple[Vectors, list[Vectors]]


@dataclass(frozen=True)
class Trained:
    """What a training leaves of one or two networks."""

    packed: Packed
    allowed: Allowed
    """(intents, tags), true where an intent may have a tag."""

    def networks(self) -> list[Packed]:
        """Return the weights of each network, that of the tier itself first."""
        every = {name: a for name, a in self.packed.items() if name not in ARRAYS}
        own = {name: a for name, a in every.items() if not name.startswith(STATIC)}
        static = {n.removeprefix(STATIC): a for n, a in every.items() if n not in own}
        return [own, static] if static else [own]

    def likeness(self) -> Likeness | None:
        """Return what scores intents by their nearest samples, if the training left it."""
        return Likeness(self.packed) if self.packed.keys() >= ARRAYS else None


class NeuralRecognizer:
    """Scores utterances with the weights of one or two trained networks.

    ``trained`` is asked for them when there is something to score and they are not at hand: a
    process that has many skills loaded keeps those of most of them compressed.
    """

    def __init__(
        self, trained: Callable[[], Trained], vocabulary: Vocabulary, extract: FeatureExtractor
    ) -> None:
        self.trained = trained
        self.vocabulary = vocabulary
        self.extract = extract

    @property
    def decoder(self) -> Decoder:
        """What finds the best tags of all scores."""
        return _ready(self).decoder

    def recognize(self, utterances: Sequence[Sequence[Token]]) -> list[Recognition]:
        """Return the intents of each utterance, and the best path among the first one's tags."""
        intents, tags = self.scores(utterances)
        count = len(self.vocabulary.intents)
        inside = _softmax(intents[:, :count])
        order = np.argsort(-inside, axis=1, kind="stable")
        # Where the skill has a fallback, the last score is that of everything else.
        outside = _softmax(intents)[:, count].tolist() if intents.shape[1] > count else repeat(None)
        ranked = inside[np.arange(len(order))[:, None], order].tolist()
        decoded = self.decoder.decode(tags, order[:, 0].tolist())
        return list(map(self._recognized, order.tolist(), ranked, decoded, outside))

    def scores(self, utterances: Sequence[Sequence[Token]]) -> Scores:
        """Return intent scores (b, intents), and the tag scores (n, tags) of each utterance."""
        said, ready = Said(utterances, self.extract), _ready(self)
        found = [scorer(said) for scorer in ready.scorers]
        intents, tags = found[0] if len(found) == 1 else map(_mean, *found)
        if ready.likeness is not None:
            _, sentences = said.encoded
            intents = joined(intents, ready.likeness(sentences), SHARE_OF_LIKENESS)
        ends = accumulate(map(len, utterances))
        return intents, [
            tags[end - len(one) : end] for one, end in zip(utterances, ends, strict=True)
        ]

    def _recognized(
        self, order: list[int], shares: list[float], decoded: Decoded, outside: float | None
    ) -> Recognition:
        names = self.vocabulary.intents
        ranked = zip(order, shares, strict=True)
        intents = tuple([RankedIntent(names[row], share) for row, share in ranked])
        return Recognition(intents, decoded.tags, decoded.probabilities, outside)


class _Ready(NamedTuple):
    """All that parsing wants, laid out."""

    scorers: list[Scorer]
    likeness: Likeness | None
    decoder: Decoder


@lru_cache(READY)
def _ready(recognizer: NeuralRecognizer) -> _Ready:
    trained, extract = recognizer.trained(), recognizer.extract
    networks = trained.networks()
    # The second one, where there is one, reads no context.
    reads = [extract] if len(networks) == 1 else [extract, extract.without_context()]
    return _Ready(
        [Scorer(*both) for both in zip(networks, reads, strict=True)],
        trained.likeness(),
        Decoder(_mean_crf(networks), recognizer.vocabulary.tags, trained.allowed),
    )


def _mean(one: Vectors, other: Vectors) -> Vectors:
    return np.float32(0.5) * (one + other)


def _mean_crf(networks: Sequence[Packed]) -> CrfWeights:
    parts = [
        unpack({name: a for name, a in packed.items() if name.startswith("crf.")})
        for packed in networks
    ]
    mean = {name: np.mean([part[name] for part in parts], axis=0) for name in parts[0]}
    return CrfWeights(mean["crf.start"], mean["crf.end"], mean["crf.transitions"])


def _softmax(scores: Vectors) -> Vectors:
    highest: Vectors = np.maximum.reduce(scores, axis=1, keepdims=True)
    exponents = np.exp(scores - highest)
    shares: Vectors = exponents / np.add.reduce(exponents, axis=1, keepdims=True)
    return shares


def tag_shares(
    recognizer: NeuralRecognizer, tokens: Sequence[Token]
) -> tuple[tuple[str, ...], Numbers]:
    """Return the tags that the likeliest intent may have, and their probabilities (n, tags)."""
    intents, [tags] = recognizer.scores([tokens])
    likeliest = intents[0, : len(recognizer.vocabulary.intents)].argmax()
    return recognizer.decoder.shares(tags, int(likeliest))
