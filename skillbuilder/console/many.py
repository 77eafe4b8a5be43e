"""Many utterances at once: what both parsers make of each, as a table or as CSV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from nlu_engine.errors import InvalidUtterance
from nlu_engine.parsers import BothParses
from nlu_engine.spreadsheets import csv_table
from nlu_engine.utterances import check_utterance
from skillbuilder.authoring.highlight import Piece, SlotColors, slot_colors, utterance_pieces
from skillbuilder.authoring.models import Skill
from skillbuilder.training.artifacts import load_parsers
from skillbuilder.training.models import TrainingRun

MOST = 200
_COLUMNS = ("intent", "confidence", "slots")


@dataclass(frozen=True)
class Row(BothParses):
    """An utterance with both parses, and its place among the others."""

    number: int
    colors: SlotColors

    @property
    def disagreement(self) -> int:
        """How much they disagree: 2 on the intent, 1 on the slots, 0 not at all."""
        return 2 if self.intents_differ else int(self.slots_differ)

    @property
    def pieces(self) -> tuple[list[Piece], list[Piece]]:
        """The utterance with the slots of either parser."""
        neural, baseline = (
            utterance_pieces(one.utterance, one.frame.slots, self.colors)
            for one in (self.neural, self.maxent_crf)
        )
        return neural, baseline


def lines_of(text: str) -> list[str]:
    """Return the utterances in ``text``, one a line, each once; raises InvalidUtterance."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not lines:
        raise InvalidUtterance("There is no utterance. Write or paste one a line.")
    if len(lines) > MOST:
        raise InvalidUtterance(
            f"At most {MOST} utterances at once; these are {len(lines):,}. Send them in parts."
        )
    for number, line in enumerate(lines, start=1):
        try:
            check_utterance(line)
        except InvalidUtterance as error:
            raise InvalidUtterance(f"Utterance {number}: {error}") from None
    return lines


def rows(skill: Skill, version: TrainingRun, lines: list[str]) -> list[Row]:
    """Return a row for each of ``lines``, parsed by ``version``; raises what load_parsers raises.

    The most worth a look come first: disagreements, then what the DNN is least sure of.
    """
    parsers, colors = load_parsers(version), slot_colors(skill)
    now = datetime.now(UTC)
    neural = parsers.neural.parse_many(lines, now)
    baseline = parsers.maxent_crf.parse_many(lines, now)
    both = zip(lines, neural, baseline, strict=True)
    found = [Row(*parses, number, colors) for number, parses in enumerate(both, start=1)]
    return sorted(found, key=lambda row: (-row.disagreement, row.neural.confidence))


def as_csv(table: Iterable[Row]) -> str:
    """Return the rows in the order in which they were written, for a spreadsheet."""
    names = [f"{parser}_{name}" for parser in ("dnn", "maxent_crf") for name in _COLUMNS]
    rows = sorted(table, key=lambda row: row.number)
    return csv_table(["utterance", "agree", *names], map(_cells, rows))


def _cells(row: Row) -> list[str]:
    cells = [row.neural.utterance, "no" if row.disagreement else "yes"]
    for parse in (row.neural, row.maxent_crf):
        slots = "; ".join(f"{slot.name}={slot.text}" for slot in parse.frame.slots)
        cells += [parse.frame.intent, f"{parse.confidence:.4f}", slots]
    return cells
