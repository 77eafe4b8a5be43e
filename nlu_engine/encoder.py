"""The contextual encoder of a release when it parses: words in context in, vectors out.

One a process, shared by all skills: it is frozen, so what it makes of an utterance serves every
skill that is asked the same. Requests are not gathered into batches: activations are quantised
per batch, so each utterance would depend on the others, and what makes them independent takes
longer than one by one (docs/experiments.md). ONNX Runtime runs its layers on one thread; the word
pieces' vectors are mapped into memory, one copy for all processes of a host. Needs neither torch
nor transformers.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from nlu_engine.embeddings import ENCODER_FILES, MAX_LETTERS, PackedTable, Vectors, map_tensors
from nlu_engine.pieces import Pieces

LAYERS, PIECES, TOKENIZER = ENCODER_FILES
MAX_PIECES = 192
"""Word pieces of an utterance that the encoder reads; words beyond them share one vector."""
BATCH = 32
KNOWN_WORDS = 20_000
"""Words whose pieces a process keeps ready."""
KNOWN_UTTERANCES, FEW_WORDS = 1_000, 16
"""Short utterances whose vectors a process keeps ready: people say the same to many skills."""

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Encoded:
    """What the encoder makes of an utterance of n words."""

    words: Vectors  # (n, dimensions)
    sentence: Vectors  # (sentence_dimensions,), the mean over all word pieces


class ContextualEncoder:
    """Turns utterances, given as words, into one vector a word and one for all of it."""

    def __init__(self, directory: Path) -> None:
        options = onnxruntime.SessionOptions()
        # Threads of one's own only pay on an idle machine; processes share the cores better.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Utterances are of many lengths, and of each a plan of its memory would be kept.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(directory / LAYERS), options, providers=["CPUExecutionProvider"]
        )
        self._cut = Pieces(directory / TOKENIZER)
        self._first, self._last = self._cut.first, self._cut.last
        tensors = map_tensors(directory / PIECES)
        self._vectors = PackedTable.of(tensors, "pieces")
        self._places = np.array(tensors["places"][:MAX_PIECES])
        self._pieces_of = lru_cache(KNOWN_WORDS)(self._look_up)
        self._known = lru_cache(KNOWN_UTTERANCES)(self._alone)
        words, sentences = self._session.get_outputs()
        self.dimensions, self.sentence_dimensions = int(words.shape[-1]), int(sentences.shape[-1])
        _give_back()

    def _look_up(self, word: str) -> tuple[int, ...]:
        return self._cut(word) or (self._last,)

    def encode(self, utterances: Sequence[Sequence[str]]) -> list[Encoded]:
        """Encode each utterance, given as its words, of which there is at least one.

        The vectors of a single one are as exact as half precision is.
        """
        if len(utterances) == 1:
            [words] = utterances
            encoded = (self._known if len(words) <= FEW_WORDS else self._alone)(tuple(words))
            return [Encoded(*(half.astype(np.float32) for half in encoded))]
        order = sorted(range(len(utterances)), key=lambda row: len(utterances[row]))
        found: dict[int, Encoded] = {}
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            found.update(zip(rows, self._encode([utterances[row] for row in rows]), strict=True))
        return [found[row] for row in range(len(utterances))]

    def _alone(self, words: tuple[str, ...]) -> tuple[Halves, Halves]:
        [encoded] = self._encode([words])
        # As a training set keeps them, in half the memory.
        return encoded.words.astype(np.float16), encoded.sentence.astype(np.float16)

    def _encode(self, utterances: Sequence[Sequence[str]]) -> list[Encoded]:
        pieces = [[self._pieces_of(word[:MAX_LETTERS]) for word in words] for words in utterances]
        lengths = [min(MAX_PIECES, 2 + sum(map(len, words))) for words in pieces]
        width, count = max(lengths), max(len(words) for words in utterances)
        ids = np.zeros((len(pieces), width), dtype=np.int64)
        mask = np.zeros((len(pieces), width), dtype=np.int32)
        owners = np.zeros((len(pieces), count, width), dtype=np.float32)
        shares = np.zeros((len(pieces), 1, width), dtype=np.float32)
        for row, words in enumerate(pieces):
            _fill(ids[row], owners[row], words)
            ids[row, 0], ids[row, lengths[row] - 1] = self._first, self._last
            mask[row, : lengths[row]] = 1
            shares[row, 0, : lengths[row]] = 1 / lengths[row]
        embedded = self._vectors.rows(ids) + self._places[:width]
        feed = {"embedded": embedded, "mask": mask, "owners": owners, "shares": shares}
        vectors, sentences = self._session.run(["words", "sentences"], feed)
        return [
            Encoded(vectors[row, : len(words)], sentences[row, 0])
            for row, words in enumerate(utterances)
        ]


def _give_back() -> None:
    """Return to the system what loading took for a while: of glibc's heap, 10 MB."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _fill(ids: npt.NDArray[np.int64], owners: Vectors, words: Sequence[tuple[int, ...]]) -> None:
    """Write the pieces of ``words`` after the first mark, as far as there is room."""
    at = 1
    for number, pieces in enumerate(words):
        if at + len(pieces) >= len(ids):
            break
        ids[at : at + len(pieces)] = pieces
        owners[number, at : at + len(pieces)] = 1 / len(pieces)
        at += len(pieces)
