"""Words fall into the pieces that the tokenizers library finds, of which nothing is kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from nlu_engine.embeddings import RELEASES_ROOT, load_embeddings
from nlu_engine.pieces import Pieces

RELEASES = ["en@2", "multi@1"]
ODD = [
    "a" * 64,
    "字" * 64,
    "한" * 64,
    "X" * 101,
    "¨",
    "ﬁsch",
    "½",
    "😀",
    "a😀😀b",
    "\u200b",
    "…",
    "İ",
]

_kept: dict[str, tuple[Pieces, Tokenizer]] = {}


def both(release: str) -> tuple[Pieces, Tokenizer]:
    """Return our pieces and the library's tokenizer of a release, each read once."""
    if release not in _kept:
        path: Path = RELEASES_ROOT / release / "tokenizer.json"
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        _kept[release] = Pieces(path), tokenizer
    return _kept[release]


def library(tokenizer: Tokenizer, word: str) -> tuple[int, ...]:
    return tuple(tokenizer.encode(word, add_special_tokens=False).ids)


@pytest.mark.parametrize("release", RELEASES)
def test_words_of_the_store_fall_into_the_pieces_of_the_library(release: str) -> None:
    pieces, tokenizer = both(release)
    embeddings = load_embeddings(release)
    rows = random.Random(0).sample(range(len(embeddings)), 1_500)
    words = [embeddings.word_at(row) for row in rows]
    words += [word.upper() for word in words[:100]] + [word[::-1] for word in words[:100]] + ODD
    found = {word: pieces(word) for word in words}
    assert found == {word: library(tokenizer, word) for word in words}
    assert max(map(len, found.values())) > 10


@pytest.mark.parametrize("release", RELEASES)
@given(word=st.text(st.characters(exclude_categories=["Cs", "Z"]), min_size=1, max_size=24))
def test_so_does_anything_that_can_be_typed(release: str, word: str) -> None:
    pieces, tokenizer = both(release)
    assert pieces(word) == library(tokenizer, word)


@pytest.mark.parametrize("release", RELEASES)
def test_an_utterance_begins_and_ends_with_the_marks_of_the_library(release: str) -> None:
    pieces, tokenizer = both(release)
    assert [pieces.first, pieces.last] == tokenizer.encode("").ids
