"""Both parsers of a small skill: what they answer, and that numpy does what torch did."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from nlu_engine.embeddings import TIERS, Tier, load_embeddings
from nlu_engine.errors import InvalidUtterance, NotEnoughData, TrainingCancelled
from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.likeness import ARRAYS
from nlu_engine.listed import ListedValues
from nlu_engine.network import Network
from nlu_engine.neural import NeuralRecognizer, Trained
from nlu_engine.neural_training import Schedule, prepare, shape_for, train_neural
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.resolution import Resolver
from nlu_engine.scoring import Said, Scorer
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import tokenize


@pytest.fixture(params=["neural", "maxent_crf"])
def parser(request: pytest.FixtureRequest, fruit_pair: ParserPair) -> SkillParser:
    parser: SkillParser = getattr(fruit_pair, request.param)
    return parser


def test_a_taught_utterance_is_parsed(parser: SkillParser) -> None:
    parse = parser.parse("buy me an apple")
    assert parse.frame.intent == "BuyIntent"
    assert [(slot.name, slot.text) for slot in parse.frame.slots] == [("fruit", "apple")]
    assert 0.5 < parse.confidence <= 1


def test_alternatives_are_ranked_and_sum_to_one(parser: SkillParser) -> None:
    parse = parser.parse("is it raining")
    ranked = [parse.confidence, *(other.confidence for other in parse.alternatives)]
    assert ranked == sorted(ranked, reverse=True)
    assert sum(ranked) == pytest.approx(1, abs=1e-3)


def test_slots_resolve_to_their_values(parser: SkillParser) -> None:
    slots = parser.parse("i want to buy an red apple").frame.slots
    assert {slot.value for slot in slots} == {"apple"}


def test_spans_are_exact_in_the_utterance_as_given(parser: SkillParser) -> None:
    utterance = "  buy   me an  APPLE "
    slot = parser.parse(utterance).frame.slots[0]
    assert utterance[slot.start : slot.end] == slot.text == "APPLE"


def test_built_in_intents_match_exactly_and_only_exactly(parser: SkillParser) -> None:
    assert parser.parse("Help").frame.intent == "AMAZON.HelpIntent"
    assert parser.parse("help?").confidence == 1.0
    assert parser.parse("help yourself to a plum").frame.intent != "AMAZON.HelpIntent"


@pytest.mark.parametrize("utterance", ["🍕", "שלח לי תפוח", "?!", "apple " * 1600, "\u200bapple"])
def test_odd_utterances_are_parsed_too(parser: SkillParser, utterance: str) -> None:
    parse = parser.parse(utterance)
    assert parse.frame.intent in {"BuyIntent", "WeatherIntent"}
    assert all(utterance[slot.start : slot.end] == slot.text for slot in parse.frame.slots)


@pytest.mark.parametrize("utterance", ["", "   ", "\u200b", "x" * 10_001])
def test_what_is_no_utterance_is_refused(parser: SkillParser, utterance: str) -> None:
    with pytest.raises(InvalidUtterance):
        parser.parse(utterance)


def test_shared_embeddings_carry_over_what_the_baseline_cannot(fruit_pair: ParserPair) -> None:
    """Taught "buy me an apple", the DNN understands what it never saw a word of."""
    parsed = fruit_pair.parse("order an orange for me")
    frame = parsed.neural.frame
    assert frame.intent == "BuyIntent"
    assert [(slot.name, slot.text) for slot in frame.slots] == [("fruit", "orange")]
    assert parsed.maxent_crf.frame != frame
    assert not parsed.agree


@pytest.mark.parametrize("tier", TIERS)
def test_numpy_computes_what_torch_computes(fruit_data: TrainingData, tier: Tier) -> None:
    torch.manual_seed(0)
    tokens = tokenize(fruit_data.utterances[3].text)
    training_set = prepare(
        fruit_data.utterances,
        load_embeddings("en@2"),
        tier,
        covered=True,
        listed=ListedValues(
            {"said": {tokens[1].text: "second"}, "other": {tokens[-1].text: "last"}}
        ),
    )
    network = Network(shape_for(training_set)).eval()
    # Encoded by itself, as when parsing: what else is in a batch moves a vector a little.
    [(context, sentence)] = training_set.extract.in_context([tokens])
    alone = (torch.from_numpy(values).half() for values in (context, sentence))
    training_set.examples[3] = replace(
        training_set.examples[3], context=next(alone), sentence=next(alone)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
        intents, tags = network(training_set.batch([3]))
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    trained = Trained(weights, np.ones((intents.shape[1], tags.shape[2]), dtype=bool))
    recognizer = NeuralRecognizer(lambda: trained, training_set.vocabulary, training_set.extract)
    [found_intents], [found_tags] = recognizer.scores([tokens])
    half = 2e-3 if tier == "full" else 2e-5  # a training set keeps contexts in half precision
    np.testing.assert_allclose(found_intents, intents[0].numpy(), atol=half)
    np.testing.assert_allclose(found_tags, tags[0].numpy(), atol=half)


def test_the_full_tier_answers_with_the_mean_of_both_tiers_networks(
    fruit_data: TrainingData,
) -> None:
    embeddings, schedule = load_embeddings("en@2"), Schedule(steps=30)
    both, quick = (
        train_neural(fruit_data, embeddings, tier, schedule=schedule) for tier in ("full", "quick")
    )
    trained = both.trained()
    own, static = (
        NeuralRecognizer(partial(Trained, packed, trained.allowed), both.vocabulary, extract)
        for packed, extract in zip(
            trained.networks(), (both.extract, both.extract.without_context()), strict=True
        )
    )
    networks = {name: array for name, array in trained.packed.items() if name not in ARRAYS}
    mean_of_both = NeuralRecognizer(
        partial(Trained, networks, trained.allowed), both.vocabulary, both.extract
    )
    said = [tokenize(text) for text in ("order two ripe bananas", "weather in rome")]
    (intents, tags), (of_own, own_tags), (of_static, static_tags) = (
        one.scores(said) for one in (mean_of_both, own, static)
    )
    np.testing.assert_allclose(intents, (of_own + of_static) / 2, rtol=1e-5)
    for mean, *parts in zip(tags, own_tags, static_tags, strict=True):
        np.testing.assert_allclose(mean, sum(parts) / 2, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(of_static, quick.scores(said)[0], atol=1e-5)
    assert np.abs(of_own - of_static).max() > 0.1


@pytest.mark.parametrize("tier", TIERS)
def test_a_batch_is_parsed_as_its_utterances_are(fruit_data: TrainingData, tier: Tier) -> None:
    embeddings, schedule = load_embeddings("en@2"), Schedule(steps=30)
    recognizer = train_neural(fruit_data, embeddings, tier, schedule=schedule)
    parser = SkillParser(
        recognizer, exact={"stop": "AMAZON.StopIntent"}, resolver=Resolver({}, {}, "en-US")
    )
    texts = ["buy me a very ripe pear please", "stop", "weather", "buy an apple", "weather"]
    # More different words than are kept, and words that were kept.
    texts += [f"order {number} grapes from shop{number}" for number in range(150)] + texts[:1]
    for one, expected in zip(parser.parse_many(texts), map(parser.parse, texts), strict=True):
        assert one.frame == expected.frame
        assert one.utterance == expected.utterance
        assert one.confidence == pytest.approx(expected.confidence, abs=1e-4)


def test_a_parse_does_not_depend_on_those_before(fruit_pair: ParserPair) -> None:
    texts = ["buy two plums", "will it rain", "order an orange for me", "some quinces and plums"]
    neural = fruit_pair.neural.recognizer
    assert isinstance(neural, NeuralRecognizer)

    def scores(order: list[str]) -> dict[str, list[float]]:
        # The last one is the one that keeps words.
        weights, extract = neural.trained().networks()[-1], neural.extract.without_context()
        scorer = Scorer(weights, extract)
        said = {text: Said([tokenize(text)], extract) for text in order}
        return {text: scorer(said[text])[0][0].tolist() for text in order}

    assert scores(texts) == scores(texts[::-1])


def test_one_bad_utterance_refuses_the_batch(parser: SkillParser) -> None:
    with pytest.raises(InvalidUtterance):
        parser.parse_many(["buy an apple", " "])
    assert parser.parse_many([]) == []


@pytest.mark.parametrize("tier", TIERS)
def test_padding_changes_no_score(fruit_data: TrainingData, tier: Tier) -> None:
    training_set = prepare(fruit_data.utterances, load_embeddings("en@2"), tier, covered=True)
    network = Network(shape_for(training_set)).eval()
    lengths = [len(example.tags) for example in training_set.examples]
    short, long = int(np.argmin(lengths)), int(np.argmax(lengths))
    assert lengths[short] < lengths[long]
    with torch.no_grad():
        alone, _ = network(training_set.batch([short]))
        padded, _ = network(training_set.batch([short, long]))
    torch.testing.assert_close(alone[0], padded[0], atol=1e-5, rtol=1e-5)


def test_the_same_seed_gives_the_same_weights(fruit_data: TrainingData) -> None:
    embeddings, schedule = load_embeddings("en@2"), Schedule(steps=12)
    one, same, other = (
        train_neural(fruit_data, embeddings, "full", seed=seed, schedule=schedule)
        for seed in (4, 4, 5)
    )
    name = "tag_hidden.weight.rows"
    first, again, others = (recognizer.trained().packed for recognizer in (one, same, other))
    assert all((first[name] == again[name]).all() for name in first)
    assert (first[name] != others[name]).any()


def test_one_intent_and_no_slots_are_enough() -> None:
    utterances = [AnnotatedUtterance(text, Frame("Only")) for text in ("hello", "good morning")]
    pair = train_parsers(TrainingData.from_labelled(utterances, locale="en-US"))
    parsed = pair.parse("good evening")
    assert parsed.agree
    assert parsed.neural.frame == Frame("Only")
    assert parsed.maxent_crf.confidence == pytest.approx(1)


def test_literal_annotated_utterances_train_as_well() -> None:
    texts = ["play {jazz}", "play some {blues}", "i want to hear {rock}", "put on {soul} music"]
    utterances = []
    for template in texts:
        start, end = template.index("{"), template.index("}") - 1
        text = template.replace("{", "").replace("}", "")
        span = SlotSpan("genre", start, end, text[start:end])
        utterances.append(AnnotatedUtterance(text, Frame("Play", (span,))))
    utterances += [AnnotatedUtterance(text, Frame("Stop")) for text in ("be quiet", "no more")]
    pair = train_parsers(TrainingData.from_labelled(utterances, locale="en-US"))
    frame = pair.parse("play some reggae").neural.frame
    assert (frame.intent, [slot.text for slot in frame.slots]) == ("Play", ["reggae"])


def test_every_slot_has_a_confidence(parser: SkillParser) -> None:
    sure = parser.parse("buy me an apple").frame.slots[0]
    assert sure.confidence is not None and 0.5 < sure.confidence <= 1
    assert sure.to_dict()["confidence"] == round(sure.confidence, 6)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="no utterance"):
        train_parsers(TrainingData.from_labelled([], locale="en-US"))


@pytest.mark.parametrize(("step", "after", "before"), [("embed", -1, 0.05), ("train", 0.2, 0.4)])
def test_training_stops_when_its_caller_says_so(
    fruit_data: TrainingData, step: str, after: float, before: float
) -> None:
    seen: list[tuple[str, float]] = []

    def stop(now: str, fraction: float) -> None:
        seen.append((now, fraction))
        if now == step and fraction > after:
            raise TrainingCancelled("enough")

    with pytest.raises(TrainingCancelled):
        train_parsers(fruit_data, on_progress=stop)
    assert seen[0] == ("embed", 0.0)
    assert seen[-1][0] == step
    assert max(fraction for _, fraction in seen) < before


@pytest.mark.parametrize(
    ("locale", "texts", "said"),
    [
        ("de-DE", ("mach das licht an", "mach das licht aus"), "licht aus"),
        ("ar-SA", ("شغل النور", "أطفئ النور"), "أطفئ النور الآن"),
    ],
)
def test_other_locales_train_and_one_without_embeddings_is_told_so(
    locale: str, texts: tuple[str, str], said: str
) -> None:
    utterances = [
        AnnotatedUtterance(text, Frame(intent))
        for text, intent in zip(texts, ("On", "Off"), strict=True)
    ]
    pair = train_parsers(TrainingData.from_labelled(utterances, locale=locale))
    assert [locale in note for note in pair.manifest["notes"]] == [True] * (locale == "ar-SA")
    assert pair.parse(said).neural.frame.intent == "Off"
