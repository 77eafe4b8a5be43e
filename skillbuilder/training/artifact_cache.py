"""Artifacts of an object store on the disk of this host: those used last, up to a number of bytes.

One file an artifact, ``<run id>.zip``, whole or not there. Processes share the folder without
locks: whoever finds a file gone fetches it again. What a file holds is checked against the
digests of its manifest whenever it is read, so a damaged one is found and fetched anew.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

LOOKS = 50
"""How often, while it fills, the folder is looked through for what has to go."""


class ArtifactCache:
    """A folder of packed artifacts of at most about ``limit`` bytes."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._unseen = limit  # bytes added since the folder was last looked through

    def path_of(self, run_id: uuid.UUID) -> Path:
        """Return where the artifact of ``run_id`` lies if it is here."""
        return self.folder / f"{run_id}.zip"

    def get(self, run_id: uuid.UUID, source: Callable[[], IO[bytes]]) -> Path:
        """Return the file of ``run_id``, copied from what ``source`` opens if it is not here.

        Raises what ``source`` raises.
        """
        path = self.path_of(run_id)
        try:
            # So that the files used last are the youngest.
            os.utime(path)
        except FileNotFoundError:
            with source() as stream:
                self.put(run_id, lambda aside: _copy(stream, aside))
        return path

    def put(self, run_id: uuid.UUID, write: Callable[[Path], None]) -> Path:
        """Keep what ``write`` writes as the file of ``run_id``; all of it or nothing."""
        path = self.path_of(run_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            write(aside)
            size = aside.stat().st_size
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        self._unseen += size
        if self._unseen >= self.limit / LOOKS:
            self._shrink(keep=path)
        return path

    def drop(self, run_id: uuid.UUID) -> None:
        """Remove the file of ``run_id``, if it is here."""
        self.path_of(run_id).unlink(missing_ok=True)

    def _shrink(self, keep: Path) -> None:
        """Remove the files used longest ago until the rest is within the limit."""
        self._unseen = 0
        found: list[tuple[float, int, str]] = []
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):  # another process removed it meanwhile
                facts = entry.stat()
                found.append((facts.st_mtime, facts.st_size, entry.path))
        used = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if used <= self.limit:
                break
            if path != str(keep):
                Path(path).unlink(missing_ok=True)
                used -= size


def _copy(stream: IO[bytes], aside: Path) -> None:
    with aside.open("xb") as file:
        shutil.copyfileobj(stream, file)
