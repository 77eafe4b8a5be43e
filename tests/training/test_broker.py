"""The file system queue: whole messages, no litter."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from celery import current_app
from kombu import Connection

from skillbuilder import broker


def test_the_default_queue_uses_our_transport() -> None:
    with current_app.connection_for_write() as connection:
        assert isinstance(connection.transport, broker.Transport)


def test_no_reader_ever_sees_half_a_message(tmp_path: Path) -> None:
    options = {name: str(tmp_path / name) for name in ("in", "control", "done")}
    for folder in options.values():
        Path(folder).mkdir()
    settings = {
        "data_folder_in": options["in"],
        "data_folder_out": options["in"],
        "control_folder": options["control"],
        "store_processed": True,
        "processed_folder": options["done"],
    }
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
