"""Loading and using what was trained."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from typing import Any

import pytest

from nlu_engine.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    IncompatibleArtifact,
    InvalidUtterance,
)
from nlu_engine.parsers import ParsePair
from skillbuilder.authoring.models import Skill
from skillbuilder.training import artifacts, storage
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
    assert run == ready_run
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
    weights = folder / "neural.safetensors"
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


def test_the_cache_loads_once_however_many_ask() -> None:
    cache = artifacts.ParserCache(size=2)
    loads: list[int] = []
    key = uuid.uuid4()

    def load() -> Any:
        loads.append(1)
        time.sleep(0.1)
        return "parsers"

    threads = [threading.Thread(target=cache.get, args=(key, load)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = artifacts.ParserCache(size=2)
    keys = [uuid.uuid4() for _ in range(3)]
    loads: list[uuid.UUID] = []

    def get(key: uuid.UUID) -> None:
        cache.get(key, lambda: loads.append(key) or key)  # type: ignore[func-returns-value, arg-type, return-value]

    for key in (keys[0], keys[1], keys[0], keys[2], keys[0], keys[1]):
        get(key)
    assert loads == [keys[0], keys[1], keys[2], keys[1]]


def test_a_failed_load_is_tried_again() -> None:
    cache = artifacts.ParserCache(size=2)
    key = uuid.uuid4()

    def fail() -> Any:
        raise ArtifactMissing("gone")

    with pytest.raises(ArtifactMissing):
        cache.get(key, fail)
    assert cache.get(key, lambda: "parsers") == "parsers"  # type: ignore[arg-type, comparison-overlap, return-value]


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
