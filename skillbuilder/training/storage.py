"""Where artifacts live on disk: one immutable directory a run, complete or not there."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

ABANDONED_AFTER_SECONDS = 24 * 3600


def path_of(run_id: uuid.UUID) -> Path:
    """Return the directory of the artifact of ``run_id``, whether or not it exists."""
    if not isinstance(run_id, uuid.UUID):
        raise TypeError(f"an artifact's path is made from a UUID, not from {run_id!r}")
    return Path(settings.ARTIFACT_ROOT) / "runs" / str(run_id)


def exists(run_id: uuid.UUID) -> bool:
    """Return whether ``run_id`` has left an artifact."""
    return path_of(run_id).is_dir()


def publish(run_id: uuid.UUID, write: Callable[[Path], None]) -> Path:
    """Let ``write`` make an artifact aside and move it into place when it is complete."""
    final = path_of(run_id)
    final.parent.mkdir(parents=True, exist_ok=True)
    aside = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    try:
        write(aside)
        # Left by an attempt that died between here and its last word to the database.
        discard(run_id)
        os.rename(aside, final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return final


def discard(run_id: uuid.UUID) -> None:
    """Remove the artifact of ``run_id``, if there is one; loaded parsers go on working."""
    final = path_of(run_id)
    aside = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    try:
        # Renamed first, so that nobody ever sees half an artifact.
        os.rename(final, aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def sweep() -> int:
    """Remove what killed workers left half-written a day ago or longer; return how many."""
    folder = Path(settings.ARTIFACT_ROOT) / "runs"
    oldest = time.time() - ABANDONED_AFTER_SECONDS
    abandoned = [path for path in folder.glob(".*") if _modified(path) < oldest]
    for path in abandoned:
        shutil.rmtree(path, ignore_errors=True)
    return len(abandoned)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
