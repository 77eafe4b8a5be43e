"""The WSGI entry point: ``gunicorn skillbuilder.wsgi``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillbuilder.settings")
_django = get_wsgi_application()

# Django's settings are ready from here on.
from skillbuilder.limits import ChunkedBodies  # noqa: E402

application = ChunkedBodies(_django)
