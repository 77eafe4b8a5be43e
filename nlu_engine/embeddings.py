"""Shared word embeddings: one frozen, memory-mapped store for all skills of a host.

A release ("en@2") is a directory with a manifest and these files:

    words.safetensors      the static store: a vector a word
    encoder.onnx           the contextual encoder's layers, 8-bit
    pieces.safetensors     the encoder's word pieces, mapped as the store is
    tokenizer.json         how a word falls into pieces
    start.safetensors      the layers that a quick network starts from
    negatives.txt          utterances that no skill means, to learn rejection from

The store holds the vectors of a fixed vocabulary and of hashed character n-grams; a word
outside the vocabulary is composed of its n-grams, so every word has a vector. Numbers have
4 bits, with a scale for every thirty or so (``PackedTable``). The file is mapped, never read
into private memory, so all processes of a host share one copy.

The tier "quick" needs the store alone; "full" adds the contextual encoder. ``pretraining``
makes releases; this module only reads them and needs numpy alone.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from nlu_engine.errors import EmbeddingsError
from nlu_engine.utterances import normalize

if TYPE_CHECKING:
    from nlu_engine.encoder import ContextualEncoder

Tier = Literal["quick", "full"]
Service = Literal["first-class", "served", "spelling"]
"""What a locale gets: embeddings made for it and measured on it; embeddings that hold its
language's words too; or sub-words, characters and skill-specific embeddings alone."""

RELEASES_ROOT = Path(__file__).parent / "data" / "embeddings"
STORE_FORMAT = 2
WORDS = "words.safetensors"
ENCODER_FILES = ("encoder.onnx", "pieces.safetensors", "tokenizer.json")
NGRAM_LENGTHS = (3, 4, 5)
MAX_LETTERS = 64
"""Letters of a word that are looked at: nobody fills a process's memory with longer ones."""
KNOWN_WORDS = 4_096
"""Vectors that a process keeps ready: the words said most often."""
TIERS: tuple[Tier, ...] = ("quick", "full")
FIRST_CLASS = frozenset({"en-US", "en-GB", "en-IN", "de-DE"})
"""Locales that the releases are made for and measured on."""
_MULTILINGUAL = frozenset({"de", "es", "fr", "hi", "it", "ja", "nl", "pt"})
_DTYPES: dict[str, type[np.generic]] = {
    "I8": np.int8,
    "U8": np.uint8,
    "U32": np.uint32,
    "U64": np.uint64,
    "F16": np.float16,
    "F32": np.float32,
}

Vectors = npt.NDArray[np.float32]


def release_for(locale: str) -> str:
    """Return the name of the embedding release that serves ``locale``."""
    return "en@2" if _language(locale) == "en" else "multi@1"


def service_for(locale: str) -> Service:
    """Return what ``locale`` gets: see ``Service``."""
    if locale in FIRST_CLASS:
        return "first-class"
    return "served" if is_covered(locale) else "spelling"


def is_covered(locale: str) -> bool:
    """Return whether the words of ``locale``'s language are in its embedding release."""
    return _language(locale) == "en" or _language(locale) in _MULTILINGUAL


def _language(locale: str) -> str:
    return locale.partition("-")[0]


def ngrams(word: str) -> Iterator[str]:
    """Yield the character n-grams of ``word`` between "<" and ">", and the whole of it."""
    marked = f"<{word}>"
    yield marked
    for length in NGRAM_LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]


def ngram_buckets(word: str, bucket_count: int) -> list[int]:
    """Return the bucket of each n-gram of ``word``, of which only the first letters count."""
    return [zlib.crc32(ngram.encode()) % bucket_count for ngram in ngrams(word[:MAX_LETTERS])]


def word_hash(word: str) -> int:
    """Return the 64-bit hash under which ``word`` is found in the store."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


class PackedTable:
    """Rows of 4-bit numbers, mapped, with one half-precision scale for each group of them.

    A number n stands for (n - 8) times its scale; the first half of a row lies in the low
    halves of its bytes, the second in the high ones.
    """

    def __init__(self, packed: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16]) -> None:
        self._packed = packed  # (rows, dimensions / 2)
        self._scales = scales  # (rows, groups)
        self.dimensions = 2 * int(packed.shape[1])

    @classmethod
    def of(cls, tensors: Mapping[str, npt.NDArray[Any]], name: str) -> PackedTable:
        """Return the table that ``pack_table`` put into ``tensors`` under ``name``."""
        return cls(tensors[name], tensors[f"{name}.scales"])

    def __len__(self) -> int:
        return len(self._packed)

    def rows(self, wanted: int | list[int] | npt.NDArray[np.int64]) -> Vectors:
        """Return the rows, shape (..., dimensions) where ``wanted`` has shape (...)."""
        packed, scales = self._packed[wanted], self._scales[wanted].astype(np.float32)
        numbers = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32) - 8
        grouped = numbers.reshape(*scales.shape, -1) * scales[..., None]
        found: Vectors = grouped.reshape(numbers.shape)
        return found


def pack_table(vectors: Vectors, name: str, group: int) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a PackedTable of ``vectors`` (rows, dimensions).

    The number farthest from zero in a group of ``group`` becomes -8: the layout of
    llama.cpp's Q4_0, so what came from there is kept without loss.
    """
    grouped = vectors.reshape(len(vectors), -1, group)
    farthest = np.abs(grouped).argmax(axis=-1)[..., None]
    scales = (np.take_along_axis(grouped, farthest, axis=-1)[..., 0] / -8).astype(np.float16)
    divisor = np.where(scales == 0, 1, scales).astype(np.float32)[..., None]
    numbers = np.clip(np.round(grouped / divisor) + 8, 0, 15).astype(np.uint8)
    low, high = np.split(numbers.reshape(vectors.shape), 2, axis=1)
    return {name: low | high << 4, f"{name}.scales": scales}


