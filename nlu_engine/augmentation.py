"""More to learn from than people wrote: the same utterances with other words in their slots.

A copy of an utterance takes other values for its slots from the training set itself, as data
augmentation by mention replacement does (Dai and Adel 2020). Slots whose values hardly repeat,
such as titles and names, now and then take any words whatever, cut out of everyday talk: what
is said there tells nothing about where it ends, only the words around it do. What a copy says comes
from the content of its utterance, so copies of others stay as they are when one is edited.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from nlu_engine.choices import Choices, mark
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
SEVERAL = 0.4
"""Share of the copies in which a slot that takes several values at once takes two or three."""
OPEN_VALUES = 4
OPEN_SHARE = 0.8
"""A slot is open if it has OPEN_VALUES or more, and this share of them are different."""


def copies_of(
    utterances: Sequence[AnnotatedUtterance],
    talk: Sequence[str] = (),
    *,
    seed: int,
    never_any: Collection[str] = (),
    several: Collection[str] = (),
    joint: str = "and",
) -> list[AnnotatedUtterance]:
    """Return copies of ``utterances`` with other values; the same for the same seed.

    ``talk``: texts that have nothing to do with the skill, to cut words from; without it,
    slots take their own values alone, and so do those in ``never_any``. The slots in ``several``
    take more than one value at once, with ``joint`` between the last two.
    """
    marked = {mark(seed, one.text, one.frame.intent): one for one in utterances if one.frame.slots}
    with_slots = sorted(marked.items())
    wanted = min(COPIES * len(with_slots), MOST - len(utterances))
    values = _values(one for _, one in with_slots)
    open_slots = {name for name, one in values.items() if one.are_open} - set(never_any)
    spoken = [text.split() for text in talk]
    known = set(utterances)
    copies: dict[AnnotatedUtterance, None] = {}
    for turn, own, utterance in _in_turn(with_slots, 2 * wanted):
        if len(copies) >= wanted:
            break
        chance = random.Random(mark(own, turn))
        said = [
            _several(values[span.name], joint, chance)
            if span.name in several and chance.random() < SEVERAL
            else _said(span, values[span.name], span.name in open_slots, spoken, chance)
            for span in _spans(utterance)
        ]
        copy = _with_values(utterance, said)
        if copy not in known:
            copies[copy] = None
    return list(copies)


def _in_turn(
    utterances: Sequence[tuple[int, AnnotatedUtterance]], count: int
) -> Iterator[tuple[int, int, AnnotatedUtterance]]:
    """Yield the number of the round, a mark and its utterance, round after round."""
    for number in range(count):
        yield number // len(utterances), *utterances[number % len(utterances)]


class _Values:
    """All that is said in a slot, as often as it is."""

    def __init__(self, said: Sequence[str]) -> None:
        self.said = said
        often: Counter[str] = Counter()
        marks = []
        for text in said:
            often[text] += 1
            marks.append(mark(text, often[text]))
        self._choices = Choices(marks)

    @property
    def are_open(self) -> bool:
        """Whether they hardly repeat."""
        different = len(set(map(normalize, self.said)))
        return len(self.said) >= OPEN_VALUES and different > OPEN_SHARE * len(self.said)

    def one(self, chance: random.Random) -> str:
        """Return one of them; whatever else is among them, mostly the same by the same chance."""
        return self.said[self._choices.of(chance.getrandbits(64), 1)[0]]


def _values(utterances: Iterable[AnnotatedUtterance]) -> dict[str, _Values]:
    said = defaultdict(list)
    for utterance in utterances:
        for span in utterance.frame.slots:
            said[span.name].append(span.text)
    return {name: _Values(texts) for name, texts in said.items()}


def _spans(utterance: AnnotatedUtterance) -> list[SlotSpan]:
    return sorted(utterance.frame.slots, key=lambda span: span.start)


def _said(
    span: SlotSpan,
    values: _Values,
    is_open: bool,
    spoken: Sequence[Sequence[str]],
    chance: random.Random,
) -> str:
    if is_open and spoken and chance.random() < ANY_WORDS:
        count = len(span.text.split()) + chance.choice((-1, 0, 0, 1))
        return _cut(spoken, max(1, count), chance)
    return values.one(chance) if chance.random() < SWAPPED else span.text


def _several(values: _Values, joint: str, chance: random.Random) -> str:
    """Return two or three values as people say them one after the other: "ham, corn and olives"."""
    different = list(dict.fromkeys(values.one(chance) for _ in range(chance.choice((2, 2, 3)))))
    *first, last = different
    return f"{', '.join(first)} {joint} {last}" if first else last


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
