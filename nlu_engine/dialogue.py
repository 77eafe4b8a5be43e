"""Talking until an intent is fulfilled, as the dialog model of a document says.

A pure state machine: from the state (intent, slots, what was asked), the next utterance and
its parse it makes the next state and what is said. Required slots are elicited, values are
validated and confirmed slot by slot, then the intent is confirmed. A slot that takes several
values keeps each, and each has to pass. What a closed slot type does not know fills no slot,
so it is asked for again. Nothing is kept here: a state is a JSON document that the caller
sends back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from dateutil.relativedelta import relativedelta

from nlu_engine import builtins
from nlu_engine.errors import InvalidDialogueState
from nlu_engine.frames import Parse, SaidValue
from nlu_engine.interaction_model import Intent, InteractionModel, Slot
from nlu_engine.resolution import (
    MATCH,
    NO_MATCH,
    PHRASE_TYPE,
    RULED_TYPES,
    Resolution,
    Resolver,
    joined,
    pieces_of,
)
from nlu_engine.spoken_times import as_datetime
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.training_data import resolver_of
from nlu_engine.utterances import normalize

ELICIT_SLOT = "Dialog.ElicitSlot"
CONFIRM_SLOT = "Dialog.ConfirmSlot"
CONFIRM_INTENT = "Dialog.ConfirmIntent"

ASKING = "asking"
FULFILLED = "fulfilled"
DENIED = "denied"
LEFT = "left"
OUTCOMES = (ASKING, FULFILLED, DENIED, LEFT)
"""A dialogue waits for an answer, is fulfilled, was denied at the end, or was left."""

NONE, CONFIRMED, REFUSED = "NONE", "CONFIRMED", "DENIED"
_Found = Resolution | SaidValue
MAX_STATE_SLOTS = 1_000

_LEAVING = ("AMAZON.StopIntent", "AMAZON.CancelIntent", "AMAZON.NavigateHomeIntent")
_BY_SKILL = "The delegation strategy is SKILL_RESPONSE: on Alexa, your code asks these questions."
_NO_TOPICS = ("AMAZON.YesIntent", "AMAZON.NoIntent", "AMAZON.FallbackIntent")
_MAX_ANSWER = 300
"""Longest answer, in characters, that is set against samples; more costs too much time."""

_SWITCHES_AT = 0.9
"""An answer of two words or more that is not understood changes the intent if a parser is so
sure of another; one word says too little."""


@dataclass(frozen=True)
class FilledSlot:
    """A slot with what was said for it, what that resolves to, and whether it was confirmed.

    ``values``: each value, of a slot that takes several; ``value`` names all of them then.
    """

    name: str
    text: str
    value: str
    id: str | None = None
    status: str | None = None
    confirmationStatus: str = NONE
    values: tuple[SaidValue, ...] = ()

    @classmethod
    def of(cls, name: str, text: str, found: _Found, values: tuple[SaidValue, ...]) -> FilledSlot:
        """Return the slot with what ``text`` was ``found`` to be, or with each of ``values``."""
        if len(values) == 1:
            found = values[0]
        if len(values) < 2:
            return cls(name, text, found.value, found.id, found.status, values=values)
        status = MATCH if all(one.status == MATCH for one in values) else NO_MATCH
        named = ", ".join(one.value for one in values)
        return cls(name, text, named, None, status, values=values)

    def each(self) -> list[FilledSlot]:
        """Return a slot for each of the values, itself where there are not several."""
        parts = (FilledSlot.of(self.name, one.text, one, ()) for one in self.values)
        return list(parts) or [self]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; only a slot that takes several values has ``values``."""
        document = asdict(self)
        return document if self.values else {k: v for k, v in document.items() if k != "values"}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> FilledSlot:
        """Return the slot of ``to_dict``; raises TypeError where it is none."""
        values = tuple(SaidValue(**one) for one in document.get("values", ()))
        return cls(**document | {"values": values})


