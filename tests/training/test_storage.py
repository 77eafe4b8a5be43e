"""Artifacts on disk: complete or not there, and never outside their folder."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from skillbuilder.training import storage


def write(content: str):
    """Return a writer of an artifact with one file."""

    def into(directory: Path) -> None:
        directory.mkdir()
        (directory / "manifest.json").write_text(content)

    return into


def test_an_artifact_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    run_id = uuid.uuid4()

    def breaks(directory: Path) -> None:
        write("half")(directory)
        assert not storage.exists(run_id)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        storage.publish(run_id, breaks)
    assert list((tmp_path / "artifacts" / "runs").iterdir()) == []
    path = storage.publish(run_id, write("whole"))
    assert path == tmp_path / "artifacts" / "runs" / str(run_id)
    assert [entry.name for entry in path.parent.iterdir()] == [str(run_id)]


def test_a_second_attempt_replaces_what_a_dead_one_left() -> None:
    run_id = uuid.uuid4()
    storage.publish(run_id, write("first"))
    storage.publish(run_id, write("second"))
    assert (storage.path_of(run_id) / "manifest.json").read_text() == "second"


def test_discarding_what_is_not_there_is_no_error() -> None:
    storage.discard(uuid.uuid4())


@pytest.mark.parametrize("name", ["../../etc", "x", ""])
def test_a_path_is_made_from_a_uuid_only(name: str) -> None:
    with pytest.raises(TypeError):
        storage.path_of(name)  # type: ignore[arg-type]


def test_old_leftovers_are_swept_and_fresh_ones_and_artifacts_are_not(tmp_path: Path) -> None:
    artifact = storage.publish(uuid.uuid4(), write("kept"))
    old, fresh = artifact.with_name(".old.1"), artifact.with_name(".fresh.2")
    for folder in (old, fresh):
        folder.mkdir()
    long_ago = time.time() - storage.ABANDONED_AFTER_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    os.utime(artifact, (long_ago, long_ago))
    assert storage.sweep() == 1
    assert sorted(path.name for path in artifact.parent.iterdir()) == [".fresh.2", artifact.name]
