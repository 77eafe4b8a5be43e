"""Annotation sets: three formats in and out, and what counts as right."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.annotations import (
    MAX_ANNOTATIONS,
    Annotation,
    Answer,
    ExpectedSlot,
    annotation,
    is_right,
    marked,
    problems,
    read_annotations,
    read_marked,
    to_csv,
    to_json,
    to_lines,
)
from nlu_engine.errors import InvalidAnnotationSet
from nlu_engine.frames import Frame, SlotSpan
from nlu_engine.interaction_model import Intent, InteractionModel, Slot
from nlu_engine.templates import TemplateError

ALEXA: dict[str, Any] = {
    "data": [
        {
            "inputs": {
                "utterance": "book a table for five tomorrow",
                "referenceTimestamp": "2019-08-21T00:00:00.000Z",
            },
            "expected": [
                {
                    "intent": {
                        "name": "BookTable",
                        "slots": {
                            "partySize": {"value": "5"},
                            "day": {"slotValue": {"type": "Simple", "value": "tomorrow"}},
                        },
                    }
                },
                {"intent": {"name": "Help"}},
            ],
        },
        {
            "inputs": {"utterance": "invite ann and bob"},
            "expected": [
                {
                    "intent": {
                        "name": "Invite",
                        "slots": {
                            "guest": {
                                "slotValue": {
                                    "type": "List",
                                    "values": [
                                        {"type": "Simple", "value": "ann"},
                                        {"type": "Simple", "value": "bob"},
                                    ],
                                }
                            }
                        },
                    }
                }
            ],
        },
    ]
}


def refused(raw: bytes | str) -> list[tuple[str, str]]:
    """Return path and code of each problem of a refused file."""
    with pytest.raises(InvalidAnnotationSet) as caught:
        read_annotations(raw if isinstance(raw, bytes) else raw.encode())
    return [(problem.path, problem.code) for problem in caught.value.problems]


def test_both_generations_of_alexas_json() -> None:
    table, invite = read_annotations(json.dumps(ALEXA).encode())
    assert table.reference_timestamp == "2019-08-21T00:00:00.000Z"
    assert [answer.intent for answer in table.answers] == ["BookTable", "Help"]
    assert set(table.answers[0].slots) == {
        ExpectedSlot("partySize", "5"),  # "five" was said: compared by its value
        ExpectedSlot("day", "tomorrow", 22, 30),
    }
    guests = invite.answers[0].slots
    assert guests == (ExpectedSlot("guest", "ann", 7, 10), ExpectedSlot("guest", "bob", 15, 18))
    again = read_annotations(json.dumps(to_json([table, invite])).encode())
    assert again == [table, invite]


def test_lines_and_csv_say_the_same_as_each_other() -> None:
    lines = (
        '{"text": "two big ones", "intent": "Order", '
        '"slots": [{"start": 4, "end": 7, "name": "size", "value": "big"}]}\n\n'
        '{"utterance": "stop it", "expected": [{"intent": "Stop"}, {"intent": "Cancel"}], '
        '"referenceTimestamp": "2026-01-01"}\n'
    )
    cells = (
        "utterance,intent,slots,referenceTimestamp\r\n"
        "two {big|size} ones,Order,,\r\n"
        "stop it,Stop,,2026-01-01\r\n"
        "stop it,Cancel,,2026-01-01\r\n"
    )
    found = read_annotations(lines.encode())
    assert found == read_annotations(cells.encode("utf-8-sig"))
    assert read_annotations(to_lines(found).encode()) == found
    assert read_annotations(to_csv(found).encode()) == found
    assert found[0].answers[0].slots == (ExpectedSlot("size", "big", 4, 7),)


WORDS = st.text("abcäß字 =+-'@,;\"", min_size=1, max_size=12).filter(str.strip)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4), st.sampled_from(["A", "B"]))
def test_files_give_back_what_was_written(parts: list[tuple[str, str]], intent: str) -> None:
    text = " ".join(
        f"{plain} {{{''.join(c for c in words if c not in ';=').strip() or 'x'}|slot}}"
        for plain, words in parts
    )
    said, slots = read_marked(text)
    one = annotation(said, [Answer(intent, slots)])
    assert read_annotations(to_lines([one]).encode()) == [one]
    assert read_annotations(to_csv([one]).encode()) == [one]
    assert read_marked(marked(one.utterance, one.answers[0].slots))[0] == one.utterance


def test_every_problem_is_told_with_its_place() -> None:
    document = {
        "data": [
            {"inputs": {"utterance": " "}, "expected": [{"intent": {"name": "A"}}]},
            {"inputs": {"utterance": "x"}, "expected": []},
            {"inputs": {"utterance": "x"}, "expected": [{"intent": {"slots": {}}}]},
            {"inputs": {"utterance": "x"}, "expected": [{"intent": {"name": "A", "slots": [1]}}]},
            {"expected": [{"intent": {"name": "A"}}]},
            {
                "inputs": {"utterance": "x"},
                "expected": [{"intent": {"name": "A", "slots": {"s": {"value": {}}}}}],
            },
            {"inputs": {"utterance": "{x"}, "expected": [{"intent": {"name": "A"}}]},
        ]
    }
    assert refused(json.dumps(document)) == [
        ("$.data[0].inputs", "no-utterance"),
        ("$.data[1].expected", "wrong-type"),
        ("$.data[2].expected[0].intent.name", "wrong-intent"),
        ("$.data[3].expected[0].intent.slots", "wrong-type"),
        ("$.data[4].inputs", "wrong-type"),
        ("$.data[5].expected[0].intent.slots.s.value", "wrong-type"),
        ("$.data[6].inputs", "braces"),
    ]
    assert refused('{"text": "a", "intent": "B"}\n{"text": 1}\nnonsense') == [
        ("line 2", "wrong-intent"),
        ("line 2", "no-utterance"),
        ("line 3", "broken-json"),
    ]
    slot = '{"name": "s", "value": "b", "start": 0, "end": 1}'
    span = f'{{"text": "abc", "intent": "B", "slots": [{slot}]}}'
    assert refused(span) == [("line 1", "wrong-span")]
    assert refused("utterance,intent\n{big|size,Order\n,Order\nx,\n") == [
        ("line 2", "broken-braces"),
        ("line 3", "no-utterance"),
        ("line 4", "wrong-intent"),
    ]
    assert refused("text\nx") == [("line 1", "no-header")]
    assert refused('utterance,intent\n"x') == [("line 2", "broken-csv")]
    assert refused(b"\xff") == [("line 1", "not-utf-8")]
    assert refused("  ") == [("$", "empty-document")]
    assert refused('{"data": 3}') == [("$.data", "wrong-type")]
    assert refused('{"data": []}') == [("$", "no-annotations")]
    assert refused('{"data": [') == [("line 1, column 11", "broken-json")]
    many = "utterance,intent\n" + "x,A\ny,A\n" * (MAX_ANNOTATIONS // 2) + "x,A\n"
    assert refused(many) == [("$", "too-many-annotations")]


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2019-08-21T00:00:00.000Z", datetime(2019, 8, 21, tzinfo=UTC)),
        ("2019-08-21", datetime(2019, 8, 21, tzinfo=UTC)),
        ("", None),
        ("tomorrow", None),
    ],
)
def test_a_timestamp_is_a_moment(timestamp: str, moment: datetime | None) -> None:
    answers = [Answer("Book", ())]
    assert annotation("book it", answers, timestamp).reference == moment
    line = json.dumps({"text": "book it", "intent": "Book", "referenceTimestamp": timestamp})
    if timestamp and moment is None:
        with pytest.raises(InvalidAnnotationSet) as refused:
            read_annotations(line.encode())
        [problem] = refused.value.problems
        assert (problem.code, problem.value) == ("timestamp", timestamp)
    else:
        assert read_annotations(line.encode())[0].reference == moment


def test_a_slot_without_words_is_refused() -> None:
    with pytest.raises(TemplateError, match="has no words"):
        read_marked("order a {size} pizza")


def frame(intent: str, *spans: tuple[str, int, int, str, str]) -> Frame:
    return Frame(intent, tuple(SlotSpan(*span) for span in spans))


def test_any_accepted_answer_is_right() -> None:
    two = Annotation("x y", (Answer("A"), Answer("B", (ExpectedSlot("s", "y", 2, 3),))))
    for actual in (frame("A"), frame("B", ("s", 2, 3, "y", "y"))):
        assert is_right(two.expected_frame(actual), actual)
    wrong = frame("B", ("s", 0, 1, "x", "x"))
    assert two.expected_frame(wrong).intent == "B", "the nearest of the answers is shown"
    assert not is_right(two.expected_frame(wrong), wrong)
    assert not is_right(two.expected_frame(frame("B")), frame("B"))
    extra = frame("A", ("s", 2, 3, "y", "y"))
    assert not is_right(two.expected_frame(extra), extra), "a slot too many"


def test_a_slot_without_a_place_is_compared_by_its_value() -> None:
    one = annotation("for five or five", [Answer("A", (ExpectedSlot("n", "5"),))])
    right = frame("A", ("n", 4, 8, "five", "5"))
    assert is_right(one.expected_frame(right), right)
    for wrong in (frame("A"), frame("A", ("n", 4, 8, "five", "50")), frame("B")):
        assert not is_right(one.expected_frame(wrong), wrong)
    # Said twice, so where it is meant is not known; either place is right, both are too many.
    said = annotation("for five or five", [Answer("A", (ExpectedSlot("n", "FIVE"),))])
    assert said.answers[0].slots[0].start is None
    both = frame("A", ("n", 4, 8, "five", "5"), ("n", 12, 16, "five", "5"))
    assert is_right(said.expected_frame(right), right)
    assert not is_right(said.expected_frame(both), both)


def test_doubts_are_told() -> None:
    model = InteractionModel(
        intents=(Intent("A", slots=(Slot("s", "T"),), samples=("say this",)), Intent("B"))
    )
    found = problems(
        [
            annotation("Say this", [Answer("A")]),
            annotation("x", [Answer("C"), Answer("A", (ExpectedSlot("t", "y"),))]),
            annotation("X ", [Answer("B")]),
        ],
        model,
    )
    assert [(one.path, one.code, one.severity) for one in found] == [
        ("$.data[0]", "annotated-sample", "warning"),
        ("$.data[1].expected[0]", "unknown-intent", "warning"),
        ("$.data[1].expected[1]", "unknown-slot", "warning"),
        ("$.data[2]", "duplicate-annotation", "warning"),
    ]