@dataclass(frozen=True)
class DialogAct:
    """What is asked: ``type`` is Alexa's name, ``targetSlot`` "" when it is about the intent."""

    type: str
    targetSlot: str = ""


@dataclass(frozen=True)
class State:
    """Where a dialogue stands; as JSON it goes to the caller and comes back."""

    intent: str
    slots: tuple[FilledSlot, ...] = ()
    confirmationStatus: str = NONE
    asked: DialogAct | None = None
    turns: int = 0

    def slot(self, name: str) -> FilledSlot | None:
        """Return the slot of that name if it is filled."""
        return next((slot for slot in self.slots if slot.name == name), None)

    def with_slot(self, slot: FilledSlot) -> State:
        """Return the state with ``slot`` in place of one of that name."""
        others = tuple(other for other in self.slots if other.name != slot.name)
        return replace(self, slots=(*others, slot))

    def without_slot(self, name: str) -> State:
        """Return the state in which the slot ``name`` is empty."""
        return replace(self, slots=tuple(slot for slot in self.slots if slot.name != name))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "intent": self.intent,
            "confirmationStatus": self.confirmationStatus,
            "slots": {slot.name: slot.to_dict() for slot in self.slots},
            "asked": self.asked and asdict(self.asked),
            "turns": self.turns,
        }

    @classmethod
    def from_dict(cls, document: Any) -> State:
        """Return the state of ``to_dict``; raises InvalidDialogueState where it is none."""
        try:
            slots = tuple(map(FilledSlot.from_dict, document["slots"].values()))
            asked = document["asked"] and DialogAct(**document["asked"])
            state = cls(
                document["intent"], slots, document["confirmationStatus"], asked, document["turns"]
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise InvalidDialogueState(f"The state is none of a dialogue: {error!r}.") from None
        _refuse_odd(state, document)
        return state


def _refuse_odd(state: State, document: Any) -> None:
    """Raise InvalidDialogueState if something in ``state`` has a type or value of no dialogue."""
    several = (value for slot in state.slots for value in slot.values)
    values: list[FilledSlot | SaidValue] = [*state.slots, *several]
    said = [text for one in values for text in (one.text, one.value)]
    said += [slot.name for slot in state.slots]
    perhaps = [text for one in values for text in (one.id, one.status) if text is not None]
    statuses = [state.confirmationStatus, *(slot.confirmationStatus for slot in state.slots)]
    asked = state.asked or DialogAct(ELICIT_SLOT)
    texts = [state.intent, *said, *perhaps, asked.type, asked.targetSlot]
    sound = (
        all(isinstance(text, str) for text in texts)
        and all(status in (NONE, CONFIRMED, REFUSED) for status in statuses)
        and asked.type in (ELICIT_SLOT, CONFIRM_SLOT, CONFIRM_INTENT)
        and type(state.turns) is int
        and 0 <= state.turns < 1_000_000
        and len(values) <= MAX_STATE_SLOTS
        and list(document["slots"]) == [slot.name for slot in state.slots]
    )
    if not sound:
        raise InvalidDialogueState("The state is none of a dialogue. Send back what was answered.")


@dataclass(frozen=True)
class Turn:
    """What came of an utterance: the next state, what is said, and how it was understood.

    ``violated``: the type of the validation that the last value does not pass, else "".
    ``notes``: what an author should know, such as a prompt that is missing.
    """

    state: State
    outcome: str
    prompt: str = ""
    violated: str = ""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, with ``dialogAct`` as Alexa's profiler has it."""
        asked = self.state.asked
        return {
            "outcome": self.outcome,
            "prompt": self.prompt,
            "dialogAct": asked and asdict(asked),
            "violated": self.violated,
            "notes": list(self.notes),
            "state": self.state.to_dict(),
        }


@dataclass(frozen=True)
class SlotRules:
    """What the dialog model asks of a slot."""

    name: str
    required: bool = False
    confirmed: bool = False
    prompts: dict[str, str] = field(default_factory=dict)
    validations: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class _IntentRules:
    """What the dialog model asks of an intent, its slots in order."""

    slots: tuple[SlotRules, ...] = ()
    confirmed: bool = False
    prompts: dict[str, str] = field(default_factory=dict)
    by_skill: bool = False


class Dialogue:
    """The dialogues of a skill, read from its document."""

    def __init__(self, model: InteractionModel, locale: str) -> None:
        document = model.to_json()
        inner = document.get("interactionModel", document)
        self._intents = {intent.name: intent for intent in model.intents}
        self._rules = _rules_of(inner.get("dialog"))
        self._prompts = _prompts_of(inner.get("prompts"))
        self._model = model
        self._locale = locale

    @property
    def intents(self) -> list[str]:
        """Return the intents that the dialog model says something about."""
        return [name for name in self._rules if name in self._intents]

    def slots_of(self, intent: str) -> list[SlotRules]:
        """Return what is asked of the slots of ``intent``: first those of the dialog model."""
        asked = self._rules.get(intent, _IntentRules()).slots
        known = {slot.name for slot in asked}
        own = self._intents[intent].slots if intent in self._intents else ()
        return [*asked, *(SlotRules(slot.name) for slot in own if slot.name not in known)]

    def turn(
        self, state: State | None, utterance: str, parse: Parse, reference: datetime | None
    ) -> Turn:
        """Return what comes of ``utterance``, whose parse is ``parse``.

        ``state`` None begins a dialogue with the intent of the parse. ``reference``: the
        moment that dates are relative to.
        """
        turn = self._turn(state, utterance, parse, reference)
        known = {(slot.name, slot.text) for slot in state.slots} if state else set()
        new = [slot for slot in turn.state.slots if (slot.name, slot.text) not in known]
        notes = (note for slot in new for note in self._uncounted(turn.state.intent, slot))
        return replace(turn, notes=(*turn.notes, *notes))

    def _uncounted(self, intent: str, filled: FilledSlot) -> Iterator[str]:
        """Yield a note for each of several values that the slot's closed type does not know."""
        for slot in self._intents[intent].slots if intent in self._intents else ():
            if slot.name == filled.name:
                yield from (_not_known(text, slot) for text in _left_out(filled, self._locale))

    def _turn(
        self, state: State | None, utterance: str, parse: Parse, reference: datetime | None
    ) -> Turn:
        if state is None or state.asked is None or state.intent not in self._intents:
            return self._begin(parse, reference)
        if self._leaves(utterance, parse):
            return Turn(replace(state, asked=None), LEFT)
        if state.asked.type == ELICIT_SLOT:
            return self._answered(state, state.asked.targetSlot, utterance, parse, reference)
        return self._confirmed(state, utterance, parse, reference)

    def _leaves(self, utterance: str, parse: Parse) -> bool:
        # Whether or not the skill has them: a person can always stop.
        return parse.frame.intent in _LEAVING or any(
            _says(intent, utterance, self._locale) for intent in _LEAVING
        )

    def _begin(self, parse: Parse, reference: datetime | None) -> Turn:
        name = parse.frame.intent
        if name not in self._intents:
            return Turn(State(name), FULFILLED)
        turn = self._next(self._filled(State(name), parse), reference)
        slots = {slot.name: slot for slot in self._intents[name].slots}
        refused = [span for span in parse.refused if span.name in slots]
        notes = tuple(_not_known(span.text, slots[span.name]) for span in refused)
        return replace(turn, notes=(*turn.notes, *notes))

    def _filled(self, state: State, parse: Parse) -> State:
        """Return ``state`` with the slots of ``parse``, as far as its intent has them."""
        own = {slot.name for slot in self._intents[state.intent].slots}
        for span in parse.frame.slots:
            if span.name in own:
                value = span.text if span.value is None else span.value
                found = SaidValue(span.text, value, span.id, span.status)
                state = state.with_slot(FilledSlot.of(span.name, span.text, found, span.values))
        return state

    def _answered(
        self, state: State, name: str, utterance: str, parse: Parse, reference: datetime | None
    ) -> Turn:
        """Take the answer to the question for a slot."""
        intent = self._intents[state.intent]
        slot = next((slot for slot in intent.slots if slot.name == name), None)
        if slot is None:
            return self._next(replace(state, asked=None), reference)
        resolver = resolver_of(replace(self._model, intents=(intent,)), self._locale)
        for found in (
            self._by_samples(intent, slot, utterance, resolver, reference),
            _whole(slot, utterance, resolver, reference, only_match=True),
            self._by_parse(state, slot, parse),
        ):
            if found:
                return self._next(_with_all(state, found), reference)
        if self._switches(state, utterance, parse):
            return self._begin(parse, reference)
        says = (_says(intent, utterance, self._locale) for intent in _NO_TOPICS)
        if slot.type in RULED_TYPES or any(says):
            return self._asks_again(state)
        if slot.name in resolver.closed:
            turn = self._asks_again(state)
            return replace(turn, notes=(*turn.notes, _not_known(utterance, slot)))
        found = _whole(slot, utterance, resolver, reference, only_match=False)
        return self._next(_with_all(state, found), reference)

    def _by_samples(
        self,
        intent: Intent,
        slot: Slot,
        utterance: str,
        resolver: Resolver,
        reference: datetime | None,
    ) -> list[FilledSlot]:
        """Return what a sample that the author wrote for this answer finds in ``utterance``.

        One whose values all match comes before one that is only of the same words.
        """
        names = {other.name for other in intent.slots}
        candidates = []
        for sample in slot.samples:
            if sample.strip() == f"{{{slot.name}}}":
                continue  # a bare value is looked at anyway
            spans = _fit(sample, utterance) or {}
            found = [_resolved(n, text, resolver, reference) for n, text in spans.items()]
            if any(one.status != MATCH and one.name in resolver.closed for one in found):
                continue
            unknown = sum(one.status != MATCH for one in found)
            only_slots = not re.sub(r"\{[^}]*\}", "", sample).strip()
            if spans and set(spans) <= names and not (only_slots and unknown):
                candidates.append((unknown, found))
        return min(candidates, key=lambda pair: pair[0])[1] if candidates else []

    def _by_parse(self, state: State, slot: Slot, parse: Parse) -> list[FilledSlot]:
        """Return the slots of the parse, if it is of this intent and has the one asked for."""
        filled = self._filled(State(state.intent), parse)
        if parse.frame.intent == state.intent and filled.slot(slot.name):
            return list(filled.slots)
        return []

    def _switches(self, state: State, utterance: str, parse: Parse) -> bool:
        stays = (state.intent, *_NO_TOPICS)
        other = parse.frame.intent not in stays and parse.frame.intent in self._intents
        return other and parse.confidence >= (_SWITCHES_AT if len(utterance.split()) > 1 else 1.0)

    def _confirmed(
        self, state: State, utterance: str, parse: Parse, reference: datetime | None
    ) -> Turn:
        """Take the answer to a question for yes or no."""
        assert state.asked is not None  # noqa: S101 - `turn` has looked
        name = state.asked.targetSlot
        yes = _says("AMAZON.YesIntent", utterance, self._locale)
        no = _says("AMAZON.NoIntent", utterance, self._locale)
        if not yes and not no:
            changed = self._filled(state, parse)
            if parse.frame.intent == state.intent and changed != state:
                return self._next(changed, reference)
            return self._asks_again(state)
        filled = state.slot(name)
        if filled and yes:
            confirmed = replace(filled, confirmationStatus=CONFIRMED)
            return self._next(state.with_slot(confirmed), reference)
        if name:
            return self._next(state.without_slot(name), reference)
        if yes:
            return self._next(replace(state, confirmationStatus=CONFIRMED), reference)
        return Turn(replace(state, confirmationStatus=REFUSED, asked=None), DENIED)

    def _asks_again(self, state: State) -> Turn:
        assert state.asked is not None  # noqa: S101 - `turn` has looked
        rules = self._rules.get(state.intent, _IntentRules())
        return self._ask(state, state.asked, _prompt_id(rules, state.asked))

    def _next(self, state: State, reference: datetime | None) -> Turn:
        """Return the first question that is still open, or that the intent is fulfilled."""
        rules = self._rules.get(state.intent, _IntentRules())
        for slot in rules.slots:
            filled = state.slot(slot.name)
            if filled is None and slot.required:
                act = DialogAct(ELICIT_SLOT, slot.name)
                return self._ask(state, act, slot.prompts.get("elicitation", ""))
            if filled is None:
                continue
            if broken := _violated(slot, filled, reference):
                act = DialogAct(ELICIT_SLOT, slot.name)
                turn = self._ask(state, act, str(broken.get("prompt") or ""))
                return replace(
                    turn,
                    state=turn.state.without_slot(slot.name),
                    violated=str(broken.get("type")),
                )
            if slot.confirmed and filled.confirmationStatus == NONE:
                act = DialogAct(CONFIRM_SLOT, slot.name)
                return self._ask(state, act, slot.prompts.get("confirmation", ""))
        if rules.confirmed and state.confirmationStatus == NONE:
            act = DialogAct(CONFIRM_INTENT)
            return self._ask(state, act, rules.prompts.get("confirmation", ""))
        notes = (_BY_SKILL,) if rules.by_skill else ()
        return Turn(replace(state, asked=None), FULFILLED, notes=notes)

    def _ask(self, state: State, act: DialogAct, prompt: str) -> Turn:
        variations = self._prompts.get(prompt, [])
        notes = () if variations else (_missing(prompt, act),)
        text = variations[state.turns % len(variations)] if variations else _plain(act)
        asked = replace(state, asked=act, turns=state.turns + 1)
        return Turn(asked, ASKING, _spoken(text, state, self._locale), notes=notes)


def _with_all(state: State, slots: list[FilledSlot]) -> State:
    for slot in slots:
        state = state.with_slot(slot)
    return state


def _says(intent: str, utterance: str, locale: str) -> bool:
    said = normalize(utterance).strip(" .!?")
    return said in map(normalize, builtins.intent_utterances(intent, locale))


def _resolved(name: str, text: str, resolver: Resolver, reference: datetime | None) -> FilledSlot:
    found = resolver.resolve(name, text, reference)
    values = resolver.resolve_each(name, text, reference)
    return FilledSlot.of(name, text, found, values)


def _whole(
    slot: Slot, utterance: str, resolver: Resolver, reference: datetime | None, *, only_match: bool
) -> list[FilledSlot]:
    """Return the slot filled with the whole utterance, [] where it does not match as wanted."""
    words = utterance.strip().rstrip(".!?").split()
    found = _resolved(slot.name, " ".join(words), resolver, reference)
    while found.status == MATCH and len(words := words[1:]) > 0 and slot.type != PHRASE_TYPE:
        # "On Friday" is said back as "Friday", since that means the same.
        shorter = _resolved(slot.name, " ".join(words), resolver, reference)
        if (shorter.value, shorter.status) != (found.value, MATCH):
            break
        found = shorter
    # Any words match a phrase, so a parse that finds it in a carrier phrase goes first.
    matches = found.status == MATCH and slot.type != PHRASE_TYPE
    return [found] if matches or not only_match else []


def _fit(sample: str, utterance: str) -> dict[str, str] | None:
    """Return the words that stand for the slots of ``sample`` in ``utterance``, if it fits."""
    try:
        chunks = parse_template(" ".join(sample.split()))
    except TemplateError:
        return None
    names: list[str] = []
    pattern = ""
    for chunk in chunks:
        if chunk.slot:
            names.append(chunk.slot)
            pattern += r"(\S.*?)"
        else:
            pattern += r"\s+".join(map(re.escape, re.split(r"\s+", chunk.text)))
    said = utterance.strip().rstrip(".!?")
    if len(said) > _MAX_ANSWER or len(names) > 4:
        return None
    found = re.fullmatch(pattern, said, re.IGNORECASE)
    return dict(zip(names, found.groups(), strict=True)) if found and names else None


# --- The dialog model ---------------------------------------------------------------------


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list; a document is stored as it came, whatever it holds."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _texts(value: Any) -> dict[str, str]:
    items = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in items if isinstance(text, str)}


