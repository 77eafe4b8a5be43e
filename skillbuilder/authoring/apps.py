"""The app of what people write."""

from django.apps import AppConfig


class AuthoringConfig(AppConfig):
    """Skills and everything in them."""

    name = "skillbuilder.authoring"
    verbose_name = "Authoring"
