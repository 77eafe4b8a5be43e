"""The dialog model of a document: what is asked for and confirmed, and with which prompts.

Alexa keeps it beside the language model, in ``dialog`` and ``prompts``, and an interaction model
here keeps both as they came, in ``extra``. These functions read a slot's or an intent's part of
it, and make a new ``extra`` with another one: whatever they do not know stays, so does the id of
a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

SETS = ("isInSet", "isNotInSet")
COMPARISONS = ("isGreaterThan", "isGreaterThanOrEqualTo", "isLessThan", "isLessThanOrEqualTo")
DURATIONS = ("isInDuration", "isNotInDuration")
VALIDATIONS = ("hasEntityResolutionMatch", *SETS, *COMPARISONS, *DURATIONS)
"""The nine validations that Alexa has."""

STRATEGIES = ("ALWAYS", "SKILL_RESPONSE")
COMPARED_TYPES = frozenset(
    {"AMAZON.NUMBER", "AMAZON.FOUR_DIGIT_NUMBER", "AMAZON.Ordinal"}
    | {"AMAZON.DATE", "AMAZON.TIME", "AMAZON.DURATION"}
)
DATED_TYPES = frozenset({"AMAZON.DATE", "AMAZON.TIME"})
RULED_TYPES = COMPARED_TYPES | {"AMAZON.AlphaNumeric", "AMAZON.PhoneNumber", "AMAZON.SearchQuery"}
"""Slot types that have no list of values in which a value could be found."""

Extra = dict[str, Any]
_Object = dict[str, Any]


@dataclass(frozen=True)
class Validation:
    """What a value must fulfil, and the prompts that ask for another one if it does not."""

    type: str
    prompts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    value: str = ""
    start: str = ""
    end: str = ""


@dataclass(frozen=True)
class SlotDialog:
    """What a dialog does about a slot; of each prompt the texts that take turns."""

    is_required: bool = False
    is_confirmed: bool = False
    elicitation: tuple[str, ...] = ()
    confirmation: tuple[str, ...] = ()
    validations: tuple[Validation, ...] = ()


@dataclass(frozen=True)
class IntentDialog:
    """What a dialog does about an intent; ``strategy`` "" is that of the skill."""

    is_confirmed: bool = False
    confirmation: tuple[str, ...] = ()
    strategy: str = ""


def objects(value: Any) -> list[_Object]:
    """Return the objects of a list: a document is kept as it came, whatever it holds."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def dialog_of(extra: Extra) -> _Object:
    """Return ``dialog`` of a document, {} if there is none."""
    return _part(extra, "dialog", dict) or {}


def prompts_of(extra: Extra) -> list[_Object]:
    """Return the prompts of a document."""
    return objects(_part(extra, "prompts", list))


def _part(extra: Extra, key: str, kind: type) -> Any:
    for part in extra.values():
        found = part.get("unknown", {}).get(key) if isinstance(part, dict) else None
        if isinstance(found, kind):
            return found
    return None


def dialog_intents(extra: Extra, name: str | None = None) -> list[_Object]:
    """Return what the dialog says of intents, of all or of that ``name``."""
    found = objects(dialog_of(extra).get("intents"))
    return [one for one in found if name is None or one.get("name") == name]


def dialog_slots(extra: Extra, intent: str | None = None, name: str | None = None) -> list[_Object]:
    """Return what the dialog says of slots, of all or of those that are named."""
    found = [slot for one in dialog_intents(extra, intent) for slot in objects(one.get("slots"))]
    return [one for one in found if name is None or one.get("name") == name]


# --- Reading --------------------------------------------------------------------------------


