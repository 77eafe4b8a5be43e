"""Literal spans of a sample utterance, "a {large|size} pizza": set, changed, removed, snapped.

A span begins and ends where the tokenizer that trains cuts, so it can never be misaligned.
Offsets count characters of the sample as it is written, braces included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nlu_engine.frames import SlotSpan
from nlu_engine.templates import parse_template
from nlu_engine.utterances import spans_of, tags_of, tokenize

# What a placeholder is taken for where words are cut: some word.
_STAND_IN = "x"
_UNIT = re.compile(r"\{[^{}]*\}|[^\s{}]+")


class MarkingError(ValueError):
    """The selection cannot become a slot; the message says what to select instead."""


@dataclass(frozen=True)
class Marked:
    """A sample after a change, and the place right after what was changed."""

    sample: str
    cursor: int


@dataclass(frozen=True)
class _Span:
    """A slot at ``start:end`` of the said text and at ``left:right`` of the sample."""

    slot: str
    start: int
    end: int
    is_open: bool = False  # a placeholder: it has no words of its own
    left: int = -1
    right: int = -1


def mark(sample: str, start: int, end: int, slot: str) -> Marked:
    """Return ``sample`` with the selection ``start:end``, widened to whole words, as ``slot``.

    Within a slot, that gets the name ``slot`` instead; where nothing is selected, the
    placeholder {slot} is put in. Raises MarkingError, and TemplateError for wrong braces.
    """
    text, spans = _read(sample)
    for span in spans:
        if _is_within(start, end, span):
            others = [other for other in spans if other != span]
            return _marked(text, [*others, replace(span, slot=slot)], span.end)
    if start == end:
        return _with_placeholder(sample, start, slot)
    new = _snapped_selection(text, _said(spans, start), _said(spans, end), slot)
    kept = [span for span in spans if span.end <= new.start or span.start >= new.end]
    if any(span.is_open for span in spans if span not in kept):
        raise MarkingError("A slot cannot hold another slot. Select words between the slots.")
    return _marked(text, [*kept, new], new.end)


def unmark(sample: str, start: int, end: int) -> Marked:
    """Return ``sample`` with the words of the spans that ``start:end`` touches, without slot.

    Raises MarkingError where there is none, and TemplateError for wrong braces.
    """
    text, spans = _read(sample)
    touched = [span for span in spans if span.left <= end and start <= span.right]
    literal = [span for span in touched if not span.is_open]
    if not literal:
        told = "A placeholder has no words to keep: delete its text." if touched else ""
        raise MarkingError(told or "There is no marked word here. Put the cursor into one.")
    kept = [span for span in spans if span not in literal]
    return _marked(text, kept, literal[-1].end)


def snapped(sample: str) -> str:
    """Return ``sample`` with each literal span widened to the words that it cuts.

    A word that two spans cut belongs to the first, as in training. Raises TemplateError.
    """
    text, spans = _read(sample)
    literal = [
        SlotSpan(span.slot, span.start, span.end, text[span.start : span.end])
        for span in spans
        if not span.is_open
    ]
    tokens = tokenize(text)
    whole = spans_of(tokens, tags_of(tokens, literal), text)
    if [(s.start, s.end) for s in whole] == [(s.start, s.end) for s in literal]:
        return sample
    placeholders = [span for span in spans if span.is_open]
    found = [_Span(span.name, span.start, span.end) for span in whole]
    free = [span for span in found if not any(_overlap(span, other) for other in placeholders)]
    return _written(text, placeholders + free)


def _overlap(one: _Span, other: _Span) -> bool:
    return one.start < other.end and other.start < one.end


def _read(sample: str) -> tuple[str, list[_Span]]:
    """Return what is said, placeholders as a stand-in, and the slots in it."""
    text, left = "", 0
    spans: list[_Span] = []
    for chunk in parse_template(sample):
        right = sample.index("}", left) + 1 if chunk.slot else left + len(chunk.text)
        said = chunk.text or _STAND_IN
        if chunk.slot:
            start, end = len(text), len(text) + len(said)
            spans.append(_Span(chunk.slot, start, end, not chunk.text, left, right))
        text, left = text + said, right
    return text, spans


def _said(spans: Iterable[_Span], offset: int) -> int:
    """Return where ``offset`` of the sample is in what is said."""
    shift = 0
    for span in spans:
        if offset <= span.left:
            break
        if offset < span.right:
            # Between the braces: the words begin after the first of them.
            return min(span.start + max(0, offset - span.left - 1), span.end)
        shift = span.end - span.right
    return offset + shift


def _is_within(start: int, end: int, span: _Span) -> bool:
    inside = span.left < start and end < span.right
    return inside or (start == span.left and end == span.right)


def _snapped_selection(text: str, start: int, end: int, slot: str) -> _Span:
    chosen = [token for token in tokenize(text) if token.start < end and token.end > start]
    if not chosen:
        raise MarkingError("No word is selected. Select the words of the slot.")
    return _Span(slot, chosen[0].start, chosen[-1].end)


def _with_placeholder(sample: str, offset: int, slot: str) -> Marked:
    """Put {slot} after the word or slot that ``offset`` is in, with a space on either side."""
    for unit in _UNIT.finditer(sample):
        if unit.start() < offset < unit.end():
            offset = unit.end()
    before, after = sample[:offset], sample[offset:]
    gap = " " if before and not before[-1].isspace() else ""
    new = f"{before}{gap}{{{slot}}}"
    return Marked(new + (" " if after and not after[0].isspace() else "") + after, len(new))


def _written(text: str, spans: Iterable[_Span]) -> str:
    """Return the sample that says ``text`` with ``spans``."""
    sample, said = "", 0
    for span in sorted(spans, key=lambda span: span.start):
        words = "" if span.is_open else f"{text[span.start : span.end]}|"
        sample += f"{text[said : span.start]}{{{words}{span.slot}}}"
        said = span.end
    return sample + text[said:]


def _marked(text: str, spans: Iterable[_Span], place: int) -> Marked:
    """Return the sample and where ``place`` of the said ``text`` is in it."""
    every = list(spans)
    before = _written(text[:place], (span for span in every if span.end <= place))
    return Marked(_written(text, every), len(before))
