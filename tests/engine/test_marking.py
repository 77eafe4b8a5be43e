"""Marking words of a sample as a slot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_engine.frames import SlotSpan
from nlu_engine.marking import MarkingError, mark, snapped, unmark
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import spans_of, tags_of, tokenize


def selected(sample: str) -> tuple[str, int, int]:
    """Return the sample and the selection that the two ^ in it, or the one, stand for."""
    start, end = sample.index("^"), sample.rindex("^")
    return sample.replace("^", ""), start, max(start, end - 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("order a ^large^ pizza", "order a {large|size} pizza"),
        ("order a l^arg^e pizza", "order a {large|size} pizza"),
        ("order a^ very lar^ge pizza", "order a {very large|size} pizza"),
        ("^play^ it", "{play|size} it"),
        ("play ^queen^'s songs", "play {queen|size}'s songs"),
        ("at 9^:3^0 p.m.", "at {9:30|size} p.m."),
        ("ピ^ザ^を", "ピ{ザ|size}を"),
        ("a {large|size} and a ^small^ one", "a {large|size} and a {small|size} one"),
        # Within a slot: the slot changes.
        ("a {lar^ge|topp^ing} pizza", "a {large|size} pizza"),
        ("a ^{topping}^ pizza", "a {size} pizza"),
        ("a {top^ping} pizza", "a {size} pizza"),
        # Over a slot's edge: its words join the new one.
        ("a ^very {large|topping}^ pizza", "a {very large|size} pizza"),
        ("a {lar^ge|topping} pizza^", "a {large pizza|size}"),
        # Nothing selected: a placeholder, never amidst a word.
        ("order a ^pizza", "order a {size} pizza"),
        ("order a^", "order a {size}"),
        ("or^der", "order {size}"),
        ("^", "{size}"),
        ("b^{a b|topping}", "b {size} {a b|topping}"),
        ("a^b{a b|topping}", "ab {size} {a b|topping}"),
    ],
)
def test_mark(before: str, after: str) -> None:
    assert mark(*selected(before), "size").sample == after


def test_the_cursor_stands_after_the_span() -> None:
    marked = mark("a {big|size} red one", 13, 16, "color")
    assert marked.sample[: marked.cursor] == "a {big|size} {red|color}"


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("a ^big {topping}^ pizza", "cannot hold another"),
        ("a ^pre^{topping} pizza", "cannot hold another"),
        ("a^ ^b", "No word"),
    ],
)
def test_what_cannot_be_marked_is_said(before: str, told: str) -> None:
    with pytest.raises(MarkingError, match=told):
        mark(*selected(before), "size")


def test_broken_braces_are_refused() -> None:
    with pytest.raises(TemplateError):
        mark("a {b", 0, 1, "size")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a {la^rge|size} pizza", "a large pizza"),
        ("a {large|size}^ {round|shape} pizza", "a large {round|shape} pizza"),
        ("^a {large|size} {round|shape} {topping}^", "a large round {topping}"),
    ],
)
def test_unmark(before: str, after: str) -> None:
    assert unmark(*selected(before)).sample == after


@pytest.mark.parametrize(("before", "told"), [("a^ b", "no marked"), ("a {s^ize}", "delete")])
def test_nothing_to_unmark(before: str, told: str) -> None:
    with pytest.raises(MarkingError, match=told):
        unmark(*selected(before))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a {large|size} pizza", "a {large|size} pizza"),
        ("a {larg|size}e pizza", "a {large|size} pizza"),
        ("a {lar|size}{ge|shape} pizza", "a {large|size} pizza"),
        ("a {topping} {lar|size}ge", "a {topping} {large|size}"),
        ("{artist}'{s|size}", "{artist}{'s|size}"),
        ("pre{topping}{fix|size}", "pre{topping}fix"),
        ("no {slot} here", "no {slot} here"),
    ],
)
def test_snapped(before: str, after: str) -> None:
    assert snapped(before) == after


def literal_spans(sample: str) -> tuple[str, list[SlotSpan]]:
    """Return what training makes of ``sample`` where a placeholder is filled with a word."""
    text, spans = "", []
    for chunk in parse_template(sample):
        said = chunk.text or "x"
        if chunk.slot and chunk.text:
            spans.append(SlotSpan(chunk.slot, len(text), len(text) + len(said), said))
        text += said
    return text, spans


PARTS = ["ab", "b", " ", "'s", "-", "9", ".", "é", "人", "{s}", "{a b|t}", "{b|t}", "{ 'b|t}"]
SAMPLES = st.lists(st.sampled_from(PARTS), max_size=9).map("".join)


@given(SAMPLES, st.integers(0, 30), st.integers(0, 30))
def test_no_span_is_ever_misaligned(sample: str, start: int, length: int) -> None:
    """Whatever is marked or snapped, training reads back exactly the spans that are shown."""
    try:
        base = snapped(sample)
        results = [base, mark(base, min(start, len(base)), min(start + length, len(base)), "s")]
    except (TemplateError, MarkingError):
        return
    for result in results:
        shown = result if isinstance(result, str) else result.sample
        text, spans = literal_spans(shown)
        tokens = tokenize(text)
        assert spans_of(tokens, tags_of(tokens, spans), text) == spans
        assert snapped(shown) == shown
