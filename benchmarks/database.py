"""A database of its own for a benchmark, made as tests make theirs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_database() -> Iterator[str]:
    """Set Django up on an empty database that is dropped after; yields the vendor's name.

    SQLite in a temporary folder; with DATABASE_URL one beside that which is named there, so
    that nobody's own is touched.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKILLBUILDER_VAR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillbuilder.settings")
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'own.sqlite3'}")
        import django
        from django.db import connection

        django.setup()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["testserver"]
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "test.sqlite3")
        own = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield connection.vendor
        finally:
            connection.creation.destroy_test_db(own, verbosity=0)