def _rules_of(dialog: Any) -> dict[str, _IntentRules]:
    rules: dict[str, _IntentRules] = {}
    strategy = dialog.get("delegationStrategy") if isinstance(dialog, dict) else None
    for intent in _objects(dialog.get("intents") if isinstance(dialog, dict) else None):
        slots = tuple(
            SlotRules(
                str(slot.get("name")),
                slot.get("elicitationRequired") is True,
                slot.get("confirmationRequired") is True,
                _texts(slot.get("prompts")),
                tuple(_objects(slot.get("validations"))),
            )
            for slot in _objects(intent.get("slots"))
        )
        rules[str(intent.get("name"))] = _IntentRules(
            slots,
            intent.get("confirmationRequired") is True,
            _texts(intent.get("prompts")),
            intent.get("delegationStrategy", strategy) == "SKILL_RESPONSE",
        )
    return rules


def _prompts_of(prompts: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for prompt in _objects(prompts):
        texts = (variation.get("value") for variation in _objects(prompt.get("variations")))
        found[str(prompt.get("id"))] = [text for text in texts if isinstance(text, str)]
    return found


def _prompt_id(rules: _IntentRules, act: DialogAct) -> str:
    kind = "elicitation" if act.type == ELICIT_SLOT else "confirmation"
    if not act.targetSlot:
        return rules.prompts.get(kind, "")
    slots = (slot for slot in rules.slots if slot.name == act.targetSlot)
    return next((slot.prompts.get(kind, "") for slot in slots), "")


def _not_known(text: str, slot: Slot) -> str:
    return f"{text.strip()!r} is no value of {slot.type}, which is closed, so it does not count."


def _missing(prompt: str, act: DialogAct) -> str:
    what = f"the slot {act.targetSlot}" if act.targetSlot else "the intent"
    if prompt:
        return f"There is no prompt {prompt!r}, which {what} asks with."
    return f"There is no prompt for {what} yet; this one is made up."


def _plain(act: DialogAct) -> str:
    if act.type == ELICIT_SLOT:
        return f"What is {act.targetSlot}?"
    return f"Is {act.targetSlot} {{{act.targetSlot}}}?" if act.targetSlot else "Is that right?"


def _left_out(slot: FilledSlot, locale: str) -> list[str]:
    """Return what was said among several values and is none of them."""
    if not slot.values:
        return []
    pieces = pieces_of(slot.text, locale)
    return [text for text in pieces if not any(text in one.text for one in slot.values)]


def _said(slot: FilledSlot, locale: str) -> str:
    """Return the words for ``slot`` as they are said back: of several values those that count."""
    is_whole = not _left_out(slot, locale)
    return slot.text if is_whole else joined([one.text for one in slot.values], locale)


def _spoken(prompt: str, state: State, locale: str) -> str:
    """Return ``prompt`` as it is heard: slots filled in, SSML left out."""
    text = re.sub(r"<[^>]*>", "", prompt)
    for slot in state.slots:
        text = text.replace(f"{{{slot.name}}}", _said(slot, locale))
    return " ".join(text.split())


# --- Validations --------------------------------------------------------------------------

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "isGreaterThan": lambda value, bound: value > bound,
    "isGreaterThanOrEqualTo": lambda value, bound: value >= bound,
    "isLessThan": lambda value, bound: value < bound,
    "isLessThanOrEqualTo": lambda value, bound: value <= bound,
}


