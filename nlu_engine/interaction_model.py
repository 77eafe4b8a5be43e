"""The interaction model: invocation name, intents, slot types, as one JSON document.

Reads Alexa's JSON in its three layouts without losing anything and writes it back. Two
different things can be wrong with a document:

* it **cannot be stored**: the structure is not that of an interaction model (a list where
  text is wanted, a name too long). ``from_json`` raises InvalidInteractionModel with all
  such places;
* it can be stored as a draft but **not built**: ``problems`` lists what breaks a rule, each
  with a severity. An upload or a build that has problems of severity "error" is refused;
  those of severity "warning" are accepted and shown. A build asks ``build_errors``, which
  adds that there is nothing to train.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from nlu_engine import rules
from nlu_engine.documents import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    child_path,
    kind_of,
    limited,
    read_document,
    shown,
    text_problems,
)
from nlu_engine.errors import InvalidInteractionModel, Problem
from nlu_engine.rules import LOCALES
from nlu_engine.type_settings import TypeSettings, settings_in

__all__ = [
    "LOCALES",
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "MAX_NAME_LENGTH",
    "InteractionModel",
    "Intent",
    "Slot",
    "SlotType",
    "SlotValue",
    "read_document",
]

MAX_NAME_LENGTH = 200
"""Longest name of anything (and id of a slot value), in characters, that can be stored."""

_MAX_INTENTS = 2_000
_MAX_SLOT_TYPES = 2_000
_MAX_SLOTS = 1_000  # an intent
_MAX_TEXTS = 60_000  # samples of an intent, values of a type, synonyms of a value

# ``extra`` of every object is {} or holds "unknown" (keys that we do not know, as they
# were) and "shape" (how a known key deviated from the usual: missing, null, another type).
# "usual" is what to_json writes for an object that was made by us.


@dataclass(frozen=True)
class Slot:
    """A variable part of an intent's utterances; ``samples`` answer a dialog's question."""

    name: str
    type: str
    samples: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def takes_several(self) -> bool:
        """Whether several values may be said in it at once (``multipleValues``)."""
        several = self.extra.get("unknown", {}).get("multipleValues")
        return isinstance(several, dict) and several.get("enabled") is True

    def to_json(self) -> dict[str, Any]:
        """Return the slot as Alexa's JSON has it."""
        document: dict[str, Any] = {"name": self.name, "type": self.type}
        _put_list(document, "samples", list(self.samples), self.extra, usual="missing")
        return document | _unknown(self.extra)


@dataclass(frozen=True)
class Intent:
    """Something a user may want, with the slots and sample utterances that express it."""

    name: str
    slots: tuple[Slot, ...] = ()
    samples: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_builtin(self) -> bool:
        """Whether this is one of Alexa's AMAZON.* intents, which are looked up, not trained."""
        return self.name.startswith("AMAZON.")

    def to_json(self) -> dict[str, Any]:
        """Return the intent as Alexa's JSON has it."""
        document: dict[str, Any] = {"name": self.name}
        slots = [slot.to_json() for slot in self.slots]
        _put_list(document, "slots", slots, self.extra, usual="missing")
        _put_list(document, "samples", list(self.samples), self.extra)
        return document | _unknown(self.extra)


@dataclass(frozen=True)
class SlotValue:
    """A value of a slot type, the other ways to say it, and the developer's id for it."""

    value: str
    synonyms: tuple[str, ...] = ()
    id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any] | str:
        """Return the value as Alexa's JSON has it; plain text where it came as plain text."""
        if not self.extra:  # Most of 50,000: as they were made by us.
            usual: dict[str, Any] = {"value": self.value}
            if self.synonyms:
                usual["synonyms"] = list(self.synonyms)
            return {"id": self.id, "name": usual} if self.id else {"name": usual}
        shape = self.extra.get("shape", {})
        if shape.get("form") == "text" and not self.synonyms and not self.id:
            return self.value
        document: dict[str, Any] = {}
        came_as = shape.get("id")
        if self.id:
            document["id"] = came_as if str(came_as) == self.id else self.id
        elif "id" in shape and came_as in (None, ""):
            document["id"] = came_as
        name: dict[str, Any] = {"value": self.value}
        _put_list(name, "synonyms", list(self.synonyms), self.extra, usual="missing")
        document["name"] = name | self.extra.get("unknown_in_name", {})
        return document | _unknown(self.extra)


