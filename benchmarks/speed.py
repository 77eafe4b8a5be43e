"""Measure how fast and how big each parser is, and put the table into the README.

    python -m benchmarks.speed TRAIN.jsonl.gz TEST.jsonl.gz [--readme]

The DNN in both tiers and the MaxEnt-CRF baseline are trained on TRAIN and parse TEST, with
one thread. Every measure is taken in a process of its own, so that none finds the memory or
the caches of another. Times are wall-clock times except the training's, which is CPU time: on
a busy machine the former are too long, so the best of seven is kept, the parsers by turns, and
the machine's load with the results, in docs/speed.json.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

import numpy as np

from benchmarks.accuracy import ROOT, update_readme

# Neither torch nor onnxruntime comes with these: they would be in every measure of memory.
from nlu_engine.artifact import (
    MAXENT_CRF_FILES,
    NEURAL_FILES,
    bytes_on_disk,
    read_manifest,
    read_maxent_crf,
    read_neural,
    write_artifact,
)
from nlu_engine.embeddings import Tier, load_embeddings, load_encoder
from nlu_engine.neural import READY
from nlu_engine.parsers import BATCH, SkillParser
from nlu_engine.training_data import load_training_data, read_labelled
from nlu_engine.utterances import tokenize

RESULTS = ROOT / "docs" / "speed.json"
SKILLS = 8
"""Skills that take turns when throughput is measured."""
COPIES = 32
"""Skills that are loaded when the memory of one more is measured."""
LOADS = 21
ROUNDS = 7
"""Times that what takes time is measured; the best counts, for other work only makes it slower."""
MEGABYTE = 1_000_000
COLUMNS = {"quick": "DNN quick", "full": "DNN full", "maxent_crf": "MaxEnt-CRF"}
TIERS: tuple[Tier, ...] = ("quick", "full")
T = TypeVar("T")
Measured = dict[str, float]


class Row(NamedTuple):
    """A row of the table: its measure, what it says, its decimals, whether it is a time."""

    key: str
    label: str
    decimals: int
    is_time: bool = False


ROWS = (
    Row("train_seconds", "training, CPU seconds", 1, is_time=True),
    Row("parse_ms_p50", "parsing one utterance, ms, median", 2, is_time=True),
    Row("parse_ms_p95", "parsing one utterance, ms, 95th percentile", 2, is_time=True),
    Row("utterances_per_second", f"utterances a second, one by one, {SKILLS} skills in turn", 0),
    Row("batched_per_second", f"the same in batches of {BATCH}", 0),
    Row("artifact_bytes", "artifact, bytes on disk", 0),
    Row("load_ms", "loading a skill, embeddings mapped, ms, median", 2, is_time=True),
    Row("ready_mb", "private memory of a skill that parsed lately, its weights unpacked, MB", 2),
    Row("skill_mb", f"private memory of one more skill, beyond the {READY} that did, MB", 2),
    Row(
        "process_mb",
        "private memory that a second process adds for the shared embeddings, loaded, MB "
        "(full: with the encoder and ONNX Runtime itself)",
        1,
    ),
    Row("process_used_mb", "the same after use on the whole test set, MB", 1),
)


class Subject(NamedTuple):
    """What is measured: a column of the table, its trained artifact, the utterances to parse."""

    column: str
    artifact: Path
    test: Path

    def read(self) -> SkillParser:
        """Read the column's parser from the artifact."""
        read = read_maxent_crf if self.column == "maxent_crf" else read_neural
        return read(self.artifact)

    def texts(self) -> list[str]:
        """Return the utterances to parse."""
        return [one.text for one in read_labelled(self.test)]


def main() -> None:
    """Measure, keep the results, print the table and, if asked, put it in the README."""
    options = _arguments()
    # Before the processes that measure are started, which inherit it.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    results = {
        "machine": machine(),
        "sets": _sets(options.train, options.test),
        "measured": measure(options.train.resolve(), options.test.resolve()),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    if options.readme:
        update_readme({"speed": table(results)})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--readme", action="store_true")
    return parser.parse_args()


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _sets(train: Path, test: Path) -> dict[str, Any]:
    return {
        "name": train.resolve().parent.name,
        "train_size": len(load_training_data(train).utterances),
        "test_size": len(read_labelled(test)),
    }


