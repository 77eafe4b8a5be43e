"""Interaction models: read without loss in all layouts, refused with every place."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.errors import InvalidInteractionModel
from nlu_engine.interaction_model import (
    MAX_NAME_LENGTH,
    Intent,
    InteractionModel,
    Slot,
    SlotType,
    SlotValue,
)
from tests.engine.test_documents import JSON_VALUES

LANGUAGE_MODEL: dict[str, Any] = {
    "invocationName": "pizza shop",
    "intents": [
        {
            "name": "Order",
            "slots": [
                {"name": "size", "type": "Size", "samples": ["{size}"]},
                {"name": "when", "type": "AMAZON.TIME", "multipleValues": {"enabled": False}},
            ],
            "samples": ["order a {size} pizza", "i am hungry"],
        },
        {"name": "AMAZON.StopIntent", "samples": []},
        {"name": "AMAZON.HelpIntent", "slots": None},
    ],
    "types": [
        {
            "name": "Size",
            "values": [
                {"id": "L", "name": {"value": "large", "synonyms": ["big", "huge"]}},
                {"id": 7, "name": {"value": "small"}},
                {"id": None, "name": {"value": "tiny", "synonyms": None, "note": [1]}, "x": 1},
                {"id": "", "name": {"value": "mini", "synonyms": []}},
                "medium",
            ],
        },
        {"name": "Catalog", "valueSupplier": {"type": "CatalogValueSupplier"}},
        {"name": "Null", "values": None},
    ],
    "modelConfiguration": {"fallbackIntentSensitivity": {"level": "LOW"}},
}
DIALOG = {"intents": [{"name": "Order", "slots": []}]}
LAYOUTS: dict[str, dict[str, Any]] = {
    "flat": LANGUAGE_MODEL,
    "languageModel": {"languageModel": LANGUAGE_MODEL, "dialog": DIALOG, "prompts": []},
    "interactionModel": {
        "interactionModel": {"languageModel": LANGUAGE_MODEL, "dialog": DIALOG, "_new": 1},
        "version": "3",
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reads_every_layout(layout: str) -> None:
    model = InteractionModel.from_json(LAYOUTS[layout])
    assert model.layout == layout
    assert model.invocation_name == "pizza shop"
    order, stop, _ = model.intents
    assert order.samples == ("order a {size} pizza", "i am hungry")
    assert [(slot.name, slot.type) for slot in order.slots] == [
        ("size", "Size"),
        ("when", "AMAZON.TIME"),
    ]
    assert order.slots[0].samples == ("{size}",)
    assert model.custom_intents() == (order,)
    assert stop.is_builtin
    size = model.slot_types[0]
    assert [value.value for value in size.values] == ["large", "small", "tiny", "mini", "medium"]
    assert [value.id for value in size.values] == ["L", "7", None, None, None]
    assert size.values[0].synonyms == ("big", "huge")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes_what_it_read_and_leaves_it_alone(layout: str) -> None:
    document = copy.deepcopy(LAYOUTS[layout])
    assert InteractionModel.from_json(document).to_json() == LAYOUTS[layout]
    assert document == LAYOUTS[layout]


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Interaction models of all layouts, with unknown keys and odd emptiness anywhere."""
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    unknown = st.dictionaries(text.map("x-".__add__), JSON_VALUES, max_size=2)

    def entity(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
        known = st.fixed_dictionaries(required, optional=optional)
        return st.tuples(known, unknown).map(lambda pair: pair[0] | pair[1])

    def listed(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | st.lists(items, max_size=3)

    slot = entity({"name": text, "type": text}, {"samples": listed(text)})
    intent = entity({"name": text}, {"slots": listed(slot), "samples": listed(text)})
    name = entity({"value": text}, {"synonyms": listed(text)})
    value = text | entity({"name": name}, {"id": st.none() | text | st.integers(-9, 10**9)})
    slot_type = entity({"name": text}, {"values": listed(value)})
    flat = entity(
        {"intents": st.lists(intent, max_size=3)},
        {"types": listed(slot_type), "invocationName": st.none() | text},
    )
    middle = entity({"languageModel": flat}, {"dialog": JSON_VALUES, "prompts": JSON_VALUES})
    outer = entity({"interactionModel": middle}, {"version": JSON_VALUES})
    return flat | middle | outer


@given(documents())
def test_a_round_trip_changes_nothing(document: dict[str, Any]) -> None:
    model = InteractionModel.from_json(document)
    assert model.to_json() == document
    again = InteractionModel.from_json(model.to_json())
    assert again == model
    assert again.digest() == model.digest()
    assert all(problem.path and problem.message for problem in model.problems("en-US"))


def test_the_digest_knows_content_not_key_order() -> None:
    document = LAYOUTS["interactionModel"]
    turned = {key: document[key] for key in reversed(document)}
    digest = InteractionModel.from_json(document).digest()
    assert InteractionModel.from_json(turned).digest() == digest
    assert len(digest) == 64
    turned["version"] = "4"
    assert InteractionModel.from_json(turned).digest() != digest


def test_an_object_made_by_hand_is_written_plainly() -> None:
    model = InteractionModel(
        "pizza shop",
        (Intent("Order", (Slot("size", "Size"),), ("a {size} one",)), Intent("AMAZON.NoIntent")),
        (SlotType("Size", (SlotValue("large", ("big",), "L"), SlotValue("small"))),),
    )
    assert model.to_json() == {
        "interactionModel": {
            "languageModel": {
                "invocationName": "pizza shop",
                "intents": [
                    {
                        "name": "Order",
                        "slots": [{"name": "size", "type": "Size"}],
                        "samples": ["a {size} one"],
                    },
                    {"name": "AMAZON.NoIntent", "samples": []},
                ],
                "types": [
                    {
                        "name": "Size",
                        "values": [
                            {"id": "L", "name": {"value": "large", "synonyms": ["big"]}},
                            {"name": {"value": "small"}},
                        ],
                    }
                ],
            }
        }
    }
    assert InteractionModel.from_json(model.to_json()) == model


def test_what_is_edited_wins_over_how_it_came() -> None:
    model = InteractionModel.from_json(LANGUAGE_MODEL)
    values = model.slot_types[0].values
    assert replace(values[4], synonyms=("mid",)).to_json() == {
        "name": {"value": "medium", "synonyms": ["mid"]}
    }
    assert replace(values[1], id="8").to_json() == {"id": "8", "name": {"value": "small"}}
    assert replace(values[1], id=None).to_json() == {"name": {"value": "small"}}
    assert replace(values[3], id="M", synonyms=("wee",)).to_json() == {
        "id": "M",
        "name": {"value": "mini", "synonyms": ["wee"]},
    }
    filled = replace(model.slot_types[2], values=(SlotValue("zero"),)).to_json()
    assert filled == {"name": "Null", "values": [{"name": {"value": "zero"}}]}
    assert "types" not in InteractionModel.from_json({"intents": []}).to_json()


def problems_of(document: Any) -> list[tuple[str, str, Any]]:
    with pytest.raises(InvalidInteractionModel) as caught:
        InteractionModel.from_json(document)
    assert all(problem.fix for problem in caught.value.problems)
    return [(problem.code, problem.path, problem.value) for problem in caught.value.problems]


def flat(**changes: Any) -> dict[str, Any]:
    return {"intents": [{"name": "Order", "samples": ["order"]}]} | changes


@pytest.mark.parametrize(
    ("document", "code", "path", "value"),
    [
        (None, "wrong-type", "$", None),
        ([], "wrong-type", "$", "[]"),
        ("text", "wrong-type", "$", "text"),
        ({}, "not-an-interaction-model", "$", "{}"),
        ({"interactionModel": 5}, "wrong-type", "$.interactionModel", 5),
        ({"interactionModel": {}}, "missing-key", "$.interactionModel", None),
        ({"languageModel": None}, "wrong-type", "$.languageModel", None),
        ({"languageModel": {}}, "missing-key", "$.languageModel", None),
        ({"invocationName": "x"}, "missing-key", "$", None),
        ({"intents": None}, "missing-key", "$", None),
        (flat(intents={}), "wrong-type", "$.intents", "{}"),
        (flat(intents=[7]), "wrong-type", "$.intents[0]", 7),
        (flat(intents=[{}]), "missing-key", "$.intents[0]", None),
        (flat(invocationName=5), "wrong-type", "$.invocationName", 5),
        (flat(types="x"), "wrong-type", "$.types", "x"),
        (flat(types=[{"name": "T", "values": {"a": 1}}]), "wrong-type", "$.types[0].values", None),
        (flat(types=[{"name": "T", "values": [5]}]), "wrong-type", "$.types[0].values[0]", 5),
        (flat(types=[{"name": "T", "values": [{}]}]), "missing-key", "$.types[0].values[0]", None),
        (
            flat(types=[{"name": "T", "values": [{"name": "a"}]}]),
            "wrong-type",
            "$.types[0].values[0].name",
            "a",
        ),
        (
            flat(types=[{"name": "T", "values": [{"name": {"value": 5}}]}]),
            "wrong-type",
            "$.types[0].values[0].name.value",
            5,
        ),
        (
            flat(types=[{"name": "T", "values": [{"id": 1.5, "name": {"value": "a"}}]}]),
            "wrong-type",
            "$.types[0].values[0].id",
            1.5,
        ),
        (
            flat(types=[{"name": "T", "values": [{"id": True, "name": {"value": "a"}}]}]),
            "wrong-type",
            "$.types[0].values[0].id",
            True,
        ),
        (flat(intents=[{"name": "x" * (MAX_NAME_LENGTH + 1)}]), "too-long", "$.intents[0].name", 0),
        (flat(invocationName="x" * 201), "too-long", "$.invocationName", 0),
        (flat(types=[{"name": "T", "values": ["a"] * 60_001}]), "too-many", "$.types[0].values", 0),
    ],
)
def test_a_wrong_structure_is_refused(document: Any, code: str, path: str, value: Any) -> None:
    ((found_code, found_path, found_value),) = problems_of(document)
    assert (found_code, found_path) == (code, path)
    if value or value is None and code == "missing-key":
        assert found_value == value


def test_all_wrong_places_are_listed_at_once() -> None:
    document = {
        "interactionModel": {
            "languageModel": {
                "intents": [
                    {"name": "A", "slots": [{"name": "s", "type": 5}], "samples": ["x", None]},
                    {"name": 1, "samples": "x"},
                ],
                "types": [{"values": [{"name": {"value": "a", "synonyms": [["b"]]}}]}],
            }
        }
    }
    root = "$.interactionModel.languageModel"
    assert [path for _, path, _ in problems_of(document)] == [
        f"{root}.intents[0].slots[0].type",
        f"{root}.intents[0].samples[1]",
        f"{root}.intents[1].name",
        f"{root}.intents[1].samples",
        f"{root}.types[0]",
        f"{root}.types[0].values[0].name.synonyms[0]",
    ]


def test_a_number_for_text_is_told_to_be_quoted() -> None:
    with pytest.raises(InvalidInteractionModel, match=r'Put it in quotes: "5"'):
        InteractionModel.from_json(flat(types=[{"name": "T", "values": [{"name": {"value": 5}}]}]))


def test_a_flood_of_problems_is_cut_and_counted() -> None:
    found = problems_of({"intents": [{"name": "A", "samples": [None] * 2_000}]})
    assert len(found) == 501
    assert found[-1] == ("too-many-problems", "$", 1_500)