@dataclass(frozen=True)
class SlotType:
    """A named list of slot values; one that is named AMAZON.* extends a built-in type."""

    name: str
    values: tuple[SlotValue, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> TypeSettings:
        """What Alexa's JSON has no place for: whether the type is closed, and its patterns."""
        return settings_in(self.extra)

    def to_json(self) -> dict[str, Any]:
        """Return the slot type as Alexa's JSON has it."""
        document: dict[str, Any] = {"name": self.name}
        values = [value.to_json() for value in self.values]
        _put_list(document, "values", values, self.extra)
        return document | _unknown(self.extra)


@dataclass(frozen=True)
class InteractionModel:
    """Invocation name, intents and slot types of a skill in one locale.

    ``layout`` names the outermost key: "interactionModel", "languageModel" or "flat".
    ``extra`` holds all else of the document (dialog, prompts, version, unknown keys).
    """

    invocation_name: str = ""
    intents: tuple[Intent, ...] = ()
    slot_types: tuple[SlotType, ...] = ()
    layout: str = "interactionModel"
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Any) -> InteractionModel:
        """Return the interaction model that ``document`` (parsed JSON) holds.

        Raises InvalidInteractionModel with every place whose structure is wrong. What a
        rule forbids but can be stored passes; ask ``problems``.
        """
        reader = _Reader()
        reader.problems += text_problems(document)
        if reader.problems:
            raise InvalidInteractionModel(limited(reader.problems))
        model = reader.model(document)
        if reader.problems or model is None:
            raise InvalidInteractionModel(limited(reader.problems))
        return model

    @classmethod
    def from_stored(cls, document: Any) -> InteractionModel:
        """Return what ``to_json`` wrote, so whose texts and depth were checked when it came in."""
        reader = _Reader()
        model = reader.model(document)
        if reader.problems or model is None:
            raise InvalidInteractionModel(limited(reader.problems))
        return model

    def to_json(self) -> dict[str, Any]:
        """Return the document, in the layout it came in: ``to_json(from_json(x)) == x``."""
        language_model: dict[str, Any] = {}
        extra = self.extra.get("languageModel", {})
        shape = extra.get("shape", {}).get("invocationName")
        if self.invocation_name or shape != "missing":
            name = None if shape == "null" and not self.invocation_name else self.invocation_name
            language_model["invocationName"] = name
        language_model["intents"] = [intent.to_json() for intent in self.intents]
        types = [slot_type.to_json() for slot_type in self.slot_types]
        _put_list(language_model, "types", types, extra)
        language_model |= _unknown(extra)
        if self.layout == "flat":
            return language_model
        inner = {"languageModel": language_model}
        inner |= _unknown(self.extra.get("interactionModel", {}))
        if self.layout == "languageModel":
            return inner
        return {"interactionModel": inner} | _unknown(self.extra.get("document", {}))

    def digest(self) -> str:
        """Return the SHA-256, in hex, of the document in canonical JSON (keys sorted)."""
        return digest_of(self.to_json())

    def path(self) -> str:
        """Return the JSON path of the language model in the document."""
        return {
            "interactionModel": "$.interactionModel.languageModel",
            "languageModel": "$.languageModel",
        }.get(self.layout, "$")

    def problems(self, locale: str = "en-US") -> list[Problem]:
        """Return every broken rule, by path; severity "error" refuses an upload or a build."""
        return limited(rules.problems_of(self, locale))

    def errors(self, locale: str = "en-US") -> list[Problem]:
        """Return the problems of severity "error", a slot that is not declared once."""
        found = rules.problems_of(self, locale)
        return limited(rules.grouped(one for one in found if one.severity == "error"))

    def build_errors(self, locale: str = "en-US") -> list[Problem]:
        """Return what refuses a build: the errors, and that there is nothing or too much to train.

        A skill with only AMAZON.* intents is a valid document, so an upload takes it.
        """
        found = [
            replace(problem, severity="error")
            for problem in rules.problems_of(self, locale)
            if problem.severity == "error" or problem.code in rules.REFUSED_BY_BUILD
        ]
        return limited(rules.grouped(found))

    def custom_intents(self) -> tuple[Intent, ...]:
        """Return the developer's own intents: all but the AMAZON.* ones."""
        return tuple(intent for intent in self.intents if not intent.is_builtin)