class SharedEmbeddings:
    """One embedding release, mapped into memory.

    Rows lie in the order of the words' hashes, so a look-up is a binary search in mapped
    memory and no process needs a dictionary of its own.
    """

    def __init__(self, release: str, manifest: dict[str, Any], path: Path) -> None:
        self.release = release
        self.manifest = manifest
        self.root = path.parent.parent
        self._known = lru_cache(KNOWN_WORDS)(self._vector_of)
        tensors = map_tensors(path)
        self._hashes = tensors["hashes"]
        self._vectors = PackedTable.of(tensors, "vectors")
        self._buckets = PackedTable.of(tensors, "buckets")
        self._words, self._word_offsets = tensors["words"], tensors["word_offsets"]
        self.dimensions = self._vectors.dimensions

    def __len__(self) -> int:
        return len(self._hashes)

    def row_of(self, word: str) -> int | None:
        """Return the row of a normalized ``word``, or None if it is not in the vocabulary."""
        wanted = word_hash(word)
        row = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        return row if row < len(self) and int(self._hashes[row]) == wanted else None

    def known(self, words: Iterable[str]) -> set[str]:
        """Return those of the normalized ``words`` that are in the vocabulary."""
        listed = list(words)
        wanted = np.fromiter(map(word_hash, listed), np.uint64, len(listed))
        rows = np.minimum(np.searchsorted(self._hashes, wanted), len(self) - 1)
        return set(compress(listed, self._hashes[rows] == wanted))

    def __contains__(self, word: str) -> bool:
        return self.row_of(normalize(word)) is not None

    def word_at(self, row: int) -> str:
        """Return the word of ``row``."""
        start, end = int(self._word_offsets[row]), int(self._word_offsets[row + 1])
        return self._words[start:end].tobytes().decode()

    def vectors_of(self, rows: range) -> Vectors:
        """Return the vectors of the words of ``rows``, shape (rows, dimensions)."""
        return self._vectors.rows(np.arange(rows.start, rows.stop, rows.step))

    @property
    def directory(self) -> Path:
        """The folder of the release."""
        return self.root / self.release

    def vector(self, word: str) -> Vectors:
        """Return the vector of ``word``, shape (dimensions,), composed if it is unknown."""
        return self._known(word[:MAX_LETTERS])

    def _vector_of(self, word: str) -> Vectors:
        word = normalize(word)
        row = self.row_of(word)
        return self.composed(word) if row is None else self._vectors.rows(row)

    def composed(self, word: str) -> Vectors:
        """Return the vector that the character n-grams of ``word`` make, shape (dimensions,)."""
        buckets = ngram_buckets(normalize(word), len(self._buckets))
        mean: Vectors = self._buckets.rows(buckets).mean(axis=0)
        return mean


@lru_cache(maxsize=8)
def load_embeddings(release: str, root: Path = RELEASES_ROOT) -> SharedEmbeddings:
    """Map ``release``, checked against its manifest; the same object at every later call.

    Raises EmbeddingsError if it is missing, of another format, or not what its manifest says.
    """
    directory = root / release
    manifest = read_manifest(directory)
    return SharedEmbeddings(release, manifest, checked_file(directory, manifest, WORDS))


@lru_cache(maxsize=4)
def load_encoder(release: str, root: Path = RELEASES_ROOT) -> ContextualEncoder:
    """Load the contextual encoder of ``release``, one a process; raises EmbeddingsError."""
    # Inside, so that a process that parses with the store alone loads no runtime.
    from nlu_engine.encoder import ContextualEncoder

    directory = root / release
    manifest = read_manifest(directory)
    for name in ENCODER_FILES:
        checked_file(directory, manifest, name)
    return ContextualEncoder(directory)


def release_digest(embeddings: SharedEmbeddings, tier: Tier) -> str:
    """Return what an artifact of that tier was trained on: a digest of the files it reads."""
    files = embeddings.manifest["files"]
    names = (WORDS, *ENCODER_FILES) if tier == "full" else (WORDS,)
    return hashlib.sha256(" ".join(files[name] for name in names).encode()).hexdigest()


def checked_file(directory: Path, manifest: dict[str, Any], name: str) -> Path:
    """Return the path of a release's file; raises EmbeddingsError if it is not what it was."""
    path = directory / name
    if not path.is_file() or file_digest(path) != manifest["files"].get(name):
        raise EmbeddingsError(
            f"The embedding release at {directory} is damaged: {name} is missing "
            "or its content differs from its manifest. Install nlu_engine again."
        )
    return path


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of the release at ``directory``; raises EmbeddingsError."""
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


def map_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Map the tensors of a safetensors file, read-only."""
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


def known_share(embeddings: SharedEmbeddings, words: Iterable[str]) -> float:
    """Return the share of ``words``, in [0, 1], that have a vector of their own."""
    found = [word in embeddings for word in words]
    return sum(found) / len(found) if found else 1.0
