"""Decoding of a linear-chain CRF with numpy: what ``network.Crf`` learns, used to parse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors

FORBIDDEN = np.float32(-1e4)


@dataclass(frozen=True)
class CrfWeights:
    """Scores of starting in, ending in, and moving between t tags."""

    start: Vectors  # (t,)
    end: Vectors  # (t,)
    transitions: Vectors  # (t, t), from row to column

    def restricted(self, allowed: npt.NDArray[np.bool_]) -> CrfWeights:
        """Return the weights under which only tags with ``allowed`` (t,) true can occur."""
        penalty = np.where(allowed, np.float32(0), FORBIDDEN)
        return CrfWeights(self.start + penalty, self.end, self.transitions + penalty)


def bio_weights(crf: CrfWeights, tags: tuple[str, ...]) -> CrfWeights:
    """Return ``crf`` without moves that BIO does not know: "I-x" after anything but x."""
    start, transitions = crf.start.copy(), crf.transitions.copy()
    for column, tag in enumerate(tags):
        if tag.startswith("I-"):
            start[column] += FORBIDDEN
            for row, before in enumerate(tags):
                if before[2:] != tag[2:]:
                    transitions[row, column] += FORBIDDEN
    return CrfWeights(start, crf.end, transitions)


def best_path(scores: Vectors, crf: CrfWeights) -> list[int]:
    """Return the likeliest tag of each of n tokens (Viterbi 1967), from scores (n, t)."""
    best = crf.start + scores[0]
    steps = []
    for row in scores[1:]:
        arriving = best[:, None] + crf.transitions  # (from, to)
        steps.append(arriving.argmax(axis=0))
        best = arriving.max(axis=0) + row
    path = [int((best + crf.end).argmax())]
    for step in reversed(steps):
        path.append(int(step[path[-1]]))
    return path[::-1]
