"""Slot values as CSV: one value a line, then its id, then its synonyms.

    value,id,synonyms
    large,L,big,huge

The first line above is what ``write_values`` begins with; without it the first line is a value.
A list may be separated by commas, semicolons or tabs, as spreadsheets of all countries write
and copy it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

from nlu_engine.documents import shown, text_problems
from nlu_engine.errors import InvalidValueList, Problem
from nlu_engine.interaction_model import MAX_NAME_LENGTH, SlotValue
from nlu_engine.rules import MAX_SLOT_VALUES, MAX_VALUE_LENGTH
from nlu_engine.spreadsheets import csv_table, text_of
from nlu_engine.utterances import is_blank, normalize_once

MOST_PROBLEMS = 100
_HEADER = ("value", "id", "synonyms")
_DELIMITERS = ("\t", ";", ",")


def write_values(values: Iterable[SlotValue]) -> str:
    """Return ``values`` as CSV, with a heading."""
    return csv_table(_HEADER, ([one.value, one.id or "", *one.synonyms] for one in values))


def read_values(raw: bytes) -> tuple[SlotValue, ...]:
    """Return the slot values in CSV.

    Raises InvalidValueList with all that is wrong, each with its line.
    """
    found: dict[str, tuple[int, SlotValue]] = {}
    problems: list[Problem] = []
    said = 0
    text = _text(raw)
    is_storable = not text_problems(text)
    for line, cells in _rows(text):
        value, *rest = [" ".join(text_of(cell).split()) for cell in cells]
        id_, synonyms = (rest[0] if rest else ""), tuple(dict.fromkeys(filter(None, rest[1:])))
        wrong = list(_line_problems(line, value, id_, synonyms))
        if not is_storable:
            wrong += _storage_problems(line, (value, id_, *synonyms))
        if not wrong:
            earlier = found.setdefault(
                normalize_once(value), (line, SlotValue(value, synonyms, id_ or None))
            )
            if earlier[0] != line:
                message = f"The value stands already in line {earlier[0]}."
                wrong.append(_problem("duplicate-value", line, message, value, "Keep one of them."))
        problems += wrong[: max(0, MOST_PROBLEMS - len(problems))]
        said += 1 + len(synonyms)
    if said > MAX_SLOT_VALUES:
        message = f"These are {said:,} values and synonyms; a skill may have {MAX_SLOT_VALUES:,}."
        problems.append(_problem("too-many-values", 1, message, said, "Remove some."))
    if not found and not problems:
        message = "There is no value in this list."
        problems.append(_problem("no-values", 1, message, None, "Write one value a line."))
    if problems:
        raise InvalidValueList(problems)
    return tuple(value for _, value in found.values())


def _problem(code: str, line: int, message: str, value: object, fix: str) -> Problem:
    return Problem(code, f"line {line}", message, shown(value), fix)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"Byte {error.start + 1} of the file is not UTF-8."
        fix = "Save it as UTF-8: in Excel, “CSV UTF-8 (comma delimited)”."
        raise InvalidValueList([_problem("not-utf-8", line, message, None, fix)]) from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of its first line and the cells of each row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for row in reader:
            is_header = line == 1 and _is_header(row)
            if any(map(str.strip, row)) and not is_header:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        fix = 'Write " only around a whole cell, and twice where it is part of one.'
        raise InvalidValueList(
            [_problem("broken-csv", line, f"This is not CSV: {error}.", None, fix)]
        ) from None


def _delimiter(text: str) -> str:
    """Return what separates the cells: the first of the delimiters that is in the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    heads = {"value" + delimiter: delimiter for delimiter in _DELIMITERS}
    for head, delimiter in heads.items():
        if first.lower().lstrip('"').replace('"', "").startswith(head):
            return delimiter
    return next((delimiter for delimiter in _DELIMITERS if delimiter in first), ",")


def _is_header(row: list[str]) -> bool:
    names = [cell.strip().lower() for cell in row]
    return names[:2] == ["value", "id"] and all(
        not name or name.startswith("synonym") for name in names[2:]
    )


def _line_problems(line: int, value: str, id_: str, synonyms: tuple[str, ...]) -> Iterator[Problem]:
    if not value:
        fix = "Write the value into the first column, or remove the line."
        yield _problem("empty-value", line, "There is no value in this line.", value, fix)
    for text in (value, *synonyms):
        if text and is_blank(text):
            message = "Nothing of this can be seen."
            yield _problem("empty-value", line, message, text, "Write letters.")
        elif len(text) > MAX_VALUE_LENGTH:
            message = f"This has {len(text)} characters; Alexa takes {MAX_VALUE_LENGTH}."
            yield _problem("long-value", line, message, text, "Shorten it.")
    if len(id_) > MAX_NAME_LENGTH:
        message = f"The id has {len(id_)} characters; at most {MAX_NAME_LENGTH}."
        yield _problem("too-long", line, message, id_, "Shorten it.")


def _storage_problems(line: int, texts: Iterable[str]) -> Iterator[Problem]:
    for problem in text_problems(list(texts)):
        yield replace(problem, path=f"line {line}")


def merged(old: Iterable[SlotValue], new: Iterable[SlotValue]) -> tuple[SlotValue, ...]:
    """Return ``old`` with ``new`` added: a value that is there gets what it does not have.

    It keeps its name and its place, gets the synonyms that are new to it, and the new id if
    there is one.
    """
    values = list(old)
    places: dict[str, int] = {}
    for place, value in enumerate(values):
        places.setdefault(normalize_once(value.value), place)
    for value in new:
        at = places.get(normalize_once(value.value))
        if at is None:
            values.append(value)
            continue
        had = values[at]
        known = {normalize_once(text) for text in (had.value, *had.synonyms)}
        more = tuple(text for text in value.synonyms if normalize_once(text) not in known)
        values[at] = replace(had, synonyms=had.synonyms + more, id=value.id or had.id)
    return tuple(values)


def replaced(old: Iterable[SlotValue], new: Iterable[SlotValue]) -> tuple[SlotValue, ...]:
    """Return ``new`` in the place of ``old``, with what is kept of a value but not in a CSV."""
    extras: dict[str, SlotValue] = {}
    for value in old:
        extras.setdefault(value.value, value)
    return tuple(
        replace(value, extra=extras[value.value].extra) if value.value in extras else value
        for value in new
    )
