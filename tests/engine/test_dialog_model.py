"""The dialog model of a document: read, changed, and what is wrong with it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from nlu_engine.dialog_model import (
    VALIDATIONS,
    IntentDialog,
    SlotDialog,
    Validation,
    intent_dialog,
    slot_dialog,
    with_intent_dialog,
    with_renamed_mentions,
    with_slot_dialog,
    without_intent,
    without_slot,
)
from nlu_engine.interaction_model import InteractionModel

SLOTS = [("day", "AMAZON.DATE"), ("size", "Size")]
NINE = (
    Validation("hasEntityResolutionMatch", ("Which one?",)),
    Validation("isInSet", ("Small or large?",), ("small", "large")),
    Validation("isNotInSet", ("Not that.",), ("tiny",)),
    Validation("isGreaterThan", ("Later.",), (), "P1D"),
    Validation("isGreaterThanOrEqualTo", ("Later.",), (), "2030-01-01"),
    Validation("isLessThan", ("Sooner.",), (), "10"),
    Validation("isLessThanOrEqualTo", ("Sooner.",), (), "10"),
    Validation("isInDuration", ("This week.",), (), "", "P0D", "P7D"),
    Validation("isNotInDuration", ("Not now.",), (), "", "P0D", "P1D"),
)
FULL = SlotDialog(True, True, ("What size?", "<speak>Size?</speak>"), ("A {size} one?",), NINE)


def document(**more: Any) -> dict[str, Any]:
    intents = [
        {
            "name": "Order",
            "slots": [{"name": name, "type": type_name} for name, type_name in SLOTS],
            "samples": ["order for {day}", "order a {size} one"],
        },
        {"name": "Stop", "samples": ["stop it"]},
    ]
    types = [{"name": "Size", "values": [{"name": {"value": "small"}}]}]
    language_model = {"invocationName": "my shop", "intents": intents, "types": types}
    return {"interactionModel": {"languageModel": language_model, **more}}


def imported() -> dict[str, Any]:
    slot = {
        "name": "size",
        "type": "Size",
        "note": 1,
        "elicitationRequired": True,
        "prompts": {"elicitation": "E.1", "other": "O.1"},
        "validations": [{"type": "isInSet", "prompt": "V.1", "values": ["small", 2], "odd": True}],
    }
    prompts = [
        {"id": "E.1", "variations": [{"type": "SSML", "value": "<speak>\n What {size}?</speak>"}]},
        {"id": "V.1", "variations": [{"type": "PlainText", "value": "Small?"}], "x": None},
        {"id": "O.1", "variations": []},
        {"id": "Unused", "variations": []},
    ]
    dialog = {"intents": [{"name": "Order", "slots": [slot]}], "delegationStrategy": "ALWAYS"}
    return document(dialog=dialog, prompts=prompts)


def warnings(found: dict[str, Any]) -> list[tuple[str, str]]:
    model = InteractionModel.from_json(found)
    keep = [p for p in model.problems() if "dialog" in p.path]
    return [(p.code, p.path.rpartition("dialog.")[2]) for p in keep]


@pytest.mark.parametrize("layout", ["interactionModel", "languageModel", "flat"])
def test_a_dialog_is_made_where_there_was_none_and_goes_again(layout: str) -> None:
    extra = with_slot_dialog({}, layout, "Order", SLOTS, "size", FULL)
    assert slot_dialog(extra, "Order", "size") == FULL
    assert slot_dialog(extra, "Order", "day") == SlotDialog()
    ending = IntentDialog(True, ("Shall I?",), "ALWAYS")
    extra = with_intent_dialog(extra, layout, "Order", SLOTS, ending)
    assert intent_dialog(extra, "Order") == ending
    model = InteractionModel.from_json(document())
    inner = model.to_json()["interactionModel"]
    whole = {"interactionModel": inner, "languageModel": inner, "flat": inner["languageModel"]}
    made = InteractionModel("my shop", model.intents, model.slot_types, layout, extra).to_json()
    again = InteractionModel.from_json(made)
    assert again.to_json() == made
    assert slot_dialog(again.extra, "Order", "size") == FULL
    assert whole[layout].items() <= (made.get("interactionModel") or made).items()
    home = made.get("interactionModel") or made
    assert [slot["name"] for slot in home["dialog"]["intents"][0]["slots"]] == ["day", "size"]
    assert home["prompts"][0]["variations"][1]["type"] == "SSML"
    bare = with_slot_dialog(extra, layout, "Order", SLOTS, "size", SlotDialog())
    bare = with_intent_dialog(bare, layout, "Order", SLOTS, IntentDialog())
    assert slot_dialog(bare, "Order", "size") == SlotDialog()
    (place,) = bare.values()
    assert place["unknown"]["prompts"] == []


def test_what_is_not_edited_stays_as_it_came() -> None:
    model = InteractionModel.from_json(imported())
    before = deepcopy(model.extra)
    read = slot_dialog(model.extra, "Order", "size")
    assert read.elicitation == ("<speak> What {size}?</speak>",)
    same = with_slot_dialog(model.extra, model.layout, "Order", SLOTS, "size", read)
    assert same == before
    new = SlotDialog(False, True, read.elicitation, ("Sure?",), read.validations)
    extra = with_slot_dialog(model.extra, model.layout, "Order", SLOTS, "size", new)
    assert model.extra == before
    inner = extra["interactionModel"]["unknown"]
    (slot,) = inner["dialog"]["intents"][0]["slots"]
    was = imported()["interactionModel"]
    assert slot["note"] == 1
    assert slot["validations"] == was["dialog"]["intents"][0]["slots"][0]["validations"]
    assert slot["prompts"] == {
        "elicitation": "E.1",
        "other": "O.1",
        "confirmation": "Confirm.Slot.Order.size",
    }
    assert inner["prompts"][:4] == was["prompts"]
    assert slot["elicitationRequired"] is False


def test_a_prompt_that_two_use_is_not_changed_for_both() -> None:
    found = imported()
    slots = found["interactionModel"]["dialog"]["intents"][0]["slots"]
    slots.append(deepcopy(slots[0]) | {"name": "day", "type": "AMAZON.DATE", "validations": []})
    model = InteractionModel.from_json(found)
    new = SlotDialog(True, False, ("Which size?",))
    extra = with_slot_dialog(model.extra, model.layout, "Order", SLOTS, "size", new)
    assert slot_dialog(extra, "Order", "size") == new
    assert slot_dialog(extra, "Order", "day").elicitation == ("<speak> What {size}?</speak>",)


def test_what_is_removed_takes_its_prompts_along() -> None:
    extra = InteractionModel.from_json(imported()).extra
    for bare in (without_slot(extra, "Order", "size"), without_intent(extra, "Order")):
        prompts = bare["interactionModel"]["unknown"]["prompts"]
        assert [prompt["id"] for prompt in prompts] == ["Unused"]
    assert without_slot(extra, "Order", "day") is extra
    renamed = with_renamed_mentions(extra, "Order", "size", "extent")
    assert "{extent}" in slot_dialog(renamed, "Order", "size").elicitation[0]


def test_what_is_wrong_with_a_dialog_is_told() -> None:
    extra = with_slot_dialog({}, "interactionModel", "Order", SLOTS, "size", FULL)
    sound = document(**extra["interactionModel"]["unknown"])
    kinds = {type_: number for number, type_ in enumerate(VALIDATIONS)}
    cannot = [kinds[k] for k in VALIDATIONS if k.startswith(("isG", "isL", "isInD", "isNotInD"))]
    place = "intents[0].slots[1].validations[{}].type"
    assert warnings(sound) == [("validation-type", place.format(n)) for n in cannot]
    wrong = imported()
    wrong["interactionModel"]["prompts"] = []
    intents = wrong["interactionModel"]["dialog"]["intents"]
    intents[0]["slots"][0] |= {"type": "Other"}
    intents[0]["slots"][0]["validations"][0]["type"] = "isOdd"
    day = {"name": "day", "type": "AMAZON.DATE", "elicitationRequired": True}
    day["validations"] = [{"type": "hasEntityResolutionMatch"}]
    intents[0]["slots"] += [day, {"name": "gone"}]
    intents.append({"name": "Ordr"})
    assert warnings(wrong) == [
        ("dialog-slot-type", "intents[0].slots[0].type"),
        ("missing-prompt", "intents[0].slots[0].prompts.elicitation"),
        ("missing-prompt", "intents[0].slots[0].prompts.other"),
        ("unknown-validation", "intents[0].slots[0].validations[0].type"),
        ("no-elicitation-prompt", "intents[0].slots[1]"),
        ("missing-prompt", "intents[0].slots[1].validations[0].prompt"),
        ("validation-type", "intents[0].slots[1].validations[0].type"),
        ("unknown-dialog-slot", "intents[0].slots[2].name"),
        ("unknown-dialog-intent", "intents[1].name"),
    ]


@pytest.mark.parametrize(
    "odd", [None, 5, "x", [1, None], {"intents": 3}, {"intents": [{"slots": 7}]}]
)
def test_odd_dialogs_are_stored_and_break_nothing(odd: Any) -> None:
    model = InteractionModel.from_json(document(dialog=odd, prompts=odd))
    model.problems()
    for slot in ("day", "size"):
        extra = with_slot_dialog(model.extra, model.layout, "Order", SLOTS, slot, FULL)
        assert slot_dialog(extra, "Order", slot) == FULL
        assert without_slot(extra, "Order", slot) != extra
