"""The shared embeddings: what is in the release, and how damage is met."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nlu_engine.embeddings import (
    RELEASES_ROOT,
    PackedTable,
    SharedEmbeddings,
    load_embeddings,
    load_encoder,
    pack_table,
    release_for,
    service_for,
)
from nlu_engine.encoder import FEW_WORDS
from nlu_engine.errors import EmbeddingsError


@pytest.fixture(scope="module")
def embeddings() -> SharedEmbeddings:
    return load_embeddings(release_for("en-US"))


def cosine(embeddings: SharedEmbeddings, one: str, other: str) -> float:
    a, b = embeddings.vector(one), embeddings.vector(other)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_releases_have_the_promised_size(embeddings: SharedEmbeddings) -> None:
    assert embeddings.dimensions == 300
    assert len(embeddings) >= 100_000
    sizes = [file.stat().st_size for file in RELEASES_ROOT.glob("*/*")]
    assert max(sizes) <= 45_000_000
    assert sum(sizes) <= 120_000_000


@pytest.mark.parametrize(
    ("locale", "release", "service"),
    [
        ("en-US", "en@2", "first-class"),
        ("en-AU", "en@2", "served"),
        ("de-DE", "multi@1", "first-class"),
        ("hi-IN", "multi@1", "served"),
        ("ar-SA", "multi@1", "spelling"),
    ],
)
def test_every_locale_is_served_by_a_release(locale: str, release: str, service: str) -> None:
    assert (release_for(locale), service_for(locale)) == (release, service)


def test_words_of_like_meaning_lie_close_across_languages() -> None:
    multilingual = load_embeddings(release_for("de-DE"))
    for pair in [("wetter", "weather"), ("musik", "música"), ("licht", "lumière")]:
        assert pair[0] in multilingual and pair[1] in multilingual
        assert cosine(multilingual, *pair) > cosine(multilingual, pair[0], "rechnung") + 0.05


@pytest.mark.parametrize(
    ("near", "far"), [(("apple", "orange"), "invoice"), (("buy", "purchase"), "purple")]
)
def test_words_of_like_meaning_lie_close(
    embeddings: SharedEmbeddings, near: tuple[str, str], far: str
) -> None:
    assert cosine(embeddings, *near) > cosine(embeddings, near[0], far) + 0.1


def test_british_and_american_spellings_are_both_known(embeddings: SharedEmbeddings) -> None:
    assert all(word in embeddings for word in ("colour", "color", "Theatre", "theater"))


@pytest.mark.parametrize("word", ["flurbish", "पिज़्ज़ा", "🍕", "x" * 500])
def test_a_word_outside_the_vocabulary_is_composed(embeddings: SharedEmbeddings, word: str) -> None:
    assert word not in embeddings
    vector = embeddings.vector(word)
    assert vector.shape == (300,)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) > 0


def test_endless_words_fill_no_memory(embeddings: SharedEmbeddings) -> None:
    encoder = load_encoder(embeddings.release)
    endless = ["x" * 64 + "y" * (9_000 + n) for n in range(5)]
    vectors = [embeddings.vector(word) for word in endless]
    assert all(vector is vectors[0] for vector in vectors)
    encoded = encoder.encode([[word] for word in endless])
    assert all((one.words == encoded[0].words).all() for one in encoded)


def test_a_composed_word_lies_near_its_relatives(embeddings: SharedEmbeddings) -> None:
    assert "pizzalicious" not in embeddings
    assert cosine(embeddings, "pizzalicious", "pizza") > cosine(embeddings, "pizzalicious", "tax")


def test_every_word_is_found_in_its_row(embeddings: SharedEmbeddings) -> None:
    for row in range(0, len(embeddings), 997):
        assert embeddings.row_of(embeddings.word_at(row)) == row


def test_packing_moves_no_number_by_more_than_a_step() -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 60)).astype(np.float32)
    tensors = pack_table(vectors, "v", group=30)
    table = PackedTable.of(tensors, "v")
    steps = np.abs(tensors["v.scales"].astype(np.float32)).repeat(30, axis=1)
    rows = table.rows([0, 1, 2, 3, 4])
    # Half a step, or a whole one at the far end, which has no number of its own.
    assert (np.abs(rows - vectors) <= steps * 1.01).all()
    assert (np.abs(rows - vectors).mean(axis=1) <= steps.mean(axis=1) / 2).all()
    np.testing.assert_array_equal(table.rows(3), rows[3])
    np.testing.assert_array_equal(table.rows(np.array([[0, 1], [2, 3]]))[1, 0], rows[2])
    # What was packed once is packed again without loss.
    np.testing.assert_array_equal(
        PackedTable.of(pack_table(rows, "v", 30), "v").rows([0, 4]), rows[[0, 4]]
    )


def test_a_row_of_nothing_is_packed() -> None:
    table = PackedTable.of(pack_table(np.zeros((1, 60), np.float32), "v", group=30), "v")
    assert not table.rows(0).any()


def test_a_missing_release_is_named() -> None:
    with pytest.raises(EmbeddingsError, match="xx@9"):
        load_embeddings("xx@9")


@pytest.mark.parametrize("damage", ["flip", "delete", "format", "no json"])
def test_a_damaged_release_is_refused(tmp_path: Path, damage: str) -> None:
    directory = tmp_path / "en@2"
    shutil.copytree(RELEASES_ROOT / "en@2", directory)
    store, manifest = directory / "words.safetensors", directory / "manifest.json"
    if damage == "flip":
        content = bytearray(store.read_bytes())
        content[-1] ^= 1
        store.write_bytes(content)
    elif damage == "delete":
        store.unlink()
    elif damage == "format":
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    else:
        manifest.write_text("{")
    with pytest.raises(EmbeddingsError):
        load_embeddings("en@2", tmp_path)


def test_parsing_loads_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, nlu_engine.artifact, nlu_engine.embeddings as e;"
        "e.load_embeddings('en@2').vector('pear');"
        "print([name for name in ('torch', 'transformers', 'sklearn', 'scipy', 'onnxruntime')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_utterance_is_encoded_once_whoever_asks() -> None:
    encoder = load_encoder("en@2")
    words = ["order", "a", "pizza"]
    encoder.encode([words])
    before = encoder._known.cache_info()
    [again] = encoder.encode([words])
    after = encoder._known.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)
    fresh = encoder._encode([words])[0]
    assert np.array_equal(again.words, fresh.words.astype(np.float16).astype(np.float32))
    assert np.array_equal(again.sentence, fresh.sentence.astype(np.float16).astype(np.float32))
    again.words[:] = 0  # what one is given is its own
    assert encoder.encode([words])[0].words.any()


def test_how_long_an_utterance_is_changes_not_how_exact_its_vectors_are() -> None:
    encoder = load_encoder("en@2")
    words = ["order", "a", "pizza"] * FEW_WORDS  # too long to be kept
    [encoded] = encoder.encode([words])
    for found in (encoded.words, encoded.sentence):
        assert found.dtype == np.float32
        assert np.array_equal(found, found.astype(np.float16))