def measure(train: Path, test: Path) -> dict[str, Measured]:
    """Train the parsers of all columns on ``train`` and return what each measures on ``test``."""
    with tempfile.TemporaryDirectory() as folder:
        artifacts: dict[str, Path] = {}
        for tier in TIERS:
            artifacts[tier] = Path(folder) / tier
            _apart(train_artifact, train, tier, artifacts[tier])
        # Both trainings make the same baseline; the first one's is measured.
        artifacts["maxent_crf"] = artifacts["quick"]
        subjects = [Subject(column, artifacts[column], test) for column in COLUMNS]
        measured = {subject.column: of_manifest(subject) for subject in subjects}
        for _ in range(ROUNDS):  # by turns, so that a slow minute strikes all of them
            for work in (latency, throughput, loading):
                for subject in subjects:
                    keep_best(measured[subject.column], _apart(work, subject))
        for subject in subjects:
            measured[subject.column] |= memory(subject)
        return measured


def keep_best(measured: Measured, again: Measured) -> None:
    """Put into ``measured`` what is better ``again``: a lower time, a higher number a second."""
    for key, value in again.items():
        best = max if key.endswith("_per_second") else min
        measured[key] = best(measured.get(key, value), value)


def memory(subject: Subject) -> Measured:
    """Return what a column's parser takes in memory, each measured in a process of its own."""
    measured = _apart(skill_memory, subject)
    if subject.column == "maxent_crf":
        return measured
    with _holder(subject):
        return measured | _apart(process_memory, subject)


def _apart(work: Callable[..., T], *arguments: Any) -> T:
    """Return what ``work`` returns in a fresh interpreter."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = pool.submit(work, *arguments).result()
    what = " ".join(str(getattr(one, "column", one)) for one in arguments[-2:])
    print(f"{work.__name__} {what}: {result}", file=sys.stderr, flush=True)
    return result


@contextmanager
def _holder(subject: Subject) -> Iterator[None]:
    """Keep a process alive that has loaded and used the shared embeddings.

    Mapped pages count as private of a process that is alone with them.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(process_memory, subject).result()
        yield


def train_artifact(train: Path, tier: Tier, artifact: Path) -> None:
    """Train both parsers and write them to ``artifact``."""
    from nlu_engine.training import train_parsers  # loads torch, which only this process may

    write_artifact(train_parsers(load_training_data(train), tier=tier), artifact)


def of_manifest(subject: Subject) -> Measured:
    """Return what the artifact itself tells: the time to train and the size on disk."""
    baseline = subject.column == "maxent_crf"
    manifest = read_manifest(subject.artifact)
    files = MAXENT_CRF_FILES if baseline else NEURAL_FILES
    return {
        "train_seconds": manifest["train_seconds"]["maxent_crf" if baseline else "neural"],
        "artifact_bytes": bytes_on_disk(manifest, files),
    }


def latency(subject: Subject) -> Measured:
    """Return the milliseconds to parse one utterance, as ``nlu_engine.comparison`` takes them."""
    parser = subject.read()
    times = [_milliseconds(parser.parse, text) for text in subject.texts()]
    return {
        "parse_ms_p50": round(float(np.percentile(times, 50)), 3),
        "parse_ms_p95": round(float(np.percentile(times, 95)), 3),
    }


def throughput(subject: Subject) -> Measured:
    """Return how many utterances a second several skills parse, in turn and in batches."""
    parsers, texts = [subject.read() for _ in range(SKILLS)], subject.texts()
    started = time.perf_counter()
    for number, text in enumerate(texts):
        parsers[number % SKILLS].parse(text)
    one_by_one = time.perf_counter() - started
    started = time.perf_counter()
    for number, parser in enumerate(parsers):
        mine = texts[number::SKILLS]
        for start in range(0, len(mine), BATCH):  # as they come: not sorted by length beforehand
            parser.parse_many(mine[start : start + BATCH])
    batched = time.perf_counter() - started
    return {
        "utterances_per_second": round(len(texts) / one_by_one, 1),
        "batched_per_second": round(len(texts) / batched, 1),
    }


