"""The fallback: who has one, what it learns from, and what it answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nlu_engine.artifact import read_artifact, write_artifact
from nlu_engine.calibration import Calibration
from nlu_engine.comparison import compare
from nlu_engine.embeddings import load_embeddings
from nlu_engine.explanation import masked_words
from nlu_engine.frames import AnnotatedUtterance, Frame, RankedIntent
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.neural_training import Schedule
from nlu_engine.out_of_scope import FALLBACK_INTENT, MOST, TIMES, Fallback, negatives_for
from nlu_engine.parsers import ParserPair, Recognition, SkillParser
from nlu_engine.resolution import Resolver
from nlu_engine.training import baseline_odds, train_parsers
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import tokenize
from tests.engine.conftest import FRUIT_SKILL

OUTSIDE = [
    "what is the capital of france",
    "turn on the lights in the kitchen",
    "play some jazz in the living room",
    "remind me to call my mother at five",
    "how much money is in my account",
]


def skill_with_fallback(level: Any = None) -> dict[str, Any]:
    document = copy.deepcopy(FRUIT_SKILL)
    model: dict[str, Any] = document["interactionModel"]["languageModel"]
    model["intents"].append({"name": FALLBACK_INTENT, "samples": []})
    if level is not None:
        model["modelConfiguration"] = {"fallbackIntentSensitivity": {"level": level}}
    return document


def data_of(document: dict[str, Any]) -> TrainingData:
    model = InteractionModel.from_json(document)
    return TrainingData.from_interaction_model(model, locale="en-US")


@pytest.fixture(scope="module")
def pair() -> ParserPair:
    return train_parsers(data_of(skill_with_fallback("HIGH")), tier="quick")


@pytest.mark.parametrize("level", ["LOW", "MEDIUM", "HIGH"])
@pytest.mark.parametrize("layout", ["interactionModel", "languageModel", "flat"])
def test_the_sensitivity_of_the_skill_is_read_in_every_layout(level: str, layout: str) -> None:
    document = skill_with_fallback(level)
    if layout != "interactionModel":
        document = document["interactionModel"]
    if layout == "flat":
        document = document["languageModel"]
    assert data_of(document).fallback == Fallback(sensitivity=level)


@pytest.mark.parametrize("level", [None, "EXTREME", ["LOW"], {"a": 1}, 3])
def test_no_level_or_an_unknown_one_is_medium(level: Any) -> None:
    assert data_of(skill_with_fallback(level)).fallback == Fallback(sensitivity="MEDIUM")


def test_a_skill_without_the_intent_has_no_fallback(fruit_pair: ParserPair) -> None:
    assert data_of(FRUIT_SKILL).fallback is None
    for parser in (fruit_pair.neural, fruit_pair.maxent_crf):
        assert parser.parse(OUTSIDE[0]).out_of_scope is None


def test_a_more_sensitive_fallback_answers_sooner() -> None:
    thresholds = [Fallback(sensitivity=level).threshold for level in ("LOW", "MEDIUM", "HIGH")]
    assert thresholds == sorted(thresholds, reverse=True)


@pytest.mark.parametrize(("level", "answers"), [("LOW", False), ("MEDIUM", True), ("HIGH", True)])
def test_the_sensitivity_decides_what_is_rejected(level: str, answers: bool) -> None:
    class Unsure:
        def recognize(self, utterances: Any) -> list[Recognition]:
            buy = (RankedIntent("Buy", 1.0),)
            return [Recognition(buy, ("O",) * len(tokens), (), 0.6) for tokens in utterances]

    parser = SkillParser(
        Unsure(),
        exact={},
        resolver=Resolver({}, {}, "en-US"),
        fallback=Fallback(sensitivity=level),
    )
    parse = parser.parse("something else")
    assert (parse.frame.intent == FALLBACK_INTENT) is answers
    assert parse.out_of_scope == 0.6
    if answers:
        assert parse.confidence == 0.6
        assert [one.intent for one in parse.alternatives] == ["Buy"]


def test_the_odds_of_the_calibration_decide_and_are_told_everywhere() -> None:
    """In the parse, and where a page says what happens without a word."""

    class Unsure:
        def recognize(self, utterances: Any) -> list[Recognition]:
            both = (RankedIntent("Buy", 0.75), RankedIntent("Sell", 0.25))
            return [
                Recognition(both, ("O",) * len(tokens), (), 0.4 if len(tokens) > 1 else 0.1)
                for tokens in utterances
            ]

    def parser(odds: float) -> SkillParser:
        return SkillParser(
            Unsure(),
            exact={},
            resolver=Resolver({}, {}, "en-US"),
            fallback=Fallback(),
            calibration=Calibration(outside_odds=odds),
        )

    assert parser(1).parse("something else").frame.intent == "Buy"
    ready = parser(3)
    parse = ready.parse("something else")
    assert parse.frame.intent == FALLBACK_INTENT
    assert parse.out_of_scope == parse.confidence == pytest.approx(2 / 3)
    assert [one.confidence for one in parse.alternatives] == pytest.approx([1 / 4, 1 / 12])
    alone = ready.parse("something")  # odds of 1 to 9, times three
    assert (alone.frame.intent, alone.out_of_scope) == ("Buy", pytest.approx(1 / 4))
    assert alone.confidence == pytest.approx(3 / 4 * 3 / 4)
    for one in masked_words(ready, tokenize("something else")):
        assert one.intent == "Buy"
        assert one.confidence == pytest.approx(1 / 4)
        assert one.change == pytest.approx(1 / 4 - 2 / 3)


def test_skills_with_few_samples_are_slow_to_reject(
    pair: ParserPair, fruit_pair: ParserPair
) -> None:
    assert pair.neural.calibration.outside_odds == pytest.approx((70 / 200) ** 0.8)
    assert pair.maxent_crf.calibration.outside_odds == baseline_odds(2, 2)
    for parser in (fruit_pair.neural, fruit_pair.maxent_crf):
        assert parser.calibration.outside_odds == 1


@pytest.mark.parametrize("name", ["neural", "maxent_crf"])
def test_both_parsers_tell_what_is_out_of_scope(pair: ParserPair, name: str) -> None:
    parser: SkillParser = getattr(pair, name)
    inside = [parser.parse(text).out_of_scope for text in ("buy me an apple", "is it raining")]
    outside = [parser.parse(text).out_of_scope for text in OUTSIDE]
    assert max(one for one in inside if one is not None) < 0.3
    assert sum(one > 0.3 for one in outside if one is not None) >= 3
    assert parser.parse("buy me an apple").frame.intent == "BuyIntent"


@pytest.mark.parametrize("name", ["neural", "maxent_crf"])
def test_all_intents_and_what_is_out_of_scope_sum_to_one(pair: ParserPair, name: str) -> None:
    parser: SkillParser = getattr(pair, name)
    for text in ("buy me an apple", "is it raining", *OUTSIDE):
        parse = parser.parse(text)
        assert parse.out_of_scope is not None
        of_intents = [one.confidence for one in parse.alternatives]
        if parse.frame.intent != FALLBACK_INTENT:
            of_intents.append(parse.confidence)
        assert sum(of_intents) + parse.out_of_scope == pytest.approx(1, abs=1e-6)


def test_the_fallback_survives_the_artifact(pair: ParserPair, tmp_path: Any) -> None:
    write_artifact(pair, tmp_path / "artifact")
    again = read_artifact(tmp_path / "artifact")
    for text in [*OUTSIDE, "buy me an apple"]:
        assert again.parse(text).to_dict() == pair.parse(text).to_dict()


def test_negatives_leave_out_what_is_most_like_the_skill() -> None:
    embeddings = load_embeddings("en@2")
    weather = ["will it rain tomorrow", "what is the weather like in paris", "is it cold outside"]
    chosen = negatives_for(weather, embeddings, seed=0)
    assert 0 < len(chosen) <= MOST
    assert chosen == negatives_for(weather, embeddings, seed=0)
    assert chosen != negatives_for(weather, embeddings, seed=1)

    def about_weather(texts: list[str]) -> float:
        return sum("weather" in text or "rain" in text for text in texts) / len(texts)

    everything = (embeddings.directory / "negatives.txt").read_text().splitlines()
    assert about_weather(chosen) < about_weather(everything)


def test_negatives_in_the_skills_own_language_come_first_and_count_more() -> None:
    embeddings = load_embeddings("multi@1")
    trains = ["wann fährt der zug in die stadt", "ist das ein zug für mich", "wie spät ist es"]
    chosen = negatives_for(trains, embeddings, seed=0)
    assert len(chosen) == MOST
    known = {word for text in trains for word in text.split()}
    home = [text for text in chosen if chosen.count(text) == TIMES]
    assert len(set(home)) > 2
    assert chosen[: len(home)] == home
    assert all(len(known.intersection(text.split())) > 1 for text in home)
    assert chosen == negatives_for(trains, embeddings, seed=0)
    assert len(set(chosen[len(home) :])) == MOST - len(home)
    # Whatever is like the skill itself is none.
    assert home[0] not in negatives_for([*trains, home[0]], embeddings, seed=0)


def test_words_that_are_rarer_than_elsewhere_make_no_home() -> None:
    """To a German skill that knows some English talk in English is not its own."""
    embeddings = load_embeddings("multi@1")
    german = ["spiel das lied noch einmal", "ich will die beatles hören", "mach die musik aus"]
    songs = [*german * 30, "play it for me please", "i want to know what love is", "all of me"]
    chosen = negatives_for(songs, embeddings, seed=0)
    home = {text for text in chosen if chosen.count(text) == TIMES}
    known = {word for text in german for word in text.split()}
    assert home
    assert all(known.intersection(text.split()) for text in home)
    assert len(home) * TIMES <= MOST / 2


@pytest.fixture
def marked() -> tuple[AnnotatedUtterance, ...]:
    rows = [
        ("buy apples", "Buy"),
        ("buy pears", "Buy"),
        ("is it cold", "Ask"),
        ("will it rain", "Ask"),
        *[(text, "oos") for text in OUTSIDE[:3]],
    ]
    return tuple(AnnotatedUtterance(text, Frame(intent)) for text, intent in rows)


def test_labelled_utterances_marked_oos_are_negatives(
    marked: tuple[AnnotatedUtterance, ...],
) -> None:
    data = TrainingData.from_labelled(marked, locale="en-US")
    assert data.fallback == Fallback("oos")
    assert data.negatives == tuple(OUTSIDE[:3])
    assert set(data.intent_slots) == {"Buy", "Ask"}
    result = compare(data, marked, tier="quick")
    for measured in result["parsers"].values():
        assert 0.5 <= measured["in_scope_accuracy"] <= 1
        assert 0 <= measured["out_of_scope_recall"] <= 1
    assert result["parsers"]["neural"]["in_scope_accuracy"] == 1
    assert result["parsers"]["neural"]["out_of_scope_recall"] == 1


def test_the_full_tier_learns_them_too(marked: tuple[AnnotatedUtterance, ...]) -> None:
    data = TrainingData.from_labelled(marked, locale="en-US")
    trained = train_parsers(data, tier="full", schedule=Schedule(steps=150)).neural
    for one in marked:
        parse = trained.parse(one.text)
        assert parse.frame.intent == one.frame.intent
        assert parse.confidence > 0.5
