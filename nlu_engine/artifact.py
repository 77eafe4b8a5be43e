"""Write and read a trained parser pair as an immutable directory.

    manifest.json          what this is, how it was made, the SHA-256 of each other file
    neural.safetensors     weights of the network
    neural.json            its words, characters, intents, tags
    intents.safetensors    weights of the MaxEnt classifier
    intents.json           its features and intents
    slots.crfsuite         the CRF, in crfsuite's own format
    skill.json             built-in intents' utterances, slot values to resolve to

No pickle. Nothing is read before format, embeddings and digests are found right.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nlu_engine import __version__
from nlu_engine.baseline import MaxEntCrfRecognizer, MaxEntIntents
from nlu_engine.embeddings import is_covered, load_embeddings
from nlu_engine.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    EmbeddingsError,
    IncompatibleArtifact,
)
from nlu_engine.features import FeatureExtractor, Vocabulary
from nlu_engine.neural import NeuralRecognizer
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.resolution import Resolver

FORMAT = 1
KIND = "skillbuilder-parsers"
MANIFEST = "manifest.json"


def write_artifact(pair: ParserPair, directory: Path) -> None:
    """Write ``pair`` to ``directory``, which must not exist; all of it or nothing.

    Raises FileExistsError if it does, OSError if the disk refuses.
    """
    if directory.exists():
        raise FileExistsError(f"{directory} exists; an artifact is never written over.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    aside = directory.with_name(f".{directory.name}.{uuid4().hex}")
    try:
        _write_files(pair, aside)
        os.rename(aside, directory)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_files(pair: ParserPair, directory: Path) -> None:
    directory.mkdir()
    files = _files_of(pair)
    for name, content in files.items():
        _write(directory / name, content)
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        **pair.manifest,
        "embeddings_sha256": load_embeddings(pair.manifest["embeddings"]).manifest["sha256"],
        "sizes": {name: len(content) for name, content in files.items()},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    _write(directory / MANIFEST, _json(manifest))


def _files_of(pair: ParserPair) -> dict[str, bytes]:
    neural, baseline = pair.neural.recognizer, pair.maxent_crf.recognizer
    if not isinstance(neural, NeuralRecognizer) or not isinstance(baseline, MaxEntCrfRecognizer):
        raise TypeError("write_artifact takes a pair of a DNN and a MaxEnt-CRF parser.")
    intents = baseline.intents
    arrays = {
        "idf": intents.idf,
        "coefficients": intents.coefficients,
        "intercepts": intents.intercepts,
    }
    weights = {name: value.astype(np.float16) for name, value in neural.weights.items()}
    return {
        "neural.safetensors": save({**weights, "allowed": neural.allowed.astype(np.uint8)}),
        "neural.json": _json(neural.vocabulary.to_dict()),
        "intents.safetensors": save(arrays),
        "intents.json": _json(
            {"features": list(intents.features), "intents": list(intents.intents)}
        ),
        "slots.crfsuite": baseline.slots,
        "skill.json": _json(
            {"exact": dict(pair.neural.exact), "resolver": pair.neural.resolver.to_dict()}
        ),
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of the artifact at ``directory``.

    Raises ArtifactMissing, ArtifactCorrupt or IncompatibleArtifact.
    """
    try:
        content = (directory / MANIFEST).read_bytes()
    except OSError as error:
        raise ArtifactMissing(f"There is no artifact at {directory}: {error}.") from error
    manifest = _parsed(content, directory / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise IncompatibleArtifact(f"{directory} does not hold parsers of this engine.")
    if manifest.get("format") != FORMAT:
        raise IncompatibleArtifact(
            f"The artifact at {directory} has format {manifest.get('format')!r}, written by "
            f"engine {manifest.get('engine')!r}; engine {__version__} reads format {FORMAT}. "
            "Train the skill again."
        )
    return manifest


def read_artifact(directory: Path) -> ParserPair:
    """Read what ``write_artifact`` wrote.

    Raises ArtifactMissing, ArtifactCorrupt or IncompatibleArtifact; never half a pair.
    """
    manifest = read_manifest(directory)
    try:
        files = {name: _checked(directory / name, digest) for name, digest in _digests(manifest)}
        _check_embeddings(manifest, directory)
        return _pair(manifest, files)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, SafetensorError) as error:
        raise ArtifactCorrupt(
            f"The artifact at {directory} cannot be read: {error!r}. Train the skill again."
        ) from error


def _digests(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    digests = [(str(name), str(digest)) for name, digest in manifest["files"].items()]
    if any("/" in name or name.startswith(".") for name, _ in digests):
        raise ValueError("the manifest names files outside the artifact")
    return digests


def _checked(path: Path, digest: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactCorrupt(f"{path} is missing: {error}. Train the skill again.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ArtifactCorrupt(
            f"{path} is damaged: its SHA-256 is {found}, the manifest says {digest}. "
            "Train the skill again."
        )
    return content


def _check_embeddings(manifest: dict[str, Any], directory: Path) -> None:
    release = str(manifest["embeddings"])
    try:
        installed = load_embeddings(release).manifest["sha256"]
    except EmbeddingsError as error:
        raise IncompatibleArtifact(
            f"The artifact at {directory} needs the embedding release {release!r}: {error}"
        ) from error
    if installed != manifest["embeddings_sha256"]:
        raise IncompatibleArtifact(
            f"The artifact at {directory} was trained with another content of the embedding "
            f"release {release!r} ({manifest['embeddings_sha256']}) than is installed "
            f"({installed}). Train the skill again."
        )


def _pair(manifest: dict[str, Any], files: dict[str, bytes]) -> ParserPair:
    documents: Callable[[str], Any] = lambda name: _parsed(files[name], Path(name))  # noqa: E731
    skill = documents("skill.json")
    resolver = Resolver.from_dict(skill["resolver"])
    neural = _neural(manifest, load(files["neural.safetensors"]), documents("neural.json"))
    intents = documents("intents.json")
    arrays = load(files["intents.safetensors"])
    maxent = MaxEntIntents(
        {name: row for row, name in enumerate(intents["features"])},
        arrays["idf"],
        arrays["coefficients"],
        arrays["intercepts"],
        tuple(intents["intents"]),
    )
    baseline = MaxEntCrfRecognizer(maxent, files["slots.crfsuite"])
    return ParserPair(
        SkillParser(neural, exact=skill["exact"], resolver=resolver),
        SkillParser(baseline, exact=skill["exact"], resolver=resolver),
        manifest,
    )


def _neural(
    manifest: dict[str, Any], arrays: dict[str, Any], document: dict[str, Any]
) -> NeuralRecognizer:
    allowed = arrays.pop("allowed").astype(bool)
    vocabulary = Vocabulary.from_dict(document)
    extract = FeatureExtractor(
        load_embeddings(manifest["embeddings"]),
        vocabulary,
        covered=is_covered(manifest["locale"]),
    )
    weights = {name: value.astype(np.float32) for name, value in arrays.items()}
    return NeuralRecognizer(weights, vocabulary, extract, allowed)


def _parsed(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise ArtifactCorrupt(f"{path} is not JSON: {error}. Train the skill again.") from error
