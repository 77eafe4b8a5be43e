"""Train both parsers on one set, measure them on another: every accuracy claim's source."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nlu_engine.artifact import (
    MAXENT_CRF_FILES,
    NEURAL_FILES,
    read_manifest,
    read_maxent_crf,
    read_neural,
    write_artifact,
)
from nlu_engine.embeddings import load_embeddings
from nlu_engine.errors import NotEnoughData
from nlu_engine.frames import AnnotatedUtterance, Frame, Parser
from nlu_engine.metrics import frame_accuracy, intent_accuracy, slot_f1
from nlu_engine.training import Progress, ignore, train_parsers
from nlu_engine.training_data import TrainingData

FILES = {"neural": NEURAL_FILES, "maxent_crf": MAXENT_CRF_FILES}
T = TypeVar("T")


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
    Raises NotEnoughData when either set is empty.
    """
    if not test:
        raise NotEnoughData("The test set is empty. Give it at least one labelled utterance.")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "artifact"
        write_artifact(train_parsers(data, seed=seed, on_progress=on_progress), directory)
        manifest = read_manifest(directory)
        load_embeddings(manifest["embeddings"])  # shared by all skills: no skill's load time
        parsers = {
            "neural": _measure(partial(read_neural, directory), test),
            "maxent_crf": _measure(partial(read_maxent_crf, directory), test),
        }
    for name, measured in parsers.items():
        measured["train_seconds"] = manifest["train_seconds"][name]
        measured["artifact_bytes"] = sum(manifest["sizes"][file] for file in FILES[name])
    base = parsers["maxent_crf"]["frame_accuracy"]
    gain = (parsers["neural"]["frame_accuracy"] - base) / base if base else None
    return {
        "train_size": len(data.utterances),
        "test_size": len(test),
        "locale": data.locale,
        "seed": seed,
        "embeddings": manifest["embeddings"],
        "parsers": parsers,
        "relative_frame_gain": None if gain is None else round(gain, 4),
    }


def _measure(read: Callable[[], Parser], test: Sequence[AnnotatedUtterance]) -> dict[str, Any]:
    parser, load_ms = _timed(read)
    pairs: list[tuple[Frame, Frame]] = []
    times = []
    for expected in test:
        parse, milliseconds = _timed(partial(parser.parse, expected.text))
        times.append(milliseconds)
        pairs.append((expected.frame, parse.frame))
    f1 = slot_f1(pairs)
    return {
        "intent_accuracy": round(intent_accuracy(pairs), 4),
        "slot_f1": None if f1 is None else round(f1, 4),
        "frame_accuracy": round(frame_accuracy(pairs), 4),
        "load_ms": round(load_ms, 2),
        "parse_ms_p50": round(float(np.percentile(times, 50)), 3),
        "parse_ms_p95": round(float(np.percentile(times, 95)), 3),
    }


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what ``work`` returns, and the milliseconds that it took."""
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) * 1000
