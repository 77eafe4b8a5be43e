"""Where artifacts live: immutable, complete or not there.

Django's storage "artifacts" decides. In a folder, the default, an artifact is a directory that
is renamed into place. In an object store it is one object, which appears whole, and the hosts
that read it keep a copy in ``ARTIFACT_CACHE``.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from nlu_engine.errors import ArtifactMissing
from skillbuilder.training.artifact_cache import ArtifactCache

ABANDONED_AFTER_SECONDS = 24 * 3600


def path_of(run_id: uuid.UUID) -> Path:
    """Return the directory of the artifact of ``run_id``, whether or not it exists."""
    if not isinstance(run_id, uuid.UUID):
        raise TypeError(f"an artifact's path is made from a UUID, not from {run_id!r}")
    return Path(settings.ARTIFACT_ROOT) / "runs" / str(run_id)


def object_store() -> Storage | None:
    """Return the storage of artifacts if it is no folder of this host."""
    storage = storages["artifacts"]
    return None if isinstance(storage, FileSystemStorage) else storage


def _name_of(run_id: uuid.UUID) -> str:
    return f"runs/{path_of(run_id).name}.zip"


@lru_cache(1)
def _cache_in(folder: Path, limit: int) -> ArtifactCache:
    return ArtifactCache(folder, limit)


def cache() -> ArtifactCache:
    """Return this host's copies of what lies in the object store."""
    return _cache_in(Path(settings.ARTIFACT_CACHE), settings.ARTIFACT_CACHE_BYTES)


def exists(run_id: uuid.UUID) -> bool:
    """Return whether ``run_id`` has left an artifact."""
    store = object_store()
    return path_of(run_id).is_dir() if store is None else store.exists(_name_of(run_id))


def readable(run_id: uuid.UUID) -> Path:
    """Return the artifact of ``run_id`` on this host, fetched if need be.

    Raises ArtifactMissing if the object store has none; of a folder the reader finds out.
    """
    store = object_store()
    if store is None:
        return path_of(run_id)
    try:
        return cache().get(run_id, partial(store.open, _name_of(run_id)))
    except FileNotFoundError as error:
        raise ArtifactMissing(f"There is no artifact of {run_id} in the store.") from error


def refetch(run_id: uuid.UUID) -> Path | None:
    """Return the artifact of ``run_id``, fetched again; None where there is only the one copy."""
    if object_store() is None:
        return None
    cache().drop(run_id)
    return readable(run_id)


def publish(run_id: uuid.UUID, write: Callable[[Path], None]) -> Path:
    """Let ``write`` make an artifact aside; once it is complete it is there, all at once.

    Returns where it can be read on this host.
    """
    final = path_of(run_id)
    final.parent.mkdir(parents=True, exist_ok=True)
    aside = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    try:
        write(aside)
        store = object_store()
        if store is not None:
            return _upload(store, run_id, aside)
        # Left by an attempt that died between here and its last word to the database.
        discard(run_id)
        os.rename(aside, final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return final


def _upload(store: Storage, run_id: uuid.UUID, directory: Path) -> Path:
    # Inside, so that what never publishes starts without the engine's arrays.
    from nlu_engine.artifact import pack

    packed = cache().put(run_id, partial(pack, directory))
    try:
        with packed.open("rb") as file:
            store.save(_name_of(run_id), File(file))
    except BaseException:
        cache().drop(run_id)
        raise
    return packed


def discard(run_id: uuid.UUID) -> None:
    """Remove the artifact of ``run_id``, if there is one; loaded parsers go on working."""
    final = path_of(run_id)
    store = object_store()
    if store is not None:
        store.delete(_name_of(run_id))
        cache().drop(run_id)
        return
    aside = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    try:
        # Renamed first, so that nobody ever sees half an artifact.
        os.rename(final, aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def sweep() -> int:
    """Remove what killed processes left half-written a day ago or longer; return how many."""
    oldest = time.time() - ABANDONED_AFTER_SECONDS
    folders = (Path(settings.ARTIFACT_ROOT) / "runs", Path(settings.ARTIFACT_CACHE))
    hidden = (path for folder in folders for path in folder.glob(".*"))
    abandoned = [path for path in hidden if _modified(path) < oldest]
    for path in abandoned:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return len(abandoned)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
