"""Annotation sets: utterances with what is expected of a parser, and files that hold them.

Read from Alexa's JSON of both generations, from JSON lines and from CSV. An answer names an
intent and its slots; one of several accepted answers is enough. A slot whose words stand in
the utterance has a place there and is compared by it, any other ("5" for "five") by its value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from nlu_engine.documents import (
    MAX_PROBLEMS,
    child_path,
    kind_of,
    limited,
    shown,
    text_problems,
)
from nlu_engine.errors import InvalidAnnotationSet, InvalidInteractionModel, Problem
from nlu_engine.frames import Frame, SlotSpan
from nlu_engine.interaction_model import InteractionModel, read_document
from nlu_engine.spreadsheets import csv_table, text_of
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import is_blank, normalize, tokenize

MAX_ANNOTATIONS = 10_000
MAX_ANNOTATIONS_BYTES = 8_000_000
"""Of one file: MAX_ANNOTATIONS in Alexa's JSON are three or four million."""
TOO_BIG = "Send it in parts, and add each to the set."
MAX_ANSWERS = 10
MAX_SLOTS = 50
MAX_UTTERANCE = 1_000
MAX_NAME = 200
"""Longest name of an intent or slot, and longest reference timestamp, in characters."""
NOWHERE = -1_000_000
"""Where an expected slot begins that no place in the utterance is known for."""

_COLUMNS = ("utterance", "intent", "slots", "referenceTimestamp")


# --- What is expected ---------------------------------------------------------------------


@dataclass(frozen=True)
class ExpectedSlot:
    """A slot of an answer: ``value`` is what was said, or what that means.

    ``start`` and ``end`` (characters, end exclusive) are None where the place is not known.
    """

    name: str
    value: str
    start: int | None = None
    end: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return ``{name, value}``, with start and end where they are known."""
        place = {} if self.start is None else {"start": self.start, "end": self.end}
        return {"name": self.name, "value": self.value, **place}


@dataclass(frozen=True)
class Answer:
    """One answer that is accepted: an intent and all its slots."""

    intent: str
    slots: tuple[ExpectedSlot, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return ``{intent, slots}``."""
        return {"intent": self.intent, "slots": [slot.to_dict() for slot in self.slots]}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Answer:
        """Return the answer of ``to_dict``."""
        return cls(document["intent"], tuple(ExpectedSlot(**slot) for slot in document["slots"]))


@dataclass(frozen=True)
class Annotation:
    """An utterance, the answers that are accepted, and the moment that "tomorrow" counts from."""

    utterance: str
    answers: tuple[Answer, ...]
    reference_timestamp: str = ""

    @property
    def reference(self) -> datetime | None:
        """The moment that ``reference_timestamp`` tells, None if it tells none."""
        return moment_of(self.reference_timestamp)

    def expected_frame(self, actual: Frame) -> Frame:
        """Return the accepted answer that is nearest to ``actual``, which is equal to it if right.

        A slot without a place has that of the slot in ``actual`` with its name and value.
        """
        frames = [frame_of(answer, actual) for answer in self.answers]
        return max(frames, key=lambda frame: _likeness(frame, actual))


def moment_of(timestamp: str) -> datetime | None:
    """Return the moment in ISO 8601, in UTC where it has no offset; None if it is none."""
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _likeness(frame: Frame, actual: Frame) -> tuple[bool, bool, int]:
    mine, theirs = frame.spans(), actual.spans()
    same = frame.intent == actual.intent
    return same and mine == theirs, same, -len(mine ^ theirs)


def is_right(expected: Frame, actual: Frame) -> bool:
    """Return whether the intent and all slots, by their place, are the same."""
    return expected.intent == actual.intent and expected.spans() == actual.spans()


def frame_of(answer: Answer, actual: Frame) -> Frame:
    """Return ``answer`` as a frame to compare with ``actual``."""
    placed = [
        SlotSpan(slot.name, slot.start, slot.end, slot.value)
        for slot in answer.slots
        if slot.start is not None and slot.end is not None
    ]
    taken = {(span.name, span.start, span.end) for span in placed}
    for slot in answer.slots:
        if slot.start is None:
            span = _with_value(slot, actual, taken) or _nowhere(slot, len(taken))
            taken.add((span.name, span.start, span.end))
            placed.append(span)
    return Frame(answer.intent, tuple(sorted(placed, key=lambda span: span.start)))


