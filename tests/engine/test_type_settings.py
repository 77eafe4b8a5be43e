"""Open and closed slot types, and those of patterns: from the document to the answer."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from nlu_engine.alexa import for_alexa
from nlu_engine.checks import checks
from nlu_engine.dialogue import Dialogue, FilledSlot
from nlu_engine.expansion import expand
from nlu_engine.frames import Frame, Parse, RankedIntent, SlotSpan
from nlu_engine.interaction_model import InteractionModel, SlotType
from nlu_engine.listed import ListedValues
from nlu_engine.parsers import Recognition, SkillParser
from nlu_engine.resolution import MATCH, NO_MATCH, Resolver
from nlu_engine.training_data import TrainingData, resolver_of
from nlu_engine.type_settings import TypeSettings, settings_in, with_settings
from nlu_engine.utterances import tokenize

ORDER = r"[A-Z]{2}\d{4}"


def typed(tiny_document: dict[str, Any], **settings: Any) -> InteractionModel:
    """Return the tiny skill with these settings of its slot type."""
    document = deepcopy(tiny_document)
    document["interactionModel"]["languageModel"]["types"][0]["skillbuilder"] = settings
    return InteractionModel.from_json(document)


def tracking() -> InteractionModel:
    """Return a skill of order numbers, which lists none."""
    document = {
        "languageModel": {
            "invocationName": "my orders",
            "intents": [
                {
                    "name": "Track",
                    "slots": [{"name": "number", "type": "OrderNumber"}],
                    "samples": ["where is {number}", "track {number} please"],
                },
                {"name": "Hours", "samples": ["when do you open"]},
            ],
            "types": [{"name": "OrderNumber", "skillbuilder": {"patterns": [ORDER]}}],
        }
    }
    return InteractionModel.from_json(document)


def test_settings_go_round_and_others_stay(tiny_document: dict[str, Any]) -> None:
    model = typed(tiny_document, closed=True, patterns=[ORDER], later=1)
    (slot_type,) = model.slot_types
    assert slot_type.settings == TypeSettings(True, (ORDER,))
    assert InteractionModel.from_json(model.to_json()) == model
    opened = with_settings(slot_type.extra, TypeSettings())
    assert opened["unknown"] == {"skillbuilder": {"later": 1}}
    assert with_settings({}, TypeSettings()) == {}
    both = with_settings({"shape": {"values": "null"}}, TypeSettings(True, ("a",)))
    assert settings_in(both) == TypeSettings(True, ("a",))
    assert both["shape"] == {"values": "null"}


@pytest.mark.parametrize(
    ("wrong", "code", "place"),
    [
        ({"closed": "yes"}, "wrong-type", ".closed"),
        ({"patterns": ORDER}, "wrong-type", ".patterns"),
        ({"patterns": [ORDER, 7]}, "wrong-type", ".patterns[1]"),
        ({"patterns": [ORDER, "[A-Z"]}, "bad-pattern", ".patterns[1]"),
        ({"patterns": ["a"] * 21}, "too-many-patterns", ".patterns"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(
    tiny_document: dict[str, Any], wrong: dict[str, Any], code: str, place: str
) -> None:
    (problem,) = typed(tiny_document, **wrong).errors()
    assert problem.code == code
    assert problem.path == f"$.interactionModel.languageModel.types[0].skillbuilder{place}"
    assert problem.fix


def test_settings_that_are_no_object_or_not_known(tiny_document: dict[str, Any]) -> None:
    model = typed(tiny_document, opened=True)
    assert not model.errors()
    assert "unknown-setting" in {problem.code for problem in model.problems()}
    document = deepcopy(tiny_document)
    document["interactionModel"]["languageModel"]["types"][0]["skillbuilder"] = ["closed"]
    model = InteractionModel.from_json(document)
    assert [problem.code for problem in model.errors()] == ["wrong-type"]
    assert model.slot_types[0].settings == TypeSettings()


def test_a_closed_type_that_knows_nothing_is_warned_of() -> None:
    def codes(settings: TypeSettings) -> set[str]:
        slot_type = SlotType("OrderNumber", (), with_settings({}, settings))
        model = replace(tracking(), slot_types=(slot_type,))
        return {one.code for one in model.problems() if one.path.endswith(".values")}

    assert codes(TypeSettings(True)) == {"closed-without-values"}
    assert codes(TypeSettings()) == {"no-values"}
    assert codes(TypeSettings(True, (ORDER,))) == set()


def test_closed_is_by_slot_name_and_only_if_all_its_types_are(
    tiny_document: dict[str, Any],
) -> None:
    model = typed(tiny_document, closed=True)
    assert resolver_of(model, "en-US").closed == {"size"}
    first, hours, *rest = model.intents
    other = replace(first.slots[0], type="AMAZON.Color")
    mixed = replace(model, intents=(first, replace(hours, slots=(other,)), *rest))
    assert resolver_of(mixed, "en-US").closed == frozenset()


def test_what_a_closed_type_does_not_know_fills_no_slot(tiny_document: dict[str, Any]) -> None:
    class Finds:
        def recognize(self, utterances: Any) -> list[Recognition]:
            tags = [("O", "O", "B-size", "O") for _ in utterances]
            ranked = (RankedIntent("OrderPizza", 0.9), RankedIntent("OpeningHours", 0.1))
            return [Recognition(ranked, one, (0.8,)) for one in tags]

    def parsed(model: InteractionModel, utterance: str) -> Parse:
        return SkillParser(Finds(), exact={}, resolver=resolver_of(model, "en-US")).parse(utterance)

    opened, closed = typed(tiny_document), typed(tiny_document, closed=True)
    for model in (opened, closed):
        [slot] = parsed(model, "order a BIG pizza").frame.slots
        assert (slot.value, slot.id, slot.status) == ("large", "L", MATCH)
    [slot] = parsed(opened, "order a gigantic pizza").frame.slots
    assert (slot.value, slot.status) == ("gigantic", NO_MATCH)
    refused = parsed(closed, "order a gigantic pizza")
    assert refused.frame == Frame("OrderPizza")
    assert refused.refused == (SlotSpan("size", 8, 16, "gigantic", "gigantic"),)
    told = refused.to_dict()
    assert told["slots"] == []
    assert told["refused"][0]["status"] == NO_MATCH
    assert told["refused"][0]["confidence"] == 0.8


def test_a_pattern_resolves_and_says_whether_it_matched() -> None:
    resolver = resolver_of(tracking(), "en-US")
    for said in ("AB1234", "ab 1234", "a b one two three four"):
        found = resolver.resolve("number", said)
        assert (found.value, found.status, found.is_accepted) == ("AB1234", MATCH, True)
    other = resolver.resolve("number", "seven")
    assert (other.value, other.status, other.is_accepted) == ("seven", NO_MATCH, True)
    again = Resolver.from_dict(resolver.to_dict())
    assert again == resolver
    old = {key: value for key, value in resolver.to_dict().items() if key in ("slot_values",)}
    assert Resolver.from_dict({**old, "slot_types": {}, "locale": "en-US"}).patterns == {}


def test_samples_are_filled_with_examples_that_fit() -> None:
    filled = [u.frame.slots[0] for u in expand(tracking(), locale="en-US") if u.frame.slots]
    resolver = resolver_of(tracking(), "en-US")
    assert len({span.value for span in filled}) >= 20
    assert all(resolver.resolve("number", span.text).value == span.value for span in filled)
    # As the pattern has it, in small letters, and with a space: "AB1234", "ab1234", "ab 1234".
    shapes = {(span.text.isupper(), " " in span.text) for span in filled}
    assert shapes == {(True, False), (False, False), (False, True)}
    assert expand(tracking(), locale="en-US") == expand(tracking(), locale="en-US")
    assert expand(tracking(), locale="en-US", seed=1) != expand(tracking(), locale="en-US")


def test_what_fits_a_pattern_counts_as_listed() -> None:
    data = TrainingData.from_interaction_model(tracking(), locale="en-US")
    assert data.patterns == {"number": (ORDER,)}
    listed = ListedValues(data.slot_values, data.patterns)
    assert listed.slots == ("number",)
    told = listed(tokenize("is xy 9876 or AB-1234 or ab1234 there"))
    assert told[:, 0].tolist() == [0, 1, 0, 0, 0, 0, 1, 0]
    assert told[:, 1].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    matches = list(listed.matches(tokenize("so ab 1234!")))
    assert matches == [(1, 3, "number", "ab 1234")]


def test_a_document_for_alexa_has_nothing_of_ours(tiny_document: dict[str, Any]) -> None:
    assert for_alexa(typed(tiny_document, closed=True)).to_json() == tiny_document
    alexa = for_alexa(tracking())
    (slot_type,) = alexa.slot_types
    assert "skillbuilder" not in str(alexa.to_json())
    assert len(slot_type.values) == 20
    resolver = resolver_of(tracking(), "en-US")
    assert all(resolver.resolve("number", one.value).status == MATCH for one in slot_type.values)
    plain = InteractionModel.from_json(tiny_document)
    assert for_alexa(plain) == plain


def test_a_sample_that_a_closed_type_does_not_know_is_told(tiny_document: dict[str, Any]) -> None:
    samples = tiny_document["interactionModel"]["languageModel"]["intents"][0]["samples"]
    samples += ["a {gigantic|size} one", "a {big|size} one"]
    found = list(checks(typed(tiny_document, closed=True), "en-US"))
    (check,) = [one for one in found if one.code == "unknown-to-closed-type"]
    assert check.value == "a {gigantic|size} one"
    codes = {one.code for one in checks(typed(tiny_document), "en-US")}
    assert "unknown-to-closed-type" not in codes


def test_a_dialogue_asks_again_for_a_closed_slot(dialog_document: dict[str, Any]) -> None:
    document = deepcopy(dialog_document)
    inner = document["interactionModel"]
    inner["dialog"]["intents"][0]["slots"][0]["validations"] = []
    order = inner["languageModel"]["intents"][0]
    order["slots"][0]["samples"] = ["a {size} one"]
    inner["languageModel"]["types"][0]["skillbuilder"] = {"closed": True}
    dialogue = Dialogue(InteractionModel.from_json(document), "en-US")
    refused = (SlotSpan("size", 8, 16, "gigantic", "gigantic", status=NO_MATCH),)
    begun = Parse("order a gigantic pizza", Frame("OrderPizza"), 0.99, refused=refused)
    turn = dialogue.turn(None, begun.utterance, begun, None)
    assert turn.prompt == "How big?"
    assert turn.state.slots == ()
    assert "'gigantic' is no value of Size, which is closed" in turn.notes[0]
    nothing = Parse("", Frame("OpeningHours"), 0.4)
    for answer in ("gigantic", "a gigantic one"):
        again = dialogue.turn(turn.state, answer, nothing, None)
        assert (again.prompt, again.state.slots) == ("How big?", ())
        assert "which is closed" in again.notes[-1]
    for answer in ("huge", "a huge one"):
        known = dialogue.turn(turn.state, answer, nothing, None)
        assert known.state.slots == (FilledSlot("size", "huge", "large", "L", MATCH),)
        assert known.prompt == "A huge pizza?"


def extending(name: str, **settings: Any) -> InteractionModel:
    """Return a skill whose slot type extends a built-in one by one value."""
    values = [{"id": "P", "name": {"value": "periwinkle", "synonyms": ["pale violet"]}}]
    document = tracking().to_json()
    language_model = document["languageModel"]
    language_model["intents"][0]["slots"][0]["type"] = name
    language_model["types"] = [{"name": name, "values": values, "skillbuilder": settings}]
    return InteractionModel.from_json(document)


def test_an_extended_type_knows_its_own_values_and_the_built_in_ones() -> None:
    model = extending("AMAZON.Color")
    assert not model.errors()
    resolver = resolver_of(model, "en-US")
    own = resolver.resolve("number", "a pale violet")
    assert (own.value, own.id, own.status) == ("periwinkle", "P", MATCH)
    assert resolver.resolve("number", "Red").status == MATCH
    assert resolver.resolve("number", "gigantic").status == NO_MATCH
    said = {span.text for u in expand(model, locale="en-US") for span in u.frame.slots}
    assert {"periwinkle", "pale violet", "red"} <= said
    # A document for Alexa keeps the extension as it is.
    assert for_alexa(model).slot_types[0].to_json()["values"] == [
        {"id": "P", "name": {"value": "periwinkle", "synonyms": ["pale violet"]}}
    ]


def test_a_closed_extension_accepts_what_the_built_in_type_knows() -> None:
    resolver = resolver_of(extending("AMAZON.Color", closed=True), "en-US")
    for said, accepted in (("periwinkle", True), ("red", True), ("gigantic", False)):
        assert resolver.resolve("number", said).is_accepted is accepted


def test_numbers_and_dates_are_not_to_be_extended() -> None:
    for name in ("AMAZON.NUMBER", "AMAZON.DATE", "AMAZON.SearchQuery"):
        codes = {problem.code: problem.severity for problem in extending(name).problems()}
        assert codes["not-extensible"] == "warning"
    assert "not-extensible" not in {p.code for p in extending("AMAZON.City").problems()}
