"""Middleware that people's requests need and programs' go past: what each costs, every parse pays.

A program calls the API with an Authorization header. It has no session, no messages and no static
files, and htmx asks for nothing in its name. What its answers say about security is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django_htmx.middleware import HtmxMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable


def is_of_program(request: HttpRequest) -> bool:
    """Return whether ``request`` is one of a program to the API, which shows a token or should."""
    return "HTTP_AUTHORIZATION" in request.META and request.path_info.startswith("/api/")


class _OfPeople:
    """Lets programs' requests go past the middleware that it is mixed into."""

    get_response: Callable[[HttpRequest], Any]

    def __call__(self, request: HttpRequest) -> Any:
        if is_of_program(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class StaticFiles(_OfPeople, WhiteNoiseMiddleware):
    """WhiteNoise's."""


class ContentSecurityPolicy(CSPMiddleware):
    """The policy that pages are shown by; for programs, whose views do not change it, made once."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self.usual = build_policy()

    def __call__(self, request: HttpRequest) -> Any:
        """Answer with the policy."""
        if not is_of_program(request):
            return super().__call__(request)
        response: Any = self.get_response(request)
        response.headers.setdefault(HEADER, self.usual)
        return response


class Sessions(_OfPeople, SessionMiddleware):
    """Django's sessions."""


class SignedIn(_OfPeople, AuthenticationMiddleware):
    """Who is signed in."""


class Messages(_OfPeople, MessageMiddleware):
    """Messages that the next page shows."""


class Htmx(_OfPeople, HtmxMiddleware):
    """Whether htmx asks."""
