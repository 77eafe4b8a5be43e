"""Results of an evaluation as pages and files show them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from django.db.models import F, QuerySet

from nlu_engine.annotations import Answer, by_value, marked
from nlu_engine.frames import SlotSpan
from nlu_engine.out_of_scope import LABELS
from nlu_engine.spreadsheets import csv_lines
from skillbuilder.authoring.highlight import Piece, SlotColors, sample_pieces
from skillbuilder.authoring.models import AnnotationSet
from skillbuilder.training.models import EvaluatedRow, Evaluation

PARSERS = {"neural": "DNN", "maxent_crf": "MaxEnt-CRF"}
CHANGES = ("broken", "fixed", "changed")
"""What may come of a row from one version to the next."""
_ROWS_AT_ONCE = 1_000
# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Tile:
    """A measure of both parsers; ``values`` by the parser's title, None where there is none."""

    title: str
    help: str
    values: list[tuple[str, float | None]]
    better: str
    interval: list[tuple[float, float]]
    lower_is_better: bool = False


_TILES = (
    ("frame_accuracy", "Frame accuracy", "intent and all slots right"),
    ("intent_accuracy", "Intent accuracy", "intent right"),
    ("slot_f1", "Slot F1, strict spans", "name, start and end right"),
    ("token_f1", "Slot F1, tokens", "word by word: more lenient, never compare the two"),
    ("calibration_error", "Calibration error", "how far confidence is from the truth; 0 is best"),
)


def tiles(metrics: dict[str, Any]) -> list[Tile]:
    """Return the measures that stand above all."""
    return [_tile(metrics, *named) for named in _TILES]


def _tile(metrics: dict[str, Any], key: str, title: str, text: str) -> Tile:
    values = [(shown, metrics[name][key]) for name, shown in PARSERS.items()]
    lower = key == "calibration_error"
    known = [(value, shown) for shown, value in values if value is not None]
    best = (min if lower else max)(known, default=(0.0, ""))
    tied = len(known) == 2 and known[0][0] == known[1][0]
    intervals = [tuple(metrics[name]["interval"]) for name in PARSERS]
    shown_intervals = intervals if key == "frame_accuracy" else []
    return Tile(title, text, values, "" if tied else best[1], shown_intervals, lower)


