"""Artifacts in an S3-compatible store: a real server, spoken to over HTTP."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from nlu_engine.errors import ArtifactCorrupt, ArtifactMissing
from skillbuilder.authoring.models import Skill
from skillbuilder.training import artifacts, runs, storage
from skillbuilder.training.artifact_cache import ArtifactCache
from skillbuilder.training.models import TrainingRun

BUCKET = "skills"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of an S3 server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Keep artifacts in a bucket, as ARTIFACT_BUCKET has it; return the bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    options = {
        "bucket_name": BUCKET,
        "endpoint_url": server,
        "location": "fleet",
        "file_overwrite": True,
    }
    kind = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "artifacts": kind}
    bucket = boto3.resource("s3", endpoint_url=server).Bucket(BUCKET)
    bucket.create()
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def names(bucket: Any) -> list[str]:
    return sorted(one.key for one in bucket.objects.all())


@pytest.fixture
def stored_run(bucket: Any, skill: Skill, trained_artifact: Path) -> TrainingRun:
    """Return a ready run whose artifact is in the bucket, and nowhere on this host."""
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    storage.publish(run.pk, lambda directory: shutil.copytree(trained_artifact, directory))
    runs.finish(run, notes=[], metrics={})
    run.refresh_from_db()
    shutil.rmtree(storage.cache().folder)
    return run


def test_a_skill_parses_by_what_is_fetched_once(
    skill: Skill, stored_run: TrainingRun, bucket: Any
) -> None:
    assert names(bucket) == [f"fleet/runs/{stored_run.pk}.zip"]
    assert storage.exists(stored_run.pk)
    _, pair = artifacts.parse(skill, "order a big pizza")
    assert pair.neural.frame.intent == "OrderPizza"
    assert not storage.path_of(stored_run.pk).exists()

    bucket.objects.delete()
    artifacts.forget_parsers()
    artifacts.parse(skill, "order a big pizza")  # by this host's copy


def test_a_damaged_copy_is_fetched_again(skill: Skill, stored_run: TrainingRun) -> None:
    artifacts.parse(skill, "order")
    copy = storage.cache().path_of(stored_run.pk)
    sound = copy.read_bytes()
    for damaged in (b"", sound[:-100], sound[:5000] + b"?" + sound[5001:]):
        copy.write_bytes(damaged)
        artifacts.forget_parsers()
        artifacts.parse(skill, "order")
        assert copy.read_bytes() == sound


def test_what_is_damaged_in_the_store_is_refused(
    skill: Skill, stored_run: TrainingRun, bucket: Any
) -> None:
    item = bucket.Object(f"fleet/runs/{stored_run.pk}.zip")
    content = item.get()["Body"].read()
    item.put(Body=content[:5000] + b"?" + content[5001:])
    with pytest.raises(ArtifactCorrupt):
        artifacts.parse(skill, "order")


def test_what_is_discarded_is_gone_from_store_and_host(
    skill: Skill, stored_run: TrainingRun, bucket: Any
) -> None:
    artifacts.parse(skill, "order")
    storage.discard(stored_run.pk)
    artifacts.forget_parsers()
    assert names(bucket) == []
    assert not storage.exists(stored_run.pk)
    with pytest.raises(ArtifactMissing, match=str(stored_run.pk)):
        artifacts.parse(skill, "order")


def test_nothing_is_seen_of_an_artifact_that_failed_to_be_written_or_sent(
    bucket: Any, trained_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = uuid.uuid4()

    def breaks(directory: Path) -> None:
        shutil.copytree(trained_artifact, directory)
        raise OSError("disk full")

    def refuses(*arguments: Any) -> None:
        raise OSError("connection reset")

    with pytest.raises(OSError, match="disk full"):
        storage.publish(run_id, breaks)
    monkeypatch.setattr(storages["artifacts"], "_save", refuses)
    with pytest.raises(OSError, match="connection reset"):
        storage.publish(run_id, lambda directory: shutil.copytree(trained_artifact, directory))
    assert names(bucket) == []
    assert not storage.cache().path_of(run_id).exists()
    with pytest.raises(ArtifactMissing):
        storage.readable(run_id)


def test_a_second_attempt_takes_the_place_of_the_first(bucket: Any, tmp_path: Path) -> None:
    run_id = uuid.uuid4()
    for content in ("first", "second"):

        def write(directory: Path, content: str = content) -> None:
            directory.mkdir()
            (directory / "manifest.json").write_text(content)

        storage.publish(run_id, write)
    assert names(bucket) == [f"fleet/runs/{run_id}.zip"]
    assert b"second" in storage.cache().path_of(run_id).read_bytes()


def test_copies_used_longest_ago_make_room(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "copies", limit=1_000)
    keys = [uuid.UUID(int=number) for number in range(20)]
    long_ago = time.time() - 1_000
    for number, key in enumerate(keys):
        cache.put(key, lambda path: path.write_bytes(bytes(100)))
        os.utime(cache.path_of(key), (long_ago + number, long_ago + number))
        if number == 8:
            cache.get(keys[0], lambda: pytest.fail("it is here"))
    kept = {path.stem for path in cache.folder.iterdir()}
    assert str(keys[0]) in kept
    assert str(keys[-1]) in kept
    assert str(keys[1]) not in kept
    assert len(kept) == 10
