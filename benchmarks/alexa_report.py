"""What came of interaction models that were sent through the REST API, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from nlu_engine import __version__

_HEAD = (
    "file | locale | intents | own | slots | types | samples | upload | export | build "
    "| s | note | parsed | DNN | MaxEnt-CRF"
)
_COUNTS = ("intents", "custom_intents", "slots", "slot_types", "samples")


@dataclass
class Outcome:
    """What came of one file; ``problems`` and ``counts`` are those of the API."""

    name: str
    locale: str
    accepted: bool = False
    problems: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False
    build: str = "-"
    seconds: float | None = None
    notes: list[str] = field(default_factory=list)
    parsed: int = 0
    neural: float | None = None
    maxent_crf: float | None = None


def report(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield the lines of the Markdown document."""
    notes = list(dict.fromkeys(note for outcome in outcomes for note in outcome.notes))
    yield "# Real Alexa interaction models"
    yield ""
    yield (
        f"Made by `python -m benchmarks.alexa_models FOLDER`, engine {__version__}: every file "
        "went through the REST API of the running application and its worker."
    )
    yield ""
    yield from _summary(outcomes)
    yield ""
    yield from _legend()
    yield ""
    yield f"| {_HEAD} |"
    yield "|---" * (_HEAD.count("|") + 1) + "|"
    yield from (row(outcome, notes) for outcome in outcomes)
    yield ""
    yield from _note_list(notes)
    yield "Problems that were found (errors refuse an upload, warnings do not):"
    yield ""
    yield from _problem_counts(outcomes)


def _summary(outcomes: list[Outcome]) -> Iterator[str]:
    accepted = [outcome for outcome in outcomes if outcome.accepted]
    ready = [outcome for outcome in outcomes if outcome.build == "ready"]
    several = [outcome for outcome in ready if outcome.counts["custom_intents"] > 1]
    yield f"- {len(outcomes)} files, {len(accepted)} accepted by an upload."
    yield f"- {sum(outcome.unchanged for outcome in outcomes)} come back unchanged from an export."
    yield f"- {sum(o.build.startswith('refused') for o in accepted)} have nothing to train."
    if ready:
        yield (
            f"- {len(ready)} trained, {_mean(o.seconds for o in ready):.1f} s on average; "
            f"{len(several)} of them have two or more intents of their own."
        )
        yield (
            "- Mean share of right frames on samples with values drawn anew: DNN "
            f"{_mean(o.neural for o in ready):.3f}, MaxEnt-CRF "
            f"{_mean(o.maxent_crf for o in ready):.3f}. These are the samples that were taught, "
            "so this shows that training works, not how well it generalises."
        )


def _legend() -> Iterator[str]:
    yield (
        "*own*: intents that are not AMAZON.*. *export*: unchanged means that the JSON that came "
        "back is the JSON that was sent, nothing added, lost or in another order but the keys of "
        "an object. *s*: seconds that a worker with one core took to train both parsers. "
        "*parsed*: how many utterances went through `/parse`. *DNN*, *MaxEnt-CRF*: share of them "
        "whose intent and slots are all right."
    )


def _note_list(notes: list[str]) -> Iterator[str]:
    if notes:
        yield "Notes of the builds:"
        yield ""
        yield from (f"{number}. {note}" for number, note in enumerate(notes, start=1))
        yield ""


def _mean(numbers: Iterable[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else 0.0


def row(outcome: Outcome, notes: Sequence[str] = ()) -> str:
    """Return the line of one file; a note that is in ``notes`` is given by its number."""
    cells = [
        f"`{outcome.name}`",
        outcome.locale,
        *(outcome.counts.get(name, "-") for name in _COUNTS),
        _verdict(outcome),
        ("unchanged" if outcome.unchanged else "CHANGED") if outcome.accepted else "-",
        outcome.build,
        _number(outcome.seconds, 1),
        _note(outcome, notes),
        outcome.parsed or "-",
        _number(outcome.neural, 3),
        _number(outcome.maxent_crf, 3),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _verdict(outcome: Outcome) -> str:
    if not outcome.accepted:
        first = outcome.problems[0]
        return f"refused: {first['code']} at `{first['path']}`"
    codes = Counter(problem["code"] for problem in outcome.problems)
    listed = ", ".join(f"{code} x{count}" for code, count in sorted(codes.items()))
    return f"accepted ({listed})" if listed else "accepted"


def _note(outcome: Outcome, notes: Sequence[str]) -> str:
    numbered = [str(notes.index(note) + 1) if note in notes else note for note in outcome.notes]
    return ", ".join(numbered) or "-"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _problem_counts(outcomes: list[Outcome]) -> Iterator[str]:
    places: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        for problem in outcome.problems:
            places.setdefault((problem["severity"], problem["code"]), []).append(
                f"`{outcome.name}` `{problem['path']}`: {problem['value']}"
            )
    yield "| severity | code | how often | e.g. |"
    yield "|---|---|---|---|"
    for (severity, code), found in sorted(places.items()):
        example = found[0].replace("|", "\\|")
        yield f"| {severity} | {code} | {len(found)} | {example} |"
