"""Loading and using what was trained."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import tracemalloc
from typing import Any

import pytest

from nlu_engine.artifact import loaded_bytes, read_artifact
from nlu_engine.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    IncompatibleArtifact,
    InvalidUtterance,
)
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.models import Skill
from skillbuilder.training import artifacts, runs, serving, storage
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.runs import NotTrained


def test_a_skill_without_a_ready_run_does_not_parse(skill: Skill) -> None:
    with pytest.raises(NotTrained, match="tiny-kitchen"):
        artifacts.parse(skill, "order a big pizza")


def test_a_ready_skill_parses_with_one_query(
    skill: Skill, ready_run: TrainingRun, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        run, pair = artifacts.parse(skill, "order a huge pizza")
        assert (run.artifact_key, run.serves) == (ready_run.artifact_key, ready_run.serves)
    assert run == runs.latest_ready_run(skill) == ready_run
    assert pair.neural.frame.intent == "OrderPizza"


def test_an_empty_utterance_is_refused(skill: Skill, ready_run: TrainingRun) -> None:
    with pytest.raises(InvalidUtterance):
        artifacts.parse(skill, "  ")


def test_a_missing_damaged_or_foreign_artifact_is_refused(
    skill: Skill, ready_run: TrainingRun
) -> None:
    folder = storage.path_of(ready_run.pk)
    manifest = folder / "manifest.json"
    sound = manifest.read_text()

    manifest.write_text(json.dumps(json.loads(sound) | {"format": 99}))
    with pytest.raises(IncompatibleArtifact, match="99"):
        artifacts.parse(skill, "order")

    manifest.write_text(sound)
    weights = folder / "neural.safetensors.zst"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactCorrupt, match="neural"):
        artifacts.parse(skill, "order")

    storage.discard(ready_run.pk)
    with pytest.raises(ArtifactMissing):
        artifacts.parse(skill, "order")


def alike(one: ParsePair, other: ParsePair) -> bool:
    """Return whether both say the same; which words are known moves a confidence's last digits."""
    both = ((one.neural, other.neural), (one.maxent_crf, other.maxent_crf))
    return all(
        a.frame == b.frame and a.confidence == pytest.approx(b.confidence, abs=1e-5)
        for a, b in both
    )


def test_many_threads_parse_at_once_and_agree(skill: Skill, ready_run: TrainingRun) -> None:
    pair = artifacts.load_parsers(ready_run)
    utterances = ["order a big pizza", "when do you open", "bring me something little to eat"]
    expected = [pair.parse(utterance) for utterance in utterances]
    wrong: list[ParsePair] = []

    def work(offset: int) -> None:
        for turn in range(120):
            index = (turn + offset) % len(utterances)
            parse = pair.parse(utterances[index])
            if not alike(parse, expected[index]):
                wrong.append(parse)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
    usual = sys.getswitchinterval()
    # Else threads rarely meet between two lines of one parse.
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
    assert wrong == []


def test_the_memory_of_a_loaded_pair_is_reckoned_about_right(ready_run: TrainingRun) -> None:
    folder = storage.path_of(ready_run.pk)
    pairs = [read_artifact(folder)]  # the first brings what all share
    gc.collect()
    tracemalloc.start()
    pairs += [read_artifact(folder) for _ in range(3)]
    gc.collect()
    measured = tracemalloc.get_traced_memory()[0] / 3
    tracemalloc.stop()
    # crfsuite's own copy of its file is not Python's, so it is not in the measure.
    assert measured == pytest.approx(loaded_bytes(pairs[0].manifest), rel=0.3)


def test_parses_and_loads_are_counted_apart(skill: Skill, ready_run: TrainingRun) -> None:
    before = serving.status()
    for _ in range(3):
        artifacts.parse(skill, "order a big pizza")
    after = serving.status()
    assert after.cold.count == before.cold.count + 1
    assert after.warm.count == before.warm.count + 2
    assert after.loaded == 1
    assert 0 < after.used < after.limit
    with pytest.raises(InvalidUtterance):
        artifacts.parse(skill, " ")
    assert serving.status().parses == after.parses


def test_neither_the_web_nor_parsing_brings_torch(ready_run: TrainingRun) -> None:
    script = f"""
import sys, pathlib, django
django.setup()
import skillbuilder.urls, skillbuilder.training.tasks
from nlu_engine.artifact import read_artifact
pair = read_artifact(pathlib.Path({str(storage.path_of(ready_run.pk))!r}))
assert pair.parse("order a big pizza").neural.frame.intent == "OrderPizza"
heavy = {{"torch", "transformers", "sklearn"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
