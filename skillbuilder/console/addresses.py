"""Where the web server listens, and under which names it is reached."""

from __future__ import annotations

import socket

from django.conf import settings
from django.core.management import CommandError


def free_port(host: str, port: str) -> int:
    """Return ``port`` as a number that is free on ``host``; raises CommandError otherwise."""
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}. "
            "Stop what uses it, or choose another port: make run PORT=8001"
        ) from error
    return int(port)


def reachable(host: str) -> str:
    """Return the address under which a server that listens on ``host`` is reached from here."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def bracketed(host: str) -> str:
    """Return ``host`` as it stands before a port: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def own_names(host: str) -> list[str]:
    """Return the names under which this machine serves when it listens on ``host``."""
    return [*settings.ALLOWED_HOSTS, bracketed(host), socket.gethostname()]
