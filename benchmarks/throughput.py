"""Measure how many skills a core trains in a minute, and what kept encodings save.

    python -m benchmarks.throughput [--samples 50 500 5000] [--tiers quick full] [--workers 1 2]
                                    [--docs]

Skills are made up: so many samples over twenty intents, a third of them with slots. Times are CPU
seconds of the training process, on one thread, so other work on the machine lengthens them by its
use of caches and memory alone. "Edited" is the same skill with one sample more that has a slot,
whose other utterances have encodings from the build before. With several workers, as many processes
train a skill each at once: their time is that on the wall, and the CPU seconds of all of them.
``--docs`` keeps the results in docs/throughput.json and writes docs/scaling.md's tables anew.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.accuracy import ROOT, with_table
from benchmarks.speed import machine

RESULTS, REPORT = ROOT / "docs" / "throughput.json", ROOT / "docs" / "scaling.md"
AT_ONCE_SAMPLES = 500
INTENTS = 20
WORDS = [
    "order",
    "book",
    "find",
    "play",
    "stop",
    "change",
    "cancel",
    "show",
    "send",
    "call",
    "open",
    "close",
    "add",
    "remove",
    "start",
    "check",
    "kitchen",
    "bedroom",
    "office",
    "garden",
    "table",
    "ticket",
    "train",
    "hotel",
    "song",
    "album",
    "list",
    "order",
    "price",
    "weather",
    "please",
    "now",
    "today",
    "tomorrow",
    "again",
    "quickly",
    "for",
    "me",
    "with",
    "the",
    "a",
    "my",
    "all",
    "some",
    "next",
    "last",
    "first",
    "new",
]
VALUES = ("small", "large", "red", "green", "paris", "london", "two", "five", "jazz", "rock")


class _Embedded(Exception):
    """The rest of the training is as long as without the edit."""


@dataclass(frozen=True)
class Measured:
    """What one training took, in CPU seconds, and how many of its utterances had to be encoded."""

    seconds: float
    embed: float
    utterances: int
    encoded: int


def document(samples: int, seed: int = 0) -> dict[str, Any]:
    """Return an interaction model with so many samples."""
    chance = random.Random(seed)
    intents: list[dict[str, Any]] = [
        {"name": f"Intent{chr(65 + number)}", "slots": [], "samples": []}
        for number in range(INTENTS)
    ]
    seen: set[str] = set()
    while len(seen) < samples:
        intent = intents[len(seen) % INTENTS]
        text = " ".join(chance.choices(WORDS, k=chance.randint(3, 8)))
        if len(seen) % 3 == 0:
            text += " {thing}"
            intent["slots"] = [{"name": "thing", "type": "Thing"}]
        if text not in seen:
            seen.add(text)
            intent["samples"].append(text)
    values = [{"name": {"value": value}} for value in VALUES]
    types = [{"name": "Thing", "values": values}]
    model = {"invocationName": "made up", "intents": intents, "types": types}
    return {"interactionModel": {"languageModel": model}}


def train(samples: int, tier: str, seed: int, folder: str, edited: bool = False) -> Measured:
    """Train a skill as a worker does and return what it took; ``edited`` ends after embedding."""
    from nlu_engine.encodings import EncodingCache
    from nlu_engine.interaction_model import InteractionModel
    from nlu_engine.training import train_parsers
    from nlu_engine.training_data import TrainingData

    made = document(samples, seed)
    if edited:
        first = made["interactionModel"]["languageModel"]["intents"][0]
        first["samples"].append("something else altogether with {thing}")
        first["slots"] = [{"name": "thing", "type": "Thing"}]
    model = InteractionModel.from_json(made)
    began: dict[str, float] = {}

    def note(step: str, share: float) -> None:
        began.setdefault(step, time.process_time())
        if edited and step == "train":
            raise _Embedded

    started = time.process_time()
    data = TrainingData.from_interaction_model(model, locale="en-US")
    encodings = EncodingCache(Path(folder) / "encodings.sqlite3", 512_000_000)
    options: dict[str, Any] = {"tier": tier, "hurry": tier == "quick", "encodings": encodings}
    with suppress(_Embedded):
        train_parsers(data, on_progress=note, **options)
    seconds = time.process_time() - started
    counted = encodings.hits + encodings.misses, encodings.misses
    return Measured(seconds, began["train"] - began["embed"], *counted)


def measured(samples: int, tier: str, folder: str) -> dict[str, Any]:
    """Return what a training of so many samples takes, and again after an edit."""
    load = os.getloadavg()[0]
    # A cache of its own: the edit of another size has the same sample.
    folder = tempfile.mkdtemp(dir=folder)
    first = train(samples, tier, samples, folder)
    found = {"samples": samples, "tier": tier, "load": round(load, 1)} | asdict(first)
    if tier == "full":
        again = train(samples, tier, samples, folder, edited=True)
        found |= {"edited_embed": again.embed, "edited_encoded": again.encoded}
    return found


def at_once(workers: int, tier: str, folder: str) -> dict[str, Any]:
    """Return how long ``workers`` processes take to train a skill each, after one to warm up."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        _each(pool, workers, 50, tier, folder)
        load, started = os.getloadavg()[0], time.perf_counter()
        used = _each(pool, workers, AT_ONCE_SAMPLES, tier, folder)
        wall = time.perf_counter() - started
    return {"workers": workers, "wall": wall, "cpu": used, "load": round(load, 1)}


