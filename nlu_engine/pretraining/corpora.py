"""Text and labelled utterances to pretrain on: read, deduplicated, decontaminated, drawn.

A corpus is one file, a sentence a line, plain or gzipped. Nothing that a parser is measured
on may be learned from: a sentence that is a test utterance, or holds one of five words or
more, is dropped (``Excluded``), and so is a labelled utterance that is one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.training_data import read_labelled
from nlu_engine.utterances import normalize, tokenize

MIN_HELD = 5
"""Words of the shortest test utterance that is looked for inside longer sentences."""
MAX_WORDS = 48
POOL = 8
"""Batches that are drawn together and sorted by length, so that little is padding."""


class Excluded:
    """The test utterances that nothing may be trained on."""

    def __init__(self, utterances: Iterable[str]) -> None:
        self._words = {tuple(_words(utterance)) for utterance in utterances}
        self._by_start: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for words in self._words:
            if len(words) >= MIN_HELD:
                self._by_start.setdefault(words[:MIN_HELD], []).append(words)

    @classmethod
    def read(cls, files: Iterable[Path]) -> Excluded:
        """Read labelled JSON lines files."""
        return cls(one.text for file in files for one in read_labelled(file))

    def __len__(self) -> int:
        return len(self._words)

    def has(self, utterance: str) -> bool:
        """Return whether ``utterance`` is a test utterance."""
        return tuple(_words(utterance)) in self._words

    def holds(self, sentence: str) -> bool:
        """Return whether ``sentence`` is a test utterance, or contains a longer one."""
        words = tuple(_words(sentence))
        if words in self._words:
            return True
        return any(
            words[start : start + len(held)] == held
            for start in range(len(words) - MIN_HELD + 1)
            for held in self._by_start.get(words[start : start + MIN_HELD], ())
        )


def _words(text: str) -> list[str]:
    return [token.text for token in tokenize(normalize(text)) if token.text[0].isalnum()]


@dataclass(frozen=True)
class Corpus:
    """The sentences that are left of one corpus, and what was dropped."""

    name: str
    sentences: list[str]
    words: int
    duplicates: int
    excluded: int

    def __str__(self) -> str:
        return (
            f"{self.name}: {len(self.sentences):,} sentences, {self.words:,} words; dropped "
            f"{self.duplicates:,} duplicates, {self.excluded:,} that hold a test utterance"
        )


def read_corpora(files: Sequence[Path], excluded: Excluded) -> list[Corpus]:
    """Read ``files`` in order; a sentence that came before, in any of them, is dropped."""
    seen: set[int] = set()
    return [_read_corpus(file, excluded, seen) for file in files]


def _read_corpus(file: Path, excluded: Excluded, seen: set[int]) -> Corpus:
    kept: list[str] = []
    words = duplicates = held = 0
    for sentence in lines(file):
        text = " ".join(sentence.split())
        key = hash(normalize(text))
        if not text or key in seen:
            duplicates += 1
        elif excluded.holds(text):
            held += 1
        else:
            kept.append(text)
            words += text.count(" ") + 1
        seen.add(key)
    return Corpus(file.name.split(".")[0], kept, words, duplicates, held)


def lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, or the texts of a labelled one; plain or gzipped."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for line in file:
            yield str(json.loads(line)["text"]) if ".jsonl" in path.name else line


def draw_sentences(
    corpora: Sequence[Corpus], weights: Mapping[str, float], size: int, step: int, seed: int
) -> list[str]:
    """Return the ``size`` sentences of a step: the same for the same step and seed.

    A corpus is drawn from by the square root of its words times its weight (1 by default),
    so that no large one drowns the others.
    """
    generator = np.random.default_rng([seed, step // POOL])
    shares = np.array([weights.get(one.name, 1.0) * one.words**0.5 for one in corpora])
    chosen = generator.choice(len(corpora), size=size * POOL, p=shares / shares.sum())
    drawn = [
        corpora[row].sentences[generator.integers(len(corpora[row].sentences))] for row in chosen
    ]
    drawn.sort(key=len)
    place = int(generator.permutation(POOL)[step % POOL])
    return drawn[place * size : (place + 1) * size]


def read_skills(
    files: Sequence[Path], excluded: Excluded
) -> tuple[dict[str, list[AnnotatedUtterance]], list[str]]:
    """Read labelled files, one a skill, named by folder; return them and a line on each."""
    skills: dict[str, list[AnnotatedUtterance]] = {}
    report = []
    for file in files:
        read = read_labelled(file)
        unique = list(dict.fromkeys(read))
        kept = [one for one in unique if not excluded.has(one.text)]
        skills[file.parent.name] = kept
        report.append(
            f"{file.parent.name}: {len(kept):,} utterances; dropped {len(read) - len(unique):,} "
            f"duplicates, {len(unique) - len(kept):,} that are test utterances"
        )
    return skills, report
