"""Sample utterances with slots become annotated utterances that a parser can learn from.

Values are dealt like cards: a slot type is a deck of all its value names and synonyms, and of
examples of its patterns. Each sample shuffles the decks of its slot types in its own way, which
comes from its content, and fills its slots from the top. What no sample has said then, one more
filling says, of a sample that comes from the content of the card; a budget bounds large slot types.
So an edit moves the utterances of the sample that was edited, or a few that say the value, and all
others stay as they were: their encodings are known from the build before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from nlu_engine import builtins
from nlu_engine.choices import Choices, mark
from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.patterns import said_examples
from nlu_engine.templates import Chunk, TemplateError, parse_template
from nlu_engine.utterances import normalize

COPIES = 5
"""How often a sample with slots is filled at least, while there are few of them."""
REFILLED = 500
"""Filled samples of a skill, or as many as it has values to say if those are more, up to which they
are filled more than once. More would leave no room for copies with any words in their slots
(``augmentation``), which teach more (docs/experiments.md)."""

MAX_UTTERANCES = 2_000
"""Budget of filled samples a skill: training stays quick whatever the slot types hold."""

_ATTEMPTS = 4
_HAND = 64
"""Cards that a sample takes of a deck at once, at most."""


@dataclass(frozen=True)
class _Template:
    intent: str
    chunks: tuple[Chunk, ...]
    types: dict[str, str]  # slot name -> slot type

    def open_types(self) -> list[str]:
        """Return the slot type of each slot that wants a value, in order."""
        return [self.types[c.slot] for c in self.chunks if c.slot and not c.text]

    def mark(self, seed: int) -> int:
        """Return the mark of what was written, the same in whatever intent it stands."""
        return mark(seed, [(chunk.text, chunk.slot) for chunk in self.chunks])


class _Deck:
    """The surface forms of a slot type, each with its value's name; ``unsaid`` ones by place."""

    def __init__(self, cards: list[tuple[str, str | None]], seed: str) -> None:
        self.cards = cards
        self.marks = [mark(seed, surface) for surface, _ in cards]
        self.unsaid = set(range(len(cards)))
        self._choices = Choices(self.marks)

    def hand(self, holder: int) -> Iterator[int]:
        """Yield places without end, in an order of the holder's own; no two alike in a row."""
        last = -1
        for turn in count():
            places = self._choices.of(mark(holder, turn) if turn else holder, _HAND)
            if places[0] == last:
                places[0], places[-1] = places[-1], places[0]
            yield from places
            last = places[-1]

    def say(self, place: int) -> tuple[str, str | None]:
        """Return the card at ``place``, which is said from now on."""
        self.unsaid.discard(place)
        return self.cards[place]


def expand(model: InteractionModel, *, locale: str, seed: int = 0) -> list[AnnotatedUtterance]:
    """Return annotated utterances for the samples of the developer's own intents.

    Slot-free samples come once. Each sample with slots is filled COPIES times or more, or as often
    as REFILLED allows, but at least once. Then go on those that say what nobody has said yet, until
    every value and synonym of the slot types has been said or there are MAX_UTTERANCES. The same
    model, locale and seed give the same list. Samples of AMAZON.* intents are left out: they are
    looked up.
    """
    templates = _templates(model)
    decks = _decks(model, templates, locale, seed)
    plain = [template for template in templates if not template.open_types()]
    filled = [template for template in templates if template.open_types()]
    utterances = [_fill(template, (), decks) for template in plain]
    utterances += _fill_all(filled, decks, seed)
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


def _fill_all(
    templates: list[_Template], decks: dict[str, _Deck], seed: int
) -> list[AnnotatedUtterance]:
    """Fill each template up to COPIES times, then those that say what nobody has said yet."""
    utterances: dict[AnnotatedUtterance, None] = {}
    wanted = min(max(REFILLED, sum(len(deck.cards) for deck in decks.values())), MAX_UTTERANCES)
    copies = min(COPIES, max(1, wanted // max(1, len(templates))))
    marks = [template.mark(seed) for template in templates]
    dealt = [_hands(one, own, decks) for one, own in zip(templates, marks, strict=True)]
    for _ in range(copies):
        for template, hands in zip(templates, dealt, strict=True):
            utterances[_fill_anew(template, hands, decks, utterances)] = None
    able = {name: _able(name, templates, marks) for name in decks}
    for name, place in _unsaid(decks):
        if len(utterances) >= MAX_UTTERANCES:
            break
        numbers, choices = able[name]
        card = decks[name].marks[place]
        number = numbers[choices.of(card, 1)[0]]
        hands = _hands(templates[number], mark(marks[number], name, card), decks)
        places = _places(templates[number], hands, (name, place, card))
        utterances[_fill(templates[number], places, decks)] = None
    return list(utterances)


def _hands(template: _Template, holder: int, decks: dict[str, _Deck]) -> dict[str, Iterator[int]]:
    return {name: decks[name].hand(mark(holder, name)) for name in template.open_types()}


def _able(name: str, templates: list[_Template], marks: list[int]) -> tuple[list[int], Choices]:
    """Return which ``templates`` have a slot of the type ``name``, and the choice of them."""
    numbers = [number for number, one in enumerate(templates) if name in one.open_types()]
    return numbers, Choices(marks[number] for number in numbers)


def _unsaid(decks: dict[str, _Deck]) -> Iterator[tuple[str, int]]:
    """Yield a card of each deck in turn that is not said when it is its turn, to the last."""
    waiting = {
        name: sorted(deck.unsaid, key=deck.marks.__getitem__, reverse=True)
        for name, deck in decks.items()
    }
    while any(waiting.values()):
        for name, places in waiting.items():
            while places and places[-1] not in decks[name].unsaid:
                places.pop()
            if places:
                yield name, places.pop()


def _fill_anew(
    template: _Template,
    hands: dict[str, Iterator[int]],
    decks: dict[str, _Deck],
    known: Collection[AnnotatedUtterance],
) -> AnnotatedUtterance:
    """Fill ``template`` so that it is not in ``known``, unless a few attempts all fail."""
    for _ in range(_ATTEMPTS):
        utterance = _fill(template, _places(template, hands), decks)
        if utterance not in known:
            break
    return utterance


def _places(
    template: _Template,
    hands: dict[str, Iterator[int]],
    wanted: tuple[str, int, int] | None = None,
) -> list[int]:
    """Return a card of its deck for each open slot: ``wanted``, of a type, by its mark in one."""
    types = template.open_types()
    name, place, card = wanted or ("", -1, 0)
    able = [number for number, one in enumerate(types) if one == name]
    chosen = able[card % len(able)] if able else -1
    places = [place if n == chosen else next(hands[one]) for n, one in enumerate(types)]
    again = [n for n in able if n != chosen and places[n] == place]
    for number in again:
        # Not twice in an utterance, where there is another.
        places[number] = next(hands[name])
    return places


def _fill(
    template: _Template, places: Sequence[int], decks: dict[str, _Deck]
) -> AnnotatedUtterance:
    """Fill the open slots of ``template`` with the cards at ``places``."""
    text = ""
    spans: list[SlotSpan] = []
    left = iter(places)
    for chunk in template.chunks:
        said, value = chunk.text, None
        if chunk.slot and not said:
            said, value = decks[template.types[chunk.slot]].say(next(left))
        if chunk.slot:
            spans.append(SlotSpan(chunk.slot, len(text), len(text) + len(said), said, value))
        text += said
    return AnnotatedUtterance(text, Frame(template.intent, tuple(spans)))
