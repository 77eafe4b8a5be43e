"""Why a parser answered so: the numbers add up to what the parsers compute."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nlu_engine.baseline import MaxEntCrfRecognizer
from nlu_engine.explanation import (
    MOST_MASKED,
    MOST_WORDS,
    Explainer,
    masked_words,
    ngram_label,
    token_label,
)
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.nearest import NearestSamples
from nlu_engine.neural import NeuralRecognizer, tag_shares
from nlu_engine.parsers import ParserPair
from nlu_engine.utterances import tokenize
from tests.engine.conftest import FRUIT_SKILL

ORDER = "please buy two red apple for my aunt"


@pytest.fixture(scope="session")
def explainer(fruit_pair: ParserPair) -> Explainer:
    return Explainer(fruit_pair, InteractionModel.from_json(FRUIT_SKILL), "en-US")


# --- Near samples -------------------------------------------------------------------------


def test_samples_are_near_by_meaning_and_by_listed_values() -> None:
    nearest = NearestSamples(InteractionModel.from_json(FRUIT_SKILL), "en-US")
    [said, *_] = nearest.nearest("buy an plum please")
    assert (said.intent, said.sample) == ("BuyIntent", "buy an {fruit} please")
    assert said.similarity == pytest.approx(1, abs=1e-3)
    [rain, other, *_] = nearest.nearest("does it rain")
    assert rain.sample == "is it raining"
    assert 1 > rain.similarity > other.similarity
    own = nearest.nearest_of("does it rain", "BuyIntent")
    assert own is not None and own.similarity < rain.similarity
    assert nearest.nearest_of("does it rain", "Unknown") is None


@pytest.mark.parametrize("locale", ["en-US", "ar-SA"])
def test_a_skill_without_samples_has_no_near_ones(locale: str) -> None:
    assert NearestSamples(InteractionModel(), locale).nearest("anything") == []


# --- Probabilities ------------------------------------------------------------------------


def test_the_probabilities_of_tags_sum_to_one_and_agree_with_the_tags(
    explainer: Explainer, fruit_pair: ParserPair
) -> None:
    for found in (explainer.neural(ORDER), explainer.maxent_crf(ORDER)):
        assert [one.token.text for one in found.tokens] == ORDER.split()
        for one in found.tokens:
            assert sum(share for _, share in one.shares) == pytest.approx(1, abs=1e-4)
            assert one.probability == dict(one.shares)[one.tag]
        slots = [(slot.name, slot.start) for slot in found.parse.frame.slots]
        begun = [(one.slot, one.token.start) for one in found.tokens if one.tag[0] == "B"]
        assert begun == slots


def test_a_span_of_one_word_is_at_most_as_probable_as_its_tag(fruit_pair: ParserPair) -> None:
    recognizer = fruit_pair.neural.recognizer
    assert isinstance(recognizer, NeuralRecognizer)
    tokens = tokenize("buy me an apple")
    found = recognizer.recognize([tokens])[0]
    names, shares = tag_shares(recognizer, tokens)
    # Nothing can go on after the last word, so there span and tag are the same event.
    assert shares[-1][names.index("B-fruit")] == pytest.approx(found.confidences[0], abs=1e-4)


# --- MaxEnt-CRF ---------------------------------------------------------------------------


@pytest.mark.parametrize("utterance", [ORDER, "is it raining", "quite unheard of"])
def test_contributions_add_up_to_the_scores(
    explainer: Explainer, fruit_pair: ParserPair, utterance: str
) -> None:
    recognizer = fruit_pair.maxent_crf.recognizer
    assert isinstance(recognizer, MaxEntCrfRecognizer)
    scores = explainer.maxent_crf(utterance).intent_scores
    assert scores is not None
    shares = recognizer.intents.probabilities(tokenize(utterance))
    names = recognizer.intents.intents
    own, other = shares[names.index(scores.intent)], shares[names.index(scores.rival)]
    assert scores.scores[0] - scores.scores[1] == pytest.approx(np.log(own / other), abs=1e-3)
    assert scores.to_dict()["score"] == round(scores.scores[0], 4)
    differences = [one.difference for one in scores.contributions]
    assert differences == sorted(differences, reverse=True)


def test_the_terms_of_tags_add_up_to_how_probable_the_tags_are(explainer: Explainer) -> None:
    """The last word's tag alone differs: the terms tell by how much the sequences do."""
    crf, utterance = explainer._crf, "buy two plum"
    assert crf is not None
    found = explainer.maxent_crf(utterance)
    last = found.tokens[-1]
    rival = next(tag for tag, _ in last.shares if tag != last.tag)
    tags = [one.tag for one in found.tokens]
    ratio = crf._tagger.probability(tags) / crf._tagger.probability([*tags[:-1], rival])
    difference = sum(one.difference for one in last.contributions)
    assert difference == pytest.approx(math.log(ratio), abs=1e-3)
    assert last.contributions[0].difference > 0


