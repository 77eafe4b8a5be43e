"""JSON text from outside: read it within bounds, and name the place of whatever is wrong.

Everything that passes here can be stored: it is bounded in size and depth, says each key
once, and holds no number or character that a database or a JSON reader would refuse.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

from nlu_engine.errors import InvalidInteractionModel, Problem

MAX_DOCUMENT_BYTES = 1_500_000
MAX_DEPTH = 40
MAX_PROBLEMS = 500
"""More problems than this are counted, not listed."""
MAX_PATH = 1_000
"""Paths of more characters are cut: keys may be as long as the document."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# A string that does not end is a part too, and "*+" never goes back: else each of its quotes
# would be tried as a beginning, and a text of quotes would take hours.
JSON_PART = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
COLON = re.compile(r"\s*:")
# NUL and lone surrogates are legal in JSON escapes, but Postgres stores neither.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JSON_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


# Where a value is: the trail of what holds it, and its key or index there. Made into a path
# only for a problem: a path for each value would take far more room than the document.
_Trail = tuple[()] | tuple["_Trail", str | int]


class _NotANumber(Exception):
    """A literal that Python reads but JSON does not have, or that no database keeps."""

    def __init__(self, digits: str) -> None:
        self.digits = digits


def child_path(path: str, key: str | int) -> str:
    """Return the JSON path of ``key`` (a name or an index) below ``path``."""
    if isinstance(key, int):
        below = f"[{key}]"
    else:
        key = key[:MAX_PATH]
        below = f".{key}" if _PLAIN_KEY.match(key) else f"[{json.dumps(key)}]"
    return shown_text(path + below, MAX_PATH)


def kind_of(value: object) -> str:
    """Return what ``value`` is in the words of JSON: "a list", "text"."""
    return _JSON_NAMES.get(type(value), type(value).__name__)


def shown(value: object, limit: int = 160) -> Any:
    """Return ``value`` as a message may show it: JSON, short, printable."""
    if value is None or isinstance(value, bool | int) and abs(int(value)) < 10**18:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return shown_text(value if isinstance(value, str) else _dumped(value), limit)


def shown_text(text: str, limit: int) -> str:
    """Return ``text`` printable, in at most ``limit`` characters."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    text = text.replace("\x00", "\\u0000")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _dumped(value: object) -> str:
    return json.dumps(_shallow(value), default=str, ensure_ascii=False)


def _shallow(value: object) -> object:
    """Return a container with at most a few members and nothing nested in them."""
    if isinstance(value, dict):
        return {str(key): _leaf(item) for key, item in list(value.items())[:5]}
    if isinstance(value, list):
        return [_leaf(item) for item in value[:5]]
    return str(value)[:200]


def _leaf(value: object) -> object:
    if isinstance(value, dict):
        return {"…": len(value)} if value else {}
    if isinstance(value, list):
        return [f"… {len(value)}"] if value else []
    return value


def limited(problems: list[Problem]) -> list[Problem]:
    """Return at most MAX_PROBLEMS of ``problems``, errors first, and how many there are more."""
    if len(problems) <= MAX_PROBLEMS:
        return problems
    listed = sorted(problems, key=lambda problem: problem.severity != "error")[:MAX_PROBLEMS]
    rest = len(problems) - MAX_PROBLEMS
    message = f"{rest:,} more problems are not listed."
    fix = "Fix the listed ones first."
    return [*listed, Problem("too-many-problems", "$", message, rest, fix, listed[0].severity)]


def read_document(
    raw: bytes, most: int = MAX_DOCUMENT_BYTES, fix: str = "Split the skill or remove slot values."
) -> Any:
    """Return the JSON document in ``raw`` (UTF-8, with or without a byte order mark).

    ``most`` bytes are accepted; ``fix`` says what to do about more.

    Raises InvalidInteractionModel for text that is not JSON (with line and column), too
    big or nested too deep, for a key said twice, NaN or Infinity, NUL characters and lone
    surrogates.
    """
    if len(raw) > most:
        message = f"The document has {len(raw):,} bytes; at most {most:,} are accepted."
        _refuse("document-too-big", "$", message, len(raw), fix)
    document = _parse(_decode(raw))
    problems = text_problems(document)
    if problems:
        raise InvalidInteractionModel(problems)
    return document


def _refuse(code: str, path: str, message: str, value: object, fix: str) -> NoReturn:
    raise InvalidInteractionModel([Problem(code, path, message, value, fix)])


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        _refuse(
            "not-utf-8",
            f"line {line}",
            f"Byte {error.start + 1} is not UTF-8.",
            f"0x{raw[error.start]:02x}",
            "Save the file as UTF-8.",
        )
    if not text.strip():
        _refuse("empty-document", "$", "The document is empty.", "", "Send JSON.")
    return text


def _parse(text: str) -> Any:
    _check_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        _refuse(
            "broken-json",
            f"line {error.lineno}, column {error.colno}",
            f"This is not JSON: {error.msg}.",
            shown(text[error.pos : error.pos + 40].split("\n")[0]),
            "Correct the text at this place.",
        )
    except _DuplicateKey:
        raise InvalidInteractionModel(list(islice(_duplicate_keys(text), MAX_PROBLEMS))) from None
    except _NotANumber as error:
        _refuse_number(text, error.digits)


def _check_depth(text: str) -> None:
    depth = 0
    for match in JSON_PART.finditer(text):
        part = match.group()
        depth += (part in "[{") - (part in "]}")
        if depth > MAX_DEPTH:
            line, column = _place(text, match.start())
            _refuse(
                "nested-too-deep",
                f"line {line}, column {column}",
                f"Objects and lists are nested more than {MAX_DEPTH} deep.",
                depth,
                "Flatten the document.",
            )


def _place(text: str, position: int) -> tuple[int, int]:
    line = text.count("\n", 0, position) + 1
    return line, position - text.rfind("\n", 0, position)


class _DuplicateKey(Exception):
    """An object says a key twice; its place is looked for afterwards."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise _DuplicateKey
    return document


