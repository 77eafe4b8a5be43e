"""What both parsers answered, set against each other, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from nlu_engine.frames import Parse, RankedIntent, SlotSpan
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.highlight import Piece, SlotColors, slot_colors, utterance_pieces
from skillbuilder.authoring.models import Skill
from skillbuilder.training.artifacts import load_parsers, parse_by
from skillbuilder.training.models import TrainingRun

TITLES = {"neural": ("DNN", "neural network"), "maxent_crf": ("MaxEnt-CRF", "baseline")}
MAX_ALTERNATIVES = 4


@dataclass(frozen=True)
class SlotRow:
    """A slot that a parser found; ``alone`` tells that the other one did not find it."""

    span: SlotSpan
    color: int
    alone: bool

    @property
    def resolved(self) -> bool:
        """Whether the value is something else than what was said."""
        return self.span.value is not None and self.span.value != self.span.text


@dataclass(frozen=True)
class Column:
    """One parser's answer, ready to be shown; ``key`` is its name in the API."""

    key: str
    title: str
    subtitle: str
    parse: Parse
    milliseconds: float
    pieces: list[Piece]
    slots: list[SlotRow]
    intent_alone: bool
    intent_pk: int | None

    @property
    def ranked(self) -> list[RankedIntent]:
        """Return the intents with their confidences, the chosen one first."""
        first = RankedIntent(self.parse.frame.intent, self.parse.confidence)
        return [first, *self.parse.alternatives[:MAX_ALTERNATIVES]]


@dataclass(frozen=True)
class Comparison:
    """Both columns and in what they differ."""

    columns: tuple[Column, Column]
    pair: ParsePair


def compare(skill: Skill, pair: ParsePair, colors: SlotColors) -> Comparison:
    """Return the two parses of ``pair``, set against each other."""
    intents = dict(skill.intents.values_list("name", "pk"))
    neural, maxent_crf = pair.neural, pair.maxent_crf
    columns = (
        column("neural", neural, maxent_crf, pair.neural_ms, intents, colors),
        column("maxent_crf", maxent_crf, neural, pair.maxent_crf_ms, intents, colors),
    )
    return Comparison(columns, pair)


def column(
    key: str,
    ours: Parse,
    theirs: Parse,
    milliseconds: float,
    intents: dict[str, int],
    colors: SlotColors,
) -> Column:
    """Return the column of the parse ``ours``, with what ``theirs`` lacks marked."""
    common = theirs.frame.spans()
    slots = [
        SlotRow(span, colors[span.name], (span.name, span.start, span.end) not in common)
        for span in ours.frame.slots
    ]
    title, subtitle = TITLES[key]
    return Column(
        key,
        title,
        subtitle,
        ours,
        milliseconds,
        utterance_pieces(ours.utterance, ours.frame.slots, colors),
        slots,
        intent_alone=ours.frame.intent != theirs.frame.intent,
        intent_pk=intents.get(ours.frame.intent),
    )


@dataclass(frozen=True)
class Answer:
    """What one version of a skill, in its ``tier``, made of an utterance."""

    version: TrainingRun
    tier: str
    comparison: Comparison


def answer(skill: Skill, version: TrainingRun, utterance: str) -> Answer:
    """Return what ``version`` makes of ``utterance``.

    Raises what parse_by raises.
    """
    found = compare(skill, parse_by(version, utterance), slot_colors(skill))
    return Answer(version, str(load_parsers(version).manifest.get("tier", "")), found)


@dataclass(frozen=True)
class Changed:
    """How the answer of one parser differs between two versions."""

    title: str
    before: Parse
    after: Parse

    @property
    def intent(self) -> bool:
        """Whether the intents differ."""
        return self.before.frame.intent != self.after.frame.intent

    @property
    def slots(self) -> bool:
        """Whether the slot spans differ."""
        return self.before.frame.spans() != self.after.frame.spans()


def changes(before: Answer, after: Answer) -> list[Changed]:
    """Return what became of each parser's answer from one version to the other."""
    columns = zip(before.comparison.columns, after.comparison.columns, strict=True)
    return [Changed(old.title, old.parse, new.parse) for old, new in columns]
