"""The pipeline of a release: what is never learned from, kills, and every stage once."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nlu_engine.embeddings import Tier, load_embeddings, load_encoder
from nlu_engine.errors import EmbeddingsError
from nlu_engine.features import FeatureExtractor, learn_vocabulary
from nlu_engine.listed import ListedValues
from nlu_engine.network import Network, NetworkShape
from nlu_engine.pretraining.__main__ import main
from nlu_engine.pretraining.corpora import Corpus, Excluded, draw_sentences, read_corpora
from nlu_engine.pretraining.e5 import write_base
from nlu_engine.pretraining.encoders import WordPieces, collate
from nlu_engine.pretraining.encoders import load_encoder as load_trained
from nlu_engine.pretraining.home_assistant import write_utterances
from nlu_engine.pretraining.mlm import MlmPlan, hide, train_mlm
from nlu_engine.pretraining.smoke import HIDDEN, SENTENCES, run_smoke
from nlu_engine.pretraining.store import capitalized, count_words, rank_words, reduce
from nlu_engine.start import load_layers, start_from
from nlu_engine.training_data import read_labelled
from nlu_engine.utterances import tokenize


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage has run once; the release is xx@1."""
    folder = tmp_path_factory.mktemp("smoke")
    run_smoke(folder, main)
    return folder


@pytest.fixture
def corpora(made: Path) -> list[Corpus]:
    return read_corpora([made / "one.txt", made / "two.txt"], Excluded([SENTENCES[-1]]))


# --- What is learned from -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "held"),
    [
        ("Book a table for two!", True),
        ("please book a table for two, now", True),
        ("book a table for three", False),
        ("play jazz", True),
        ("play jazz music", False),  # short utterances are found as wholes only
    ],
)
def test_test_utterances_are_excluded(sentence: str, held: bool) -> None:
    assert Excluded(["book a table for two", "Play jazz."]).holds(sentence) is held


def test_corpora_lose_duplicates_and_test_utterances(corpora: list[Corpus]) -> None:
    first, second = corpora
    assert (len(first.sentences), first.duplicates, first.excluded) == (6, 0, 1)
    # All of the second file stands in the first already.
    assert (len(second.sentences), second.duplicates) == (0, 5)
    assert "6 sentences" in str(first) and "1 that hold" in str(first)


def test_a_step_draws_the_same_sentences_again(corpora: list[Corpus]) -> None:
    drawn = [draw_sentences(corpora[:1], {}, 4, step, seed=1) for step in range(9)]
    assert drawn == [draw_sentences(corpora[:1], {}, 4, step, seed=1) for step in range(9)]
    assert drawn != [draw_sentences(corpora[:1], {}, 4, step, seed=2) for step in range(9)]


def test_a_weight_of_nothing_draws_nothing(made: Path) -> None:
    corpora = [Corpus("a", ["from a"], 9, 0, 0), Corpus("b", ["from b"], 9, 0, 0)]
    assert set(draw_sentences(corpora, {"b": 0.0}, 8, 0, seed=0)) == {"from a"}


def test_words_are_ranked_by_frequency_then_taken_from_the_lists(tmp_path: Path) -> None:
    corpus, listed = tmp_path / "corpus.txt", tmp_path / "words"
    corpus.write_text("Buy me an apple\nbuy an orange\nis it cold\nit is an apple\nzyzzyva\n")
    listed.write_text("orange\nOrange's\nplum\ncold\n")
    ranked = rank_words(count_words([corpus]), [listed], 100)
    assert ranked == ["an", "apple", "buy", "is", "it", "cold", "orange", "plum"]
    assert rank_words(count_words([corpus]), [listed], 3) == ["an", "apple", "buy"]


