"""Confidences that mean what they say: of parses at 80 %, four in five should be right.

A parser's raw probabilities are sharpened or softened by one temperature for intents and one
for slots (Guo et al. 2017, "On Calibration of Modern Neural Networks"), which changes no
ranking. The odds of being out of scope are moved by a factor. Needs numpy alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu_engine.frames import RankedIntent

BINS = 15
PRIOR_WEIGHT = 2.0
"""Observations that the temperature expected beforehand counts as, roughly."""
_SMALLEST = 1e-7
_GRID = np.exp(np.linspace(np.log(0.2), np.log(5.0), 161))

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """The temperatures of one parser; above 1 they soften its confidences.

    ``outside_odds``: by what the odds that an utterance is out of scope are multiplied.
    """

    intent_temperature: float = 1.0
    slot_temperature: float = 1.0
    outside_odds: float = 1.0

    def intents(
        self, ranked: Sequence[RankedIntent], most: int | None = None, inside: float = 1.0
    ) -> tuple[RankedIntent, ...]:
        """Return the first ``most`` of all ranked intents, with calibrated confidences.

        ``inside``: the probability that one of them is meant, which all of them share.
        """
        shares = _softened([one.confidence for one in ranked], self.intent_temperature)
        likeliest = zip(ranked[:most], shares, strict=False)
        return tuple([RankedIntent(one.intent, inside * share) for one, share in likeliest])

    def outside(self, probability: float) -> float:
        """Return the calibrated probability that an utterance is out of scope."""
        odds = self.outside_odds * probability
        return odds / (odds + 1 - probability)

    def slot(self, probability: float) -> float:
        """Return the calibrated probability of a slot span."""
        right, wrong = (max(one, _SMALLEST) for one in (probability, 1 - probability))
        return 1 / (1 + math.pow(wrong / right, 1 / self.slot_temperature))


UNCALIBRATED = Calibration()


def _softened(probabilities: Sequence[float], temperature: float) -> list[float]:
    """Return the probabilities at another temperature; they sum to 1."""
    likeliest = max(probabilities)
    odds = [
        (min(max(one, _SMALLEST), 1.0) / likeliest) ** (1 / temperature) for one in probabilities
    ]
    whole = sum(odds)
    return [one / whole for one in odds]


def fit_temperature(
    probabilities: Sequence[Sequence[float]], right: Sequence[int], *, expected: float = 1.0
) -> float:
    """Return the temperature under which the right answers are likeliest.

    ``probabilities``: of each observation, those of its k answers (k may differ);
    ``right``: which one was. With few observations the result stays near ``expected``.
    """
    if not right:
        return expected
    rows = [np.log(np.clip(np.array(row), _SMALLEST, 1.0)) for row in probabilities]
    losses = [_loss(rows, right, temperature) for temperature in _GRID]
    distance = np.square(np.log(_GRID / expected))
    return float(_GRID[int(np.argmin(np.array(losses) + PRIOR_WEIGHT * distance))])


def _loss(rows: Sequence[Numbers], right: Sequence[int], temperature: float) -> float:
    total = 0.0
    for row, answer in zip(rows, right, strict=True):
        scaled = row / temperature
        highest = scaled.max()
        total += highest + np.log(np.exp(scaled - highest).sum()) - scaled[answer]
    return float(total)


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Return the expected calibration error, in [0, 1] (Naeini et al. 2015); None of nothing.

    The mean distance between confidence and accuracy over BINS equal bins of confidence, each
    weighted by how many fall into it.
    """
    if not right:
        return None
    values, hits = np.array(confidences), np.array(right, dtype=float)
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    gaps = [
        abs(values[bins == one].mean() - hits[bins == one].mean()) * (bins == one).sum()
        for one in np.unique(bins)
    ]
    return float(sum(gaps) / len(values))


@dataclass(frozen=True)
class ReliabilityBin:
    """The parses whose confidence is in [low, high): how many, how sure, how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidences: Sequence[float], right: Sequence[bool], bins: int = 10
) -> list[ReliabilityBin]:
    """Return the bins of a reliability diagram that hold a parse, by confidence."""
    places = [min(int(confidence * bins), bins - 1) for confidence in confidences]
    found = []
    for place in sorted(set(places)):
        rows = [row for row, other in enumerate(places) if other == place]
        sure = sum(confidences[row] for row in rows) / len(rows)
        hits = sum(right[row] for row in rows) / len(rows)
        found.append(ReliabilityBin(place / bins, (place + 1) / bins, len(rows), sure, hits))
    return found
