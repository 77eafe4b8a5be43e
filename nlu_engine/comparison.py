"""Train both parsers on one set, measure them on another: every accuracy claim's source."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlu_engine.artifact import read_artifact, write_artifact
from nlu_engine.frames import AnnotatedUtterance, Frame
from nlu_engine.metrics import frame_accuracy, intent_accuracy, slot_f1
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.training import Progress, ignore, train_parsers
from nlu_engine.training_data import TrainingData

NEURAL_FILES = ("neural.safetensors", "neural.json", "skill.json")
BASELINE_FILES = ("intents.safetensors", "intents.json", "slots.crfsuite", "skill.json")


def compare(
    data: TrainingData,
    test: Sequence[AnnotatedUtterance],
    *,
    seed: int = 0,
    on_progress: Progress = ignore,
) -> dict[str, Any]:
    """Train on ``data``, publish, load again, parse ``test``; return what was measured.

    Accuracies are shares in [0, 1]; slot F1 is micro over strict (name, start, end) spans and
    None where no slot was expected or found. Times are milliseconds or seconds of one core.
    ``relative_frame_gain`` is None when the baseline got no frame right.
    """
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "artifact"
        trained = train_parsers(data, seed=seed, on_progress=on_progress)
        write_artifact(trained, directory)
        started = time.perf_counter()
        pair = read_artifact(directory)
        load_ms = (time.perf_counter() - started) * 1000
    parsers = {
        "neural": _measure(pair, "neural", pair.neural, NEURAL_FILES, test),
        "maxent_crf": _measure(pair, "maxent_crf", pair.maxent_crf, BASELINE_FILES, test),
    }
    for measured in parsers.values():
        measured["load_ms"] = round(load_ms, 2)
    base = parsers["maxent_crf"]["frame_accuracy"]
    gain = (parsers["neural"]["frame_accuracy"] - base) / base if base else None
    return {
        "train_size": len(data.utterances),
        "test_size": len(test),
        "locale": data.locale,
        "seed": seed,
        "embeddings": pair.manifest["embeddings"],
        "parsers": parsers,
        "relative_frame_gain": None if gain is None else round(gain, 4),
    }


def _measure(
    pair: ParserPair,
    name: str,
    parser: SkillParser,
    files: Sequence[str],
    test: Sequence[AnnotatedUtterance],
) -> dict[str, Any]:
    pairs: list[tuple[Frame, Frame]] = []
    times = []
    for expected in test:
        started = time.perf_counter()
        actual = parser.parse(expected.text).frame
        times.append((time.perf_counter() - started) * 1000)
        pairs.append((expected.frame, actual))
    f1 = slot_f1(pairs)
    return {
        "intent_accuracy": round(intent_accuracy(pairs), 4),
        "slot_f1": None if f1 is None else round(f1, 4),
        "frame_accuracy": round(frame_accuracy(pairs), 4),
        "train_seconds": pair.manifest["train_seconds"][name],
        "artifact_bytes": sum(pair.manifest["sizes"][file] for file in files),
        "parse_ms_p50": round(float(np.percentile(times, 50)), 3),
        "parse_ms_p95": round(float(np.percentile(times, 95)), 3),
    }
