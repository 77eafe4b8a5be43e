"""Decoding of a linear-chain CRF with numpy: what ``network.Crf`` learns, used to parse.

Finds the best tags, and how probable each of the spans that they mark is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors

FORBIDDEN = np.float32(-1e4)
TINY = np.float32(1e-30)


@dataclass(frozen=True)
class CrfWeights:
    """Scores of starting in, ending in, and moving between t tags."""

    start: Vectors  # (t,)
    end: Vectors  # (t,)
    transitions: Vectors  # (t, t), from row to column

    def among(self, rows: npt.NDArray[np.int64]) -> CrfWeights:
        """Return the weights of those tags alone, in that order."""
        return CrfWeights(self.start[rows], self.end[rows], self.transitions[np.ix_(rows, rows)])

    @cached_property
    def moves(self) -> tuple[Vectors, np.float32]:
        """The exponentials of the transitions, onward and back, scaled down by the highest.

        Shape (2, t, t); and the highest.
        """
        highest = self.transitions.max()
        onward = np.exp(self.transitions - highest)
        return np.stack([onward, onward.T]), highest


def bio_weights(crf: CrfWeights, tags: tuple[str, ...]) -> CrfWeights:
    """Return ``crf`` without moves that BIO does not know: "I-x" after anything but x."""
    names = np.array([tag[2:] for tag in tags])
    goes_on = np.array([tag.startswith("I-") for tag in tags])
    start, transitions = crf.start.copy(), crf.transitions.copy()
    start[goes_on] += FORBIDDEN
    transitions[goes_on & (names[:, None] != names)] += FORBIDDEN
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


def span_probabilities(
    scores: Vectors, crf: CrfWeights, path: Sequence[int], spans: Sequence[tuple[int, int]]
) -> list[float]:
    """Return the probability of each span of ``path`` over all tag sequences, in [0, 1].

    ``spans`` are (first token, token after the last). A span is right when its tags are as in
    ``path`` and it does not go on: the forward-backward sums of Lafferty et al. 2001, with the
    tags of the span held fixed.
    """
    if not spans:
        return []
    before, after = _both_ways(scores, crf)
    whole = _log_sum(before[-1] + crf.end)
    return [
        float(np.exp(min(0.0, _log_span(scores, crf, path, span, before, after) - whole)))
        for span in spans
    ]


def _log_span(
    scores: Vectors,
    crf: CrfWeights,
    path: Sequence[int],
    span: tuple[int, int],
    before: Vectors,
    after: Vectors,
) -> float:
    first, end = span
    total = float(before[first, path[first]])
    for token in range(first + 1, end):
        total += float(crf.transitions[path[token - 1], path[token]] + scores[token, path[token]])
    last = path[end - 1]
    if end == len(path):
        return total + float(crf.end[last])
    following = crf.transitions[last] + scores[end] + after[end]
    # The tag that would carry the span on is the one that only this tag and itself lead to.
    following = np.where(_goes_on(crf, last), FORBIDDEN, following)
    return total + _log_sum(following)


def _goes_on(crf: CrfWeights, tag: int) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (crf.start < FORBIDDEN / 2) & (
        crf.transitions[tag] > FORBIDDEN / 2
    )
    return inside


def _both_ways(scores: Vectors, crf: CrfWeights) -> tuple[Vectors, Vectors]:
    """Return two log sums, (n, t) each: over all ways to a tag of a token, it included, and
    over all ways on from it, it excluded.
    """
    moves, highest = crf.moves  # (2, t, t), onward and back
    count = len(scores)
    # The same recursion from either end, each in its own row: one loop does for both.
    sums = np.empty((count, 2, 1, scores.shape[1]), dtype=scores.dtype)
    emitted = np.stack([scores, scores[::-1]], axis=1)[:, :, None]
    arrived = np.stack([crf.start, crf.end])[:, None]  # (2, 1, t)
    sums[0] = arrived + emitted[0]
    for step in range(1, count):
        last = sums[step - 1]
        shift = last.max(axis=-1, keepdims=True)
        moved = np.exp(last - shift) @ moves
        moved += TINY
        np.add(np.log(moved) + (shift + highest), emitted[step], out=sums[step])
    return sums[:, 0, 0], sums[::-1, 1, 0] - scores


def _log_sum(values: Vectors) -> float:
    highest = values.max()
    return float(highest + np.log(np.exp(values - highest).sum()))


def tag_probabilities(scores: Vectors, crf: CrfWeights) -> Vectors:
    """Return the probability of each tag at each token over all sequences, (n, t)."""
    before, after = _both_ways(scores, crf)
    logs = before + after
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    found: Vectors = shares / shares.sum(axis=1, keepdims=True)
    return found
