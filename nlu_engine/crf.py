"""Decoding of a linear-chain CRF with numpy: what ``network.Crf`` learns, used to parse.

Finds the best tags of many utterances at once, and how probable each span is that they mark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors
from nlu_engine.layout import stretches
from nlu_engine.utterances import runs_of

FORBIDDEN = np.float32(-1e4)
TINY = 1e-300

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CrfWeights:
    """Scores of starting in, ending in, and moving between t tags."""

    start: Vectors  # (t,)
    end: Vectors  # (t,)
    transitions: Vectors  # (t, t), from row to column


def bio_weights(crf: CrfWeights, tags: tuple[str, ...]) -> CrfWeights:
    """Return ``crf`` without moves that BIO does not know: "I-x" after anything but x."""
    names = np.array([tag[2:] for tag in tags])
    goes_on = np.array([tag.startswith("I-") for tag in tags])
    start, transitions = crf.start.copy(), crf.transitions.copy()
    start[goes_on] += FORBIDDEN
    transitions[goes_on & (names[:, None] != names)] += FORBIDDEN
    return CrfWeights(start, crf.end, transitions)


class Decoded(NamedTuple):
    """The best tags of an utterance, and the probability of each span that they mark."""

    tags: tuple[str, ...]
    probabilities: tuple[float, ...]


class _Lattice(NamedTuple):
    """Scores of b utterances of up to n tokens, longest first, each over k tags of its own."""

    rows: list[list[int]]  # (b, k), which of all tags these are; there is one more, which is none
    lengths: list[int]  # (b,)
    emitted: Vectors  # (n, b, k)
    ends: Vectors  # (2, b, k), of starting and of ending
    moves: Vectors  # (b, k, k), from row to column


class Decoder:
    """Decodes utterances of which each has one of c sets of tags: those of its intent.

    ``tags``: all t tags. ``allowed`` (c, t): true where a set has a tag; a skill has many more
    than an intent has, so only those are looked at.
    """

    def __init__(
        self, crf: CrfWeights, tags: tuple[str, ...], allowed: npt.NDArray[np.bool_]
    ) -> None:
        self.tags = tags
        strict = bio_weights(crf, tags)
        # A tag that nothing has, for sets of tags that are smaller than others.
        self._ends = np.pad(
            np.stack([strict.start, strict.end]), ((0, 0), (0, 1)), constant_values=FORBIDDEN
        )
        self._moves = np.pad(strict.transitions, (0, 1), constant_values=FORBIDDEN)
        self._counts = allowed.sum(axis=1)
        self._rows = np.full((len(allowed), int(self._counts.max())), len(tags))
        for row, among in zip(self._rows, allowed, strict=True):
            row[: among.sum()] = np.flatnonzero(among)
        places = {tag: place for place, tag in enumerate(tags)}
        inside = [places.get(f"I-{tag[2:]}", len(tags)) for tag in tags]
        self._inside = [*inside, len(tags)]  # the tag that carries a span on

    def decode(self, scores: Sequence[Vectors], sets: Sequence[int]) -> list[Decoded]:
        """Return what is likeliest of each utterance, of scores (n, t) and one of the sets."""
        order = sorted(range(len(scores)), key=lambda one: -len(scores[one]))
        lattice = self._lattice([scores[one] for one in order], [sets[one] for one in order])
        paths = list(_best_paths(lattice))
        tags = [
            tuple([self.tags[rows[place]] for place in path])
            for rows, path in zip(lattice.rows, paths, strict=True)
        ]
        spans = [runs_of(one) for one in tags]
        chances = self._chances(lattice, paths, spans) if any(spans) else [()] * len(tags)
        decoded = dict(zip(order, map(Decoded, tags, chances), strict=True))
        return [decoded[one] for one in range(len(order))]

    def shares(self, scores: Vectors, chosen: int) -> tuple[tuple[str, ...], Numbers]:
        """Return the tags of a set, and the probability of each at each of n tokens (n, tags)."""
        lattice = self._lattice([scores], [chosen])
        logs = _Sums(lattice).logs()
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        names = tuple([self.tags[row] for row in lattice.rows[0]])
        return names, shares / shares.sum(axis=1, keepdims=True)

    def _lattice(self, scores: Sequence[Vectors], sets: Sequence[int]) -> _Lattice:
        """Return what is decoded, of utterances in order of their lengths, longest first."""
        lengths, chosen = [len(one) for one in scores], np.array(sets)
        counts = self._counts[chosen].tolist()
        rows = self._rows[chosen, : max(counts)]
        # Only a set's own tags are laid out: a skill may have thousands that an intent has not.
        emitted = np.full((lengths[0], *rows.shape), FORBIDDEN)
        for place, (one, count) in enumerate(zip(scores, counts, strict=True)):
            emitted[: len(one), place, :count] = one[:, rows[place, :count]]
        moves = self._moves[rows[:, :, None], rows[:, None]]
        return _Lattice(rows.tolist(), lengths, emitted, self._ends[:, rows], moves)

    def _chances(
        self,
        lattice: _Lattice,
        paths: Sequence[Sequence[int]],
        spans: Sequence[Sequence[tuple[str, int, int]]],
    ) -> list[tuple[float, ...]]:
        """Return the probability of each span of each path."""
        sums = _Sums(lattice)
        return [
            tuple([self._chance(sums, one, path[first:end], first) for _, first, end in runs])
            for one, (path, runs) in enumerate(zip(paths, spans, strict=True))
        ]

    def _chance(self, sums: _Sums, one: int, path: Sequence[int], first: int) -> float:
        """Return the probability of a span over all tag sequences of an utterance, in [0, 1].

        ``path``: the tags of its tokens, from the ``first``. A span is right when its tags are
        these and it does not go on.
        """
        last, rows = first + len(path) - 1, sums.lattice.rows[one]
        onward = sums.after(one, last, path[-1])
        ways = sums.before(one, first, path[0]) + sums.along(one, first, path) + onward
        chance = math.exp(min(ways - sums.whole(one), 0))
        inside = self._inside[rows[path[-1]]]
        if last + 1 == sums.lattice.lengths[one] or inside not in rows:
            return chance
        # Of all ways on, the one that carries the span on is not it.
        on = rows.index(inside)
        carried = sums.along(one, last, (path[-1], on)) + sums.after(one, last + 1, on)
        return chance * (1 - math.exp(min(carried - onward, 0)))


def _best_paths(lattice: _Lattice) -> Iterator[list[int]]:
    """Yield the likeliest tags of each utterance (Viterbi 1967), of the k that it may have."""
    emitted, width = lattice.emitted, lattice.emitted.shape[-1]
    best = lattice.ends[0] + emitted[0]
    into = lattice.moves.transpose(0, 2, 1).copy()  # (b, to, from)
    arriving, origins = np.empty_like(into), np.empty(emitted.shape, dtype=np.intp)
    rows = np.arange(0, arriving.size, width).reshape(best.shape)
    for first, end, among in stretches(lattice.lengths):
        so_far, before, arrived = best[:among], best[:among, None], arriving[:among]
        for step in range(max(first, 1), end):
            np.add(before, into[:among], out=arrived)
            origin = arrived.argmax(axis=2, out=origins[step, :among])
            np.add(arriving.take(origin + rows[:among]), emitted[step, :among], out=so_far)
    ends = (best + lattice.ends[1]).argmax(axis=1).tolist()
    for one, (length, tag) in enumerate(zip(lattice.lengths, ends, strict=True)):
        path = [tag]
        for step in range(length - 1, 0, -1):
            path.append(origins.item(step, one, path[-1]))
        yield path[::-1]


class _Sums:
    """The log sums over all ways to tag the utterances, to a tag of a token and on from it.

    By the forward and the backward recursion (Lafferty et al. 2001), which are the same from
    either end: one loop does for both.
    """

    def __init__(self, lattice: _Lattice) -> None:
        self.lattice = lattice
        emitted = lattice.emitted
        shares = np.zeros((len(emitted), 2, *emitted.shape[1:]))
        shares[:, 0] = emitted
        for one, length in enumerate(lattice.lengths):
            shares[:length, 1, one] = emitted[:length, one][::-1]
        peaks = np.maximum.reduce(shares, axis=-1)
        shares -= peaks[..., None]
        np.exp(shares, out=shares)
        moves = np.empty((2, *lattice.moves.shape))
        moves[0] = np.exp(lattice.moves, dtype=np.float64)
        moves[1] = moves[0].transpose(0, 2, 1)
        self._ends = np.exp(lattice.ends, dtype=np.float64)
        self._sums, scales = np.empty_like(shares), np.ones(peaks.shape)
        ones, now = np.ones(emitted.shape[-1]), self._ends
        for first, end, among in stretches(lattice.lengths):
            onward = moves[:, :among]
            for step in range(first, end):
                total = self._sums[step, :, :among]
                if step:
                    np.matmul(now[:, :among, None], onward, out=total[:, :, None])
                    total *= shares[step, :, :among]
                else:
                    np.multiply(now, shares[0], out=total)
                # Scaled to sum to 1 (Rabiner 1989), so that no logarithm is taken on the way; every
                # other time, since two steps leave the range of a double no more than one.
                if step % 2:
                    scale = scales[step, :, :among] = np.dot(total, ones)
                    total /= scale[..., None]
                now = total
        self._scales = np.cumsum(np.log(scales) + peaks, axis=0)

    def before(self, one: int, token: int, tag: int) -> float:
        """Return the log sum over all ways to a tag of a token of an utterance, it included."""
        return self._log(token, 0, one, tag)

    def after(self, one: int, token: int, tag: int) -> float:
        """Return the log sum over all ways on from a tag of a token, it excluded."""
        score: float = self.lattice.emitted.item(token, one, tag)
        return self._log(self.lattice.lengths[one] - 1 - token, 1, one, tag) - score

    def along(self, one: int, token: int, path: Sequence[int]) -> float:
        """Return the score of the ``path`` that begins at a token, but for its first tag's."""
        moves, emitted = self.lattice.moves, self.lattice.emitted
        steps = enumerate(pairwise(path), token + 1)
        return sum(moves.item(one, a, b) + emitted.item(to, one, b) for to, (a, b) in steps)

    def whole(self, one: int) -> float:
        """Return the log sum over all tag sequences of an utterance."""
        last = self.lattice.lengths[one] - 1
        share: float = self._sums[last, 0, one].dot(self._ends[1, one])
        scale: float = self._scales.item(last, 0, one)
        return math.log(share + TINY) + scale

    def logs(self, one: int = 0) -> Numbers:
        """Return the log sums over all ways through each tag of each token, (n, k)."""
        count, width = self.lattice.lengths[one], self._sums.shape[-1]
        ways = [
            [self.before(one, token, tag) + self.after(one, token, tag) for tag in range(width)]
            for token in range(count)
        ]
        return np.array(ways)

    def _log(self, step: int, end: int, one: int, tag: int) -> float:
        share: float = self._sums.item(step, end, one, tag)
        scale: float = self._scales.item(step, end, one)
        return math.log(share + TINY) + scale