def _constant(name: str) -> NoReturn:
    raise _NotANumber(name)


def _refuse_number(text: str, digits: str) -> NoReturn:
    pattern = rf'"(?:[^"\\]|\\.)*+"|(?<![\w.+-])({re.escape(digits)})'
    found = next(m for m in re.finditer(pattern, text, re.DOTALL) if m.group(1))
    line, column = _place(text, found.start())
    _refuse(
        "not-a-number",
        f"line {line}, column {column}",
        f"{shown(digits, 40)} is not a finite JSON number.",
        shown(digits, 40),
        "Write a finite number or null.",
    )


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _constant(digits)
    return number


def _int(digits: str) -> int:
    if len(digits) > 300:
        _constant(digits)
    return int(digits)


def _duplicate_keys(text: str) -> Iterator[Problem]:
    """Yield a problem for each key that an object of ``text`` (valid JSON) says again."""
    stack: list[tuple[str, dict[str, int] | None, int]] = []  # path, keys of an object, index
    path = "$"
    for match in JSON_PART.finditer(text):
        part, start = match.group(), match.start()
        if part in "[{":
            stack.append((path, {} if part == "{" else None, 0))
            path = path if part == "{" else f"{path}[0]"
        elif part in "]}":
            path = stack.pop()[0]
        elif part == ",":
            parent, keys, index = stack.pop()
            stack.append((parent, keys, index + 1))
            path = f"{parent}[{index + 1}]" if keys is None else parent
        elif stack and (keys := stack[-1][1]) is not None and COLON.match(text, match.end()):
            key = json.loads(part)
            path = child_path(stack[-1][0], key)
            if key in keys:
                yield _duplicate_key(path, key, _place(text, keys[key]), _place(text, start))
            keys.setdefault(key, start)


def _duplicate_key(path: str, key: str, first: tuple[int, int], again: tuple[int, int]) -> Problem:
    return Problem(
        "duplicate-key",
        path,
        f"The key {json.dumps(shown(key))} stands twice in one object: at line {first[0]}, "
        f"column {first[1]} and at line {again[0]}, column {again[1]}.",
        shown(key),
        "Keep one of the two.",
    )


