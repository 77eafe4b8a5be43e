"""The app where programs look."""

from importlib import import_module

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST API; it owns no tables."""

    name = "skillbuilder.api"
    verbose_name = "API"

    def ready(self) -> None:
        """Register how the OpenAPI document describes our own classes."""
        import_module("skillbuilder.api.schema")
