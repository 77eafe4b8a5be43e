"""Everything that can be said about an interaction model: broken rules, and what makes it worse.

``rules`` judges what Alexa or a build would refuse. Here come the things that train, but train
badly: samples of two intents that mean the same, text that is a slot in one sample and plain in
another, synonyms of two values, intents with too little to learn from. Each check names the
place, the value and, where a program could make it, the fix.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import lru_cache
from statistics import median
from typing import Any, Literal

from nlu_engine import rules
from nlu_engine.documents import MAX_DOCUMENT_BYTES, shown, written
from nlu_engine.embeddings import is_covered, load_embeddings, release_for
from nlu_engine.errors import Problem
from nlu_engine.interaction_model import Intent, InteractionModel, SlotType, SlotValue
from nlu_engine.likely_types import likely_type
from nlu_engine.meaning import MOST_SAMPLES, VERY_NEAR, near_duplicates
from nlu_engine.templates import Chunk, TemplateError, parse_template
from nlu_engine.training_data import resolver_of
from nlu_engine.utterances import Token, normalize, tokenize, words_of

SEVERITIES = ("error", "warning", "hint")
"""Of a check, worst first: refused by a build; likely a mistake; worth a look."""

FEW_SAMPLES = 5
MANY_SAMPLES = 30
IMBALANCE = 8
"""An intent with this many times the samples of the usual one outweighs the others."""
_LISTED = 8
_REMEMBERED = 20_000

Do = Literal[
    "set-invocation-name",
    "remove-sample",
    "move-sample",
    "replace-sample",
    "add-slot",
    "remove-slot",
    "remove-slot-type",
    "remove-synonym",
    "merge-value",
]


@dataclass(frozen=True)
class Fix:
    """A change that would settle a check, for programs; ``label`` is for people.

    ``within`` names the intent or slot type, ``text`` what to change in it (a sample, a slot, a
    value), ``number`` is its place in the list; ``to`` is the other intent, the new text, the type
    of a slot to add, or the synonym to remove from the value ``text``.
    """

    do: Do
    label: str
    within: str = ""
    text: str = ""
    number: int = 0
    to: str = ""

    @property
    def key(self) -> str:
        """Return what tells this fix from others, wherever in its list the thing stands now."""
        parts = [self.do, self.within, self.text, self.to]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Check(Problem):
    """A problem of any severity, with the fixes that a program could make.

    ``subject`` names the intent or slot type, "" for the skill; ``other`` what it clashes with.
    """

    subject: str = ""
    other: str = ""
    fixes: tuple[Fix, ...] = ()
    is_rule: bool = False

    @property
    def key(self) -> str:
        """Return what stays the same however much is edited elsewhere: for dismissals."""
        parts = [self.code, self.subject, self.value, self.other]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that the API, the CLI and the pages show."""
        return asdict(self) | {"key": self.key, "fixes": [asdict(fix) for fix in self.fixes]}


@dataclass(frozen=True)
class Limit:
    """A bound and how much of it is used; ``severity`` is what going beyond it would be."""

    name: str
    used: int
    most: int
    severity: str = "warning"

    @property
    def is_over(self) -> bool:
        """Whether more is used than there is."""
        return self.used > self.most

    @property
    def is_near(self) -> bool:
        """Whether nine tenths are used."""
        return self.used > 0.9 * self.most


def checks(model: InteractionModel, locale: str) -> list[Check]:
    """Return all checks of ``model``, the rules first, each group in the document's order.

    Raises EmbeddingsError if the shared embeddings are damaged.
    """
    root = model.path()
    found = list(rule_checks(model, locale))
    for number, intent in enumerate(model.intents):
        found += _intent(model, intent, f"{root}.intents[{number}]")
    found += _annotations(model, f"{root}.intents")
    found += _unknown_to_closed(model, locale, f"{root}.intents")
    found += _imbalance(model, f"{root}.intents")
    found += _unused_types(model, f"{root}.types")
    for number, slot_type in enumerate(model.slot_types):
        found += _shared_synonyms(slot_type, f"{root}.types[{number}]")
    if is_covered(locale):
        found += _near_duplicates(model, locale, f"{root}.intents")
        found += _unknown_words(model, locale, root)
    return found