def test_templates_become_labelled_utterances(tmp_path: Path) -> None:
    document = {
        "intents": {
            "TurnOn": {
                "data": [{"sentences": ["(turn|switch) on [the ]{name} in <area>", "on ; now"]}]
            }
        },
        "expansion_rules": {"area": "[the ]{area}"},
        "lists": {
            "name": {"values": ["lamp", {"in": "(fan|ventilator)"}]},
            "area": {"wildcard": True},
        },
    }
    file, out = tmp_path / "en.json", tmp_path / "made" / "train.jsonl"
    file.write_text(json.dumps(document))
    words = ["kitchen", "cellar", "attic", "no", "r2d2"]
    count = write_utterances(file, words, 12, out)
    made = read_labelled(out)
    assert len(made) == count > 3
    for one in made:
        assert one.frame.intent == "TurnOn"
        name, area = one.frame.slots
        assert (name.name, area.name) == ("name", "area")
        assert name.text in {"lamp", "fan", "ventilator"}
        assert set(area.text.split()) <= {"kitchen", "cellar", "attic"}
        assert one.text[area.start : area.end] == area.text
        assert one.text.startswith(("turn on", "switch on"))
    write_utterances(file, words, 12, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == out.read_text()


def _packed(values: np.ndarray) -> bytes:
    """Return blocks of a scale and 32 numbers of 4 bits, as the e5 file has them."""
    numbers = values.reshape(-1, 32).astype(np.uint8)
    halves = numbers[:, :16] | numbers[:, 16:] << 4
    scales = np.full((len(numbers), 1), 0.5, np.float16).view(np.uint8)
    return np.concatenate([scales, halves], axis=1).tobytes()


def test_the_multilingual_weights_are_read_and_pruned(tmp_path: Path) -> None:
    hidden, pieces = 32, ["<s>", "<pad>", "</s>", "<unk>", "▁ab", "▁x", "c", "▁unused", "<mask>"]
    generator = np.random.default_rng(0)
    matrix = lambda rows, columns: generator.integers(0, 16, size=rows * columns)  # noqa: E731
    names = {"emb.word": matrix(len(pieces), hidden), "emb.pos": matrix(8, hidden)}
    names |= {"emb.type": matrix(2, hidden)}
    names |= {f"l0.{part}.w": matrix(hidden, hidden) for part in ("q", "k", "v", "ao", "fi", "fo")}
    vectors = [
        "emb.ln.w",
        "emb.ln.b",
        *(f"l0.{part}.b" for part in ("q", "k", "v", "ao", "fi", "fo")),
    ]
    vectors += [f"l0.{part}.{kind}" for part in ("aln", "oln") for kind in "wb"]
    blobs = [piece.encode() for piece in pieces]
    offsets = np.cumsum([0] + [len(blob) for blob in blobs])
    head = b"E5S1" + struct.pack("<I7i", 1, hidden, 1, 2, hidden, len(pieces), 8, 2)
    head += struct.pack("<fi5iQ", 1e-12, 32, len(pieces), 0, 2, 1, 3, int(offsets[-1]))
    head += struct.pack(f"<{len(offsets)}I", *offsets) + struct.pack(
        f"<{len(pieces)}f", *[-1.0] * len(pieces)
    )
    head += b"".join(blobs) + struct.pack("<iI", 0, 3) + b"map"
    contents = {name: (1, len(values), _packed(values)) for name, values in names.items()}
    contents |= {name: (0, hidden, np.full(hidden, 2.0, np.float32).tobytes()) for name in vectors}
    sizes = sum(2 + len(name) + 21 for name in contents)
    at = len(head) + 4 + sizes
    table, tail = struct.pack("<i", len(contents)), b""
    for name, (kind, count, raw) in contents.items():
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", kind, count, at + len(tail), len(raw))
        tail += raw
    file = tmp_path / "e5.bin"
    file.write_bytes(head + table + tail)

    words = ["ab", "abab", "abc", "xab", "cc"]
    kept = write_base(file, words, tmp_path / "base")
    tokenizer = WordPieces(tmp_path / "base")
    trained = load_trained(tmp_path / "base").transformer
    assert kept == tokenizer.count < len(pieces)
    assert tokenizer.of_word("unused") != [7]
    expected = (names["emb.word"].reshape(len(pieces), hidden) - 8) * 0.5
    [row] = tokenizer.of_word("ab")
    word_vectors = trained.embeddings.word_embeddings.weight.detach().numpy()
    np.testing.assert_allclose(word_vectors[row], expected[pieces.index("▁ab")])
    np.testing.assert_allclose(word_vectors[-1], expected[-1])  # the mask
    layer = trained.encoder.layer[0].attention.self.query
    expected = (names["l0.q.w"].reshape(hidden, hidden) - 8) * 0.5
    np.testing.assert_allclose(layer.weight.detach().numpy(), expected)

    file.write_bytes(b"GGUF" + head)
    with pytest.raises(ValueError, match="E5S1"):
        write_base(file, words, tmp_path / "other")


def test_german_nouns_are_told_by_their_capital(tmp_path: Path) -> None:
    listed = tmp_path / "ngerman"
    listed.write_text("Licht\nlicht\nWetter\nlaufen\nUSA\n")
    assert capitalized([listed]) == {"wetter"}


# --- The stages ---------------------------------------------------------------------------


def test_whole_words_are_hidden(made: Path) -> None:
    pieces = WordPieces(made / "base")
    plan = MlmPlan(hidden_share=0.5)
    batch, hidden, targets = hide(["buy me an apple", "is it cold"], pieces, plan, step=3)
    whole = collate([["buy", "me", "an", "apple"], ["is", "it", "cold"]], pieces)
    assert hidden.any(dim=1).all()
    assert (targets == whole.ids[hidden]).all()
    assert (batch.ids[~hidden] == whole.ids[~hidden]).all()
    for row, word in [(0, 0), (0, 3), (1, 2)]:
        of_word = hidden[row][whole.words[row] == word]
        assert of_word.all() or not of_word.any()


def test_a_killed_training_goes_on_as_if_nothing_had_happened(
    made: Path, corpora: list[Corpus], tmp_path: Path
) -> None:
    plan = MlmPlan(steps=6, batch_size=2, every=2)
    train_mlm(made / "base", corpora[:1], plan, tmp_path / "whole", print)

    class Killed(Exception):
        pass

    def kill(line: str) -> None:
        if "step 6" in line:
            raise Killed

    with pytest.raises(Killed):
        train_mlm(made / "base", corpora[:1], plan, tmp_path / "killed", kill)
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    train_mlm(made / "base", corpora[:1], plan, tmp_path / "killed", print)
    one, other = (load_trained(tmp_path / name).state_dict() for name in ("whole", "killed"))
    name = "transformer.encoder.layer.1.output.dense.weight"
    torch.testing.assert_close(one[name], other[name])
    assert (one[name] != load_trained(made / "base").state_dict()[name]).any()
    curve = (tmp_path / "whole" / "mlm.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in curve] == ["step", "2", "4", "6"]
    other_seed = replace(plan, seed=1)
    train_mlm(made / "base", corpora[:1], other_seed, tmp_path / "seed", print)
    assert (load_trained(tmp_path / "seed").state_dict()[name] != one[name]).any()


def test_reduction_keeps_what_varies() -> None:
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(50, 3))
    vectors = (hidden @ generator.normal(size=(3, 12))).astype(np.float32)
    reduced, kept = reduce(vectors, np.ones(50), 3)
    assert reduced.shape == (50, 3)
    assert kept == pytest.approx(1, abs=1e-4)


def test_the_exported_encoder_computes_what_was_trained(made: Path) -> None:
    trained, pieces = load_trained(made / "multitask").eval(), WordPieces(made / "multitask")
    words = [["buy", "me", "an", "Apple"], ["is", "it"]]
    with torch.no_grad():
        expected, sentences = trained(collate(words, pieces))
    found = load_encoder("xx@1", made).encode(words)
    for row, one in enumerate(found):
        assert one.words.shape == (len(words[row]), 300)
        wanted = expected[row, : len(words[row])].numpy()
        assert _cosine(one.words.ravel(), wanted.ravel()) > 0.95
        assert _cosine(one.sentence, sentences[row].numpy()) > 0.95


def test_what_else_is_in_the_batch_moves_a_vector_by_rounding_only(made: Path) -> None:
    encoder = load_encoder("xx@1", made)
    alone = encoder.encode([["buy", "apple"]])[0].words
    together = encoder.encode([["buy", "apple"], ["is", "it", "cold", "outside", "today"]])[0].words
    assert _cosine(alone.ravel(), together.ravel()) > 0.99


def test_words_beyond_the_encoders_reach_have_vectors_too(made: Path) -> None:
    encoded = load_encoder("xx@1", made).encode([["word"] * 500])[0]
    assert encoded.words.shape == (500, 300)
    assert np.isfinite(encoded.words).all()


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize(("tier", "width"), [("quick", 60), ("full", 360)])
def test_a_tier_reads_what_it_promises(made: Path, tier: Tier, width: int) -> None:
    vocabulary = learn_vocabulary([tokenize("buy")], ["a"], [])
    extract = FeatureExtractor(
        load_embeddings("xx@1", made), vocabulary, tier, covered=True, listed=ListedValues({})
    )
    vector, _, _ = extract.of_word("buy")
    [(context, sentence)] = extract.in_context([tokenize("buy apple")])
    assert context.shape[0] == 2
    assert len(vector) + context.shape[1] == width
    assert sentence.shape == ((HIDDEN,) if tier == "full" else (0,))


def start(made: Path, tags: list[str], intents: list[str], letters: str = "buy 冷") -> Network:
    """Return a new network that started from the layers of the release."""
    vocabulary = learn_vocabulary([tokenize(letters)], intents, tags)
    shape = NetworkShape(
        words=2,
        characters=len(vocabulary.characters) + 2,
        intents=len(vocabulary.intents) + 1,
        tags=len(vocabulary.tags),
        dimensions=60,
    )
    torch.manual_seed(0)
    network, release = Network(shape), load_embeddings("xx@1", made)
    start_from(network, load_layers(release), vocabulary, release)
    return network


def test_a_quick_network_starts_from_the_layers_of_the_release(made: Path) -> None:
    network, other = start(made, [], ["a"]), start(made, [], ["a"])
    layers = load_layers(load_embeddings("xx@1", made))
    torch.testing.assert_close(network.project.weight.detach(), layers["project.weight"])
    # A character that only the skill knows has a vector of its own, as new as it was.
    assert not torch.isin(network.characters.weight[-1], layers["characters.weight"]).any()
    torch.testing.assert_close(network.characters.weight[-1], other.characters.weight[-1])


def test_last_layers_start_from_the_names_of_intents_and_slots(made: Path) -> None:
    tags = ["B-fruit", "I-fruit", "B-itsFruit", "B-weather"]
    network = start(made, tags, ["BuyFruit", "buy_fruit", "Weather"])
    rows = dict(zip(["O", *sorted(tags)], network.tag_out.weight.detach(), strict=True))
    assert not network.tag_out.bias.any() and not network.intent_out.bias.any()
    camel, weather, snake, fallback = network.intent_out.weight.detach()
    # Sorted: BuyFruit, Weather, buy_fruit; then what the skill has for everything else.
    torch.testing.assert_close(camel, snake)
    assert not torch.allclose(camel, weather) and not torch.allclose(fallback, weather)
    assert not torch.allclose(rows["B-fruit"], rows["I-fruit"])
    near, far = (torch.dist(rows["B-fruit"], rows[tag]) for tag in ("B-itsFruit", "B-weather"))
    assert near < far


def test_negatives_are_short_utterances_of_others(made: Path) -> None:
    lines = (made / "xx@1" / "negatives.txt").read_text().splitlines()
    assert "is it cold" in lines
    assert SENTENCES[-1] not in lines
    assert all(3 <= len(line.split()) <= 14 for line in lines)


def test_the_manifest_names_what_was_used_and_vouches_for_every_file(made: Path) -> None:
    release = made / "xx@1"
    manifest = json.loads((release / "manifest.json").read_text())
    assert manifest["labelled"] == ["fruit", "weather"]
    assert manifest["corpora"] == ["one.txt", "two.txt"]
    files = {path.name for path in release.iterdir()} - {"manifest.json"}
    assert set(manifest["files"]) == files
    encoder = release / "encoder.onnx"
    content = bytearray(encoder.read_bytes())
    content[-1] ^= 1
    (release / "kept").write_bytes(encoder.read_bytes())
    try:
        encoder.write_bytes(content)
        load_encoder.cache_clear()
        with pytest.raises(EmbeddingsError, match="encoder.onnx"):
            load_encoder("xx@1", made)
    finally:
        (release / "kept").replace(encoder)
        load_encoder.cache_clear()
