"""JSON text from outside: what is read, and what is refused with its place."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.documents import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    MAX_PATH,
    MAX_PROBLEMS,
    read_document,
    written,
)
from nlu_engine.errors import InvalidInteractionModel, Problem
from nlu_engine.interaction_model import InteractionModel

_KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _KEYS
)
JSON_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3)
)


def refusal(raw: bytes) -> Problem:
    """Return the only problem that ``raw`` is refused for."""
    with pytest.raises(InvalidInteractionModel) as caught:
        read_document(raw)
    (problem,) = caught.value.problems
    return problem


@given(JSON_VALUES)
def test_reads_whatever_json_holds(document: Any) -> None:
    assert read_document(json.dumps(document).encode()) == document
    assert read_document(json.dumps(document, ensure_ascii=False, indent=2).encode()) == document


def test_a_byte_order_mark_is_no_content() -> None:
    assert read_document(b'\xef\xbb\xbf{"intents": []}') == {"intents": []}


@pytest.mark.parametrize(
    ("raw", "code", "path", "value"),
    [
        (b"", "empty-document", "$", ""),
        (b" \n", "empty-document", "$", ""),
        (b'{"a": [1, 2', "broken-json", "line 1, column 12", ""),
        (b'{"a": 1,\n  b: 2}', "broken-json", "line 2, column 3", "b: 2}"),
        (b"{'a': 1}", "broken-json", "line 1, column 2", "'a': 1}"),
        (b'{"a": 1} x', "broken-json", "line 1, column 10", "x"),
        (b'{"a": "b\x01"}', "broken-json", "line 1, column 9", '\x01"}'),
        (b'{"a":\n NaN}', "not-a-number", "line 2, column 2", "NaN"),
        (b'["NaN", -Infinity]', "not-a-number", "line 1, column 9", "-Infinity"),
        (b"[1e999]", "not-a-number", "line 1, column 2", "1e999"),
        (b'{"a": "x\\ud83d"}', "unstorable-character", "$.a", "x\\ud83d"),
        (b'{"a": ["\\u0000"]}', "unstorable-character", "$.a[0]", "\\u0000"),
        (b'{"a\\u0000": 1}', "unstorable-character", '$["a\\u0000"]', "a\\u0000"),
        (b'{"a":\n"\xff"}', "not-utf-8", "line 2", "0xff"),
        (b'{"a": {"b": 1, "b": 1}}', "duplicate-key", "$.a.b", "b"),
        (b'[0, {"b": [{}], "c": 2, "b": {}}]', "duplicate-key", "$[1].b", "b"),
        (b'{"a": "{\\"x\\": 1, \\"x\\": 2}", "\\u0061": 1}', "duplicate-key", "$.a", "a"),
    ],
)
def test_refuses_with_place_and_value(raw: bytes, code: str, path: str, value: Any) -> None:
    problem = refusal(raw)
    assert (problem.code, problem.path, problem.value) == (code, path, value)
    assert problem.severity == "error"
    assert problem.fix


def test_a_duplicate_key_names_both_places() -> None:
    problem = refusal(b'{"intents": [],\n "intents": []}')
    assert "line 1, column 2" in problem.message
    assert "line 2, column 2" in problem.message


def test_every_duplicate_key_is_listed() -> None:
    with pytest.raises(InvalidInteractionModel) as caught:
        read_document(b'{"a": 1, "a": 2, "b": {"c": 1, "c": 2, "c": 3}}')
    assert [problem.path for problem in caught.value.problems] == ["$.a", "$.b.c", "$.b.c"]


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read_document(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_depth_is_bounded() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert json.dumps(read_document(deepest)).encode() == deepest
    assert refusal(b"[" + deepest + b"]").code == "nested-too-deep"
    assert refusal(b"[" * 200_000).path == f"line 1, column {MAX_DEPTH + 1}"
    assert read_document(b'"' + b"[" * 100 + b'"') == "[" * 100


def test_size_is_bounded() -> None:
    fits = b'"' + b"x" * (MAX_DOCUMENT_BYTES - 2) + b'"'
    assert len(read_document(fits)) == MAX_DOCUMENT_BYTES - 2
    assert refusal(fits + b" ").code == "document-too-big"


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert refusal(b'{"version": ' + b"9" * 5_000 + b"}").path == "line 1, column 13"


@pytest.mark.parametrize("raw", [b"[NaNx]", b"[1e999.5]", b"[-Infinity.]", b"[0.00001e309,1e309]"])
def test_what_follows_a_number_that_is_none_does_not_matter(raw: bytes) -> None:
    assert refusal(raw).code == "not-a-number"


def within_long_keys(inside: bytes) -> bytes:
    """Return ``inside`` below so many long keys that its path is as long as half a document."""
    return (b'{"' + b"k" * 18_000 + b'":') * 38 + inside + b"}" * 38


@pytest.mark.parametrize(
    ("hostile", "problems"),
    [
        (b'{"a": [' + b'{"k":1,"k":2},' * 100_000 + b"0]}", MAX_PROBLEMS),
        (b'\\"' * 700_000, 1),
        (b'{"a": "' + b'\\"' * 700_000, 1),
        (within_long_keys(b"{" + b'"a":0,' * 100_000 + b'"a":0}'), MAX_PROBLEMS),
        (within_long_keys(b"[" + b'"\\u0000",' * 70_000 + b"0]"), MAX_PROBLEMS + 1),
    ],
    ids=[
        "duplicate keys",
        "quotes",
        "quotes in a string",
        "duplicate keys far down",
        "NUL far down",
    ],
)
def test_a_hostile_document_is_refused_quickly_and_briefly(hostile: bytes, problems: int) -> None:
    # Of the processor, for the clock goes on while others have it.
    start = time.thread_time()
    with pytest.raises(InvalidInteractionModel) as caught:
        read_document(hostile)
    assert time.thread_time() - start < 6
    assert len(caught.value.problems) == problems
    assert max(len(problem.path) for problem in caught.value.problems) <= MAX_PATH


def test_reading_takes_no_path_for_each_value() -> None:
    # 100 MB are plenty for a document of 1.4 MB; its paths would take hundreds of gigabytes.
    hostile = within_long_keys(b"[" + b"0," * 300_000 + b"0]")
    tracemalloc.start()
    try:
        read_document(hostile)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"intents": [], "x": {"y": float("nan")}}, "$.x.y"),
        ({"intents": [], "x": (1, 2)}, "$.x"),
        ({"intents": [], 3: 1}, '$["3"]'),
        ({"intents": [], "x y": ["\ud800"]}, '$["x y"][0]'),
    ],
)
def test_parsed_documents_are_checked_as_well(document: Any, path: str) -> None:
    with pytest.raises(InvalidInteractionModel) as caught:
        InteractionModel.from_json(document)
    assert [problem.path for problem in caught.value.problems] == [path]
    json.dumps([problem.to_dict() for problem in caught.value.problems]).encode()


def test_a_parsed_document_nested_too_deep_is_refused() -> None:
    document: Any = []
    for _ in range(5_000):
        document = [document]
    with pytest.raises(InvalidInteractionModel) as caught:
        InteractionModel.from_json({"intents": [], "x": document})
    assert [problem.code for problem in caught.value.problems] == ["nested-too-deep"]


@given(JSON_VALUES)
def test_what_people_read_is_the_same_document(document: Any) -> None:
    assert json.loads(written(document)) == document


def test_people_read_a_line_for_each_slot_value_and_sample() -> None:
    value = {"id": "L", "name": {"value": "large", "synonyms": ["big", "huge"]}}
    long = {"name": {"value": "x" * 90}}
    intent = {"name": "Order", "slots": [{"name": "size", "type": "Size"}], "samples": ["a", "b"]}
    document = {"intents": [intent, {"name": "Stop", "samples": []}], "values": [value, long]}
    assert written(document).splitlines() == [
        "{",
        '  "intents": [',
        "    {",
        '      "name": "Order",',
        '      "slots": [',
        '        {"name": "size", "type": "Size"}',
        "      ],",
        '      "samples": [',
        '        "a",',
        '        "b"',
        "      ]",
        "    },",
        '    {"name": "Stop", "samples": []}',
        "  ],",
        '  "values": [',
        '    {"id": "L", "name": {"value": "large", "synonyms": ["big", "huge"]}},',
        "    {",
        '      "name": {',
        f'        "value": "{"x" * 90}"',
        "      }",
        "    }",
        "  ]",
        "}",
    ]
