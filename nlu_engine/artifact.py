"""Write and read a trained parser pair as an immutable directory.

    manifest.json           what this is, how it was made, the SHA-256 of each other file
    neural.safetensors.zst  weights of the networks, in the full tier the samples' signs too
    neural.json.zst         its words, characters, intents, tags
    intents.safetensors.zst weights of the MaxEnt classifier, its features by their hashes
    slots.crfsuite.zst      the CRF, in crfsuite's own format
    skill.json.zst          intents, built-in intents' utterances, what slots resolve to

Compressed by Zstandard, which inflates in a quarter of gzip's time. No pickle. Nothing is read
before format, embeddings and digests are found right.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save
from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from nlu_engine import __version__
from nlu_engine.baseline import MaxEntCrfRecognizer, MaxEntIntents
from nlu_engine.calibration import Calibration
from nlu_engine.embeddings import (
    is_covered,
    load_embeddings,
    release_digest,
)
from nlu_engine.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    EmbeddingsError,
    IncompatibleArtifact,
)
from nlu_engine.features import FeatureExtractor, Vocabulary
from nlu_engine.listed import ListedValues
from nlu_engine.neural import NeuralRecognizer, Trained
from nlu_engine.out_of_scope import Fallback
from nlu_engine.parsers import ParserPair, SkillParser
from nlu_engine.resolution import Resolver

NEURAL_FILES = ("neural.safetensors", "neural.json", "skill.json")
MAXENT_CRF_FILES = ("intents.safetensors", "slots.crfsuite", "skill.json")
NAMED_FEATURES = 1
"""The first format: nothing is compressed, intents.json names the features. Read, not written."""
FORMAT = 3
SUFFIXES = {NAMED_FEATURES: "", 2: ".gz", FORMAT: ".zst"}
"""What the files of each format that is read are called besides; the last is written."""
LEVEL = 19
"""Of compression: slow, a third of a second, for files that are written once and read often."""
Stored = bytes
Inflate = Callable[[Stored], bytes]
_INFLATE: dict[str, Inflate] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".zst": lambda content: ZstdDecompressor().decompress(content),
}
KIND = "skillbuilder-parsers"
MANIFEST = "manifest.json"
ALLOWED = "allowed"
"""The array among a network's that tells which tags an intent may have."""

LOADED_LEAST = 100_000
GROWTH = {
    "neural.json": 9.0,
    "skill.json": 6.0,
    "intents.json": 0.4,
    "intents.safetensors": 0.4,
    "slots.crfsuite": 2.0,
}
COMPRESSED_GROWTH = {
    "neural.safetensors": 1.0,
    "neural.json": 27.0,
    "skill.json": 24.0,
    "intents.safetensors": 2.0,
    "slots.crfsuite": 5.5,
}
"""Bytes in memory for each of a file; as many for those that are not named."""

ABSENT = (OSError, KeyError, BadZipFile)
UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    ZstdError,
    SafetensorError,
)
"""What files of the right digests raise that do not hold what an artifact does."""

T = TypeVar("T")


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
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {
        **pair.manifest,
        "kind": KIND,
        "format": FORMAT,
        "embeddings_sha256": release_digest(
            load_embeddings(pair.manifest["embeddings"]), pair.manifest["tier"]
        ),
        "sizes": {name: len(content) for name, content in files.items()},
        "digest": _digest(digests),
        "files": digests,
    }
    _write(directory / MANIFEST, _json(manifest))


def _files_of(pair: ParserPair) -> dict[str, bytes]:
    neural, baseline = pair.neural.recognizer, pair.maxent_crf.recognizer
    if not isinstance(neural, NeuralRecognizer) or not isinstance(baseline, MaxEntCrfRecognizer):
        raise TypeError("write_artifact takes a pair of a DNN and a MaxEnt-CRF parser.")
    intents = baseline.intents
    arrays: dict[str, npt.NDArray[Any]] = {
        "hashes": intents.hashes,
        "idf": intents.idf,
        "rows": intents.rows,
        "scales": intents.scales,
        "intercepts": intents.intercepts,
    }
    trained = neural.trained()
    weights = {**trained.packed, ALLOWED: trained.allowed.astype(np.uint8)}
    skill = {
        "intents": list(intents.intents),
        "exact": dict(pair.neural.exact),
        "resolver": pair.neural.resolver.to_dict(),
        "fallback": pair.neural.fallback and asdict(pair.neural.fallback),
        "calibration": {
            "neural": asdict(pair.neural.calibration),
            "maxent_crf": asdict(pair.maxent_crf.calibration),
        },
    }
    return {
        f"neural.safetensors{SUFFIXES[FORMAT]}": _compressed(save(weights)),
        f"neural.json{SUFFIXES[FORMAT]}": _compressed(_json(neural.vocabulary.to_dict())),
        f"intents.safetensors{SUFFIXES[FORMAT]}": _compressed(save(arrays)),
        f"slots.crfsuite{SUFFIXES[FORMAT]}": _compressed(baseline.slots),
        f"skill.json{SUFFIXES[FORMAT]}": _compressed(_json(skill)),
    }


