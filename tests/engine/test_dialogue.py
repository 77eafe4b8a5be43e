"""Dialogues: required slots elicited, validated and confirmed until the intent is fulfilled."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skillbuilder.authoring
from nlu_engine.dialog_model import VALIDATIONS
from nlu_engine.dialogue import (
    ASKING,
    DENIED,
    FULFILLED,
    LEFT,
    Dialogue,
    FilledSlot,
    State,
    Turn,
    passes,
    read_state,
)
from nlu_engine.errors import InvalidDialogueState
from nlu_engine.frames import Frame, Parse, SlotSpan
from nlu_engine.interaction_model import InteractionModel, read_document
from nlu_engine.training_data import resolver_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FOLDER = Path(skillbuilder.authoring.__file__).parent / "sample_skills"


def sample_model() -> InteractionModel:
    return InteractionModel.from_json(read_document((FOLDER / "pizza_ordering.json").read_bytes()))


def booking(**dialog: Any) -> InteractionModel:
    """Return a skill that books a table, its dialog model changed by ``dialog``."""
    slots = [
        {"name": "guests", "type": "AMAZON.NUMBER", "samples": ["for {guests} people"]},
        {"name": "day", "type": "AMAZON.DATE"},
        {"name": "what", "type": "AMAZON.SearchQuery", "samples": ["something with {what}"]},
    ]
    rules = [
        {
            "name": "guests",
            "elicitationRequired": True,
            "confirmationRequired": True,
            "prompts": {"elicitation": "E.guests", "confirmation": "C.guests"},
            "validations": [{"type": "isLessThan", "prompt": "V.guests", "value": "9"}],
        },
        {
            "name": "day",
            "elicitationRequired": True,
            "validations": [
                {"type": "isInDuration", "prompt": "V.day", "start": "PT0S", "end": "P2W"}
            ],
        },
    ]
    intent = {"name": "Book", "slots": rules, **dialog}
    texts = {
        "E.guests": "<speak>For <b>how</b> many?</speak>",
        "C.guests": "{guests}, right?",
        "V.guests": "Eight at most.",
        "V.day": "Within two weeks, please.",
    }
    prompts = [
        {"id": id_, "variations": [{"type": "SSML", "value": text}]} for id_, text in texts.items()
    ]
    language_model = {
        "invocationName": "table",
        "intents": [
            {"name": "Book", "slots": slots, "samples": ["book a table"]},
            {"name": "Hours", "samples": ["when do you open"]},
        ],
        "types": [],
    }
    return InteractionModel.from_json(
        {
            "interactionModel": {
                "languageModel": language_model,
                "dialog": {"intents": [intent]},
                "prompts": prompts,
            }
        }
    )


class Talk:
    """A dialogue whose state goes through JSON at every turn, as over REST."""

    def __init__(self, model: InteractionModel, locale: str = "en-US") -> None:
        self.model, self.locale = model, locale
        self.state: State | None = None

    def say(self, text: str, intent: str = "?", sure: float = 0.3, **slots: str) -> Turn:
        resolver = resolver_of(self.model, self.locale)
        spans = []
        for name, said in slots.items():
            found = resolver.resolve(name, said, NOW)
            start = text.index(said)
            place = (name, start, start + len(said), said)
            values = resolver.resolve_each(name, said, NOW)
            spans.append(SlotSpan(*place, found.value, 1.0, found.id, found.status, values))
        parse = Parse(text, Frame(intent, tuple(spans)), sure)
        turn = Dialogue(self.model, self.locale).turn(self.state, text, parse, NOW)
        written = json.dumps(turn.to_dict())
        self.state = State.from_dict(json.loads(written)["state"])
        assert self.state == turn.state
        return turn


def test_a_pizza_is_ordered_from_the_first_word_to_the_last() -> None:
    talk = Talk(sample_model())
    turn = talk.say("i want a pizza", "OrderPizzaIntent", 0.9)
    assert (turn.outcome, turn.prompt) == (ASKING, "What size would you like?")
    assert turn.to_dict()["dialogAct"] == {"type": "Dialog.ElicitSlot", "targetSlot": "size"}

    turn = talk.say("enormous")
    assert turn.violated == "hasEntityResolutionMatch"
    assert turn.prompt.startswith("We bake small")

    turn = talk.say("make it jumbo")
    size = turn.state.slot("size")
    assert size == FilledSlot("size", "jumbo", "extra large", "EXTRA_LARGE", "ER_SUCCESS_MATCH")
    assert turn.to_dict()["dialogAct"]["targetSlot"] == "topping"

    turn = talk.say("with mushrooms")
    assert turn.prompt == "A jumbo pizza with mushrooms. Shall I send the order?"
    assert turn.to_dict()["dialogAct"] == {"type": "Dialog.ConfirmIntent", "targetSlot": ""}
    assert talk.say("well").prompt == turn.prompt

    turn = talk.say("yes please")
    assert (turn.outcome, turn.state.confirmationStatus) == (FULFILLED, "CONFIRMED")
    assert turn.state.asked is None


def test_all_slots_in_one_go_leave_only_the_confirmation_and_no_denies_it() -> None:
    talk = Talk(sample_model())
    said = "a large pizza with ham"
    turn = talk.say(said, "OrderPizzaIntent", 0.9, size="large", topping="ham")
    assert turn.prompt.startswith("A large pizza with ham.")
    turn = talk.say("no, extra large", "OrderPizzaIntent", 0.9, size="extra large")
    assert turn.prompt.startswith("A extra large pizza with ham.")
    assert talk.say("no").outcome == DENIED


def test_slots_are_validated_and_confirmed_and_asked_anew_when_denied() -> None:
    talk = Talk(booking())
    assert talk.say("book a table", "Book", 0.9).prompt == "For how many?"
    assert talk.say("pizza").prompt == "For how many?"
    turn = talk.say("for twelve people")
    assert (turn.prompt, turn.violated) == ("Eight at most.", "isLessThan")
    assert turn.state.slot("guests") is None
    assert talk.say("four").prompt == "four, right?"
    assert talk.say("no").prompt == "For how many?"
    assert talk.say("for five people").prompt == "five, right?"
    turn = talk.say("yes")
    assert turn.state.slots[0].confirmationStatus == "CONFIRMED"
    # The dialog model names no prompt for the day.
    assert turn.prompt == "What is day?"
    assert "made up" in turn.notes[0]
    assert talk.say("next year").prompt == "Within two weeks, please."
    turn = talk.say("on friday")
    assert turn.outcome == FULFILLED
    day = turn.state.slot("day")
    assert day and (day.text, day.value) == ("friday", "2026-11-27")


@pytest.mark.parametrize("word", ["stop", "Cancel!"])
def test_one_can_leave_at_any_time(word: str) -> None:
    talk = Talk(booking())
    talk.say("book a table", "Book", 0.9)
    assert talk.say(word).outcome == LEFT


def test_another_intent_takes_over_where_the_answer_is_none() -> None:
    talk = Talk(booking())
    talk.say("book a table", "Book", 0.9)
    assert talk.say("open", "Hours", 0.95).outcome == ASKING
    turn = talk.say("when do you open", "Hours", 0.95)
    assert (turn.outcome, turn.state.intent) == (FULFILLED, "Hours")


def test_an_answer_may_come_in_a_whole_sentence() -> None:
    talk = Talk(booking())
    talk.say("book a table", "Book", 0.9)
    turn = talk.say("a table for six on friday", "Book", 0.9, guests="six", day="friday")
    assert turn.prompt == "six, right?"
    assert talk.say("sure").outcome == FULFILLED


def test_without_a_dialog_model_an_intent_is_fulfilled_at_once() -> None:
    talk = Talk(booking())
    assert talk.say("when do you open", "Hours", 0.9).outcome == FULFILLED
    assert talk.say("help", "AMAZON.HelpIntent", 1.0).outcome == FULFILLED


def test_a_skill_that_asks_by_itself_is_said_so() -> None:
    model = booking(delegationStrategy="SKILL_RESPONSE", slots=[])
    turn = Talk(model).say("book a table", "Book", 0.9)
    assert "SKILL_RESPONSE" in turn.notes[0]


def with_toppings(*, is_closed: bool, **rules: Any) -> InteractionModel:
    """Return a skill whose required slot takes several toppings, asked for by ``rules``."""
    toppings = [{"id": "CHE", "name": {"value": "cheese", "synonyms": ["mozzarella"]}}]
    toppings += [{"id": name.upper(), "name": {"value": name}} for name in ("ham", "tuna")]
    own = {"skillbuilder": {"closed": True}} if is_closed else {}
    slot = {"name": "topping", "type": "Topping", "samples": ["with {topping}"]}
    texts = {"E": "With what?", "C": "With {topping}?", "V": "No {topping}, please."}
    asked = {"name": "topping", "elicitationRequired": True, "prompts": {"elicitation": "E"}}
    return InteractionModel.from_json(
        {
            "interactionModel": {
                "languageModel": {
                    "invocationName": "pizza",
                    "intents": [
                        {
                            "name": "Order",
                            "slots": [slot | {"multipleValues": {"enabled": True}}],
                            "samples": ["order a pizza"],
                        }
                    ],
                    "types": [{"name": "Topping", "values": toppings, **own}],
                },
                "dialog": {"intents": [{"name": "Order", "slots": [asked | rules]}]},
                "prompts": [
                    {"id": id_, "variations": [{"type": "PlainText", "value": text}]}
                    for id_, text in texts.items()
                ],
            }
        }
    )


CONFIRMED = {"confirmationRequired": True, "prompts": {"elicitation": "E", "confirmation": "C"}}


def test_each_of_several_values_is_kept_and_named_until_the_end() -> None:
    talk = Talk(with_toppings(is_closed=False, **CONFIRMED))
    assert talk.say("order a pizza", "Order", 0.9).prompt == "With what?"
    turn = talk.say("with mozzarella, ham and moonlight")
    assert turn.prompt == "With mozzarella, ham and moonlight?"
    [topping] = turn.state.slots
    assert [(one.value, one.id) for one in topping.values] == [
        ("cheese", "CHE"),
        ("ham", "HAM"),
        ("moonlight", None),
    ]
    assert (topping.value, topping.status) == ("cheese, ham, moonlight", "ER_SUCCESS_NO_MATCH")
    turn = talk.say("yes")
    assert turn.outcome == FULFILLED
    assert [one.value for one in turn.state.slots[0].values] == ["cheese", "ham", "moonlight"]
    # Said at once, as the parse has them; one value of such a slot is a value like any other.
    talk = Talk(with_toppings(is_closed=False))
    turn = talk.say("a pizza with ham and tuna", "Order", 0.9, topping="ham and tuna")
    assert [one.id for one in turn.state.slots[0].values] == ["HAM", "TUNA"]
    [topping] = (
        Talk(with_toppings(is_closed=False)).say("ham", "Order", 0.9, topping="ham").state.slots
    )
    assert (topping.value, topping.id, len(topping.values)) == ("ham", "HAM", 1)


@pytest.mark.parametrize(
    ("rule", "said", "passing"),
    [
        ({"type": "isNotInSet", "values": ["tuna"]}, "ham and tuna", "ham and cheese"),
        ({"type": "isInSet", "values": ["ham", "cheese"]}, "ham and tuna", "mozzarella and ham"),
        ({"type": "hasEntityResolutionMatch"}, "ham and moonlight", "ham and tuna"),
    ],
)
def test_each_of_several_values_has_to_pass(rule: Any, said: str, passing: str) -> None:
    talk = Talk(with_toppings(is_closed=False, validations=[rule | {"prompt": "V"}]))
    talk.say("order a pizza", "Order", 0.9)
    turn = talk.say(said)
    assert (turn.violated, turn.prompt) == (rule["type"], f"No {said}, please.")
    assert turn.state.slots == ()
    assert talk.say(passing).outcome == FULFILLED


def test_of_several_values_a_closed_type_takes_those_that_it_knows() -> None:
    talk = Talk(with_toppings(is_closed=True, **CONFIRMED))
    talk.say("order a pizza", "Order", 0.9)
    assert talk.say("moonlight and dust").prompt == "With what?"
    turn = talk.say("mozzarella, moonlight and ham")
    assert turn.prompt == "With mozzarella and ham?"
    assert turn.notes == (
        "'moonlight' is no value of Topping, which is closed, so it does not count.",
    )
    assert talk.say("yes").notes == ()


def test_german_yes_and_no() -> None:
    talk = Talk(booking(), "de-DE")
    talk.say("einen tisch", "Book", 0.9)
    talk.say("vier")
    turn = talk.say("ja")
    assert turn.state.slots[0].confirmationStatus == "CONFIRMED"
    day = talk.say("übermorgen").state.slot("day")
    assert day and day.value == "2026-11-26"


@pytest.mark.parametrize("dialog", [None, [], {"intents": {}}, {"intents": [1, {"slots": "x"}]}])
def test_a_dialog_of_another_shape_is_no_crash(dialog: Any) -> None:
    document = booking().to_json()
    document["interactionModel"]["dialog"] = dialog
    document["interactionModel"]["prompts"] = [{"id": 1, "variations": [{"value": None}]}, 2]
    model = InteractionModel.from_json(document)
    assert Talk(model).say("book a table", "Book", 0.9).outcome == FULFILLED


# --- Validations --------------------------------------------------------------------------

CASES = [
    ({"type": "hasEntityResolutionMatch"}, "large", True),
    ({"type": "isInSet", "values": ["L", "XL"]}, "large", True),
    ({"type": "isInSet", "values": ["Big"]}, "large", True),
    ({"type": "isInSet", "values": ["small"]}, "large", False),
    ({"type": "isInSet", "values": "large"}, "large", False),
    ({"type": "isNotInSet", "values": ["large"]}, "large", False),
    ({"type": "isNotInSet", "values": ["small"]}, "large", True),
    ({"type": "isGreaterThan", "value": "3"}, "4", True),
    ({"type": "isGreaterThan", "value": "4"}, "4", False),
    ({"type": "isGreaterThan", "value": "5"}, "10", True),
    ({"type": "isGreaterThanOrEqualTo", "value": 4}, "4", True),
    ({"type": "isLessThan", "value": "4"}, "3.5", True),
    ({"type": "isLessThan", "value": "4"}, "many", False),
    ({"type": "isLessThan", "value": None}, "4", False),
    ({"type": "isLessThan", "value": "NaN"}, "4", False),
    ({"type": "isLessThanOrEqualTo", "value": "4"}, "5", False),
    ({"type": "isGreaterThan", "value": "2026-12-01"}, "2026-12-02", True),
    ({"type": "isInDuration", "start": "PT0S", "end": "P2W"}, "2026-11-24", True),
    ({"type": "isInDuration", "start": "PT0S", "end": "P2W"}, "2026-12-09", False),
    ({"type": "isInDuration", "start": "-P1Y2M", "end": "P0D"}, "2025-10-01", True),
    ({"type": "isInDuration", "start": "2026-12-01", "end": "2026-12-24"}, "2026-W50", True),
    ({"type": "isInDuration", "start": "08:00", "end": "20:00"}, "07:59", False),
    ({"type": "isInDuration", "start": "08:00", "end": "20:00"}, "20:00", True),
    ({"type": "isInDuration", "start": "P", "end": "P2W"}, "2026-11-24", False),
    ({"type": "isInDuration", "start": "-P9999Y", "end": "P2W"}, "2026-11-24", False),
    ({"type": "isInDuration", "start": "PT0S", "end": "P2W"}, "whenever", False),
    ({"type": "isNotInDuration", "start": "PT0S", "end": "P2W"}, "2026-12-09", True),
    ({"type": "isNotInDuration", "start": "PT0S", "end": "P2W"}, "whenever", False),
    ({"type": "isNobodyKnows"}, "large", True),
    ({}, "large", True),
]


@pytest.mark.parametrize(("validation", "value", "expected"), CASES)
def test_validations(validation: dict[str, Any], value: str, expected: bool) -> None:
    slot = FilledSlot("s", "big" if value == "large" else value, value, "L", "ER_SUCCESS_MATCH")
    assert passes(validation, slot, NOW) == expected


def test_all_nine_validations_are_tested_both_ways() -> None:
    tried = {case[0].get("type") for case in CASES}
    assert set(VALIDATIONS) <= tried
    assert len(VALIDATIONS) == 9
    unknown = FilledSlot("s", "huge", "huge", None, "ER_SUCCESS_NO_MATCH")
    assert not passes({"type": "hasEntityResolutionMatch"}, unknown, NOW)


# --- States -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"intent": 5},
        {"slots": []},
        {"slots": {"a": {"name": "b", "text": "", "value": ""}}},
        {"slots": {"a": {"name": "a", "text": "x", "value": "x", "what": 1}}},
        {"slots": {"a": {"name": "a", "text": "x", "value": "x", "confirmationStatus": "SO"}}},
        {"asked": {"type": "Dialog.Nothing", "targetSlot": ""}},
        {"asked": "size"},
        {"turns": -1},
        {"turns": True},
        {"confirmationStatus": None},
    ],
)
def test_a_state_of_no_dialogue_is_refused(changed: dict[str, Any]) -> None:
    sound = State("Book").to_dict()
    assert State.from_dict(sound) == State("Book")
    with pytest.raises(InvalidDialogueState):
        State.from_dict(sound | changed)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_any_json_is_a_state_or_refused(document: Any) -> None:
    with pytest.raises(InvalidDialogueState):
        State.from_dict(document)


def test_states_are_read_from_text() -> None:
    assert read_state("  ") is None
    assert read_state(json.dumps(State("Book").to_dict())) == State("Book")
    with pytest.raises(InvalidDialogueState):
        read_state("{")