def reliability_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the bins of confidence, each with those of both parsers or None."""
    of = [{one["low"]: one for one in metrics[name]["reliability"]} for name in PARSERS]
    edges = {one["low"]: one["high"] for bins in of for one in bins.values()}
    return [
        {
            "middle": (low + high) / 2,
            "label": f"{low:.0%} to {high:.0%}",
            "parsers": [bins.get(low) for bins in of],
        }
        for low, high in sorted(edges.items())
    ]


@dataclass(frozen=True)
class VersionShown:
    """What one version has right of a set: the frame accuracies in the order of PARSERS."""

    number: int
    name: str
    evaluation: Any
    accuracies: list[float]
    changes: list[tuple[str, int]] | None


MOST_VERSIONS = 30


def over_versions(annotation_set: AnnotationSet) -> list[VersionShown]:
    """Return the newest result of each version on a set, the last MOST_VERSIONS, oldest first.

    The changes are those of the DNN since the version that it was compared with, None for the
    first one.
    """
    ready = annotation_set.evaluations.filter(status=Evaluation.Status.READY)
    accuracies = [f"metrics__{name}__frame_accuracy" for name in PARSERS]
    fields = ("run__number", "run__name", "pk", *accuracies, "metrics__neural__changes")
    found: dict[int, VersionShown] = {}
    # Measures are large, and of each version only these are wanted.
    for number, name, pk, *values, changes in ready.order_by("created_at").values_list(*fields):
        counts = None if changes is None else [(one, changes.get(one, 0)) for one in CHANGES]
        found[number] = VersionShown(number, name, pk, values, counts)
    return [found[number] for number in sorted(found)][-MOST_VERSIONS:]


@dataclass(frozen=True)
class RowShown:
    """A row as the page shows it, by one of the parsers."""

    row: EvaluatedRow
    is_right: bool
    change: str
    answers: list[tuple[str, list[Piece], str]]  # intent, pieces, slots by value
    template: str  # the expected answer as a sample
    intent: str
    confidence: float
    pieces: list[Piece]
    actual_template: str
    refused: list[tuple[str, str]]  # name and words of what was found for slots and not accepted
    out_of_scope: float | None
    likeliest: str  # the intent that the fallback answered instead of, "" where it did not


def shown(row: EvaluatedRow, parser: str, colors: SlotColors) -> RowShown:
    """Return ``row`` as the page shows it, with the answer of ``parser``."""
    parse = getattr(row, parser)
    spans = [SlotSpan(s["name"], s["start"], s["end"], s["text"]) for s in parse["slots"]]
    found = actual_template(row.utterance, spans)
    answers = [Answer.from_dict(answer) for answer in row.expected]
    texts = [marked(row.utterance, answer.slots) for answer in answers]
    return RowShown(
        row=row,
        is_right=getattr(row, f"{parser}_right"),
        change=getattr(row, f"{parser}_change"),
        answers=[
            (answer.intent, sample_pieces(text, colors), by_value(answer.slots))
            for answer, text in zip(answers, texts, strict=True)
        ],
        template=texts[0],
        intent=parse["intent"],
        confidence=parse["confidence"],
        pieces=sample_pieces(found, colors),
        actual_template=found,
        refused=[(slot["name"], slot["text"]) for slot in parse.get("refused", ())],
        out_of_scope=parse["out_of_scope"],
        likeliest=_likeliest(parse) if parse["intent"] in LABELS else "",
    )


def _likeliest(parse: dict[str, Any]) -> str:
    return str(parse["alternatives"][0]["intent"]) if parse["alternatives"] else ""


def actual_template(utterance: str, spans: list[SlotSpan]) -> str:
    """Return what a parser found, slots marked."""
    text, end = "", 0
    for span in sorted(spans, key=lambda span: span.start):
        text += f"{utterance[end : span.start]}{{{span.text}|{span.name}}}"
        end = span.end
    return text + utterance[end:]


def chosen_rows(evaluation: Evaluation, parser: str, query: Any) -> QuerySet[EvaluatedRow]:
    """Return the rows that ``query`` (show, expected, actual) asks for, failing ones first."""
    rows = evaluation.rows.order_by(f"{parser}_right", "position")
    if query.get("show") == "failing":
        rows = rows.filter(**{f"{parser}_right": False})
    if query.get("show") == "differ":
        rows = rows.exclude(neural_right=F("maxent_crf_right"))
    if query.get("show") in CHANGES:
        rows = rows.filter(**{f"{parser}_change": query.get("show")})
    if expected := query.get("expected", "").replace("\x00", ""):
        rows = rows.filter(expected_intent=expected)
    if actual := query.get("actual", "").replace("\x00", ""):
        rows = rows.filter(**{f"{parser}_intent": actual})
    return rows


# --- Files --------------------------------------------------------------------------------

_CSV_HEADER = (
    "status",
    "utterance",
    "expected intent",
    "expected",
    "actual intent",
    "actual",
    "confidence",
    "refused",
    "out of scope",
    "nearest sample",
)


def to_csv(evaluation: Evaluation, parser: str) -> Iterator[str]:
    """Yield all rows as CSV, failing ones first."""
    return csv_lines(_CSV_HEADER, _cells(evaluation, parser))


def _cells(evaluation: Evaluation, parser: str) -> Iterator[tuple[object, ...]]:
    for row in _all(evaluation, parser):
        one = shown(row, parser, SlotColors())
        yield (
            "PASSED" if one.is_right else "FAILED",
            row.utterance,
            one.answers[0][0],
            one.template,
            one.intent,
            one.actual_template,
            one.confidence,
            "; ".join(f"{name}={text}" for name, text in one.refused),
            "" if one.out_of_scope is None else one.out_of_scope,
            row.nearest.get("text", ""),
        )


def _all(evaluation: Evaluation, parser: str) -> Iterator[EvaluatedRow]:
    rows = evaluation.rows.order_by(f"{parser}_right", "position")
    return rows.iterator(chunk_size=_ROWS_AT_ONCE)


def to_json(evaluation: Evaluation, parser: str) -> Iterator[str]:
    """Yield measures and rows as JSON, the rows as Alexa's evaluation results call them."""
    measures = evaluation.metrics.get(parser, {})
    head = {
        "parser": parser,
        "totalFailed": measures.get("count", 0) - measures.get("right", 0),
        "metrics": measures,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "testCases": ['
    for number, row in enumerate(_all(evaluation, parser)):
        case = {
            "status": "PASSED" if getattr(row, f"{parser}_right") else "FAILED",
            "inputs": {"utterance": row.utterance},
            "expected": row.expected,
            "actual": getattr(row, parser),
        }
        yield (",\n" if number else "\n") + json.dumps(case, ensure_ascii=False)
    yield "]}\n"


def to_junit(evaluation: Evaluation, parser: str) -> Iterator[str]:
    """Yield the rows as JUnit XML, which CI systems show as tests."""
    measures = evaluation.metrics.get(parser, {})
    count = measures.get("count", 0)
    name = str(evaluation.annotation_set or evaluation.kind)
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(f"{evaluation.skill.slug}: {name} ({PARSERS[parser]})"),
        tests=str(count),
        failures=str(count - measures.get("right", 0)),
        time=str(evaluation.metrics.get("seconds", 0)),
    )
    opened = ElementTree.tostring(suite, "unicode", short_empty_elements=False)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n' + opened.removesuffix("</testsuite>")
    for row in _all(evaluation, parser):
        yield "\n" + ElementTree.tostring(_case(shown(row, parser, SlotColors())), "unicode")
    yield "</testsuite>\n"


def _case(one: RowShown) -> ElementTree.Element:
    named = {"name": _clean(one.row.utterance), "classname": _clean(one.answers[0][0])}
    case = ElementTree.Element("testcase", named)
    if not one.is_right:
        refused = "".join(f", refused {name} {text!r}" for name, text in one.refused)
        wanted = f"expected {one.answers[0][0]}: {one.template}"
        found = f"actual {one.intent} ({one.confidence:.3f}): {one.actual_template}{refused}"
        failure = ElementTree.SubElement(case, "failure", message=_clean(f"{wanted}; {found}"))
        failure.text = _clean(f"{wanted}\n{found}")
    return case


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


WRITERS: dict[str, tuple[str, Callable[[Evaluation, str], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", to_csv),
    "json": ("application/json", to_json),
    "xml": ("application/xml; charset=utf-8", to_junit),
}
