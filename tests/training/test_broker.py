"""The file system queue: whole messages, no litter."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from celery import current_app
from kombu import Connection

from skillbuilder import broker


def test_the_default_queue_uses_our_transport() -> None:
    with current_app.connection_for_write() as connection:
        assert isinstance(connection.transport, broker.Transport)


def transport_options(folder: Path) -> dict[str, Any]:
    """Options of a queue in ``folder``, whose subfolders are made."""
    for name in ("in", "control", "done"):
        (folder / name).mkdir(parents=True)
    return {
        "data_folder_in": str(folder / "in"),
        "data_folder_out": str(folder / "in"),
        "control_folder": str(folder / "control"),
        "store_processed": True,
        "processed_folder": str(folder / "done"),
    }


def test_processes_that_start_together_all_find_a_whole_exchange(tmp_path: Path) -> None:
    def start(settings: dict[str, Any], barrier: threading.Barrier) -> None:
        with Connection(
            "filesystem://", transport=broker.Transport, transport_options=settings
        ) as connection:
            barrier.wait()
            connection.SimpleQueue("busy").put("hello")

    for turn in range(30):
        settings = transport_options(tmp_path / str(turn))
        barrier = threading.Barrier(6)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(start, [settings] * 6, [barrier] * 6))  # raises what a thread raised
        messages = tmp_path / str(turn) / "in"
        assert len(list(messages.glob("*.busy.msg"))) == 6
        assert not list((tmp_path / str(turn) / "control").glob("*.writing"))


def test_no_reader_ever_sees_half_a_message(tmp_path: Path) -> None:
    settings = transport_options(tmp_path)
    count = 300

    def publish() -> None:
        with Connection(
            "filesystem://", transport=broker.Transport, transport_options=settings
        ) as c:
            queue = c.SimpleQueue("busy")
            for number in range(count):
                queue.put({"number": number, "padding": "x" * 20_000})

    writer = threading.Thread(target=publish)
    writer.start()
    seen = []
    with Connection("filesystem://", transport=broker.Transport, transport_options=settings) as c:
        queue = c.SimpleQueue("busy")
        while len(seen) < count:
            message = queue.get(timeout=20)
            seen.append(message.payload["number"])
            message.ack()
    writer.join()
    assert sorted(seen) == list(range(count))


def test_only_old_files_are_pruned(tmp_path: Path) -> None:
    messages, processed = (tmp_path / "broker" / name for name in ("messages", "processed"))
    names = ["1_a.skillbuilder.msg", "2_b.reply.celery.pidbox.msg", "3_c.writing"]
    for name in names:
        (messages / name).write_text("{}")
    (processed / names[0]).write_text("{}")
    (processed / "4_d.skillbuilder.msg").write_text("{}")
    old = time.time() - broker.KEPT_SECONDS - 1
    for path in [*messages.iterdir(), processed / names[0]]:
        os.utime(path, (old, old))
    broker.prune()
    # A task that waits is never pruned, however old.
    assert [path.name for path in messages.iterdir()] == [names[0]]
    assert [path.name for path in processed.iterdir()] == ["4_d.skillbuilder.msg"]