def limits(model: InteractionModel) -> list[Limit]:
    """Return every limit that a skill can run into, and how much of it ``model`` uses."""
    samples = [text for intent in model.intents for text in intent.samples]
    values = [value for slot_type in model.slot_types for value in slot_type.values]
    slots = {slot.name for intent in model.custom_intents() for slot in intent.slots}
    size = len(written(model.to_json()).encode())
    return [
        Limit("Intents", len(model.intents), rules.MAX_INTENTS),
        Limit("Slot names", len(slots), rules.MAX_SLOT_NAMES),
        *value_limits(values),
        Limit("Bytes of the document", size, MAX_DOCUMENT_BYTES, "error"),
        *sample_limits(samples),
        Limit("Characters of the invocation name", len(model.invocation_name), 50),
    ]


def sample_limits(samples: Sequence[str]) -> list[Limit]:
    """Return the limits of sample utterances."""
    slots = max((text.count("{") for text in samples), default=0)
    return [
        Limit("Characters of the longest sample", _longest(samples), rules.MAX_SAMPLE_LENGTH),
        Limit("Slots in one sample", slots, rules.MAX_SLOTS_IN_SAMPLE, "error"),
    ]


def value_limits(values: Iterable[SlotValue]) -> list[Limit]:
    """Return the limits of slot values."""
    texts = [text for value in values for text in (value.value, *value.synonyms)]
    return [
        Limit("Values and synonyms", len(texts), rules.MAX_SLOT_VALUES, "error"),
        Limit("Characters of the longest value", _longest(texts), rules.MAX_VALUE_LENGTH, "error"),
    ]


def _longest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)


# --- The rules, with their fixes ------------------------------------------------------------

_MISSPELLED = 0.75
"""How alike two names of slots are of which one is a misspelling."""
_PLACE = re.compile(
    r"(?<!\.dialog)\.(?P<what>intents|types)\[(?P<index>\d+)\]"
    r"(?:\.(?P<part>samples|slots|values)\[(?P<number>\d+)\])?"
)


def rule_checks(model: InteractionModel, locale: str) -> Iterator[Check]:
    """Yield the broken rules alone, which are found in a moment however large the skill is."""
    owners = _owners(model)
    for problem in rules.grouped(rules.problems_of(model, locale)):
        found = _PLACE.search(problem.path)
        rows: tuple[Any, ...] = ()
        if found:
            rows = model.intents if found["what"] == "intents" else model.slot_types
        row = rows[int(found["index"])] if found and int(found["index"]) < len(rows) else None
        number = int(found["number"] or 0) if found else 0
        fixes = tuple(_rule_fixes(problem, model, row, number, owners, locale))
        other = fixes[-1].within if problem.code == "conflicting-sample" and fixes else ""
        subject = row.name if row else ""
        fields = {name: getattr(problem, name) for name in Problem.__dataclass_fields__}
        yield Check(**fields, subject=subject, other=other, fixes=fixes, is_rule=True)


def _owners(model: InteractionModel) -> dict[str, tuple[str, int]]:
    """Return of each sample, as rules.py compares them, the first intent and its place there."""
    owners: dict[str, tuple[str, int]] = {}
    for intent in model.intents:
        for index, sample in enumerate(intent.samples):
            if len(sample) <= rules.MOST_SAMPLE_LENGTH:
                owners.setdefault(normalize(sample), (intent.name, index))
    return owners


def _rule_fixes(
    problem: Problem,
    model: InteractionModel,
    row: Any,
    number: int,
    owners: dict[str, tuple[str, int]],
    locale: str,
) -> Iterator[Fix]:
    if problem.code == "invocation-name":
        tidy = " ".join(model.invocation_name.lower().split())
        # Another problem with the name is still there then.
        if problem.fix.startswith("Write ") and tidy != model.invocation_name:
            yield Fix("set-invocation-name", f"Write “{tidy}”", to=tidy)
    elif isinstance(row, Intent) and ".slots[" not in problem.path and number < len(row.samples):
        if problem.code == "undeclared-slot":
            yield from _slot_fixes(problem, model, row, number)
        yield from _sample_fixes(problem.code, row, number, owners, locale)
    elif isinstance(row, SlotType) and problem.code == "duplicate-value":
        value = row.values[number].value
        yield Fix("merge-value", "Make them one value", row.name, value, number)


