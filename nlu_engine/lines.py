"""On which line of a JSON text a problem is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from nlu_engine.documents import COLON, JSON_PART, child_path

_LINE = re.compile(r"line (\d+)")
_LAST_PART = re.compile(r"(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\]|\[\"(?:[^\"\\]|\\.)*\"\])\Z")


def lines_of(text: str, paths: Iterable[str]) -> dict[str, int]:
    """Return the line in ``text`` (valid JSON, or as far as it is) of each of ``paths``, from 1.

    A path that is not there has the line of the nearest that holds it; "line 3, column 5" is
    on line 3.
    """
    ancestors = {path: list(_with_parents(path)) for path in paths}
    wanted = {parent for parents in ancestors.values() for parent in parents}
    starts = _starts(text, wanted)
    found: dict[str, int] = {}
    for path, parents in ancestors.items():
        said = _LINE.match(path)
        near = next((starts[parent] for parent in parents if parent in starts), 0)
        found[path] = int(said[1]) if said else text.count("\n", 0, near) + 1
    return found


def _with_parents(path: str) -> Iterable[str]:
    while path.startswith("$"):
        yield path
        shorter = _LAST_PART.sub("", path)
        if shorter == path:
            return
        path = shorter


def _starts(text: str, wanted: set[str]) -> dict[str, int]:
    """Return where in ``text`` the values of the ``wanted`` paths (or their keys) begin."""
    starts: dict[str, int] = {}
    stack: list[tuple[str, int | None]] = []  # path, index in a list
    path = "$"
    for match in JSON_PART.finditer(text):
        part, start = match.group(), match.start()
        if part == ",":
            if not stack:
                continue
            parent, index = stack.pop()
            stack.append((parent, None if index is None else index + 1))
            path = parent if index is None else f"{parent}[{index + 1}]"
        elif part in "]}":
            path = stack.pop()[0] if stack else "$"
        else:
            if part[0] == '"' and stack and stack[-1][1] is None and COLON.match(text, match.end()):
                path = _child(stack[-1][0], part)
            if path in wanted:
                starts.setdefault(path, start)
            if part in "[{":
                stack.append((path, 0 if part == "[" else None))
                path = f"{path}[0]" if part == "[" else path
    return starts


def _child(parent: str, key: str) -> str:
    try:
        return child_path(parent, json.loads(key, strict=False))
    except ValueError:
        return parent