def _with_value(
    slot: ExpectedSlot, actual: Frame, taken: set[tuple[str, int, int]]
) -> SlotSpan | None:
    value = normalize(slot.value)
    for span in actual.slots:
        means = {normalize(span.text), normalize(span.value or "")}
        free = (span.name, span.start, span.end) not in taken
        if span.name == slot.name and value in means and free:
            return replace(span, confidence=None)
    return None


def _nowhere(slot: ExpectedSlot, number: int) -> SlotSpan:
    start = NOWHERE * (number + 1)
    return SlotSpan(slot.name, start, start + len(slot.value), slot.value)


# --- As authors write them ----------------------------------------------------------------


def marked(utterance: str, slots: Sequence[ExpectedSlot]) -> str:
    """Return the utterance with its placed slots marked: "a {large|size} pizza"."""
    text, end = "", 0
    for slot in sorted(slots, key=lambda slot: slot.start or 0):
        if slot.start is not None and slot.end is not None:
            words = utterance[slot.start : slot.end]
            text += f"{utterance[end : slot.start]}{{{words}|{slot.name}}}"
            end = slot.end
    return text + utterance[end:]


def read_marked(text: str) -> tuple[str, tuple[ExpectedSlot, ...]]:
    """Return what is said and the slots of "a {large|size} pizza".

    Raises TemplateError for wrong braces, and for a slot without words.
    """
    said = ""
    slots: list[ExpectedSlot] = []
    for chunk in parse_template(text):
        if chunk.slot and not chunk.text:
            raise TemplateError(
                f"{{{chunk.slot}}} has no words. Write them as they are said: "
                f"{{words|{chunk.slot}}}."
            )
        if chunk.slot:
            place = (len(said), len(said) + len(chunk.text))
            slots.append(ExpectedSlot(chunk.slot, chunk.text, *place))
        said += chunk.text
    return said, tuple(slots)


def by_value(slots: Sequence[ExpectedSlot]) -> str:
    """Return the slots without a place as "size=large; topping=ham"."""
    return "; ".join(f"{slot.name}={slot.value}" for slot in slots if slot.start is None)


def placed(utterance: str, slots: Iterable[ExpectedSlot]) -> tuple[ExpectedSlot, ...]:
    """Return ``slots`` with the place of each whose words stand just once in ``utterance``."""
    words = [normalize(token.text) for token in tokenize(utterance)]
    tokens = tokenize(utterance)
    found = []
    for slot in slots:
        wanted = [normalize(token.text) for token in tokenize(slot.value)]
        starts = [at for at in range(len(words)) if wanted and words[at:][: len(wanted)] == wanted]
        if slot.start is None and len(starts) == 1:
            last = tokens[starts[0] + len(wanted) - 1]
            slot = replace(slot, start=tokens[starts[0]].start, end=last.end)
        found.append(slot)
    return _without_overlaps(found)


def _without_overlaps(slots: Sequence[ExpectedSlot]) -> tuple[ExpectedSlot, ...]:
    """Return ``slots``; of two at one place the second is compared by its value."""
    ends: list[tuple[int, int]] = []
    kept = []
    for slot in slots:
        if slot.start is not None and slot.end is not None:
            start, end = slot.start, slot.end
            if any(start < other_end and end > other for other, other_end in ends):
                slot = replace(slot, start=None, end=None)
            else:
                ends.append((start, end))
        kept.append(slot)
    return tuple(kept)


# --- Problems -----------------------------------------------------------------------------


def problems(annotations: Sequence[Annotation], model: InteractionModel) -> list[Problem]:
    """Return what makes the annotations test less than they seem to, at most MAX_PROBLEMS.

    Intents and slots that ``model`` does not have, utterances that stand twice, and such as
    are samples of the skill, which every parser knows by heart. All are warnings.
    """
    slots = {intent.name: {slot.name for slot in intent.slots} for intent in model.intents}
    samples = {normalize(text): i.name for i in model.intents for text in i.samples}
    first: dict[str, int] = {}
    found: list[Problem] = []
    for number, annotation in enumerate(annotations):
        path = f"$.data[{number}]"
        said = normalize(annotation.utterance)
        if said in first:
            message = f"“{annotation.utterance}” is annotation {first[said] + 1} too."
            found.append(_warning("duplicate-annotation", path, message, "Keep one of the two."))
        elif said in samples:
            message = f"“{annotation.utterance}” is a sample of {samples[said]}: known by heart."
            found.append(_warning("annotated-sample", path, message, "Say it in other words."))
        first.setdefault(said, number)
        found += _unknown(annotation, path, slots)
    return limited(found)


