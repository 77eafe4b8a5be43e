"""Shared word embeddings: one frozen, memory-mapped store for all skills of a host.

A release ("en@1") is a directory with a safetensors file and a manifest. The file holds
the vectors of a fixed vocabulary and of hashed character n-grams; a word outside the
vocabulary is composed of its n-grams, so every word has a vector. Vectors are 8-bit
integers with one scale a row. The file is mapped, never read into private memory, so all
processes of a host share one copy.

``embedding_build`` makes releases; this module only reads them and needs numpy alone.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu_engine.errors import EmbeddingsError
from nlu_engine.utterances import normalize

RELEASES_ROOT = Path(__file__).parent / "data" / "embeddings"
STORE_FORMAT = 1
NGRAM_LENGTHS = (3, 4, 5)
_DTYPES: dict[str, type[np.generic]] = {
    "I8": np.int8,
    "U8": np.uint8,
    "U32": np.uint32,
    "U64": np.uint64,
    "F32": np.float32,
}

Vectors = npt.NDArray[np.float32]


def release_for(locale: str) -> str:
    """Return the name of the embedding release that serves ``locale``."""
    return "en@1"


def is_covered(locale: str) -> bool:
    """Return whether the words of ``locale``'s language are in its embedding release."""
    return locale.partition("-")[0] == "en"


def ngrams(word: str) -> Iterator[str]:
    """Yield the character n-grams of ``word`` between "<" and ">", and the whole of it."""
    marked = f"<{word}>"
    yield marked
    for length in NGRAM_LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]


def ngram_buckets(word: str, bucket_count: int) -> list[int]:
    """Return the bucket of each n-gram of ``word``; long words keep their first 64 letters."""
    return [zlib.crc32(ngram.encode()) % bucket_count for ngram in ngrams(word[:64])]


def word_hash(word: str) -> int:
    """Return the 64-bit hash under which ``word`` is found in the store."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


class SharedEmbeddings:
    """One embedding release, mapped into memory.

    Rows lie in the order of the words' hashes, so a look-up is a binary search in mapped
    memory and no process needs a dictionary of its own.
    """

    def __init__(self, release: str, manifest: dict[str, Any], path: Path) -> None:
        self.release = release
        self.manifest = manifest
        self.directory = path.parent
        tensors = _map_tensors(path)
        self._hashes = tensors["hashes"]
        self._vectors, self._scales = tensors["vectors"], tensors["scales"]
        self._buckets, self._bucket_scales = tensors["buckets"], tensors["bucket_scales"]
        self._words, self._word_offsets = tensors["words"], tensors["word_offsets"]
        self.dimensions = int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._hashes)

    def row_of(self, word: str) -> int | None:
        """Return the row of a normalized ``word``, or None if it is not in the vocabulary."""
        wanted = word_hash(word)
        row = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        return row if row < len(self) and int(self._hashes[row]) == wanted else None

    def __contains__(self, word: str) -> bool:
        return self.row_of(normalize(word)) is not None

    def word_at(self, row: int) -> str:
        """Return the word of ``row``."""
        start, end = int(self._word_offsets[row]), int(self._word_offsets[row + 1])
        return self._words[start:end].tobytes().decode()

    def vector(self, word: str) -> Vectors:
        """Return the vector of ``word``, shape (dimensions,), composed if it is unknown."""
        word = normalize(word)
        row = self.row_of(word)
        if row is not None:
            known: Vectors = self._vectors[row].astype(np.float32) * self._scales[row]
            return known
        return self.composed(word)

    def composed(self, word: str) -> Vectors:
        """Return the vector that the character n-grams of ``word`` make, shape (dimensions,)."""
        buckets = ngram_buckets(normalize(word), len(self._buckets))
        rows = self._buckets[buckets].astype(np.float32)
        mean: Vectors = (rows * self._bucket_scales[buckets][:, None]).mean(axis=0)
        return mean


@lru_cache(maxsize=4)
def load_embeddings(release: str, root: Path = RELEASES_ROOT) -> SharedEmbeddings:
    """Map ``release``, checked against its manifest; the same object at every later call.

    Raises EmbeddingsError if it is missing, of another format, or not what its manifest says.
    """
    directory = root / release
    manifest = _read_manifest(directory)
    path = directory / str(manifest["file"])
    if not path.is_file() or file_digest(path) != manifest["sha256"]:
        raise EmbeddingsError(
            f"The embedding release {release!r} at {directory} is damaged: {path.name} is missing "
            "or its content differs from its manifest. Install nlu_engine again."
        )
    return SharedEmbeddings(release, manifest, path)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise EmbeddingsError(f"No embedding release at {directory}: {error}") from error
    if manifest.get("format") != STORE_FORMAT:
        raise EmbeddingsError(
            f"The embedding release at {directory} has format {manifest.get('format')!r}; "
            f"this engine reads format {STORE_FORMAT}."
        )
    return manifest


def _map_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    # safetensors' own numpy reader copies; a process of ours must share the pages.
    with path.open("rb") as file:
        header_length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(header_length))
    header.pop("__metadata__", None)
    return {
        name: np.memmap(
            path,
            dtype=_DTYPES[facts["dtype"]],
            mode="r",
            offset=8 + header_length + facts["data_offsets"][0],
            shape=tuple(facts["shape"]),
        )
        for name, facts in header.items()
    }


def quantize(vectors: Vectors) -> tuple[npt.NDArray[np.int8], Vectors]:
    """Return 8-bit rows and one scale a row, for ``vectors`` of shape (rows, dimensions)."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-8).astype(np.float32) / 127
    return np.round(vectors / scales[:, None]).astype(np.int8), scales


def known_share(embeddings: SharedEmbeddings, words: Iterable[str]) -> float:
    """Return the share of ``words``, in [0, 1], that have a vector of their own."""
    found = [word in embeddings for word in words]
    return sum(found) / len(found) if found else 1.0
