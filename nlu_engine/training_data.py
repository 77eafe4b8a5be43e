"""What both parsers learn from: annotated utterances, and what is looked up instead.

Comes from an interaction model (whose samples are expanded) or from labelled JSON lines
``{"text", "intent", "slots": [{"start", "end", "name", "value"}]}``.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nlu_engine import builtins
from nlu_engine.documents import MAX_PROBLEMS, kind_of, shown, text_problems
from nlu_engine.errors import InvalidInteractionModel, InvalidLabelledData, Problem
from nlu_engine.expansion import expand
from nlu_engine.frames import MAX_UTTERANCE_LENGTH, AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.interaction_model import InteractionModel, Slot, read_document
from nlu_engine.out_of_scope import FALLBACK_INTENT, LABELS, THRESHOLDS, Fallback
from nlu_engine.resolution import Apart, Resolver
from nlu_engine.utterances import normalize

MAX_DATA_BYTES = 500_000_000
"""Most bytes that a file of training data may hold, unpacked."""


@dataclass(frozen=True)
class TrainingData:
    """Everything a training needs, whatever it came from.

    ``intent_slots``: intent -> names of the slots it may have. ``exact``: normalised
    utterance -> built-in intent, looked up before any parser. ``slot_values``: slot name ->
    normalised surface form -> value. ``slot_types``: slot name -> slot type. ``value_ids``:
    slot name -> value -> the author's id. ``patterns``: slot name -> the patterns of its slot
    type. ``closed``: the slots whose types accept nothing else than what they know.
    A slot name that two intents use has the type of the first and the values and patterns of
    both; it is closed where both types are. ``apart`` resolves it in each of them by its own type.
    ``multiple``: the slots that take several values.
    ``fallback``: what answers utterances that are out of scope, if anything does;
    ``negatives``: utterances known to be, beside those that all skills share.
    ``samples``: how many people wrote, where ``utterances`` are fillings of them.
    """

    utterances: tuple[AnnotatedUtterance, ...]
    locale: str
    intent_slots: dict[str, frozenset[str]]
    exact: dict[str, str] = field(default_factory=dict)
    slot_values: dict[str, dict[str, str]] = field(default_factory=dict)
    slot_types: dict[str, str] = field(default_factory=dict)
    value_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    patterns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    multiple: frozenset[str] = frozenset()
    apart: Apart | None = None
    fallback: Fallback | None = None
    negatives: tuple[str, ...] = ()
    samples: int | None = None

    @property
    def written(self) -> int:
        """How many sample utterances people wrote."""
        return len(self.utterances) if self.samples is None else self.samples

    @classmethod
    def from_interaction_model(
        cls, model: InteractionModel, *, locale: str, seed: int = 0
    ) -> TrainingData:
        """Return the data for ``model``, whose problems the caller has checked.

        Built-in intents are never trained. Intents without samples have no utterances.
        """
        return cls(
            utterances=tuple(expand(model, locale=locale, seed=seed)),
            locale=locale,
            intent_slots={
                intent.name: frozenset(slot.name for slot in intent.slots)
                for intent in model.custom_intents()
            },
            exact=_exact(model, locale),
            slot_values=_slot_values(model),
            slot_types=_slot_types(model),
            value_ids=_value_ids(model),
            patterns=_patterns(model),
            closed=_closed(model),
            multiple=_multiple(model),
            apart=_apart(model, locale),
            fallback=fallback_in(model),
            samples=sum(len(set(intent.samples)) for intent in model.custom_intents()),
        )

    def resolver(self) -> Resolver:
        """Return what resolves the slots."""
        return Resolver(
            self.slot_values,
            self.slot_types,
            self.locale,
            self.value_ids,
            self.patterns,
            self.closed,
            self.multiple,
            self.apart,
        )

    @classmethod
    def from_labelled(
        cls, utterances: Iterable[AnnotatedUtterance], *, locale: str
    ) -> TrainingData:
        """Return the data for labelled utterances; slots are those seen with an intent.

        Utterances of an intent in ``out_of_scope.LABELS`` are negatives.
        """
        found = list(utterances)
        outside = [one for one in found if one.frame.intent in LABELS]
        utterances = tuple(one for one in found if one.frame.intent not in LABELS)
        intent_slots: dict[str, frozenset[str]] = {}
        for utterance in utterances:
            names = frozenset(slot.name for slot in utterance.frame.slots)
            intent = utterance.frame.intent
            intent_slots[intent] = intent_slots.get(intent, frozenset()) | names
        return cls(
            utterances,
            locale,
            intent_slots,
            fallback=Fallback(outside[0].frame.intent) if outside else None,
            negatives=tuple(one.text for one in outside),
        )


def fallback_in(model: InteractionModel) -> Fallback | None:
    """Return the fallback that ``model`` asks for; a level that Alexa does not have is MEDIUM."""
    if all(intent.name != FALLBACK_INTENT for intent in model.intents):
        return None
    level: Any = model.extra.get("languageModel", {}).get("unknown", {})
    for key in ("modelConfiguration", "fallbackIntentSensitivity", "level"):
        level = level.get(key) if isinstance(level, dict) else None
    known = isinstance(level, str) and level in THRESHOLDS
    return Fallback(sensitivity=level) if known else Fallback()


def _exact(model: InteractionModel, locale: str) -> dict[str, str]:
    """Return the look-up of built-in intents.

    The developer's samples of a built-in intent come first; what Alexa documents for it
    gives way to the samples of the developer's own intents.
    """
    taken = {normalize(sample) for intent in model.custom_intents() for sample in intent.samples}
    built_in = [intent for intent in model.intents if intent.is_builtin]
    exact: dict[str, str] = {}
    for intent in built_in:
        for sample in intent.samples:
            if sample.strip() and "{" not in sample:
                exact.setdefault(normalize(sample), intent.name)
    for intent in built_in:
        for utterance in builtins.intent_utterances(intent.name, locale):
            if normalize(utterance) not in taken:
                exact.setdefault(normalize(utterance), intent.name)
    return exact


def _slot_values(model: InteractionModel) -> dict[str, dict[str, str]]:
    by_type: dict[str, dict[str, str]] = {}
    for slot_type in model.slot_types:
        surfaces = by_type.setdefault(slot_type.name, {})
        # A value's own name wins over the synonym of another value.
        for value in slot_type.values:
            surfaces.setdefault(normalize(value.value), value.value)
        for value in slot_type.values:
            for synonym in value.synonyms:
                surfaces.setdefault(normalize(synonym), value.value)
    slot_values: dict[str, dict[str, str]] = {}
    for intent in model.intents:
        for slot in intent.slots:
            if found := by_type.get(slot.type):
                slot_values[slot.name] = found | slot_values.get(slot.name, {})
    return slot_values


def resolver_of(model: InteractionModel, locale: str) -> Resolver:
    """Return what resolves the slots of ``model``."""
    return replace(_by_name(model, locale), apart=_apart(model, locale))


def _by_name(model: InteractionModel, locale: str) -> Resolver:
    return Resolver(
        _slot_values(model),
        _slot_types(model),
        locale,
        _value_ids(model),
        _patterns(model),
        _closed(model),
        _multiple(model),
    )


def _apart(model: InteractionModel, locale: str) -> Apart | None:
    """Return what resolves the slots whose names mean another type in another intent, if any do."""
    kinds: dict[str, set[tuple[str, bool]]] = {}
    for slot in (slot for intent in model.intents for slot in intent.slots):
        kinds.setdefault(slot.name, set()).add((slot.type, slot.takes_several))
    aliases = {
        intent.name: {
            slot.name: f"{slot.name} {slot.type} {slot.takes_several:d}"
            for slot in intent.slots
            if len(kinds[slot.name]) > 1
        }
        for intent in model.intents
    }
    if not any(aliases.values()):
        return None
    intents = (
        replace(one, slots=tuple(_renamed(one.slots, aliases[one.name]))) for one in model.intents
    )
    resolver = _by_name(replace(model, intents=tuple(intents)), locale)
    return Apart({intent: names for intent, names in aliases.items() if names}, resolver)


def _renamed(slots: Iterable[Slot], names: dict[str, str]) -> Iterator[Slot]:
    """Yield those of ``slots`` that ``names`` has, called so."""
    for slot in slots:
        if slot.name in names:
            yield replace(slot, name=names[slot.name])


def _patterns(model: InteractionModel) -> dict[str, tuple[str, ...]]:
    by_type = {slot_type.name: slot_type.settings.patterns for slot_type in model.slot_types}
    patterns: dict[str, tuple[str, ...]] = {}
    for slot in (slot for intent in model.intents for slot in intent.slots):
        if found := by_type.get(slot.type):
            both = (*patterns.get(slot.name, ()), *found)
            patterns[slot.name] = tuple(dict.fromkeys(both))
    return patterns


def _closed(model: InteractionModel) -> frozenset[str]:
    closed = {slot_type.name for slot_type in model.slot_types if slot_type.settings.is_closed}
    slots = [slot for intent in model.intents for slot in intent.slots]
    open_slots = {slot.name for slot in slots if slot.type not in closed}
    return frozenset(slot.name for slot in slots if slot.name not in open_slots)


def _multiple(model: InteractionModel) -> frozenset[str]:
    slots = (slot for intent in model.intents for slot in intent.slots)
    return frozenset(slot.name for slot in slots if slot.takes_several)


def _value_ids(model: InteractionModel) -> dict[str, dict[str, str]]:
    by_type: dict[str, dict[str, str]] = {}
    for slot_type in model.slot_types:
        ids = by_type.setdefault(slot_type.name, {})
        for value in slot_type.values:
            if value.id:
                ids.setdefault(value.value, value.id)
    value_ids: dict[str, dict[str, str]] = {}
    for intent in model.intents:
        for slot in intent.slots:
            if found := by_type.get(slot.type):
                value_ids[slot.name] = found | value_ids.get(slot.name, {})
    return value_ids


def _slot_types(model: InteractionModel) -> dict[str, str]:
    types: dict[str, str] = {}
    for intent in model.intents:
        for slot in intent.slots:
            types.setdefault(slot.name, slot.type)
    return types


def load_training_data(path: Path | str, *, locale: str = "en-US", seed: int = 0) -> TrainingData:
    """Return the data in a file, plain or gzipped: an interaction model or labelled lines.

    Raises OSError when it cannot be read, InvalidInteractionModel or InvalidLabelledData
    when its content is wrong.
    """
    raw = _read(Path(path))
    if _is_labelled(raw):
        return TrainingData.from_labelled(_labelled(raw), locale=locale)
    model = InteractionModel.from_json(read_document(raw))
    if errors := model.build_errors(locale):
        raise InvalidInteractionModel(errors)
    return TrainingData.from_interaction_model(model, locale=locale, seed=seed)


def read_labelled(path: Path | str) -> list[AnnotatedUtterance]:
    """Return the annotated utterances of a JSON lines file, plain or gzipped.

    Raises InvalidLabelledData with every malformed line ("line 3"), OSError when the file
    cannot be read.
    """
    return _labelled(_read(Path(path)))


def _read(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        return _unzip(raw)
    return raw


def _unzip(raw: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
            unpacked = packed.read(MAX_DATA_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        message = f"This is not a whole gzip file: {error}."
        raise _bad_line(1, "broken-gzip", message, None, "Pack it again.") from None
    if len(unpacked) > MAX_DATA_BYTES:
        message = f"The file unpacks to more than {MAX_DATA_BYTES:,} bytes."
        raise _bad_line(1, "file-too-big", message, None, "Split it.")
    return unpacked


def _is_labelled(raw: bytes) -> bool:
    """Tell labelled lines from an interaction model by the first line that is not blank."""
    first = raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:2_000_000].split(b"\n", 1)[0]
    try:
        document = json.loads(first)
    except (ValueError, RecursionError):
        return bool(re.match(rb'\s*\{.*"(text|intent)"\s*:', first))
    return isinstance(document, dict) and bool({"text", "intent"} & document.keys())


def _bad_line(number: int, code: str, message: str, value: Any, fix: str) -> InvalidLabelledData:
    return InvalidLabelledData([Problem(code, f"line {number}", message, shown(value), fix)])


def _labelled(raw: bytes) -> list[AnnotatedUtterance]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = raw.count(b"\n", 0, error.start) + 1
        message = f"Byte {error.start + 1} of the file is not UTF-8."
        raise _bad_line(place, "not-utf-8", message, None, "Save the file as UTF-8.") from None
    utterances: list[AnnotatedUtterance] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and len(problems) < MAX_PROBLEMS:
            found = list(_line_problems(line, f"line {number}", utterances))
            problems += found
    if problems:
        raise InvalidLabelledData(problems)
    return utterances


def _line_problems(
    line: str, place: str, utterances: list[AnnotatedUtterance]
) -> Iterator[Problem]:
    """Append the annotated utterance of ``line`` to ``utterances``, or yield its problems."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        message = f"This is not JSON: {error}."
        yield Problem("broken-json", place, message, shown(line), "Write one object a line.")
        return
    if not isinstance(document, dict):
        message = f"The line holds {kind_of(document)}, not an object."
        fix = 'Write {"text": ..., "intent": ..., "slots": [...]}.'
        yield Problem("wrong-type", place, message, shown(document), fix)
        return
    problems = list(_object_problems(document, place))
    if problems:
        yield from problems
        return
    spans = [
        SlotSpan(slot["name"], slot["start"], slot["end"], slot["value"])
        for slot in document.get("slots") or ()
    ]
    spans.sort(key=lambda span: span.start)
    utterances.append(AnnotatedUtterance(document["text"], Frame(document["intent"], tuple(spans))))


