"""Decoding of a linear-chain CRF with numpy: what ``network.Crf`` learns, used to parse.

Finds the best tags of many utterances at once, and how probable each span is that they mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors
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


@dataclass(frozen=True)
class _Lattice:
    """Scores of b utterances of up to n tokens, longest first, each over k tags of its own."""

    rows: Rows  # (b, k), which of all tags these are; there is one more, which is none
    lengths: Rows  # (b,)
    alive: list[int]  # (n,), how many utterances have that token
    emitted: Vectors  # (n, b, k)
    start: Vectors  # (b, k)
    end: Vectors  # (b, k)
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
        self._start = np.append(strict.start, FORBIDDEN)
        self._end = np.append(strict.end, FORBIDDEN)
        self._moves = np.pad(strict.transitions, (0, 1), constant_values=FORBIDDEN)
        self._counts = allowed.sum(axis=1)
        self._rows = np.full((len(allowed), int(self._counts.max())), len(tags))
        for row, among in zip(self._rows, allowed, strict=True):
            row[: among.sum()] = np.flatnonzero(among)
        places = {tag: place for place, tag in enumerate(tags)}
        inside = [places.get(f"I-{tag[2:]}", len(tags)) for tag in tags]
        self._inside = np.array([*inside, len(tags)])  # the tag that carries a span on

    def decode(self, scores: Sequence[Vectors], sets: Sequence[int]) -> list[Decoded]:
        """Return what is likeliest of each utterance, of scores (n, t) and one of the sets."""
        order = sorted(range(len(scores)), key=lambda one: -len(scores[one]))
        lattice = self._lattice([scores[one] for one in order], [sets[one] for one in order])
        path = _best_path(lattice)
        utterances = range(len(order))
        whole = lattice.rows[np.arange(len(order))[:, None], path.T].tolist()  # (b, n)
        tags = [
            tuple(self.tags[tag] for tag in row[: len(scores[one])])
            for row, one in zip(whole, order, strict=True)
        ]
        spans = [(one, first, end) for one in utterances for _, first, end in runs_of(tags[one])]
        found: list[list[float]] = [[] for _ in order]
        if spans:
            places = np.array(spans).T
            for one, chance in zip(places[0], self._chances(lattice, path, places), strict=True):
                found[one].append(chance)
        decoded = [Decoded(*both) for both in zip(tags, map(tuple, found), strict=True)]
        return [decoded[place] for place in np.argsort(order)]

    def shares(self, scores: Vectors, chosen: int) -> tuple[tuple[str, ...], Numbers]:
        """Return the tags of a set, and the probability of each at each of n tokens (n, tags)."""
        lattice = self._lattice([scores], [chosen])
        before, after = _both_ways(lattice)
        logs = (before + after)[:, 0]
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        names = tuple(self.tags[row] for row in lattice.rows[0])
        return names, shares / shares.sum(axis=1, keepdims=True)

    def _lattice(self, scores: Sequence[Vectors], sets: Sequence[int]) -> _Lattice:
        """Return what is decoded, of utterances in order of their lengths, longest first."""
        lengths = np.array([len(one) for one in scores])
        longest, chosen = int(lengths[0]), np.array(sets)
        counts = self._counts[chosen]
        rows = self._rows[chosen, : int(counts.max())]
        # Only a set's own tags are laid out: a skill may have thousands that an intent has not.
        emitted = np.full((longest, *rows.shape), FORBIDDEN)
        for place, (one, count) in enumerate(zip(scores, counts.tolist(), strict=True)):
            emitted[: len(one), place, :count] = one[:, rows[place, :count]]
        return _Lattice(
            rows,
            lengths,
            (lengths > np.arange(longest)[:, None]).sum(axis=1).tolist(),
            emitted,
            self._start[rows],
            self._end[rows],
            self._moves[rows[:, :, None], rows[:, None]],
        )

    def _chances(self, lattice: _Lattice, path: Rows, spans: Rows) -> list[float]:
        """Return the probability of each span of ``path`` over all tag sequences, in [0, 1].

        ``spans`` (3, s): utterance, first token, token after the last. A span is right when its
        tags are as in ``path`` and it does not go on: the forward-backward sums of Lafferty et
        al. 2001, with the tags of the span held fixed.
        """
        before, after = _both_ways(lattice)
        of, first, end = spans
        last = end - 1
        tag, ending = path[first, of], path[last, of]
        along = _along(lattice, path)
        ways = before[first, of, tag] + along[last, of] - along[first, of] + after[last, of, ending]
        # Of all ways on, the one that carries the span on is not it.
        on = np.minimum(end, len(path) - 1)
        inside = self._inside[lattice.rows[of, ending]]
        place = (lattice.rows[of] == inside[:, None]).argmax(axis=1)
        carried = lattice.moves[of, ending, place] + lattice.emitted[on, of, place]
        carried = carried + after[on, of, place] - after[last, of, ending]
        can_go_on = (end < lattice.lengths[of]) & (inside < len(self.tags))
        stopping = 1 - np.where(can_go_on, np.exp(np.minimum(carried, 0)), 0)
        ends = lattice.lengths - 1
        every = before[ends, np.arange(len(ends))] + lattice.end
        highest = every.max(axis=1)
        whole = highest + np.log(np.exp(every - highest[:, None]).sum(axis=1))
        chances: list[float] = (np.exp(np.minimum(ways - whole[of], 0)) * stopping).tolist()
        return chances


def _best_path(lattice: _Lattice) -> Rows:
    """Return the likeliest tag of each token (Viterbi 1967), (n, b), of the k of its utterance."""
    emitted, alive = lattice.emitted, lattice.alive
    best = lattice.start + emitted[0]
    into = lattice.moves.transpose(0, 2, 1).copy()  # (b, to, from)
    origins = np.empty(emitted.shape, dtype=np.int64)
    for step in range(1, len(emitted)):
        among = alive[step]
        arriving = best[:among, None] + into[:among]
        arriving.argmax(axis=2, out=origins[step, :among])
        best[:among] = arriving.max(axis=2) + emitted[step, :among]
    every, path = np.arange(len(best)), np.empty(emitted.shape[:2], dtype=np.int64)
    tag = (best + lattice.end).argmax(axis=1)
    for step in range(len(emitted) - 1, 0, -1):
        path[step] = tag
        among = alive[step]
        tag[:among] = origins[step, every[:among], tag[:among]]
    path[0] = tag
    return path


def _along(lattice: _Lattice, path: Rows) -> Numbers:
    """Return the scores along ``path`` up to each token, (n, b), but for that of its start."""
    every = np.arange(path.shape[1])
    scores = lattice.emitted[np.arange(len(path))[:, None], every, path].astype(np.float64)
    scores[1:] += lattice.moves[every, path[:-1], path[1:]]
    found: Numbers = scores.cumsum(axis=0)
    return found


def _both_ways(lattice: _Lattice) -> tuple[Numbers, Numbers]:
    """Return two log sums, (n, b, k) each: over all ways to a tag of a token, it included, and
    over all ways on from it, it excluded.
    """
    emitted, alive = lattice.emitted, lattice.alive
    count, every = len(emitted), np.arange(emitted.shape[1])
    # The same recursion from either end, each in its own row: one loop does for both.
    mirrored = np.maximum(lattice.lengths - 1 - np.arange(count)[:, None], 0)  # (n, b)
    both = np.stack([emitted, emitted[mirrored, every]], axis=1)[..., None, :]  # (n, 2, b, 1, k)
    highest = lattice.moves.max(axis=(1, 2), keepdims=True)
    onward = np.exp(lattice.moves - highest, dtype=np.float64)
    moves = np.stack([onward, onward.transpose(0, 2, 1)])
    peaks = both.max(axis=-1, keepdims=True)
    shares = np.exp(both - peaks, dtype=np.float64)
    sums, scales = np.ones(both.shape), np.ones((*both.shape[:-1], 1))
    now = np.exp(np.stack([lattice.start, lattice.end])[:, :, None], dtype=np.float64)
    for step in range(count):
        among = alive[step]
        arrived = (now[:, :among] @ moves[:, :among] if step else now) * shares[step, :, :among]
        # Scaled to sum to 1 (Rabiner 1989), so that no logarithm is taken on the way.
        scale = np.add.reduce(arrived, axis=-1, keepdims=True, out=scales[step, :, :among])
        now = np.divide(arrived, scale, out=sums[step, :, :among])
    logs = np.log(sums + TINY) + np.cumsum(np.log(scales) + peaks + highest, axis=0) - highest
    before, after = logs[:, 0, :, 0], logs[mirrored, 1, every, 0]
    return before, after - emitted