def _unknown(annotation: Annotation, path: str, known: dict[str, set[str]]) -> Iterator[Problem]:
    for number, answer in enumerate(annotation.answers):
        place = f"{path}.expected[{number}]"
        if answer.intent not in known:
            message = f"It expects the intent {answer.intent}, which is gone or never was."
            yield _warning("unknown-intent", place, message, "Add it, or correct the name.")
            continue
        for slot in answer.slots:
            if slot.name not in known[answer.intent]:
                message = f"It expects the slot {slot.name}, which {answer.intent} does not have."
                yield _warning("unknown-slot", place, message, "Add it, or correct the name.")


def _warning(code: str, path: str, message: str, fix: str) -> Problem:
    return Problem(code, path, shown(message, 300), None, fix, "warning")


# --- Reading ------------------------------------------------------------------------------


def read_annotations(raw: bytes) -> list[Annotation]:
    """Return the annotations in a file: Alexa's JSON, JSON lines or CSV, whichever it is.

    Raises InvalidAnnotationSet with every problem and its place ("$.data[3]", "line 3").
    """
    if len(raw) > MAX_ANNOTATIONS_BYTES:
        most = f"at most {MAX_ANNOTATIONS_BYTES:,} are accepted"
        message = f"The file has {len(raw):,} bytes; {most}."
        problem = Problem("document-too-big", "$", message, len(raw), TOO_BIG)
        raise InvalidAnnotationSet([problem])
    text = _decoded(raw)
    reader = _Reader()
    if text.lstrip()[:1] not in ("{", "["):
        reader.read_csv(text)
    elif _is_lines(text):
        reader.read_lines(text)
    else:
        reader.read_json(raw)
    return reader.result()


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"Byte {error.start + 1} is not UTF-8."
        problem = Problem("not-utf-8", f"line {line}", message, None, "Save the file as UTF-8.")
        raise InvalidAnnotationSet([problem]) from None
    if not text.strip():
        problem = Problem("empty-document", "$", "The file is empty.", "", "Write annotations.")
        raise InvalidAnnotationSet([problem])
    return text


