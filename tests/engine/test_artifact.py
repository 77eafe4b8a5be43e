"""Artifacts: what is written is read again, and nothing else is."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from zstandard import ZstdCompressor, ZstdDecompressor

from nlu_engine.artifact import (
    FORMAT,
    SUFFIXES,
    loaded_bytes,
    read_artifact,
    read_manifest,
    read_maxent_crf,
    read_neural,
    write_artifact,
)
from nlu_engine.embeddings import TIERS, Tier
from nlu_engine.errors import ArtifactCorrupt, ArtifactMissing, IncompatibleArtifact
from nlu_engine.neural_training import Schedule
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.training import train_parsers
from nlu_engine.training_data import TrainingData

UTTERANCES = ["buy two plums", "order an orange for me", "how is the weather", "help"]


@pytest.fixture
def artifact(tmp_path: Path, fruit_pair: ParserPair) -> Path:
    directory = tmp_path / "artifact"
    write_artifact(fruit_pair, directory)
    return directory


def test_a_pair_parses_the_same_after_a_round_trip(artifact: Path, fruit_pair: ParserPair) -> None:
    pair = read_artifact(artifact)
    for utterance in UTTERANCES:
        assert pair.parse(utterance).to_dict() == fruit_pair.parse(utterance).to_dict()


@pytest.mark.parametrize("name", ["neural", "maxent_crf"])
def test_one_parser_can_be_read_alone(artifact: Path, fruit_pair: ParserPair, name: str) -> None:
    alone = {"neural": read_neural, "maxent_crf": read_maxent_crf}[name](artifact)
    both: SkillParser = getattr(fruit_pair, name)
    assert [alone.parse(text) for text in UTTERANCES] == [both.parse(text) for text in UTTERANCES]


def test_the_manifest_says_what_it_is(artifact: Path) -> None:
    manifest = read_artifact(artifact).manifest
    assert manifest["format"] == FORMAT
    assert manifest["embeddings"] == "en@2"
    assert set(manifest["files"]) == {path.name for path in artifact.iterdir()} - {"manifest.json"}


def test_two_writings_of_one_pair_are_alike(artifact: Path, fruit_pair: ParserPair) -> None:
    again = artifact.with_name("again")
    write_artifact(fruit_pair, again)
    for path in artifact.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


@pytest.mark.parametrize("tier", TIERS)
def test_the_same_skill_and_seed_give_the_same_digest(
    fruit_data: TrainingData, tmp_path: Path, tier: Tier
) -> None:
    digests = []
    for number, seed in enumerate((7, 7, 8)):
        directory = tmp_path / str(number)
        pair = train_parsers(fruit_data, tier=tier, seed=seed, schedule=Schedule(steps=20))
        write_artifact(pair, directory)
        digests.append(read_manifest(directory)["digest"])
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_an_artifact_is_never_written_over(artifact: Path, fruit_pair: ParserPair) -> None:
    with pytest.raises(FileExistsError):
        write_artifact(fruit_pair, artifact)


def test_nothing_is_left_of_a_writing_that_failed(
    tmp_path: Path, fruit_pair: ParserPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_artifact(fruit_pair, tmp_path / "store" / "artifact")
    assert list((tmp_path / "store").iterdir()) == []


def test_a_missing_artifact_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="nowhere"):
        read_artifact(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name", ["neural.safetensors.zst", "neural.json.zst", "slots.crfsuite.zst", "skill.json.zst"]
)
@pytest.mark.parametrize("damage", ["flip", "cut", "delete"])
def test_a_damaged_file_is_refused(artifact: Path, name: str, damage: str) -> None:
    path = artifact / name
    content = bytearray(path.read_bytes())
    if damage == "delete":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content if damage == "flip" else content[:-1])
    with pytest.raises(ArtifactCorrupt, match=name):
        read_artifact(artifact)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 0}, IncompatibleArtifact),
        ({"kind": "rasa"}, IncompatibleArtifact),
        ({"embeddings": "xx@1"}, IncompatibleArtifact),
        ({"embeddings_sha256": "0"}, IncompatibleArtifact),
        ({"files": {"../../etc/passwd": "0"}}, ArtifactCorrupt),
        ({"files": None}, ArtifactCorrupt),
        ({"files": {}}, ArtifactCorrupt),
    ],
)
def test_a_foreign_manifest_is_refused(
    artifact: Path, change: dict[str, object], error: type[Exception]
) -> None:
    path = artifact / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(error):
        read_artifact(artifact)


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_manifest_that_is_none_is_refused(artifact: Path, content: str) -> None:
    (artifact / "manifest.json").write_text(content)
    with pytest.raises((ArtifactCorrupt, IncompatibleArtifact)):
        read_artifact(artifact)


def as_before(artifact: Path, number: int, recompress: Callable[[bytes], bytes]) -> None:
    """Make ``artifact`` one of an earlier format."""
    suffix = SUFFIXES[number]
    for path in artifact.glob("*.zst"):
        plain = ZstdDecompressor().decompress(path.read_bytes())
        path.with_suffix(suffix).write_bytes(recompress(plain))
        path.unlink()
    manifest = json.loads((artifact / "manifest.json").read_text()) | {"format": number}
    files = {path.name: path.read_bytes() for path in artifact.iterdir()}
    del files["manifest.json"]
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    sizes = {name: len(content) for name, content in files.items()}
    (artifact / "manifest.json").write_text(
        json.dumps(manifest | {"files": digests, "sizes": sizes})
    )


@pytest.mark.parametrize(
    "content", [b"no weights", ZstdCompressor().compress(save({"x": np.zeros(3, np.float32)}))]
)
def test_weights_that_cannot_be_read_are_told_when_the_skill_is_asked(
    artifact: Path, content: bytes
) -> None:
    # Of the right digest: only who inflates them finds out, and a skill that waits is not inflated.
    (artifact / "neural.safetensors.zst").write_bytes(content)
    manifest = read_manifest(artifact)
    manifest["files"]["neural.safetensors.zst"] = hashlib.sha256(content).hexdigest()
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    pair = read_artifact(artifact)
    with pytest.raises(ArtifactCorrupt, match="Train the skill again"):
        pair.neural.parse("buy an apple")


def test_a_gzipped_artifact_is_read(artifact: Path, fruit_pair: ParserPair) -> None:
    newest = loaded_bytes(read_manifest(artifact))
    as_before(artifact, 2, gzip.compress)
    pair = read_artifact(artifact)
    for text in UTTERANCES:
        assert pair.neural.parse(text) == fruit_pair.neural.parse(text)
        assert pair.maxent_crf.parse(text).frame == fruit_pair.maxent_crf.parse(text).frame
    assert loaded_bytes(read_manifest(artifact)) == pytest.approx(newest, rel=0.2)
    write_artifact(pair, artifact.with_name("again"))
    assert read_manifest(artifact.with_name("again"))["format"] == FORMAT
    read_artifact(artifact.with_name("again"))


def test_an_artifact_of_the_first_format_is_read(artifact: Path, fruit_pair: ParserPair) -> None:
    names = ["<", "an orange", "orange", "plums", "length=3"]
    weights = np.linspace(-2, 2, 10, dtype=np.float32).reshape(5, 2)
    arrays = {
        "idf": np.ones(5, np.float32),
        "coefficients": weights,
        "intercepts": np.zeros(2, np.float32),
    }
    named = {"features": names, "intents": ["OrderFruit", "Weather"]}
    (artifact / "intents.json").write_text(json.dumps(named))
    (artifact / "intents.safetensors.zst").write_bytes(ZstdCompressor().compress(save(arrays)))
    as_before(artifact, 1, bytes)

    pair = read_artifact(artifact)
    for text in UTTERANCES:
        assert pair.neural.parse(text) == fruit_pair.neural.parse(text)
    likeliest = pair.maxent_crf.parse("an orange plums").frame.intent
    exact = weights[names.index("an orange")] + weights[names.index("orange")]
    exact += weights[names.index("plums")] + weights[names.index("length=3")]
    assert likeliest == named["intents"][int(exact.argmax())]
