"""The recipe of a release, from corpora to pretrained layers, on a transformer of our own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from nlu_engine.__main__ import main
from nlu_engine.embedding_build import count_words, rank_words, reduce
from nlu_engine.embeddings import load_embeddings
from nlu_engine.features import FeatureExtractor, learn_vocabulary
from nlu_engine.network import Network, NetworkShape
from nlu_engine.shared_layers import load_layers, start_from
from nlu_engine.utterances import tokenize

SENTENCES = ["Buy me an apple", "buy an orange", "is it cold", "it is an apple", "zyzzyva"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two layers whose word pieces are letters."""
    folder = tmp_path_factory.mktemp("encoder")
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt.gz"
    path.write_bytes(gzip.compress("\n".join(SENTENCES).encode()))
    return path


def labelled(folder: Path, name: str) -> str:
    path = folder / name / "train.jsonl"
    path.parent.mkdir()
    slot = {"start": 4, "end": 9, "name": "fruit", "value": "apple"}
    lines = [
        {"text": "buy apple", "intent": f"{name}-buy", "slots": [slot]},
        {"text": "is it cold", "intent": f"{name}-weather", "slots": []},
        {"text": "ist das kälter, 冷", "intent": f"{name}-weather", "slots": []},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return str(path)


def test_words_are_ranked_by_frequency_then_taken_from_the_lists(
    corpus: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "words"
    listed.write_text("orange\nOrange's\nplum\ncold\n")
    ranked = rank_words(count_words([corpus]), [listed], 100)
    assert ranked == ["an", "apple", "buy", "is", "it", "cold", "orange", "plum"]
    assert rank_words(count_words([corpus]), [listed], 3) == ["an", "apple", "buy"]


def test_reduction_keeps_what_varies() -> None:
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(50, 3))
    vectors = (hidden @ generator.normal(size=(3, 12))).astype(np.float32)
    reduced, kept = reduce(vectors, np.ones(50), 3)
    assert reduced.shape == (50, 3)
    assert kept == pytest.approx(1, abs=1e-4)


def test_the_documented_commands_make_a_release(
    encoder: Path, corpus: Path, tmp_path: Path
) -> None:
    release = tmp_path / "xx@1"
    build = ["embeddings", "build", "--release", "xx@1", "--out", str(release)]
    build += ["--dimensions", "8", "--buckets", "64", "--corpus", str(corpus)]
    assert main([*build, "--encoder", str(encoder)]) == 0
    files = [labelled(tmp_path, "one"), labelled(tmp_path, "two")]
    pretrain = ["embeddings", "pretrain", "--steps", "3", "--labelled", *files, "--"]
    assert main([*pretrain, str(release)]) == 0

    load_embeddings.cache_clear()
    embeddings = load_embeddings("xx@1", tmp_path)
    assert sorted(embeddings.word_at(row) for row in range(len(embeddings))) == [
        *("an", "apple", "buy", "is", "it"),
    ]
    assert embeddings.manifest["layers_labelled"] == ["one", "two"]
    assert np.linalg.norm(embeddings.vector("zyzzyva")) > 0

    vocabulary = learn_vocabulary([tokenize("buy 冷")], ["a"], [])
    features = FeatureExtractor(embeddings, vocabulary, covered=True)(tokenize("buy"))
    assert features.shared.shape == (1, embeddings.dimensions)
    shape = NetworkShape(
        words=2, characters=len(vocabulary.characters) + 2, intents=1, tags=1, dimensions=8
    )
    network = Network(shape)
    own = network.characters.weight[-1].detach().clone()
    layers = load_layers(embeddings)
    start_from(network, layers)
    torch.testing.assert_close(network.project.weight.detach(), layers["project.weight"])
    torch.testing.assert_close(network.characters.weight[-1].detach(), own)