def slot_dialog(extra: Extra, intent: str, slot: str) -> SlotDialog:
    """Return what the dialog does about a slot."""
    for found in dialog_slots(extra, intent, slot):
        return SlotDialog(
            is_required=found.get("elicitationRequired") is True,
            is_confirmed=found.get("confirmationRequired") is True,
            elicitation=_texts(extra, _prompt_id(found, "elicitation")),
            confirmation=_texts(extra, _prompt_id(found, "confirmation")),
            validations=tuple(_validation(extra, one) for one in objects(found.get("validations"))),
        )
    return SlotDialog()


def intent_dialog(extra: Extra, intent: str) -> IntentDialog:
    """Return what the dialog does about an intent."""
    for found in dialog_intents(extra, intent):
        return IntentDialog(
            is_confirmed=found.get("confirmationRequired") is True,
            confirmation=_texts(extra, _prompt_id(found, "confirmation")),
            strategy=str(found.get("delegationStrategy") or ""),
        )
    return IntentDialog()


def _validation(extra: Extra, found: _Object) -> Validation:
    values = found.get("values")
    return Validation(
        type=str(found.get("type")),
        prompts=_texts(extra, found.get("prompt")),
        values=tuple(map(str, values)) if isinstance(values, list) else (),
        **{key: str(found.get(key, "")) for key in ("value", "start", "end")},
    )


def _prompt_id(found: _Object, kind: str) -> Any:
    prompts = found.get("prompts")
    return prompts.get(kind) if isinstance(prompts, dict) else None


def _texts(extra: Extra, prompt: Any) -> tuple[str, ...]:
    for found in prompts_of(extra):
        if prompt is not None and found.get("id") == prompt:
            variations = objects(found.get("variations"))
            return tuple(_on_one_line(one) for one in variations)
    return ()


def _on_one_line(variation: _Object) -> str:
    """Return the text of a variation as it is shown, and found again, among others."""
    return " ".join(str(variation.get("value", "")).split())


# --- Writing --------------------------------------------------------------------------------


def with_slot_dialog(
    extra: Extra,
    layout: str,
    intent: str,
    slots: Sequence[tuple[str, str]],
    slot: str,
    new: SlotDialog,
) -> Extra:
    """Return ``extra`` with ``new`` for ``slot``; ``slots`` are names and types of the intent's.

    ``layout`` is that of the interaction model: it says where a first dialog goes.
    """
    if new == slot_dialog(extra, intent, slot):
        return extra
    writer = _Writer(extra, layout)
    found = writer.slot(intent, slots, slot)
    found["elicitationRequired"], found["confirmationRequired"] = new.is_required, new.is_confirmed
    named = f"{intent}.{slot}"
    writer.prompt(found, "elicitation", f"Elicit.Slot.{named}", new.elicitation)
    writer.prompt(found, "confirmation", f"Confirm.Slot.{named}", new.confirmation)
    writer.validations(found, f"Slot.Validation.{named}", new.validations)
    return writer.finished()


def with_intent_dialog(
    extra: Extra, layout: str, intent: str, slots: Sequence[tuple[str, str]], new: IntentDialog
) -> Extra:
    """Return ``extra`` with ``new`` for ``intent``, which has ``slots``."""
    if new == intent_dialog(extra, intent):
        return extra
    writer = _Writer(extra, layout)
    found = writer.intent(intent, slots)
    found["confirmationRequired"] = new.is_confirmed
    if new.strategy:
        found["delegationStrategy"] = new.strategy
    else:
        found.pop("delegationStrategy", None)
    writer.prompt(found, "confirmation", f"Confirm.Intent.{intent}", new.confirmation)
    return writer.finished()


def with_dialog_parts(
    extra: Extra, layout: str, intent: _Object, prompts: Sequence[_Object]
) -> Extra:
    """Return ``extra`` with the dialog of one more ``intent`` and more ``prompts``, as they are."""
    writer = _Writer(extra, layout)
    writer.dialog_intents().append(intent)
    writer.prompts().extend(prompts)
    return writer.new


