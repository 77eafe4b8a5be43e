"""Pages of the account: API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from knox.models import get_token_model

from skillbuilder.authoring.pages import signed_in

MAX_TOKENS = 50
LONGEST_USERNAME = 150


def signing_in_as(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the name that someone wants to sign in with, short enough for axes to note it."""
    username = (credentials or request.POST).get("username") or ""
    return str(username)[:LONGEST_USERNAME]


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def token_list(request: HttpRequest) -> HttpResponse:
    """Show my API tokens; a POST makes one and shows it, this once."""
    tokens = get_token_model().objects.filter(user=request.user).order_by("-created")
    new, status = "", 200
    if request.method == "POST":
        if tokens.count() >= MAX_TOKENS:
            messages.error(request, f"You have {MAX_TOKENS} tokens. Revoke one first.")
            status = 422
        else:
            _, new = get_token_model().objects.create(request.user)
    example = request.build_absolute_uri("/api/v1/skills")
    context = {"tokens": tokens, "new_token": new, "example": example}
    return render(request, "account/tokens.html", context, status=status)


@require_POST
@signed_in
def token_revoke(request: HttpRequest, key: str) -> HttpResponse:
    """Revoke one of my tokens: programs that use it are locked out at once."""
    mine = get_token_model().objects.filter(user=request.user)
    get_object_or_404(mine, digest=key).delete()
    messages.success(request, "The token was revoked.")
    return redirect("token-list")
