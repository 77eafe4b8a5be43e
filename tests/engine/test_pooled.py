"""The linear classifier beside the network, and the batches that the network learns from."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from nlu_engine.embeddings import TIERS, Tier, Vectors, load_embeddings
from nlu_engine.features import UNKNOWN
from nlu_engine.neural import NeuralRecognizer, Trained
from nlu_engine.neural_training import Schedule, draw, dropout_for, train_neural
from nlu_engine.pooled import INVERSE_PENALTY, fit_pooled
from nlu_engine.scoring import POOLED
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import normalize, tokenize


def without_pooled(recognizer: NeuralRecognizer) -> NeuralRecognizer:
    trained = recognizer.trained()
    packed = {name: a for name, a in trained.packed.items() if not name.startswith(POOLED)}
    kept = Trained(packed, np.ones_like(trained.allowed))
    return NeuralRecognizer(lambda: kept, recognizer.vocabulary, recognizer.extract)


def pooled_by_hand(data: TrainingData, recognizer: NeuralRecognizer, text: str) -> Vectors:
    """Return the log probabilities of a classifier fitted and applied without the engine's."""
    said = [[normalize(t.text) for t in tokenize(one.text)] for one in data.utterances]
    counts = Counter(word for words in said for word in set(words))
    twice = recognizer.vocabulary.words

    def pooled(words: list[str]) -> Vectors:
        rarity = [
            np.log1p(len(said) / (1 + (counts[word] if word in twice else 1))) for word in words
        ]
        vectors = [recognizer.extract.of_word(word)[0] for word in words]
        summed = sum(rare * vector for rare, vector in zip(rarity, vectors, strict=True))
        found: Vectors = summed / np.linalg.norm(rarity)
        return found

    def features(texts: list[list[str]]) -> list[Vectors]:
        """The pooled vectors, and the sentence vectors in the full tier."""
        sums = np.array([pooled(words) for words in texts])
        sentences = [
            recognizer.extract.in_context([tokenize(" ".join(words))])[0][1] for words in texts
        ]
        return [sums, np.array(sentences)]

    taught = features(said)
    asked = features([[normalize(t.text) for t in tokenize(text)]])
    lengths = [max(np.linalg.norm(part, axis=1).mean(), 1e-9) for part in taught]
    both = [
        np.concatenate([p / n for p, n in zip(parts, lengths, strict=True)], axis=1)
        for parts in (taught, asked)
    ]
    classifier = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
    classifier.fit(both[0], [one.frame.intent for one in data.utterances])
    found: Vectors = classifier.predict_log_proba(both[1])[0]
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_scores_are_the_mean_of_both_classifiers(fruit_data: TrainingData, tier: Tier) -> None:
    text = "buy a plum with friends"
    trained = train_neural(
        fruit_data, load_embeddings("en@2"), tier, schedule=Schedule(steps=3), negatives=["what"]
    )
    # Each of a tier's networks has such a classifier; here is the one that is the tier's own.
    own = Trained(trained.trained().networks()[0], trained.trained().allowed)
    recognizer = NeuralRecognizer(lambda: own, trained.vocabulary, trained.extract)
    [scores], [tags] = recognizer.scores([tokenize(text)])
    [alone], [their_tags] = without_pooled(recognizer).scores([tokenize(text)])
    expected = log_softmax(
        (log_softmax(alone[:-1]) + pooled_by_hand(fruit_data, recognizer, text)) / 2
    )
    np.testing.assert_allclose(log_softmax(scores[:-1]), expected, atol=0.05)  # of 7 bits
    # What all intents together have against everything else is the network's to say.
    assert softmax(scores)[-1] == pytest.approx(softmax(alone)[-1], abs=1e-5)
    np.testing.assert_array_equal(tags, their_tags)


def test_one_intent_alone_needs_no_classifier() -> None:
    rows, vectors = np.array([2, 3]), np.ones((2, 4), np.float32)
    assert fit_pooled([rows], [vectors], np.zeros((1, 0), np.float32), [0], 5) == {}


def test_unknown_words_are_as_rare_as_those_said_once() -> None:
    words = [np.array([2, UNKNOWN]), np.array([2, UNKNOWN]), np.array([3, 2])]
    vectors = [np.ones((2, 4), np.float32)] * 3
    found = fit_pooled(words, vectors, np.zeros((3, 0), np.float32), [0, 1, 1], 4)
    rarity = found[f"{POOLED}.rarity"]
    assert rarity[UNKNOWN] == rarity[3] == pytest.approx(np.log(1 + 3 / 2))
    assert rarity[2] == pytest.approx(np.log(1 + 3 / 4))


def test_a_pass_draws_every_example_once_in_batches_of_like_length() -> None:
    lengths = [*np.random.default_rng(0).integers(1, 40, 1_024).tolist(), 9, 9]
    schedule = Schedule(steps=64, batch_size=32, negatives=3)
    batches = list(draw(lengths, 2, schedule, seed=1))
    assert len(batches) == 64
    for batch in batches:
        assert set(batch[32:]) <= {1_024, 1_025}
        assert len(batch) == 35
    drawn = [batch[:32] for batch in batches]
    assert sorted(sum(drawn[:32], [])) == sorted(sum(drawn[32:], [])) == list(range(1_024))
    waste = [32 * max(lengths[one] for one in b) / sum(lengths[one] for one in b) for b in drawn]
    assert np.mean(waste) < 1.3
    assert batches == list(draw(lengths, 2, schedule, seed=1))
    assert batches != list(draw(lengths, 2, schedule, seed=2))


def test_a_handful_of_examples_is_drawn_again_and_again() -> None:
    drawn = Counter(row for batch in islice(draw([3, 1, 2], 0, Schedule(9), 0), 9) for row in batch)
    assert drawn == {0: 9, 1: 9, 2: 9}


def test_large_training_sets_want_less_dropout() -> None:
    assert dropout_for(1) == dropout_for(1_000) == pytest.approx(0.4)
    assert dropout_for(2_000) == pytest.approx(0.325)
    assert dropout_for(4_000) == dropout_for(100_000) == pytest.approx(0.25)
