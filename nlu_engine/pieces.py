"""How a word falls into the pieces that an encoder has vectors of.

The tokenizers library tells where a word is cut at all and how it is spelled there. Its own
vocabularies take 36 MB a process for 46,000 unigrams and 8 MB for 30,000 word pieces; here a piece
is known by its hash, as the words of the shared embeddings are, which takes 1 MB.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from nlu_engine.embeddings import Vectors, word_hash

UNKNOWN_PENALTY = 10.0
"""By how much a letter that is in no piece is less likely than the rarest piece, in nats."""


class Pieces:
    """The pieces of one encoder, numbered as its ``tokenizer.json`` has them."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_bytes())
        model: dict[str, Any] = document["model"]
        names, self._scores = _vocabulary(model)
        hashes = np.fromiter(map(word_hash, names), np.uint64, len(names))
        self._order = np.argsort(hashes).astype(np.int32)
        self._hashes = hashes[self._order]
        self._longest = max(map(len, names))
        self._unigrams = model["type"] == "Unigram"
        unknown = model["unk_id"] if self._unigrams else names.index(model["unk_token"])
        self._unknown = int(unknown)
        self._rarest = float(self._scores.min())
        self._inside = "" if self._unigrams else str(model["continuing_subword_prefix"])
        self._most_letters = model.get("max_input_chars_per_word", math.inf)
        cutter = Tokenizer.from_str(json.dumps(_without_pieces(document, names[self._unknown])))
        self._normalizer, self._cutter = cutter.normalizer, cutter.pre_tokenizer
        marks = cutter.encode("").ids
        self.first, self.last = int(marks[0]), int(marks[-1])

    def __call__(self, word: str) -> tuple[int, ...]:
        """Return the numbers of the pieces of ``word``, none if nothing of it can be seen."""
        parts = self._cutter.pre_tokenize_str(self._normalizer.normalize_str(word))
        split = self._likeliest if self._unigrams else self._longest_first
        return tuple(number for part, _ in parts for number in split(part))

    def _numbers(self, names: Sequence[str]) -> list[int | None]:
        """Return the number of each piece, None of what is none."""
        wanted = np.fromiter(map(word_hash, names), np.uint64, len(names))
        rows = np.minimum(np.searchsorted(self._hashes, wanted), len(self._hashes) - 1)
        known = (self._hashes[rows] == wanted).tolist()
        numbers = self._order[rows].tolist()
        return [number if is_one else None for number, is_one in zip(numbers, known, strict=True)]

    def _longest_first(self, word: str) -> list[int]:
        """Take the longest piece that comes next, again and again (WordPiece)."""
        if len(word) > self._most_letters:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            ends = range(min(len(word), start + self._longest), start, -1)
            inside = self._inside if start else ""
            numbers = self._numbers([inside + word[start:end] for end in ends])
            known = ((end, one) for end, one in zip(ends, numbers, strict=True) if one is not None)
            start, number = next(known, (len(word), None))
            if number is None:
                return [self._unknown]
            found.append(number)
        return found

    def _likeliest(self, word: str) -> list[int]:
        """Take the pieces whose probabilities have the greatest product (Kudo 2018, unigrams).

        By Viterbi's recursion; letters that are in no piece make one that is unknown.
        """
        best = [0.0] + [-math.inf] * len(word)
        arrived = [(0, self._unknown)] * (len(word) + 1)
        for start, end, number, score in self._steps(word):
            if best[start] + score > best[end]:
                best[end], arrived[end] = best[start] + score, (start, number)
        return self._path(arrived)

    def _steps(self, word: str) -> Iterator[tuple[int, int, int, float]]:
        """Yield (first letter, letter after the last, number, score) of all that may stand."""
        spans = [
            (start, end)
            for start in range(len(word))
            for end in range(start + 1, min(len(word), start + self._longest) + 1)
        ]
        numbers = self._numbers([word[start:end] for start, end in spans])
        for (start, end), number in zip(spans, numbers, strict=True):
            if number is not None:
                yield start, end, number, self._scores[number].item()
            elif end == start + 1:
                yield start, end, self._unknown, self._rarest - UNKNOWN_PENALTY

    def _path(self, arrived: Sequence[tuple[int, int]]) -> list[int]:
        found: list[int] = []
        end = len(arrived) - 1
        while end > 0:
            end, number = arrived[end]
            if number != self._unknown or found[-1:] != [number]:
                found.append(number)
        return found[::-1]


def _vocabulary(model: Mapping[str, Any]) -> tuple[list[str], Vectors]:
    """Return the pieces in the order of their numbers, and their scores in nats."""
    listed = model["vocab"]
    if model["type"] == "Unigram":
        names, scores = zip(*listed, strict=True)
        return list(names), np.array(scores, dtype=np.float32)
    return sorted(listed, key=listed.__getitem__), np.zeros(len(listed), dtype=np.float32)


def _without_pieces(document: dict[str, Any], unknown: str) -> dict[str, Any]:
    """Return a tokenizer that normalizes, cuts and marks as the ``document``'s, no more."""
    model = document["model"]
    few = model["vocab"][: model["unk_id"] + 1] if model["type"] == "Unigram" else {unknown: 0}
    whole = {"model": model | {"vocab": few}, "added_tokens": []}
    return document | whole | {"padding": None, "truncation": None}