def without_slot(extra: Extra, intent: str, slot: str) -> Extra:
    """Return ``extra`` without what the dialog says of a slot, and its prompts."""
    if not dialog_slots(extra, intent, slot):
        return extra
    new = deepcopy(extra)
    for found in dialog_intents(new, intent):
        found["slots"] = [
            one
            for one in found.get("slots") or ()
            if not isinstance(one, dict) or one.get("name") != slot
        ]
    return _without_orphans(extra, new)


def without_intent(extra: Extra, intent: str) -> Extra:
    """Return ``extra`` without what the dialog says of an intent, and its prompts."""
    if not dialog_intents(extra, intent):
        return extra
    new = deepcopy(extra)
    dialog = dialog_of(new)
    dialog["intents"] = [
        one for one in dialog["intents"] if not isinstance(one, dict) or one.get("name") != intent
    ]
    return _without_orphans(extra, new)


def with_renamed_mentions(extra: Extra, intent: str, old: str, new: str) -> Extra:
    """Return ``extra`` with {old} as {new} in the prompts that ``intent`` alone uses."""
    copy = deepcopy(extra)
    own = _references(dialog_intents(copy, intent))
    others = _references(one for one in dialog_intents(copy) if one.get("name") != intent)
    for prompt in prompts_of(copy):
        if prompt.get("id") in own - others:
            for one in objects(prompt.get("variations")):
                if isinstance(one.get("value"), str):
                    one["value"] = re.sub(
                        r"\{\s*" + re.escape(old) + r"\s*\}", f"{{{new}}}", one["value"]
                    )
    return copy


def _references(found: Iterable[_Object]) -> set[str]:
    """Return the ids of the prompts that some intents of a dialog use."""
    return {id_ for intent in found for id_ in ids_in(intent)}


def ids_in(intent: _Object) -> Iterator[str]:
    """Yield the id of each prompt that the dialog uses for an intent, its slots and validations."""
    for found in (intent, *objects(intent.get("slots"))):
        prompts = found.get("prompts")
        yield from (
            (id_ for id_ in (prompts or {}).values() if isinstance(id_, str))
            if isinstance(prompts, dict)
            else ()
        )
        for one in objects(found.get("validations")):
            if isinstance(one.get("prompt"), str):
                yield one["prompt"]


def _without_orphans(old: Extra, new: Extra) -> Extra:
    """Remove from ``new`` the prompts that ``old`` used and it does not use any more."""
    gone = _references(dialog_intents(old)) - _references(dialog_intents(new))
    for part in new.values():
        prompts = part.get("unknown", {}).get("prompts")
        if gone and isinstance(prompts, list):
            part["unknown"]["prompts"] = [
                one for one in prompts if not (isinstance(one, dict) and one.get("id") in gone)
            ]
    return new