def _compressed(content: bytes) -> bytes:
    return ZstdCompressor(level=LEVEL).compress(content)


def _digest(digests: dict[str, str]) -> str:
    """Return what tells artifacts of other content apart; times and sizes are no part of it."""
    return hashlib.sha256("".join(digests[name] for name in sorted(digests)).encode()).hexdigest()


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def pack(directory: Path, archive: Path) -> None:
    """Write the artifact at ``directory`` to the one file ``archive``; both can be read.

    For stores that move a file whole or not at all, but no directory.
    """
    with ZipFile(archive, "w", ZIP_STORED) as packed:
        for path in sorted(directory.iterdir()):
            packed.write(path, path.name)


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of the artifact at ``directory``.

    Raises ArtifactMissing, ArtifactCorrupt or IncompatibleArtifact.
    """
    try:
        content = _content(directory, MANIFEST)
    except OSError as error:
        raise ArtifactMissing(f"There is no artifact at {directory}: {error}.") from error
    except (KeyError, BadZipFile) as error:
        raise ArtifactCorrupt(f"{directory} is damaged: {error}. Train the skill again.") from error
    manifest = _parsed(content, directory / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise IncompatibleArtifact(f"{directory} does not hold parsers of this engine.")
    if manifest.get("format") not in SUFFIXES:
        raise IncompatibleArtifact(
            f"The artifact at {directory} has format {manifest.get('format')!r}, written by "
            f"engine {manifest.get('engine')!r}; engine {__version__} reads format {FORMAT}. "
            "Train the skill again."
        )
    return manifest


def bytes_on_disk(manifest: Mapping[str, Any], names: Iterable[str]) -> int:
    """Return the bytes of the files ``names`` (NEURAL_FILES, MAXENT_CRF_FILES) of an artifact."""
    suffix = SUFFIXES[manifest["format"]]
    return sum(int(manifest["sizes"][name + suffix]) for name in names)


def loaded_bytes(manifest: Mapping[str, Any]) -> int:
    """Return about how much memory a pair takes that was read but has not parsed lately.

    Reckoned by what files become in memory, measured over skills of many sizes: a JSON document
    of strings grows ninefold when it becomes Python's objects.
    """
    suffix = SUFFIXES[manifest["format"]]
    growth = COMPRESSED_GROWTH if suffix else GROWTH
    return LOADED_LEAST + sum(
        int(growth.get(name.removesuffix(suffix), 1.0) * size)
        for name, size in manifest["sizes"].items()
    )


def read_artifact(directory: Path) -> ParserPair:
    """Read what ``write_artifact`` wrote.

    Raises ArtifactMissing, ArtifactCorrupt or IncompatibleArtifact; never half a pair.
    """
    return _read(directory, (*NEURAL_FILES, *MAXENT_CRF_FILES), _pair)


def read_neural(directory: Path) -> SkillParser:
    """Read the DNN alone; raises as ``read_artifact`` does."""
    return _read(directory, NEURAL_FILES, _neural)


def read_maxent_crf(directory: Path) -> SkillParser:
    """Read the MaxEnt-CRF baseline alone; raises as ``read_artifact`` does."""
    return _read(directory, MAXENT_CRF_FILES, _maxent_crf)


def _read(directory: Path, names: Iterable[str], make: Callable[[_Contents], T]) -> T:
    manifest = read_manifest(directory)
    try:
        digests = manifest["files"]
        on_disk = _on_disk(names, manifest["format"])
        files = {name: _checked(directory, name, str(digests[name])) for name in on_disk}
        _check_embeddings(manifest, directory)
        return make(_Contents(manifest, files))
    except UNREADABLE as error:
        raise ArtifactCorrupt(
            f"The artifact at {directory} cannot be read: {error!r}. Train the skill again."
        ) from error


def _on_disk(names: Iterable[str], number: int) -> set[str]:
    """Return what the files are called in the format of that number."""
    named = (
        {"intents.json"} if number == NAMED_FEATURES and "intents.safetensors" in names else set()
    )
    return {name + SUFFIXES[number] for name in names} | named


def _content(artifact: Path, name: str) -> bytes:
    """Return a file of ``artifact``, a directory or one file made by ``pack``."""
    if artifact.is_file():
        with ZipFile(artifact) as archive:
            return archive.read(name)
    return (artifact / name).read_bytes()


def _checked(artifact: Path, name: str, digest: str) -> bytes:
    path = artifact / name
    try:
        content = _content(artifact, name)
    except ABSENT as error:
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
        installed = release_digest(load_embeddings(release), manifest["tier"])
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


class _Contents:
    """The manifest and the checked files of an artifact, asked for by name without suffix."""

    def __init__(self, manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        self.manifest = manifest
        self._files = files

    def arrays(self, name: str) -> dict[str, Any]:
        """Return the arrays of a safetensors file."""
        return load(self.bytes(name))

    def document(self, name: str) -> Any:
        """Return what a JSON file holds."""
        return _parsed(self.bytes(name), Path(name))

    def bytes(self, name: str) -> bytes:
        """Return a file as it was before it was compressed."""
        inflate, stored = self.stored(name)
        return inflate(stored)

    def stored(self, name: str) -> tuple[Inflate, Stored]:
        """Return a file as it is, and what makes of it what it was."""
        suffix = SUFFIXES[self.manifest["format"]]
        return _INFLATE[suffix], self._files[name + suffix]

    @cached_property
    def _skill(self) -> dict[str, Any]:
        skill = self.document("skill.json")
        resolver = Resolver.from_dict(skill["resolver"])
        fallback = skill["fallback"] and Fallback(**skill["fallback"])
        return {**skill, "resolver": resolver, "fallback": fallback}

    @property
    def intents(self) -> tuple[str, ...]:
        """The intents that the MaxEnt classifier knows."""
        return tuple(self._skill["intents"])

    def skill_of(self, parser: str) -> dict[str, Any]:
        """Return what a parser has beside its recognizer; read once for the two of them."""
        calibration = Calibration(**self._skill["calibration"][parser])
        shared = {name: self._skill[name] for name in ("exact", "resolver", "fallback")}
        return {**shared, "calibration": calibration}


def _pair(contents: _Contents) -> ParserPair:
    return ParserPair(_neural(contents), _maxent_crf(contents), contents.manifest)


def _neural(contents: _Contents) -> SkillParser:
    vocabulary = Vocabulary.from_dict(contents.document("neural.json"))
    skill = contents.skill_of("neural")
    resolver = skill["resolver"]
    extract = FeatureExtractor(
        load_embeddings(contents.manifest["embeddings"]),
        vocabulary,
        contents.manifest["tier"],
        covered=is_covered(contents.manifest["locale"]),
        listed=ListedValues(resolver.slot_values, resolver.patterns),
    )
    inflate, stored = contents.stored("neural.safetensors")
    recognizer = NeuralRecognizer(partial(_trained, inflate, stored), vocabulary, extract)
    return SkillParser(recognizer, **skill)


def _trained(inflate: Inflate, stored: Stored) -> Trained:
    """Return what is stored; raises ArtifactCorrupt, when the skill is first asked."""
    try:
        arrays = load(inflate(stored))
        return Trained(arrays, arrays.pop(ALLOWED).astype(bool))
    except UNREADABLE as error:
        raise ArtifactCorrupt(
            f"The weights of the network cannot be read: {error!r}. Train the skill again."
        ) from error


def _maxent_crf(contents: _Contents) -> SkillParser:
    skill = contents.skill_of("maxent_crf")
    recognizer = MaxEntCrfRecognizer(_intents(contents), contents.bytes("slots.crfsuite"))
    return SkillParser(recognizer, **skill)


def _intents(contents: _Contents) -> MaxEntIntents:
    arrays = contents.arrays("intents.safetensors")
    if contents.manifest["format"] == NAMED_FEATURES:
        return MaxEntIntents.of(**arrays, **contents.document("intents.json"))
    return MaxEntIntents(**arrays, intents=contents.intents)


def _parsed(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise ArtifactCorrupt(f"{path} is not JSON: {error}. Train the skill again.") from error
