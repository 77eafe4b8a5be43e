"""Confidences that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from nlu_engine.calibration import (
    UNCALIBRATED,
    Calibration,
    calibration_error,
    fit_temperature,
)
from nlu_engine.frames import RankedIntent
from nlu_engine.training import baseline_odds, neural_calibration

RANKED = (RankedIntent("a", 0.7), RankedIntent("b", 0.2), RankedIntent("c", 0.1))


def test_no_temperature_changes_nothing() -> None:
    same = Calibration().intents(RANKED)
    assert [one.confidence for one in same] == pytest.approx([0.7, 0.2, 0.1])
    assert Calibration().slot(0.3) == pytest.approx(0.3)


@pytest.mark.parametrize(("temperature", "higher"), [(0.5, True), (2.0, False)])
def test_temperature_sharpens_or_softens_and_keeps_the_order(
    temperature: float, higher: bool
) -> None:
    calibration = Calibration(temperature, temperature)
    found = calibration.intents(RANKED)
    assert [one.intent for one in found] == ["a", "b", "c"]
    assert sum(one.confidence for one in found) == pytest.approx(1)
    assert (found[0].confidence > 0.7) is higher
    assert (calibration.slot(0.7) > 0.7) is higher


def test_certainty_stays_a_number() -> None:
    found = Calibration(0.5, 0.5).intents((RankedIntent("a", 1.0), RankedIntent("b", 0.0)))
    assert found[0].confidence == pytest.approx(1)
    assert Calibration(2.0, 2.0).slot(1.0) <= 1


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_temperature_that_was_used_is_found_again(true: float) -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(1000, 5)) * 2
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    right = [int(generator.choice(5, p=row)) for row in shares]
    skewed = shares ** (true)
    skewed /= skewed.sum(axis=1, keepdims=True)
    assert fit_temperature(skewed.tolist(), right) == pytest.approx(true, rel=0.1)


def test_few_observations_leave_what_was_expected() -> None:
    assert fit_temperature([], [], expected=0.8) == 0.8
    assert fit_temperature([[0.6, 0.4]], [1], expected=0.8) == pytest.approx(0.8, rel=0.3)


def test_the_calibration_error_is_the_mean_gap_between_confidence_and_accuracy() -> None:
    assert calibration_error([], []) is None
    assert calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0)
    assert calibration_error([1.0] * 4, [True, True, False, False]) == pytest.approx(0.5)
    mixed = calibration_error([1.0, 1.0, 0.1, 0.1], [True, True, True, False])
    assert mixed == pytest.approx(0.2)


@pytest.mark.parametrize("scope", [None, 500])
def test_the_dnn_is_sharpened_most_where_intents_have_few_utterances(scope: int | None) -> None:
    found = [neural_calibration(count, scope).intent_temperature for count in (10, 70, 1_000)]
    assert found == sorted(set(found))
    assert 0.5 < found[0] < found[-1] <= 1
    assert neural_calibration(2.5, scope).intent_temperature == found[0]


def test_where_anything_may_be_said_the_dnn_is_less_sure() -> None:
    for count in (10, 100, 1_000):
        alone, among = (neural_calibration(count, scope) for scope in (None, 500))
        assert alone.intent_temperature < among.intent_temperature


def test_the_more_samples_a_skill_has_the_readier_its_fallback_is() -> None:
    assert neural_calibration(70).outside_odds == 1
    few, some, many = (neural_calibration(70, scope).outside(0.4) for scope in (30, 500, 20_000))
    assert 0.2 < few < 0.4 < some < many < 1
    assert neural_calibration(10, 200).outside(0.4) == pytest.approx(0.4)


def test_the_more_intents_and_samples_the_readier_the_fallback_of_the_baseline_is() -> None:
    few = baseline_odds(7, 70)
    assert few == pytest.approx(7 / 8)
    assert baseline_odds(2, 10) == few  # not fitted for fewer
    assert few < baseline_odds(7, 490) < baseline_odds(70, 4_900)
    assert baseline_odds(7, 7_000) == baseline_odds(7, 1_400)


def test_odds_of_being_out_of_scope_are_multiplied() -> None:
    moved = Calibration(outside_odds=3)
    assert [moved.outside(one) for one in (0, 0.25, 0.5, 1)] == pytest.approx([0, 0.5, 0.75, 1])
    assert UNCALIBRATED.outside(0.3) == pytest.approx(0.3)