def _each(pool: Any, workers: int, samples: int, tier: str, folder: str) -> float:
    trainings = [pool.submit(train, samples, tier, one, folder) for one in range(workers)]
    return sum(training.result().seconds for training in trainings)


# --- Tables -------------------------------------------------------------------------------


def throughput_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return what trainings took, as a table in Markdown."""
    head = (
        "| samples | tier | CPU s | skills a core-minute | embed, CPU s | utterances encoded "
        "| embed after an edit, CPU s | utterances encoded again | load |"
    )
    lines = [
        f"| {one['samples']:,} | {one['tier']} | {one['seconds']:.1f} | {60 / one['seconds']:.2f} "
        f"| {one['embed']:.1f} | {one['encoded']:,} "
        f"| {_or_dash(one, 'edited_embed', '.1f')} | {_or_dash(one, 'edited_encoded', ',')} "
        f"| {one['load']} |"
        for one in rows
    ]
    return "\n".join([head, "|" + "---|" * 9, *lines])


def _or_dash(row: dict[str, Any], name: str, form: str) -> str:
    return format(row[name], form) if name in row else "-"


def workers_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return how it scales with workers, as a table in Markdown."""
    head = "| workers | seconds for a skill each | skills a minute | CPU s a skill | load |"
    lines = [
        f"| {one['workers']} | {one['wall']:.1f} | {60 * one['workers'] / one['wall']:.1f} "
        f"| {one['cpu'] / one['workers']:.1f} | {one['load']} |"
        for one in rows
    ]
    return "\n".join([head, "|" + "---|" * 5, *lines])


def keep(found: dict[str, Any]) -> dict[str, Any]:
    """Put results in the place of older ones, in the docs too; return all."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    trainings = {(one["samples"], one["tier"]): one for one in known.get("trainings", [])}
    trainings |= {(one["samples"], one["tier"]): one for one in found["trainings"]}
    workers = {one["workers"]: one for one in [*known.get("workers", []), *found["workers"]]}
    every = {
        "machine": found["machine"],
        "trainings": [
            trainings[key] for key in sorted(trainings, key=lambda k: (k[0], -len(k[1])))
        ],
        "workers": [workers[key] for key in sorted(workers)],
    }
    RESULTS.write_text(json.dumps(every, indent=1) + "\n")
    text = with_table(REPORT.read_text(), "throughput", throughput_table(every["trainings"]))
    REPORT.write_text(with_table(text, "workers", workers_table(every["workers"])))
    return every


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, nargs="*", default=[50, 500, 5_000])
    parser.add_argument("--tiers", nargs="+", default=["quick", "full"])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--docs", action="store_true", help="keep the results")
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine(), "trainings": [], "workers": []}
    with tempfile.TemporaryDirectory() as folder:
        if options.samples:
            train(50, "full", 99, folder)  # what a worker's child has in memory anyway
        for samples in options.samples:
            for tier in options.tiers:
                found["trainings"].append(measured(samples, tier, folder))
                print(found["trainings"][-1], file=sys.stderr, flush=True)
                if options.docs:
                    keep(found)
        for workers in options.workers:
            found["workers"].append(at_once(workers, "quick", folder))
            print(found["workers"][-1], file=sys.stderr, flush=True)
            if options.docs:
                keep(found)
    print(throughput_table(found["trainings"]), workers_table(found["workers"]), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
