"""More to learn from than people wrote: the same utterances with other words in their slots.

A copy of an utterance takes other values for its slots from the training set itself, as data
augmentation by mention replacement does (Dai and Adel 2020). Slots whose values hardly repeat,
such as titles and names, now and then take any words whatever, cut out of everyday talk: what
is said there tells nothing about where it ends, only the words around it do.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.utterances import normalize

COPIES = 3
"""Copies made of each utterance that has slots, at most."""
MOST = 2_000
"""Utterances, copies counted, from which no more are made: there is enough to learn from."""
SWAPPED = 0.7
"""Share of the slots in a copy that take another value."""
ANY_WORDS = 0.2
"""Share of the open slots in a copy that take any words."""
OPEN_VALUES = 4
OPEN_SHARE = 0.8
"""A slot is open if it has OPEN_VALUES or more, and this share of them are different."""

Values = Mapping[str, Sequence[str]]


def copies_of(
    utterances: Sequence[AnnotatedUtterance],
    talk: Sequence[str] = (),
    *,
    seed: int,
    never_any: Collection[str] = (),
) -> list[AnnotatedUtterance]:
    """Return copies of ``utterances`` with other values; the same for the same seed.

    ``talk``: texts that have nothing to do with the skill, to cut words from; without it,
    slots take their own values alone, and so do those in ``never_any``.
    """
    chance = random.Random(seed)
    with_slots = [one for one in utterances if one.frame.slots]
    chance.shuffle(with_slots)
    wanted = min(COPIES * len(with_slots), MOST - len(utterances))
    values = _values(with_slots)
    open_slots = {name for name, said in values.items() if _is_open(said)} - set(never_any)
    spoken = [text.split() for text in talk]
    known = set(utterances)
    copies: dict[AnnotatedUtterance, None] = {}
    for utterance in _in_turn(with_slots, 2 * wanted):
        if len(copies) >= wanted:
            break
        said = [
            _said(span, values[span.name], span.name in open_slots, spoken, chance)
            for span in _spans(utterance)
        ]
        copy = _with_values(utterance, said)
        if copy not in known:
            copies[copy] = None
    return list(copies)


def _in_turn(utterances: Sequence[AnnotatedUtterance], count: int) -> Iterator[AnnotatedUtterance]:
    for number in range(count):
        yield utterances[number % len(utterances)]


def _values(utterances: Sequence[AnnotatedUtterance]) -> dict[str, list[str]]:
    """Return all that is said in each slot, as often as it is."""
    values = defaultdict(list)
    for utterance in utterances:
        for span in utterance.frame.slots:
            values[span.name].append(span.text)
    return values


def _is_open(said: Sequence[str]) -> bool:
    different = len(set(map(normalize, said)))
    return len(said) >= OPEN_VALUES and different > OPEN_SHARE * len(said)


def _spans(utterance: AnnotatedUtterance) -> list[SlotSpan]:
    return sorted(utterance.frame.slots, key=lambda span: span.start)


def _said(
    span: SlotSpan,
    values: Sequence[str],
    is_open: bool,
    spoken: Sequence[Sequence[str]],
    chance: random.Random,
) -> str:
    if is_open and spoken and chance.random() < ANY_WORDS:
        count = len(span.text.split()) + chance.choice((-1, 0, 0, 1))
        return _cut(spoken, max(1, count), chance)
    return chance.choice(values) if chance.random() < SWAPPED else span.text


def _cut(spoken: Sequence[Sequence[str]], count: int, chance: random.Random) -> str:
    """Return ``count`` words that follow each other in some talk, or all of a shorter one."""
    words = chance.choice(spoken)
    start = chance.randrange(max(1, len(words) - count + 1))
    chosen = " ".join(words[start : start + count])
    return chosen.strip(" .,;:!?") or chosen


def _with_values(utterance: AnnotatedUtterance, said: Sequence[str]) -> AnnotatedUtterance:
    text, end = "", 0
    spans = []
    for span, words in zip(_spans(utterance), said, strict=True):
        text += utterance.text[end : span.start]
        spans.append(SlotSpan(span.name, len(text), len(text) + len(words), words))
        text, end = text + words, span.end
    frame = Frame(utterance.frame.intent, tuple(spans))
    return AnnotatedUtterance(text + utterance.text[end:], frame)