_written = json.JSONEncoder(ensure_ascii=False).encode
_SHORT = 100
"""Characters of an object that stands on one line."""


def written(document: Any) -> str:
    """Return ``document`` as JSON that people read: a line for each slot, slot value or sample."""
    return "".join(_lines(document, "\n"))


def _lines(value: Any, indent: str) -> Iterator[str]:
    if not isinstance(value, dict | list) or not value:
        yield _written(value)
    elif (line := _on_one_line(value)) and len(line) <= _SHORT:
        yield line
    elif isinstance(value, dict):
        below = indent + "  "
        for number, (key, item) in enumerate(value.items()):
            yield f"{',' if number else '{'}{below}{_written(str(key))}: "
            yield from _lines(item, below)
        yield indent + "}"
    else:
        below = indent + "  "
        for number, item in enumerate(value):
            yield ("," if number else "[") + below
            yield from _lines(item, below)
        yield indent + "]"


def _on_one_line(value: Any) -> str:
    """Return ``value``, an object of few small members without a list, as JSON; else ""."""
    is_small = isinstance(value, dict) and all(map(_is_small, value.values()))
    return _written(value) if is_small and len(value) <= 4 else ""


def _is_small(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) <= 4 and all(map(_is_plain, value.values()))
    return not isinstance(value, list) or not value


def _is_plain(value: Any) -> bool:
    """Return whether ``value`` is no object, nor a list with another or with many things in it."""
    if isinstance(value, list):
        return len(value) <= 20 and not any(isinstance(one, dict | list) for one in value)
    return not isinstance(value, dict)


def text_problems(document: Any) -> list[Problem]:
    """Return what in ``document`` no JSON store can keep: odd types, characters, depths."""
    problems: list[Problem] = []
    todo: list[tuple[_Trail, Any, int]] = [((), document, 1)]
    while todo and len(problems) <= MAX_PROBLEMS:
        trail, value, depth = todo.pop()
        problem = _value_problem(trail, value, depth)
        if problem:
            problems.append(problem)
        elif isinstance(value, dict):
            wrong = (p for key in value if (p := _key_problem((trail, str(key)), key)))
            problems += islice(wrong, MAX_PROBLEMS)
            todo += [
                ((trail, str(key)), item, depth + 1)
                for key, item in reversed(value.items())
                if not _is_sound_text(item)
            ]
        elif isinstance(value, list):
            below = enumerate(value)
            todo += reversed(
                [((trail, n), item, depth + 1) for n, item in below if not _is_sound_text(item)]
            )
    return problems


def _is_sound_text(value: object) -> bool:
    return isinstance(value, str) and not _UNSTORABLE.search(value)


def _path_of(trail: _Trail) -> str:
    keys: list[str | int] = []
    while trail:
        trail, key = trail
        keys.append(key)
    return functools.reduce(child_path, reversed(keys), "$")


def _key_problem(trail: _Trail, key: object) -> Problem | None:
    if _is_sound_text(key):
        return None
    if isinstance(key, str):
        return _value_problem(trail, key, 0)
    path = _path_of(trail)
    return Problem("wrong-type", path, "A key must be text.", shown(key), "Put it in quotes.")


def _value_problem(trail: _Trail, value: Any, depth: int) -> Problem | None:
    if isinstance(value, str):
        found = _UNSTORABLE.search(value)
        if not found:
            return None
        what = "a NUL character" if found.group() == "\x00" else "half of a surrogate pair"
        return Problem(
            "unstorable-character",
            _path_of(trail),
            f"The text holds {what} at position {found.start()}.",
            shown(value),
            "Remove it.",
        )
    if type(value) not in _JSON_NAMES or isinstance(value, float) and not math.isfinite(value):
        message = "This is not a value that JSON has."
        return Problem("not-json", _path_of(trail), message, shown(value), "Send plain JSON.")
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        message = f"Objects and lists are nested more than {MAX_DEPTH} deep."
        fix = "Flatten the document."
        return Problem("nested-too-deep", _path_of(trail), message, depth, fix)
    return None
