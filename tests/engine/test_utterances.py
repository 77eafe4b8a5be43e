"""Tokens, tags and spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.errors import InvalidUtterance
from nlu_engine.frames import MAX_UTTERANCE_LENGTH, SlotSpan
from nlu_engine.utterances import check_utterance, normalize, spans_of, tags_of, tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("play the beatles", ["play", "the", "beatles"]),
        ("wake me at 9:30 p.m. please", ["wake", "me", "at", "9:30", "p.m.", "please"]),
        ("sarah's songs", ["sarah", "'s", "songs"]),
        ("it's five o'clock", ["it", "'s", "five", "o'clock"]),
        ("rock-n-roll, $3.50!", ["rock", "-", "n", "-", "roll", ",", "$", "3.50", "!"]),
        ("wie spät ist's über-morgen", ["wie", "spät", "ist", "'s", "über", "-", "morgen"]),
        ("मुझे पिज़्ज़ा चाहिए", ["मुझे", "पिज़्ज़ा", "चाहिए"]),
        ("ピザを頼む", list("ピザを頼む")),
        ("שלח הודעה", ["שלח", "הודעה"]),
        ("pizza 🍕 now", ["pizza", "🍕", "now"]),
        ("a_b", ["a", "_", "b"]),
    ],
)
def test_tokenize(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokenize(text)] == expected


@given(st.text(max_size=60))
def test_tokens_cover_all_but_white_space(text: str) -> None:
    tokens = tokenize(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(a.end <= b.start for a, b in zip(tokens, tokens[1:], strict=False))
    assert "".join(token.text for token in tokens) == "".join(text.split())


@given(st.data())
def test_spans_on_tokens_survive_tags(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(["a", "bb", "c's", "9:30"]), min_size=1))
    text = " ".join(words)
    tokens = tokenize(text)
    spans, index = [], 0
    while index < len(tokens):
        length = data.draw(st.integers(0, 3))
        last = min(index + length, len(tokens)) - 1
        if length and last >= index:
            start, end = tokens[index].start, tokens[last].end
            name = data.draw(st.sampled_from(["x", "y"]))
            spans.append(SlotSpan(name, start, end, text[start:end]))
        index = max(index + 1, last + 1)
    assert spans_of(tokens, tags_of(tokens, spans), text) == spans


def test_an_inside_tag_alone_begins_a_span() -> None:
    tokens = tokenize("new york")
    assert spans_of(tokens, ["I-city", "I-city"], "new york") == [
        SlotSpan("city", 0, 8, "new york")
    ]


def test_normalize_makes_spellings_alike() -> None:
    assert normalize("  Sarah’s\tＰizza ") == "sarah's pizza"


@pytest.mark.parametrize(
    "utterance", ["", "  \n", "\u200b\ufeff\x00", "x" * (MAX_UTTERANCE_LENGTH + 1), 7, None]
)
def test_an_utterance_that_no_parser_takes_is_refused(utterance: object) -> None:
    with pytest.raises(InvalidUtterance):
        check_utterance(utterance)
