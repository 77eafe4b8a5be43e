"""The one rule book: what an interaction model that can be stored must still fulfil.

Severity "error" refuses an upload or a build. A rule is an error where Alexa is known to
refuse the document too, or where the engine could not tell what is meant; rules that are
known only by hearsay, and everything that merely makes a skill worse, are warnings.
docs/interaction-model-rules.md lists them.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from nlu_engine import builtins
from nlu_engine.dialog_model import (
    COMPARED_TYPES,
    COMPARISONS,
    DATED_TYPES,
    DURATIONS,
    RULED_TYPES,
    VALIDATIONS,
    dialog_intents,
    objects,
    prompts_of,
)
from nlu_engine.documents import shown
from nlu_engine.errors import Problem
from nlu_engine.resolution import joint_of
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.type_settings import settings_problems
from nlu_engine.utterances import is_blank, normalize

if TYPE_CHECKING:
    from nlu_engine.interaction_model import Intent, InteractionModel, Slot, SlotType, SlotValue

LOCALES = (
    "ar-SA",
    "de-DE",
    "en-AU",
    "en-CA",
    "en-GB",
    "en-IN",
    "en-US",
    "es-ES",
    "es-MX",
    "es-US",
    "fr-CA",
    "fr-FR",
    "hi-IN",
    "it-IT",
    "ja-JP",
    "nl-NL",
    "pt-BR",
)

REFUSED_BY_BUILD = frozenset({"no-custom-intent", "no-sample", "too-many-slot-names"})
"""Codes of the warnings that only a build refuses: Alexa takes such documents."""

MAX_VALUE_LENGTH = 140
MAX_SAMPLE_LENGTH = 200
MOST_SAMPLE_LENGTH = 1_000
MAX_SLOTS_IN_SAMPLE = 30
# Time and memory of the training grow with the square of the number of slot names.
MAX_SLOT_NAMES = 500
MAX_INTENTS = 250
MAX_SLOT_VALUES = 50_000

_NAME = re.compile(r"[A-Za-z_]+\Z")
_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LAUNCH_WORDS = frozenset(
    {"alexa", "amazon", "echo", "computer", "ask", "tell", "open", "launch", "load", "begin"}
    | {"start", "enable", "skill", "app"}
)
# What opens a skill in German, besides: "öffne", "frage", "sprich mit" ... and its name.
_GERMAN_LAUNCH_WORDS = frozenset({"starte", "öffne", "frage", "lade", "sprich", "benutze"})
# Of invocation names in English: words that lead to the request ("ask pizza corner to ..."),
# and those that make no name of two words.
_CONNECTING_WORDS = frozenset({"to", "from", "by", "if", "and", "whether", "in", "using"})
_SMALL_WORDS = frozenset({"a", "an", "the", "about", "at", "for", "of", "off", "on", "up", "with"})
# Besides letters, marks and spaces: what Alexa allows, and the joiners, direction marks and
# typographic signs that ordinary writing of its locales needs.
_SAMPLE_CHARACTERS = frozenset("._'-’‘\u200c\u200d\u200e\u200f・")

# As HTML writes it too.
_AMPERSAND = re.compile(r"(?<=[\w}])\s*&(?:amp;)?\s*(?=[\w{])")


class _Hints:
    """Names the nearest known name; only so often, for a hostile document has many names."""

    def __init__(self) -> None:
        self._left = 100

    def closest(self, name: str, known: Iterable[str], otherwise: str = "") -> str:
        """Return the fix "Did you mean ...?" where a known name is near, then ``otherwise``."""
        self._left -= 1
        if self._left < 0 or len(name) > 64:
            return otherwise
        candidates = {other.lower().removeprefix("amazon."): other for other in islice(known, 300)}
        wanted = name.lower().removeprefix("amazon.")
        near = difflib.get_close_matches(wanted, list(candidates), 1, 0.7)
        hint = f"Did you mean {candidates[near[0]]!r}?" if near else ""
        return " ".join(part for part in (hint, otherwise) if part)


@dataclass(frozen=True)
class _Scope:
    """What the samples of an intent may name."""

    intent: str
    slots: dict[str, str]  # slot name -> slot type
    hints: _Hints


def problems_of(model: InteractionModel, locale: str) -> list[Problem]:
    """Return every rule that ``model`` breaks, in the order of the document."""
    root, hints = model.path(), _Hints()
    types = dict.fromkeys(slot_type.name for slot_type in model.slot_types)
    found = list(_locale(locale))
    found += invocation_name_problems(model.invocation_name, locale, f"{root}.invocationName")
    found += _intents(model, f"{root}.intents")
    found += _slot_names(model, f"{root}.intents")
    for index, intent in enumerate(model.intents):
        found += _intent(intent, types, hints, f"{root}.intents[{index}]")
    found += _sample_conflicts(model, f"{root}.intents")
    found += _duplicates(model.slot_types, f"{root}.types", "slot type", "slot-type")
    for index, slot_type in enumerate(model.slot_types):
        found += _slot_type(slot_type, hints, f"{root}.types[{index}]")
    found += _total_values(model, f"{root}.types")
    return found + list(_dialog(model, hints))


def is_slot_name(name: str) -> bool:
    """Return whether Alexa takes ``name`` for a slot."""
    return bool(_NAME.match(name))


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """Return ``problems`` with one for each slot that an intent does not declare.

    Whoever forgot a slot has named it in many samples: of these the first one is shown.
    """
    first: dict[Any, Problem] = {}
    counts: Counter[Any] = Counter()
    for number, problem in enumerate(problems):
        same = (problem.message, problem.fix) if problem.code == "undeclared-slot" else number
        first.setdefault(same, problem)
        counts[same] += 1
    return [_of_many(problem, counts[same]) for same, problem in first.items()]


def _of_many(problem: Problem, count: int) -> Problem:
    if count == 1:
        return problem
    name = problem.message.removeprefix("The sample names ")
    return replace(problem, message=f"{count:,} samples name {name} The first is shown.")


def _error(code: str, path: str, message: str, value: Any, fix: str) -> Problem:
    return Problem(code, path, message, shown(value), fix, "error")


def _warning(code: str, path: str, message: str, value: Any, fix: str) -> Problem:
    return Problem(code, path, message, shown(value), fix, "warning")


def _locale(locale: str) -> Iterator[Problem]:
    if locale not in LOCALES:
        message = f"The locale {shown(locale)!r} is not one of Alexa's."
        fix = f"Use one of {', '.join(LOCALES)}."
        yield _error("unsupported-locale", "$", message, locale, fix)


def invocation_name_problems(
    name: str, locale: str, path: str = "$.invocationName"
) -> list[Problem]:
    """Return what Alexa advises against in an invocation name; ``path`` says where it stands."""
    if not name.strip():
        message = "There is no invocation name: nobody can open the skill by voice."
        fix = "Add one of two or more words."
        return [_warning("no-invocation-name", path, message, name, fix)]
    advice = chain(_invocation_letters(name), _invocation_words(name.lower().split(), locale))
    return [_warning("invocation-name", path, message, name, fix) for message, fix in advice]


def _invocation_letters(name: str) -> Iterator[tuple[str, str]]:
    if name != name.lower():
        yield "An invocation name is written in lower case.", f"Write {name.lower()!r}."
    if not all(_is_letter(character) or character in " .'’" for character in name):
        yield (
            "An invocation name has only letters, spaces, apostrophes and periods.",
            "Spell digits and symbols out.",
        )
    if not 2 <= len(name) <= 50:
        yield "An invocation name has 2 to 50 characters.", "Change its length."
    if name != " ".join(name.split()):
        yield (
            "An invocation name has single spaces, and only between its words.",
            f"Write {' '.join(name.split())!r}.",
        )


def _invocation_words(words: list[str], locale: str) -> Iterator[tuple[str, str]]:
    is_english, small = locale.startswith("en"), sorted(_SMALL_WORDS & set(words))
    german = _GERMAN_LAUNCH_WORDS if locale.startswith("de") else frozenset()
    for word in sorted((_LAUNCH_WORDS | german) & set(words)):
        yield f"An invocation name must not contain the word {word!r}.", "Leave the word out."
    if len(words) == 1 and not locale.startswith("ja"):
        yield "Alexa takes one word alone only if it is your brand.", "Add a second word."
    if not is_english:
        return
    for word in sorted(_CONNECTING_WORDS & set(words)):
        yield (
            f"{word!r} leads from an invocation name to the request, so it is no part of one.",
            "Leave the word out.",
        )
    if len(words) == 2 and small:
        yield f"A name of two words has no article or preposition ({small[0]!r}).", "Add a word."


def _intents(model: InteractionModel, path: str) -> Iterator[Problem]:
    custom = model.custom_intents()
    yield from _duplicates(model.intents, path, "intent", "intent")
    if len(model.intents) > MAX_INTENTS:
        message = f"There are {len(model.intents)} intents; Alexa takes at most {MAX_INTENTS}."
        yield _warning("too-many-intents", path, message, len(model.intents), "Remove some.")
    if not model.intents:
        message = "There is no intent."
        yield _error("no-intent", path, message, [], "Add an intent with sample utterances.")
    elif not custom:
        message = "There is no intent of your own, so there is nothing to train."
        yield _warning("no-custom-intent", path, message, len(model.intents), "Add an intent.")
    elif not any(sample.strip() for intent in custom for sample in intent.samples):
        message = "No intent of your own has a sample utterance, so there is nothing to train."
        yield _warning("no-sample", path, message, None, "Add sample utterances to an intent.")
    elif len(custom) == 1:
        message = "There is only one intent of your own: every utterance will be parsed as it."
        yield _warning("only-one-intent", path, message, custom[0].name, "Add a second intent.")


def _slot_names(model: InteractionModel, path: str) -> Iterator[Problem]:
    names = {slot.name for intent in model.custom_intents() for slot in intent.slots}
    if len(names) > MAX_SLOT_NAMES:
        message = f"There are {len(names):,} different slot names; a build takes {MAX_SLOT_NAMES}."
        fix = "Give slots that hold the same kind of thing the same name in all intents."
        yield _warning("too-many-slot-names", path, message, len(names), fix)


def _duplicates(items: Iterable[Any], path: str, what: str, code: str) -> Iterator[Problem]:
    """Yield an error for a name said again, a warning for one that differs only in case."""
    first: dict[str, tuple[int, str]] = {}
    exact: set[str] = set()
    for index, item in enumerate(items):
        place = f"{path}[{index}].name"
        earlier = first.setdefault(item.name.lower(), (index, item.name))
        if item.name in exact:
            message = f"The {what} {item.name!r} is declared again (first at [{earlier[0]}])."
            fix = "Rename or remove one of them."
            yield _error(f"duplicate-{code}", place, message, item.name, fix)
        elif earlier[0] != index:
            message = f"The {what}s {earlier[1]!r} and {item.name!r} differ only in case."
            yield _warning(f"similar-{code}", place, message, item.name, "Rename one of them.")
        exact.add(item.name)


def _intent(intent: Intent, types: dict[str, None], hints: _Hints, path: str) -> Iterator[Problem]:
    yield from _intent_name(intent, hints, f"{path}.name")
    yield from _duplicates(intent.slots, f"{path}.slots", "slot", "slot")
    scope = _Scope(intent.name, {slot.name: slot.type for slot in intent.slots}, hints)
    for index, slot in enumerate(intent.slots):
        yield from _slot(slot, types, hints, f"{path}.slots[{index}]")
        for number, sample in enumerate(slot.samples):
            yield from _sample(sample, scope, f"{path}.slots[{index}].samples[{number}]")
    for index, sample in enumerate(intent.samples):
        yield from _sample(sample, scope, f"{path}.samples[{index}]", is_answer=False)
    if not intent.is_builtin and not any(sample.strip() for sample in intent.samples):
        message = f"{intent.name!r} has no sample utterances, so it will never be recognised."
        fix = "Add sample utterances, or keep it for dialogs that your code opens."
        yield _warning("intent-without-samples", f"{path}.samples", message, intent.name, fix)


def _intent_name(intent: Intent, hints: _Hints, path: str) -> Iterator[Problem]:
    if is_blank(intent.name):
        yield _error("empty-name", path, "The intent has no name.", intent.name, "Name it.")
    elif not intent.is_builtin and not _NAME.match(intent.name):
        message = "Alexa takes only the letters A to Z and _ in the name of an intent."
        yield _warning("bad-intent-name", path, message, intent.name, "Rename it.")
    elif intent.is_builtin and intent.name not in builtins.INTENTS:
        message = f"{intent.name} is not a built-in intent that we know; only its samples count."
        fix = hints.closest(intent.name, builtins.INTENTS)
        yield _warning("unknown-built-in-intent", path, message, intent.name, fix)


def _slot(slot: Slot, types: dict[str, None], hints: _Hints, path: str) -> Iterator[Problem]:
    if is_blank(slot.name) or set("{}|") & set(slot.name):
        message = "The name of a slot must not be empty or contain {, } or |."
        yield _error("bad-slot-name", f"{path}.name", message, slot.name, "Rename it.")
    elif not _NAME.match(slot.name):
        message = "Alexa takes only the letters A to Z and _ in the name of a slot."
        yield _warning("bad-slot-name", f"{path}.name", message, slot.name, "Rename it.")
    if slot.type in types or slot.type in builtins.SLOT_TYPES:
        return
    if slot.type.startswith("AMAZON.") and len(slot.type) > len("AMAZON."):
        message = f"{slot.type} is not a built-in slot type that we know: it takes any words."
        fix = hints.closest(slot.type, builtins.SLOT_TYPES)
        yield _warning("unknown-built-in-type", f"{path}.type", message, slot.type, fix)
        return
    message = f"The slot type {slot.type!r} is not declared and not one of Alexa's AMAZON.* types."
    fix = hints.closest(slot.type, chain(types, builtins.SLOT_TYPES), "Declare it under types.")
    yield _error("undeclared-slot-type", f"{path}.type", message, slot.type, fix)


def _sample(sample: str, scope: _Scope, path: str, *, is_answer: bool = True) -> Iterator[Problem]:
    """Check a sample of an intent or, with ``is_answer``, one that answers for a slot."""
    if not sample.strip():
        message = "The sample utterance is empty."
        yield _error("empty-sample", path, message, sample, "Write or remove it.")
        return
    yield from _sample_length(sample, path)
    try:
        chunks = parse_template(sample)
    except TemplateError as error:
        yield _error("bad-braces", path, str(error), sample, "Write a slot as {slotName}.")
        return
    yield from _characters("".join(c.text for c in chunks if not c.slot), sample, path)
    yield from _slots_of_sample([c.slot for c in chunks if c.slot], sample, scope, path)
    only_slots = not any(c.text.strip() for c in chunks if not c.slot)
    phrases = any(scope.slots.get(c.slot) == "AMAZON.SearchQuery" for c in chunks)
    if only_slots and phrases and not is_answer:
        message = "AMAZON.SearchQuery needs words around it: it takes anything."
        yield _error("no-carrier-phrase", path, message, sample, "Add words, e.g. 'find {query}'.")


def _sample_length(sample: str, path: str) -> Iterator[Problem]:
    message = f"The sample has {len(sample):,} characters; Alexa takes {MAX_SAMPLE_LENGTH}."
    if len(sample) > MOST_SAMPLE_LENGTH:
        message = f"The sample has {len(sample):,} characters, more than {MOST_SAMPLE_LENGTH:,}."
        yield _error("sample-too-long", path, message, sample, "Shorten or split it.")
    elif len(sample) > MAX_SAMPLE_LENGTH:
        yield _warning("long-sample", path, message, sample, "Shorten it.")


def _slots_of_sample(names: list[str], sample: str, scope: _Scope, path: str) -> Iterator[Problem]:
    if len(names) > MAX_SLOTS_IN_SAMPLE:
        message = f"The sample has {len(names)} slots; at most {MAX_SLOTS_IN_SAMPLE} are accepted."
        yield _error("too-many-slots", path, message, sample, "Split it.")
    for name in dict.fromkeys(name for name in names if name not in scope.slots):
        message = f"The sample names the slot {name!r}, which {scope.intent!r} does not declare."
        otherwise = f"Add {name!r} to the slots of {scope.intent!r}."
        fix = scope.hints.closest(name, scope.slots, otherwise)
        yield _error("undeclared-slot", path, message, sample, fix)


def _characters(literal: str, sample: str, path: str) -> Iterator[Problem]:
    bad = [c for c in dict.fromkeys(literal) if not _is_sample_character(c)]
    if digits := [c for c in bad if unicodedata.category(c) == "Nd"]:
        message = f"Alexa wants numbers spelled out, not digits ({''.join(digits)})."
        yield _warning("digits-in-sample", path, message, sample, "Write them as words.")
    if others := [c for c in bad if c not in digits]:
        listed = " ".join(_visible(character) for character in others[:10])
        message = f"Alexa does not take {listed} in a sample (InvalidCharInSamples)."
        fix = "Only letters, spaces, periods, underscores, apostrophes and hyphens; remove it."
        yield _error("invalid-character", path, message, sample, fix)


def _sample_conflicts(model: InteractionModel, path: str) -> Iterator[Problem]:
    """Yield a warning for each sample that an intent of the skill has already."""
    first: dict[str, tuple[str, str, int]] = {}
    for number, intent in enumerate(model.intents):
        for index, sample in enumerate(intent.samples):
            if len(sample) > MOST_SAMPLE_LENGTH:
                continue  # Refused anyway, and a million accents take hours to normalize.
            place = f"{path}[{number}].samples[{index}]"
            mine = (place, intent.name, index + 1)
            earlier, owner, line = first.setdefault(normalize(sample), mine)
            if earlier == place or not sample.strip():
                continue
            code = "duplicate-sample" if owner == intent.name else "conflicting-sample"
            message = f"This sample stands already in line {line} of the intent {owner!r}."
            yield _warning(code, place, message, sample, "Remove one of the two.")


def _slot_type(slot_type: SlotType, hints: _Hints, path: str) -> Iterator[Problem]:
    yield from _slot_type_name(slot_type.name, hints, f"{path}.name")
    supplier = slot_type.extra.get("unknown", {}).get("valueSupplier")
    if supplier is not None:
        message = "Values from a catalog or supplier are kept, but not used in training."
        fix = "List values to train on them."
        yield _warning("value-supplier", f"{path}.valueSupplier", message, supplier, fix)
    elif not slot_type.values and not slot_type.name.startswith("AMAZON."):
        yield from _without_values(slot_type, path)
    yield from settings_problems(slot_type.extra, path)
    surfaces: dict[str, int] = {}
    for index, value in enumerate(slot_type.values):
        yield from _value(value, f"{path}.values[{index}]")
        if len(value.value) > MAX_VALUE_LENGTH:
            continue  # Refused anyway, and a million accents take hours to normalize.
        earlier = surfaces.setdefault(normalize(value.value), index)
        if earlier != index:
            message = "The slot type has this value already."
            place = f"{path}.values[{index}]"
            yield _warning("duplicate-value", place, message, value.value, "Remove one of them.")


def _without_values(slot_type: SlotType, path: str) -> Iterator[Problem]:
    settings, place = slot_type.settings, f"{path}.values"
    if settings.is_closed and not settings.patterns:
        message = f"The slot type {slot_type.name!r} is closed and has no values: it accepts none."
        yield _warning("closed-without-values", place, message, None, "Add values, or open it.")
    elif not settings.patterns:
        message = f"The slot type {slot_type.name!r} has no values: it takes any words."
        yield _warning("no-values", place, message, None, "Add values.")


def _slot_type_name(name: str, hints: _Hints, path: str) -> Iterator[Problem]:
    if name.startswith("AMAZON.") and len(name) > len("AMAZON."):
        if name not in builtins.SLOT_TYPES:
            message = f"{name} extends no built-in slot type that we know."
            fix = hints.closest(name, builtins.SLOT_TYPES)
            yield _warning("unknown-built-in-type", path, message, name, fix)
        elif name in RULED_TYPES:
            message = f"Alexa documents the extension of list types only, and {name} is none."
            fix = "Make a slot type of your own for the values."
            yield _warning("not-extensible", path, message, name, fix)
    elif not _TYPE_NAME.match(name):
        message = "The name of a slot type has only the letters A to Z and _."
        yield _error("bad-slot-type-name", path, message, name, "Rename it.")
    elif not _NAME.match(name):
        message = "Alexa takes only the letters A to Z and _ in the name of a slot type."
        yield _warning("bad-slot-type-name", path, message, name, "Rename it.")


def _value(value: SlotValue, path: str) -> Iterator[Problem]:
    path = path if value.extra.get("shape", {}).get("form") == "text" else f"{path}.name"
    plain = not path.endswith(".name")
    texts = [(path if plain else f"{path}.value", value.value)]
    texts += [(f"{path}.synonyms[{i}]", synonym) for i, synonym in enumerate(value.synonyms)]
    for place, text in texts:
        if is_blank(text):
            message = "The value is empty."
            yield _error("empty-value", place, message, text, "Write or remove it.")
        elif len(text) > MAX_VALUE_LENGTH:
            message = f"The value has {len(text)} characters; Alexa takes {MAX_VALUE_LENGTH}."
            yield _error("long-value", place, message, text, "Shorten it.")


def _total_values(model: InteractionModel, path: str) -> Iterator[Problem]:
    total = sum(1 + len(v.synonyms) for t in model.slot_types for v in t.values)
    if total > MAX_SLOT_VALUES:
        message = f"All slot types have {total:,} values and synonyms; Alexa takes 50,000."
        yield _error("too-many-values", path, message, total, "Remove some.")


def _dialog(model: InteractionModel, hints: _Hints) -> Iterator[Problem]:
    """Yield where dialog and prompts do not fit the language model, or each other."""
    root = model.path().removesuffix(".languageModel")
    intents = {intent.name: intent for intent in model.intents}
    prompts = {prompt.get("id") for prompt in prompts_of(model.extra)}
    for number, found in enumerate(dialog_intents(model.extra)):
        path, name = f"{root}.dialog.intents[{number}]", str(found.get("name"))
        intent = intents.get(name)
        if intent is None:
            message = f"The dialog is about the intent {name!r}, which there is not."
            fix = hints.closest(name, intents, "Remove it from the dialog.")
            yield _warning("unknown-dialog-intent", f"{path}.name", message, name, fix)
            continue
        yield from _prompt_ids(found, prompts, path)
        slots = {slot.name: slot for slot in intent.slots}
        for index, one in enumerate(objects(found.get("slots"))):
            place, slot = f"{path}.slots[{index}]", slots.get(str(one.get("name")))
            yield from _dialog_slot(one, slot, name, prompts, place)


def _dialog_slot(
    found: dict[str, Any], slot: Slot | None, intent: str, prompts: set[Any], path: str
) -> Iterator[Problem]:
    name = str(found.get("name"))
    if slot is None:
        message = f"The dialog asks for the slot {name!r}, which {intent!r} does not declare."
        fix = f"Add it to the slots of {intent!r}, or remove it from the dialog."
        yield _warning("unknown-dialog-slot", f"{path}.name", message, name, fix)
        return
    if found.get("type", slot.type) != slot.type:
        message = f"In the dialog the slot {name!r} has another type than in the intent."
        fix = f"Write {slot.type!r}."
        yield _warning("dialog-slot-type", f"{path}.type", message, found.get("type"), fix)
    ids = found.get("prompts")
    asks = ids.get("elicitation") if isinstance(ids, dict) else None
    if found.get("elicitationRequired") is True and not asks:
        message = f"The slot {name!r} is required, but no prompt asks for it."
        yield _warning("no-elicitation-prompt", path, message, name, "Write what to ask.")
    yield from _prompt_ids(found, prompts, path)
    for index, one in enumerate(objects(found.get("validations"))):
        yield from _validation(one, slot, prompts, f"{path}.validations[{index}]")


def _prompt_ids(found: dict[str, Any], prompts: set[Any], path: str) -> Iterator[Problem]:
    ids = found.get("prompts")
    for key, id_ in ids.items() if isinstance(ids, dict) else ():
        if id_ and id_ not in prompts:
            message = f"There is no prompt {id_!r}."
            fix = "Add it under prompts, or write what to ask anew."
            yield _warning("missing-prompt", f"{path}.prompts.{key}", message, id_, fix)


def _validation(
    found: dict[str, Any], slot: Slot, prompts: set[Any], path: str
) -> Iterator[Problem]:
    kind, place = str(found.get("type")), f"{path}.type"
    if kind not in VALIDATIONS:
        message = f"{kind!r} is none of Alexa's validations."
        yield _warning("unknown-validation", place, message, kind, f"Use {', '.join(VALIDATIONS)}.")
        return
    if found.get("prompt") not in prompts:
        message = "There is no prompt for a value that does not pass."
        fix = "Write what to ask then."
        yield _warning("missing-prompt", f"{path}.prompt", message, found.get("prompt"), fix)
    if (kind in COMPARISONS and slot.type not in COMPARED_TYPES) or (
        kind in DURATIONS and slot.type not in DATED_TYPES
    ):
        message = f"Values of {slot.type} are no numbers, dates or times to compare."
        fix = "Use isInSet, or a slot type of numbers, dates or times."
        yield _warning("validation-type", place, message, kind, fix)
    if kind == "hasEntityResolutionMatch" and slot.type in RULED_TYPES:
        message = f"{slot.type} has no list of values that a value could match."
        yield _warning("validation-type", place, message, kind, "Remove this validation.")


def with_spoken_ampersands(sample: str, locale: str) -> str:
    """Return ``sample`` with the word that people say for each & between two words."""
    joint = joint_of(locale)
    return _AMPERSAND.sub(f" {joint} ", sample) if joint.isalpha() else sample


def with_allowed_characters(sample: str, locale: str) -> str:
    """Return ``sample`` with a space for each character outside braces that Alexa refuses.

    Where there is a word for it, as for &, the word stands there.
    """
    parts = re.split(r"(\{[^{}]*\})", with_spoken_ampersands(sample, locale))
    cleaned = (
        part
        if part.startswith("{")
        else "".join(c if _is_sample_character(c) or c.isdecimal() else " " for c in part)
        for part in parts
    )
    return " ".join("".join(cleaned).split())


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_sample_character(character: str) -> bool:
    return (
        _is_letter(character)
        or character in _SAMPLE_CHARACTERS
        or unicodedata.category(character) == "Zs"
    )


def _visible(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