def _words(subject: Subject) -> list[list[str]]:
    return [[token.text for token in tokenize(text)] for text in subject.texts()]


def loading(subject: Subject) -> Measured:
    """Return the milliseconds to load a skill when the process has the embeddings already."""
    subject.read()
    return {"load_ms": round(median(_milliseconds(subject.read) for _ in range(LOADS)), 2)}


def _milliseconds(work: Callable[..., object], *arguments: Any) -> float:
    started = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - started) * 1000


def skill_memory(subject: Subject) -> Measured:
    """Return the private memory that one more skill takes, which has parsed an utterance.

    Of the DNN, the READY that parsed last are kept unpacked.
    """
    text = subject.texts()[0]
    skills = [subject.read()]  # the first brings what all share
    skills[0].parse(text)

    def one_more(count: int) -> float:
        before = private_bytes()
        for _ in range(count):
            skills.append(subject.read())
            skills[-1].parse(text)
        return round((private_bytes() - before) / count / MEGABYTE, 3)

    return {"ready_mb": one_more(READY - 1), "skill_mb": one_more(COPIES)}


def process_memory(subject: Subject) -> Measured:
    """Return the private memory that the shared embeddings add to a process.

    Beyond what it has with the engine's modules alone: once after loading them (in the full
    tier ONNX Runtime too), once after all words of the test set went through them.
    """
    words, before = _words(subject), private_bytes()
    release = read_manifest(subject.artifact)["embeddings"]
    embeddings = load_embeddings(release)
    encoder = load_encoder(release) if subject.column == "full" else None
    loaded = private_bytes()
    for utterance in words:
        for word in utterance:
            embeddings.vector(word)
        if encoder:
            encoder.encode([utterance])
    return {
        "process_mb": round((loaded - before) / MEGABYTE, 2),
        "process_used_mb": round((private_bytes() - before) / MEGABYTE, 2),
    }


def private_bytes() -> int:
    """Return the memory that no other process shares with this one (its USS)."""
    gc.collect()
    return private_of(Path("/proc/self/smaps_rollup").read_text())


def private_of(smaps: str) -> int:
    """Return the private bytes, clean and dirty, in the text of a smaps_rollup file."""
    fields = [line.split() for line in smaps.splitlines()]
    found = [int(f[1]) for f in fields if f[0] in ("Private_Clean:", "Private_Dirty:")]
    return 1024 * sum(found)


def table(results: Mapping[str, Any]) -> str:
    """Return the markdown table: one row a measure, and below it what it was measured on."""
    ratios = [f"{COLUMNS[tier]} / {COLUMNS['maxent_crf']}" for tier in TIERS]
    heads = ["measure", *COLUMNS.values(), *ratios]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [_row(row, results["measured"]) for row in ROWS]
    return "\n".join([*lines, "", _origin(results)])


def _row(row: Row, measured: Mapping[str, Measured]) -> str:
    values = {column: measured[column].get(row.key) for column in COLUMNS}
    cells = ["-" if one is None else f"{one:,.{row.decimals}f}" for one in values.values()]
    base = values["maxent_crf"] if row.is_time else None
    ratios = [_ratio(values[tier], base) for tier in TIERS]
    return f"| {' | '.join([row.label, *cells, *ratios])} |"


def _ratio(value: float | None, base: float | None) -> str:
    if value is None or not base:
        return ""
    ratio = value / base
    return f"{ratio:.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def _origin(results: Mapping[str, Any]) -> str:
    on: Mapping[str, Any] = results["machine"]
    sets: Mapping[str, Any] = results["sets"]
    return (
        f"Trained on {sets['train_size']:,} utterances of {sets['name']}, measured on "
        f"{sets['test_size']:,}, one thread of {on['cpu']} ({on['cores']} cores, load "
        f"{on['load_before']} before), Python {on['python']}; the best of {ROUNDS} but for the "
        "training. MB are 10⁶ bytes."
    )


if __name__ == "__main__":
    main()
