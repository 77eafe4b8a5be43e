"""Stage 3: distil the encoder into a static store, one 300-d vector a word.

Rank words by their frequency in the corpora, add word lists; encode every word alone and
keep the mean over its word pieces of the middle and the last layer; reduce to 300 dimensions
by principal components weighted by frequency (Bommasani et al. 2020, "Interpreting Pretrained
Contextualized Representations via Reductions to Static Embeddings", studies such reductions);
learn vectors of hashed character n-grams that reproduce the words' vectors (Bojanowski et
al. 2017; Pinter et al. 2017), which compose any word outside the vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file

from nlu_engine.embeddings import WORDS, Vectors, ngram_buckets, pack_table, word_hash
from nlu_engine.pretraining.corpora import lines
from nlu_engine.pretraining.curves import Report
from nlu_engine.pretraining.encoders import WordPieces, collate, load_encoder, pool_words
from nlu_engine.utterances import normalize, tokenize

GROUP = 30
"""Numbers that share a scale."""


@dataclass(frozen=True)
class Recipe:
    """What a store is made of."""

    encoder: Path
    corpora: tuple[Path, ...] = ()
    word_lists: tuple[Path, ...] = ()
    spellings: tuple[Path, ...] = ()
    """Lists that tell which words are written with a capital, as German nouns are."""
    vocabulary_size: int = 100_000
    bucket_count: int = 32_768
    dimensions: int = 300
    seed: int = 0


def build_store(recipe: Recipe, directory: Path, report: Report) -> dict[str, Any]:
    """Write the store to ``directory`` (made if absent) and return facts for the manifest."""
    torch.manual_seed(recipe.seed)
    counts = count_words(recipe.corpora)
    words = rank_words(counts, recipe.word_lists, recipe.vocabulary_size)
    report(f"{len(words):,} words; {len(counts):,} different ones in the corpora")
    frequencies = np.array([counts.get(word, 0) + 1.0 for word in words])
    if not counts:  # then the lists' order stands for frequency (Zipf 1949)
        frequencies = 1e6 / np.arange(1, len(words) + 1)
    capitals = capitalized(recipe.spellings)
    spelled = [word.capitalize() if word in capitals else word for word in words]
    encoded = encode_words(spelled, recipe.encoder, report)
    vectors, kept = reduce(encoded, frequencies, recipe.dimensions)
    report(f"{recipe.dimensions} dimensions keep {kept:.1%} of the variance")
    buckets, cosine = learn_ngrams(words, vectors, recipe, report)
    directory.mkdir(parents=True, exist_ok=True)
    _write_store(directory / WORDS, words, vectors, buckets)
    return {
        "words": len(words),
        "buckets": recipe.bucket_count,
        "dimensions": recipe.dimensions,
        "variance_kept": round(kept, 4),
        "composed_cosine": round(cosine, 4),
    }


def count_words(corpora: Iterable[Path]) -> Counter[str]:
    """Count the normalized words of text files, one sentence or JSON line a line."""
    counts: Counter[str] = Counter()
    for path in corpora:
        for line in lines(path):
            counts.update(token.text for token in tokenize(normalize(line)))
    return counts


def rank_words(counts: Counter[str], word_lists: Iterable[Path], size: int) -> list[str]:
    """Return up to ``size`` words: those of the corpora by frequency, then the lists'.

    A word that the corpora hold once counts only if a word list has it too: the rest of
    those are mostly misspellings.
    """
    listed = [normalize(line) for path in word_lists for line in path.read_text().splitlines()]
    listed = [word for word in listed if word and not word.endswith("'s") and " " not in word]
    known = set(listed)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    frequent = [word for word, count in ranked if count > 1 or word in known]
    return list(dict.fromkeys([word for word in frequent if len(word) <= 40] + listed))[:size]


def capitalized(lists: Iterable[Path]) -> set[str]:
    """Return the words, in lower case, that ``lists`` have with a capital only."""
    listed = {line.strip() for path in lists for line in path.read_text().splitlines()}
    return {word.lower() for word in listed if word.istitle() and word.lower() not in listed}


@torch.no_grad()
def encode_words(words: Sequence[str], folder: Path, report: Report) -> Vectors:
    """Return each word's middle and last layer, concatenated, shape (words, 2 x hidden)."""
    encoder, pieces = load_encoder(folder).eval(), WordPieces(folder)
    order = sorted(range(len(words)), key=lambda index: len(pieces.of_word(words[index])))
    width = 2 * encoder.transformer.config.hidden_size
    result = np.zeros((len(words), width), dtype=np.float32)
    for start in range(0, len(order), 256):
        rows = order[start : start + 256]
        batch = collate([[words[row]] for row in rows], pieces)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = torch.cat(encoder.hidden(batch), dim=-1)
        result[rows] = pool_words(hidden.float(), batch)[:, 0].numpy()
        if start % (256 * 40) == 0:
            report(f"encoded {start:,} of {len(words):,} words")
    return result