class _Writer:
    """Writes into a copy of ``extra``."""

    def __init__(self, extra: Extra, layout: str) -> None:
        self.old, self.new = extra, deepcopy(extra)
        home = self.new.setdefault("languageModel" if layout == "flat" else "interactionModel", {})
        self.home: _Object = home.setdefault("unknown", {})

    def finished(self) -> Extra:
        return _without_orphans(self.old, self.new)

    def intent(self, name: str, slots: Sequence[tuple[str, str]]) -> _Object:
        for found in dialog_intents(self.new, name):
            return found
        # Alexa wants all slots of an intent that it has a dialog for.
        listed = [_new_slot(*pair) for pair in slots]
        made = {"name": name, "confirmationRequired": False, "prompts": {}, "slots": listed}
        self.dialog_intents().append(made)
        return made

    def dialog_intents(self) -> list[Any]:
        """Return the dialog's list of intents, which is made where there is none."""
        dialog = _part(self.new, "dialog", dict)
        if dialog is None:
            dialog = self.home["dialog"] = {}
        if not isinstance(dialog.get("intents"), list):
            dialog["intents"] = []
        listed: list[Any] = dialog["intents"]
        return listed

    def prompts(self) -> list[Any]:
        """Return the list of prompts, which is made where there is none."""
        found = _part(self.new, "prompts", list)
        if found is None:
            found = self.home["prompts"] = []
        prompts: list[Any] = found
        return prompts

    def slot(self, intent: str, slots: Sequence[tuple[str, str]], name: str) -> _Object:
        within = self.intent(intent, slots)
        for found in dialog_slots(self.new, intent, name):
            return found
        if not isinstance(within.get("slots"), list):
            within["slots"] = []
        made = _new_slot(name, dict(slots)[name])
        within["slots"].append(made)
        return made

    def prompt(self, found: _Object, kind: str, wanted: str, texts: Sequence[str]) -> None:
        """Write ``texts`` as the prompt of that ``kind``; none of them removes it."""
        ids = found.get("prompts")
        if not isinstance(ids, dict):
            ids = found["prompts"] = {}
        if texts:
            ids[kind] = self._prompt(ids.get(kind), wanted, texts)
        else:
            ids.pop(kind, None)

    def validations(self, found: _Object, wanted: str, new: Sequence[Validation]) -> None:
        old = objects(found.get("validations"))
        made = []
        for one in new:
            # What was there of the same type keeps its prompt and what else it says.
            had = next((other for other in old if other.get("type") == one.type), None)
            if had is not None:
                old.remove(had)
            made.append(self._validation(had or {"type": one.type}, wanted, one))
        if made or "validations" in found:
            found["validations"] = made

    def _validation(self, had: _Object, wanted: str, new: Validation) -> _Object:
        before = _validation(self.old, had)
        had["prompt"] = self._prompt(had.get("prompt"), wanted, new.prompts)
        if new.type in SETS and new.values != before.values:
            had["values"] = list(new.values)
        keys = ("value",) if new.type in COMPARISONS else ("start", "end")
        for key in keys if new.type in (*COMPARISONS, *DURATIONS) else ():
            if getattr(new, key) != getattr(before, key):
                had[key] = getattr(new, key)
        return had

    def _prompt(self, id_: Any, wanted: str, texts: Sequence[str]) -> str:
        """Return the id of the prompt that says ``texts``: ``id_`` unless others use that too."""
        if isinstance(id_, str) and list(_texts(self.new, id_)) == list(texts):
            return id_
        taken = {prompt.get("id") for prompt in prompts_of(self.new)}
        uses = [used for intent in dialog_intents(self.new) for used in ids_in(intent)]
        known = _variations(self.new, id_)
        own = id_ if isinstance(id_, str) and uses.count(id_) < 2 else free_id(wanted, taken)
        self._write(own, [known.get(text) or _variation(text) for text in texts])
        return own

    def _write(self, id_: str, variations: list[_Object]) -> None:
        for prompt in prompts_of(self.new):
            if prompt.get("id") == id_:
                prompt["variations"] = variations
                return
        self.prompts().append({"id": id_, "variations": variations})


def free_id(wanted: str, taken: set[Any]) -> str:
    """Return ``wanted``, or with the first number after it that makes it another than ``taken``."""
    numbered = (f"{wanted}.{number}" for number in count(2))
    return next(id_ for id_ in chain([wanted], numbered) if id_ not in taken)


def _variations(extra: Extra, id_: Any) -> dict[str, _Object]:
    """Return the variations of a prompt by their text."""
    found = [p for p in prompts_of(extra) if id_ is not None and p.get("id") == id_]
    return {_on_one_line(one): one for p in found for one in objects(p.get("variations"))}


def _variation(text: str) -> _Object:
    return {"type": "SSML" if text.startswith("<speak") else "PlainText", "value": text}


def _new_slot(name: str, type_name: str) -> _Object:
    return {
        "name": name,
        "type": type_name,
        "elicitationRequired": False,
        "confirmationRequired": False,
        "prompts": {},
    }
