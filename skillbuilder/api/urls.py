"""URLs of the API, none with a slash at its end."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
