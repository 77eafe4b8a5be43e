"""What one skill may cost those that serve it: measured on its artifact before it is published."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from django.conf import settings

from nlu_engine.artifact import loaded_bytes, read_artifact, read_manifest
from nlu_engine.errors import TrainingError

MOST_PARSED = 20
"""Utterances that are parsed to tell how long one takes."""
LOADS = 3


class OverBudget(TrainingError):
    """The artifact is larger or slower than a skill may be."""


@dataclass(frozen=True)
class Cost:
    """What an artifact costs; times are of a core, so a busy machine does not lengthen them."""

    artifact_bytes: int
    loaded_bytes: int
    load_ms: float
    parse_ms: float  # the median of some utterances, both parsers


def cost_of(artifact: Path, utterances: Sequence[str]) -> Cost:
    """Return what ``artifact`` costs to keep, to load, and to parse some of ``utterances`` with."""
    manifest = read_manifest(artifact)
    loads = [_milliseconds(lambda: read_artifact(artifact)) for _ in range(LOADS)]
    pair = read_artifact(artifact)
    chosen = utterances[:: max(1, -(-len(utterances) // MOST_PARSED))]
    # The first parse unpacks the weights, and the process may not have parsed at all before.
    pair.parse(chosen[0])
    parses = [_milliseconds(lambda text=text: pair.parse(text)) for text in chosen]  # type: ignore[misc]
    return Cost(
        sum(manifest["sizes"].values()),
        loaded_bytes(manifest),
        round(min(loads), 1),
        round(median(parses), 1),
    )


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return 1000 * (time.thread_time() - started)


def spent(artifact: Path, utterances: Sequence[str]) -> Cost:
    """Return what ``artifact`` costs; raises OverBudget if that is more than a skill may."""
    cost = cost_of(artifact, utterances)
    budget = settings.SKILL_BUDGET
    over = [_refusal(name, is_, budget[name]) for name, is_ in asdict(cost).items()]
    if found := " ".join(filter(None, over)):
        raise OverBudget(found)
    return cost


def _refusal(name: str, is_: float, limit: float) -> str:
    if is_ <= limit:
        return ""
    what, fix = _WORDS[name]
    shown, most = _shown(name, is_), _shown(name, limit)
    return f"{what} {shown}, a skill may take {most} (SKILL_MAX_{name.upper()}). {fix}"


def _shown(name: str, value: float) -> str:
    return f"{value:g} ms" if name.endswith("_ms") else f"{value / 1e6:,.3g} MB"


_FEWER = "Split the skill, or take samples and values out of it."
_WORDS = {
    "artifact_bytes": ("On disk it takes", _FEWER),
    "loaded_bytes": ("In memory it takes", _FEWER),
    "load_ms": ("To load it takes", _FEWER),
    "parse_ms": (
        "To parse an utterance it takes",
        "Give it fewer intents and slots, or slot types with fewer values.",
    ),
}
