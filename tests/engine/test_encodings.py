"""Encodings are kept from build to build, and nothing but time depends on that."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from nlu_engine.encodings import Encoding, EncodingCache
from nlu_engine.neural_training import Schedule
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData

ALL = [("order", "pizza"), ("stop",)]


def encoding(words: int, value: float = 0.5) -> Encoding:
    return np.full((words, 4), value, np.float32), np.full(3, value, np.float32)


@pytest.fixture
def cache(tmp_path: Path) -> EncodingCache:
    return EncodingCache(tmp_path / "encodings.sqlite3", 1_000_000)


def test_what_was_put_comes_back(cache: EncodingCache) -> None:
    cache.put("en", [(words, encoding(len(words))) for words in ALL])
    found = cache.get("en", [*ALL, ("more",)])
    assert sorted(found) == [0, 1]
    assert found[0][0].shape == (2, 4) and found[0][1].shape == (3,)
    assert (found[0][0] == 0.5).all() and (found[1][1] == 0.5).all()
    assert (cache.hits, cache.misses) == (2, 1)


def test_another_release_or_other_words_are_unknown(cache: EncodingCache) -> None:
    cache.put("en", [(("order", "pizza"), encoding(2))])
    assert cache.get("de", [("order", "pizza")]) == {}
    assert cache.get("en", [("order pizza",), ("pizza", "order")]) == {}


def test_it_stays_within_its_bytes_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = EncodingCache(tmp_path / "encodings.sqlite3", 2_000)
    for number in range(50):
        cache.put("en", [((str(number),), encoding(1))])
        with sqlite3.connect(cache.path) as database:
            database.execute("UPDATE encodings SET used = ?", [number])
            database.execute("UPDATE encodings SET used = 99 WHERE rowid = 1")
        database.close()
    with sqlite3.connect(cache.path) as database:
        [size] = database.execute("SELECT SUM(LENGTH(content)) FROM encodings").fetchone()
    database.close()
    assert 0 < size <= 2_000
    assert cache.get("en", [("0",)])
    assert cache.get("en", [("49",)])


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_file_knows_nothing_and_is_made_anew(
    cache: EncodingCache, content: bytes
) -> None:
    cache.path.write_bytes(content)
    assert cache.get("en", [("order",)]) == {}
    cache.put("en", [(("order",), encoding(1))])
    assert list(cache.get("en", [("order",)])) == [0]


def test_a_damaged_encoding_is_not_used(cache: EncodingCache) -> None:
    cache.put("en", [(("order",), encoding(1))])
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE encodings SET content = content || x'00'")
    database.close()
    assert cache.get("en", [("order",)]) == {}


def test_a_folder_that_cannot_be_written_to_fails_nothing() -> None:
    cache = EncodingCache(Path("/proc/no/encodings.sqlite3"), 1_000)
    cache.put("en", [(("order",), encoding(1))])
    assert cache.get("en", [("order",)]) == {}


def test_several_processes_may_write_at_once(cache: EncodingCache) -> None:
    def put(first: int) -> None:
        for number in range(first, first + 20):
            EncodingCache(cache.path, cache.limit).put("en", [((str(number),), encoding(1))])

    threads = [threading.Thread(target=put, args=[100 * number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [(str(100 * number + one),) for number in range(4) for one in range(20)]
    assert len(cache.get("en", everything)) == 80


def test_a_training_is_the_same_with_and_without_what_is_kept(
    cache: EncodingCache, fruit_data: TrainingData
) -> None:
    def weights(encodings: EncodingCache | None) -> dict[str, bytes]:
        pair = train_parsers(fruit_data, schedule=Schedule(steps=5), encodings=encodings)
        packed = pair.neural.recognizer.trained().packed  # type: ignore[attr-defined]
        return {name: value.tobytes() for name, value in packed.items()}

    without = weights(None)
    assert weights(cache) == without
    assert cache.hits == 0 and cache.misses > 0
    again = EncodingCache(cache.path, cache.limit)
    assert weights(again) == without
    assert again.misses == 0 and again.hits == cache.misses
