"""Intents by the samples that an utterance is most like."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from nlu_engine.embeddings import load_embeddings
from nlu_engine.likeness import SHARPNESS, Likeness, fit_likeness
from nlu_engine.neural import SHARE_OF_LIKENESS, NeuralRecognizer, Trained
from nlu_engine.neural_training import Schedule, train_neural
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import tokenize


def without_likeness(recognizer: NeuralRecognizer) -> NeuralRecognizer:
    trained = recognizer.trained()
    packed = {name: a for name, a in trained.packed.items() if not name.startswith("likeness")}
    kept = Trained(packed, trained.allowed)
    return NeuralRecognizer(lambda: kept, recognizer.vocabulary, recognizer.extract)


@pytest.mark.parametrize("width", [64, 70, 384])
def test_each_intent_scores_by_the_signs_it_shares_with_its_nearest_sample(width: int) -> None:
    chance = np.random.default_rng(0)
    samples = chance.normal(size=(30, width)).astype(np.float32)
    intents = [*range(3), *chance.integers(0, 3, 27).tolist()]
    asked = chance.normal(size=(5, width)).astype(np.float32)
    centre = samples.mean(axis=0).astype(np.float16).astype(np.float32)
    shared = np.sign(asked - centre) @ np.sign(samples - centre).T / width  # (5, 30), -1 to 1
    expected = [[row[np.array(intents) == intent].max() for intent in range(3)] for row in shared]
    found = Likeness(fit_likeness(samples, intents))(asked)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        log_softmax(found, axis=1), log_softmax(SHARPNESS * np.array(expected), axis=1), atol=1e-4
    )


def test_a_sample_takes_a_bit_a_number_and_samples_alike_are_kept_once() -> None:
    samples = np.random.default_rng(1).normal(size=(10, 384)).astype(np.float32)
    twice = np.concatenate([samples, samples])
    packed = fit_likeness(twice, [0, 1] * 10)
    assert packed["likeness.signs"].shape == (10, 48)
    assert packed["likeness.signs"].dtype == np.uint8
    assert packed["likeness.counts"].tolist() == [5, 5]


def test_of_very_many_samples_each_intent_keeps_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlu_engine.likeness.MOST_SAMPLES", 10)
    samples = np.random.default_rng(2).normal(size=(31, 64)).astype(np.float32)
    packed = fit_likeness(samples, [0, *[1] * 30])
    assert packed["likeness.counts"].tolist() == [1, 8]


def test_nothing_is_kept_without_an_encoder_or_a_choice() -> None:
    assert fit_likeness(np.zeros((2, 0), np.float32), [0, 1]) == {}
    assert fit_likeness(np.ones((2, 64), np.float32), [0, 0]) == {}


def test_the_full_tier_joins_the_nearest_samples_to_its_own_scores(
    fruit_data: TrainingData,
) -> None:
    trained = train_neural(
        fruit_data, load_embeddings("en@2"), schedule=Schedule(steps=3), negatives=["what"]
    )
    said = tokenize("how chilly is it out there")
    [scores], [tags] = trained.scores([said])
    [alone], [their_tags] = without_likeness(trained).scores([said])
    of_samples = [
        trained.extract.in_context([tokenize(one.text)])[0][1] for one in fruit_data.utterances
    ]
    names = trained.vocabulary.intents
    likeness = Likeness(
        fit_likeness(
            np.array(of_samples).astype(np.float16).astype(np.float32),
            [names.index(one.frame.intent) for one in fruit_data.utterances],
        )
    )(trained.extract.in_context([said])[0][1][None])[0]
    share = float(SHARE_OF_LIKENESS)
    expected = log_softmax((1 - share) * log_softmax(alone[:-1]) + share * log_softmax(likeness))
    np.testing.assert_allclose(log_softmax(scores[:-1]), expected, atol=1e-4)
    assert softmax(scores)[-1] == pytest.approx(softmax(alone)[-1], abs=1e-5)
    np.testing.assert_array_equal(tags, their_tags)


def test_the_quick_tier_has_none(fruit_data: TrainingData) -> None:
    trained = train_neural(fruit_data, load_embeddings("en@2"), "quick", schedule=Schedule(steps=3))
    assert not [name for name in trained.trained().packed if "likeness" in name]
