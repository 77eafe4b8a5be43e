"""Pages of the account: API tokens, settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from knox.models import get_token_model

from skillbuilder.authoring.models import Preferences
from skillbuilder.authoring.pages import signed_in

HELP_KEY = "?"
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


class PreferencesForm(forms.Form):
    """The key that opens the console, if any."""

    single_keys = forms.BooleanField(required=False)
    console_key = forms.CharField(max_length=1, required=False)

    def clean_console_key(self) -> str:
        key = self.cleaned_data["console_key"].strip().lower()
        if key == HELP_KEY:
            raise ValidationError("? shows the keyboard shortcuts. Choose another key.")
        if not key.isprintable():
            raise ValidationError("Choose a key that types a character.")
        return str(key)

    def chosen(self) -> str:
        """Return the key, "" where single keys shall do nothing."""
        key = self.cleaned_data["console_key"] or Preferences.CONSOLE_KEY
        return key if self.cleaned_data["single_keys"] else ""


@require_http_methods(["GET", "POST"])
@signed_in
def account_settings(request: HttpRequest) -> HttpResponse:
    """Show what I chose for all pages; a POST changes it."""
    form = PreferencesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        Preferences.objects.update_or_create(
            pk=request.user.pk, defaults={"console_key": form.chosen()}
        )
        messages.success(request, "Saved.")
        return redirect("account-settings")
    status = 422 if request.method == "POST" else 200
    return render(request, "account/settings.html", {"form": form}, status=status)
