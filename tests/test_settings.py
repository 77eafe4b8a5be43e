"""Settings: safe by default, and safe in production."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

SHOW = """
import json, django
from django.conf import settings
print(json.dumps({name: repr(getattr(settings, name)) for name in NAMES}))
"""


def settings_with(tmp_path: Path, *names: str, **variables: str) -> dict[str, str]:
    """Return settings as a fresh process has them with ``variables`` in the environment."""
    done = subprocess.run(
        [sys.executable, "-c", f"NAMES = {names!r}\n{SHOW}"],
        env=plain_environment(tmp_path) | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    shown: dict[str, str] = json.loads(done.stdout)
    return shown


def plain_environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of someone who has set nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "SKILLBUILDER_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "skillbuilder.settings",
        "PYTHONPATH": os.getcwd(),
    }


def test_with_nothing_set_it_is_safe_and_local(tmp_path: Path) -> None:
    shown = settings_with(
        tmp_path, "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "CELERY_BROKER_URL", "ARTIFACT_ROOT"
    )
    assert shown["DEBUG"] == "False"
    assert len(shown["SECRET_KEY"]) > 50
    assert shown["ALLOWED_HOSTS"] == "['localhost', '127.0.0.1', '[::1]']"
    assert shown["CELERY_BROKER_URL"] == "'filesystem://'"
    assert str(tmp_path) in shown["ARTIFACT_ROOT"]


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"NAMES = ('SECRET_KEY',)\n{SHOW}"],
            env=plain_environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    keys = {process.communicate()[0] for process in processes}
    assert len(keys) == 1
    path = tmp_path / "var" / "secret-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["broker", "secret-key"]


def test_a_given_secret_key_leaves_no_file(tmp_path: Path) -> None:
    shown = settings_with(tmp_path, "SECRET_KEY", DJANGO_SECRET_KEY="x" * 60)
    assert shown["SECRET_KEY"] == repr("x" * 60)
    assert not (tmp_path / "var" / "secret-key").exists()


def test_postgres_and_redis_by_their_addresses(tmp_path: Path) -> None:
    shown = settings_with(
        tmp_path,
        "DATABASES",
        "CELERY_BROKER_URL",
        "CELERY_BROKER_TRANSPORT_OPTIONS",
        DATABASE_URL="postgres://u:p@db:5432/skills?sslmode=require",
        BROKER_URL="redis://queue:6379/0",
    )
    assert "django.db.backends.postgresql" in shown["DATABASES"]
    assert "'pool'" in shown["DATABASES"]
    assert "'sslmode': 'require'" in shown["DATABASES"]
    assert shown["CELERY_BROKER_URL"] == "'redis://queue:6379/0'"
    assert shown["CELERY_BROKER_TRANSPORT_OPTIONS"] == "{}"
    assert not (tmp_path / "var" / "broker").exists()


def test_sqlite_is_set_up_for_several_processes(tmp_path: Path) -> None:
    databases = settings_with(tmp_path, "DATABASES")["DATABASES"]
    assert "'transaction_mode': 'IMMEDIATE'" in databases
    assert "journal_mode=WAL" in databases


def test_deployment_checks_pass_in_production(tmp_path: Path) -> None:
    environment = plain_environment(tmp_path) | {
        "SKILLBUILDER_HTTPS": "1",
        "ALLOWED_HOSTS": "skills.example",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    manage = [sys.executable, "manage.py"]
    subprocess.run(
        [*manage, "check", "--deploy", "--fail-level", "WARNING"], env=environment, check=True
    )
    # Every file that a style sheet or page of ours names is there, under its hashed name.
    subprocess.run([*manage, "collectstatic", "--noinput", "-v", "0"], env=environment, check=True)
    assert (tmp_path / "static" / "staticfiles.json").exists()


def test_a_file_that_changes_while_it_is_served_comes_whole(tmp_path: Path, settings: Any) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    finders.get_finder.cache_clear()
    (tmp_path / "page.css").write_text("short")
    client = Client()
    try:
        for content in ("short", "much longer than it was before"):
            (tmp_path / "page.css").write_text(content)
            answer = client.get("/static/page.css")
            assert answer.getvalue().decode() == content
            assert int(answer.headers["Content-Length"]) == len(content)
    finally:
        finders.get_finder.cache_clear()


@pytest.mark.parametrize("address", ["/healthz", "/api/docs/", "/api/v1/skills", "/nothing"])
@pytest.mark.parametrize("sent", [{}, {"Authorization": "Token skb_wrong"}])
def test_every_answer_carries_the_strict_headers(
    client: Client, db: None, address: str, sent: dict[str, str]
) -> None:
    headers = client.get(address, headers=sent).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    for source in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
        assert source not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_ten_wrong_passwords_lock_out_for_a_while(client: Client, alice: Any) -> None:
    wrong = {"username": "alice", "password": "guess"}
    statuses = [client.post("/admin/login/", wrong).status_code for _ in range(11)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    right = {"username": "alice", "password": "correct horse battery"}
    assert client.post("/admin/login/", right).status_code == 429


def test_https_redirects_and_hides_cookies_from_http(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/admin/")
    assert (response.status_code, response.headers["Location"]) == (
        301,
        "https://testserver/admin/",
    )