def _object_problems(document: dict[str, Any], place: str) -> Iterator[Problem]:
    for key in ("text", "intent"):
        value = document.get(key)
        if not isinstance(value, str) or not value.strip():
            message = f'"{key}" must be text that is not empty, not {kind_of(value)}.'
            yield Problem("wrong-type", place, message, shown(value), f'Add "{key}".')
    for problem in text_problems(document):
        yield replace(problem, path=f"{place}, {problem.path}")
    text = document.get("text")
    if isinstance(text, str) and len(text) > MAX_UTTERANCE_LENGTH:
        message = f"The text has {len(text):,} characters; at most {MAX_UTTERANCE_LENGTH:,}."
        yield Problem("too-long", place, message, shown(text), "Shorten it.")
    slots = document.get("slots", [])
    if not isinstance(slots, list | None):
        message = f'"slots" must be a list, not {kind_of(slots)}.'
        yield Problem("wrong-type", place, message, shown(slots), "Write a list.")
    elif isinstance(text, str):
        yield from _span_problems(slots or [], text, place)


def _span_problems(slots: list[Any], text: str, place: str) -> Iterator[Problem]:
    taken: list[tuple[int, int]] = []
    for index, slot in enumerate(slots):
        at = f"{place}, slots[{index}]"
        if not isinstance(slot, dict) or not _has_span(slot):
            message = "A slot must have a name, whole numbers start and end, and a value."
            fix = '{"start": 0, "end": 3, "name": "size", "value": "big"}'
            yield Problem("wrong-type", at, message, shown(slot), f"Write e.g. {fix}.")
            continue
        start, end = slot["start"], slot["end"]
        if not 0 <= start < end <= len(text) or text[start:end] != slot["value"]:
            message = f"text[{start}:{end}] is {shown(text[max(0, start) : max(0, end)])!r}, "
            message += f"not {shown(slot['value'])!r}."
            fix = "Count start and end in characters, end exclusive."
            yield Problem("wrong-span", at, message, [start, end], fix)
        elif any(start < other_end and end > other for other, other_end in taken):
            message = f"The span {start}:{end} overlaps another slot."
            yield Problem("overlapping-slots", at, message, [start, end], "Keep one of them.")
        taken.append((start, end))


def _has_span(slot: dict[str, Any]) -> bool:
    whole = all(type(slot.get(key)) is int for key in ("start", "end"))
    named = isinstance(slot.get("name"), str) and bool(slot["name"].strip())
    return whole and named and isinstance(slot.get("value"), str)
