"""What changed between two interaction models, in words."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nlu_engine.differences import Difference, differences, list_changes
from nlu_engine.interaction_model import InteractionModel, SlotType, SlotValue

SAMPLE_SKILLS = Path("skillbuilder/authoring/sample_skills")


def document() -> dict[str, Any]:
    return {
        "invocationName": "pizza shop",
        "intents": [
            {
                "name": "Order",
                "slots": [{"name": "size", "type": "Size"}],
                "samples": ["order a {size} pizza", "we are done"],
            },
            {"name": "Close", "samples": ["goodbye"]},
        ],
        "types": [
            {
                "name": "Size",
                "values": [{"name": {"value": "large"}}, {"name": {"value": "small"}}],
            }
        ],
    }


def changed(edit: Any) -> list[Difference]:
    new = document()
    edit(new)
    return differences(*map(InteractionModel.from_json, (document(), new)))


def only(edit: Any) -> tuple[str, ...]:
    (one,) = changed(edit)
    return (one.kind, one.what, one.within, one.name, one.before, one.after)


def test_the_same_document_has_no_differences() -> None:
    assert changed(lambda new: None) == []


@pytest.mark.parametrize("path", sorted(SAMPLE_SKILLS.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_skill_is_all_new_and_then_all_gone(path: Path) -> None:
    model = InteractionModel.from_json(json.loads(path.read_text()))
    assert differences(model, model) == []
    came = differences(InteractionModel(), model)
    gone = differences(model, InteractionModel())
    assert {one.kind for one in came if one.what != "other"} == {"added"}
    assert {one.kind for one in gone if one.what != "other"} == {"removed"}
    for what, count in (
        ("intent", len(model.intents)),
        ("sample", sum(len(intent.samples) for intent in model.intents)),
        ("value", sum(len(slot_type.values) for slot_type in model.slot_types)),
    ):
        assert sum(one.what == what for one in came) == count
        assert sum(one.what == what for one in gone) == count


def test_the_invocation_name() -> None:
    assert only(lambda new: new.update(invocationName="pizza place")) == (
        ("changed", "invocation name", "", "invocation name", "pizza shop", "pizza place")
    )


def test_samples_come_go_and_move() -> None:
    assert only(lambda new: new["intents"][1]["samples"].append("bye")) == (
        ("added", "sample", "Close", "bye", "", "")
    )
    assert only(lambda new: new["intents"][0]["samples"].pop()) == (
        ("removed", "sample", "Order", "we are done", "", "")
    )

    def move(new: dict[str, Any]) -> None:
        new["intents"][1]["samples"].append(new["intents"][0]["samples"].pop())

    assert only(move) == ("moved", "sample", "Close", "we are done", "Order", "Close")


def test_a_sample_that_is_rewritten_is_one_change() -> None:
    def rewrite(new: Any) -> None:
        new["intents"][0]["samples"][0] = "please order a {size} pizza"

    before, after = "order a {size} pizza", "please order a {size} pizza"
    assert only(rewrite) == ("changed", "sample", "Order", after, before, after)

    def replace(new: Any) -> None:
        new["intents"][0]["samples"][0] = "something else altogether"

    assert [one.kind for one in changed(replace)] == ["removed", "added"]


def test_a_sample_that_stands_twice_is_removed_once() -> None:
    twice, once = document(), document()
    twice["intents"][1]["samples"] *= 2
    found = differences(*map(InteractionModel.from_json, (twice, once)))
    assert [(one.kind, one.name) for one in found] == [("removed", "goodbye")]


def test_slots_change_their_type() -> None:
    assert only(lambda new: new["intents"][0]["slots"][0].update(type="AMAZON.NUMBER")) == (
        ("changed", "slot", "Order", "size", "Size", "AMAZON.NUMBER")
    )
    assert only(lambda new: new["intents"][1].update(slots=[{"name": "day", "type": "Day"}])) == (
        ("added", "slot", "Close", "day", "", "Day")
    )


def test_values_change_their_synonyms_and_ids() -> None:
    value = {"id": "L", "name": {"value": "large", "synonyms": ["big", "huge"]}}
    assert only(lambda new: new["types"][0]["values"].__setitem__(0, value)) == (
        ("changed", "value", "Size", "large", "", "big, huge; id L")
    )
    assert only(lambda new: new["types"][0]["values"].pop()) == (
        ("removed", "value", "Size", "small", "", "")
    )


def test_a_renamed_intent_or_slot_type_is_one_difference() -> None:
    assert only(lambda new: new["intents"][0].update(name="Buy")) == (
        ("renamed", "intent", "Buy", "Buy", "Order", "Buy")
    )
    assert only(lambda new: new["types"][0].update(name="Sizes")) == (
        ("renamed", "slot type", "Sizes", "Sizes", "Size", "Sizes")
    )


def test_what_has_another_name_and_is_edited_too_is_renamed_and_edited() -> None:
    def buy(new: dict[str, Any]) -> None:
        new["intents"][0].update(name="Buy")
        new["intents"][0]["samples"].append("sell me a {size} pizza")

    assert [str(one) for one in changed(buy)] == [
        "renamed intent 'Buy': Order -> Buy",
        "added sample 'sell me a {size} pizza' of Buy",
    ]

    def sizes(new: dict[str, Any]) -> None:
        new["types"][0].update(name="Sizes")
        new["types"][0]["values"].append({"name": {"value": "huge"}})
        new["intents"][0]["slots"][0].update(type="Sizes")

    assert [str(one) for one in changed(sizes)] == [
        "renamed slot type 'Sizes': Size -> Sizes",
        "added value 'huge' of Sizes",
    ]


def test_what_has_little_in_common_is_no_rename() -> None:
    def other(new: dict[str, Any]) -> None:
        samples = ["bring me a {size} one", "give me a {size} pie", "we are done"]
        new["intents"][0].update(name="Buy", samples=samples)

    assert ("removed", "intent") in {(one.kind, one.what) for one in changed(other)}


def test_a_renamed_slot_is_one_difference_wherever_samples_mention_it() -> None:
    def rename(new: dict[str, Any]) -> None:
        new["intents"][0]["slots"][0].update(name="format")
        new["intents"][0]["samples"][0] = "order a {format} pizza"

    assert only(rename) == ("renamed", "slot", "Order", "format", "size", "format")

    def of_two(document: dict[str, Any], *names: str) -> InteractionModel:
        intent = document["intents"][0]
        intent["slots"] = [{"name": name, "type": "City"} for name in names]
        intent["samples"] = [f"from {{{names[0]}}} to {{{names[1]}}}", f"to {{large|{names[1]}}}"]
        return InteractionModel.from_json(document)

    found = differences(of_two(document(), "a", "b"), of_two(document(), "start", "goal"))
    assert [str(one) for one in found] == [
        "renamed slot 'start' of Order: a -> start",
        "renamed slot 'goal' of Order: b -> goal",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"id": "L", "name": {"value": "large"}}, {"id": "L", "name": {"value": "huge"}}),
        ({"name": {"value": "large"}}, {"name": {"value": "Large"}}),
        (
            {"name": {"value": "large", "synonyms": ["big"]}},
            {"name": {"value": "huge", "synonyms": ["big"]}},
        ),
    ],
    ids=["id", "spelling", "synonyms"],
)
def test_a_renamed_value_is_one_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = document(), document()
    before["types"][0]["values"][0], after["types"][0]["values"][0] = old, new
    [one] = differences(*map(InteractionModel.from_json, (before, after)))
    assert (one.kind, one.what, one.before) == ("renamed", "value", "large")
    assert one.name == one.after == new["name"]["value"]


def test_a_value_that_is_renamed_and_edited_says_both() -> None:
    before, after = document(), document()
    before["types"][0]["values"][0]["id"] = "L"
    after["types"][0]["values"][0] = {"id": "L", "name": {"value": "huge", "synonyms": ["vast"]}}
    found = differences(*map(InteractionModel.from_json, (before, after)))
    assert [str(one) for one in found] == [
        "renamed value 'huge' of Size: large -> huge",
        "changed value 'huge' of Size: id L -> vast; id L",
    ]


def test_an_intent_that_goes_takes_its_samples_along() -> None:
    found = changed(lambda new: new["intents"].pop())
    assert [(one.kind, one.what, one.name) for one in found] == [
        ("removed", "intent", "Close"),
        ("removed", "sample", "goodbye"),
    ]


def test_order_and_what_is_not_edited_are_not_passed_over() -> None:
    assert only(lambda new: new["intents"].reverse())[:4] == ("changed", "order", "", "intents")
    assert only(lambda new: new["intents"][0]["samples"].reverse())[:4] == (
        ("changed", "order", "Order", "sample utterances")
    )
    assert only(lambda new: new.update(modelConfiguration={"x": 1}))[:2] == ("changed", "other")
    assert only(lambda new: new["intents"][0].update(odd=1))[:3] == ("changed", "other", "Order")


def test_it_reads_well_on_a_command_line() -> None:
    (one,) = changed(lambda new: new["intents"][0]["slots"][0].update(type="AMAZON.NUMBER"))
    assert str(one) == "changed slot 'size' of Order: Size -> AMAZON.NUMBER"
    assert one.to_dict()["kind"] == "changed"


def test_the_changes_of_a_list_are_counted_and_the_first_are_told() -> None:
    def slot_type(*values: SlotValue, **extra: Any) -> SlotType:
        return SlotType("Size", values, extra)

    old = slot_type(*(SlotValue(f"v{n}", (), f"I{n}") for n in range(20)), SlotValue("last"))
    new = slot_type(
        SlotValue("last"),
        SlotValue("new name", (), "I0"),
        SlotValue("v1", ("other",), "I1"),
        *(SlotValue(f"w{n}") for n in range(30)),
        unknown={"key": 1},
    )
    told = differences(*(InteractionModel(slot_types=(one,)) for one in (old, new)))
    shown, counts = list_changes(old, new, 40)
    assert counts == Counter(one.kind for one in told)
    assert counts == {"added": 30, "removed": 18, "renamed": 1, "changed": 3}
    assert shown == told[:40]
    assert list_changes(new, new, 5) == ([], dict.fromkeys(counts, 0))