def _violated(
    slot: SlotRules, filled: FilledSlot, reference: datetime | None
) -> dict[str, Any] | None:
    """Return the first validation that ``filled`` does not pass."""
    return next((rule for rule in slot.validations if not passes(rule, filled, reference)), None)


def passes(validation: dict[str, Any], slot: FilledSlot, reference: datetime | None) -> bool:
    """Return whether ``slot`` passes ``validation`` (Alexa's JSON); one that is unknown passes.

    A value that cannot be compared (words where a number is wanted) does not pass. Of several
    values each has to.
    """
    return all(_passes(validation, one, reference) for one in slot.each())


def _passes(validation: dict[str, Any], slot: FilledSlot, reference: datetime | None) -> bool:
    kind = validation.get("type")
    if kind == "hasEntityResolutionMatch":
        return slot.status == MATCH
    if kind in ("isInSet", "isNotInSet"):
        values = validation.get("values")
        listed = values if isinstance(values, list) else []
        allowed = {normalize(str(value)) for value in listed if value is not None}
        said = {normalize(text) for text in (slot.text, slot.value, slot.id) if text}
        is_in_set: bool = kind == "isInSet"
        return bool(said & allowed) is is_in_set
    if compare := _COMPARISONS.get(str(kind)):
        pair = _comparable(slot.value, validation.get("value"), reference)
        return pair is not None and compare(*pair)
    if kind in ("isInDuration", "isNotInDuration"):
        inside = _in_duration(slot.value, validation, reference)
        wanted: bool = kind == "isInDuration"
        return inside is wanted
    return True