def _slot_fixes(
    problem: Problem, model: InteractionModel, intent: Intent, number: int
) -> Iterator[Fix]:
    """Yield what to do with a slot that a sample names and ``intent`` does not declare."""
    text, declared = intent.samples[number], [slot.name for slot in intent.slots]
    named = [name for name in _slots(text) if f"the slot {name!r}, which" in problem.message]
    for name in named:
        for meant in get_close_matches(name, declared, 1, _MISSPELLED):
            written = re.sub(r"(?<=[{|])\s*" + re.escape(name) + r"\s*(?=\})", meant, text)
            yield Fix("replace-sample", f"Write “{written}”", intent.name, text, number, written)
        if rules.is_slot_name(name):
            type_name, is_new = _type_for(name, model)
            label = f"Add the slot {name}" + (" and the slot type " if is_new else " of type ")
            yield Fix("add-slot", label + type_name, intent.name, name, number, type_name)


def _type_for(slot: str, model: InteractionModel) -> tuple[str, bool]:
    """Return the slot type for a new ``slot``, and whether that is to be made."""
    for intent in model.intents:
        for other in intent.slots:
            if other.name == slot:
                return other.type, False
    wanted = "".join(word[:1].upper() + word[1:] for word in slot.split("_"))
    found = likely_type(slot, [slot_type.name for slot_type in model.slot_types], wanted)
    return found, found == wanted and all(one.name != wanted for one in model.slot_types)


def _sample_fixes(
    code: str, intent: Intent, number: int, owners: dict[str, tuple[str, int]], locale: str
) -> Iterator[Fix]:
    text = intent.samples[number]
    if code in ("duplicate-sample", "empty-sample"):
        yield Fix("remove-sample", "Remove it", intent.name, text, number)
    elif code == "conflicting-sample":
        owner, index = owners[normalize(text)]
        yield Fix("remove-sample", f"Keep it in {owner} only", intent.name, text, number)
        if not owner.startswith("AMAZON."):
            yield Fix("remove-sample", f"Keep it in {intent.name} only", owner, text, index)
    elif code == "invalid-character":
        cleaned = rules.with_allowed_characters(text, locale)
        if cleaned and cleaned != text:
            label = f"Write “{cleaned}”"
            yield Fix("replace-sample", label, intent.name, text, number, cleaned)


# --- Intents --------------------------------------------------------------------------------


def _hint(code: str, path: str, message: str, value: Any, fix: str, **more: Any) -> Check:
    return Check(code, path, message, shown(value), fix, "hint", **more)


def _warning(code: str, path: str, message: str, value: Any, fix: str, **more: Any) -> Check:
    return Check(code, path, message, shown(value), fix, "warning", **more)


def _intent(model: InteractionModel, intent: Intent, path: str) -> Iterator[Check]:
    if intent.is_builtin:
        return
    count = sum(bool(sample.strip()) for sample in intent.samples)
    if 0 < count < FEW_SAMPLES:
        message = f"{intent.name!r} has only {count} sample utterance{'s'[: count != 1]}."
        fix = f"Write at least {FEW_SAMPLES}, better 20: short and long ones, in different words."
        yield _warning(
            "few-samples", f"{path}.samples", message, intent.name, fix, subject=intent.name
        )
    yield from _only_slots(intent, path)
    yield from _unused_slots(model, intent, path)


def _only_slots(intent: Intent, path: str) -> Iterator[Check]:
    """Yield a hint for samples without a word of their own: any intent could mean them."""
    phrases = {slot.name for slot in intent.slots if slot.type == "AMAZON.SearchQuery"}
    for number, sample in enumerate(intent.samples):
        chunks = _chunks(sample)
        slots = {chunk.slot for chunk in chunks if chunk.slot}
        if slots and not slots & phrases and not any(c.text.strip() for c in chunks if not c.slot):
            message = "The sample has no words around its slots, so little tells intents apart."
            fix = f"Add a carrier phrase: “i want {sample}”."
            path_ = f"{path}.samples[{number}]"
            yield _hint("only-slots", path_, message, sample, fix, subject=intent.name)


def _unused_slots(model: InteractionModel, intent: Intent, path: str) -> Iterator[Check]:
    used = {chunk.slot for sample in intent.samples for chunk in _chunks(sample)}
    asked = _asked_slots(model, intent.name)
    for number, slot in enumerate(intent.slots):
        if slot.name in used or slot.name in asked or slot.samples or not intent.samples:
            continue
        message = f"No sample utterance of {intent.name!r} has the slot {slot.name!r}."
        fix = f"Write {{{slot.name}}} in a sample, or remove the slot."
        remove = Fix("remove-slot", "Remove the slot", intent.name, slot.name, number)
        place = f"{path}.slots[{number}]"
        more = {"subject": intent.name, "fixes": (remove,)}
        yield _hint("unused-slot", place, message, slot.name, fix, **more)


