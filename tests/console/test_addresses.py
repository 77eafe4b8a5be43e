"""A port that cannot be used is told with the reason and the way out, before anything starts."""

from __future__ import annotations

import socket

import pytest
from django.core.management import CommandError

from skillbuilder.console.addresses import bracketed, free_port, own_names, reachable


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_an_error_that_names_it_and_the_way_out(taken_port):
    with pytest.raises(CommandError, match=rf"127.0.0.1, port {taken_port}.*make run PORT=8001"):
        free_port("127.0.0.1", str(taken_port))


def test_a_free_port_is_returned_as_a_number(taken_port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert free_port("127.0.0.1", str(port)) == port


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000 ", "٨٠٠٠", ""])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(CommandError, match="PORT must be a number from 1 to 65535"):
        free_port("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_refused():
    with pytest.raises(CommandError, match=r"Cannot listen on 192.0.2.1, port 8000"):
        free_port("192.0.2.1", "8000")


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1")],
)
def test_a_server_that_listens_everywhere_is_reached_on_this_machine(host, address):
    assert reachable(host) == address


def test_names_and_brackets():
    assert bracketed("::1") == "[::1]"
    assert bracketed("localhost") == "localhost"
    assert {"localhost", "127.0.0.1", "192.0.2.1"} <= set(own_names("192.0.2.1"))
