"""What parsers learn from, out of an interaction model or labelled lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from nlu_engine.errors import InvalidInteractionModel, InvalidLabelledData
from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.resolution import Resolver
from nlu_engine.training_data import (
    TrainingData,
    load_training_data,
    read_labelled,
    resolver_of,
)

SKILL: dict[str, Any] = {
    "invocationName": "pizza shop",
    "intents": [
        {
            "name": "Order",
            "slots": [{"name": "size", "type": "Size"}, {"name": "n", "type": "AMAZON.NUMBER"}],
            "samples": ["{n} {size} pizzas", "show me more"],
        },
        {"name": "Return", "slots": [{"name": "size", "type": "Size"}], "samples": []},
        {
            "name": "AMAZON.HelpIntent",
            "slots": [{"name": "size", "type": "Size"}],
            "samples": ["I am Lost", "help with {size}"],
        },
        {"name": "AMAZON.MoreIntent", "samples": []},
        {"name": "AMAZON.FallbackIntent", "samples": []},
    ],
    "types": [
        {
            "name": "Size",
            "values": [
                {"name": {"value": "Large", "synonyms": ["Big", "small"]}},
                {"name": {"value": "Small"}},
            ],
        }
    ],
}
LINES = [
    {
        "text": "play Queen now",
        "intent": "Play",
        "slots": [{"start": 5, "end": 10, "name": "artist", "value": "Queen"}],
    },
    {"text": "stop", "intent": "Stop", "slots": []},
    {"text": "halt", "intent": "Stop"},
]


def data() -> TrainingData:
    model = InteractionModel.from_json(SKILL)
    return TrainingData.from_interaction_model(model, locale="en-US", seed=0)


def test_the_developers_own_intents_are_trained() -> None:
    assert {u.frame.intent for u in data().utterances} == {"Order"}
    assert data().intent_slots == {
        "Order": frozenset({"size", "n"}),
        "Return": frozenset({"size"}),
    }
    assert data().locale == "en-US"


def test_built_in_intents_are_looked_up() -> None:
    exact = data().exact
    assert exact["help"] == exact["i am lost"] == "AMAZON.HelpIntent"
    assert exact["more"] == "AMAZON.MoreIntent"
    assert set(exact.values()) == {"AMAZON.HelpIntent", "AMAZON.MoreIntent"}
    assert "help with {size}" not in exact
    assert "stop" not in exact, "only intents that the skill has are looked up"


def test_a_sample_of_the_developer_wins_over_what_alexa_documents() -> None:
    assert "show me more" not in data().exact
    assert "show more" in data().exact


def test_slots_know_their_type_and_its_values() -> None:
    assert data().slot_types == {"size": "Size", "n": "AMAZON.NUMBER"}
    assert data().slot_values == {
        "size": {"large": "Large", "big": "Large", "small": "Small"},
    }


def test_a_slot_name_of_two_types_has_the_values_of_both() -> None:
    model = InteractionModel.from_json(
        {
            "intents": [
                {"name": "A", "slots": [{"name": "s", "type": "T"}], "samples": ["{s}"]},
                {"name": "B", "slots": [{"name": "s", "type": "U"}], "samples": ["b {s}"]},
            ],
            "types": [{"name": "T", "values": ["x"]}, {"name": "U", "values": ["X", "y"]}],
        }
    )
    found = TrainingData.from_interaction_model(model, locale="en-US")
    assert found.slot_values == {"s": {"x": "x", "y": "y"}}
    assert found.slot_types == {"s": "T"}


def test_a_slot_name_of_two_types_resolves_by_that_of_its_intent() -> None:
    several = {"name": "s", "type": "T", "multipleValues": {"enabled": True}}
    model = InteractionModel.from_json(
        {
            "intents": [
                {"name": "A", "slots": [several, {"name": "o", "type": "T"}], "samples": ["{s}"]},
                {"name": "B", "slots": [{"name": "s", "type": "AMAZON.NUMBER"}], "samples": ["b"]},
                {
                    "name": "C",
                    "slots": [{"name": "s", "type": "AMAZON.DURATION"}],
                    "samples": ["c"],
                },
            ],
            "types": [
                {
                    "name": "T",
                    "values": [{"id": "V", "name": {"value": "five", "synonyms": ["ten minutes"]}}],
                    "skillbuilder": {"closed": True},
                }
            ],
        }
    )
    made = TrainingData.from_interaction_model(model, locale="en-US").resolver()
    read = Resolver.from_dict(json.loads(json.dumps(made.to_dict())))
    for resolver in (made, read, resolver_of(model, "en-US")):
        found = {}
        for intent in "ABC":
            own, slot = resolver.of(intent, "s")
            both = [own.resolve(slot, said) for said in ("five", "ten minutes", "nothing")]
            found[intent] = [(one.value, one.id, one.is_accepted) for one in both]
            assert bool(own.resolve_each(slot, "five, five")) == (intent == "A")
        assert found == {
            "A": [("five", "V", True), ("five", "V", True), ("nothing", None, False)],
            "B": [("5", None, True), ("ten minutes", None, True), ("nothing", None, True)],
            "C": [("five", None, True), ("PT10M", None, True), ("nothing", None, True)],
        }
        assert resolver.of("A", "o") == (resolver, "o")


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def jsonl(*lines: Any) -> str:
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n"


def test_what_people_wrote_is_counted_once_however_often_it_is_filled() -> None:
    model = InteractionModel.from_json(SKILL)
    data = TrainingData.from_interaction_model(model, locale="en-US")
    assert data.written == 2 < len(data.utterances)
    labelled = TrainingData.from_labelled(data.utterances, locale="en-US")
    assert labelled.written == len(data.utterances)


def test_labelled_lines_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", "\ufeff" + jsonl(*LINES) + "\n")
    assert read_labelled(path) == [
        AnnotatedUtterance("play Queen now", Frame("Play", (SlotSpan("artist", 5, 10, "Queen"),))),
        AnnotatedUtterance("stop", Frame("Stop")),
        AnnotatedUtterance("halt", Frame("Stop")),
    ]


def test_labelled_data_allows_the_slots_that_it_shows(tmp_path: Path) -> None:
    found = load_training_data(write(tmp_path / "x.jsonl", jsonl(*LINES)), locale="en-GB")
    assert found.intent_slots == {"Play": frozenset({"artist"}), "Stop": frozenset()}
    assert (found.exact, found.slot_values, found.slot_types) == ({}, {}, {})
    assert found.locale == "en-GB"


def test_slots_come_in_the_order_of_the_text(tmp_path: Path) -> None:
    slots = [
        {"start": 2, "end": 3, "name": "y", "value": "b"},
        {"start": 0, "end": 1, "name": "x", "value": "a"},
    ]
    path = write(tmp_path / "x.jsonl", jsonl({"text": "a b", "intent": "I", "slots": slots}))
    (utterance,) = read_labelled(path)
    assert [slot.name for slot in utterance.frame.slots] == ["x", "y"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["skill.json", "skill.gz", "skill"])
def test_the_content_tells_an_interaction_model(
    tmp_path: Path, indent: int | None, packed: bool, name: str
) -> None:
    text = json.dumps({"interactionModel": {"languageModel": SKILL}}, indent=indent).encode()
    path = write(tmp_path / name, gzip.compress(text) if packed else text)
    assert load_training_data(path, locale="en-US", seed=0) == data()


@pytest.mark.parametrize("packed", [False, True])
def test_the_content_tells_labelled_lines(tmp_path: Path, packed: bool) -> None:
    text = jsonl(*LINES).encode()
    path = write(tmp_path / "data", gzip.compress(text) if packed else text)
    assert len(load_training_data(path).utterances) == 3


BAD_LINES: list[tuple[Any, str]] = [
    ("[1]", "line 1: The line holds a list"),
    ('{"text": "a", "intent"', "line 1: This is not JSON"),
    ('{"text": "a"}', '"intent" must be text'),
    ('{"text": "", "intent": "X"}', '"text" must be text'),
    ('{"text": 5, "intent": "X"}', '"text" must be text that is not empty, not a number'),
    ('{"text": "a\\ud800", "intent": "X"}', "half of a surrogate pair"),
    (json.dumps({"text": "a" * 10_001, "intent": "X"}), "10,001 characters"),
    ('{"text": "a", "intent": "X", "slots": {}}', '"slots" must be a list'),
    ('{"text": "a", "intent": "X", "slots": [5]}', "slots[0]"),
]
BAD_SPANS: list[tuple[dict[str, Any], str]] = [
    ({"start": 0, "end": 3, "name": "s", "value": "big"}, "text[0:3] is 'a b', not 'big'"),
    ({"start": 2, "end": 99, "name": "s", "value": "big one"}, "text[2:99]"),
    ({"start": 2, "end": 2, "name": "s", "value": ""}, "text[2:2]"),
    ({"start": -3, "end": 9, "name": "s", "value": "one"}, "text[-3:9]"),
    ({"start": "2", "end": 5, "name": "s", "value": "big"}, "whole numbers"),
    ({"start": 2, "end": True, "name": "s", "value": "big"}, "whole numbers"),
    ({"start": 2, "end": 5, "name": "", "value": "big"}, "must have a name"),
    ({"start": 2, "end": 5, "name": "s"}, "and a value"),
]


@pytest.mark.parametrize(("line", "message"), BAD_LINES)
def test_a_malformed_line_is_refused_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    path = write(tmp_path / "x.jsonl", line + "\n" + jsonl(LINES[1]))
    with pytest.raises(InvalidLabelledData) as caught:
        read_labelled(path)
    assert message in str(caught.value)
    assert all(problem.path.startswith("line 1") for problem in caught.value.problems)
    assert all(problem.fix for problem in caught.value.problems)


@pytest.mark.parametrize(("slot", "message"), BAD_SPANS)
def test_a_wrong_span_is_refused(tmp_path: Path, slot: dict[str, Any], message: str) -> None:
    bad = {"text": "a big one", "intent": "X", "slots": [slot]}
    with pytest.raises(InvalidLabelledData) as caught:
        read_labelled(write(tmp_path / "x.jsonl", jsonl(LINES[1], bad)))
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.path == "line 2, slots[0]"


def test_slots_must_not_overlap(tmp_path: Path) -> None:
    slots = [
        {"start": 2, "end": 5, "name": "s", "value": "big"},
        {"start": 4, "end": 9, "name": "t", "value": "g one"},
    ]
    bad = {"text": "a big one", "intent": "X", "slots": slots}
    with pytest.raises(InvalidLabelledData, match="overlaps"):
        read_labelled(write(tmp_path / "x.jsonl", jsonl(bad)))


def test_all_bad_lines_are_listed(tmp_path: Path) -> None:
    content = jsonl(LINES[0]) + "x\n" + jsonl(LINES[1]) + "[]\n\n" + '{"text": "a"}\n'
    with pytest.raises(InvalidLabelledData) as caught:
        read_labelled(write(tmp_path / "x.jsonl", content))
    assert [problem.path for problem in caught.value.problems] == ["line 2", "line 4", "line 6"]


@pytest.mark.parametrize(
    "content", [b'{"text": "a", "intent": "X"}\n\xff\n', gzip.compress(b"x" * 9_000, mtime=0)[:-9]]
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidLabelledData, match=r"line \d"):
        read_labelled(write(tmp_path / "x.jsonl", content))


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"intents": [{"name": 5}]}, "$.intents[0].name"),
        ({"intents": [{"name": "A", "samples": ["{x}"]}]}, "$.intents[0].samples[0]"),
        ({"intents": [{"name": "A", "samples": []}]}, "$.intents"),
    ],
)
def test_an_interaction_model_with_errors_is_refused(
    tmp_path: Path, document: Any, path: str
) -> None:
    with pytest.raises(InvalidInteractionModel) as caught:
        load_training_data(write(tmp_path / "x.json", json.dumps(document)))
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_missing_file_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_training_data(tmp_path / "nowhere.json")
