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
    bytes_on_disk,
    read_manifest,
    read_maxent_crf,
    read_neural,
    write_artifact,
)
from nlu_engine.calibration import calibration_error
from nlu_engine.embeddings import Tier, load_embeddings, load_encoder
from nlu_engine.errors import NotEnoughData
from nlu_engine.frames import AnnotatedUtterance, Parse
from nlu_engine.metrics import frame_accuracy, intent_accuracy, slot_f1
from nlu_engine.out_of_scope import LABELS
from nlu_engine.parsers import SkillParser
from nlu_engine.training import Progress, ignore, train_parsers
from nlu_engine.training_data import TrainingData

FILES = {"neural": NEURAL_FILES, "maxent_crf": MAXENT_CRF_FILES}
REJECTED = 0.05
"""Share of the utterances in scope that may be rejected when rejection is measured."""
T = TypeVar("T")


def compare(
    data: TrainingData,
    test: Sequence[AnnotatedUtterance],
    *,
    tier: Tier = "full",
    seed: int = 0,
    on_progress: Progress = ignore,
) -> dict[str, Any]:
    """Train on ``data``, publish, load again, parse ``test``; return what was measured.

    Accuracies are shares in [0, 1]; slot F1 is micro over strict (name, start, end) spans and
    None where no slot was expected or found; the calibration error is that of intents.
    Times are milliseconds or seconds of one core.
    ``relative_frame_gain`` is None when the baseline got no frame right.
    Raises NotEnoughData when either set is empty.
    """
    if not test:
        raise NotEnoughData("The test set is empty. Give it at least one labelled utterance.")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "artifact"
        pair = train_parsers(data, tier=tier, seed=seed, on_progress=on_progress)
        write_artifact(pair, directory)
        manifest = read_manifest(directory)
        # Shared by all skills: no skill's load time.
        load_embeddings(manifest["embeddings"])
        if tier == "full":
            load_encoder(manifest["embeddings"])
        parsers = {
            "neural": _measure(partial(read_neural, directory), test),
            "maxent_crf": _measure(partial(read_maxent_crf, directory), test),
        }
    for name, measured in parsers.items():
        measured["train_seconds"] = manifest["train_seconds"][name]
        measured["artifact_bytes"] = bytes_on_disk(manifest, FILES[name])
    base = parsers["maxent_crf"]["frame_accuracy"]
    gain = (parsers["neural"]["frame_accuracy"] - base) / base if base else None
    return {
        "train_size": len(data.utterances),
        "test_size": len(test),
        "locale": data.locale,
        "seed": seed,
        "tier": tier,
        "embeddings": manifest["embeddings"],
        "parsers": parsers,
        "relative_frame_gain": None if gain is None else round(gain, 4),
    }


def _measure(read: Callable[[], SkillParser], test: Sequence[AnnotatedUtterance]) -> dict[str, Any]:
    parser, load_ms = _timed(read)
    parses: list[Parse] = []
    times = []
    for expected in test:
        parse, milliseconds = _timed(partial(parser.parse, expected.text))
        times.append(milliseconds)
        parses.append(parse)
    pairs = [(one.frame, parse.frame) for one, parse in zip(test, parses, strict=True)]
    f1 = slot_f1(pairs)
    error = calibration_error(
        [parse.confidence for parse in parses],
        [expected.intent == actual.intent for expected, actual in pairs],
    )
    return {
        "intent_accuracy": round(intent_accuracy(pairs), 4),
        "slot_f1": None if f1 is None else round(f1, 4),
        "frame_accuracy": round(frame_accuracy(pairs), 4),
        "calibration_error": None if error is None else round(error, 4),
        **_rejection(test, parses),
        "load_ms": round(load_ms, 2),
        "parse_ms_p50": round(float(np.percentile(times, 50)), 3),
        "parse_ms_p95": round(float(np.percentile(times, 95)), 3),
    }


def _rejection(test: Sequence[AnnotatedUtterance], parses: Sequence[Parse]) -> dict[str, Any]:
    """Return how well out of scope is told, where the test set has some and it was learned.

    ``in_scope_accuracy``: of the utterances in scope, whose likeliest intent is right, rejected
    or not. ``out_of_scope_recall``: of those out of scope, what is rejected at the threshold
    that rejects one in twenty of those in scope.
    """
    outside = np.array([one.frame.intent in LABELS for one in test])
    scores = np.array([np.nan if p.out_of_scope is None else p.out_of_scope for p in parses])
    if not outside.any() or outside.all() or np.isnan(scores).any():
        return {}
    right = [one.frame.intent == _likeliest(parse) for one, parse in zip(test, parses, strict=True)]
    threshold = np.quantile(scores[~outside], 1 - REJECTED)
    return {
        "in_scope_accuracy": round(float(np.mean(np.array(right)[~outside])), 4),
        "out_of_scope_recall": round(float((scores[outside] > threshold).mean()), 4),
    }


def _likeliest(parse: Parse) -> str:
    """Return the likeliest of the skill's own intents, also where the fallback answered."""
    own = parse.frame.intent not in LABELS
    return parse.frame.intent if own or not parse.alternatives else parse.alternatives[0].intent


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what ``work`` returns, and the milliseconds that it took."""
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) * 1000
