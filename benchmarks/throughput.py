"""Measure how many skills a core trains in a minute, and what kept encodings save.

    python -m benchmarks.throughput [--samples 50 500 5000] [--tiers quick full] [--workers 1 2]

Skills are made up: so many samples over twenty intents, a third of them with slots. Times are CPU
seconds of the training process, on one thread, so other work on the machine lengthens them by its
use of caches and memory alone. "Edited" is the same skill with one sample more, whose encodings
are kept from the build before. With several workers, as many processes train a skill each at
once, and the time is that on the wall.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Measured:
    """What one training took, in CPU seconds."""

    seconds: float
    embed: float


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
    """Train a skill as a worker does and return what it took."""
    from nlu_engine.encodings import EncodingCache
    from nlu_engine.interaction_model import InteractionModel
    from nlu_engine.training import train_parsers
    from nlu_engine.training_data import TrainingData

    made = document(samples, seed)
    if edited:
        first = made["interactionModel"]["languageModel"]["intents"][0]
        first["samples"].append("something else altogether")
    model = InteractionModel.from_json(made)
    began: dict[str, float] = {}

    def note(step: str, share: float) -> None:
        began.setdefault(step, time.process_time())

    started = time.process_time()
    data = TrainingData.from_interaction_model(model, locale="en-US")
    encodings = EncodingCache(Path(folder) / "encodings.sqlite3", 512_000_000)
    options: dict[str, Any] = {"tier": tier, "hurry": tier == "quick", "encodings": encodings}
    train_parsers(data, on_progress=note, **options)
    return Measured(time.process_time() - started, began["train"] - began["embed"])


def wall_seconds(workers: int, samples: int, tier: str, folder: str) -> float:
    """Return how long ``workers`` processes take to train a skill each, after one to warm up."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        _each(pool, workers, 50, tier, folder)
        started = time.perf_counter()
        _each(pool, workers, samples, tier, folder)
        return time.perf_counter() - started


def _each(pool: Any, workers: int, samples: int, tier: str, folder: str) -> None:
    trainings = [pool.submit(train, samples, tier, one, folder) for one in range(workers)]
    for training in trainings:
        training.result()


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[50, 500, 5_000])
    parser.add_argument("--tiers", nargs="+", default=["quick", "full"])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    options = parser.parse_args()
    print("| samples | tier | CPU s | skills a core-minute | embed, s | embed, edited, s |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        train(50, "full", 99, folder)  # what a worker's child has in memory anyway
        for samples in options.samples:
            for tier in options.tiers:
                first = train(samples, tier, samples, folder)
                again = train(samples, tier, samples, folder, True) if tier == "full" else None
                edited = f"{again.embed:.1f}" if again else "-"
                print(
                    f"| {samples:,} | {tier} | {first.seconds:.1f} | {60 / first.seconds:.1f} "
                    f"| {first.embed:.1f} | {edited} |",
                    flush=True,
                )
        if options.workers:
            print("\n| workers | seconds for a skill each | skills a minute |\n|---|---|---|")
        for workers in options.workers:
            seconds = wall_seconds(workers, 500, "quick", folder)
            print(f"| {workers} | {seconds:.1f} | {60 * workers / seconds:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
