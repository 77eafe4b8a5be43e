"""On which line of a document a problem is."""

from __future__ import annotations

from nlu_engine.lines import lines_of

TEXT = """{
  "intents": [
    {"name": "One", "samples": ["a, b", "]"],
     "odd key": {"x": 1}},
    {
      "name": "Two",
      "samples": [
        "first",
        "second"
      ]
    }
  ]
}"""


def test_each_path_has_its_line() -> None:
    lines = {
        "$": 1,
        "$.intents": 2,
        "$.intents[0].samples[1]": 3,
        '$.intents[0]["odd key"]': 4,
        '$.intents[0]["odd key"].x': 4,
        "$.intents[1]": 5,
        "$.intents[1].name": 6,
        "$.intents[1].samples[1]": 9,
    }
    assert lines_of(TEXT, lines) == lines


def test_what_is_missing_is_where_it_should_be() -> None:
    assert lines_of(TEXT, ["$.intents[1].slots"]) == {"$.intents[1].slots": 5}
    assert lines_of(TEXT, ["$.nothing.of.this"]) == {"$.nothing.of.this": 1}


def test_the_line_that_a_reader_names_and_broken_text() -> None:
    assert lines_of("{", ["line 7, column 2"]) == {"line 7, column 2": 7}
    assert lines_of("]},\n{{[", ["$.a"]) == {"$.a": 2}
