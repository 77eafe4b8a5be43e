"""What an utterance means: slot spans, frames, parses, and the Parser protocol.

Knows nothing of how a parse is found. Character offsets count Unicode code points of
the utterance as given, end exclusive: ``utterance[span.start:span.end] == span.text``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

MAX_UTTERANCE_LENGTH = 10_000
"""Longest utterance, in characters, that a parser accepts."""


@dataclass(frozen=True)
class SaidValue:
    """One of several values that were said in one slot ("olives" of "ham and olives").

    ``value``, ``id`` and ``status`` are those of its resolution.
    """

    text: str
    value: str
    id: str | None = None
    status: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return ``{text, value, id, status}``."""
        return asdict(self)


@dataclass(frozen=True)
class SlotSpan:
    """A slot found in an utterance.

    ``text`` is what was said; ``value`` what it resolves to: the slot value whose name
    or synonym it is, or a built-in type's canonical form, else the text itself. ``id`` and
    ``status`` are those of the resolution (``resolution.Resolution``); None where a person
    marked the span.
    ``confidence``: the probability, in [0, 1], that a parser gives the span; None where
    a person marked it. ``values``: each value, of a slot that takes several.
    """

    name: str
    start: int
    end: int
    text: str
    value: str | None = None
    confidence: float | None = field(default=None, compare=False)
    id: str | None = field(default=None, compare=False)
    status: str | None = field(default=None, compare=False)
    values: tuple[SaidValue, ...] = field(default=(), compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{name, start, end, text, value, id, status, confidence}``.

        And ``values``, of a slot that takes several.
        """
        several = {"values": [one.to_dict() for one in self.values]} if self.values else {}
        return several | {
            "name": self.name,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "value": self.text if self.value is None else self.value,
            "id": self.id,
            "status": self.status,
            "confidence": None if self.confidence is None else round(self.confidence, 6),
        }


@dataclass(frozen=True)
class Frame:
    """The meaning of an utterance: one intent and its slots, in order of their start."""

    intent: str
    slots: tuple[SlotSpan, ...] = ()

    def spans(self) -> frozenset[tuple[str, int, int]]:
        """Return the strict spans (name, start, end) that metrics compare."""
        return frozenset((slot.name, slot.start, slot.end) for slot in self.slots)


@dataclass(frozen=True)
class AnnotatedUtterance:
    """An utterance with the frame that is expected of it; what parsers learn from."""

    text: str
    frame: Frame


class RankedIntent(NamedTuple):
    """An intent with the probability that a parser gives it, in [0, 1]."""

    intent: str
    confidence: float


@dataclass(frozen=True)
class Parse:
    """What a parser returns: a frame with its confidence and the ranked alternatives.

    ``alternatives`` holds the intents after the first, best first. ``out_of_scope`` is the
    probability, in [0, 1], that the utterance means none of them: what the confidences of all
    intents lack to 1. None where the parser has not learned to tell. ``refused`` holds what was
    found for slots whose types are closed and do not know it: it is no part of the frame, so a
    dialogue asks for the slot again.
    """

    utterance: str
    frame: Frame
    confidence: float
    alternatives: tuple[RankedIntent, ...] = ()
    out_of_scope: float | None = None
    refused: tuple[SlotSpan, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return ``{intent, confidence, out_of_scope, alternatives, slots, refused}`` as JSON."""
        return {
            "intent": self.frame.intent,
            "confidence": round(self.confidence, 6),
            "out_of_scope": None if self.out_of_scope is None else round(self.out_of_scope, 6),
            "alternatives": [
                {"intent": ranked.intent, "confidence": round(ranked.confidence, 6)}
                for ranked in self.alternatives
            ],
            "slots": [slot.to_dict() for slot in self.frame.slots],
            "refused": [slot.to_dict() for slot in self.refused],
        }


class Parser(Protocol):
    """Anything that turns utterances into parses."""

    def parse(self, utterance: str, reference: datetime | None = None) -> Parse:
        """Parse one utterance; raises InvalidUtterance when it is empty or too long.

        ``reference``: the moment that relative dates and times are resolved against.
        """
        ...
