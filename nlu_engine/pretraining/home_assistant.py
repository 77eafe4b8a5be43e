"""Labelled utterances in nine languages, from the templates of home-assistant-intents.

The package (Apache-2.0) holds, for each language, the sentences that Home Assistant
understands, as templates: ``turn on [the] {name} in <area>``. Its intents and slots have the
same names in every language, so one pair of heads learns all of them, which draws the
languages together. What a slot without a list of its own says is made of random words.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan

MAX_DEPTH = 25
MAX_LENGTH = 150
_TOKEN = re.compile(r"[\[\]()|]|<[^>]+>|\{[^}]+\}|[^\[\]()|<{]+")
_PERMUTATION = re.compile(r"\w;\w| ; ")

Alternatives = list[list[tuple[str, Any]]]
"""Of each alternative its parts: (text, t), (choice, alternatives), (maybe, alternatives),
(rule, name) or (slot, "list:slot")."""


class _Unusable(Exception):
    """A template that uses what is not there, or that we do not read."""


def _parse(pieces: list[str]) -> Alternatives:
    """Parse up to the bracket that closes, consuming ``pieces``."""
    found: Alternatives = [[]]
    while pieces:
        piece = pieces.pop(0)
        if piece in ")]":
            break
        if piece == "|":
            found.append([])
        elif piece in "([":
            found[-1].append(("choice" if piece == "(" else "maybe", _parse(pieces)))
        elif piece[0] in "<{":
            found[-1].append(("rule" if piece[0] == "<" else "slot", piece[1:-1]))
        else:
            found[-1].append(("text", piece))
    return found


class Templates:
    """The templates of one language, filled at random."""

    def __init__(self, document: Mapping[str, Any], words: Sequence[str], seed: str) -> None:
        self._document = document
        self._words = words
        self._random = random.Random(seed)
        self._known: dict[str, Alternatives] = {}

    def utterances(self, per_intent: int) -> Iterator[AnnotatedUtterance]:
        """Yield up to ``per_intent`` different utterances of each intent."""
        for intent, content in self._document["intents"].items():
            pool = [(text, block) for block in content["data"] for text in block["sentences"]]
            seen: set[str] = set()
            for _ in range(per_intent * 3):
                if len(seen) >= per_intent:
                    break
                utterance = self._utterance(intent, *self._random.choice(pool))
                if utterance is not None and utterance.text not in seen:
                    seen.add(utterance.text)
                    yield utterance

    def _utterance(
        self, intent: str, template: str, block: Mapping[str, Any]
    ) -> AnnotatedUtterance | None:
        parts: list[tuple[str, str | None]] = []
        try:
            self._fill(self._parsed(template), block, parts, 0)
        except (_Unusable, IndexError):
            return None
        return _joined(intent, parts)

    def _parsed(self, template: str) -> Alternatives:
        if template not in self._known:
            if _PERMUTATION.search(template):
                raise _Unusable
            self._known[template] = _parse(_TOKEN.findall(template.replace("~", "")))
        return self._known[template]

    def _fill(
        self,
        alternatives: Alternatives,
        block: Mapping[str, Any],
        parts: list[tuple[str, str | None]],
        depth: int,
    ) -> None:
        if depth > MAX_DEPTH:
            raise _Unusable
        for kind, value in self._random.choice(alternatives):
            if kind == "text":
                parts.append((value, None))
            elif kind == "slot":
                name, _, slot = value.partition(":")
                parts.append((self._value(name, block, depth), slot or name))
            elif kind == "rule":
                self._fill(self._parsed(self._rule(value, block)), block, parts, depth + 1)
            elif kind == "choice" or self._random.random() < 0.5:
                self._fill(value, block, parts, depth + 1)

    def _rule(self, name: str, block: Mapping[str, Any]) -> str:
        rules = {**self._document["expansion_rules"], **block.get("expansion_rules", {})}
        if name not in rules:
            raise _Unusable
        return str(rules[name])

    def _value(self, name: str, block: Mapping[str, Any], depth: int) -> str:
        values = block.get("lists", {}).get(name) or self._document["lists"].get(name)
        if values is None or values.get("wildcard"):
            count = self._random.choice([1, 1, 2, 2, 3])
            return " ".join(self._random.choice(self._words) for _ in range(count))
        if "range" in values:
            limits = values["range"]
            return str(self._random.randint(int(limits["from"]), int(limits["to"])))
        chosen = self._random.choice(values["values"])
        parts: list[tuple[str, str | None]] = []
        template = chosen["in"] if isinstance(chosen, dict) else chosen
        self._fill(self._parsed(template), {}, parts, depth + 1)
        return "".join(text for text, _ in parts).strip()


def _joined(intent: str, parts: Sequence[tuple[str, str | None]]) -> AnnotatedUtterance | None:
    """Return the utterance that ``parts`` make; None if it is empty, long or crooked."""
    text = ""
    spans: list[SlotSpan] = []
    for part, slot in parts:
        said = re.sub(r"\s+", " ", part)
        if not text or text.endswith(" "):
            said = said.lstrip()
        value = said.rstrip()
        if slot and value:
            spans.append(SlotSpan(slot, len(text), len(text) + len(value), value))
        elif slot and said:
            return None
        text += said
    text = text.rstrip()
    if not text or len(text) > MAX_LENGTH:
        return None
    return AnnotatedUtterance(text, Frame(intent, tuple(spans)))


def write_utterances(
    file: Path, words: Sequence[str], per_intent: int, path: Path, *, seed: int = 0
) -> int:
    """Append labelled lines from one language's ``file`` to ``path``; return how many."""
    usable = [word for word in words if word.isalpha() and len(word) > 2]
    templates = Templates(json.loads(file.read_text()), usable, f"{seed}:{file.stem}")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [_row(one) for one in templates.utterances(per_intent)]
    with path.open("a") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return len(rows)


def _row(utterance: AnnotatedUtterance) -> dict[str, Any]:
    slots = [
        {"start": span.start, "end": span.end, "name": span.name, "value": span.text}
        for span in utterance.frame.slots
    ]
    return {"text": utterance.text, "intent": utterance.frame.intent, "slots": slots}