@pytest.mark.parametrize(
    ("feature", "label"),
    [
        ("w=plum", "the word “plum”"),
        ("w-1=<>", "no word before"),
        ("w1=of", "before “of”"),
        ("pre3=plu", "begins with “plu”"),
        ("suf1==", "ends in “=”"),
        ("w-1|w=a|plum", "the words “a plum”"),
        ("w-1|w+1=||", "between “” and “”"),
        ("position=4", "at the end of the utterance"),
        ("shape-1=X9", "after one written like “X9”"),
        ("tag-1=B-fruit", "after the tag B-fruit"),
        ("bias", "any word"),
    ],
)
def test_features_of_a_word_in_words(feature: str, label: str) -> None:
    assert token_label(feature) == label


def test_features_of_an_utterance_in_words() -> None:
    assert ngram_label("< buy an") == "“buy an” at the start"
    assert ngram_label("plum >") == "“plum” at the end"
    assert ngram_label("length=1") == "1 word"
    assert ngram_label("length=8-11") == "8-11 words"


# --- The DNN ------------------------------------------------------------------------------


def test_the_words_that_matter_change_the_answer_when_left_out(
    explainer: Explainer, fruit_pair: ParserPair
) -> None:
    found = explainer.neural("get me the weather")
    assert found.masked
    strongest = found.masked[0]
    without = fruit_pair.neural.parse("get me the")
    with_it = fruit_pair.neural.parse("get me the weather")
    assert strongest.token.text == "weather"
    confidences = {without.frame.intent: without.confidence}
    confidences |= {one.intent: one.confidence for one in without.alternatives}
    expected = confidences["WeatherIntent"] - with_it.confidence
    assert strongest.change == pytest.approx(expected, abs=1e-5)
    assert strongest.intent == without.frame.intent


def test_nothing_is_told_of_words_that_change_nothing(fruit_pair: ParserPair) -> None:
    assert masked_words(fruit_pair.neural, tokenize("weather")) == []
    sure = masked_words(fruit_pair.neural, tokenize("buy buy buy buy an apple apple please"))
    assert all(one.slots or abs(one.change) >= 0.01 for one in sure)
    assert len(sure) < 8


# --- Look-ups -----------------------------------------------------------------------------


def test_what_was_looked_up_or_is_a_sample_is_told(explainer: Explainer) -> None:
    help_ = explainer.neural("Help!")
    assert help_.looked_up and not help_.tokens and help_.masked is None
    said = explainer.maxent_crf("Buy an plum please")
    assert (said.looked_up, said.sample) == (False, "buy an {fruit} please")
    assert explainer.neural(ORDER).sample == ""


def test_values_are_found_wherever_they_are_the_longest_first(explainer: Explainer) -> None:
    [apple, pear] = explainer.neural("is a Red  Apple a pear").hits
    assert (apple.text, apple.value, apple.slot_type) == ("Red  Apple", "apple", "Fruit")
    assert (pear.start, pear.end, pear.slots) == (18, 22, ("fruit",))
    assert explainer.neural("buy an pear").hits[0].taken


def test_long_utterances_are_cut(explainer: Explainer) -> None:
    both = explainer.neural("apple " * 80), explainer.maxent_crf("apple " * 80)
    assert all(found.is_cut and len(found.tokens) == MOST_WORDS for found in both)
    assert len(both[0].masked or ()) <= MOST_MASKED


def test_everything_is_json(explainer: Explainer) -> None:
    found = explainer.to_dict(ORDER)
    assert found["utterance"] == ORDER
    assert found["neural"].keys() == found["maxent_crf"].keys()
    assert found["maxent_crf"]["tokens"][0]["features"]
    assert found["neural"]["intent_scores"] is None