def _comparable(value: str, bound: Any, reference: datetime | None) -> tuple[Any, Any] | None:
    """Return both as numbers, or both as moments, or None."""
    try:
        numbers = Decimal(value), Decimal(str(bound))
    except InvalidOperation:
        moments = reference and (as_datetime(value, reference), _bound(str(bound), reference))
        return moments if moments and None not in moments else None
    return numbers if all(number.is_finite() for number in numbers) else None


def _in_duration(value: str, validation: dict[str, Any], reference: datetime | None) -> bool | None:
    """Return whether the date or time is between start and end, None where nobody can tell."""
    if reference is None:
        return None
    moment = as_datetime(value, reference)
    start, end = (_bound(str(validation.get(key, "")), reference) for key in ("start", "end"))
    if moment is None or start is None or end is None:
        return None
    if not re.fullmatch(r"\d\d:\d\d", value):
        return start.date() <= moment.date() <= end.date()
    return start <= moment <= end


_ISO_DURATION = re.compile(
    r"(?P<sign>-?)P(?=[\dT])(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?"
    r"(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?"
    r"(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,8})S)?)?"
)


def _bound(text: str, reference: datetime) -> datetime | None:
    """Return the moment that is an ISO 8601 duration from ``reference``, or a date or time."""
    found = _ISO_DURATION.fullmatch(text.strip().upper())
    if found is None:
        return as_datetime(text.strip(), reference)
    parts = found.groupdict()
    sign = -1 if parts.pop("sign") else 1
    shift: dict[str, Any] = {unit: sign * int(count or 0) for unit, count in parts.items()}
    try:
        moment: datetime = reference + relativedelta(**shift)
    except (ValueError, OverflowError):
        return None
    return moment


def read_state(text: str) -> State | None:
    """Return the state in JSON ``text``, None of an empty one; raises InvalidDialogueState."""
    if not text.strip():
        return None
    try:
        return State.from_dict(json.loads(text))
    except (ValueError, RecursionError):
        raise InvalidDialogueState("The state is not JSON. Begin the dialogue anew.") from None
