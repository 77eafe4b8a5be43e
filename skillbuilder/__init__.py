"""The skillbuilder web application."""

# Loaded with the project, so that tasks find the app wherever they are sent from.
from skillbuilder.celery import app as celery_app

__all__ = ["celery_app"]