def reduce(
    vectors: Vectors, frequencies: npt.NDArray[np.float64], dimensions: int
) -> tuple[Vectors, float]:
    """Project on the principal components, each word weighted by the root of its frequency.

    Returns the vectors, shape (words, dimensions) and of mean length 1, and the share of the
    variance that they keep.
    """
    weights = np.sqrt(frequencies) / np.sqrt(frequencies).sum()
    centred = vectors - (vectors * weights[:, None].astype(np.float32)).sum(axis=0)
    scale = centred.std(axis=0) + 1e-6  # both layers count the same
    centred = centred / scale
    covariance = (centred * weights[:, None]).T.astype(np.float64) @ centred
    values, components = np.linalg.eigh(covariance)
    top = np.argsort(values)[::-1][:dimensions]
    reduced = (centred @ components[:, top]).astype(np.float32)
    reduced /= np.linalg.norm(reduced, axis=1).mean()
    return reduced, float(values[top].sum() / values.sum())


def learn_ngrams(
    words: Sequence[str], vectors: Vectors, recipe: Recipe, report: Report
) -> tuple[Vectors, float]:
    """Learn bucket vectors whose mean over a word's n-grams is near the word's vector.

    Returns them, shape (buckets, dimensions), and the mean cosine between composed and true
    vectors over 2 % of the words that were held out.
    """
    bags = [torch.tensor(ngram_buckets(word, recipe.bucket_count)) for word in words]
    targets = torch.from_numpy(vectors)
    generator = torch.Generator().manual_seed(recipe.seed)
    shuffled = torch.randperm(len(words), generator=generator)
    cut = max(1, len(words) // 50)
    held_out, kept = shuffled[:cut], shuffled[cut:]
    table = torch.nn.EmbeddingBag(recipe.bucket_count, recipe.dimensions, mode="mean")
    torch.nn.init.normal_(table.weight, std=0.02)
    optimizer = torch.optim.Adam(table.parameters(), lr=0.02)
    epochs = 12
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, epochs)
    for epoch in range(epochs):
        order = kept[torch.randperm(len(kept), generator=generator)]
        for batch in torch.split(order, 1024):
            composed = _compose(table, bags, batch)
            loss = (composed - targets[batch]).square().sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        with torch.no_grad():
            composed = _compose(table, bags, held_out)
            cosine = torch.cosine_similarity(composed, targets[held_out]).mean().item()
        report(f"n-grams, epoch {epoch + 1}: loss {loss.item():.3f}, held-out cosine {cosine:.3f}")
    return table.weight.detach().numpy(), cosine


def _compose(
    table: torch.nn.EmbeddingBag, bags: list[torch.Tensor], rows: torch.Tensor
) -> torch.Tensor:
    batch = [bags[int(row)] for row in rows]
    offsets = torch.tensor([0] + [len(bag) for bag in batch[:-1]]).cumsum(0)
    composed: torch.Tensor = table(torch.cat(batch), offsets)
    return composed


def _write_store(path: Path, words: Sequence[str], vectors: Vectors, buckets: Vectors) -> None:
    hashes = np.array([word_hash(word) for word in words], dtype=np.uint64)
    order = np.argsort(hashes)
    encoded = [words[row].encode() for row in order]
    offsets = np.cumsum([0] + [len(word) for word in encoded]).astype(np.uint32)
    tensors = {
        "hashes": hashes[order],
        **pack_table(vectors[order], "vectors", GROUP),
        **pack_table(buckets, "buckets", GROUP),
        "words": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "word_offsets": offsets,
    }
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)
