"""Try every Alexa interaction model of a folder and print the outcome as a Markdown table.

    python -m benchmarks.alexa_models FOLDER [--train] > docs/alexa-models.md

Each file is read, checked by the rule book and written back. With --train, those that can
be built train both parsers, which then parse every sample filled with values drawn by
another seed; the table has the share of frames (intent and all slots) that come out right.
The locale is the one in the file's name ("...__de-DE.json"), en-US if there is none.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nlu_engine import __version__
from nlu_engine.errors import EngineError, InvalidInteractionModel, Problem
from nlu_engine.expansion import expand
from nlu_engine.frames import Parser
from nlu_engine.interaction_model import LOCALES, InteractionModel, read_document
from nlu_engine.metrics import frame_accuracy
from nlu_engine.training_data import TrainingData

_LOCALE = re.compile(r"__([a-z]{2}-[A-Z]{2})(?:__\d+)?\.json\Z")
_HEAD = (
    "file | locale | intents | own | slots | types | samples | upload | round trip | build "
    "| utterances | s | DNN | MaxEnt-CRF"
)
_MOST_PARSED = 300


@dataclass
class Outcome:
    """What came of one file."""

    name: str
    locale: str
    model: InteractionModel | None = None
    same: bool = False
    refused: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    build: str = "-"
    utterances: int = 0
    seconds: float | None = None
    neural: float | None = None
    maxent_crf: float | None = None


def main() -> None:
    """Run over the folder of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a folder of interaction models (*.json)")
    parser.add_argument("--train", action="store_true", help="build and parse as well")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.json"))
    if not files:
        sys.exit(f"{options.folder}: there is no *.json file in it.")
    outcomes = []
    for file in files:
        outcomes.append(read(file))
        if options.train:
            train(outcomes[-1], options.seed)
        print(_row(outcomes[-1]), file=sys.stderr, flush=True)
    print("\n".join(report(outcomes)))


def locale_of(name: str) -> str:
    """Return the locale in a file's name, en-US where it names none that we support."""
    found = _LOCALE.search(name)
    return found.group(1) if found and found.group(1) in LOCALES else "en-US"


def read(file: Path) -> Outcome:
    """Read, check and write back one file."""
    outcome = Outcome(file.stem, locale_of(file.name))
    try:
        document = read_document(file.read_bytes())
        outcome.model = InteractionModel.from_json(document)
    except InvalidInteractionModel as error:
        outcome.refused = list(error.problems)
        return outcome
    outcome.same = outcome.model.to_json() == document
    outcome.problems = outcome.model.problems(outcome.locale)
    outcome.refused = outcome.model.errors(outcome.locale)
    nothing = outcome.model.build_errors(outcome.locale)
    outcome.build = f"refused: {nothing[0].code}" if nothing else "can be built"
    return outcome


def train(outcome: Outcome, seed: int) -> None:
    """Build both parsers of a file that can be built, and parse its samples with them."""
    from nlu_engine.training import train_parsers

    if outcome.model is None or outcome.model.build_errors(outcome.locale):
        return
    data = TrainingData.from_interaction_model(outcome.model, locale=outcome.locale, seed=seed)
    outcome.utterances = len(data.utterances)
    start = time.perf_counter()
    try:
        pair = train_parsers(data, seed=seed)
    except EngineError as error:
        outcome.build = f"failed: {error}"
        return
    outcome.seconds = time.perf_counter() - start
    outcome.build = "ready"
    outcome.neural = share_right(pair.neural, outcome, seed)
    outcome.maxent_crf = share_right(pair.maxent_crf, outcome, seed)


def share_right(parser: Parser, outcome: Outcome, seed: int) -> float:
    """Return the frame accuracy on the samples, filled anew by another seed."""
    if outcome.model is None:
        raise ValueError("There is no interaction model to parse for.")
    utterances = expand(outcome.model, locale=outcome.locale, seed=seed + 1_000)
    step = max(1, len(utterances) // _MOST_PARSED)
    chosen = utterances[::step]
    parses = parser.parse_many([utterance.text for utterance in chosen])
    return frame_accuracy([(u.frame, parse.frame) for u, parse in zip(chosen, parses, strict=True)])


def report(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield the lines of the Markdown document."""
    yield "# Real Alexa interaction models"
    yield ""
    yield f"Made by `python -m benchmarks.alexa_models FOLDER --train`, engine {__version__}."
    yield ""
    yield from _summary(outcomes)
    yield ""
    yield (
        "*own*: intents that are not AMAZON.*; *utterances*: what both parsers learned from; "
        "*s*: seconds to train both on one core; *DNN*, *MaxEnt-CRF*: share of right frames."
    )
    yield ""
    yield f"| {_HEAD} |"
    yield "|---" * (_HEAD.count("|") + 1) + "|"
    yield from (_row(outcome) for outcome in outcomes)
    yield ""
    yield "Problems that were found (errors refuse an upload, warnings do not):"
    yield ""
    yield from _problem_counts(outcomes)


def _summary(outcomes: list[Outcome]) -> Iterator[str]:
    accepted = [outcome for outcome in outcomes if not outcome.refused]
    ready = [outcome for outcome in outcomes if outcome.build == "ready"]
    yield f"- {len(outcomes)} files, {len(accepted)} accepted by an upload."
    yield f"- {sum(outcome.same for outcome in outcomes)} come back unchanged from an export."
    yield f"- {sum(o.build.startswith('refused') for o in outcomes)} have nothing to train."
    if ready:
        yield f"- {len(ready)} trained, {_mean(o.seconds for o in ready):.1f} s on average."
        yield (
            "- Mean share of right frames on samples with values drawn anew: DNN "
            f"{_mean(o.neural for o in ready):.3f}, MaxEnt-CRF "
            f"{_mean(o.maxent_crf for o in ready):.3f}. These are the samples that were taught, "
            "so this shows that training works, not how well it generalises."
        )


def _mean(numbers: Iterable[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known)


def _row(outcome: Outcome) -> str:
    model = outcome.model or InteractionModel()
    cells = [
        f"`{outcome.name}`",
        outcome.locale,
        len(model.intents),
        len(model.custom_intents()),
        sum(len(intent.slots) for intent in model.intents),
        len(model.slot_types),
        sum(len(intent.samples) for intent in model.intents),
        _verdict(outcome),
        "same" if outcome.same else "differs",
        outcome.build,
        outcome.utterances or "-",
        _number(outcome.seconds, 1),
        _number(outcome.neural, 3),
        _number(outcome.maxent_crf, 3),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _verdict(outcome: Outcome) -> str:
    if outcome.refused:
        first = outcome.refused[0]
        return f"refused: {first.code} at `{first.path}`"
    codes = Counter(problem.code for problem in outcome.problems)
    listed = ", ".join(f"{code} x{count}" for code, count in sorted(codes.items()))
    return f"accepted ({listed})" if listed else "accepted"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _problem_counts(outcomes: list[Outcome]) -> Iterator[str]:
    places: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        for problem in outcome.problems or outcome.refused:
            places.setdefault((problem.severity, problem.code), []).append(
                f"`{outcome.name}` `{problem.path}`: {problem.value}"
            )
    yield "| severity | code | how often | e.g. |"
    yield "|---|---|---|---|"
    for (severity, code), found in sorted(places.items()):
        example = found[0].replace("|", "\\|")
        yield f"| {severity} | {code} | {len(found)} | {example} |"


if __name__ == "__main__":
    main()
