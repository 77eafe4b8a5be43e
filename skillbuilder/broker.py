"""The default queue: kombu's file system transport, made whole and kept tidy.

Messages are files, so nothing has to be installed or started. A message carries no more
than the id of a training run, whose row owns the run: one that is lost does no harm.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from kombu.transport import filesystem
from kombu.transport.virtual import BrokerState
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

KEPT_SECONDS = 3600


class Channel(filesystem.Channel):
    """A channel whose readers never see a file that is still being written."""

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        # kombu makes the table of an exchange empty and locks it only then; a publisher that
        # comes in between dies of it. A table that is there already, kombu changes under a lock.
        table = self._exchange_file(exchange)
        if not table.exists():
            aside = table.with_name(f"{table.name}.{uuid.uuid4()}.writing")
            aside.write_bytes(b"[]")
            with suppress(FileExistsError):  # somebody else was faster: theirs stays
                os.link(aside, table)
            aside.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)

    # kombu's own two classes disagree on the name of the second argument.
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        # kombu creates the file and then fills it; a worker that comes in between dies of
        # an empty message. A name that no queue looks for, then a rename, leaves no gap.
        name = f"{time.time_ns() // 1_000_000:015d}_{uuid.uuid4()}"
        aside = Path(self.data_folder_out, f"{name}.writing")
        aside.write_bytes(str_to_bytes(dumps(payload)))
        os.rename(aside, aside.with_name(f"{name}.{queue}.msg"))


class Transport(filesystem.Transport):
    """kombu's file system transport with our channel."""

    Channel = Channel

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        # kombu's connections of a process share what they know of bindings, and note one
        # before its file is written: a thread that publishes in between loses its message.
        self.state = BrokerState()


def prune() -> None:
    """Delete the files of messages that were read, or answers nobody read, an hour ago."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    if "data_folder_in" not in options:
        return
    messages = Path(options["data_folder_in"])
    old = time.time() - KEPT_SECONDS
    for pattern in ("*.pidbox.msg", "*.writing"):
        _delete_older(messages, pattern, old)
    _delete_older(Path(options["processed_folder"]), "*.msg", old)


def _delete_older(folder: Path, pattern: str, time_stamp: float) -> None:
    for path in folder.glob(pattern):
        try:
            if path.stat().st_mtime < time_stamp:
                path.unlink()
        except FileNotFoundError:
            continue  # Another process was faster.
