"""Utterances as the parsers see them: tokens with offsets, tags, spans.

The same tokenizer trains and parses, so a tag can never be misaligned with its text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from nlu_engine.errors import InvalidUtterance
from nlu_engine.frames import MAX_UTTERANCE_LENGTH, SlotSpan
from nlu_engine.remembered import remembered

# A token is a word with its inner apostrophes, points and hyphens ("o'clock", "p.m.",
# "9:30"), or one of the scripts that write no spaces character by character, or a single
# other symbol. Clitics ("'s") are tokens of their own, for "{Artist}'s songs".
_UNSPACED = (
    "\u0e00-\u0e7f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
)
_WORD = rf"(?:(?![{_UNSPACED}_])[\w\u0300-\u036f\u0900-\u0dff\u0600-\u06ff])"
_TOKEN = re.compile(
    rf"['’](?:s|S)(?!\w)|{_WORD}+(?:(?:['’](?!(?:s|S)(?!\w))|[.:\-&/,](?=\d)|\.(?=\w\.))"
    rf"{_WORD}+)*(?:(?<=\.\w)\.)?|[^\s]"
)

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


class Token(NamedTuple):
    """A piece of an utterance: ``utterance[start:end] == text``."""

    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Split ``text`` into tokens, left to right, none of them empty, none overlapping."""
    return [Token(match.group(), *match.span()) for match in _TOKEN.finditer(text)]


def words_of(text: str) -> list[str]:
    """Return the texts of the tokens of ``text``, for where nobody asks for their places."""
    return _TOKEN.findall(text)


def normalize_once(text: str) -> str:
    """Return ``normalize(text)`` without keeping it: for lists in which no text comes twice."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return " ".join(text.lower().split())


@remembered
def normalize(text: str) -> str:
    """Return the form under which words and values are compared: NFKC, lower case, one space."""
    return normalize_once(text)


def is_blank(text: str) -> bool:
    """Return whether nothing of ``text`` can be seen: spaces, controls, zero-width characters."""
    return not text[:1].isalnum() and all(unicodedata.category(c) in _UNSEEN for c in text)


def check_utterance(utterance: object) -> str:
    """Return ``utterance`` if a parser can take it, else raise InvalidUtterance."""
    if not isinstance(utterance, str):
        kind = type(utterance).__name__
        raise InvalidUtterance(f"The utterance must be text, not {kind}. Send a JSON string.")
    if is_blank(utterance):
        raise InvalidUtterance("The utterance is empty. Send at least one word.")
    if len(utterance) > MAX_UTTERANCE_LENGTH:
        raise InvalidUtterance(
            f"The utterance has {len(utterance):,} characters; at most "
            f"{MAX_UTTERANCE_LENGTH:,} are accepted. Shorten it."
        )
    return utterance


def tags_of(tokens: Sequence[Token], slots: Sequence[SlotSpan]) -> list[str]:
    """Return one BIO tag a token: "B-name", "I-name" or "O".

    A token belongs to the slot that it overlaps, so a span that cuts a token takes it whole.
    """
    tags = ["O"] * len(tokens)
    for slot in slots:
        inside = False
        for index, token in enumerate(tokens):
            if token.start < slot.end and token.end > slot.start and tags[index] == "O":
                tags[index] = f"{'I' if inside else 'B'}-{slot.name}"
                inside = True
    return tags


def runs_of(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return (slot, first token, token after the last) of each span that ``tags`` mark.

    An "I-x" that follows no "B-x" or "I-x" begins a span, as in the CoNLL evaluation.
    """
    runs: list[tuple[str, int, int]] = []
    for index, tag in enumerate(tags):
        name, start, end = runs[-1] if runs else ("", 0, -1)
        if tag[:2] == "I-" and end == index and name == tag[2:]:
            runs[-1] = (name, start, index + 1)
        elif tag != "O":
            runs.append((tag[2:], index, index + 1))
    return runs


def spans_of(tokens: Sequence[Token], tags: Sequence[str], text: str) -> list[SlotSpan]:
    """Return the slot spans that ``tags`` mark in ``text``, in order."""
    return [
        SlotSpan(
            name,
            tokens[first].start,
            tokens[end - 1].end,
            text[tokens[first].start : tokens[end - 1].end],
        )
        for name, first, end in runs_of(tags)
    ]