def _asked_slots(model: InteractionModel, intent: str) -> set[str]:
    """Return the slots of ``intent`` that the document's dialog names: a dialog may fill them."""
    parts = [part.get("unknown", {}).get("dialog") for part in model.extra.values()]
    dialogs = [part for part in parts if isinstance(part, dict)]
    intents = [found for dialog in dialogs for found in _listed(dialog, "intents")]
    slots = [s for found in intents if found.get("name") == intent for s in _listed(found, "slots")]
    return {str(slot.get("name")) for slot in slots}


def _listed(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = found.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


# People edit one sample and check all: what the others say was read before.
@lru_cache(_REMEMBERED)
def _chunks(sample: str) -> tuple[Chunk, ...]:
    if len(sample) > rules.MOST_SAMPLE_LENGTH:
        return ()
    try:
        return tuple(parse_template(sample))
    except TemplateError:
        return ()


def _imbalance(model: InteractionModel, path: str) -> Iterator[Check]:
    sizes = [len(intent.samples) for intent in model.custom_intents() if intent.samples]
    usual = median(sizes) if len(sizes) > 1 else 0
    for number, intent in enumerate(model.intents):
        count = len(intent.samples)
        if intent.is_builtin or not usual or count < max(MANY_SAMPLES, IMBALANCE * usual):
            continue
        message = f"{intent.name!r} has {count:,} sample utterances, the usual intent {usual:g}."
        fix = "Write more for the others, or remove samples that differ little."
        place = f"{path}[{number}].samples"
        yield _hint("imbalance", place, message, intent.name, fix, subject=intent.name)


# --- Text that is a slot here and plain there -------------------------------------------------

_MOST_WORDS = 60  # of a sample that are looked at: in longer ones all is lost anyway
_MOST_WORDS_OF_A_VALUE = 10


class _Surfaces:
    """What is said for a slot: the values of slot types, and the text within braces."""

    def __init__(self, model: InteractionModel) -> None:
        self._types: dict[tuple[str, ...], list[str]] = {}
        used = {slot.type for intent in model.intents for slot in intent.slots}
        for slot_type in (one for one in model.slot_types if one.name in used):
            for words in _surfaces(slot_type):
                self._types.setdefault(words, []).append(slot_type.name)
        self.lengths = sorted({len(words) for words in self._types}, reverse=True)

    def slots_of(self, words: tuple[str, ...], slots: dict[str, str]) -> Iterator[str]:
        """Yield the slots that ``words`` can fill; ``slots`` is slot type -> slot."""
        for name in self._types.get(words, ()):
            if name in slots:
                yield slots[name]


@dataclass(frozen=True)
class _Known:
    """What of the surfaces an intent has: slots by their type, and texts it annotates itself."""

    surfaces: _Surfaces
    slots: dict[str, str]
    texts: dict[tuple[str, ...], str]

    def lengths(self) -> list[int]:
        """Return how many words a value may have, the most first."""
        own = {len(words) for words in self.texts}
        return sorted(own.union(self.surfaces.lengths if self.slots else ()), reverse=True)

    def slot_of(self, words: tuple[str, ...], taken: set[str]) -> str:
        """Return the slot that ``words`` should be, "" if none, or one that is ``taken``."""
        own = self.texts.get(words, "")
        found = (*((own,) if own else ()), *self.surfaces.slots_of(words, self.slots))
        return next((slot for slot in found if slot not in taken), "")


def _annotations(model: InteractionModel, path: str) -> Iterator[Check]:
    surfaces = _Surfaces(model)
    for number, intent in enumerate(model.intents):
        samples = [_chunks(sample) for sample in intent.samples]
        used = {chunk.slot for chunks in samples for chunk in chunks if chunk.slot}
        slots = {slot.type: slot.name for slot in reversed(intent.slots) if slot.name in used}
        texts: dict[tuple[str, ...], str] = {}
        for chunk in (chunk for chunks in samples for chunk in chunks):
            words = _words(chunk.text) if chunk.slot and chunk.text else ()
            if 0 < len(words) <= _MOST_WORDS_OF_A_VALUE:
                texts.setdefault(words, chunk.slot)
        if slots or texts:
            known = _Known(surfaces, slots, texts)
            yield from _plain_values(intent, samples, known, f"{path}[{number}]")


def _surfaces(slot_type: SlotType) -> set[tuple[str, ...]]:
    texts = (text for value in slot_type.values for text in (value.value, *value.synonyms))
    found = (_words(text) for text in texts if len(text) <= rules.MAX_VALUE_LENGTH)
    return {words for words in found if 0 < len(words) <= _MOST_WORDS_OF_A_VALUE}


def _words(text: str) -> tuple[str, ...]:
    return tuple(words_of(normalize(text)))


def _plain_values(
    intent: Intent, samples: list[tuple[Chunk, ...]], known: _Known, path: str
) -> Iterator[Check]:
    lengths = known.lengths()
    for number, chunks in enumerate(samples):
        found = _first_plain(chunks, known, lengths)
        if found is None:
            continue
        (text, slot, annotated), sample = found, intent.samples[number]
        message = f"“{text}” is plain here, but a value of the slot {slot!r} in other samples."
        fix = Fix("replace-sample", f"Write “{annotated}”", intent.name, sample, number, annotated)
        yield _warning(
            "not-annotated",
            f"{path}.samples[{number}]",
            message,
            sample,
            f"Write {{{slot}}} for it.",
            subject=intent.name,
            other=slot,
            fixes=(fix,),
        )


def _first_plain(
    chunks: tuple[Chunk, ...], known: _Known, lengths: list[int]
) -> tuple[str, str, str] | None:
    """Return (text, slot, sample with the slot for it) of the first value that is plain text."""
    taken = {chunk.slot for chunk in chunks if chunk.slot}
    for index, chunk in enumerate(chunks):
        if chunk.slot:
            continue
        tokens = tokenize(chunk.text)[:_MOST_WORDS]
        words = tuple(normalize(token.text) for token in tokens)
        for start in range(len(tokens)):
            for length in lengths:
                found = words[start : start + length]
                slot = known.slot_of(found, taken) if len(found) == length else ""
                if slot:
                    last = tokens[start + length - 1]
                    return _annotated(chunks, index, tokens[start], last, slot)
    return None


def _annotated(
    chunks: tuple[Chunk, ...], index: int, first: Token, last: Token, slot: str
) -> tuple[str, str, str]:
    text = chunks[index].text
    parts = [
        f"{{{chunk.text}|{chunk.slot}}}"
        if chunk.slot and chunk.text
        else f"{{{chunk.slot}}}"
        if chunk.slot
        else chunk.text
        for chunk in chunks
    ]
    parts[index] = f"{text[: first.start]}{{{slot}}}{text[last.end :]}"
    return text[first.start : last.end], slot, "".join(parts)


def _unknown_to_closed(model: InteractionModel, locale: str, path: str) -> Iterator[Check]:
    """Yield a warning for each text of a closed slot, in a sample, that its type does not know."""
    if not any(slot_type.settings.is_closed for slot_type in model.slot_types):
        return
    resolver = resolver_of(model, locale)
    for number, intent in enumerate(model.intents):
        types = {slot.name: slot.type for slot in intent.slots}
        for index, sample in enumerate(intent.samples):
            for chunk in _chunks(sample):
                if not chunk.slot or not chunk.text or chunk.slot not in types:
                    continue
                own, slot = resolver.of(intent.name, chunk.slot)
                if own.resolve(slot, chunk.text).is_accepted:
                    continue
                owner = types[chunk.slot]
                message = f"“{chunk.text}” is no value of {owner}, which is closed."
                fix = f"Add it to {owner}, or no parse will have this slot."
                place, more = f"{path}[{number}].samples[{index}]", {"subject": intent.name}
                yield _warning("unknown-to-closed-type", place, message, sample, fix, **more)


# --- Slot types -------------------------------------------------------------------------------


def _unused_types(model: InteractionModel, path: str) -> Iterator[Check]:
    used = {slot.type for intent in model.intents for slot in intent.slots}
    for number, slot_type in enumerate(model.slot_types):
        if slot_type.name not in used:
            message = f"No slot has the slot type {slot_type.name!r}."
            fix = "Give it to a slot, or delete it."
            delete = Fix("remove-slot-type", "Delete it", slot_type.name, slot_type.name, number)
            yield _warning(
                "unused-slot-type",
                f"{path}[{number}]",
                message,
                slot_type.name,
                fix,
                subject=slot_type.name,
                fixes=(delete,),
            )


def _shared_synonyms(slot_type: SlotType, path: str) -> Iterator[Check]:
    """Yield a warning for each synonym that is another value's, or its own value's, already."""
    first: dict[str, int] = {}
    for number, value in enumerate(slot_type.values):
        if len(value.value) <= rules.MAX_VALUE_LENGTH:
            first.setdefault(normalize(value.value), number)
    for number, value in enumerate(slot_type.values):
        seen = {normalize(value.value)} if len(value.value) <= rules.MAX_VALUE_LENGTH else set()
        for index, synonym in enumerate(value.synonyms):
            if len(synonym) > rules.MAX_VALUE_LENGTH or not synonym.strip():
                continue
            word = normalize(synonym)
            owner = first.setdefault(word, number)
            place = f"{path}.values[{number}].name.synonyms[{index}]"
            if owner != number or word in seen:
                yield _shared_synonym(slot_type, value, synonym, slot_type.values[owner], place)
            seen.add(word)


def _shared_synonym(
    slot_type: SlotType, value: SlotValue, synonym: str, owner: SlotValue, place: str
) -> Check:
    number = int(place.rpartition(".values[")[2].partition("]")[0])
    label = f"Remove it from “{value.value}”"
    remove = Fix("remove-synonym", label, slot_type.name, value.value, number, synonym)
    message = f"“{synonym}” stands for “{owner.value}” already: which is meant?"
    if owner is value:
        message = f"“{synonym}” stands twice at “{value.value}”."
    fix = "Keep it at one value."
    more = {"subject": slot_type.name, "other": shown(value.value), "fixes": (remove,)}
    return _warning("shared-synonym", place, message, synonym, fix, **more)


# --- What the shared embeddings say -----------------------------------------------------------


def _near_duplicates(model: InteractionModel, locale: str, path: str) -> Iterator[Check]:
    for pair in near_duplicates(model, load_embeddings(release_for(locale))):
        one, other = model.intents[pair.first.intent], model.intents[pair.second.intent]
        text, near = other.samples[pair.second.sample], one.samples[pair.first.sample]
        number = pair.second.sample
        message = f"This means nearly the same as “{near}” of {one.name!r}."
        move = Fix("move-sample", f"Move it to {one.name}", other.name, text, number, one.name)
        remove = Fix("remove-sample", "Remove it", other.name, text, number)
        missing = _slots(text) - {slot.name for slot in one.slots}
        make = _warning if pair.similarity >= VERY_NEAR else _hint
        yield make(
            "near-duplicate",
            f"{path}[{pair.second.intent}].samples[{number}]",
            message,
            text,
            "Move it there, remove one of them, or say more clearly what is meant.",
            subject=other.name,
            other=f"{one.name}: {near}",
            fixes=(remove,) if missing else (move, remove),
        )
    count = sum(len(intent.samples) for intent in model.custom_intents())
    if count > MOST_SAMPLES:
        message = f"Of {count:,} samples only the first {MOST_SAMPLES:,} were compared by meaning."
        fix = "Look for near duplicates among the others yourself."
        yield _hint("not-compared", path, message, count, fix)


def _slots(sample: str) -> set[str]:
    return {chunk.slot for chunk in _chunks(sample) if chunk.slot}


def _unknown_words(model: InteractionModel, locale: str, root: str) -> Iterator[Check]:
    """Yield a hint for each intent and slot type that has words without a pretrained vector."""
    embeddings = load_embeddings(release_for(locale))

    def unknown(texts: Iterable[str]) -> list[str]:
        found = dict.fromkeys(word for text in texts for word in _words(text))
        words = [word for word in found if word.isalpha()]
        known = embeddings.known(words)
        return [word for word in words if word not in known]

    for number, intent in enumerate(model.intents):
        literal = (c.text for sample in intent.samples for c in _chunks(sample) if not c.slot)
        yield from _unknown_in(intent.name, unknown(literal), f"{root}.intents[{number}].samples")
    for number, slot_type in enumerate(model.slot_types):
        texts = (t for v in slot_type.values for t in (v.value, *v.synonyms) if len(t) <= 140)
        yield from _unknown_in(slot_type.name, unknown(texts), f"{root}.types[{number}].values")


def _unknown_in(name: str, words: list[str], path: str) -> Iterator[Check]:
    if words:
        listed = ", ".join(words[:_LISTED]) + (", …" if len(words) > _LISTED else "")
        message = (
            f"{len(words):,} word{'s'[: len(words) != 1]} of {name!r} "
            f"{'have' if len(words) > 1 else 'has'} no pretrained vector: the DNN goes by spelling."
        )
        fix = "Mind misspellings; add samples or synonyms in common words too."
        yield _hint("unknown-words", path, message, listed, fix, subject=name)
