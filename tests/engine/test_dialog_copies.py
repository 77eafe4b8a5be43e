"""A copied intent takes its dialog along, and prompts never clash."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from nlu_engine.dialog_copies import with_dialog_copied
from nlu_engine.dialog_model import (
    IntentDialog,
    dialog_intents,
    intent_dialog,
    prompts_of,
    slot_dialog,
    with_intent_dialog,
    with_slot_dialog,
    without_intent,
)
from tests.engine.test_dialog_model import FULL, SLOTS

Extra = dict[str, Any]
CONFIRMED = IntentDialog(True, ("Shall I?",))


def dialog(**more: Any) -> Extra:
    extra = with_slot_dialog({}, "interactionModel", "Order", SLOTS, "size", FULL)
    extra = with_intent_dialog(extra, "interactionModel", "Order", SLOTS, CONFIRMED)
    extra["interactionModel"]["unknown"]["dialog"] |= more
    return extra


def by_id(prompts: list[Extra]) -> dict[str, Extra]:
    return {prompt["id"]: prompt for prompt in prompts}


def test_the_dialog_comes_to_a_skill_that_has_none() -> None:
    source = dialog()
    for layout, key in (("interactionModel", "interactionModel"), ("flat", "languageModel")):
        copied = with_dialog_copied({}, layout, "Order", source, "Order")
        assert slot_dialog(copied, "Order", "size") == FULL
        assert intent_dialog(copied, "Order") == CONFIRMED
        assert by_id(prompts_of(copied)) == by_id(prompts_of(source))
        assert list(copied) == [key]


def test_prompts_that_clash_get_fresh_ids() -> None:
    source, before = dialog(), dialog()
    copied = with_dialog_copied(source, "interactionModel", "Again", source, "Order")
    assert source == before  # nothing is changed in place
    ids = [prompt["id"] for prompt in prompts_of(copied)]
    assert len(ids) == len(set(ids)) == 2 * len(prompts_of(source))
    assert "Elicit.Slot.Order.size.2" in ids
    for name in ("Order", "Again"):
        assert slot_dialog(copied, name, "size") == FULL
        assert intent_dialog(copied, name) == CONFIRMED
    # Each has its own prompts: what becomes of one does not touch the other.
    without = without_intent(copied, "Order")
    assert slot_dialog(without, "Again", "size") == FULL
    assert len(prompts_of(without)) == len(prompts_of(source))


def test_a_prompt_that_is_used_twice_stays_one_and_a_missing_one_missing() -> None:
    source = dialog()
    slot = dialog_intents(source, "Order")[0]["slots"][1]
    shared = slot["prompts"]["elicitation"]
    slot["prompts"] |= {"confirmation": shared, "other": "Nowhere", "odd": 7}
    slot["validations"][0]["prompt"] = shared
    copied = with_dialog_copied(source, "interactionModel", "Again", source, "Order")
    new = dialog_intents(copied, "Again")[0]["slots"][1]
    assert new["prompts"] == {
        "elicitation": f"{shared}.2",
        "confirmation": f"{shared}.2",
        "other": "Nowhere",
        "odd": 7,
    }
    assert new["validations"][0]["prompt"] == f"{shared}.2"


def test_types_that_are_renamed_are_renamed_in_the_dialog() -> None:
    copied = with_dialog_copied({}, "flat", "Order", dialog(), "Order", {"Size": "Size2"})
    types = [slot["type"] for slot in dialog_intents(copied, "Order")[0]["slots"]]
    assert types == ["AMAZON.DATE", "Size2"]


def test_who_asks_stays_the_same() -> None:
    source = dialog(delegationStrategy="SKILL_RESPONSE")
    copied = with_dialog_copied({}, "interactionModel", "Order", source, "Order")
    assert intent_dialog(copied, "Order").strategy == "SKILL_RESPONSE"
    within = with_dialog_copied(source, "interactionModel", "Again", source, "Order")
    assert intent_dialog(within, "Again").strategy == ""


def test_without_a_dialog_nothing_changes() -> None:
    target = {"interactionModel": {"unknown": {"version": 1}}}
    assert with_dialog_copied(target, "interactionModel", "A", {}, "A") is target
    odd = deepcopy(target)
    odd["interactionModel"]["unknown"]["dialog"] = {"intents": "none"}
    assert with_dialog_copied(target, "interactionModel", "A", odd, "A") is target
