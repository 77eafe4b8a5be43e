"""What the contextual encoder made of utterances, kept on disk by their content.

The encoder is frozen, so an utterance has the same encoding in every skill and every build: a
build after a small edit encodes what is new and reads the rest. One SQLite file for all processes
of a host; bounded, what was used longest ago goes first. A cache that is damaged, locked or full
is one that knows nothing: no build fails of it.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np

from nlu_engine.embeddings import Vectors

log = logging.getLogger(__name__)

T = TypeVar("T")
Encoding = tuple[Vectors, Vectors]
"""Of an utterance of n words: (n, dimensions), and of all of it (sentence dimensions,)."""

AT_ONCE = 500
"""Keys that one query asks for."""
KEPT_SHARE = 0.9
"""Share of its bytes that a full cache keeps."""
_TABLE = """
CREATE TABLE IF NOT EXISTS encodings (
    key BLOB PRIMARY KEY, used INTEGER NOT NULL, words INTEGER NOT NULL, content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS encodings_used ON encodings (used);
"""


class EncodingCache:
    """The encodings in the file ``path``, of at most ``limit`` bytes in all.

    ``hits`` and ``misses`` count what was found and what was not.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path, self.limit = path, limit
        self.hits = self.misses = 0

    def get(self, release: str, utterances: Sequence[tuple[str, ...]]) -> dict[int, Encoding]:
        """Return the known encodings by place; ``release`` names the encoder's very content."""
        keys = [_key(release, words) for words in utterances]
        found = self._do(lambda database: _read(database, keys)) or {}
        known = {place: found[key] for place, key in enumerate(keys) if key in found}
        read = {place: _unpacked(*row) for place, row in known.items()}
        whole = {place: one for place, one in read.items() if one is not None}
        self.hits += len(whole)
        self.misses += len(keys) - len(whole)
        return whole

    def put(self, release: str, encoded: Sequence[tuple[tuple[str, ...], Encoding]]) -> None:
        """Keep the encodings of utterances, in half precision."""
        now = int(time.time())
        rows = [
            (_key(release, words), now, len(words), _packed(encoding))
            for words, encoding in encoded
        ]
        self._do(lambda database: _write(database, rows, self.limit))

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return what ``action`` does in a transaction; None, and a log line, where it cannot."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=5)) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("PRAGMA synchronous=OFF")
                database.executescript(_TABLE)
                with database:
                    return action(database)
        except (sqlite3.Error, OSError) as error:
            log.warning("the cache of encodings at %s is of no use: %s", self.path, error)
            if type(error) is sqlite3.DatabaseError:  # damaged; others are locked, or full
                self.path.unlink(missing_ok=True)
            return None


def _read(database: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, tuple[int, bytes]]:
    found: dict[bytes, tuple[int, bytes]] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, words, content FROM encodings WHERE key IN ({marks})"  # noqa: S608
        found |= {key: (words, content) for key, words, content in database.execute(query, some)}
        used = f"UPDATE encodings SET used = ? WHERE key IN ({marks})"  # noqa: S608
        database.execute(used, [int(time.time()), *some])
    return found


def _write(
    database: sqlite3.Connection, rows: Sequence[tuple[bytes, int, int, bytes]], limit: int
) -> None:
    database.executemany("INSERT OR REPLACE INTO encodings VALUES (?, ?, ?, ?)", rows)
    _forget_oldest(database, limit)


def _forget_oldest(database: sqlite3.Connection, limit: int) -> None:
    [total] = database.execute("SELECT COALESCE(SUM(LENGTH(content)), 0) FROM encodings").fetchone()
    surplus = total - limit * KEPT_SHARE if total > limit else 0
    oldest = database.execute("SELECT key, LENGTH(content) FROM encodings ORDER BY used")
    gone = []
    for key, size in oldest:
        if surplus <= 0:
            break
        gone.append((key,))
        surplus -= size
    database.executemany("DELETE FROM encodings WHERE key = ?", gone)


def _key(release: str, words: tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\0".join((release, *words)).encode(), digest_size=20).digest()


def _packed(encoding: Encoding) -> bytes:
    words, sentence = (part.astype(np.float16).tobytes() for part in encoding)
    content = len(sentence).to_bytes(4, "little") + words + sentence
    return hashlib.blake2b(content, digest_size=8).digest() + content


def _unpacked(count: int, stored: bytes) -> Encoding | None:
    """Return the encoding of ``count`` words, None if it is not what was stored."""
    digest, content = stored[:8], stored[8:]
    if hashlib.blake2b(content, digest_size=8).digest() != digest or not count:
        return None
    size = int.from_bytes(content[:4], "little")
    numbers = np.frombuffer(content[4:], dtype=np.float16).astype(np.float32)
    words = numbers[: len(numbers) - size // 2]
    return words.reshape(count, -1), numbers[len(words) :]
