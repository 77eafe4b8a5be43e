"""Sample utterances as templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.templates import Chunk, TemplateError, parse_template


@pytest.mark.parametrize(
    ("sample", "chunks"),
    [
        ("", []),
        ("hello", [Chunk("hello")]),
        ("{a}", [Chunk("", "a")]),
        ("{a}{b}", [Chunk("", "a"), Chunk("", "b")]),
        ("play {artist}'s songs", [Chunk("play "), Chunk("", "artist"), Chunk("'s songs")]),
        ("a { size } one", [Chunk("a "), Chunk("", "size"), Chunk(" one")]),
        ("to {new york|city}", [Chunk("to "), Chunk("new york", "city")]),
    ],
)
def test_chunks(sample: str, chunks: list[Chunk]) -> None:
    assert parse_template(sample) == chunks


@pytest.mark.parametrize("sample", ["{", "}", "a {b", "a b}", "{}", "{ }", "{{a}}", "{a|}", "{|a}"])
def test_broken_braces(sample: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(sample)


@given(st.text("ab {}|", max_size=20))
def test_any_text_is_chunks_or_refused(sample: str) -> None:
    try:
        chunks = parse_template(sample)
    except TemplateError:
        assert "{" in sample or "}" in sample
        return
    literal = "".join(chunk.text for chunk in chunks if not chunk.slot)
    assert "{" not in literal and "}" not in literal
    assert sum(1 for chunk in chunks if chunk.slot) == sample.count("{")