def _is_lines(text: str) -> bool:
    try:
        first = json.loads(text.lstrip().split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and bool({"text", "utterance"} & first.keys())


class _Reader:
    """Collects annotations and problems while it reads one file."""

    def __init__(self) -> None:
        self.annotations: list[Annotation] = []
        self.problems: list[Problem] = []

    def result(self) -> list[Annotation]:
        """Return what was read; raises InvalidAnnotationSet where anything was wrong."""
        if not self.annotations and not self.problems:
            self.wrong("no-annotations", "$", "There is no annotation.", None, "Write one.")
        if len(self.annotations) > MAX_ANNOTATIONS:
            count = len(self.annotations)
            message = f"There are {count:,} annotations; a set has at most {MAX_ANNOTATIONS:,}."
            self.wrong("too-many-annotations", "$", message, count, "Make a second set.")
        if self.problems:
            raise InvalidAnnotationSet(limited(self.problems))
        return self.annotations

    def wrong(self, code: str, path: str, message: str, value: Any, fix: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(code, path, message, shown(value), fix))

    # --- Alexa's JSON ---------------------------------------------------------------------

    def read_json(self, raw: bytes) -> None:
        """Read Alexa's JSON."""
        try:
            document = read_document(raw, MAX_ANNOTATIONS_BYTES, TOO_BIG)
        except InvalidInteractionModel as error:
            self.problems += error.problems
            return
        self.read_document(document)

    def read_document(self, document: Any) -> None:
        """Read the parsed document."""
        self.problems += text_problems(document)
        rows = document.get("data") if isinstance(document, dict) else document
        path = "$.data" if isinstance(document, dict) else "$"
        if not isinstance(rows, list):
            fix = 'Write {"data": [{"inputs": {"utterance": ...}, "expected": [...]}]}.'
            message = f"The annotations must be a list, not {kind_of(rows)}."
            self.wrong("wrong-type", path, message, rows, fix)
            return
        for number, row in enumerate(rows):
            if len(self.problems) >= MAX_PROBLEMS:
                return
            self.read_row(row, child_path(path, number))

    def read_row(self, row: Any, path: str) -> None:
        """Read one member of "data"."""
        inputs = self.object_at(row, "inputs", path)
        expected = row.get("expected") if isinstance(row, dict) else None
        if inputs is None:
            return
        if not isinstance(expected, list) or not expected:
            message = f'"expected" must be a list of accepted answers, not {kind_of(expected)}.'
            self.wrong("wrong-type", f"{path}.expected", message, expected, "Write one or more.")
            return
        timestamp = inputs.get("referenceTimestamp") or ""
        answers = []
        for number, answer in enumerate(expected):
            answers.append(self.alexa_answer(answer, f"{path}.expected[{number}]"))
        self.add(inputs.get("utterance"), answers, timestamp, f"{path}.inputs")

    def alexa_answer(self, answer: Any, path: str) -> Answer | None:
        """Read one of the accepted answers."""
        intent = self.object_at(answer, "intent", path)
        if intent is None:
            return None
        name, slots = intent.get("name"), intent.get("slots") or {}
        if not isinstance(slots, dict):
            message = f'"slots" must be an object of slots by name, not {kind_of(slots)}.'
            self.wrong("wrong-type", f"{path}.intent.slots", message, slots, "Write {}.")
            return None
        found = []
        for slot_name, slot in slots.items():
            place = child_path(f"{path}.intent.slots", slot_name)
            found += [ExpectedSlot(slot_name, value) for value in self.alexa_values(slot, place)]
        return self.answer(name, found, f"{path}.intent.name")

    def alexa_values(self, slot: Any, path: str) -> list[str]:
        """Read the values of a slot: ``value``, or ``slotValue`` of the type Simple or List."""
        if not isinstance(slot, dict):
            fix = 'Write {"value": "..."}.'
            message = f"A slot must be an object, not {kind_of(slot)}."
            self.wrong("wrong-type", path, message, slot, fix)
            return []
        inner = slot.get("slotValue")
        if isinstance(inner, dict):
            nested = inner.get("values")
            parts = nested if isinstance(nested, list) else [inner]
            return [value for part in parts for value in self.alexa_values(part, path)]
        value = slot.get("value")
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return [str(value)] if str(value).strip() else []
        if value is not None:
            message = f"A slot's value must be text, not {kind_of(value)}."
            self.wrong("wrong-type", f"{path}.value", message, value, "Write text.")
        return []

    def object_at(self, holder: Any, key: str, path: str) -> dict[str, Any] | None:
        """Return the object ``key`` of ``holder``, or note that there is none."""
        value = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(value, dict):
            return value
        message = f'There must be an object "{key}" here, not {kind_of(value)}.'
        self.wrong("wrong-type", child_path(path, key), message, value, f'Add "{key}": {{...}}.')
        return None

    # --- JSON lines -----------------------------------------------------------------------

    def read_lines(self, text: str) -> None:
        """Read one object a line: ``{"text", "intent", "slots"}``, or with "expected"."""
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip() and len(self.problems) < MAX_PROBLEMS:
                self.read_line(line, f"line {number}")

    def read_line(self, line: str, path: str) -> None:
        """Read one line."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            message = f"This is not JSON: {error}."
            self.wrong("broken-json", path, message, line, "Write one object a line.")
            return
        if not isinstance(row, dict):
            message = f"The line holds {kind_of(row)}, not an object."
            self.wrong("wrong-type", path, message, row, 'Write {"text": ..., "intent": ...}.')
            return
        self.problems += [replace(one, path=f"{path}, {one.path}") for one in text_problems(row)]
        listed = row.get("expected")
        expected = listed if isinstance(listed, list) and listed else [row]
        utterance = row.get("text", row.get("utterance"))
        answers = [self.plain_answer(answer, utterance, path) for answer in expected]
        self.add(utterance, answers, row.get("referenceTimestamp") or "", path)

    def plain_answer(self, answer: Any, utterance: Any, path: str) -> Answer | None:
        """Read ``{intent, slots: [{name, value, start, end}]}``."""
        slots = answer.get("slots") or [] if isinstance(answer, dict) else None
        if not isinstance(slots, list):
            message = '"slots" must be a list.'
            self.wrong("wrong-type", path, message, answer, 'Write "slots": [].')
            return None
        found = [self.plain_slot(slot, utterance, path) for slot in slots]
        return self.answer(answer.get("intent"), [slot for slot in found if slot], path)

    def plain_slot(self, slot: Any, utterance: Any, path: str) -> ExpectedSlot | None:
        """Read one slot, whose place, if it has one, must hold its value."""
        known = slot if isinstance(slot, dict) else {}
        name, value, start, end = (known.get(key) for key in ("name", "value", "start", "end"))
        if not isinstance(name, str) or not isinstance(value, str):
            message = "A slot must have a name and a value, both text."
            self.wrong("wrong-type", path, message, slot, 'Write {"name": ..., "value": ...}.')
            return None
        if start is None and end is None:
            return ExpectedSlot(name, value)
        there = type(start) is int and type(end) is int and 0 <= start < end
        if not there or not isinstance(utterance, str) or utterance[start:end] != value:
            message = f"text[{start}:{end}] is not {value!r}."
            fix = "Count start and end in characters, end exclusive, or leave both out."
            self.wrong("wrong-span", path, message, slot, fix)
            return None
        return ExpectedSlot(name, value, start, end)

    # --- CSV ------------------------------------------------------------------------------

    def read_csv(self, text: str) -> None:
        """Read CSV with a header: utterance, intent, slots, referenceTimestamp.

        An utterance that stands again, right below, adds an accepted answer.
        """
        table = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = [name.strip() for name in next(table)]
            if not {"utterance", "intent"} <= set(header):
                fix = f"Begin with the line {','.join(_COLUMNS)}, or send JSON."
                message = "The first line must name the columns utterance and intent."
                self.wrong("no-header", "line 1", message, ",".join(header), fix)
                return
            for cells in table:
                if cells and len(self.problems) < MAX_PROBLEMS:
                    self.read_cells(dict(zip(header, cells, strict=False)), table.line_num)
        except csv.Error as error:
            place = f"line {table.line_num}"
            self.wrong("broken-csv", place, f"This is not CSV: {error}.", None, "Mend the quotes.")

    def read_cells(self, row: dict[str, str], line: int) -> None:
        """Read one row, the last of whose lines is ``line``."""
        path = f"line {line}"
        self.problems += [replace(one, path=path) for one in text_problems(row)]
        try:
            utterance, slots = read_marked(text_of(row.get("utterance", "")))
        except TemplateError as error:
            self.wrong("broken-braces", path, str(error), row.get("utterance"), "Mend the braces.")
            return
        more = [self.cell_slot(part, path) for part in row.get("slots", "").split(";")]
        named = [ExpectedSlot(*pair) for pair in more if pair]
        answer = self.answer(text_of(row.get("intent", "")), [*slots, *named], path)
        timestamp = row.get("referenceTimestamp", "").strip()
        last = self.annotations[-1] if self.annotations else None
        if last and answer and last.utterance == utterance.strip() and not self.problems:
            self.annotations.pop()
            self.add(utterance, [*last.answers, answer], timestamp, path)
        else:
            self.add(utterance, [answer], timestamp, path)

    def cell_slot(self, text: str, path: str) -> tuple[str, str] | None:
        """Read "size=large"."""
        name, equals, value = text.partition("=")
        if text.strip() and not (equals and name.strip() and value.strip()):
            self.wrong("broken-slot", path, "A slot is name=value.", text, "Write size=large.")
        return (name.strip(), value.strip()) if value.strip() else None

    # --- All ------------------------------------------------------------------------------

    def answer(self, intent: Any, slots: list[ExpectedSlot], path: str) -> Answer | None:
        """Return the answer, or note what is wrong with it."""
        if not isinstance(intent, str) or not 0 < len(intent.strip()) <= MAX_NAME:
            message = f"An expected intent must be a name of 1 to {MAX_NAME} characters."
            self.wrong("wrong-intent", path, message, intent, "Write the name of the intent.")
            return None
        names = [slot.name for slot in slots]
        if len(slots) > MAX_SLOTS or any(not 0 < len(name.strip()) <= MAX_NAME for name in names):
            message = f"At most {MAX_SLOTS} slots, their names of 1 to {MAX_NAME} characters."
            self.wrong("wrong-slots", path, message, names, "Shorten them.")
            return None
        return Answer(intent.strip(), tuple(slots))

    def add(
        self, utterance: Any, answers: Sequence[Answer | None], timestamp: Any, path: str
    ) -> None:
        """Add the annotation, or note what is wrong with it."""
        if not isinstance(utterance, str) or is_blank(utterance):
            message = "An annotation must have an utterance, text that is not empty."
            self.wrong("no-utterance", path, message, utterance, "Write what is said.")
        elif len(utterance) > MAX_UTTERANCE:
            message = f"The utterance has {len(utterance):,} characters; at most {MAX_UTTERANCE:,}."
            self.wrong("too-long", path, message, utterance, "Shorten it.")
        elif "{" in utterance or "}" in utterance:
            message = "The utterance has braces, which nobody can say."
            self.wrong("braces", path, message, utterance, "Remove them.")
        elif len(answers) > MAX_ANSWERS:
            message = f"There are {len(answers)} accepted answers; at most {MAX_ANSWERS}."
            self.wrong("too-many-answers", path, message, len(answers), "Keep the likeliest.")
        elif not isinstance(timestamp, str) or len(timestamp) > MAX_NAME:
            message = "referenceTimestamp must be a short text."
            self.wrong("wrong-type", path, message, timestamp, "Write 2026-01-31T09:00:00Z.")
        elif timestamp and moment_of(timestamp) is None:
            message = "referenceTimestamp is no moment in ISO 8601."
            self.wrong("timestamp", path, message, timestamp, "Write it like 2026-01-31T09:00:00Z.")
        elif None not in answers:
            self.annotations.append(annotation(utterance, [a for a in answers if a], timestamp))


def annotation(utterance: str, answers: Sequence[Answer], timestamp: str = "") -> Annotation:
    """Return the annotation, stripped, its slots placed where that can be, each answer once."""
    left = len(utterance) - len(utterance.lstrip())
    text = utterance.strip()
    unique = dict.fromkeys(
        replace(one, slots=placed(text, _shifted(one.slots, left))) for one in answers
    )
    return Annotation(text, tuple(unique), timestamp)


def _shifted(slots: Sequence[ExpectedSlot], by: int) -> list[ExpectedSlot]:
    return [
        slot
        if slot.start is None or slot.end is None
        else replace(slot, start=slot.start - by, end=slot.end - by)
        for slot in slots
    ]


# --- Writing ------------------------------------------------------------------------------


def to_json(annotations: Iterable[Annotation]) -> dict[str, Any]:
    """Return Alexa's document of the newer generation, the places of slots left out."""
    return {"data": [_alexa_row(one) for one in annotations]}


def _alexa_row(annotation: Annotation) -> dict[str, Any]:
    inputs = {"utterance": annotation.utterance}
    if annotation.reference_timestamp:
        inputs["referenceTimestamp"] = annotation.reference_timestamp
    answers = [
        {"intent": {"name": one.intent, "slots": _alexa_slots(one)}} for one in annotation.answers
    ]
    return {"inputs": inputs, "expected": answers}


def _alexa_slots(answer: Answer) -> dict[str, Any]:
    values: dict[str, list[dict[str, str]]] = {}
    for slot in answer.slots:
        values.setdefault(slot.name, []).append({"type": "Simple", "value": slot.value})
    return {
        name: {"slotValue": said[0] if len(said) == 1 else {"type": "List", "values": said}}
        for name, said in values.items()
    }


def to_lines(annotations: Iterable[Annotation]) -> str:
    """Return JSON lines, which lose nothing."""
    return "".join(f"{json.dumps(_line(one), ensure_ascii=False)}\n" for one in annotations)


def _line(annotation: Annotation) -> dict[str, Any]:
    answers = [answer.to_dict() for answer in annotation.answers]
    timestamp = annotation.reference_timestamp
    return (
        {"text": annotation.utterance}
        | (answers[0] if len(answers) == 1 else {"expected": answers})
        | ({"referenceTimestamp": timestamp} if timestamp else {})
    )


def to_csv(annotations: Iterable[Annotation]) -> str:
    """Return CSV, one row an accepted answer, slots marked in the utterance."""
    rows = (
        (marked(one.utterance, answer.slots), answer, one.reference_timestamp)
        for one in annotations
        for answer in one.answers
    )
    return csv_table(
        _COLUMNS,
        ((text, answer.intent, by_value(answer.slots), when) for text, answer, when in rows),
    )
