"""Sample utterances with slots become annotated utterances that a parser can learn from.

Values are dealt like cards: each slot type has one shuffled deck of all its value names and
synonyms, and of examples of its patterns; every slot that is filled takes the next card. Samples
are filled again until each deck has gone round once, so every value is seen; a budget bounds
large slot types.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from nlu_engine import builtins
from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.patterns import said_examples
from nlu_engine.templates import Chunk, TemplateError, parse_template
from nlu_engine.utterances import normalize

COPIES = 5
"""How often a sample with slots is filled at least, while the budget lasts."""

MAX_UTTERANCES = 2_000
"""Budget of filled samples a skill: training stays quick whatever the slot types hold."""

_ATTEMPTS = 4


@dataclass(frozen=True)
class _Template:
    intent: str
    chunks: tuple[Chunk, ...]
    types: dict[str, str]  # slot name -> slot type

    def open_types(self) -> list[str]:
        """Return the slot type of each slot that wants a value, in order."""
        return [self.types[c.slot] for c in self.chunks if c.slot and not c.text]


class _Deck:
    """The surface forms of a slot type, each with its value's name, dealt round by round."""

    def __init__(self, cards: list[tuple[str, str | None]], seed: str) -> None:
        self.cards = cards
        self.dealt = 0
        self._random = random.Random(seed)
        self._random.shuffle(self.cards)

    def deal(self) -> tuple[str, str | None]:
        """Return the next card; no card comes twice in a row, where there are two."""
        place = self.dealt % len(self.cards)
        if self.dealt and place == 0:
            # A new order each round, else samples would meet the same values again.
            last = self.cards[-1]
            self._random.shuffle(self.cards)
            if self.cards[0] == last:
                self.cards[0], self.cards[-1] = self.cards[-1], self.cards[0]
        self.dealt += 1
        return self.cards[place]

    @property
    def unseen(self) -> int:
        """How many cards have not been dealt yet."""
        return max(0, len(self.cards) - self.dealt)


def expand(model: InteractionModel, *, locale: str, seed: int = 0) -> list[AnnotatedUtterance]:
    """Return annotated utterances for the samples of the developer's own intents.

    Slot-free samples come once. Each sample with slots is filled COPIES times or more,
    until every value and synonym of its slot types has been said, at most about
    MAX_UTTERANCES times in all (every sample at least once). The same model, locale and
    seed give the same list. Samples of AMAZON.* intents are left out: they are looked up.
    """
    templates = _templates(model)
    decks = _decks(model, templates, locale, seed)
    plain = [template for template in templates if not template.open_types()]
    filled = [template for template in templates if template.open_types()]
    utterances = [_fill(template, decks) for template in plain]
    utterances += _fill_all(filled, decks)
    unique = dict.fromkeys(u for u in utterances if u.text)
    by_intent = {intent.name: number for number, intent in enumerate(model.intents)}
    return sorted(unique, key=lambda utterance: by_intent[utterance.frame.intent])


def _templates(model: InteractionModel) -> list[_Template]:
    found = [
        template
        for intent in model.custom_intents()
        for types in [{slot.name: slot.type for slot in intent.slots}]
        for sample in intent.samples
        if (template := _template(intent.name, types, sample))
    ]
    unique = {(template.intent, template.chunks): template for template in reversed(found)}
    return list(reversed(unique.values()))


def _template(intent: str, types: dict[str, str], sample: str) -> _Template | None:
    """Return the template of ``sample``; None where the rule book refuses it anyway."""
    try:
        chunks = parse_template(" ".join(sample.split()))
    except TemplateError:
        return None
    if not chunks or any(chunk.slot and chunk.slot not in types for chunk in chunks):
        return None
    return _Template(intent, tuple(chunks), types)


def _decks(
    model: InteractionModel, templates: Iterable[_Template], locale: str, seed: int
) -> dict[str, _Deck]:
    own = {slot_type.name: slot_type for slot_type in model.slot_types}
    decks: dict[str, _Deck] = {}
    for name in dict.fromkeys(t for template in templates for t in template.open_types()):
        cards: dict[str, tuple[str, str | None]] = {}
        for value in own[name].values if name in own else ():
            for surface in (value.value, *value.synonyms):
                cards.setdefault(normalize(surface), (" ".join(surface.split()), value.value))
        patterns = own[name].settings.patterns if name in own else ()
        for surface, meant in said_examples(patterns, seed=f"{seed}:{name}") if patterns else ():
            cards.setdefault(normalize(surface), (surface, meant))
        if name.startswith("AMAZON.") or not any(cards):
            for surface in builtins.sample_values(name, locale):
                cards.setdefault(normalize(surface), (surface, None))
        cards.pop("", None)
        decks[name] = _Deck(list(cards.values()), f"{seed}:{name}")
    return decks


def _fill_all(templates: list[_Template], decks: dict[str, _Deck]) -> list[AnnotatedUtterance]:
    """Fill each template COPIES times, then on in turn until every deck has gone round."""
    utterances: dict[AnnotatedUtterance, None] = {}
    copies = min(COPIES, max(1, MAX_UTTERANCES // max(1, len(templates))))
    for _ in range(copies):
        for template in templates:
            utterances[_fill_anew(template, decks, utterances)] = None
    for template in _in_turn(templates, decks):
        if len(utterances) >= MAX_UTTERANCES:
            break
        utterances[_fill(template, decks)] = None
    return list(utterances)


def _fill_anew(
    template: _Template, decks: dict[str, _Deck], known: Collection[AnnotatedUtterance]
) -> AnnotatedUtterance:
    """Fill ``template`` so that it is not in ``known``, unless a few attempts all fail."""
    for _ in range(_ATTEMPTS):
        utterance = _fill(template, decks)
        if utterance not in known:
            break
    return utterance


def _in_turn(templates: list[_Template], decks: dict[str, _Deck]) -> Iterator[_Template]:
    """Yield, round after round, the templates that can say a value not said yet."""
    waiting = templates
    while waiting := [t for t in waiting if any(decks[name].unseen for name in t.open_types())]:
        for template in waiting:
            if any(decks[name].unseen for name in template.open_types()):
                yield template


def _fill(template: _Template, decks: dict[str, _Deck]) -> AnnotatedUtterance:
    text = ""
    spans: list[SlotSpan] = []
    for chunk in template.chunks:
        said, value = chunk.text, None
        if chunk.slot and not said:
            said, value = decks[template.types[chunk.slot]].deal()
        if chunk.slot:
            spans.append(SlotSpan(chunk.slot, len(text), len(text) + len(said), said, value))
        text += said
    return AnnotatedUtterance(text, Frame(template.intent, tuple(spans)))