def digest_of(document: dict[str, Any]) -> str:
    """Return the digest of the interaction model whose ``to_json`` is ``document``."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _put_list(
    document: dict[str, Any], key: str, items: list[Any], extra: dict[str, Any], usual: str = ""
) -> None:
    """Write ``items`` under ``key``; an empty list the way it came (missing, null, [])."""
    shape = extra.get("shape", {}).get(key, usual)
    if items or shape not in ("missing", "null"):
        document[key] = items
    elif shape == "null":
        document[key] = None


def _unknown(extra: dict[str, Any]) -> dict[str, Any]:
    unknown: dict[str, Any] = extra.get("unknown", {})
    return unknown


def _extra(
    document: dict[str, Any], known: tuple[str, ...], shape: dict[str, Any]
) -> dict[str, Any]:
    unknown = {key: value for key, value in document.items() if key not in known}
    return ({"unknown": unknown} if unknown else {}) | ({"shape": shape} if shape else {})


def _usual_value(value: Any) -> SlotValue | None:
    """Return the slot value, None if it is not written in the way in which most are."""
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, dict):
        return None
    text, synonyms, id_ = name.get("value"), name.get("synonyms"), value.get("id")
    known = 1 + ("id" in value), 1 + ("synonyms" in name)
    if (len(value), len(name)) != known or not isinstance(text, str):
        return None
    if "id" in value and not (isinstance(id_, str) and 0 < len(id_) <= MAX_NAME_LENGTH):
        return None
    if "synonyms" in name and not _are_usual_synonyms(synonyms):
        return None
    return SlotValue(text, tuple(synonyms or ()), id_)


def _are_usual_synonyms(synonyms: Any) -> bool:
    return (
        isinstance(synonyms, list)
        and 0 < len(synonyms) <= _MAX_TEXTS
        and all(isinstance(one, str) for one in synonyms)
    )


class _Reader:
    """Reads a document and collects all structural problems on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def model(self, document: Any) -> InteractionModel | None:
        outer = self.object(document, "$")
        if outer is None:
            return None
        if "interactionModel" in outer:
            return self._wrapped(outer)
        if "languageModel" in outer:
            return self._language_model_of(outer, "$", "languageModel", {})
        if {"intents", "types", "invocationName"} & outer.keys():
            return self.language_model(outer, "$", "flat", {})
        self.wrong(
            "not-an-interaction-model",
            "$",
            "There is no interactionModel, languageModel or intents key.",
            document,
            'Send Alexa\'s JSON: {"interactionModel": {"languageModel": {"intents": [...]}}}.',
        )
        return None

    def _wrapped(self, outer: dict[str, Any]) -> InteractionModel | None:
        extra = {"document": _extra(outer, ("interactionModel",), {})}
        inner = self.object(outer["interactionModel"], "$.interactionModel")
        if inner is None:
            return None
        return self._language_model_of(inner, "$.interactionModel", "interactionModel", extra)

    def _language_model_of(
        self, inner: dict[str, Any], path: str, layout: str, extra: dict[str, Any]
    ) -> InteractionModel | None:
        extra["interactionModel"] = _extra(inner, ("languageModel",), {})
        if "languageModel" not in inner:
            self.missing(path, "languageModel", "an object with intents and types")
            return None
        path = f"{path}.languageModel"
        found = self.object(inner["languageModel"], path)
        return None if found is None else self.language_model(found, path, layout, extra)

    def language_model(
        self, found: dict[str, Any], path: str, layout: str, extra: dict[str, Any]
    ) -> InteractionModel:
        shape: dict[str, Any] = {}
        name = self.optional_text(found, "invocationName", path, shape, usual="")
        if found.get("intents") is None:
            self.missing(path, "intents", "a list of intents")
        intents = self.list_of(self.intent, found, "intents", path, {}, _MAX_INTENTS)
        types = self.list_of(self.slot_type, found, "types", path, shape, _MAX_SLOT_TYPES, "[]")
        known = ("invocationName", "intents", "types")
        extra["languageModel"] = _extra(found, known, shape)
        extra = {key: value for key, value in extra.items() if value}
        return InteractionModel(name, intents, types, layout, extra)

    def intent(self, value: Any, path: str) -> Intent | None:
        found = self.object(value, path)
        if found is None:
            return None
        shape: dict[str, Any] = {}
        name = self.name(found, "name", path)
        slots = self.list_of(self.slot, found, "slots", path, shape, _MAX_SLOTS)
        samples = self.list_of(self.text, found, "samples", path, shape, _MAX_TEXTS, "[]")
        return Intent(name, slots, samples, _extra(found, ("name", "slots", "samples"), shape))

    def slot(self, value: Any, path: str) -> Slot | None:
        found = self.object(value, path)
        if found is None:
            return None
        shape: dict[str, Any] = {}
        name, type_name = self.name(found, "name", path), self.name(found, "type", path)
        samples = self.list_of(self.text, found, "samples", path, shape, _MAX_TEXTS)
        return Slot(name, type_name, samples, _extra(found, ("name", "type", "samples"), shape))

    def slot_type(self, value: Any, path: str) -> SlotType | None:
        found = self.object(value, path)
        if found is None:
            return None
        shape: dict[str, Any] = {}
        name = self.name(found, "name", path)
        values = self.slot_values(found, path, shape)
        return SlotType(name, values, _extra(found, ("name", "values"), shape))

    def slot_values(self, found: dict[str, Any], path: str, shape: dict[str, Any]) -> Any:
        """Return the values of a slot type; of thousands most are written as usual."""
        values = found.get("values")
        if isinstance(values, list) and 0 < len(values) <= _MAX_TEXTS:
            usual = tuple(map(_usual_value, values))
            if None not in usual:
                return usual
        return self.list_of(self.slot_value, found, "values", path, shape, _MAX_TEXTS, "[]")

    def slot_value(self, value: Any, path: str) -> SlotValue | None:
        if isinstance(value, str):
            return SlotValue(value, extra={"shape": {"form": "text"}})
        found = self.object(value, path)
        if found is None:
            return None
        shape: dict[str, Any] = {}
        id_ = self.value_id(found, path, shape)
        if "name" not in found:
            self.missing(path, "name", 'an object such as {"value": "large"}')
            return None
        name = self.object(found["name"], f"{path}.name")
        if name is None:
            return None
        text = self.text(name["value"], f"{path}.name.value") if "value" in name else None
        if "value" not in name:
            self.missing(f"{path}.name", "value", "the text of the value")
        synonyms = self.list_of(self.text, name, "synonyms", f"{path}.name", shape, _MAX_TEXTS)
        extra = _extra(found, ("id", "name"), shape)
        unknown = _extra(name, ("value", "synonyms"), {}).get("unknown")
        return SlotValue(
            text or "", synonyms, id_, extra | ({"unknown_in_name": unknown} if unknown else {})
        )

    def value_id(self, found: dict[str, Any], path: str, shape: dict[str, Any]) -> str | None:
        """Return the id as text; whole numbers (seen in real files) keep their type in shape."""
        value = found.get("id")
        if isinstance(value, str) and value:
            return self.bounded(value, f"{path}.id")
        if "id" in found:
            shape["id"] = value
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return self.bounded(str(value), f"{path}.id")
        self.wrong_type(f"{path}.id", value, "text")
        return None

    def object(self, value: Any, path: str) -> dict[str, Any] | None:
        if isinstance(value, dict):
            return value
        self.wrong_type(path, value, "an object")
        return None

    def text(self, value: Any, path: str) -> str | None:
        if isinstance(value, str):
            return value
        self.wrong_type(path, value, "text")
        return None

    def name(self, found: dict[str, Any], key: str, path: str) -> str:
        if key not in found:
            self.missing(path, key, "text")
            return ""
        value = self.text(found[key], f"{path}.{key}")
        return "" if value is None else self.bounded(value, f"{path}.{key}")

    def bounded(self, value: str, path: str) -> str:
        if len(value) > MAX_NAME_LENGTH:
            self.wrong(
                "too-long",
                path,
                f"This has {len(value):,} characters; at most {MAX_NAME_LENGTH} are accepted.",
                value,
                "Shorten it.",
            )
        return value

    def optional_text(
        self, found: dict[str, Any], key: str, path: str, shape: dict[str, Any], usual: str
    ) -> str:
        value = found.get(key)
        if value is None:
            shape[key] = "null" if key in found else "missing"
            return usual
        text = self.text(value, f"{path}.{key}")
        return usual if text is None else self.bounded(text, f"{path}.{key}")

    def list_of(
        self,
        read: Any,
        found: dict[str, Any],
        key: str,
        path: str,
        shape: dict[str, Any],
        most: int,
        usual: str = "missing",
    ) -> tuple[Any, ...]:
        """Return the items under ``key``, each read by ``read``; note an unusual emptiness."""
        value = found.get(key)
        if not value and value in (None, []):
            came_as = "[]" if value == [] else "null" if key in found else "missing"
            if came_as != usual:
                shape[key] = came_as
            return ()
        path = child_path(path, key)
        if not isinstance(value, list):
            self.wrong_type(path, value, "a list")
            return ()
        if len(value) > most:
            message = f"The list has {len(value):,} items; at most {most:,} are accepted."
            self.wrong("too-many", path, message, len(value), "Remove some.")
            return ()
        items = [read(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return tuple(item for item in items if item is not None)

    def wrong(self, code: str, path: str, message: str, value: Any, fix: str) -> None:
        self.problems.append(Problem(code, path, message, shown(value), fix))

    def wrong_type(self, path: str, value: Any, wanted: str) -> None:
        fix = f"Write {wanted} here."
        if wanted == "text" and isinstance(value, int | float) and not isinstance(value, bool):
            fix = f'Put it in quotes: "{shown(value)}".'
        self.wrong("wrong-type", path, f"This must be {wanted}, not {kind_of(value)}.", value, fix)

    def missing(self, path: str, key: str, wanted: str) -> None:
        message = f'The key "{key}" is missing.'
        self.wrong("missing-key", path, message, None, f'Add "{key}": {wanted}.')
