"""Parsers of one skill: what both have in common, and the pair of them side by side.

A recognizer (``neural`` or ``baseline``) scores intents and tags; a SkillParser adds what
does not depend on how: built-in intents by look-up, spans, resolved values.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from nlu_engine.calibration import UNCALIBRATED, Calibration
from nlu_engine.frames import Frame, Parse, Parser, RankedIntent, SaidValue, SlotSpan
from nlu_engine.out_of_scope import Fallback
from nlu_engine.resolution import Resolution, Resolver
from nlu_engine.utterances import Token, check_utterance, normalize, spans_of, tokenize

MAX_ALTERNATIVES = 5
BATCH = 32
"""Most utterances that are recognized together."""


@dataclass(frozen=True)
class Recognition:
    """What a recognizer makes of n tokens: all intents, likeliest first, and n BIO tags.

    ``confidences``: the probability of each span that the tags mark, in order.
    ``out_of_scope``: the probability that no intent is meant, where that was learned.
    """

    intents: tuple[RankedIntent, ...]
    tags: tuple[str, ...]
    confidences: tuple[float, ...]
    out_of_scope: float | None = None


class Recognizer(Protocol):
    """Scores the intents and tags of an utterance."""

    def recognize(self, utterances: Sequence[Sequence[Token]]) -> list[Recognition]:
        """Return what each utterance, of at least one token, means."""
        ...


class SkillParser:
    """A parser of one skill around a recognizer.

    ``exact`` maps normalized utterances to built-in intents, which match nothing else.
    ``fallback`` answers what is out of scope. ``calibration`` makes confidences true.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        exact: Mapping[str, str],
        resolver: Resolver,
        fallback: Fallback | None = None,
        calibration: Calibration = UNCALIBRATED,
    ) -> None:
        self.recognizer = recognizer
        self.exact = exact
        self.resolver = resolver
        self.fallback = fallback
        self.calibration = calibration

    def parse(self, utterance: str, reference: datetime | None = None) -> Parse:
        """Parse one utterance; raises InvalidUtterance when it is empty or too long.

        ``reference``: the moment that "tomorrow" is relative to; without it such a slot
        resolves to its own words.
        """
        [parse] = self.parse_many([utterance], reference)
        return parse

    def parse_many(
        self, utterances: Sequence[str], reference: datetime | None = None
    ) -> list[Parse]:
        """Parse utterances in batches, several times as fast as one by one.

        Raises InvalidUtterance when one of them is empty or too long.
        """
        texts = [check_utterance(utterance) for utterance in utterances]
        parses = {text: Parse(text, Frame(name), 1.0) for text, name in self._looked_up(texts)}
        open_texts = [text for text in dict.fromkeys(texts) if text not in parses]
        tokenized = {text: tokenize(text) for text in open_texts}
        for batch in batches(open_texts, key=lambda text: len(tokenized[text])):
            found = self.recognizer.recognize([tokenized[text] for text in batch])
            for text, recognition in zip(batch, found, strict=True):
                parses[text] = self._parse(text, tokenized[text], recognition, reference)
        return [parses[text] for text in texts]

    def _looked_up(self, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
        for text in texts:
            builtin = self.exact.get(normalize(text).strip(" .!?"))
            if builtin is not None:
                yield text, builtin

    def _parse(
        self,
        text: str,
        tokens: Sequence[Token],
        recognition: Recognition,
        reference: datetime | None,
    ) -> Parse:
        outside, ranked = self.judged(recognition, MAX_ALTERNATIVES + 1)
        if self.fallback and outside is not None and outside > self.fallback.threshold:
            return Parse(text, Frame(self.fallback.intent), outside, ranked, outside)
        spans = spans_of(tokens, recognition.tags, text)
        confidences = recognition.confidences
        accepted: list[SlotSpan] = []
        refused: list[SlotSpan] = []
        for span, confidence in zip(spans, confidences, strict=True):
            resolver, slot = self.resolver.of(ranked[0].intent, span.name)
            found = resolver.resolve(slot, span.text, reference)
            values = resolver.resolve_each(slot, span.text, reference)
            to = accepted if found.is_accepted or values else refused
            to.append(self._resolved(span, confidence, found, values))
        first, *others = ranked
        frame = Frame(first.intent, tuple(accepted))
        return Parse(text, frame, first.confidence, tuple(others), outside, tuple(refused))

    def judged(
        self, recognition: Recognition, most: int | None = None
    ) -> tuple[float | None, tuple[RankedIntent, ...]]:
        """Return how surely no intent is meant, and the first ``most`` intents, calibrated.

        Where it is known how surely none is meant, that and all intents sum to 1.
        """
        raw, calibration = recognition.out_of_scope, self.calibration
        outside = None if raw is None else calibration.outside(raw)
        return outside, calibration.intents(recognition.intents, most, 1 - (outside or 0.0))

    def _resolved(
        self,
        span: SlotSpan,
        confidence: float,
        found: Resolution,
        values: tuple[SaidValue, ...],
    ) -> SlotSpan:
        sure = self.calibration.slot(confidence)
        place = (span.name, span.start, span.end, span.text)
        return SlotSpan(*place, found.value, sure, found.id, found.status, values)


def batches(texts: Sequence[str], key: Callable[[str], int]) -> Iterator[list[str]]:
    """Yield ``texts`` in batches of at most BATCH, those of like length together."""
    ordered = sorted(texts, key=key)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


@dataclass(frozen=True)
class BothParses:
    """What both parsers of a skill make of one utterance."""

    utterance: str
    neural: Parse
    maxent_crf: Parse

    @property
    def intents_differ(self) -> bool:
        """Whether the parsers found different intents."""
        return self.neural.frame.intent != self.maxent_crf.frame.intent

    @property
    def slots_differ(self) -> bool:
        """Whether the parsers found different slot spans."""
        return self.neural.frame.spans() != self.maxent_crf.frame.spans()

    @property
    def agree(self) -> bool:
        """Whether both parsers found the same intent and the same slot spans."""
        return not (self.intents_differ or self.slots_differ)


@dataclass(frozen=True)
class ParsePair(BothParses):
    """The two parses of one utterance and the milliseconds that each took.

    ``load_ms``: those that loading the skill took before; 0 if it was in memory.
    """

    neural_ms: float
    maxent_crf_ms: float
    load_ms: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return ``{utterance, neural, maxent_crf}`` as the CLI and the API print it."""
        return {
            "utterance": self.utterance,
            "neural": self.neural.to_dict(),
            "maxent_crf": self.maxent_crf.to_dict(),
        }


@dataclass(frozen=True)
class ParserPair:
    """Both parsers of a skill, with the manifest of how they were trained."""

    neural: SkillParser
    maxent_crf: SkillParser
    manifest: dict[str, Any] = field(default_factory=dict)

    def parse(self, utterance: str, reference: datetime | None = None) -> ParsePair:
        """Parse with both, as ``SkillParser.parse`` does; raises InvalidUtterance."""
        neural, neural_ms = _timed(self.neural, utterance, reference)
        maxent_crf, maxent_crf_ms = _timed(self.maxent_crf, utterance, reference)
        return ParsePair(utterance, neural, maxent_crf, neural_ms, maxent_crf_ms)


def _timed(parser: Parser, utterance: str, reference: datetime | None) -> tuple[Parse, float]:
    started = time.perf_counter()
    parse = parser.parse(utterance, reference)
    return parse, (time.perf_counter() - started) * 1000
